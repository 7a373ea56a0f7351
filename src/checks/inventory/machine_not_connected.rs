//! A machine that Omni does not hear, while its VM runs.

use super::sight::{shown, word};
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `machine-not-connected`
pub(super) static RULE: Rule = Rule {
    code: "OS0548",
    name: "machine-not-connected",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "Omni calls a machine disconnected 275 s after its last handshake",
    stage: Stage::Doctor,
    title: "Omni does not hear a machine whose VM runs",
    means: "The machine joined once and its VM runs, but its tunnel to Omni is silent: it is taken for connected up to 275 s longer. Network, name resolution or the machine itself.",
    bad: "VM 105 runs; its Link has not been heard for ten minutes",
    good: "the Link is connected",
    act: "Look at the VM's console and network: its bridge and VLAN, its address, the answer for Omni's name, UDP to Omni's WireGuard port.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| m.connected() == Some(false) && !m.going()) {
        let running = match &machine.vm {
            Vm::One(found) => {
                let dark = machine.proxmox.is_some_and(|(_, seen)| Inventory::offline(seen, found.node));
                !dark && found.guest.is_none_or(|g| g.status == "running")
            }
            // Whatever else became of the VM has its own rule, which tells the cause.
            Vm::Unknown(_) => true,
            Vm::NotMade | Vm::Several(_) | Vm::Gone | Vm::Reused { .. } | Vm::Dark(_) => false,
        };
        if !running || machine.member.is_some_and(|m| m.phase == crate::resource::Phase::TearingDown) {
            continue;
        }
        let uuid = machine.uuid.as_deref().unwrap_or_default();
        let mut finding = Finding::new(&RULE, machine.address.clone(), "Omni does not hear it");
        finding = match &machine.vm {
            Vm::One(found) => finding.fact("VM", format!("{} runs", super::place(found.node, found.vmid))),
            Vm::Unknown(why) => finding.fact("VM", format!("not told: {}", super::sight::said(why))),
            _ => finding,
        };
        if let Some(link) = machine.link {
            let end = super::sight::raw(link, &["last_endpoint"]).unwrap_or("none");
            finding = finding.fact("last heard from", shown(end));
        }
        if let Some(found) = machine.found()
            && let Some(nic) = found.config.devices.get("net0")
        {
            let option = |key: &str| nic.options.get(key).map_or("none", String::as_str);
            finding = finding.fact(
                "network card",
                format!("bridge {}, VLAN {}", shown(option("bridge")), shown(option("tag"))),
            );
        }
        out.push(
            finding
                .act(format!("`omnictl machine-logs {}` shows what it said last", word(uuid)))
                .act("look at the VM's console and its network: address, answer for Omni's name, UDP to Omni's WireGuard port"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_silent_machine_whose_vm_runs_is_told() {
        let mut world = World::new();
        world.disconnect(101);
        let found = world.found(super::check);
        assert_eq!(found.len(), 1);
        assert!(found[0].evidence.iter().any(|f| f.value == "a/101 runs"), "{found:?}");
    }

    #[test]
    fn where_the_vm_tells_the_cause_this_rule_is_silent() {
        assert!(World::new().subjects(super::check).is_empty());
        let breaks: [fn(&mut World); 3] = [
            |w| w.guest(101).status = "stopped".into(),
            |w| w.remove_vm(101),
            |w| w.node("a").status = crate::live::NodeStatus::Offline,
        ];
        for break_it in breaks {
            let mut world = World::new();
            world.disconnect(101);
            break_it(&mut world);
            assert!(world.subjects(super::check).is_empty());
        }
    }
}
