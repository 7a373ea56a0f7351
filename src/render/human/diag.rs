//! Diagnostics as text: a header with the code, the place, an excerpt with the place marked, notes and help.
//!
//! ```text
//! error[OS0102]: the key `name` stands twice in one mapping
//!    --> clusters/a.yaml:3:1
//!  2 | name: a
//!  …
//!    = help: keep one of them
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, ThemeCharacters, ThemeStyles,
};

use super::excerpt::Excerpt;
use crate::diag::{Code, Diagnostic, Label, Severity, Source, Sources};
use crate::untrusted::hidden;

/// How text is written for one reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// With ANSI colours.
    pub colour: bool,
    /// With ASCII characters only, as far as the tool's own are concerned.
    pub ascii: bool,
    /// Columns.
    pub width: usize,
}

impl Default for Look {
    fn default() -> Self {
        Self { colour: false, ascii: false, width: 100 }
    }
}

/// How many warnings and notes of one code are written out.
const SHOWN: usize = 3;
/// How many errors of one code are written out.
const SHOWN_ERRORS: usize = 50;
/// How many places of one problem are marked.
const MARKED: usize = 12;
/// Of how many further ones the place and the message are named.
const NAMED: usize = 200;

/// All diagnostics, in their order. Of each code at most three warnings and notes are written out, and 50 errors; of further
/// errors 200 get a line, and all are counted.
pub fn diagnostics(sources: &Sources, all: &[Diagnostic], look: Look) -> String {
    let mut out = String::new();
    let mut seen: BTreeMap<(Code, bool), usize> = BTreeMap::new();
    let mut further: BTreeMap<(Code, bool), Vec<&Diagnostic>> = BTreeMap::new();
    for d in all {
        let (kind, shown) = kind(d);
        let n = seen.entry(kind).or_default();
        *n += 1;
        if *n > shown {
            further.entry(kind).or_default().push(d);
            continue;
        }
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&diagnostic(sources, d, look));
    }
    for ((code, error), more) in further {
        let named = if error { more.get(..NAMED).unwrap_or(&more) } else { &[] };
        let colon = if named.is_empty() { "" } else { ":" };
        let _ = writeln!(out, "\nand {} more like them [{code}]{colon}", more.len());
        for d in named {
            let main = d.labels.first().and_then(|l| Some(place(sources.get(l.source)?, l)));
            let _ =
                writeln!(out, "   --> {}{}", main.map_or_else(String::new, |p| p + ": "), clean(&d.message));
        }
        if error && more.len() > named.len() {
            let _ = writeln!(out, "   and {} more", more.len() - named.len());
        }
    }
    out
}

/// What counts as like it, and how many of these are written out.
fn kind(d: &Diagnostic) -> ((Code, bool), usize) {
    let error = d.severity == Severity::Error;
    ((d.code, error), if error { SHOWN_ERRORS } else { SHOWN })
}

/// `2 errors, 1 warning`; empty if there is neither.
pub fn totals(all: &[Diagnostic]) -> String {
    let count = |severity| all.iter().filter(|d| d.severity == severity).count();
    let word = |n: usize, one: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {one}s")),
    };
    [word(count(Severity::Error), "error"), word(count(Severity::Warning), "warning")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// One diagnostic.
pub fn diagnostic(sources: &Sources, d: &Diagnostic, look: Look) -> String {
    let main = d.labels.first().and_then(|l| sources.get(l.source).map(|s| (l, s)));
    let report = Report::new(d, main.filter(|_| d.quoted));
    let mut text = String::new();
    if handler(d, look).render_report(&mut text, &report).is_err() {
        // Only a span outside of its text ends here; the words matter more than the excerpt.
        text = format!("{}: {}\n", head(d), clean(&d.message));
    }
    let mut out = shape(&text, d, main);
    if let (false, Some((label, source))) = (d.quoted, main) {
        let _ = writeln!(out, "   --> {}", place(source, label));
        fact(&mut out, "the text there is not shown, since it may be a secret", look);
    }
    for label in marked(d).iter().skip(1).filter(|l| main.is_none_or(|(m, _)| m.source != l.source)) {
        if let Some(source) = sources.get(label.source) {
            let what = if label.text.is_empty() { "see also" } else { &label.text };
            fact(&mut out, &format!("{what}: {}", place(source, label)), look);
        }
    }
    let unmarked = d.labels.len() - marked(d).len();
    if unmarked > 0 {
        fact(&mut out, &format!("and {unmarked} more such places"), look);
    }
    for note in &d.notes {
        fact(&mut out, &format!("note: {note}"), look);
    }
    if let Some(help) = &d.help {
        fact(&mut out, &format!("help: {help}"), look);
    }
    out
}

/// The places that are shown.
fn marked(d: &Diagnostic) -> &[Label] {
    d.labels.get(..MARKED).unwrap_or(&d.labels)
}

/// One `= …` line, broken between words where it is wider than the reader's lines.
fn fact(out: &mut String, text: &str, look: Look) {
    let width = look.width.clamp(40, 400).saturating_sub(5);
    let mut column = 0;
    out.push_str("   = ");
    for word in clean(text).split(' ') {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            out.push_str("\n     ");
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += len;
    }
    out.push('\n');
}

fn head(d: &Diagnostic) -> String {
    let word = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    format!("{word}[{}]", d.code)
}

fn place(source: &Source, label: &Label) -> String {
    let (line, column) = source.line_col(label.span.start);
    format!("{}:{line}:{column}", clean(&source.path))
}

/// Words of ours that may quote others: nothing in them changes how the rest is shown.
fn clean(text: &str) -> String {
    text.chars().map(|c| if hidden(c) && c != '\n' { '\u{FFFD}' } else { c }).collect()
}

fn handler(d: &Diagnostic, look: Look) -> GraphicalReportHandler {
    let mut characters = if look.ascii { ThemeCharacters::ascii() } else { ThemeCharacters::unicode() };
    // The library's mark before the message is where the code goes; the corner of its frame becomes the arrow to the place.
    let head = format!("{}:", head(d));
    characters.error.clone_from(&head);
    characters.warning.clone_from(&head);
    characters.advice = head;
    let styles = if look.colour { ThemeStyles::ansi() } else { ThemeStyles::none() };
    GraphicalReportHandler::new_themed(GraphicalTheme { characters, styles })
        .with_width(look.width.clamp(40, 400))
        .with_links(false)
        .without_cause_chain()
        .without_syntax_highlighting()
        .with_wrap_lines(false)
        .tab_width(2)
        .with_context_lines(1)
}

/// The library's layout in the tool's: header at the margin, `--> file:line:column`, no closing frame.
fn shape(text: &str, d: &Diagnostic, main: Option<(&Label, &Source)>) -> String {
    let mut out = String::new();
    for (i, line) in text.lines().enumerate() {
        let bare = line.trim();
        if i == 0 {
            out.push_str(line.trim_start());
        } else if let (true, Some((label, source))) =
            (bare.starts_with(",-[") || bare.starts_with("╭─["), main)
        {
            let _ = write!(out, "   --> {}", place(source, label));
        } else if bare.is_empty() || bare == "`----" || bare == "╰────" {
            continue;
        } else {
            out.push_str(line.trim_end());
        }
        out.push('\n');
    }
    debug_assert!(!out.is_empty() || d.message.is_empty());
    out
}

/// A diagnostic as the library wants it.
struct Report {
    message: String,
    severity: Severity,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
}

impl Report {
    fn new(d: &Diagnostic, main: Option<(&Label, &Source)>) -> Self {
        let mut report =
            Self { message: clean(&d.message), severity: d.severity, source: None, labels: Vec::new() };
        let Some((first, source)) = main else { return report };
        let labels = || marked(d).iter().filter(|l| l.source == first.source);
        let excerpt = Excerpt::around(&source.text, &labels().map(|l| l.span.start).collect::<Vec<_>>());
        for label in labels() {
            let span = excerpt.map(label.span);
            // A place of many lines is marked at its first: the excerpt shows where, not all of it.
            let line = excerpt.text.get(span.start..span.end).unwrap_or_default();
            let len = line.split('\n').next().unwrap_or_default().trim_end().len();
            let text = (!label.text.is_empty()).then(|| clean(&label.text));
            report.labels.push(LabeledSpan::new(text, span.start, len));
        }
        report.source = Some(NamedSource::new(clean(&source.path), excerpt.text));
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        self.source.as_ref().map(|s| s as &dyn miette::SourceCode)
    }
    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as Box<_>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{SourceId, Span};
    use crate::yaml::{Limits, parse};

    const PLAIN: Look = Look { colour: false, ascii: true, width: 100 };

    fn shown(text: &str) -> String {
        let mut sources = Sources::default();
        let id = sources.add("clusters/a.yaml", text);
        let problems = parse(id, text, &Limits::default()).unwrap_err();
        diagnostics(&sources, &problems, PLAIN)
    }

    #[test]
    fn a_duplicate_key_is_shown_with_both_places() {
        let text = shown("kind: Cluster\nname: a\nkubernetes:\n  version: v1\nname: b\n");
        assert_eq!(
            text,
            "error[OS0102]: the key `name` stands twice in one mapping\n   --> clusters/a.yaml:5:1\n 1 | kind: Cluster\n 2 | name: a\n   : ^^|^\n   :   `-- first here\n 3 | kubernetes:\n 4 |   version: v1\n 5 | name: b\n   : ^^|^\n   :   `-- again here\n   = help: keep one of them\n",
            "{text}"
        );
    }

    #[test]
    fn wide_characters_tabs_and_the_end_of_the_text_do_not_break_it() {
        for text in ["ä: ö\nb: [1\n", "a: \"\n", "\ta: 1\n", "a: *x", "a:\n - b\n c", "\u{feff}a: 1\na: 2"]
        {
            let out = shown(text);
            assert!(out.starts_with("error[OS01"), "{out}");
            assert!(out.contains("   --> clusters/a.yaml:"), "{out}");
        }
    }

    #[test]
    fn neither_secrets_nor_controls_reach_the_excerpt() {
        let text = shown("password: hunter2\na\u{202e}: 1\na\u{202e}: 2\ntoken: t0ps3cret\n");
        assert!(!text.contains("hunter2") && !text.contains("t0ps3cret"), "{text}");
        assert!(!text.chars().any(|c| hidden(c) && c != '\n'), "{text:?}");
    }

    #[test]
    fn warnings_of_one_code_are_counted_after_three() {
        let mut sources = Sources::default();
        let id: SourceId = sources.add("a.yaml", "a: 1\n");
        let many: Vec<Diagnostic> = (0..5)
            .map(|i| Diagnostic::warning(144, format!("w{i}")).at(id, Span::new(0, 1), ""))
            .chain((0..5).map(|i| Diagnostic::error(120, format!("e{i}"))))
            .collect();
        let text = diagnostics(&sources, &many, PLAIN);
        assert!(text.contains("w2") && !text.contains("w3") && text.contains("e4"), "{text}");
        assert!(text.ends_with("\nand 2 more like them [OS0144]\n"), "{text}");
        assert_eq!(totals(&many), "5 errors, 5 warnings");
    }

    #[test]
    fn of_thousands_of_errors_some_are_written_out_some_named_and_all_counted() {
        let text = (0..1000).map(|i| format!("key{i}: 1\n")).collect::<String>();
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", &text);
        let many: Vec<Diagnostic> = text
            .match_indices("key")
            .enumerate()
            .map(|(n, (at, _))| Diagnostic::error(110, format!("e{n}")).at(id, Span::new(at, at + 3), "here"))
            .chain([Diagnostic::error(120, "the last one")])
            .collect();
        let out = diagnostics(&sources, &many, PLAIN);
        assert_eq!(out.matches("error[OS0110]: e").count(), 50, "{out}");
        assert!(out.contains("error[OS0120]: the last one"), "another code is another count: {out}");
        assert!(
            out.contains(
                "\nand 950 more like them [OS0110]:\n   --> a.yaml:51:1: e50\n   --> a.yaml:52:1: e51\n"
            ),
            "{out}"
        );
        assert!(out.ends_with("   --> a.yaml:250:1: e249\n   and 750 more\n"), "{out}");
        assert_eq!(totals(&many), "1001 errors");
    }

    #[test]
    fn of_many_places_of_one_problem_some_are_marked_and_all_counted() {
        let text = "a: 1\n".repeat(40);
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", &text);
        let other = sources.add("b.yaml", "b: 1\n");
        let d = (0..40).fold(Diagnostic::error(120, "m").at(other, Span::new(0, 1), ""), |d, n| {
            d.at(id, Span::new(n * 5, n * 5 + 1), format!("n{n}"))
        });
        let out = diagnostics(&sources, &[d], PLAIN);
        assert!(out.contains("n10: a.yaml:11:1") && !out.contains("n11: "), "{out}");
        assert!(out.ends_with("   = and 29 more such places\n"), "{out}");
    }

    #[test]
    fn long_facts_are_broken_between_words() {
        let d = Diagnostic::error(120, "m ".repeat(60).trim().to_owned()).note("word ".repeat(30).trim());
        let text = diagnostics(&Sources::default(), &[d], Look { width: 60, ..PLAIN });
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("error[OS0120]: m m") && lines[0].ends_with('m'), "{text}");
        assert!(lines[1].starts_with("   = note: word") && lines[2].starts_with("     word"), "{text}");
        assert!(lines.iter().skip(1).all(|l| l.len() <= 60), "{text}");
    }

    #[test]
    fn unicode_and_colour_say_the_same_words() {
        let text = "a: 1\na: 2\n";
        let mut sources = Sources::default();
        let id = sources.add("a.yaml", text);
        let problems = parse(id, text, &Limits::default()).unwrap_err();
        let unicode = diagnostics(&sources, &problems, Look { ascii: false, ..PLAIN });
        assert!(unicode.contains("   --> a.yaml:2:1") && unicode.contains("╰── again here"), "{unicode}");
        let colour = diagnostics(&sources, &problems, Look { colour: true, ..PLAIN });
        assert!(colour.contains("\u{1b}[") && colour.contains("again here"), "{colour:?}");
        assert!(colour.contains("   --> a.yaml:2:1"), "{colour:?}");
    }
}
