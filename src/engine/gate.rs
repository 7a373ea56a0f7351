//! Gates between the phases of a plan: who looks, and what they found.

use crate::plan::Gate;
use crate::state::model::Record;
use crate::world::BoxFuture;

/// Looks at the exit criteria of a phase. It only reads.
pub trait Gatekeeper: Send + Sync {
    /// Whether everything that the gate asks for is so, by a fresh look. `record` is what is stored at that moment.
    fn look<'a>(&'a self, gate: &'a Gate, record: Option<Record>) -> BoxFuture<'a, Result<(), Closed>>;
}

/// Why a gate stays closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Criteria that do not hold.
    Criteria {
        /// Key of the phase.
        phase: String,
        /// Each of them, and what was observed. Safe to print in one line.
        open: Vec<(String, String)>,
    },
    /// It could not be found out.
    Unseen {
        /// Key of the phase.
        phase: String,
        /// Why.
        why: String,
    },
}

impl Closed {
    /// Key of the phase.
    pub fn phase(&self) -> &str {
        match self {
            Self::Criteria { phase, .. } | Self::Unseen { phase, .. } => phase,
        }
    }
    /// One line for each thing that is in the way.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Criteria { open, .. } => open
                .iter()
                .map(|(text, seen)| {
                    let seen = if seen.is_empty() { String::new() } else { format!(" ({seen})") };
                    format!("does not hold: {text}{seen}")
                })
                .collect(),
            Self::Unseen { why, .. } => vec![format!("it could not be looked at: {why}")],
        }
    }
}

/// Lets everything through: for plans without phases.
#[derive(Clone, Copy, Debug, Default)]
pub struct Open;

impl Gatekeeper for Open {
    fn look<'a>(&'a self, _: &'a Gate, _: Option<Record>) -> BoxFuture<'a, Result<(), Closed>> {
        Box::pin(async { Ok(()) })
    }
}
