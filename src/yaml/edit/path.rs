//! Where in a text: a document and the keys and positions that lead to a value.

use std::fmt;

/// One step from a collection to a value in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The value of this key.
    Key(String),
    /// The item at this position, from 0.
    Item(usize),
}

/// A document of a stream, and the way from its root to a value.
///
/// ```
/// use omni_scale::yaml::edit::Path;
/// assert_eq!(Path::document(0).key("patches").item(2).key("name").to_string(), "patches[2].name");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// Number of the document, from 0.
    pub document: usize,
    /// The way; empty for the root.
    pub steps: Vec<Step>,
}

impl Path {
    /// The root of a document.
    pub fn document(document: usize) -> Self {
        Self { document, steps: Vec::new() }
    }
    /// The value of `key` in the mapping at this path.
    #[must_use]
    pub fn key(&self, key: impl Into<String>) -> Self {
        self.step(Step::Key(key.into()))
    }
    /// The item at `position` of the list at this path.
    #[must_use]
    pub fn item(&self, position: usize) -> Self {
        self.step(Step::Item(position))
    }
    /// One step further.
    #[must_use]
    pub fn step(&self, step: Step) -> Self {
        let mut steps = self.steps.clone();
        steps.push(step);
        Self { document: self.document, steps }
    }
    /// The collection that holds the value, and the step to it; `None` for a root.
    pub fn parent(&self) -> Option<(Self, &Step)> {
        let (last, rest) = self.steps.split_last()?;
        Some((Self { document: self.document, steps: rest.to_vec() }, last))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return write!(f, "document {}", self.document + 1);
        }
        for (i, step) in self.steps.iter().enumerate() {
            match step {
                Step::Key(key) => write!(f, "{}{key}", if i > 0 { "." } else { "" })?,
                Step::Item(position) => write!(f, "[{position}]")?,
            }
        }
        Ok(())
    }
}
