//! Talos and Kubernetes at once: Omni accepts it and interleaves both upgrades; two applies are easier to watch.

use super::codes;
use crate::plan::{Draft, Warning};

pub(super) fn rule(drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.kind() == "Clusters" && d.live.is_some()) {
        let has = |path: [&str; 2]| draft.changes.iter().any(|c| c.path == path);
        if has(["kubernetes", "version"]) && has(["talos", "version"]) {
            out.push(Warning {
                code: codes::BOTH_VERSIONS.to_owned(),
                guard: Some("G07".to_owned()),
                address: Some(draft.address.clone()),
                message: format!("`{}` changes its Talos and its Kubernetes version at once", draft.address),
                blocks: false,
                help: Some("apply one after the other to see which one a fault belongs to".to_owned()),
                ..Warning::default()
            });
        }
    }
}
