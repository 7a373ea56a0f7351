//! Config patches: where they apply and what they are called. What they say is in the table of the Talos configuration.

use super::row::{NONE, NONE_EXPECTED, Proof, Row, Source, UNKNOWN, When};

const PROOF: Proof = Proof::Test("patch_fields_do_what_the_table_says");
const CONTENT: &str = "The worst of the fields that it sets: see the table of the Talos configuration.";
const RENAMED: &str = "The id carries the name and the position. Under another id with the same content, order kept, machines get a new configuration version without a change.";
const RENAME: Source = Source::Timeline("06: a patch inserted at the top");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], UNKNOWN, CONTENT, RENAME, Proof::Golden("005-patch-inserted-first")).when(When::Added),
    Row::new(&[], UNKNOWN, CONTENT, RENAME, PROOF).when(When::Removed),
    Row::new(&["name"], NONE, RENAMED, RENAME, Proof::Golden("041-patches-renamed")),
    Row::new(&["idOverride"], NONE, RENAMED, RENAME, Proof::Golden("041-patches-renamed")),
    Row::new(&["file"], UNKNOWN, CONTENT, Source::Ours, Proof::Golden("004-patch-edit")),
    Row::new(&["inline"], UNKNOWN, CONTENT, Source::Ours, Proof::Golden("004-patch-edit")),
    Row::new(
        &["labels"],
        NONE_EXPECTED,
        "Labels of one's own stand on the patch; Omni chooses machines by its own labels.",
        Source::Reference("config patches: levels"),
        PROOF,
    ),
    Row::new(
        &["labels", "omni.sidero.dev/*"],
        UNKNOWN,
        "Omni's labels say to which machines the patch applies.",
        Source::Missing("what becomes of machines that are no longer meant"),
        PROOF,
    ),
    Row::new(
        &["labels", "omni.sidero.dev/disabled"],
        UNKNOWN,
        "From Omni 1.10 on the patch is taken out of force, or back into it: the worst of the fields that it sets. Older servers do not heed it.",
        Source::Reference("config patches: the label that disables one"),
        Proof::Test("a_patch_that_is_switched_off_takes_its_fields_along"),
    ),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the patch; machines do not get them.",
        Source::Reference("config patches: name and description"),
        PROOF,
    ),
    Row::new(&[], UNKNOWN, "This field of a patch has no rule.", Source::Missing("a rule for it"), PROOF),
];
