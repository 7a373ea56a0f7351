//! A comment, read again by `pulldown-cmark` with every extension that a forge has, and then as a forge reads what is left.

use omni_scale::render::context::Context;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

/// All that a forge could read, and more.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_WIKILINKS
}

/// Beginnings of our lines. No line begins with data.
const BEGINNINGS: &[&str] = &[
    "<!-- omni-scale:comment v1 key=",
    "## omni-scale plan: ",
    "**",
    "| ",
    "|---",
    "> ",
    "<details",
    "</details>",
    "- ",
    "  - ",
    "plan ",
    "This page is cut",
    "`",
    "+ ",
    "! ",
    "# ",
    "< ",
];

/// Bold words of ours.
fn bold(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "create",
        "gate",
        "update",
        "adopt+update",
        "destroy",
        "release",
        "reboot",
        "rebuild",
        "unknown",
        "low",
        "medium",
        "high",
        "critical",
        "blocked",
        "incomplete",
        "partial",
        "Partial plan",
        "Incomplete",
        "No changes.",
        "record only",
        "Waves",
        "Placement",
        "!",
        "Drift",
        "Not compared yet",
        "Not ours, left alone",
        "Blocked: apply refuses because of this",
        "Lifted: this would block, and somebody answers for it",
    ];
    let number = |lead: &str, tail: &str| {
        text.strip_prefix(lead)
            .and_then(|t| t.strip_suffix(tail))
            .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    WORDS.contains(&text)
        || number("", " machines lost")
        || number("", " machine lost")
        || number("Machines that will be lost, with the data on their disks: ", "")
}

/// What a forge would make of text that is not code: names, issues, commits, addresses, emoji, mathematics.
fn active(text: &str) -> Option<String> {
    if let Some(c) = text.chars().find(|c| {
        "@#$<>[]|\\`*_~^{}&!".contains(*c) || (!c.is_alphanumeric() && !c.is_ascii() && !"·→…".contains(*c))
    }) {
        return Some(format!("{c:?}"));
    }
    for word in text.split_whitespace() {
        let core = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        let lower = core.to_ascii_lowercase();
        let letters = core.chars().any(|c| c.is_ascii_alphabetic());
        if lower.starts_with("www") || lower.contains("://") || word.contains('/') {
            return Some(format!("address {word:?}"));
        }
        if core.len() >= 7 && letters && core.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Some(format!("commit {word:?}"));
        }
        if core.as_bytes().windows(2).any(|w| w[0] == b'-' && w[1].is_ascii_digit()) {
            return Some(format!("ticket {word:?}"));
        }
        if word.as_bytes().windows(2).any(|w| w[0] == b':' && w[1].is_ascii_alphanumeric()) {
            return Some(format!("emoji {word:?}"));
        }
    }
    None
}

/// A line of HTML: folding, bold, code, and text in which every sign is a number.
fn html(line: &str, marker: &mut usize, first: bool) -> Option<String> {
    let line = line.trim_end_matches('\n');
    if let Some(rest) = line.strip_prefix("<!-- omni-scale:comment v1 key=") {
        *marker += 1;
        let key = rest.strip_suffix(" -->");
        let plain = |k: &str| {
            k.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._/#%".contains(&b)) && !k.contains("--")
        };
        return (!first || !key.is_some_and(plain)).then(|| format!("marker {line:?}"));
    }
    let mut rest = line;
    let mut code = false;
    while !rest.is_empty() {
        if let Some(end) = rest.strip_prefix('<').and_then(|r| r.find('>')) {
            let tag = &rest[..end + 2];
            match tag {
                "<details>" | "<details open>" | "</details>" | "<summary>" | "</summary>" | "<b>"
                | "</b>" => {}
                "<code>" => code = true,
                "</code>" => code = false,
                _ => return Some(format!("tag {tag:?}")),
            }
            rest = &rest[end + 2..];
            continue;
        }
        let text = &rest[..rest.find('<').unwrap_or(rest.len())];
        if text.is_empty() {
            return Some(format!("open tag in {line:?}"));
        }
        for part in text.split('&').skip(1) {
            let number = part.split_once(';').and_then(|(n, _)| n.strip_prefix('#'));
            if number.is_none_or(|n| n.parse::<u32>().is_err()) {
                return Some(format!("entity in {line:?}"));
            }
        }
        if text.contains(['>', '"', '\'', '`', '@', '[']) || (!code && active(text).is_some()) {
            return Some(format!("text {text:?}"));
        }
        rest = &rest[text.len()..];
    }
    None
}

/// What is wrong with a page; nothing if all that acts in it is ours.
pub(crate) fn wrong(page: &str, context: &Context) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    for line in page.lines().filter(|l| !l.is_empty()) {
        let mark = ["+", "-", "!", "#", "|", ">", "<"].contains(&line);
        if !mark && !BEGINNINGS.iter().any(|b| line.starts_with(b)) {
            wrong.push(format!("line {line:?}"));
        }
        if line.chars().any(char::is_control) {
            wrong.push(format!("control in {line:?}"));
        }
    }
    let ours = |to: &str| {
        [&context.report, &context.sources].into_iter().flatten().any(|l| to.starts_with(l.as_str()))
            && to.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/%#".contains(&b))
    };
    let (mut marker, mut headings, mut first) = (0, 0, true);
    let (mut in_code, mut in_bold, mut bold_text) = (false, false, String::new());
    for event in Parser::new_ext(page, options()) {
        match &event {
            Event::Html(line) => wrong.extend(html(line, &mut marker, first)),
            Event::InlineHtml(tag) => wrong.push(format!("inline HTML {tag:?}")),
            Event::Start(Tag::Link { dest_url, .. }) if ours(dest_url) => {}
            Event::Start(Tag::Heading { level: HeadingLevel::H2, .. }) => headings += 1,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(word))) if &**word == "diff" => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Strong) => in_bold = true,
            Event::End(TagEnd::Strong) => {
                if !bold(&bold_text) {
                    wrong.push(format!("bold {bold_text:?}"));
                }
                bold_text.clear();
                in_bold = false;
            }
            Event::Start(
                Tag::Link { .. }
                | Tag::Image { .. }
                | Tag::Heading { .. }
                | Tag::CodeBlock(_)
                | Tag::FootnoteDefinition(_)
                | Tag::DefinitionList
                | Tag::Emphasis
                | Tag::Strikethrough
                | Tag::Superscript
                | Tag::Subscript
                | Tag::MetadataBlock(_)
                | Tag::List(Some(_)),
            )
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::TaskListMarker(_)
            | Event::Rule
            | Event::HardBreak => wrong.push(format!("{event:?}")),
            Event::Text(text) if in_code => {
                for line in text.lines().filter(|l| !l.starts_with(['+', '-', '!', '#', '|', '>', '<'])) {
                    wrong.push(format!("line of code {line:?}"));
                }
            }
            Event::Text(text) => {
                if in_bold {
                    bold_text.push_str(text);
                } else if let Some(what) = active(text) {
                    wrong.push(format!("{what} in {text:?}"));
                }
            }
            Event::Start(_) | Event::End(_) | Event::Code(_) | Event::SoftBreak => {}
        }
        if !matches!(event, Event::Start(Tag::HtmlBlock)) {
            first = false;
        }
        if wrong.len() > 5 {
            break;
        }
    }
    if marker != 1
        || page.matches("<!-- omni-scale:comment").count() > 1
            && page.lines().filter(|l| l.starts_with("<!--")).count() != 1
    {
        wrong.push(format!("{marker} markers"));
    }
    if headings > 1 {
        wrong.push(format!("{headings} headings"));
    }
    wrong
}

#[test]
fn the_reading_finds_what_acts() {
    let context = crate::shown::context();
    let top = "<!-- omni-scale:comment v1 key=x -->\n";
    for body in [
        "- @x",
        "- #1",
        "- https://x.example",
        "- www.x",
        "- a1b2c3d4",
        "- [x](https://evil.example)",
        "- ![x](y)",
        "- <b>x</b>",
        "- [x] done",
        "## omni-scale plan: a\n\n## omni-scale plan: b",
        "/apply",
        "- $x$",
        "- :smile:",
        "- **approved**",
        "- *x*",
        "<details><summary>a</summary><img></details>",
        "<!-- omni-scale:comment v1 key=y -->",
        "```mermaid\n+ x\n```",
        "- x[^1]",
    ] {
        assert!(!wrong(&format!("{top}{body}\n"), &context).is_empty(), "{body}");
    }
    let fine = "- `@x` plain words, 3 of 4 (50%)\n\n```diff\n+ @x\n```\n";
    assert_eq!(wrong(&format!("{top}{fine}"), &context), Vec::<String>::new());
}
