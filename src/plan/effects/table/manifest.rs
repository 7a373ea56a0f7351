//! Kubernetes manifests.

use super::row::{NONE, NONE_EXPECTED, Proof, Row, Source, When};

const RULE: &str =
    "Omni applies it to Kubernetes, not to machines; what the objects in it do is not looked at.";
const SOURCE: Source = Source::Reference("cluster templates: manifests");
const PROOF: Proof = Proof::Test("manifest_fields_touch_no_machine");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF).when(When::Added),
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF).when(When::Removed),
    Row::new(
        &["name"],
        NONE,
        "The id carries the name: under another one it is applied anew.",
        SOURCE,
        PROOF,
    ),
    Row::new(&["mode"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["file"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["inline"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["data"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["labels"], NONE_EXPECTED, "Labels stand on the object in Omni.", SOURCE, PROOF),
    Row::new(&["annotations"], NONE_EXPECTED, "Annotations stand on the object in Omni.", SOURCE, PROOF),
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF),
];
