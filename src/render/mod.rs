//! The same facts in every form: text, and later others. No renderer computes anything.

pub mod human;
