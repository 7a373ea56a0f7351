//! Clusters: versions, features, locks.

use super::row::{DESTROY, HOT, NONE, NONE_EXPECTED, Proof, REBOOT, Row, Source, UNKNOWN, When};

const PROOF: Proof = Proof::Test("cluster_fields_do_what_the_table_says");
const NOT_SEEN: Source = Source::Missing("a timeline in which it changes while machines run");
const BELOW: &str = "Each entry is an object of its own: see its table.";

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        &[],
        NONE,
        "A cluster has no machines until a machine set asks for some.",
        Source::Timeline("17a: a cluster without machine sets"),
        Proof::Golden("001-fresh-deployment"),
    )
    .when(When::Added),
    Row::new(
        &[],
        DESTROY,
        "All its machines are reset and leave it, and the provider deletes the VMs that it made; data on local disk is lost.",
        Source::Timeline("17, 21: clusters deleted"),
        Proof::Golden("017-cluster-removed"),
    )
    .when(When::Removed),
    Row::new(
        &["name"],
        NONE,
        "Omni knows no renaming: another name is another cluster, and the old one goes as removed.",
        Source::Reference("cluster templates: nothing is done to a cluster of the old name"),
        Proof::Golden("039-cluster-renamed"),
    ),
    Row::new(
        &["kubernetes", "version"],
        HOT,
        "Components restart node by node, kubelets last; no machine reboots.",
        Source::Timeline("08: Kubernetes one minor up"),
        Proof::Golden("008-both-versions"),
    ),
    Row::new(&["kubernetes", "manifests"], NONE, BELOW, Source::Ours, Proof::Test("manifest_fields_touch_no_machine")),
    Row::new(
        &["kubernetes", "healthchecks"],
        NONE,
        BELOW,
        Source::Ours,
        Proof::Test("health_check_fields_touch_no_machine"),
    ),
    Row::new(
        &["talos", "version"],
        REBOOT,
        "Every machine is upgraded and reboots, one at a time, control planes before workers. An attempt that fails frees the turn of its machine, so that two can be away for a moment.",
        Source::Timeline("10, 10b: Talos a minor up, a patch down"),
        Proof::Golden("008-both-versions"),
    ),
    Row::new(
        &["features", "diskEncryption"],
        NONE,
        "Fixed when the cluster is made: Omni refuses to change it, and the plan blocks.",
        Source::Exchange("cluster-update-encryption-change"),
        PROOF,
    ),
    Row::new(
        &["features", "enableWorkloadProxy"],
        UNKNOWN,
        "Omni accepts it; what it sends to machines is not known.",
        NOT_SEEN,
        PROOF,
    ),
    Row::new(
        &["features", "useEmbeddedDiscoveryService"],
        UNKNOWN,
        "Omni makes a patch of its own for all machines of the cluster; whether they take it up without a reboot is not known.",
        NOT_SEEN,
        PROOF,
    ),
    Row::new(
        &["features", "disablePublicDiscoveryService"],
        UNKNOWN,
        "The discovery of all machines of the cluster changes; whether they take it up without a reboot is not known.",
        NOT_SEEN,
        PROOF,
    ),
    Row::new(
        &["features", "enableNodeAuditSkip"],
        UNKNOWN,
        "Omni accepts it; what it sends to machines is not known.",
        NOT_SEEN,
        PROOF,
    ),
    Row::new(
        &["features", "backupConfiguration"],
        UNKNOWN,
        "Omni takes etcd backups by it; whether machines notice is not known.",
        NOT_SEEN,
        PROOF,
    ),
    Row::new(
        &["patches"],
        NONE,
        "Each entry is an object of its own. Their ids carry the position: see the table of patches.",
        Source::Ours,
        Proof::Golden("005-patch-inserted-first"),
    ),
    Row::new(&["systemExtensions"], NONE, BELOW, Source::Ours, Proof::Golden("019-extensions")),
    Row::new(
        &["kernelArgs"],
        NONE,
        "Each static machine has an object of its own: see its table.",
        Source::Ours,
        Proof::Test("kernel_arguments_are_not_predicted"),
    ),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels stand on the cluster; machines do not get them.",
        Source::Reference("cluster templates: labels and annotations"),
        PROOF,
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the cluster; machines do not get them.",
        Source::Reference("cluster templates: labels and annotations"),
        PROOF,
    ),
    Row::new(
        &["annotations", "omni.sidero.dev/cluster-locked"],
        UNKNOWN,
        "A lock holds configuration and upgrades back. When it goes, machines take up what was held back; where Omni says that nothing was, nothing happens.",
        Source::Timeline("12: locks"),
        Proof::Test("an_unlock_releases_what_was_held_back"),
    ),
    Row::new(&[], UNKNOWN, "This field of a cluster has no rule.", Source::Missing("a rule for it"), PROOF),
];
