//! Machines that run Talos: what they have installed, what they are doing, how long it takes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Milliseconds that things take on a machine.
pub mod time {
    /// From power-on to the connection to Omni.
    pub const BOOT: u64 = 30_000;
    /// Writing Talos to disk and starting from it.
    pub const INSTALL: u64 = 60_000;
    /// Services coming up after the first start.
    pub const CONFIGURE: u64 = 15_000;
    /// The kubelet's first registration of the node, after the machine runs.
    pub const NODE_READY: u64 = 10_000;
    /// Applying a configuration that needs no reboot.
    pub const APPLY: u64 = 400;
    /// A reboot.
    pub const REBOOT: u64 = 40_000;
    /// Fetching and writing another installer image.
    pub const UPGRADE: u64 = 30_000;
    /// Leaving etcd and wiping.
    pub const RESET: u64 = 20_000;
    /// Silence until Omni calls a machine disconnected.
    pub const SILENCE: u64 = 275_000;
}

/// What a machine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Doing {
    /// Starting, not yet heard of.
    Booting,
    /// Waiting for a configuration.
    Maintenance,
    /// Writing Talos to disk.
    Installing,
    /// Starting services.
    Configuring,
    /// Running.
    Running,
    /// Writing another version.
    Upgrading,
    /// Restarting.
    Rebooting,
    /// Wiping.
    Resetting,
}

impl Doing {
    /// Number of `ClusterMachineStatus.stage`.
    pub fn stage(self) -> u32 {
        match self {
            Self::Booting => 1,
            Self::Installing => 2,
            Self::Maintenance | Self::Configuring => 3,
            Self::Running => 4,
            Self::Resetting => 5,
            Self::Upgrading => 6,
            Self::Rebooting => 7,
        }
    }
}

/// The configuration that a machine has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    /// SHA-256 of everything below.
    pub hash: String,
    /// Texts of its patches in the order of application; their ids do not matter to the machine.
    pub patches: Vec<String>,
    /// Versions of Kubernetes components (`kubelet`, `kube-apiserver`, …).
    pub kubernetes: BTreeMap<String, String>,
}

/// A machine.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Machine {
    /// SMBIOS UUID, Omni's machine id.
    pub uuid: String,
    /// Machine request it was made for; empty for one that was not.
    pub request: String,
    /// Its VM.
    pub vmid: u32,
    /// Address inside the tunnel.
    pub address: String,
    /// Talos version without `v`: of the image before installation, then of the disk.
    pub talos: String,
    /// Talos version it was made with.
    pub first_talos: String,
    /// Schematic of the image it runs.
    pub schematic: String,
    /// Extensions in it.
    pub extensions: Vec<String>,
    /// What it does.
    pub doing: Doing,
    /// Until when; absent for lasting states.
    pub until: Option<u64>,
    /// When it began to run.
    pub running_since: Option<u64>,
    /// Cut off from the network since.
    pub silent_since: Option<u64>,
    /// Nothing of it ever reaches Omni: no address, no way, no name.
    #[serde(default)]
    pub unheard: bool,
    /// Configuration, once it has one.
    pub config: Option<Config>,
    /// Host name.
    pub hostname: String,
    /// CPU cores, as told to Omni.
    pub cores: u32,
    /// MiB of memory.
    pub memory_mb: u64,
    /// GiB of disk.
    pub disk_gb: u64,
}

impl Machine {
    /// Begins something that ends.
    pub fn begin(&mut self, doing: Doing, now: u64, takes: u64) {
        self.doing = doing;
        self.until = Some(now + takes);
        self.running_since = None;
    }
    /// Comes to rest.
    pub fn rest(&mut self, doing: Doing, now: u64) {
        self.doing = doing;
        self.until = None;
        self.running_since = (doing == Doing::Running).then_some(now);
    }
    /// Whether Omni still hears it (it notices silence late).
    pub fn connected(&self, now: u64) -> bool {
        self.silent_since.is_none_or(|s| now < s + time::SILENCE)
    }
}

/// Identifier of an image: SHA-256 of what is asked of the image factory.
pub fn schematic(extensions: &[String]) -> String {
    let mut sorted: Vec<&str> = extensions.iter().map(String::as_str).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let mut text = String::from("customization:");
    if sorted.is_empty() {
        text.push_str(" {}\n");
    } else {
        text.push_str("\n    systemExtensions:\n        officialExtensions:\n");
        for extension in sorted {
            text.push_str(&format!("            - {extension}\n"));
        }
    }
    sha256(text.as_bytes())
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let mut out = String::new();
    for byte in sha2::Sha256::digest(bytes) {
        out.push_str(&format!("{byte:02x}"));
    }
    out
}
