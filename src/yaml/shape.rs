//! How a text is written: where each value, key, dash, colon and comment stands. [`super::parse`] says what a text means, with
//! aliases and merge keys resolved; this says what is there to be edited.

use granit_parser::{Event, Parser, ScalarStyle as RawStyle, StructureStyle};

use super::{Limits, ScalarStyle};
use crate::diag::Span;

/// A value as it is written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// What it is.
    pub(super) kind: Form,
    /// First byte of its anchor or tag, or of the value.
    pub(super) start: usize,
    /// First byte of the value itself: of a block collection its first dash or key.
    pub(super) content: usize,
    /// Byte after its last; of a block scalar that keeps its blank lines after those, of another one after the last character.
    pub(super) end: usize,
    /// Whether it has an anchor.
    pub(super) anchor: bool,
    /// Whether it has a tag.
    pub(super) tag: bool,
}

/// Notation.
#[derive(Clone, Debug)]
pub(super) enum Form {
    /// A scalar.
    Scalar {
        /// Its text, unquoted.
        text: String,
        /// How it is quoted.
        style: ScalarStyle,
    },
    /// `*name`.
    Alias,
    /// `[…]`, or `- …` lines.
    Seq {
        /// Brackets.
        flow: bool,
        /// Items.
        items: Vec<Item>,
    },
    /// `{…}`, or `key: …` lines; also the pair in `[a: b]`, which has no braces.
    Map {
        /// Braces or none, but not lines.
        flow: bool,
        /// Entries.
        entries: Vec<Entry>,
    },
}

/// An item of a sequence.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its dash; in brackets, where its value begins.
    pub(super) start: usize,
    /// Its value.
    pub(super) value: Written,
}

/// An entry of a mapping.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Its `?`, else its key.
    pub(super) start: usize,
    /// The key.
    pub(super) key: Written,
    /// The colon, if it is written.
    pub(super) colon: Option<usize>,
    /// The value.
    pub(super) value: Written,
}

impl Written {
    /// Text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Form::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }
    /// Whether it is a collection of lines.
    pub(super) fn is_block(&self) -> bool {
        matches!(self.kind, Form::Seq { flow: false, .. } | Form::Map { flow: false, .. })
    }
    /// Whether it is `|` or `>`.
    pub(super) fn is_block_scalar(&self) -> bool {
        matches!(self.kind, Form::Scalar { style: ScalarStyle::Literal | ScalarStyle::Folded, .. })
    }
    /// Whether nothing is written: null by absence.
    pub(super) fn is_absent(&self) -> bool {
        self.content == self.end && matches!(self.kind, Form::Scalar { style: ScalarStyle::Plain, .. })
    }
}

/// A document as it is written.
#[derive(Clone, Debug)]
pub(super) struct WrittenDocument {
    /// `---`, if it is written.
    pub(super) marker: Option<Span>,
    /// Its root; `None` if it is empty.
    pub(super) root: Option<Written>,
}

/// A text as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Documents.
    pub(super) documents: Vec<WrittenDocument>,
    /// Scalars (of block scalars the lines below the indicator), in file order: what is in them is content.
    pub(super) opaque: Vec<Span>,
    /// Comments from `#` to the last character before the line end.
    pub(super) comments: Vec<Span>,
    /// Whether any value repeats another one.
    pub(super) aliases: bool,
    /// Whether the last scalar is `|` or `>`.
    last_is_block: bool,
}

impl Shape {
    /// Whether a place lies inside of a scalar.
    pub(super) fn is_inside(&self, at: usize) -> bool {
        let next = self.opaque.partition_point(|s| s.start <= at);
        next.checked_sub(1).and_then(|i| self.opaque.get(i)).is_some_and(|s| at < s.end)
    }
    /// Whether the last scalar of the text is `|` or `>`.
    pub(super) fn ends_in_block_scalar(&self) -> bool {
        self.last_is_block
    }
}

/// Reads how a text is written; `None` for text that is not YAML or uses a notation that is not understood here. The text
/// must have passed [`super::parse`] with the same limits.
pub(super) fn shape(text: &str, limits: &Limits) -> Option<Shape> {
    let skipped = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut options = granit_parser::options! {
        emit_unresolved_aliases: true,
        flow_nesting_limit: limits.depth + 1,
        block_nesting_limit: limits.depth + 1,
    };
    options.set_emit_comments(false);
    let mut builder = Builder {
        text,
        cursor: skipped,
        stack: Vec::new(),
        root: None,
        marker: None,
        shape: Shape::default(),
    };
    for next in Parser::new_from_str_with_options(text.get(skipped..)?, options) {
        let (event, span) = next.ok()?;
        let at = Span::new(
            (span.start.byte_offset()? + skipped).min(text.len()),
            (span.end.byte_offset()? + skipped).min(text.len()),
        );
        builder.event(event, at)?;
    }
    let mut shape = builder.shape;
    shape.comments = comments(text, &shape.opaque);
    Some(shape)
}

/// A collection that is not complete yet.
struct Open {
    written: Written,
    /// Whether it has brackets of its own.
    brackets: bool,
    /// Start of the entry, key and colon that wait for a value; start of the item.
    entry: Option<(usize, Written)>,
    slot: Slot,
}

/// Where in its parent a node stands.
#[derive(Clone, Copy)]
struct Slot {
    /// Dash, `?`, or nothing.
    mark: Option<usize>,
    colon: Option<usize>,
}

struct Builder<'a> {
    text: &'a str,
    /// Behind the last token.
    cursor: usize,
    stack: Vec<Open>,
    root: Option<Written>,
    marker: Option<Span>,
    shape: Shape,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, at: Span) -> Option<()> {
        match event {
            Event::DocumentStart(explicit, _) => {
                self.root = None;
                self.marker = explicit.then_some(at);
                if explicit {
                    self.cursor = at.end;
                }
            }
            Event::DocumentEnd => {
                let root = self.root.take().filter(|r| !r.is_absent() || r.anchor || r.tag);
                self.shape.documents.push(WrittenDocument { marker: self.marker.take(), root });
                if self.text.get(at.start..at.end) == Some("...") {
                    self.cursor = at.end;
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                let (slot, start) = self.begin(anchor != 0, tag.is_some())?;
                let style = match style {
                    RawStyle::SingleQuoted => ScalarStyle::Single,
                    RawStyle::DoubleQuoted => ScalarStyle::Double,
                    RawStyle::Literal => ScalarStyle::Literal,
                    RawStyle::Folded => ScalarStyle::Folded,
                    RawStyle::Plain => ScalarStyle::Plain,
                };
                let (content, end) = match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => self.block_scalar(at)?,
                    ScalarStyle::Plain if at.start == at.end => (self.cursor, self.cursor),
                    _ => {
                        if self.blank(self.cursor) != at.start {
                            return None;
                        }
                        self.shape.opaque.push(at);
                        (at.start, at.end)
                    }
                };
                self.shape.last_is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                let text = if content == end { String::new() } else { text.into_owned() };
                self.cursor = self.cursor.max(end);
                let kind = Form::Scalar { text, style };
                let start = start.unwrap_or(content);
                let (anchor, tag) = (anchor != 0, tag.is_some());
                self.place(Written { kind, start, content, end, anchor, tag }, slot)?;
            }
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                let (slot, _) = self.begin(false, false)?;
                self.shape.aliases = true;
                if self.blank(self.cursor) != at.start {
                    return None;
                }
                self.cursor = at.end;
                let (start, content, end) = (at.start, at.start, at.end);
                let written = Written { kind: Form::Alias, start, content, end, anchor: false, tag: false };
                self.place(written, slot)?;
            }
            Event::SequenceStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                self.open(Form::Seq { flow, items: Vec::new() }, flow, anchor != 0, tag.is_some(), at)?;
            }
            Event::MappingStart(style, anchor, tag) => {
                let flow = matches!(style, StructureStyle::Flow);
                self.open(Form::Map { flow, entries: Vec::new() }, flow, anchor != 0, tag.is_some(), at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let mut open = self.stack.pop()?;
                if open.brackets {
                    self.take(',');
                    if self.blank(self.cursor) != at.start || at.end == at.start {
                        return None;
                    }
                    self.cursor = at.end;
                    open.written.end = at.end;
                }
                let slot = open.slot;
                self.place(open.written, slot)?;
            }
            _ => {}
        }
        Some(())
    }

    fn open(&mut self, kind: Form, flow: bool, anchor: bool, tag: bool, at: Span) -> Option<()> {
        let (slot, start) = self.begin(anchor, tag)?;
        let brackets = flow && at.end > at.start;
        let content = if brackets { at.start } else { self.blank(self.cursor) };
        if brackets {
            if self.blank(self.cursor) != at.start {
                return None;
            }
            self.cursor = at.end;
        }
        let start = start.unwrap_or(content);
        let written = Written { kind, start, content, end: self.cursor, anchor, tag };
        self.stack.push(Open { written, brackets, entry: None, slot });
        Some(())
    }

    /// Reads what stands before a node: dash, `?`, comma, colon; anchor and tag. Gives the start of the last two.
    fn begin(&mut self, anchor: bool, tag: bool) -> Option<(Slot, Option<usize>)> {
        let mut slot = Slot { mark: None, colon: None };
        if let Some(open) = self.stack.last() {
            let waits = open.entry.is_some();
            match open.written.kind {
                Form::Seq { flow: false, .. } => slot.mark = Some(self.take('-')?),
                Form::Seq { .. } => {
                    self.take(',');
                }
                Form::Map { flow, .. } if !waits => {
                    if flow {
                        self.take(',');
                    }
                    slot.mark = self.take('?');
                }
                Form::Map { .. } => slot.colon = self.take(':'),
                Form::Scalar { .. } | Form::Alias => return None,
            }
        }
        let mut start = None;
        for _ in 0..usize::from(anchor) + usize::from(tag) {
            let at = self.blank(self.cursor);
            let rest = self.text.get(at..)?;
            let end = if rest.starts_with("!<") {
                rest.find('>')? + 1
            } else if rest.starts_with(['&', '!']) {
                rest.find(|c: char| c.is_whitespace() || ",[]{}".contains(c)).unwrap_or(rest.len())
            } else {
                return None;
            };
            start = start.or(Some(at));
            self.cursor = at + end;
        }
        Some((slot, start))
    }

    /// Header and end of the block scalar whose content the parser found at `at`.
    fn block_scalar(&mut self, at: Span) -> Option<(usize, usize)> {
        let content = self.blank(self.cursor);
        let rest = self.text.get(content..)?;
        if !rest.starts_with(['|', '>']) {
            return None;
        }
        let header = rest.find('\n').map_or(self.text.len(), |n| content + n + 1);
        let indicators = rest.split([' ', '\t', '\r', '\n']).next().unwrap_or_default();
        let raw_end = at.end.max(header);
        let body = self.text.get(header..raw_end)?;
        let mut end = header + body.trim_end_matches([' ', '\n', '\r', '\t']).len();
        // A line of blanks that reaches beyond the indentation is content.
        let indent = at.start.saturating_sub(self.text.get(..at.start)?.rfind('\n').map_or(0, |n| n + 1));
        let mut line_start = header;
        for line in body.split_inclusive('\n') {
            let bare = line.trim_end_matches(['\n', '\r']).len();
            if bare > indent && (line.ends_with('\n') || line_start + line.len() == self.text.len()) {
                end = end.max(line_start + bare);
            }
            line_start += line.len();
        }
        if indicators.contains('+') {
            // Blank lines behind it are content.
            let mut lines = self.text.get(end..)?.split_inclusive('\n');
            if end > header {
                end += lines.next().unwrap_or_default().len();
            }
            for line in lines {
                if !line.trim().is_empty() || !line.ends_with('\n') {
                    break;
                }
                end += line.len();
            }
        } else if end == header {
            end = content + indicators.len();
        }
        if end > header {
            self.shape.opaque.push(Span::new(header, end));
        }
        Some((content, end))
    }

    fn place(&mut self, written: Written, slot: Slot) -> Option<()> {
        let Some(open) = self.stack.last_mut() else {
            self.root = Some(written);
            return Some(());
        };
        let end = written.end.max(slot.colon.map_or(0, |c| c + 1)).max(slot.mark.map_or(0, |m| m + 1));
        if !open.brackets {
            open.written.end = open.written.end.max(end);
        }
        match &mut open.written.kind {
            Form::Seq { items, .. } => {
                items.push(Item { start: slot.mark.unwrap_or(written.start), value: written });
            }
            Form::Map { entries, .. } => match open.entry.take() {
                Some((start, key)) => entries.push(Entry { start, key, colon: slot.colon, value: written }),
                None => open.entry = Some((slot.mark.unwrap_or(written.start), written)),
            },
            Form::Scalar { .. } | Form::Alias => return None,
        }
        Some(())
    }

    fn blank(&self, from: usize) -> usize {
        skip(self.text, from)
    }

    /// Takes the sign that stands next, if it is this one.
    fn take(&mut self, sign: char) -> Option<usize> {
        let at = self.blank(self.cursor);
        self.text.get(at..)?.starts_with(sign).then(|| {
            self.cursor = at + sign.len_utf8();
            at
        })
    }
}

/// The next byte from `from` on that is no blank, line end or comment.
pub(super) fn skip(text: &str, from: usize) -> usize {
    let mut at = from;
    let mut apart = text.get(..from).is_none_or(|t| t.is_empty() || t.ends_with(['\n', ' ', '\t']));
    let Some(rest) = text.get(from..) else { return from };
    let mut comment = false;
    for (i, c) in rest.char_indices() {
        at = from + i;
        match c {
            '\n' => (comment, apart) = (false, true),
            _ if comment => {}
            ' ' | '\t' | '\r' => apart = true,
            '#' if apart => comment = true,
            _ => return at,
        }
        at = from + i + c.len_utf8();
    }
    at
}

/// All comments outside of scalars.
fn comments(text: &str, opaque: &[Span]) -> Vec<Span> {
    let mut out = Vec::new();
    let mut from = 0;
    for span in opaque.iter().copied().chain([Span::new(text.len(), text.len())]) {
        let gap = text.get(from..span.start).unwrap_or_default();
        let mut at = from;
        for line in gap.split_inclusive('\n') {
            let begins = line.char_indices().find(|(i, c)| {
                let before = text.get(..at + i).unwrap_or_default();
                *c == '#' && (before.is_empty() || before.ends_with(['\n', ' ', '\t']))
            });
            if let Some((i, _)) = begins {
                let comment = line.get(i..).unwrap_or_default().trim_end_matches(['\n', '\r']);
                out.push(Span::new(at + i, at + i + comment.len()));
            }
            at += line.len();
        }
        from = span.end.max(from);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Shape {
        shape(text, &Limits::default()).unwrap_or_else(|| panic!("not understood: {text}"))
    }

    #[test]
    fn dashes_colons_and_ends_are_found_in_every_notation() {
        let text = "l:\n- a: &x 1 # one\n  b: |+ # head\n    text # no comment\n\n-   - q\n    -\n    - !!str r\n? k\n: {a: , b, c: [*x, ],}\n";
        let shape = of(text);
        let root = shape.documents[0].root.as_ref().unwrap();
        let Form::Map { flow: false, entries } = &root.kind else { panic!() };
        assert_eq!(entries.len(), 2);
        let Form::Seq { flow: false, items } = &entries[0].value.kind else { panic!() };
        assert_eq!(items.iter().map(|i| &text[i.start..=i.start]).collect::<String>(), "--");
        let Form::Map { entries: first, .. } = &items[0].value.kind else { panic!() };
        assert_eq!(&text[first[0].value.start..first[0].value.end], "&x 1");
        assert!(text[first[1].value.content..first[1].value.end].ends_with("comment\n\n"));
        let Form::Seq { items: inner, .. } = &items[1].value.kind else { panic!() };
        assert!(inner[1].value.is_absent() && inner[2].value.tag);
        assert_eq!(&text[entries[1].start..=entries[1].start], "?");
        assert_eq!(&text[entries[1].value.start..entries[1].value.end], "{a: , b, c: [*x, ],}");
        let comments: Vec<&str> = shape.comments.iter().map(|c| &text[c.start..c.end]).collect();
        assert_eq!(comments, ["# one", "# head"]);
    }

    #[test]
    fn documents_have_their_markers() {
        let shape = of("\u{feff}%YAML 1.2\n--- # c\na: 1\n...\n---\n--- |\n x # y\n");
        assert_eq!(shape.documents.len(), 3);
        assert!(shape.documents[0].root.is_some() && shape.documents[1].root.is_none());
        assert_eq!(shape.comments.len(), 1);
        assert!(of("# only\n").documents.is_empty());
    }
}
