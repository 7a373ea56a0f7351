//! A machine that calls itself as another machine is called.

use std::collections::BTreeMap;

use super::sight::{raw, shown};
use super::{Inventory, Machine};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `hostname-differs`
pub(super) static RULE: Rule = Rule {
    code: "OS0550",
    name: "hostname-differs",
    severity: Severity::Info,
    basis: Basis::Reported,
    source: "the provider hands a machine its request as host name; DHCP, patches and sources between 2025-11 and 2026-02 hand out others",
    stage: Stage::Doctor,
    title: "a machine bears the host name of another",
    means: "The machine's host name is the name of another machine request, or another machine of its cluster has the same one. Kubernetes knows nodes by host name: two with one name are one node. Names that patches give, and names that Talos makes up, are not reported.",
    bad: "machine c-workers-b2 calls itself c-workers-x9",
    good: "machine c-workers-b2 calls itself c-workers-b2",
    act: "Look where the name comes from: a DHCP lease that outlived an old VM, a patch with a fixed host name, or an old build of the provider.",
};

fn hostname<'a>(machine: &Machine<'a>) -> Option<&'a str> {
    machine.machine.and_then(|m| raw(m, &["network", "hostname"]))
}

/// Whether a text looks like a request of a set: its name and six of the letters that Omni uses.
fn request_of(name: &str, set: &str) -> bool {
    name.strip_prefix(set)
        .and_then(|n| n.strip_prefix('-'))
        .is_some_and(|end| end.len() == 6 && end.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)))
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let mut by_name: BTreeMap<(Option<&str>, &str), Vec<&str>> = BTreeMap::new();
    for machine in inventory.machines.iter().filter(|m| !m.going()) {
        if let Some(name) = hostname(machine) {
            by_name.entry((machine.cluster, name)).or_default().push(machine.id);
        }
    }
    for machine in inventory.machines.iter().filter(|m| !m.going()) {
        let Some(name) = hostname(machine).filter(|n| *n != machine.id) else { continue };
        let shared = by_name.get(&(machine.cluster, name)).is_some_and(|all| all.len() > 1);
        let others = inventory.requests.contains(name) || machine.set.is_some_and(|s| request_of(name, s));
        if !shared && !others {
            continue;
        }
        let mut finding =
            Finding::new(&RULE, machine.address.clone(), "it calls itself by the name of another machine")
                .fact("host name", shown(name));
        if shared {
            finding.severity = Severity::Warning;
            let all = by_name.get(&(machine.cluster, name)).into_iter().flatten();
            let all: Vec<String> = all.map(|id| shown(id)).collect();
            finding = finding.fact("machines of this name", all.join(", "));
        }
        out.push(finding.act("look where the name comes from: a DHCP lease, a patch with a fixed host name, an old build of the provider"));
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    fn name(world: &mut World, uuid: usize, name: &str) {
        let id = crate::checks::inventory::tests::uuid(uuid);
        world.spec(
            "MachineStatuses",
            &id,
            serde_json::json!({"connected": true, "network": {"hostname": name}}),
        );
    }

    #[test]
    fn the_name_of_another_machine_is_told() {
        let mut world = World::new();
        name(&mut world, 1, "c-workers-zzzzz9");
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
        let mut world = World::new();
        name(&mut world, 1, "same");
        name(&mut world, 2, "same");
        assert_eq!(world.subjects(super::check).len(), 2);
    }

    #[test]
    fn own_names_and_names_that_talos_makes_up_are_not() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        name(&mut world, 1, "talos-abc-def");
        assert!(world.subjects(super::check).is_empty());
    }
}
