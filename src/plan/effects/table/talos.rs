//! Fields of the Talos configuration, as patches set them.

use super::row::{HOT, Proof, Row, Source, UNKNOWN};

const PROOF: Proof = Proof::Test("patch_fields_do_what_the_table_says");
const REFUSED: &str = "Omni keeps this field for itself and refuses a patch that sets it; 1.9 looks at the first document only.";

/// A field of which nobody has seen how Talos takes it up.
const fn silent(path: &'static [&'static str]) -> Row {
    Row::new(
        path,
        UNKNOWN,
        "Omni hands it on, one machine at a time per machine set; whether Talos applies it without a reboot is not known.",
        Source::Missing("a timeline in which it changes"),
        PROOF,
    )
}

/// A field that patches may not set.
const fn refused(path: &'static [&'static str]) -> Row {
    Row::new(path, UNKNOWN, REFUSED, Source::Reference("config patches: refused fields"), PROOF)
}

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        &["machine", "sysctls"],
        HOT,
        "Applied without a reboot, one machine at a time per machine set.",
        Source::Timeline("06, 12: patches edited"),
        Proof::Golden("004-patch-edit"),
    ),
    Row::new(
        &["machine", "time", "servers"],
        HOT,
        "Applied without a reboot, one machine at a time per machine set.",
        Source::Timeline("06: a patch inserted at the top"),
        Proof::Golden("005-patch-inserted-first"),
    ),
    refused(&["machine", "type"]),
    refused(&["machine", "token"]),
    refused(&["machine", "ca"]),
    refused(&["machine", "acceptedCAs"]),
    refused(&["machine", "install", "disk"]),
    refused(&["machine", "install", "extensions"]),
    silent(&["machine", "certSANs"]),
    silent(&["machine", "controlPlane"]),
    silent(&["machine", "kubelet"]),
    silent(&["machine", "pods"]),
    silent(&["machine", "network"]),
    silent(&["machine", "disks"]),
    silent(&["machine", "install"]),
    silent(&["machine", "files"]),
    silent(&["machine", "env"]),
    silent(&["machine", "time"]),
    silent(&["machine", "sysfs"]),
    silent(&["machine", "registries"]),
    silent(&["machine", "systemDiskEncryption"]),
    silent(&["machine", "features"]),
    silent(&["machine", "udev"]),
    silent(&["machine", "logging"]),
    silent(&["machine", "kernel"]),
    silent(&["machine", "seccompProfiles"]),
    silent(&["machine", "baseRuntimeSpecOverrides"]),
    silent(&["machine", "nodeLabels"]),
    silent(&["machine", "nodeAnnotations"]),
    silent(&["machine", "nodeTaints"]),
    refused(&["cluster", "id"]),
    refused(&["cluster", "secret"]),
    refused(&["cluster", "clusterName"]),
    refused(&["cluster", "token"]),
    refused(&["cluster", "aescbcEncryptionSecret"]),
    refused(&["cluster", "secretboxEncryptionSecret"]),
    refused(&["cluster", "ca"]),
    refused(&["cluster", "acceptedCAs"]),
    refused(&["cluster", "serviceAccount"]),
    refused(&["cluster", "controlPlane", "endpoint"]),
    silent(&["cluster", "controlPlane"]),
    silent(&["cluster", "network"]),
    silent(&["cluster", "aggregatorCA"]),
    silent(&["cluster", "apiServer"]),
    silent(&["cluster", "controllerManager"]),
    silent(&["cluster", "proxy"]),
    silent(&["cluster", "scheduler"]),
    silent(&["cluster", "discovery"]),
    silent(&["cluster", "etcd"]),
    silent(&["cluster", "coreDNS"]),
    silent(&["cluster", "externalCloudProvider"]),
    silent(&["cluster", "extraManifests"]),
    silent(&["cluster", "extraManifestHeaders"]),
    silent(&["cluster", "inlineManifests"]),
    silent(&["cluster", "adminKubeconfig"]),
    silent(&["cluster", "allowSchedulingOnMasters"]),
    silent(&["cluster", "allowSchedulingOnControlPlanes"]),
    silent(&["version"]),
    silent(&["debug"]),
    silent(&["persist"]),
    // Every document with a `kind`, and what newer versions add.
    silent(&[]),
];
