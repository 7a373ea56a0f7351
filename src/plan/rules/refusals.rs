//! Changes that Omni refuses whatever we send.

use super::codes;
use crate::graph::edges::class_of_set;
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| !d.changes.is_empty()) {
        let (Some(live), Some(wanted)) = (draft.live.map(|l| &l.resource), draft.wanted) else { continue };
        let mut refuse = |message: String, help: &str| {
            out.push(Warning {
                code: codes::REFUSED.to_owned(),
                guard: Some("G08".to_owned()),
                address: Some(draft.address.clone()),
                message,
                blocks: true,
                help: Some(help.to_owned()),
                ..Warning::default()
            });
        };
        match draft.kind() {
            "Clusters" if draft.changes.iter().any(|c| c.path == ["features", "diskEncryption"]) => refuse(
                format!(
                    "disk encryption of `{}` is fixed when the cluster is made; Omni refuses to change it",
                    draft.address
                ),
                "make a new cluster, or undo the edit",
            ),
            "MachineSets" => {
                let cluster = live.omni_label("cluster").unwrap_or_default();
                let nodes = !scene.machines_of_set(cluster, &live.id.id).is_empty();
                if nodes && class_of_set(live).is_some() != class_of_set(wanted).is_some() {
                    refuse(
                        format!(
                            "`{}` has machines, and Omni changes between a class and static machines only while it has none",
                            draft.address
                        ),
                        "add a machine set of the other kind and remove this one",
                    );
                }
                let role = |r: &crate::resource::Resource| r.omni_label("role-controlplane").is_some();
                if role(live) != role(wanted) {
                    refuse(format!("the role of `{}` is fixed", draft.address), "use another machine set");
                }
            }
            "MachineClasses" => {
                let selector = |r: &crate::resource::Resource| r.spec.get("auto_provision").is_none();
                if selector(live) && !selector(wanted) {
                    refuse(
                        format!(
                            "`{}` selects machines now; Omni does not turn it into one that makes them",
                            draft.address
                        ),
                        "give the new class another name",
                    );
                }
            }
            _ => {}
        }
    }
}
