//! A tree for a terminal: branches on the left, phrases that wrap beside them.

use super::diag::Look;
use super::layout::{Page, Tone, columns};

/// A piece of a row that is not broken unless it is longer than a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    tone: Tone,
    text: String,
    /// Whether it is a sentence, broken wherever the line ends.
    loose: bool,
}

impl Phrase {
    /// Text in a tone.
    pub(super) fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into(), loose: false }
    }
    /// A sentence.
    pub(super) fn sentence(text: impl Into<String>) -> Self {
        Self { tone: Tone::Plain, text: text.into(), loose: true }
    }
    /// With a comma behind it, where more follows.
    fn and(mut self) -> Self {
        self.text.push(',');
        self
    }
}

/// One row, with what lies below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is about, the same in every look.
    pub(super) key: String,
    /// What it says.
    pub(super) phrases: Vec<Phrase>,
    /// What it says besides; together on a line of its own where there is no room.
    pub(super) details: Vec<Phrase>,
    /// Rows below.
    pub(super) rows: Vec<Row>,
}

impl Row {
    /// A row without any below it.
    pub(super) fn new(key: impl Into<String>, phrases: Vec<Phrase>) -> Self {
        Self { key: key.into(), phrases, details: Vec::new(), rows: Vec::new() }
    }
    /// With details, separated by commas.
    pub(super) fn with(mut self, details: Vec<Phrase>) -> Self {
        let last = details.len().saturating_sub(1);
        self.details =
            details.into_iter().enumerate().map(|(i, d)| if i < last { d.and() } else { d }).collect();
        self
    }
    /// The row in one line without colours, and without details that are as they should be.
    pub(super) fn line(&self) -> String {
        let alarming = self.details.iter().filter(|d| d.tone != Tone::Dim);
        let all = self.phrases.iter().chain(alarming).map(|p| p.text.trim_end_matches(','));
        all.filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" ")
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
    let mut flow = Flow::new(first, format!("{rest}{below}"), page);
    flow.phrases(&row.phrases);
    // Details never continue a line that continues something else.
    if !row.details.is_empty() && (flow.wrapped || !flow.has_room(&row.details)) {
        flow.turn();
    }
    flow.phrases(&row.details);
    flow.turn();
    let last = row.rows.len().saturating_sub(1);
    for (i, child) in row.rows.iter().enumerate() {
        let (joint, after) = if i == last { (wood.end, GAP) } else { (wood.tee, wood.bar) };
        branch(child, (&format!("{rest}{joint}"), &format!("{rest}{after}")), wood, page);
    }
}

/// Phrases one after another; one that does not fit begins a line of its own.
struct Flow<'a> {
    page: &'a mut Page,
    rest: String,
    line: Vec<(Tone, String)>,
    used: usize,
    /// Whether nothing but branches stands in the line.
    fresh: bool,
    /// Whether it is not the first line.
    wrapped: bool,
}

impl<'a> Flow<'a> {
    fn new(first: &str, rest: String, page: &'a mut Page) -> Self {
        let line = vec![(Tone::Dim, first.to_owned())];
        Self { page, rest, line, used: columns(first), fresh: true, wrapped: false }
    }

    /// Whether these still fit in the line, all of them.
    fn has_room(&self, phrases: &[Phrase]) -> bool {
        let more: usize = phrases.iter().map(|p| columns(&p.text) + 1).sum();
        self.fresh || self.used + more <= self.page.width()
    }

    /// Ends the line.
    fn turn(&mut self) {
        let pieces: Vec<(Tone, &str)> = self.line.iter().map(|(t, s)| (*t, s.as_str())).collect();
        self.page.line(&pieces);
        self.line = vec![(Tone::Dim, self.rest.clone())];
        (self.used, self.fresh, self.wrapped) = (columns(&self.rest), true, true);
    }

    fn piece(&mut self, tone: Tone, text: &str) {
        let width = columns(text);
        if !self.fresh && self.used + 1 + width > self.page.width() {
            self.turn();
        }
        if !self.fresh {
            self.line.push((Tone::Plain, " ".to_owned()));
            self.used += 1;
        }
        self.line.push((tone, text.to_owned()));
        self.used += width;
        self.fresh = false;
    }

    fn phrases(&mut self, phrases: &[Phrase]) {
        let room = self.page.width().saturating_sub(columns(&self.rest));
        for phrase in phrases.iter().filter(|p| !p.text.is_empty()) {
            // Sentences, and what is longer than a line, are broken at their blanks; words never.
            if phrase.loose || columns(&phrase.text) > room {
                for word in phrase.text.split(' ') {
                    self.piece(phrase.tone, word);
                }
            } else {
                self.piece(phrase.tone, &phrase.text);
            }
        }
    }
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
        first = first.with(plain("detail|and another"));
        first.rows.push(Row::new("aa", plain(&format!("leaf|{}", "word ".repeat(14).trim()))));
        root.rows = vec![
            first,
            Row::new("b", plain("last|one|with a phrase of some length"))
                .with(plain("a detail|and another one")),
        ];
        assert_eq!(
            drawn(&root, true),
            "root\n\
             |-- first a phrase that is kept in one piece\n\
             |   |   another that does not fit\n\
             |   |   detail, and another\n\
             |   `-- leaf word word word word word word word word word\n\
             |           word word word word word\n\
             `-- last one with a phrase of some length\n\
            \x20       a detail, and another one\n"
        );
        let text = drawn(&root, false);
        assert!(text.contains("├── first") && text.contains("│   └── leaf"), "{text}");
        assert!(text.lines().all(|l| columns(l) <= 60), "{text}");
    }
}
