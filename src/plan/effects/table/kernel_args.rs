//! Kernel arguments of static machines.

use super::row::{NONE, NONE_EXPECTED, Proof, Row, Source, UNKNOWN, When};

const RULE: &str = "The arguments are part of how a machine boots, so a reboot is likely; Omni tells in `KernelArgsStatuses` what they wait for.";
const MISSING: Source = Source::Missing("a timeline in which they change while a machine runs");
const PROOF: Proof = Proof::Test("kernel_arguments_are_not_predicted");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], UNKNOWN, RULE, MISSING, PROOF).when(When::Added),
    Row::new(
        &[],
        NONE,
        "They are released, not removed: the mark of the template goes and the values stay.",
        Source::Reference("cluster templates: kernel arguments"),
        PROOF,
    )
    .when(When::Removed),
    Row::new(&["kernelArgs"], UNKNOWN, RULE, MISSING, PROOF),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels stand on the object in Omni; machines do not get them.",
        Source::Reference("kernel arguments"),
        PROOF,
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the object in Omni; that of templates says who looks after it.",
        Source::Reference("cluster templates: kernel arguments"),
        PROOF,
    ),
    Row::new(&[], UNKNOWN, RULE, MISSING, PROOF),
];
