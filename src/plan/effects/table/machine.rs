//! Static machines and their place in a set.

use super::row::{DESTROY, NONE, NONE_EXPECTED, Proof, Row, Source, UNKNOWN, When};

const PROOF: Proof = Proof::Test("machine_fields_do_what_the_table_says");
const FIXED: &str = "Omni keeps cluster and machine set of a node fixed: a machine moves by leaving one and joining the other.";

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        &[],
        NONE,
        "The machine joins and Talos is installed on it; machines of the cluster stay as they are.",
        Source::Timeline("01: a cluster of three and two"),
        Proof::Golden("025-static-machines"),
    )
    .when(When::Added),
    Row::new(
        &[],
        DESTROY,
        "The machine leaves the cluster and is reset; data on local disk is lost.",
        Source::Timeline("03: nodes that go"),
        Proof::Golden("025-static-machines"),
    )
    .when(When::Removed),
    Row::new(
        &["name"],
        NONE,
        "Another id is another machine: it joins, and the old one leaves.",
        Source::Reference("cluster templates: machines"),
        Proof::Golden("025-static-machines"),
    ),
    Row::new(
        &["locked"],
        UNKNOWN,
        "A lock holds configuration and upgrades of this machine back. When it goes, the machine takes up what was held back; where Omni says that nothing was, nothing happens.",
        Source::Timeline("12: locks"),
        Proof::Test("an_unlock_releases_what_was_held_back"),
    ),
    Row::new(
        &["install"],
        NONE,
        "An object of its own, or a patch before Omni 1.11: see the tables of the install disk and of patches.",
        Source::Ours,
        Proof::Golden("037-install-disk"),
    ),
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
        "An object of its own: see its table.",
        Source::Ours,
        Proof::Test("kernel_arguments_are_not_predicted"),
    ),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels stand on the machine's node in Omni, not on the machine.",
        Source::Reference("cluster templates: labels and annotations"),
        PROOF,
    ),
    Row::new(
        &["labels", "omni.sidero.dev/*"],
        UNKNOWN,
        FIXED,
        Source::Missing("what Omni does where it accepts the change"),
        Proof::Golden("028-machine-of-another-cluster"),
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the machine's node in Omni, not on the machine.",
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
    Row::new(&[], UNKNOWN, "This field of a machine has no rule.", Source::Missing("a rule for it"), PROOF),
];
