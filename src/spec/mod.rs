//! What the repository asks for: the spec file, machine classes and the raw documents of cluster templates, with places.
//!
//! Loading is a pure function of values. The caller reads files, this module says which ones it wants:
//!
//! ```text
//! let spec = read_spec(&mut sources, path, bytes, &mut sink)?;
//! let mut files = FileSet::default();
//! loop { let wanted = spec.wanted(&files); if wanted.is_empty() { break } /* read each into files */ }
//! let workspace = load(spec, &files, &mut sources, &mut sink);
//! ```
//!
//! A template is not interpreted here: [`Workspace::templates`] holds its documents, [`Workspace::files`] the patch files.

mod class;
mod document;
mod expression;
mod fields;
mod files;
mod load;
mod model;
mod narrative;
mod provider_data;
pub mod provider_schema;
mod rules;
mod sections;
pub mod upgrade;
mod workspace;

pub use class::{CLASS_TYPE, Class};
pub use document::{DEFAULT_PATHS, SpecFile, read_spec, section_names};
pub use expression::Expression;
pub use files::{Entry, FileSet, below_root, resolve};
pub use load::{load, referenced_files};
pub use model::{
    Clusters, Container, DoneItem, Excepted, Exception, Lifecycle, Listed, LockedDecision, Moved, Narrative,
    ObjectStore, Omni, Pattern, Phase, Place, Policy, PolicyRule, Provider, ProxmoxCluster, Prune,
    RuleSeverity, Spec, StateStore, StatedVersion, Thresholds, Together, Trust,
};
pub use provider_data::{FIELDS as PROVIDER_FIELDS, Type as ProviderFieldType, since as provider_since};
pub use workspace::{TemplateFile, Workspace};

/// The rules about files that have a description, with what their examples are a part of.
pub fn file_rules() -> &'static [(&'static crate::diag::rule::Rule, crate::diag::rule::Stands)] {
    &rules::ALL
}
