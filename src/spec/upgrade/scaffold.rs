//! The files of a repository that begins with nothing: one machine class, one cluster template, and what git leaves alone.

/// Names in the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scaffold {
    /// Provider of the class.
    pub provider: String,
    /// Storage of the class, by name.
    pub storage: String,
    /// Talos of the cluster, with `v`.
    pub talos: String,
    /// Kubernetes of the cluster, with `v`.
    pub kubernetes: String,
    /// Where the versions come from, for a comment.
    pub versions_from: String,
}

impl Default for Scaffold {
    fn default() -> Self {
        Self {
            provider: "proxmox".to_owned(),
            storage: "local-lvm".to_owned(),
            talos: "v1.11.6".to_owned(),
            kubernetes: "v1.34.3".to_owned(),
            versions_from: "what your Omni offers: omnictl get talosversions".to_owned(),
        }
    }
}

/// Lines for git: the record and journals stay out of the repository.
pub const GITIGNORE: &str = "/state/*\n!/state/README.md\n";

/// `state/README.md`
pub const STATE_README: &str = "\
# state

What omni-scale remembers: records (what was last applied), journals of runs, and the worlds of the lab (`lab/<world>/`).
Everything here but this page is ignored by git.

It is memory, not truth. Losing it loses no resource and deletes nothing: without a record a plan compares files and live
systems only, says so in one line, and removes nothing. Keep it between runs all the same: on runners that are thrown away,
take it along.
";

/// Whether lines for git leave `state/` alone already.
pub fn ignores_state(gitignore: &str) -> bool {
    gitignore
        .lines()
        .map(str::trim)
        .any(|l| matches!(l.trim_start_matches('/'), "state" | "state/" | "state/*" | "state/**"))
}

/// Paths and texts of the first class and the first template.
pub fn scaffold(names: &Scaffold) -> [(&'static str, String); 2] {
    let Scaffold { provider, storage, talos, kubernetes, versions_from } = names;
    let class = format!(
        "\
# How the provider makes a machine: 4 cores, 8 GiB of memory, 40 GB of disk. A change here is for machines made later.
metadata:
  namespace: default
  type: MachineClasses.omni.sidero.dev
  id: standard
spec:
  autoprovision:
    providerid: {provider} # as in `providers` of the spec, and in Omni; case-sensitive
    providerdata: |
      cores: 4
      sockets: 1
      memory: 8192
      disk_size: 40
      network_bridge: vmbr0
      storage_selector: name == \"{storage}\"
"
    );
    let template = format!(
        "\
# One cluster, in the format of `omnictl cluster template`. Its name cannot be changed later.
kind: Cluster
name: first
kubernetes:
  version: {kubernetes}
talos:
  version: {talos} # {versions_from}
---
kind: ControlPlane
machineClass:
  name: standard
  size: 3 # odd, so that a majority survives the loss of one
---
kind: Workers
machineClass:
  name: standard
  size: 2
"
    );
    [("machine-classes/standard.yaml", class), ("clusters/first.yaml", template)]
}
