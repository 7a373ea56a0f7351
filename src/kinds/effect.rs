//! What a change does to machines.

use serde::{Deserialize, Serialize};

/// What a change does to machines, mildest first: the order is the order of the worst-first display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(schemars::JsonSchema)]
pub enum Effect {
    /// Nothing about machines is involved.
    #[default]
    None,
    /// Stored, but no existing machine changes (every class edit).
    NoEffect,
    /// Applied to running machines without a reboot.
    Hot,
    /// Machines reboot.
    Reboot,
    /// We do not know; treat as worse than a reboot.
    Unknown,
    /// Machines are replaced; data on local disks is lost.
    Rebuild,
    /// Machines are deleted; data on local disks is lost.
    Destroy,
}

impl Effect {
    /// The word shown everywhere.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NoEffect => "no-effect",
            Self::Hot => "hot",
            Self::Reboot => "reboot",
            Self::Unknown => "unknown",
            Self::Rebuild => "rebuild",
            Self::Destroy => "destroy",
        }
    }
}

/// How sure an effect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[derive(schemars::JsonSchema)]
pub enum Certainty {
    /// The server said so, or it follows from what it said.
    #[default]
    Server,
    /// Follows from the files and live state by a rule that a test pins.
    Derived,
    /// We expect it; Omni or Proxmox decide.
    Predicted,
}
