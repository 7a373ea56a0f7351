//! Source texts and places in them.

/// Byte range in a source text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end: end.max(start) }
    }
}

/// Handle of a text in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SourceId(pub usize);

/// A named text: a file as it was read, path relative to the root of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Path as shown to people, with `/` between parts.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Where its lines begin, those after the first: places are asked for as often as there are resources.
    breaks: Vec<usize>,
}

impl Source {
    /// A text under a name.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        let text = text.into();
        let breaks = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(i, _)| i + 1).collect();
        Self { path: path.into(), text, breaks }
    }
    /// One-based line and column (in characters) of a byte offset; an offset inside a character, or behind the text, is that of
    /// the text's end.
    pub fn line_col(&self, offset: usize) -> (usize, usize) {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let before = self.breaks.partition_point(|start| *start <= offset);
        let start = before.checked_sub(1).and_then(|i| self.breaks.get(i)).copied().unwrap_or(0);
        let col = self.text.get(start..offset).map_or(0, |l| l.chars().count()) + 1;
        (before + 1, col)
    }
}

/// All texts of one run.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    all: Vec<Source>,
}

impl Sources {
    /// Takes a text in.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> SourceId {
        self.all.push(Source::new(path, text));
        SourceId(self.all.len() - 1)
    }
    /// The text of a handle.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.all.get(id.0)
    }
    /// All texts in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.all.iter().enumerate().map(|(i, s)| (SourceId(i), s))
    }
}

#[cfg(test)]
mod tests {
    use super::Source;

    #[test]
    fn places_are_counted_from_one_in_lines_and_characters() {
        let source = Source::new("a.yaml", "a: 1\n\nö: ü\n");
        let at = |offset| source.line_col(offset);
        assert_eq!([at(0), at(3), at(4), at(5), at(6)], [(1, 1), (1, 4), (1, 5), (2, 1), (3, 1)]);
        assert_eq!(at(8), (3, 2), "after a character of two bytes");
        let end = source.text.len();
        assert_eq!([at(end), at(end + 9), at(7)], [(4, 1); 3]);
        assert_eq!(Source::new("b", "").line_col(3), (1, 1));
    }
}
