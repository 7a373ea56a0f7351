//! The storage that the provider takes on a node.

use super::check::{Refusal, Selector};
use super::eval::Storage;

/// What comes of a selector on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// The first storage for which it is true.
    Storage(String),
    /// It is true for none.
    None,
    /// It has no value for a storage that comes before the first match.
    Failed {
        /// The storage.
        storage: String,
        /// Why, in the words that the provider logs.
        error: String,
    },
    /// It does not compile.
    Refused(Refusal),
    /// The node shows no storage at all, so that the selector is never compiled; the provider then says that it cannot find an
    /// item.
    NothingThere,
}

/// Walks the storages of a node by id, as Proxmox lists them.
pub fn pick(selector: &Result<Selector, Refusal>, node: &str, storages: &[Storage]) -> Pick {
    let mut storages: Vec<&Storage> = storages.iter().collect();
    storages.sort();
    if storages.is_empty() {
        return Pick::NothingThere;
    }
    let selector = match selector {
        Ok(selector) => selector,
        Err(refusal) => return Pick::Refused(refusal.clone()),
    };
    for storage in storages {
        match selector.accepts(node, storage) {
            Ok(true) => return Pick::Storage(storage.name.clone()),
            Ok(false) => {}
            Err(error) => return Pick::Failed { storage: storage.name.clone(), error },
        }
    }
    Pick::None
}
