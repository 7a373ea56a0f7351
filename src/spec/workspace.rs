//! Everything that the files say, indexed, with places.

use std::collections::BTreeMap;

use crate::diag::{SourceId, Sources};
use crate::yaml::Document;

use super::class::Class;
use super::model::{Place, Spec};

/// The files of a provider's folder.
pub(super) const PROVIDER_FILES: [&str; 2] = ["compose.yml", "config.yaml"];

/// A cluster template that was parsed but not interpreted.
#[derive(Clone, Debug, PartialEq)]
pub struct TemplateFile {
    /// Path relative to the repository; references in it are relative to its folder.
    pub path: String,
    /// Its text.
    pub source: SourceId,
    /// Its documents.
    pub documents: Vec<Document>,
}

/// What one repository asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Workspace {
    /// Path of the spec.
    pub spec_path: String,
    /// The spec.
    pub spec: Spec,
    /// Machine classes by id.
    pub classes: BTreeMap<String, Class>,
    /// Cluster templates by path.
    pub templates: Vec<TemplateFile>,
    /// Files of providers (`<folder>/compose.yml`, `<folder>/config.yaml`), authorities, and files that templates refer to, by
    /// path relative to the repository.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Releases of providers that the tags of their images tell, by id; 0.0 is older than any.
    pub releases: BTreeMap<String, (u64, u64)>,
    /// SHA-256 in hexadecimal over all files that were used, sorted by path: path, 0, length, 0, bytes.
    pub files_digest: String,
}

impl Workspace {
    /// `path:line` of a place.
    pub fn provenance(&self, sources: &Sources, place: Place) -> String {
        place.show(sources)
    }
}
