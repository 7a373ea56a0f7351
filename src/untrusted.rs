//! Text that came from outside (servers, machines, files): it reaches a sink only through that sink's escaper.
//!
//! | sink | escaper |
//! |---|---|
//! | one line for a terminal or log | [`Untrusted::line`], and [`Untrusted::verbatim`] where blanks matter |
//! | the log of a workflow | [`inert`], over everything that is written to it |
//! | Markdown | `render::markdown::escape` |
//! | HTML | `render::html::escape` |
//! | workflow commands, outputs of a job | `render::github::escape` |
//! | JSON | `render::json::escape` |

use std::borrow::Cow;

/// Text from outside. It has no `Display`: choose the sink.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Untrusted(String);

/// Marks on one letter that are shown. No written language needs more; towers of them cover the lines above.
const MARKS: usize = 4;

impl Untrusted {
    /// Marks text as coming from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The raw text, for comparison and parsing only: never for output.
    pub fn raw(&self) -> &str {
        &self.0
    }
    /// One line for a terminal or log: control characters, escapes, bidirectional marks and invisible characters are
    /// replaced, line breaks become spaces, and it is cut to `max` characters.
    pub fn line(&self, max: usize) -> String {
        let mut words = String::with_capacity(self.0.len().min(max));
        let mut blank = true;
        for c in self.0.chars() {
            let c = if c.is_whitespace() { ' ' } else { c };
            if c == ' ' && blank {
                continue;
            }
            blank = c == ' ';
            words.push(c);
        }
        let line = visible(words.trim_end(), max);
        if commands(&line) { format!("'{line}") } else { line }
    }
    /// [`Untrusted::line`] for text whose blanks say something: none is taken away, and each line break and tab becomes one.
    /// It must not begin a line of a log: write something before it.
    pub fn verbatim(&self, max: usize) -> String {
        visible(&self.0, max)
    }
}

fn visible(text: &str, max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max));
    let mut marks = 0;
    for (count, c) in text.chars().enumerate() {
        if count >= max {
            out.push('…');
            break;
        }
        marks = if combining(c) { marks + 1 } else { 0 };
        match c {
            _ if marks > MARKS + 1 => {}
            _ if marks == MARKS + 1 => out.push('\u{FFFD}'),
            _ if c.is_whitespace() => out.push(' '),
            _ if hidden(c) => out.push('\u{FFFD}'),
            _ => out.push(c),
        }
    }
    match apart(&out) {
        Cow::Borrowed(_) => out,
        Cow::Owned(apart) => apart,
    }
}

/// Whether a line would be a workflow command: runners take leading blanks off before they look.
fn commands(line: &str) -> bool {
    line.trim_start().starts_with("::")
}

/// The older form of workflow commands is looked for anywhere in a line, so it is taken apart wherever it stands.
fn apart(text: &str) -> Cow<'_, str> {
    if text.contains("##[") || text.contains("##vso[") {
        Cow::Owned(text.replace("##[", "# #[").replace("##vso[", "# #vso["))
    } else {
        Cow::Borrowed(text)
    }
}

/// The escaper of the log of a workflow (GitHub Actions, Azure Pipelines), over everything that is written to it: no line
/// of the result is a workflow command. Colours and everything else stay as they are.
///
/// The runner ends a line at a line feed or a carriage return, ignores blanks before `::`, and finds `##[` anywhere.
pub fn inert(text: &str) -> Cow<'_, str> {
    let text = apart(text);
    if !text.contains("::") {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive(['\n', '\r']) {
        let mut body = line;
        // What a reader of the log would not see before the colons: blanks, invisible characters, colours.
        loop {
            let rest = body.trim_start_matches(|c: char| c.is_whitespace() || (hidden(c) && c != '\u{1b}'));
            let rest = rest
                .strip_prefix("\u{1b}[")
                .and_then(|r| r.split_once('m'))
                .filter(|(codes, _)| codes.chars().all(|c| c.is_ascii_digit() || c == ';'))
                .map_or(rest, |(_, after)| after);
            if rest.len() == body.len() {
                break;
            }
            body = rest;
        }
        if body.starts_with("::") {
            let (lead, body) = line.split_at(line.len() - body.len());
            out.push_str(lead);
            out.push('\'');
            out.push_str(body);
        } else {
            out.push_str(line);
        }
    }
    Cow::Owned(out)
}

/// Whether a character could change how other text is shown, or is not seen itself: controls, bidirectional and zero-width
/// characters, fillers, selectors, tags, and what no text has.
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FDD0}'..='\u{FDEF}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Whether a character is drawn onto the one before it.
fn combining(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05BD}' | '\u{0610}'..='\u{061A}'
        | '\u{064B}'..='\u{065F}' | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}' | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_no_control_and_no_command() {
        let t = Untrusted::new("::set-env name=X::y\u{1b}]52;c;aGk=\u{7}\n\u{202e}evil");
        let line = t.line(200);
        assert!(!line.starts_with("::") && !line.chars().any(hidden), "{line:?}");
        assert_eq!(Untrusted::new("abc").line(2), "ab…");
        assert_eq!(Untrusted::new("  a \t\n b  ").line(20), "a b");
        assert_eq!(
            Untrusted::new("a ##[group]b ##vso[task.setvariable]").line(50),
            "a # #[group]b # #vso[task.setvariable]"
        );
    }

    #[test]
    fn blanks_stay_where_they_matter_and_towers_of_marks_do_not() {
        assert_eq!(Untrusted::new("a\t  b\nc").verbatim(20), "a   b c");
        let tower = Untrusted::new(format!("a{}b", "\u{0301}".repeat(10_000))).verbatim(20_000);
        assert_eq!(tower.chars().count(), 7, "{tower}");
    }

    #[test]
    fn nothing_in_a_log_is_a_command() {
        for line in [
            "::set-env name=X::y",
            "  \t::add-mask::a",
            "a\r::stop-commands::x",
            "a\n\u{feff}::add-path::/x",
            "\u{1b}[31m::error::x\u{1b}[0m",
            "\u{a0}\u{2003}::x::",
        ] {
            let inert = inert(line);
            assert!(inert.contains("'::"), "{line:?} became {inert:?}");
        }
        assert_eq!(inert("x ##[group]"), "x # #[group]");
        for plain in ["", "a::b\n", "\u{1b}[1mPlan:\u{1b}[0m a ::b\n", "a\r\nb"] {
            assert_eq!(inert(plain), plain);
        }
    }
}
