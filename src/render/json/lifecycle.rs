//! Gates and moves as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::plan::{Gate, Moved, Step};

/// What has to be so before apply goes on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GateView {
    /// Key of the phase whose exit criteria these are.
    pub phase: String,
    /// The wave after which it stands; 0: before all of them.
    pub after_wave: u32,
    /// What is checked, in words; empty where only the phase itself has to be done.
    pub criteria: Vec<String>,
    /// Where the phase is declared (`path:line`).
    pub source: Option<String>,
}

impl From<&Gate> for GateView {
    fn from(gate: &Gate) -> Self {
        Self {
            phase: gate.phase.clone(),
            after_wave: gate.after,
            criteria: gate.criteria.clone(),
            source: gate.source.clone(),
        }
    }
}

/// Something that gets another address.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MoveView {
    /// The address until now.
    pub from: String,
    /// The address from now on.
    pub to: String,
    /// Number of the step that does it.
    pub step: u32,
    /// `record`: the same object, and only its entry in the record moves. `made`: Omni changes no ids, so it is made under a
    /// new one, and the old one is destroyed after it.
    pub how: String,
}

/// The move that a step carries out; the one that makes it, where two steps do.
pub(super) fn move_of(step: &Step) -> Option<MoveView> {
    let (from, how) = match step.moved.as_ref()? {
        Moved::EntryFrom(from) => (from, "record"),
        Moved::MadeFor(from) => (from, "made"),
        Moved::MadeAs(_) => return None,
    };
    Some(MoveView {
        from: from.to_string(),
        to: step.address.to_string(),
        step: step.id.0,
        how: how.to_owned(),
    })
}
