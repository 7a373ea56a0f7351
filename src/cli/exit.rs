//! Exit codes: the only table.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// Any error that has no code of its own.
    Error,
    /// There are changes (only with `--detailed-exitcode`).
    Changes,
    /// A guard or policy blocks.
    Blocked,
    /// The plan is not true any more.
    Stale,
    /// Some steps are done, others failed or are unknown.
    Partial,
    /// Somebody else is applying.
    Held,
    /// Credential missing, refused, or not bound to the endpoint.
    Auth,
    /// Stopped by a first interrupt; can be resumed.
    Stopped,
    /// Everything was sent, but health was not reached in time.
    Unhealthy,
    /// Wrong usage.
    Usage,
    /// The files are invalid.
    Files,
    /// A back end cannot be reached.
    Unreachable,
    /// A bug of ours.
    Bug,
    /// Aborted by a second interrupt.
    Aborted,
}

impl Exit {
    /// All of them, by number.
    pub const ALL: [Self; 15] = [
        Self::Done,
        Self::Error,
        Self::Changes,
        Self::Blocked,
        Self::Stale,
        Self::Partial,
        Self::Held,
        Self::Auth,
        Self::Stopped,
        Self::Unhealthy,
        Self::Usage,
        Self::Files,
        Self::Unreachable,
        Self::Bug,
        Self::Aborted,
    ];

    /// The number. Terraform's meaning of 2 (changes) is kept free of everything else, usage errors included.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Error => 1,
            Self::Changes => 2,
            Self::Blocked => 3,
            Self::Stale => 4,
            Self::Partial => 5,
            Self::Held => 6,
            Self::Auth => 7,
            Self::Stopped => 8,
            Self::Unhealthy => 9,
            Self::Usage => 64,
            Self::Files => 65,
            Self::Unreachable => 69,
            Self::Bug => 70,
            Self::Aborted => 130,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
