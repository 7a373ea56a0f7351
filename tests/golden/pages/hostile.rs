//! Texts that want to be more than text. Each stands in every field of a plan, and the page is parsed as a browser would:
//! it has to consist of exactly what it consists of with harmless texts.

use base64::Engine as _;
use omni_scale::render::context::Context;
use omni_scale::render::html;
use sha2::Digest as _;

use super::dom::{Census, census};
use super::poison;

/// The same text without anything that means something to HTML, so that a page of it has the same elements. Line ends stay:
/// texts of many lines are drawn otherwise.
fn harmless(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_alphanumeric() || c.is_whitespace() || omni_scale::untrusted::hidden(c) => c,
            c => char::from_u32(0x4E00 + (u32::from(c) % 0x5000)).unwrap_or('x'),
        })
        .collect()
}

fn same(hostile: &Census, harmless: &Census, what: &str) {
    assert_eq!(hostile.strangers(), Vec::<String>::new(), "{what}");
    assert_eq!(hostile.elements, harmless.elements, "{what}");
    assert_eq!(hostile.links, harmless.links, "{what}");
    assert_eq!((hostile.comments, harmless.comments), (0, 0), "{what}");
    assert_eq!(hostile.styles, harmless.styles, "{what}");
    assert_eq!(hostile.errors, harmless.errors, "{what}");
}

/// Whole pages of a plan that is made of these texts by turns.
fn pages(texts: &[&str]) -> (Census, Census) {
    let turn = |f: fn(&str) -> String| {
        let mut at = 0;
        let (plan, context) = poison::plan(6, || {
            at += 1;
            f(texts[at % texts.len()])
        });
        census(&html::text(&plan, &context))
    };
    (turn(str::to_owned), turn(harmless))
}

/// One entry of the corpus: the texts, of which each has to be read in the page as it is.
fn corpus(what: &str, texts: &[&str]) {
    let (hostile, harmless) = pages(texts);
    same(&hostile, &harmless, what);
    for text in texts {
        let line: String = omni_scale::untrusted::Untrusted::new(*text).verbatim(200);
        let line = line.trim();
        assert!(hostile.text.contains(line), "{what}: {line:?} is not read in the page");
    }
}

#[test]
fn j01_scripts_and_handlers() {
    corpus(
        "J1",
        &[
            "<script>alert(1)</script>",
            "\"><svg onload=alert(1)>",
            "<img src=x onerror=alert(1)>",
            "' onmouseover='alert(1)",
            "<ScRiPt src=//evil.example>",
        ],
    );
}

#[test]
fn j02_ends_of_raw_text_elements() {
    corpus(
        "J2",
        &["</title><b>", "</textarea><b>", "</style><b>", "</pre></details>", "</svg><b>", "</body></html>"],
    );
}

#[test]
fn j03_urls_that_run() {
    corpus("J3", &["javascript:alert(1)", "JaVaScRiPt&colon;alert(1)", "vbscript:x", "//evil.example/x"]);
}

#[test]
fn j04_json_in_a_script() {
    corpus("J4", &["</script><b>", "a\u{2028}b</script>", "<!--<script>", "]]>"]);
}

#[test]
fn j05_quotes() {
    corpus("J5", &["a b=c", "`onload=x`", "\"", "'", "a'b\"c`d"]);
}

#[test]
fn j06_style_sheets() {
    corpus(
        "J6",
        &["url(//evil.example)", "@import '//evil.example';", "}*{color:red}", "</style><style>*{x:y}"],
    );
}

#[test]
fn j07_guessed_character_sets() {
    corpus("J7", &["+ADw-script+AD4-", "\u{feff}<b>", "\u{1b}(J<b>"]);
    let (plan, context) = poison::plan(2, || "+ADw-script+AD4-".to_owned());
    let page = html::text(&plan, &context);
    let at = page.find("<meta charset=\"utf-8\">").expect("a character set");
    assert!(at < 100 && page[..at].is_ascii(), "before anything that a text could stand in");
}

#[test]
fn j08_escaped_events() {
    corpus("J8", &["\\u003cscript\\u003e", "&lt;script&gt;", "&#60;b&#62;", "onl\u{200b}oad=x", "&amp;lt;"]);
}

#[test]
fn j09_data_urls() {
    corpus(
        "J9",
        &["data:text/html,<script>alert(1)</script>", "<a href=data:x>", "<base href=//evil.example>"],
    );
}

#[test]
fn j10_texts_that_change_when_parsed_twice() {
    corpus(
        "J10",
        &[
            "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
            "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">",
            "<math><mtext><table><mglyph><style><!--</style>",
            "<form><math><mtext></form><form>",
        ],
    );
}

#[test]
fn j11_names_of_files() {
    corpus("J11", &["a\".html", "a;b=\"c\"\r\nX-Evil: 1", "../../etc/passwd", "clusters/\"><b>.yaml:3"]);
}

#[test]
fn j12_a_report_of_a_hundred_megabytes() {
    let huge = "<b>".repeat(100 << 18);
    let mut left = 1;
    let (mut plan, context) = poison::plan(2, || "x".to_owned());
    for warning in &mut plan.warnings {
        if left > 0 {
            warning.message.clone_from(&huge);
            left -= 1;
        }
    }
    let body = html::body(&plan, &context);
    assert!(body.len() < 100_000, "{} bytes", body.len());
    let page = html::text(&plan, &context);
    assert!(page.len() < 200_000 && page.contains("left out here"), "{} bytes", page.len());
    assert_eq!(census(&page).count("b"), 0);
}

/// The smallest generator that does.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
    fn text(&mut self) -> String {
        const PARTS: [&str; 44] = [
            "<",
            ">",
            "\"",
            "'",
            "`",
            "&",
            "=",
            "/",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "<b ",
            "</",
            "on",
            "load",
            "href=",
            "src=",
            "//",
            "javascript:",
            "data:",
            "url(",
            "@import",
            "]]>",
            "<![CDATA[",
            "<?",
            "&lt;",
            "&#x3c;",
            "\u{0}",
            "\u{202e}",
            "\u{2028}",
            "\u{feff}",
            "\u{1b}[2J",
            " ",
            "\t",
            "a",
            "Z",
            "é",
            "名",
            "</style>",
            "</title>",
            "<svg",
            "style=",
            "\\u003c",
        ];
        let mut text = String::new();
        // Shorter than what is compared by words.
        while text.len() < 24 && (text.is_empty() || self.roll(6) > 0) {
            text.push_str(PARTS[self.roll(PARTS.len())]);
        }
        text.push('x');
        text
    }
}

#[test]
fn a_hundred_thousand_hostile_texts_make_nothing() {
    let mut count = 0;
    let (plan, context) = poison::plan(120, || {
        count += 1;
        "x".to_owned()
    });
    let plain = census(&html::body(&plan, &context));
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let mut texts = 0;
    let mut marks = 0;
    while texts < 100_000 {
        let (plan, context) = poison::plan(120, || {
            let text = dice.text();
            marks += usize::from(text.contains('<'));
            text
        });
        let mut page = census(&html::body(&plan, &context));
        // Names sort otherwise than `x` does; nothing else may differ.
        let mut expected = plain.links.clone();
        expected.sort();
        page.links.sort();
        assert_eq!(page.strangers(), Vec::<String>::new());
        assert_eq!(page.links, expected);
        assert_eq!(page.elements, plain.elements);
        assert_eq!(page.comments, 0);
        texts += count;
    }
    assert!(texts >= 100_000 && marks > texts / 4, "{texts} texts, {marks} with the beginning of an element");
}

#[test]
fn the_policy_allows_the_one_style_and_nothing_else() {
    let (plan, context) = poison::plan(3, || "</style>".to_owned());
    let page = html::text(&plan, &context);
    let census = census(&page);
    let [style] = census.styles.as_slice() else { panic!("{} style sheets", census.styles.len()) };
    let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(style.as_bytes()));
    let policy =
        format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
            .replace(' ', "_");
    assert!(
        census.elements.keys().any(|e| e.starts_with("meta ") && e.contains(&policy)),
        "{:?}",
        census.elements.keys().filter(|e| e.starts_with("meta")).collect::<Vec<_>>()
    );
    assert!(!style.contains("url(") && !style.contains("@import"));
    assert!(!census.elements.keys().any(|e| e.contains(" style=") || e.contains(" on")));
}

#[test]
fn links_to_the_forge_are_what_the_operator_gave() {
    let (plan, mut context) = poison::plan(3, || "\"><a href=//evil.example>:3".to_owned());
    context.sources = omni_scale::render::context::Link::parse("https://git.example.net/o/r/blob/x");
    context.report = omni_scale::render::context::Link::parse("https://git.example.net/run/1");
    let census = census(&html::text(&plan, &context));
    let out: Vec<&String> = census.links.iter().filter(|l| !l.starts_with('#')).collect();
    assert_eq!(out.len(), 4, "one for each step, and the run");
    assert!(out.iter().all(|l| l.starts_with("https://git.example.net/")), "{out:?}");
    assert_eq!(Context::default().sources, None);
}
