//! Known, absent or unknown: absence is believed only where the server itself proved it.

use serde::{Deserialize, Serialize};

/// Why something is unknown, in words for people (already escaped).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason(pub String);

/// The outcome of looking.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation<T> {
    /// Seen.
    Known(T),
    /// The server proved that it does not exist (or, for a type, does not know it).
    Absent,
    /// Not seen, and that proves nothing (no answer, no permission).
    Unknown(Reason),
}

/// What nobody asked for is unknown.
impl<T> Default for Observation<T> {
    fn default() -> Self {
        Self::Unknown(Reason("not asked".to_owned()))
    }
}

impl<T> Observation<T> {
    /// The value, if it was seen.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(v) => Some(v),
            _ => None,
        }
    }
    /// The reason, if it is unknown.
    pub fn unknown(&self) -> Option<&Reason> {
        match self {
            Self::Unknown(r) => Some(r),
            _ => None,
        }
    }
}
