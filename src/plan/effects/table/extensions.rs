//! Lists of system extensions.

use super::row::{NONE, NONE_EXPECTED, Proof, REBOOT, Row, Source, UNKNOWN, When};

const IMAGE: &str = "Another list is another installation image: every machine for which the list holds is upgraded and reboots, one at a time. The list of a machine overrules that of its set, and that the one of the cluster.";
const SEEN: Source = Source::Timeline("07: extensions changed");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], REBOOT, IMAGE, SEEN, Proof::Test("the_most_specific_list_decides")).when(When::Added),
    Row::new(&[], REBOOT, IMAGE, SEEN, Proof::Test("the_most_specific_list_decides")).when(When::Removed),
    Row::new(&["systemExtensions"], REBOOT, IMAGE, SEEN, Proof::Golden("019-extensions")),
    Row::new(
        &["annotations"],
        NONE_EXPECTED,
        "Annotations stand on the list; machines do not get them.",
        Source::Reference("extensions"),
        Proof::Test("extension_lists_do_what_the_table_says"),
    ),
    Row::new(
        &["labels"],
        NONE,
        "Labels of one's own stand on the list; Omni chooses machines by its own labels.",
        Source::Reference("extensions"),
        Proof::Test("extension_lists_do_what_the_table_says"),
    ),
    Row::new(
        &["labels", "omni.sidero.dev/*"],
        UNKNOWN,
        "Omni's labels say to which machines the list applies.",
        Source::Missing("what becomes of machines that are no longer meant"),
        Proof::Test("extension_lists_do_what_the_table_says"),
    ),
    Row::new(
        &[],
        UNKNOWN,
        "This field of an extension list has no rule.",
        Source::Missing("a rule for it"),
        Proof::Test("extension_lists_do_what_the_table_says"),
    ),
];
