//! A machine whose Proxmox node is down.

use super::sight::{shown, word};
use super::{Inventory, Vm};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `machine-on-offline-node`
pub(super) static RULE: Rule = Rule {
    code: "OS0554",
    name: "machine-on-offline-node",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "Proxmox VE lists the guests of a node that is down; nothing can be asked of them",
    stage: Stage::Doctor,
    title: "the Proxmox node of a machine is down",
    means: "The machine is down with its node, and cannot be removed either before the node is back: neither can Omni reset it, nor the provider remove its VM.",
    bad: "VM 106 is on hotel, and hotel is off",
    good: "every node with machines is online",
    act: "Bring the node back. If it never comes back, remove the machine's Link in Omni and clean up in Proxmox by hand.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.told() {
        let Some((_, seen)) = machine.proxmox else { continue };
        let (node, vmid) = match &machine.vm {
            Vm::One(found) => (found.node, found.vmid),
            Vm::Dark(guest) => (guest.node.as_str(), guest.vmid),
            _ => continue,
        };
        if !Inventory::offline(seen, node) {
            continue;
        }
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("its VM {} is on a node that is down", super::place(node, vmid)),
        )
        .fact("node", shown(node));
        if let Some(connected) = machine.connected() {
            finding =
                finding.fact("connected to Omni", if connected { "still shown as connected" } else { "no" });
        }
        finding = finding.act(format!("bring node {} back: the VM starts with it", shown(node)));
        if machine.control_plane {
            finding = finding.act(format!(
                "until then remove no other control plane: `omnictl cluster status {}`",
                word(machine.cluster.unwrap_or("CLUSTER"))
            ));
        }
        out.push(
            finding
                .act(format!(
                    "if it never comes back: {}. The provider then waits for the node: take it out of the Proxmox cluster (provider 0.3 forgives that)",
                    machine.replacement()
                ))
                .cost("waiting costs nothing; a replacement loses the machine's disk"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::live::{NodeStatus, Observation, Reason};

    #[test]
    fn a_machine_on_a_dead_node_is_told_read_or_not() {
        let mut world = World::new();
        world.node("a").status = NodeStatus::Offline;
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
        world.proxmox().evidence.configs.insert(101, Observation::Unknown(Reason("595".into())));
        assert_eq!(world.subjects(super::check), ["machine/c-workers-bbbbb2"]);
    }

    #[test]
    fn machines_on_nodes_that_run_are_not_and_without_quorum_nothing_is_said() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.node("a").status = NodeStatus::Offline;
        world.proxmox().quorate = Observation::Known(false);
        assert!(world.subjects(super::check).is_empty());
    }
}
