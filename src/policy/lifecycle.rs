//! `lifecycle.protect`: what is never destroyed or rebuilt, by no flag. What the last apply protected stays protected in the
//! change that takes the protection away.

use std::collections::BTreeSet;

use crate::address::{Address, Glob};
use crate::kinds::Effect;
use crate::plan::{Action, Operation, Plan, PlanInput, Step, Warning, codes};
use crate::resource::Phase;
use crate::untrusted::Untrusted;

/// Adds a block for every step that takes something protected along.
pub(super) fn speak(plan: &mut Plan, input: &PlanInput<'_>) {
    torn_along(plan, input);
    let declared: Vec<(&Glob, Option<&str>)> =
        input.desired.lifecycle.protect.iter().map(|p| (&p.glob, p.source.as_deref())).collect();
    let remembered: Vec<Glob> = input.record.map(|r| r.protect.iter().cloned().collect()).unwrap_or_default();
    if declared.is_empty() && remembered.is_empty() {
        return;
    }
    let mut found = Vec::new();
    for step in &plan.steps {
        let taken = taken(plan, input, step);
        let here = declared
            .iter()
            .find_map(|(glob, source)| taken.iter().find(|a| glob.matches(a)).map(|a| (*glob, *source, a)));
        if let Some((glob, source, address)) = here {
            let place = source.map_or(String::new(), |s| format!(" ({s})"));
            found.push(block(
                step,
                address,
                format!("`lifecycle.protect` has `{}`{place}", Untrusted::new(glob.as_str()).line(160)),
                "take that line out of the spec and apply, before the change that lets it go",
            ));
            continue;
        }
        let before = remembered.iter().find_map(|g| taken.iter().find(|a| g.matches(a)).map(|a| (g, a)));
        if let Some((glob, address)) = before {
            found.push(block(
                step,
                address,
                format!(
                    "the last apply protected `{}`, and this change takes protection and object away at once",
                    Untrusted::new(glob.as_str()).line(160)
                ),
                "bring the object back, apply without the protection, then let it go in a change of its own",
            ));
        }
    }
    plan.warnings.extend(found);
}

/// What `lifecycle.retain` holds cannot stay when what it lies below goes.
fn torn_along(plan: &mut Plan, input: &PlanInput<'_>) {
    if input.desired.lifecycle.retain.is_empty() {
        return;
    }
    let mut found = Vec::new();
    for step in plan.steps.iter().filter(|s| s.action == Action::Destroy) {
        let below = taken(plan, input, step);
        let Some(address) = below.iter().find(|a| input.desired.lifecycle.retains(a).is_some()) else {
            continue;
        };
        found.push(Warning {
            code: codes::NOT_RETAINED.to_owned(),
            address: Some(step.address.clone()),
            message: format!(
                "`{}` takes `{address}` along, which `lifecycle.retain` wants to keep",
                step.address
            ),
            blocks: true,
            help: Some("retain what it lies below as well, or take it out of `lifecycle.retain`".to_owned()),
            ..Warning::default()
        });
    }
    plan.warnings.extend(found);
}

fn block(step: &Step, address: &Address, why: String, help: &str) -> Warning {
    let what = if *address == step.address {
        format!("`{address}` is protected")
    } else {
        format!("`{}` takes `{address}` along, which is protected", step.address)
    };
    Warning {
        code: codes::PROTECTED.to_owned(),
        address: Some(step.address.clone()),
        message: format!("{what}: {why}"),
        blocks: true,
        help: Some(help.to_owned()),
        evidence: [("protected".to_owned(), address.to_string())].into(),
        ..Warning::default()
    }
}

/// Every address that a step destroys or rebuilds: its own, what lies below it, its machines.
fn taken(plan: &Plan, input: &PlanInput<'_>, step: &Step) -> BTreeSet<Address> {
    let mut out = BTreeSet::new();
    let mut machine = |name: &str| {
        out.insert(Address::new("machine", name));
    };
    let lost: Vec<_> = plan.lost.iter().filter(|l| l.address == step.address).collect();
    for name in lost.iter().filter_map(|l| l.machine.as_deref()) {
        machine(name);
    }
    let rebuilt = step.affects.iter().filter(|a| matches!(a.effect, Effect::Rebuild | Effect::Destroy));
    let rebuilt: Vec<_> = rebuilt.collect();
    for name in rebuilt.iter().filter_map(|a| a.machine.as_deref()) {
        machine(name);
    }
    for set in rebuilt.iter().filter_map(|a| a.machine_set.clone()) {
        out.insert(set);
    }
    if !lost.is_empty() {
        out.insert(step.address.clone());
    }
    let names: BTreeSet<String> =
        out.iter().filter(|a| a.kind() == "machine").map(|a| a.name().to_owned()).collect();
    out.extend(nodes(input, &names));
    if step.action != Action::Destroy {
        return out;
    }
    out.insert(step.address.clone());
    let recorded = input.record.into_iter().flat_map(|r| r.entries.keys());
    out.extend(recorded.filter(|a| step.address.contains(a)).cloned());
    // What lies below a machine set in Omni lies beside it in addresses.
    if let Operation::Teardown { id, .. } = &step.operation
        && id.short_kind() == "MachineSets"
        && let Some(cluster) = step.address.cluster_name()
    {
        let of_set = input.snapshot.omni.list("MachineSetNodes").iter().filter(|n| {
            n.phase == Phase::Running && n.resource.omni_label("machine-set") == Some(id.id.as_str())
        });
        out.extend(of_set.map(|n| Address::cluster(cluster).child("node", &n.resource.id.id)));
    }
    out
}

/// The addresses of nodes behind names of machines: a name is a UUID, or the request that a machine came from.
fn nodes(input: &PlanInput<'_>, names: &BTreeSet<String>) -> Vec<Address> {
    if names.is_empty() {
        return Vec::new();
    }
    let omni = &input.snapshot.omni;
    let statuses = omni.list("MachineStatuses").iter().filter_map(|s| {
        let request = s.resource.omni_label("machine-request")?;
        names.contains(request).then_some(s.resource.id.id.as_str())
    });
    let requests = omni.list("MachineRequestStatuses").iter().filter_map(|s| {
        let uuid = s.resource.spec.get("id")?.as_str()?;
        names.contains(&s.resource.id.id).then_some(uuid)
    });
    let uuids: BTreeSet<&str> = statuses.chain(requests).chain(names.iter().map(String::as_str)).collect();
    omni.list("MachineSetNodes")
        .iter()
        .filter(|n| uuids.contains(n.resource.id.id.as_str()))
        .filter_map(|n| {
            Some(Address::cluster(n.resource.omni_label("cluster")?).child("node", &n.resource.id.id))
        })
        .collect()
}
