//! Install disks of static machines, where Omni is newer than 1.10.

use super::row::{NONE_EXPECTED, Proof, Row, Source, UNKNOWN, When};

const RULE: &str = "Talos is installed on the disk when the machine gets its place; what becomes of a machine that is installed on another one is not known.";
const MISSING: Source = Source::Missing("a timeline in which it changes after the installation");
const PROOF: Proof = Proof::Golden("037-install-disk");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], UNKNOWN, RULE, MISSING, PROOF).when(When::Added),
    Row::new(&[], UNKNOWN, RULE, MISSING, PROOF).when(When::Removed),
    Row::new(&["install", "disk"], UNKNOWN, RULE, MISSING, PROOF),
    Row::new(&["install", "diskSelector"], UNKNOWN, RULE, MISSING, PROOF),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels stand on the object in Omni; machines do not get them.",
        Source::Reference("install disks"),
        PROOF,
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the object in Omni; that of templates says who looks after it.",
        Source::Reference("cluster templates: install disks"),
        PROOF,
    ),
    Row::new(&[], UNKNOWN, RULE, MISSING, PROOF),
];
