//! What stays live as it is, with the reason.

use crate::resource::{LiveResource, ResourceId};
use crate::untrusted::Untrusted;

/// Something that the files do not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Left {
    /// Cluster that it belongs to; empty for what belongs to none.
    pub cluster: String,
    /// What, for people: an address, escaped.
    pub what: String,
    /// Why, as the end of a sentence.
    pub why: String,
}

/// A text from the server in one line of a message.
pub(super) fn shown(text: &str) -> String {
    Untrusted::new(text).line(80)
}

/// The address of a live resource as people see it: by its words where it has one, else type and id.
pub(super) fn named(live: &LiveResource) -> String {
    crate::graph::address_of(&live.resource)
        .map_or_else(|| identity(&live.resource.id), |a| Untrusted::new(a.to_string()).line(160))
}

fn identity(id: &ResourceId) -> String {
    format!("{}/{}", id.short_kind(), shown(&id.id))
}

impl Left {
    /// `live`, of `cluster`, stays as it is.
    pub(super) fn resource(cluster: &str, live: &LiveResource, why: impl Into<String>) -> Self {
        Self { cluster: cluster.to_owned(), what: named(live), why: why.into() }
    }
}
