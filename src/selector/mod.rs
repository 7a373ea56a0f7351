//! Storage selectors as the Proxmox provider evaluates them: expressions over one storage of a node.
//!
//! The provider compiles a selector with cel-go's standard environment and four variables: `name`, `node` and `storageType`
//! (texts), and `availableSpace` (unsigned bytes; 0 for a storage that is not active). It is a typed language:
//! `availableSpace > 100` does not compile, because `100` is signed. The provider walks the storages of the node by id, and the first one for
//! which the selector is true wins; contents, `enabled` and `active` are not looked at. A selector that does not compile, or has
//! no value for a storage before the first match, is found only when a machine is made, after its image was downloaded.
//!
//! So a selector is read here as the provider reads it: parsed, type-checked with the library's words, and evaluated with its
//! overflows and errors. Not read are the names of messages (`google.protobuf.…`), which no selector needs.

mod calls;
mod check;
mod declared;
mod eval;
mod pick;
mod time;
mod tree;
mod types;
mod value;
mod words;

pub use check::{Refusal, Selector};
pub use eval::Storage;
pub use pick::{Pick, pick};

#[cfg(test)]
mod tests;
