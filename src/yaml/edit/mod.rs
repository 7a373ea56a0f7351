//! Edits of a YAML text by path. Every byte that an edit is not about stays: comments, blank lines, quoting, anchors, line
//! ends, a missing last line end.
//!
//! Each edit is planned on the tree, carried out on the text, and checked: the new text is read again and must be the tree
//! that was asked for, else the edit is refused and the text is as before. So an edit that this module cannot do well (a
//! value that an alias repeats elsewhere, an unusual notation) is an error, never damage.
//!
//! Comments: those inside a value that is removed or replaced go with it, and so does the one behind it in its last line;
//! all others stay, also those above a removed key.

mod change;
mod compose;
mod insert;
pub(in crate::yaml) mod lines;
mod locate;
mod meaning;
mod path;
mod remove;
mod splice;
#[cfg(test)]
pub(in crate::yaml) mod tests;
mod text;
mod update;

pub use path::{Path, Step};

use super::shape::{Shape, shape};
use super::{Document, Limits, Node, NodeKind, Out, is_null};
use crate::diag::{Diagnostic, SourceId, Span};
use change::Sheet;
use meaning::Change;
use splice::Splice;

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
        let documents = super::parse(SourceId(0), text, limits)?;
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
            (Step::Item(i), NodeKind::Seq(items)) => items.get(*i),
            (Step::Item(_), _) => None,
        })
    }
    /// Makes the value at a path this one, in the notation of what stands there as far as it can say the new value. A key
    /// that its mapping does not have becomes its last.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn set(&mut self, path: &Path, value: impl Into<Out>) -> Result<(), EditError> {
        let out = value.into();
        if self.get(path).is_none()
            && let Some((parent, Step::Key(key))) = path.parent()
        {
            return self.insert_key(&parent, &Place::Last, key, out);
        }
        if path.steps.is_empty() && self.documents.get(path.document).is_some_and(|d| d.root.is_none()) {
            return self.fill(path, &out);
        }
        let value = self.node(path, &out)?;
        self.commit(path, Change::Set(value), |sheet| sheet.set(path, &out))
    }
    /// Adds a key to the mapping at a path; null counts as an empty mapping.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn insert_key(
        &mut self,
        mapping: &Path,
        place: &Place,
        key: &str,
        value: impl Into<Out>,
    ) -> Result<(), EditError> {
        let out = value.into();
        let whole = Out::Map(vec![(key.to_owned(), out.clone())]);
        match self.get(mapping) {
            None if mapping.steps.is_empty() => return self.set(mapping, whole),
            Some(node) if is_null(node) => return self.set(mapping, whole),
            Some(Node { kind: NodeKind::Map(_), .. }) => {}
            _ => return Err(EditError::Missing { path: mapping.to_string(), wanted: "mapping" }),
        }
        if self.get(&mapping.key(key)).is_some() {
            return Err(EditError::Exists { path: mapping.key(key).to_string() });
        }
        let value = self.node(mapping, &out)?;
        self.commit(mapping, Change::Key(key, place, value), |sheet| {
            sheet.insert_key(mapping, place, key, &out)
        })
    }
    /// Adds an item to the list at a path, before the item at `position`; behind the last if there is none. Null counts as
    /// an empty list.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn insert_item(
        &mut self,
        list: &Path,
        position: usize,
        value: impl Into<Out>,
    ) -> Result<(), EditError> {
        let out = value.into();
        match self.get(list) {
            Some(node) if is_null(node) => return self.set(list, Out::List(vec![out])),
            Some(Node { kind: NodeKind::Seq(_), .. }) => {}
            _ => return Err(EditError::Missing { path: list.to_string(), wanted: "list" }),
        }
        let value = self.node(list, &out)?;
        self.commit(list, Change::Item(position, value), |sheet| sheet.insert_item(list, position, &out))
    }
    /// Adds an item behind the last of the list at a path; null counts as an empty list.
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
        if self.get(path).is_none() {
            return Err(EditError::Missing { path: path.to_string(), wanted: "value" });
        }
        self.commit(path, Change::Remove, |sheet| sheet.remove(path))
    }
    /// Adds a document behind the last.
    ///
    /// # Errors
    /// See [`EditError`].
    pub fn append_document(&mut self, value: impl Into<Out>) -> Result<(), EditError> {
        let out = value.into();
        let path = Path::document(self.documents.len());
        let root = self.node(&path, &out)?;
        let mut wanted = self.roots();
        wanted.push(Some(root));
        self.carry_out(&path, &wanted, |sheet| Ok(sheet.append_document(&out)))
    }

    fn fill(&mut self, path: &Path, out: &Out) -> Result<(), EditError> {
        let root = self.node(path, out)?;
        let mut wanted = self.roots();
        if let Some(slot) = wanted.get_mut(path.document) {
            *slot = Some(root);
        }
        let refused = EditError::Notation { path: path.to_string(), span: Span::new(0, 0) };
        self.carry_out(path, &wanted, |sheet| {
            sheet.fill_document(path.document, out).ok_or_else(|| refused.clone())
        })
    }

    fn roots(&self) -> Vec<Option<Node>> {
        self.documents.iter().map(|d| d.root.clone()).collect()
    }

    /// What a new value reads as.
    fn node(&self, path: &Path, out: &Out) -> Result<Node, EditError> {
        meaning::node(out, &self.limits).ok_or_else(|| self.refused(path))
    }

    fn refused(&self, path: &Path) -> EditError {
        let span = self.get(path).map_or(Span::new(0, 0), |n| n.span);
        EditError::Notation { path: path.to_string(), span }
    }

    /// Carries out one change of one document.
    fn commit(
        &mut self,
        path: &Path,
        change: Change<'_>,
        splices: impl Fn(Sheet<'_>) -> Result<Vec<Splice>, EditError>,
    ) -> Result<(), EditError> {
        let missing = || EditError::Missing { path: path.to_string(), wanted: "value" };
        let mut wanted = self.roots();
        let slot = wanted.get_mut(path.document).ok_or_else(missing)?;
        let root = slot.take().ok_or_else(missing)?;
        *slot = Some(meaning::changed(&root, path, change).ok_or_else(missing)?);
        self.carry_out(path, &wanted, splices)
    }

    /// Changes the text. A text of lines is quoted where a block would take up what stands around it.
    fn carry_out(
        &mut self,
        path: &Path,
        wanted: &[Option<Node>],
        splices: impl Fn(Sheet<'_>) -> Result<Vec<Splice>, EditError>,
    ) -> Result<(), EditError> {
        let before = shape(&self.text, &self.limits).ok_or_else(|| self.refused(path))?;
        let attempt = |blocks: bool| {
            let splices = splices(Sheet { text: &self.text, shape: &before, blocks })?;
            self.checked(path, &before, wanted, &splices)
        };
        let (text, documents) = attempt(true).or_else(|e| match e {
            EditError::Notation { .. } | EditError::Shared { .. } => attempt(false),
            other => Err(other),
        })?;
        self.text = text;
        self.documents = documents;
        Ok(())
    }

    /// The new text, only if it reads as what was wanted and has every comment that no splice removed.
    fn checked(
        &self,
        path: &Path,
        before: &Shape,
        wanted: &[Option<Node>],
        splices: &[Splice],
    ) -> Result<(String, Vec<Document>), EditError> {
        let text = splice::apply(&self.text, splices).ok_or_else(|| self.refused(path))?;
        let documents = super::parse(SourceId(0), &text, &self.limits).map_err(|_| self.refused(path))?;
        let same = documents.len() == wanted.len()
            && documents.iter().zip(wanted).all(|(d, w)| meaning::roots_alike(d.root.as_ref(), w.as_ref()));
        if !same {
            let (path, span) = (path.to_string(), self.get(path).map_or(Span::default(), |n| n.span));
            return Err(if before.aliases {
                EditError::Shared { path, span }
            } else {
                EditError::Notation { path, span }
            });
        }
        let after = shape(&text, &self.limits).ok_or_else(|| self.refused(path))?;
        let words = |text: &str, spans: &[Span]| {
            let mut all: Vec<String> =
                spans.iter().filter_map(|s| text.get(s.start..s.end)).map(str::to_owned).collect();
            all.sort();
            all
        };
        let stays = |c: &Span| !splices.iter().any(|s| s.span.start <= c.start && c.end <= s.span.end);
        let kept: Vec<Span> = before.comments.iter().copied().filter(stays).collect();
        if words(&self.text, &kept) != words(&text, &after.comments) {
            return Err(self.refused(path));
        }
        Ok((text, documents))
    }
}
