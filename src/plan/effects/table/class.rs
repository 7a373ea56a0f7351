//! Machine classes: recipes for new machines.

use super::row::{NO_EFFECT, NONE, NONE_EXPECTED, Proof, Row, Source, When};
use crate::kinds::{Certainty, Effect};

const COPIED: &str = "Omni copies the recipe of a class into a machine request when it makes the request; requests that exist keep the old text, and their machines with it.";
const FROZEN: Source = Source::Timeline("04: a class edited, then its set scaled up");
const PROOF: Proof = Proof::Test("class_fields_leave_machines_as_they_are");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(
        &[],
        NONE,
        "A class by itself makes no machine.",
        Source::Timeline("01: two classes, then a cluster"),
        Proof::Golden("001-fresh-deployment"),
    )
    .when(When::Added),
    Row::new(
        &[],
        NONE,
        "Omni refuses to remove a class that a machine set uses; of any other nothing is left.",
        Source::Exchange("mclass-delete-in-use"),
        Proof::Golden("026-class-in-use"),
    )
    .when(When::Removed),
    Row::new(
        &["metadata", "id"],
        NONE,
        "Another name is another class; the old one goes as removed, and Omni keeps it while a machine set uses it.",
        Source::Exchange("mclass-delete-in-use"),
        Proof::Golden("026-class-in-use"),
    ),
    Row::new(
        &["metadata", "namespace"],
        NONE,
        "Machine classes are in the namespace `default`; another one is an error in the files.",
        Source::Ours,
        Proof::Test("classes_are_well_formed"),
    ),
    Row::new(
        &["metadata", "type"],
        NONE,
        "A class file holds machine classes; another type is an error in the files.",
        Source::Ours,
        Proof::Test("classes_are_well_formed"),
    ),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels of a class stand on the class; machines do not get them.",
        Source::Reference("machine classes"),
        PROOF,
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations of a class stand on the class; machines do not get them.",
        Source::Reference("machine classes"),
        PROOF,
    ),
    Row::new(
        &["matchlabels"],
        (Effect::NoEffect, Certainty::Predicted),
        "The selector chooses among free machines from now on; machines that have a place keep it.",
        Source::Reference("machine classes"),
        PROOF,
    ),
    Row::new(&["autoprovision", "providerid"], NO_EFFECT, COPIED, FROZEN, PROOF),
    Row::new(&["autoprovision", "kernelargs"], NO_EFFECT, COPIED, FROZEN, PROOF),
    Row::new(&["autoprovision", "metavalues"], NO_EFFECT, COPIED, FROZEN, PROOF),
    Row::new(&["autoprovision", "grpctunnel"], NO_EFFECT, COPIED, FROZEN, PROOF),
    Row::new(&["autoprovision"], NO_EFFECT, COPIED, FROZEN, PROOF),
    Row::new(
        &["providerdata"],
        NO_EFFECT,
        COPIED,
        Source::Exchange("machinerequests-after-class-change"),
        Proof::Golden("003-class-memory"),
    ),
    Row::new(
        &[],
        NO_EFFECT,
        "Whatever a class says, only machines that are made later see it.",
        Source::Exchange("machinerequests-after-class-change"),
        PROOF,
    ),
];
