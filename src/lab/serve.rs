//! The lab as a running thing: opens a world, serves it on loopback, keeps it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::secret::Secret;
use crate::world::Clock;

/// How virtual time passes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// It jumps to its next event whenever every client waits: for a client in the same process that sleeps on [`Lab::clock`].
    Jump,
    /// It runs this many times as fast as real time: for clients in other processes.
    Times(f64),
}

/// How to run a world.
#[derive(Clone, Debug)]
pub struct LabOptions {
    /// Folder of all worlds (`state/lab`).
    pub root: PathBuf,
    /// Name of the world; made from the scenario of that name on first use.
    pub world: String,
    /// Real time before every answer.
    pub latency: Duration,
    /// How virtual time passes.
    pub speed: Speed,
}

/// Why the lab cannot do something.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// No scenario has the name of a world that does not exist yet.
    #[error("there is no world `{name}`; worlds are {}", known.join(", "))]
    UnknownWorld {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// No such fault.
    #[error("there is no fault `{name}`; faults are {}", known.join(", "))]
    UnknownFault {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The fault names something that the world does not have.
    #[error("{0}")]
    NoTarget(String),
    /// Another process serves the world.
    #[error("world `{0}` is served by another process; stop its `lab up` first")]
    InUse(String),
    /// A file of the world cannot be read or written.
    #[error("`{path}`: {cause}")]
    File {
        /// Which.
        path: String,
        /// Why.
        cause: String,
    },
    /// A server cannot be started.
    #[error("the lab cannot serve: {0}")]
    Serve(String),
}

/// One Proxmox cluster of a world.
#[derive(Clone, Debug)]
pub struct LabProxmox {
    /// Name in the spec (`matrix`).
    pub name: String,
    /// Origins, in the order to try.
    pub endpoints: Vec<String>,
    /// SHA-256 of the certificate, upper-case hex with colons.
    pub sha256: String,
    /// API token, `user@realm!name=secret`.
    pub token: Secret<String>,
}

/// Where a served world is found.
#[derive(Clone, Debug)]
pub struct Served {
    /// Origin of Omni (`http://127.0.0.1:PORT`).
    pub omni_endpoint: String,
    /// Service account key, as `OMNI_SERVICE_ACCOUNT_KEY` has it.
    pub service_account_key: Secret<String>,
    /// Proxmox clusters.
    pub proxmox: Vec<LabProxmox>,
    /// Process that serves.
    pub pid: u32,
}

/// What a test counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LabCounts {
    /// Requests served in this run, both servers.
    pub requests: u64,
    /// Of them, requests that write.
    pub writes: u64,
    /// Guests of kind VM.
    pub vms: usize,
    /// Omni's Machines.
    pub machines: usize,
    /// Machine requests.
    pub requests_open: usize,
}

/// A fault to inject, by name (`node-offline:hotel`, `provider-stopped`, …).
pub type Fault = str;

/// A served world. Its servers stop when it is dropped; [`Lab::stop`] also keeps the world.
pub struct Lab {
    served: Served,
}

impl Lab {
    /// Opens the world (made from its scenario on first use) and serves it on loopback.
    pub async fn start(_options: LabOptions) -> Result<Self, LabError> {
        Err(LabError::Serve("not built".to_owned()))
    }
    /// Origin of Omni.
    pub fn omni_endpoint(&self) -> &str {
        &self.served.omni_endpoint
    }
    /// The key of an Admin service account.
    pub fn service_account_key(&self) -> Secret<String> {
        self.served.service_account_key.clone()
    }
    /// Proxmox clusters.
    pub fn proxmox(&self) -> &[LabProxmox] {
        &self.served.proxmox
    }
    /// Everything another process needs.
    pub fn served(&self) -> &Served {
        &self.served
    }
    /// The clock that the client must wait on in [`Speed::Jump`]; its `unix` is wall time.
    pub fn clock(&self) -> Arc<dyn Clock> {
        unreachable!("start never returns a lab yet")
    }
    /// Counts.
    pub fn counts(&self) -> LabCounts {
        LabCounts::default()
    }
    /// Stops serving and writes the world.
    pub async fn stop(self) -> Result<(), LabError> {
        Ok(())
    }
}

/// Names of the scenarios.
pub fn worlds() -> &'static [&'static str] {
    &["fresh", "deployed", "matrix"]
}

/// Makes a world anew.
pub fn reset(_root: &Path, _world: &str) -> Result<(), LabError> {
    Err(LabError::Serve("not built".to_owned()))
}

/// Injects a fault into a world that is not being served.
pub fn inject(_root: &Path, _world: &str, _fault: &Fault) -> Result<(), LabError> {
    Err(LabError::Serve("not built".to_owned()))
}

/// The world, if another process serves it now.
pub fn attached(_root: &Path, _world: &str) -> Option<Served> {
    None
}

/// The user's spec with the world's endpoints and pins, and nothing else changed. Works on the text line by line of
/// `omni.endpoint`, `omni.tls` and of `proxmox.<name>.endpoints` and `.tls`.
pub fn spec_for(_served: &Served, original: &str) -> String {
    original.to_owned()
}
