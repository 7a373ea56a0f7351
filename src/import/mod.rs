//! A live Omni to the files of a repository: spec, machine classes and cluster templates that plan empty.
//!
//! [`import`] is a function of what one refresh saw. It chooses the objects, takes out what files cannot say (each with its
//! reason), and gives the new files in a form that a person would have written, checked by loading and rendering them again.
//! Nothing is written here: the caller does, and plans over the result.

mod class;
mod content;
mod files;
mod left;
mod names;
mod pick;
mod providers;
mod request;
mod run;
mod secrets;
mod spec;
mod style;
mod template;

pub use files::{Lookup, NewFile};
pub use left::Left;
pub use request::{Choice, Facts, Present, ProxmoxFacts, Request};
pub use run::{Imported, ImportedCluster, Refused, SecretFound, import};
