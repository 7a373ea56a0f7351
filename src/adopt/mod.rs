//! Live values into the files: what somebody made or changed in Omni becomes what the files ask for.
//!
//! [`adopt`] edits texts and nothing else. What it edits is little: comments and everything that does not differ stay. Whether
//! the files then ask for what is live is for a plan to say; the caller makes it before anything is written.

mod class;
mod declared;
mod document;
mod foreign;
mod live;

use std::collections::BTreeMap;

use crate::address::Address;
use crate::graph::Desired;
use crate::live::Snapshot;
use crate::plan::Plan;
use crate::template::Dialect;
use crate::yaml::edit::EditError;

/// A file of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path relative to the repository.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What is to be adopted.
    pub address: &'a Address,
    /// Cluster templates.
    pub templates: &'a [File],
    /// Files of machine classes.
    pub classes: &'a [File],
    /// Folder for a new machine class, if the spec names one.
    pub class_folder: Option<&'a str>,
    /// Files that templates name.
    pub contents: &'a BTreeMap<String, Vec<u8>>,
    /// What the files ask for.
    pub desired: &'a Desired,
    /// What was seen.
    pub snapshot: &'a Snapshot,
    /// What would be changed.
    pub plan: &'a Plan,
    /// The language of the templates.
    pub dialect: Dialect,
}

/// New texts by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edited {
    /// Files that change or are new.
    pub files: BTreeMap<String, String>,
    /// Whether what is copied holds a secret, by its names and looks.
    pub secret: bool,
}

/// Why nothing is adopted. All texts are fit for printing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing of this address is live.
    #[error("`{0}` is not there")]
    Missing(String),
    /// The files ask for what is live already.
    #[error("`{0}` is as the files ask")]
    Same(String),
    /// The files cannot say it.
    #[error("`{address}` cannot be adopted: {why}")]
    Unfit {
        /// What.
        address: String,
        /// Why, as a clause.
        why: String,
        /// What to do instead.
        help: Option<String>,
    },
    /// It could not be read.
    #[error("`{address}` cannot be adopted: {why}")]
    Unread {
        /// What.
        address: String,
        /// Why, as a clause.
        why: String,
    },
}

/// Copies what is live into the files.
///
/// # Errors
/// See [`Refusal`].
pub fn adopt(input: Input<'_>) -> Result<Edited, Refusal> {
    let address = input.address;
    if let Some(reason) = live::unread(input) {
        return Err(Refusal::Unread { address: address.to_string(), why: reason });
    }
    let live = live::find(input.address, input.snapshot);
    let declared = is_declared(input.desired, address);
    let Some(live) = live else {
        if declared {
            let why = "the files ask for it, but it is not there; `apply` would make it".to_owned();
            return Err(input.unfit(why, None));
        }
        return Err(Refusal::Missing(address.to_string()));
    };
    if !live.owner.is_empty() {
        let owner = crate::untrusted::Untrusted::new(&live.owner).line(80);
        return Err(input.unfit(format!("it belongs to Omni's controller `{owner}`"), None));
    }
    let is_class = address.kind() == "class";
    let mut edited = match (is_class, declared) {
        (true, true) => class::drift(input, live)?,
        (true, false) => class::new(input, live)?,
        (false, true) => declared::drift(input, live)?,
        (false, false) => foreign::take(input, live)?,
    };
    edited.secret = crate::diff::redact(&live.resource) != live.resource;
    Ok(edited)
}

/// Whether the files ask for an address.
pub fn is_declared(desired: &Desired, address: &Address) -> bool {
    let below = desired.clusters.iter().flat_map(|c| &c.resources);
    desired.classes.iter().chain(below).any(|d| d.address == *address)
}

impl Input<'_> {
    fn unfit(&self, why: impl Into<String>, help: Option<&str>) -> Refusal {
        Refusal::Unfit { address: self.address.to_string(), why: why.into(), help: help.map(str::to_owned) }
    }
    /// An edit that could not be made.
    fn refused(&self, path: &str, e: &EditError) -> Refusal {
        self.unfit(format!("in `{path}`, {e}"), Some("edit the file by hand"))
    }
}
