//! A machine set without a number draws every machine that fits. Omni refuses that of a class that makes machines: there is no end to them.

use super::codes;
use crate::address::Address;
use crate::graph::edges::class_of_set;
use crate::plan::facts::{Wanted, allocation};
use crate::plan::scene::Scene;
use crate::plan::{Draft, Warning};
use crate::resource::{Resource, ResourceId};

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.kind() == "MachineSets") {
        let Some(wanted) = draft.wanted.filter(|set| is_unlimited(set)) else { continue };
        // What Omni has already is not sent again.
        if draft.live.is_some_and(|live| is_unlimited(&live.resource)) {
            continue;
        }
        let Some(class) = class_of_set(wanted) else { continue };
        let declared = scene.desired.get(&Address::class(class)).map(|d| &d.resource);
        let live = scene.live(&ResourceId::default_ns("MachineClasses", class)).map(|l| &l.resource);
        if declared.or(live).is_none_or(|class| class.spec.get("auto_provision").is_none()) {
            continue;
        }
        out.push(Warning {
            code: codes::REFUSED.to_owned(),
            address: Some(draft.address.clone()),
            message: format!(
                "`{}` draws an unlimited number of machines from class `{class}`, which makes machines; Omni refuses that",
                draft.address
            ),
            blocks: true,
            help: Some("write a number, or use a class that selects machines".to_owned()),
            ..Warning::default()
        });
    }
}

fn is_unlimited(set: &Resource) -> bool {
    allocation(set) == Some(Wanted::Unlimited)
}
