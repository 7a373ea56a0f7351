//! Machine sets: how many machines, from where, how they are rolled.

use super::row::{DESTROY, NONE, NONE_EXPECTED, Proof, Row, Source, UNKNOWN, When};

const PROOF: Proof = Proof::Test("machine_set_fields_do_what_the_table_says");
const PACE: &str = "It says how many machines Omni may take at once in a later rollout; it starts none.";
const STRATEGY: Source = Source::Reference("cluster templates: strategies");
const ETCD: &str = "It says from which backup etcd starts. Omni takes it only when the set is made, and lets it go afterwards.";

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        &[],
        NONE,
        "New machines are asked for; those that exist stay as they are.",
        Source::Timeline("01: a cluster of three and two"),
        Proof::Golden("001-fresh-deployment"),
    )
    .when(When::Added),
    Row::new(
        &[],
        DESTROY,
        "All its machines are reset and leave the cluster, and the provider deletes the VMs that it made; data on local disk is lost.",
        Source::Timeline("17b: a set dropped from a template"),
        Proof::Golden("009-workers-removed"),
    )
    .when(When::Removed),
    Row::new(
        &["name"],
        NONE,
        "Another name is another set: it asks for new machines, and the old set goes with its own.",
        Source::Reference("cluster templates: ids of machine sets"),
        Proof::Golden("022-worker-set-replaced"),
    ),
    Row::new(
        &["machines"],
        NONE,
        "Each entry is an object of its own: see the table of machines.",
        Source::Ours,
        Proof::Golden("025-static-machines"),
    ),
    Row::new(
        &["machineClass", "size"],
        NONE,
        "New machines are asked for; those that exist stay as they are.",
        Source::Timeline("02: workers from two to four"),
        Proof::Golden("006-workers-2-to-3"),
    )
    .when(When::Grows),
    Row::new(
        &["machineClass", "size"],
        DESTROY,
        "Omni chooses: requests without a machine, then machines without status, then disconnected ones, then the oldest; locks do not count. They are reset and deleted; data on local disk is lost.",
        Source::Timeline("03, 03b, 12, 15, 19: sets that shrink"),
        Proof::Golden("007-workers-3-to-1"),
    )
    .when(When::Shrinks),
    Row::new(
        &["machineClass", "size"],
        UNKNOWN,
        "Between a count and all that fit: which machines come or go is not known.",
        Source::Missing("a timeline of it"),
        PROOF,
    ),
    Row::new(
        &["machineClass", "allocation"],
        UNKNOWN,
        "Between a count and all that fit: which machines come or go is not known.",
        Source::Missing("a timeline of it"),
        PROOF,
    ),
    Row::new(
        &["machineClass", "name"],
        UNKNOWN,
        "New machines come from the new class; what happens to those of the old one is not known.",
        Source::Missing("a timeline of it"),
        PROOF,
    ),
    Row::new(&["updateStrategy"], NONE_EXPECTED, PACE, STRATEGY, PROOF),
    Row::new(&["deleteStrategy"], NONE_EXPECTED, PACE, STRATEGY, PROOF),
    Row::new(&["upgradeStrategy"], NONE_EXPECTED, PACE, STRATEGY, PROOF),
    Row::new(&["bootstrapSpec", "clusterUUID"], NONE_EXPECTED, ETCD, Source::Reference("machine sets"), PROOF),
    Row::new(&["bootstrapSpec", "snapshot"], NONE_EXPECTED, ETCD, Source::Reference("machine sets"), PROOF),
    Row::new(
        &["patches"],
        NONE,
        "Each entry is an object of its own. Their ids carry the position: see the table of patches.",
        Source::Ours,
        Proof::Golden("041-patches-renamed"),
    ),
    Row::new(
        &["systemExtensions"],
        NONE,
        "The list is an object of its own: see its table.",
        Source::Ours,
        Proof::Test("the_most_specific_list_decides"),
    ),
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
        "Labels stand on the machine set; machines do not get them.",
        Source::Reference("cluster templates: labels and annotations"),
        PROOF,
    ),
    Row::new(
        &["labels", "omni.sidero.dev/*"],
        UNKNOWN,
        "Omni keeps cluster and role of a machine set fixed.",
        Source::Missing("what Omni does where it accepts the change"),
        PROOF,
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the machine set; machines do not get them.",
        Source::Reference("cluster templates: labels and annotations"),
        PROOF,
    ),
    Row::new(
        &["annotations", "omni.sidero.dev/*"],
        UNKNOWN,
        "Annotations of this prefix are Omni's own.",
        Source::Missing("what Omni does where it accepts the change"),
        PROOF,
    ),
    Row::new(&[], UNKNOWN, "This field of a machine set has no rule.", Source::Missing("a rule for it"), PROOF),
];
