//! From a path to what is written there.

use super::lines::column;
use super::{EditError, Path, Step};
use crate::yaml::shape::{Entry, Form, Item, Shape, Written};

/// What holds a value.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    /// The document.
    Root,
    /// A key.
    Entry {
        /// The mapping.
        mapping: &'a Written,
        /// Its number there.
        position: usize,
        /// The entry.
        entry: &'a Entry,
        /// Braces, here or further out.
        flow: bool,
    },
    /// A list.
    Item {
        /// The list.
        list: &'a Written,
        /// Its number there.
        position: usize,
        /// The item.
        item: &'a Item,
        /// Brackets, here or further out.
        flow: bool,
    },
}

impl Holder<'_> {
    /// Whether the value stands inside of brackets or braces.
    pub(super) fn in_flow(self) -> bool {
        match self {
            Self::Root => false,
            Self::Entry { flow, .. } | Self::Item { flow, .. } => flow,
        }
    }
    /// Column to which the lines below relate: of the key's mapping or of the dash.
    pub(super) fn column(self, text: &str) -> usize {
        match self {
            Self::Root => 0,
            Self::Entry { entry, .. } => column(text, entry.start),
            Self::Item { item, .. } => column(text, item.start),
        }
    }
}

/// The value at a path and what holds it.
pub(super) fn locate<'a>(shape: &'a Shape, path: &Path) -> Result<(&'a Written, Holder<'a>), EditError> {
    let missing = || EditError::Missing { path: path.to_string(), wanted: "value" };
    let mut at = shape.documents.get(path.document).and_then(|d| d.root.as_ref()).ok_or_else(missing)?;
    let mut holder = Holder::Root;
    for step in &path.steps {
        let outside = holder.in_flow();
        match (step, &at.kind) {
            (_, Form::Alias) => {
                return Err(EditError::Shared {
                    path: path.to_string(),
                    span: crate::diag::Span::new(at.start, at.end),
                });
            }
            (Step::Key(key), Form::Map { entries, flow }) => {
                let found = entries.iter().enumerate().find(|(_, e)| e.key.text() == Some(key));
                let Some((position, entry)) = found else {
                    return Err(match entries.iter().find(|e| e.key.text() == Some("<<")) {
                        Some(merge) => EditError::Shared {
                            path: path.to_string(),
                            span: crate::diag::Span::new(merge.key.start, merge.value.end),
                        },
                        None => missing(),
                    });
                };
                holder = Holder::Entry { mapping: at, position, entry, flow: outside || *flow };
                at = &entry.value;
            }
            (Step::Item(position), Form::Seq { items, flow }) => {
                let item = items.get(*position).ok_or_else(missing)?;
                holder = Holder::Item { list: at, position: *position, item, flow: outside || *flow };
                at = &item.value;
            }
            _ => return Err(missing()),
        }
    }
    Ok((at, holder))
}
