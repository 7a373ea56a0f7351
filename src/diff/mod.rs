//! Differences between what the files ask for, what is live and what was last applied, field by field.
//!
//! Text that is itself YAML (provider data, patches, manifests) is compared as a tree, but its text still counts: Omni and
//! `omnictl` compare text, so a difference of formatting alone is an update, labelled as such.

mod carry;
mod compare;
mod embedded;
pub mod lines;
mod marks;
mod masked;
mod remembered;
mod sensitive;
mod since;
mod unsayable;
mod words;

pub use carry::{LOCKS, carry, is_locked};
pub use compare::{Cause, Difference, compare, reads_as_nothing, same_record, same_spec};
pub use embedded::{documents, leaves_no_cni};
pub use marks::only_marks;
pub use masked::masked;
pub use remembered::{is_unknown, remembered};
pub use sensitive::{conceals, covered, is_sensitive, redact};
pub use since::{Since, since};
pub use unsayable::keep_unsayable;
