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
}

impl Source {
    /// One-based line and column (in characters) of a byte offset.
    pub fn line_col(&self, offset: usize) -> (usize, usize) {
        let upto = self.text.get(..offset.min(self.text.len())).unwrap_or(&self.text);
        let line = upto.bytes().filter(|b| *b == b'\n').count() + 1;
        let col = upto.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        (line, col)
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
        self.all.push(Source { path: path.into(), text: text.into() });
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
