//! How a writing call ends: exactly one of four ways.

/// The four ways. There is deliberately no conversion to `Result`: every caller has to say what it does with each.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub enum Outcome<T> {
    /// The reply proves the effect.
    Done(T),
    /// The reply proves that there was no effect.
    Refused(Refusal),
    /// Anything else (no reply, garbled reply, server fault): read the object back before doing anything.
    Unknown(String),
    /// The server is still at it; who or what holds it up.
    Blocked(String),
}

/// Why the server refused. Texts are escaped and cut, ready for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id exists already.
    #[error("it exists already")]
    Exists,
    /// Somebody wrote in between (optimistic lock).
    #[error("it was changed by somebody else in between")]
    Conflict,
    /// It does not exist.
    #[error("it does not exist")]
    Missing,
    /// It is being torn down.
    #[error("it is being torn down")]
    TearingDown,
    /// The server's rules forbid it; its innermost messages.
    #[error("{}", .0.join("; "))]
    Invalid(Vec<String>),
    /// The key may not do this.
    #[error("not permitted: {0}")]
    Forbidden(String),
    /// The key is not accepted; with the likely causes.
    #[error("not authenticated: {0}")]
    Unauthenticated(String),
    /// This server version does not know a field or type.
    #[error("this Omni version does not know {0}")]
    Unsupported(String),
    /// Nothing was sent (no connection, certificate not trusted) or the server is too busy; may be tried again.
    #[error("{0}")]
    Unavailable(String),
}
