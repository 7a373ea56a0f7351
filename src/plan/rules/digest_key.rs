//! Digests that another key made say nothing: whether those values changed since the last apply is not known.

use super::codes;
use crate::diff::is_unknown;
use crate::plan::Warning;
use crate::plan::scene::Scene;

pub(super) fn rule(scene: &Scene<'_>, out: &mut Vec<Warning>) {
    let Some(record) = scene.input.record else { return };
    let lost = scene
        .desired
        .keys()
        .filter_map(|address| record.entries.get(address)?.applied.as_ref())
        .any(|applied| is_unknown(applied, scene.input.key));
    if lost {
        out.push(Warning {
            code: codes::DIGEST_KEY.to_owned(),
            address: None,
            message: "the record's secrets were remembered with another digest key: for them drift is not told apart from edits"
                .to_owned(),
            blocks: false,
            help: Some(
                "bring back `OMNI_SCALE_DIGEST_KEY` or the key file beside the record; otherwise the next apply remembers them anew"
                    .to_owned(),
            ), ..Warning::default() });
    }
}
