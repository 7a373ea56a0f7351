//! A class that a machine set still uses cannot go: Omni refuses it (`can not delete the machine class as it is still in
//! use by machine sets`).

use super::codes;
use crate::graph::edges::class_of_set;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.action == Action::Destroy && d.kind() == "MachineClasses") {
        let class = draft.address.name();
        let users: Vec<String> = scene
            .sets_of_class(class)
            .iter()
            .filter(|set| {
                let cluster = set.resource.omni_label("cluster");
                !drafts.iter().any(|d| {
                    let same = d.live.is_some_and(|l| l.resource.id == set.resource.id);
                    let goes = same && d.action == Action::Destroy;
                    let changes = same && d.wanted.is_some_and(|w| class_of_set(w) != Some(class));
                    let with_cluster = d.kind() == "Clusters"
                        && d.action == Action::Destroy
                        && cluster == Some(d.address.name());
                    goes || changes || with_cluster
                })
            })
            .map(|set| format!("`{}`", Untrusted::new(&set.resource.id.id).line(80)))
            .collect();
        if !users.is_empty() {
            out.push(Warning {
                code: codes::CLASS_IN_USE.to_owned(),
                guard: Some("G10".to_owned()),
                evidence: [("machine_sets".to_owned(), users.len().to_string())].into(),
                address: Some(draft.address.clone()),
                message: format!(
                    "class `{class}` is no longer in the files, but machine sets use it: {}",
                    users.join(", ")
                ),
                blocks: true,
                help: Some("keep the class file, or give those machine sets another class first".to_owned()),
                ..Warning::default()
            });
        }
    }
}
