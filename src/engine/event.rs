//! One stream of events for progress lines, reports and tests.

use crate::address::Address;
use crate::plan::{Action, StepId};

/// What class of failure, for exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The server's rules forbid it.
    Refused,
    /// What was planned for is not what is there any more.
    Stale,
    /// It did not get there in time.
    TimedOut,
    /// The key is not accepted or may not do it.
    Auth,
    /// No connection.
    Unreachable,
    /// Our own memory cannot be written.
    Memory,
    /// A bug of ours.
    Bug,
}

/// Why a step failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Class.
    pub kind: FailureKind,
    /// In words for people.
    pub why: String,
}

/// How a step ended: every step ends in exactly one of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The effect is proved and remembered.
    Done,
    /// It did not happen, or not completely.
    Failed(Failure),
    /// Nothing was sent for it; why.
    NotStarted(String),
    /// In doubt; the next apply looks first.
    Unknown(String),
}

impl Ending {
    /// The word shown everywhere.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::NotStarted(_) => "not started",
            Self::Unknown(_) => "unknown",
        }
    }
    /// Why, if it is not done.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Done => None,
            Self::Failed(f) => Some(&f.why),
            Self::NotStarted(why) | Self::Unknown(why) => Some(why),
        }
    }
}

/// Something happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A run begins.
    RunStarted {
        /// Identity.
        run: String,
        /// Number of steps.
        steps: usize,
    },
    /// A step begins.
    StepStarted {
        /// Which.
        step: StepId,
        /// About what.
        address: Address,
        /// What it does.
        action: Action,
    },
    /// A step says what it is doing or waiting for.
    StepProgress {
        /// Which.
        step: StepId,
        /// In words for people.
        text: String,
    },
    /// A step ended.
    StepEnded {
        /// Which.
        step: StepId,
        /// About what.
        address: Address,
        /// How.
        ending: Ending,
    },
    /// Something that an earlier run left in doubt was looked up.
    Recovered {
        /// About what.
        address: Address,
        /// What was found.
        text: String,
    },
    /// The exit criteria of a phase were looked at.
    Gate {
        /// Key of the phase.
        phase: String,
        /// What does not hold; empty when all of it does.
        open: Vec<String>,
    },
    /// Anything else worth a line.
    Note(String),
}

/// Is told about every event, in order. It must not block.
pub trait Observer: Send + Sync {
    /// Something happened.
    fn on(&self, event: &Event);
}

impl<F: Fn(&Event) + Send + Sync> Observer for F {
    fn on(&self, event: &Event) {
        self(event);
    }
}
