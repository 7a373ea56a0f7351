//! Why a command cannot go on: what to say, and the exit code.

use super::exit::Exit;
use super::files::FileError;
use super::streams::Streams;
use crate::state::store::StoreError;

/// An end with a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fail {
    /// Exit code.
    pub(super) exit: Exit,
    /// What is wrong; empty when it was said already.
    pub(super) message: String,
    /// What to do.
    pub(super) help: Option<String>,
}

impl Fail {
    /// An end with a message.
    pub(super) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), help: None }
    }
    /// An end whose message was printed already.
    pub(super) fn said(exit: Exit) -> Self {
        Self::new(exit, "")
    }
    /// Says what to do.
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
    /// Prints the message.
    pub(super) fn tell(self, streams: &Streams) -> Exit {
        if !self.message.is_empty() {
            streams.error(&self.message, self.help.as_deref());
        }
        self.exit
    }
}

impl From<StoreError> for Fail {
    fn from(e: StoreError) -> Self {
        let exit = match &e {
            StoreError::Conflict { .. } => Exit::Stale,
            StoreError::Held(_) | StoreError::Lost(_) | StoreError::Leased(_) => Exit::Held,
            StoreError::Refused(_) | StoreError::Sealed { .. } => Exit::Auth,
            StoreError::Unreachable(_) => Exit::Unreachable,
            StoreError::Damaged { .. }
            | StoreError::Newer { .. }
            | StoreError::Foreign { .. }
            | StoreError::Key(_)
            | StoreError::Lies(_)
            | StoreError::Lease { .. }
            | StoreError::Older { .. }
            | StoreError::Changed { .. }
            | StoreError::Unavailable(_) => Exit::Error,
        };
        Self::new(exit, e.to_string()).help(e.help())
    }
}

impl From<FileError> for Fail {
    fn from(e: FileError) -> Self {
        Self::new(Exit::Files, e.to_string())
    }
}
