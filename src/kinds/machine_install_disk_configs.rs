//! `MachineInstallDiskConfigs`: id is the machine's UUID; no cluster label. On servers newer than Omni 1.10 only; older ones take
//! a config patch. It is a property of the machine that outlives its place in a cluster: released when the machine leaves.

use super::fields::{Field, Kind};

/// The kind. At most one of the fields is set.
pub static MACHINE_INSTALL_DISK_CONFIGS: Kind = Kind {
    short: "MachineInstallDiskConfigs",
    namespace: "default",
    fields: &[Field::text("disk_selector"), Field::text("disk")],
    sensitive: false,
    address: "installdisk",
};
