//! Partial plans: what a person chose of the whole, what comes along because it is needed, what stays out because it needs
//! something that was excluded.

mod concerns;
mod effective;
mod narrow;
mod selection;

pub(super) use concerns::Concerns;
pub(super) use effective::effective;
pub(super) use narrow::{Narrowed, narrow};
pub use selection::{Choice, Selection, Unmatched, known};
