//! What a patch says: its documents, whether they are Talos machine configuration, and what they may not set.

mod check;
mod delete;
mod documents;
mod forbidden;

pub(super) use check::check;
pub(super) use documents::{Part, documents};
