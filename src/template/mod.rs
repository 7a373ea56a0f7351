//! Omni cluster templates: what `omnictl cluster template` reads, judged by its rules and rendered to its resources.
//!
//! [`load`] takes the documents of one file through all stages: models ([`model`]), rules, resources ([`Rendered`]). Ids, labels,
//! weights and the bytes of patches equal omnictl's (Omni 1.9.3), so that the two tools leave each other's work alone.
//! Unlike omnictl, all problems of all documents are found in one run, each with its place; what omnictl would have said is in a
//! note. Nothing is read from disk here: files come from a lookup ([`PatchFiles`]).

mod decode;
mod dialect;
mod encoded_anew;
pub mod export;
mod files;
mod letters;
mod load;
mod machine_id;
pub mod model;
mod patch;
mod quote;
mod references;
pub mod render;
mod rendered;
mod resources;
mod semver;
mod talos;
#[cfg(test)]
mod tests;
mod together;
mod validate;

pub use dialect::{Dialect, minor};
pub use files::{Contents, FileMap, FileProblem, PatchFiles, join, resolve};
pub use load::{Loaded, load};
pub use references::{ClassReference, class_references};
pub use rendered::Rendered;
pub use together::check_together;

/// The rules about templates that have a description, with what their examples are a part of.
pub fn file_rules() -> &'static [(&'static crate::diag::rule::Rule, crate::diag::rule::Stands)] {
    &validate::ALL
}
