//! What the spec says about the life of addresses: protected, retained, moved.

use serde::{Deserialize, Serialize};

use crate::address::{Address, Glob};

/// `lifecycle` of the spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// What is never destroyed or rebuilt.
    #[serde(default)]
    pub protect: Vec<Pattern>,
    /// What stays in Omni when the files no longer name it: only the record lets go of it.
    #[serde(default)]
    pub retain: Vec<Pattern>,
    /// What the record knows under another address.
    #[serde(default)]
    pub moved: Vec<Move>,
}

/// A pattern, and where it is written (`path:line`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pattern {
    /// What it fits.
    pub glob: Glob,
    /// Where it is written.
    #[serde(default)]
    pub source: Option<String>,
}

/// An entry of the record that gets another address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Move {
    /// The address until now.
    pub from: Address,
    /// The address from now on.
    pub to: Address,
    /// Where it is written.
    #[serde(default)]
    pub source: Option<String>,
}

impl Lifecycle {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.protect.is_empty() && self.retain.is_empty() && self.moved.is_empty()
    }
    /// The entry of `retain` by which an address stays, by itself or with what it lies below.
    pub fn retains(&self, address: &Address) -> Option<&Pattern> {
        self.retain.iter().find(|p| {
            std::iter::successors(Some(address.clone()), Address::parent).any(|a| p.glob.matches(&a))
        })
    }
}
