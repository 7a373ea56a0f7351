//! The escapers of Markdown, one for each place in which text can stand, as methods of the only types that hold Markdown.
//!
//! The forge reads a comment twice: as Markdown, and then once more for names, issue numbers, commit ids, addresses and
//! emoji in whatever text is left; entities do not hide those, code does. So data stands in code, and outside of code
//! only where each of its words is a plain one. Bots read the raw lines of a comment: no line begins with data.

use crate::render::context::Link;
use crate::untrusted::Untrusted;

/// Longest name or address, in characters; no server allows longer ones.
const LONGEST_NAME: usize = 300;
/// Longest sentence.
const LONGEST_TEXT: usize = 1_000;
/// Longest line of a fenced block.
const LONGEST_LINE: usize = 400;

/// A piece of a Markdown document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Markdown(String);

impl Markdown {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self::default()
    }
    /// The document.
    pub(super) fn into_string(self) -> String {
        self.0
    }
    /// UTF-8 bytes.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
    /// Whether nothing stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// Our own words, which may be Markdown.
    pub(super) fn own(&mut self, words: &'static str) -> &mut Self {
        self.0.push_str(words);
        self
    }
    /// A number.
    pub(super) fn number(&mut self, n: u64) -> &mut Self {
        self.0.push_str(&n.to_string());
        self
    }
    /// A number with what it counts; other than one in the plural with `s`.
    pub(super) fn count(&mut self, n: usize, what: &'static str) -> &mut Self {
        self.number(n as u64).own(" ").own(what).own(if n == 1 { "" } else { "s" })
    }
    /// Another piece.
    pub(super) fn append(&mut self, other: &Self) -> &mut Self {
        self.0.push_str(&other.0);
        self
    }
    /// Escaper of names: one code span, not for tables.
    pub(super) fn code(&mut self, text: &str) -> &mut Self {
        let text = Untrusted::new(text).line(LONGEST_NAME);
        self.span(&text)
    }
    /// Escaper of names in tables, where a bar or a backslash would end the cell in some parsers: they are replaced.
    pub(super) fn cell(&mut self, text: &str) -> &mut Self {
        let text = Untrusted::new(text).line(LONGEST_NAME).replace(['|', '\\', '`'], "\u{FFFD}");
        self.span(&text)
    }
    fn span(&mut self, text: &str) -> &mut Self {
        if text.is_empty() {
            return self.own("(empty)");
        }
        // Two code spans side by side would read as one with other ends.
        if self.0.ends_with('`') {
            self.0.push(' ');
        }
        let ticks = "`".repeat(longest_run(text) + 1);
        let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
        self.0.push_str(&format!("{ticks}{pad}{text}{pad}{ticks}"));
        self
    }
    /// Escaper of sentences: what stands in backticks is code, and so is every word that is not a plain one.
    /// Something of ours must stand before it in its line.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        let text = Untrusted::new(text).line(LONGEST_TEXT);
        let parts: Vec<&str> = text.split('`').collect();
        let last = parts.len() - 1;
        for (i, part) in parts.iter().enumerate() {
            // The last backtick of an odd number opens nothing.
            if i % 2 == 1 && i < last {
                self.span(part);
            } else {
                self.words(part, i == 0);
            }
        }
        self
    }
    fn words(&mut self, text: &str, first: bool) {
        let mut odd: Vec<&str> = Vec::new();
        for (i, word) in text.split(' ').enumerate() {
            if plain(word, first && i == 0) {
                self.odd(&mut odd);
                if i > 0 {
                    self.0.push(' ');
                }
                self.0.push_str(if word == "->" { "→" } else { word });
            } else {
                if i > 0 && odd.is_empty() {
                    self.0.push(' ');
                }
                odd.push(word);
            }
        }
        self.odd(&mut odd);
    }
    /// Words that are not plain, as one piece of code; the comma or full stop behind them is none.
    fn odd(&mut self, words: &mut Vec<&str>) {
        if words.is_empty() {
            return;
        }
        let text = words.join(" ");
        words.clear();
        let body = text.trim_end_matches(['.', ',', ';', ':']);
        if body.is_empty() {
            self.span(&text);
        } else {
            self.span(body);
            self.0.push_str(text.get(body.len()..).unwrap_or_default());
        }
    }
    /// Escaper of names in a line of HTML (`<summary>`), where Markdown is not read: code with every sign but the plainest
    /// as a number.
    pub(super) fn html(&mut self, text: &str) -> &mut Self {
        self.0.push_str("<code>");
        for c in Untrusted::new(text).line(LONGEST_NAME).chars() {
            if c.is_alphanumeric() || " -._/".contains(c) {
                self.0.push(c);
            } else {
                self.0.push_str(&format!("&#{};", u32::from(c)));
            }
        }
        self.0.push_str("</code>");
        self
    }
    /// Escaper of what stands in a comment of HTML: letters, digits and `-._/#`, no two hyphens; others percent-encoded.
    pub(super) fn key(&mut self, text: &str) -> &mut Self {
        let mut last = '-';
        for c in text.chars().take(120) {
            if c.is_ascii_alphanumeric() || "._/#".contains(c) || (c == '-' && last != '-') {
                self.0.push(c);
            } else {
                let mut bytes = [0; 4];
                for b in c.encode_utf8(&mut bytes).bytes() {
                    self.0.push_str(&format!("%{b:02X}"));
                }
            }
            last = c;
        }
        if last == '-' && self.0.ends_with('-') {
            self.0.pop();
            self.0.push_str("%2D");
        }
        self
    }
    /// A link to an address of ours, on our own words.
    pub(super) fn link(&mut self, words: &'static str, to: &Link) -> &mut Self {
        self.own("[").own(words).own("](");
        self.0.push_str(to.as_str());
        self.own(")")
    }
    /// A link to an address of ours, on a name.
    pub(super) fn code_link(&mut self, name: &str, to: &Link) -> &mut Self {
        self.own("[").code(name).own("](");
        self.0.push_str(to.as_str());
        self.own(")")
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// Whether a word can stand outside of code: letters and digits, with hyphens, apostrophes and decimal points inside and
/// punctuation around them; no commit id, no ticket, no address. The first word of a text must not number a list either.
fn plain(word: &str, first: bool) -> bool {
    // Punctuation that stands alone does so beside code; an arrow is written as one.
    if word == "->" || word.chars().all(|c| "(),.;:%".contains(c)) {
        return true;
    }
    let body = word.trim_start_matches(['(', '"', '\'']);
    let core = body.trim_end_matches(['.', ',', ';', ':', '?', ')', '"', '\'', '%', '…']);
    let digits = core.bytes().all(|b| b.is_ascii_digit());
    let numbers = first && digits && !word.ends_with(|c: char| c.is_ascii_digit());
    if core.is_empty() || numbers || core.to_ascii_lowercase().starts_with("www") {
        return false;
    }
    let hex = core.bytes().all(|b| b.is_ascii_hexdigit());
    if core.len() >= 7 && hex && !digits || core.len() > 40 {
        return false;
    }
    let inside = |i: usize, c: char| {
        let next = core.get(i + 1..).and_then(|rest| rest.chars().next());
        let before = core.get(..i).and_then(|lead| lead.chars().next_back());
        match c {
            '-' | '\'' => {
                before.is_some_and(|b| b.is_ascii_alphanumeric())
                    && next.is_some_and(|n| n.is_ascii_alphabetic())
            }
            '.' => before.is_some_and(|b| b.is_ascii_digit()) && next.is_some_and(|n| n.is_ascii_digit()),
            _ => false,
        }
    };
    core.char_indices().all(|(i, c)| c.is_ascii_alphanumeric() || inside(i, c))
}

/// What a line of a fenced block is. Its sign stands before the data, so that no line begins with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// What is there and goes.
    Gone,
    /// What comes.
    New,
    /// What stays, for orientation.
    Same,
    /// What is lost.
    Lost,
    /// A fact.
    Note,
    /// What becomes ours.
    Adopt,
    /// What is forgotten.
    Forget,
}

impl Mark {
    fn sign(self) -> char {
        match self {
            Self::Gone => '-',
            Self::New => '+',
            Self::Same => '|',
            Self::Lost => '!',
            Self::Note => '#',
            Self::Adopt => '>',
            Self::Forget => '<',
        }
    }
}

/// A fenced block, coloured as a difference.
#[derive(Clone, Debug, Default)]
pub(super) struct Fence(Vec<(Mark, String)>);

impl Fence {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self::default()
    }
    /// Escaper of lines: one line behind its sign; blanks stay.
    pub(super) fn line(&mut self, mark: Mark, text: &str) {
        self.0.push((mark, Untrusted::new(text).verbatim(LONGEST_LINE)));
    }
    /// Whether no line stands in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
    /// The lines of another one behind its own.
    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(other.0.iter().cloned());
    }
    /// The block, its fence longer than any run of backticks inside; nothing if it is empty. `context` keeps lines that
    /// are there for orientation.
    pub(super) fn block(&self, context: bool) -> Markdown {
        let mut out = Markdown::new();
        let lines = || self.0.iter().filter(|(mark, _)| context || *mark != Mark::Same);
        if lines().next().is_none() {
            return out;
        }
        let ticks = "`".repeat(lines().map(|(_, l)| longest_run(l)).max().unwrap_or(0).max(2) + 1);
        out.0.push_str(&format!("{ticks}diff\n"));
        for (mark, text) in lines() {
            out.0.push_str(format!("{} {text}", mark.sign()).trim_end());
            out.0.push('\n');
        }
        out.0.push_str(&format!("{ticks}\n\n"));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> String {
        let mut out = Markdown::new();
        out.text(text);
        out.into_string()
    }

    #[test]
    fn plain_words_stay_and_everything_else_is_code() {
        for (from, to) in [
            (
                "`cluster/a` is locked in Omni: 2 steps may not run",
                "`cluster/a` is locked in Omni: 2 steps may not run",
            ),
            ("3 of 4 (75%), it's three-way", "3 of 4 (75%), it's three-way"),
            ("size 3 -> 1, v1.12.0", "size 3 → 1, v1.12.0"),
            ("for `a`: 1 (`b`, c-1: d_e.)", "for `a`: 1 (`b`, `c-1: d_e.)`"),
            (":smile: . : x", "`:smile`: . : x"),
            ("ask @org/team or fixes #1 GH-1", "ask `@org/team` or fixes `#1 GH-1`"),
            ("see www.x.net and https://x.net", "see `www.x.net` and `https://x.net`"),
            ("commit a1b2c3d4 <b>x</b> **y** :x: $z$", "commit `a1b2c3d4 <b>x</b> **y** :x: $z$`"),
            ("an odd ` tick", "an odd  tick"),
            ("`a``b`", "`a` `b`"),
            ("1. one", "`1`. one"),
            ("- x", "`-` x"),
        ] {
            assert_eq!(text(from), to, "{from}");
        }
    }

    #[test]
    fn code_is_delimited_by_more_than_it_holds() {
        let code = |text: &str| {
            let mut out = Markdown::new();
            out.code(text);
            out.into_string()
        };
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("``"), "``` `` ```");
        assert_eq!(code(" \n "), "(empty)");
        let mut cell = Markdown::new();
        cell.cell("a|b\\|c`");
        assert_eq!(cell.into_string(), "`a\u{FFFD}b\u{FFFD}\u{FFFD}c\u{FFFD}`");
        let mut fence = Fence::new();
        fence.line(Mark::New, "````\n::set-env");
        fence.line(Mark::Same, "`````");
        assert_eq!(fence.block(false).into_string(), "`````diff\n+ ```` ::set-env\n`````\n\n");
        assert!(fence.block(true).into_string().starts_with("``````diff\n"));
    }

    #[test]
    fn html_and_comments_hold_no_sign() {
        let mut out = Markdown::new();
        out.html("a</summary>&@b");
        assert_eq!(out.into_string(), "<code>a&#60;/summary&#62;&#38;&#64;b</code>");
        for (from, to) in [
            ("spec/omni.yaml#prod", "spec/omni.yaml#prod"),
            ("a--><!--", "a-%2D%3E%3C%21-%2D"),
            ("-a-", "%2Da%2D"),
        ] {
            let mut out = Markdown::new();
            out.key(from);
            assert_eq!(out.into_string(), to);
        }
    }
}
