//! What is to be imported, and into what.

use std::collections::BTreeSet;

use super::files::Lookup;
use crate::live::Snapshot;
use crate::template::Dialect;

/// Which clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// All, and all machine classes.
    All,
    /// These, and the classes that give them machines.
    Named(BTreeSet<String>),
}

/// What the repository says already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// Path and bytes of the spec, if there is one.
    pub spec: Option<(String, Vec<u8>)>,
    /// Clusters that a template describes.
    pub clusters: BTreeSet<String>,
    /// Classes that a file describes.
    pub classes: BTreeSet<String>,
    /// Providers that the spec names.
    pub providers: BTreeSet<String>,
    /// Folders that the spec reads templates from, in its order.
    pub cluster_folders: Vec<String>,
    /// Folders that the spec reads machine classes from, in its order.
    pub class_folders: Vec<String>,
}

/// A Proxmox cluster, for a new spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxmoxFacts {
    /// Name.
    pub name: String,
    /// Origins.
    pub endpoints: Vec<String>,
    /// Nodes, by name.
    pub nodes: Vec<String>,
    /// Where that comes from, a line.
    pub comment: String,
}

/// What a new spec says about the outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Path of the spec to write.
    pub spec_path: String,
    /// Origin of Omni.
    pub endpoint: String,
    /// Where the endpoint comes from, a line.
    pub endpoint_comment: String,
    /// `omni.version`, where templates are not read as for the oldest version without it.
    pub version: Option<String>,
    /// Proxmox clusters that could be read.
    pub proxmox: Vec<ProxmoxFacts>,
    /// Comment lines about what could not be read.
    pub unread: Vec<String>,
}

/// Everything that an import looks at.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// What was seen.
    pub snapshot: &'a Snapshot,
    /// Which clusters.
    pub choice: &'a Choice,
    /// What is there already.
    pub present: &'a Present,
    /// For a new spec.
    pub facts: &'a Facts,
    /// Whether objects that hold secrets are written too.
    pub with_secrets: bool,
    /// How the repository's templates are read.
    pub dialect: Dialect,
    /// What stands at a path.
    pub taken: Lookup<'a>,
}
