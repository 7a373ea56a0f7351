//! What an answer other than success proves.

/// An answer that is not success. All texts are escaped and cut, ready for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No effect: the id is taken. (409 on a create.)
    Exists,
    /// No effect: somebody wrote in between. (409 on an update.)
    Conflict,
    /// The very resource asked for does not exist. (404 that names it.)
    Missing,
    /// No effect: it is on its way out and cannot be updated.
    TearingDown,
    /// No effect: the server's rules forbid it; its innermost messages.
    Invalid(Vec<String>),
    /// No effect: a controller of Omni owns it.
    Owned(String),
    /// No effect: the key's role or the type's rules forbid it.
    Forbidden(String),
    /// `no access is permitted`: this version does not know the type, or nobody may read it. The answer is the same.
    NoAccess,
    /// No effect: the signature was not accepted.
    Unauthenticated,
    /// No effect: this version does not know a field, type or method.
    Unsupported(String),
    /// No effect: the server is throttling; may be tried again.
    Busy(String),
    /// Proves nothing: read the resource back before doing anything.
    Unclear(String),
}
