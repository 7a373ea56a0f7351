//! Health checks of a cluster.

use super::row::{NONE_EXPECTED, Proof, Row, Source, When};

const RULE: &str = "Omni judges the cluster by it and waits for it in rollouts; no machine is changed by it.";
const SOURCE: Source = Source::Reference("cluster templates: health checks");
const PROOF: Proof = Proof::Test("health_check_fields_touch_no_machine");

/// The rows.
pub(super) const ROWS: &[Row] = &[
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF).when(When::Added),
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF).when(When::Removed),
    Row::new(&["name"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["idOverride"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["job"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["file"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["interval"], NONE_EXPECTED, RULE, SOURCE, PROOF),
    Row::new(&["labels"], NONE_EXPECTED, "Labels stand on the object in Omni.", SOURCE, PROOF),
    Row::new(&["annotations"], NONE_EXPECTED, "Annotations stand on the object in Omni.", SOURCE, PROOF),
    Row::new(&[], NONE_EXPECTED, RULE, SOURCE, PROOF),
];
