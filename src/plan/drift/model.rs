//! Drift as plain data: everything that renderers show.

use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::plan::{Scope, UnknownSubtree};
use crate::resource::ResourceId;
use crate::value::Value;

/// What is otherwise than it was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    /// Omni origin.
    pub omni: String,
    /// Omni version, if known.
    pub omni_version: Option<String>,
    /// Lineage and serial of the record; `None` without one: then nothing can have drifted.
    pub record: Option<(String, u64)>,
    /// What was looked at, where that is not everything.
    pub scope: Option<Scope>,
    /// Recorded things that were compared.
    pub compared: u32,
    /// What matters, by address.
    pub drifted: Vec<Drifted>,
    /// What does not matter, by address.
    pub minor: Vec<Minor>,
    /// Declared things that the record does not hold: nothing was applied that could have drifted.
    pub not_recorded: u32,
    /// Values that cannot be compared, because the digests in the record are of another key.
    pub incomparable: u32,
    /// What could not be read; a report with entries here is not complete.
    pub unknown: Vec<String>,
    /// Where that is.
    pub unknown_subtrees: Vec<UnknownSubtree>,
}

/// In what way something is otherwise. The order is the display order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Deviation {
    /// It was there and is gone.
    Gone,
    /// It is on its way out, and we did not ask for that.
    Leaving,
    /// One of Omni's controllers owns it now.
    TakenOver,
    /// Fields are otherwise.
    Changed,
    /// Somebody locked it: Omni holds changes back.
    Locked,
    /// It stands in a cluster of ours and is not ours.
    Foreign,
}

impl Deviation {
    /// The word shown everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Leaving => "leaving",
            Self::TakenOver => "taken over",
            Self::Changed => "changed",
            Self::Locked => "locked",
            Self::Foreign => "foreign",
        }
    }
}

/// What the files say about something that drifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FilesSay {
    /// What was applied: the next apply puts it back.
    AsApplied,
    /// What is live now: the next apply only writes the record.
    AsLive,
    /// Something else: the next apply changes it to that.
    Otherwise,
    /// Nothing: they do not declare it.
    NotDeclared,
}

/// One thing that is otherwise than it was applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Drifted {
    /// What.
    pub address: Address,
    /// Identity in Omni.
    pub id: ResourceId,
    /// Name of the machine, as people know it, where it is one.
    pub machine: Option<String>,
    /// In what way.
    pub deviation: Deviation,
    /// Fields that are otherwise, by path; only where it changed.
    pub fields: Vec<DriftField>,
    /// What the files say about it as a whole.
    pub files: FilesSay,
    /// RFC 3339 time of its last write by anybody, or of its creation for what is foreign, as Omni tells it.
    pub when: Option<String>,
    /// Who wrote it last, by Omni's audit log, where the key may read that: an e-mail address or the name of an account, safe to
    /// print. It is personal: it stands where the person who asked reads it, and in no comment or page for others.
    pub who: Option<String>,
    /// A fact for people.
    pub note: Option<String>,
}

/// One field that is otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct DriftField {
    /// Path in the words of the file, one part per level.
    pub path: Vec<String>,
    /// What was applied; `None` where it was absent or must not be shown.
    pub applied: Option<Value>,
    /// What is live; `None` where it is absent or must not be shown.
    pub live: Option<Value>,
    /// Whether the values must not be shown.
    pub sensitive: bool,
    /// What the files say.
    pub files: FilesSay,
}

/// Something that is otherwise and does not matter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Minor {
    /// What.
    pub address: Address,
    /// In words: whose mark, or that only the formatting differs.
    pub what: String,
}
