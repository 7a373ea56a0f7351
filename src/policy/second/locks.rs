//! What somebody locked in Omni is not touched without a block that says so.

use super::name;
use super::sight::Sight;
use crate::address::Address;
use crate::plan::{Action, Operation, Plan, PlanInput, Step};
use crate::resource::Resource;

pub(super) fn check(plan: &Plan, input: &PlanInput<'_>, sight: &Sight<'_>, notes: &mut Vec<String>) {
    for cluster in input.snapshot.omni.list("Clusters").iter().filter(|c| is_locked(&c.resource)) {
        let address = Address::cluster(&cluster.resource.id.id);
        if unlocked_by_us(input, &address) {
            continue;
        }
        let touched = plan.steps.iter().find(|s| address.contains(&s.address) && s.action.is_change());
        if let Some(step) = touched.filter(|_| !blocked(plan, &address)) {
            notes.push(format!("{} touches what is locked in Omni, and nothing blocks it", name(step)));
        }
    }
    for node in input.snapshot.omni.list("MachineSetNodes").iter().filter(|n| is_locked(&n.resource)) {
        let machine = sight.name(&node.resource.id.id);
        let takes = |s: &&Step| {
            let named = s.affects.iter().any(|a| a.machine.as_deref() == Some(machine.as_str()));
            let lost = plan
                .lost
                .iter()
                .any(|l| l.address == s.address && l.machine.as_deref() == Some(machine.as_str()));
            named && lost
        };
        let losing: Vec<&Step> = plan.steps.iter().filter(takes).collect();
        if let Some(step) = losing.first().filter(|_| !losing.iter().any(|s| blocked(plan, &s.address))) {
            notes.push(format!(
                "{} takes machine `{machine}`, which is locked in Omni, and nothing blocks it",
                name(step)
            ));
        }
        let own = plan.steps.iter().find(|s| match &s.operation {
            Operation::Update { before, .. } => before.id == node.resource.id && s.action != Action::Release,
            _ => false,
        });
        let held =
            |s: &Step| plan.warnings.iter().any(|w| w.blocks && w.address.as_ref() == Some(&s.address));
        if let Some(step) = own.filter(|s| losing.is_empty() && !unlocked_by_us(input, &s.address))
            && !held(step)
        {
            notes.push(format!(
                "{} changes machine `{machine}`, which is locked in Omni, and nothing blocks it",
                name(step)
            ));
        }
    }
}

fn is_locked(resource: &Resource) -> bool {
    let lock = if resource.id.short_kind() == "Clusters" { "cluster-locked" } else { "locked" };
    resource.annotations.keys().any(|k| k.strip_prefix("omni.sidero.dev/") == Some(lock))
}

/// The files set the lock once, and no longer do.
fn unlocked_by_us(input: &PlanInput<'_>, address: &Address) -> bool {
    let entry = input.record.and_then(|r| r.entries.get(address)).and_then(|e| e.applied.as_ref());
    let wanted = input.desired.clusters.iter().flat_map(|c| &c.resources).find(|d| d.address == *address);
    entry.is_some_and(is_locked) && !wanted.is_some_and(|d| is_locked(&d.resource))
}

fn blocked(plan: &Plan, address: &Address) -> bool {
    plan.warnings
        .iter()
        .any(|w| w.guard.as_deref() == Some("G11") && w.blocks && w.address.as_ref() == Some(address))
}
