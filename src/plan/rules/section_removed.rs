//! A `kind: Workers` document that is no longer in its template takes machines, patches and extensions along.

use super::codes;
use crate::address::Address;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.action == Action::Destroy && d.kind() == "MachineSets") {
        let (Some(cluster), Some(live)) = (draft.address.cluster_name(), draft.live) else { continue };
        let cluster = Address::cluster(cluster);
        if !scene.desired.contains_key(&cluster) {
            continue;
        }
        let set = &live.resource.id.id;
        let with_it = drafts
            .iter()
            .filter(|d| d.action == Action::Destroy && !matches!(d.kind(), "MachineSets" | "MachineSetNodes"))
            .filter(|d| d.subject().and_then(|s| s.omni_label("machine-set")) == Some(set.as_str()))
            .count();
        let machines = match draft.lost.len() {
            0 => "it has no machines".to_owned(),
            1 => "its machine is lost".to_owned(),
            n => format!("its {n} machines are lost"),
        };
        let rest = match with_it {
            0 => String::new(),
            1 => ", and 1 patch or extension list goes with it".to_owned(),
            n => format!(", and {n} patches and extension lists go with it"),
        };
        out.push(Warning {
            code: codes::SECTION_REMOVED.to_owned(),
            address: Some(draft.address.clone()),
            message: format!(
                "machine set `{}` is no longer in the template of `{cluster}`: {machines}{rest}",
                draft.address.name()
            ),
            blocks: false,
            help: Some("bring back its `kind: Workers` document to keep it".to_owned()),
            ..Warning::default()
        });
    }
}
