//! Codes of what policies find. A code is never reused.

/// A rule of severity `deny` is broken.
pub const DENIED: &str = "OS0701";
/// A rule of severity `warn` is broken.
pub const WARNED: &str = "OS0702";
/// A rule of severity `info` is broken.
pub const TOLD: &str = "OS0703";
/// A locked decision is broken.
pub const DECISION: &str = "OS0704";
/// A rule or a decision that has no value for this plan.
pub const NOT_EVALUATED: &str = "OS0705";
/// The spec lets plans do more than it did when the last apply was complete.
pub const LOOSENED: &str = "OS0706";
/// Something that the spec does not ask for any more, and that binds until an apply has taken that in.
pub const STILL_BINDS: &str = "OS0707";
