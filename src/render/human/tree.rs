//! A tree for a terminal: branches on the left, phrases that wrap beside them.

use super::diag::Look;
use super::layout::{Page, Tone, columns};

/// A piece of a row that is not broken unless it is longer than a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    tone: Tone,
    text: String,
}

impl Phrase {
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// One row, with what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is about, the same in every look.
    pub(super) key: String,
    /// What it says.
    pub(super) phrases: Vec<Phrase>,
    /// Rows below.
    pub(super) rows: Vec<Row>,
}

impl Row {
    pub(super) fn new(key: impl Into<String>, phrases: Vec<Phrase>) -> Self {
        Self { key: key.into(), phrases, rows: Vec::new() }
    }
    /// The row in one line without colours.
    pub(super) fn line(&self) -> String {
        self.phrases.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ")
    }
    /// This row and all below it.
    pub(super) fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Row)) {
        visit(self);
        for row in &self.rows {
            row.walk(visit);
        }
    }
}

/// The pieces that branches are drawn with.
struct Wood {
    tee: &'static str,
    end: &'static str,
    bar: &'static str,
}

const UNICODE: Wood = Wood { tee: "├── ", end: "└── ", bar: "│   " };
const ASCII: Wood = Wood { tee: "|-- ", end: "`-- ", bar: "|   " };
const GAP: &str = "    ";

/// Draws a row and what is below it.
pub(super) fn draw(row: &Row, look: Look, page: &mut Page) {
    let wood = if look.ascii { &ASCII } else { &UNICODE };
    branch(row, ("", ""), wood, page);
}

/// `first` stands before the row's first line, `rest` before all others.
fn branch(row: &Row, (first, rest): (&str, &str), wood: &Wood, page: &mut Page) {
    // Where a row continues, the branch to its children goes on.
    let below = if row.rows.is_empty() { GAP } else { wood.bar };
    flow(&row.phrases, first, &format!("{rest}{below}"), page);
    let last = row.rows.len().saturating_sub(1);
    for (i, child) in row.rows.iter().enumerate() {
        let (joint, after) = if i == last { (wood.end, GAP) } else { (wood.tee, wood.bar) };
        branch(child, (&format!("{rest}{joint}"), &format!("{rest}{after}")), wood, page);
    }
}

/// Phrases one after another; one that does not fit begins a line of its own.
fn flow(phrases: &[Phrase], first: &str, rest: &str, page: &mut Page) {
    let width = page.width();
    let mut line: Vec<(Tone, String)> = vec![(Tone::Dim, first.to_owned())];
    let mut used = columns(first);
    let mut fresh = true;
    let turn = |line: &mut Vec<(Tone, String)>, page: &mut Page| {
        let pieces: Vec<(Tone, &str)> = line.iter().map(|(t, s)| (*t, s.as_str())).collect();
        page.line(&pieces);
        *line = vec![(Tone::Dim, rest.to_owned())];
    };
    for phrase in phrases.iter().filter(|p| !p.text.is_empty()) {
        let whole = columns(&phrase.text);
        if !fresh && used + 1 + whole > width {
            turn(&mut line, page);
            (used, fresh) = (columns(rest), true);
        }
        // A phrase longer than a line is broken at its blanks, and a word never.
        let words: Vec<&str> = if used + usize::from(!fresh) + whole > width {
            phrase.text.split(' ').collect()
        } else {
            vec![&phrase.text]
        };
        for word in words {
            let long = columns(word);
            if !fresh && used + 1 + long > width {
                turn(&mut line, page);
                (used, fresh) = (columns(rest), true);
            }
            if !fresh {
                line.push((Tone::Plain, " ".to_owned()));
                used += 1;
            }
            line.push((phrase.tone, word.to_owned()));
            used += long;
            fresh = false;
        }
    }
    turn(&mut line, page);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Vec<Phrase> {
        text.split('|').map(|t| Phrase::new(Tone::Plain, t)).collect()
    }

    fn drawn(row: &Row, ascii: bool) -> String {
        let look = Look { colour: false, ascii, width: 60 };
        let mut page = Page::new(look);
        draw(row, look, &mut page);
        page.finish()
    }

    #[test]
    fn rows_wrap_beside_their_branches() {
        let mut root = Row::new("r", plain("root"));
        let mut first =
            Row::new("a", plain("first|a phrase that is kept in one piece|another that does not fit"));
        first.rows.push(Row::new("aa", plain(&format!("leaf|{}", "word ".repeat(14).trim()))));
        root.rows = vec![first, Row::new("b", plain("last"))];
        assert_eq!(
            drawn(&root, true),
            "root\n\
             |-- first a phrase that is kept in one piece\n\
             |   |   another that does not fit\n\
             |   `-- leaf\n\
             |           word word word word word word word word word\n\
             |           word word word word word\n\
             `-- last\n"
        );
        let text = drawn(&root, false);
        assert!(text.contains("├── first") && text.contains("│   └── leaf"), "{text}");
        assert!(text.lines().all(|l| columns(l) <= 60), "{text}");
    }
}
