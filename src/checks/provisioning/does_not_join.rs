//! A machine whose VM runs and that Omni never heard of.

use super::{START, quiet};
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, span};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::value::Value;

/// `machine-does-not-join`
pub(super) static RULE: Rule = Rule {
    code: "OS0579",
    name: "machine-does-not-join",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "a machine joins by its own Link: it needs the join image, an address, the answer for Omni's name, HTTPS and UDP to Omni",
    stage: Stage::Doctor,
    title: "a machine was made and never joined Omni",
    means: "The provider is done, the VM runs, and Omni has no Link of it. In this order: the join image is missing, the network card is on the wrong bridge or VLAN, no address, a wrong answer for Omni's name, no way to Omni, a join token that was revoked.",
    bad: "VM 105 runs for an hour, and Omni waits for the machine to join",
    good: "a Link with the UUID of the VM",
    act: "Look at the VM's console: Talos says there how far it comes.",
};

/// `state` of a join token that lets machines in; others are revoked or expired.
const ACTIVE: i128 = 1;

/// How many join tokens there are, and how many of them are active; nothing where none was read.
fn tokens(inventory: &Inventory<'_>) -> Option<(usize, usize)> {
    let all = inventory.scene.snapshot.omni.types.get("JoinTokenStatuses.omni.sidero.dev")?.known()?;
    let active = all.iter().filter(|t| t.resource.spec.get("state").and_then(Value::as_int) == Some(ACTIVE));
    Some((all.len(), active.count()))
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let links = inventory.scene.snapshot.omni.types.get("Links.omni.sidero.dev");
    if links.is_none_or(|l| l.known().is_none()) {
        return;
    }
    let tokens = tokens(inventory);
    for machine in inventory.machines.iter().filter(|m| m.provisioned() && !m.going()) {
        let Some(age) = quiet(inventory, machine).filter(|q| *q >= START) else { continue };
        let (Some(found), Some((_, seen))) = (machine.found(), machine.proxmox) else { continue };
        let runs =
            found.guest.is_some_and(|g| g.status == "running") && !Inventory::offline(seen, found.node);
        if machine.link.is_some() || machine.machine.is_some() || !runs {
            continue;
        }
        let place = super::super::inventory::place(found.node, found.vmid);
        let mut causes: Vec<(String, String)> = Vec::new();
        let iso = found.config.devices.get("ide0");
        match iso {
            None => causes.push((
                "it has no join image: its upload failed, which the provider does not check".into(),
                "remove the machine in Omni, so that it is made anew".into(),
            )),
            Some(iso) => {
                let storage = iso.storage().unwrap_or_default();
                let volumes =
                    seen.evidence.volumes.get(&format!("{}/{storage}", found.node)).and_then(|v| v.known());
                if volumes.is_some_and(|all| !all.iter().any(|v| v.id == iso.main)) {
                    causes.push((
                        "its join image is not on the storage".into(),
                        "remove the machine in Omni, so that it is made anew".into(),
                    ));
                }
            }
        }
        let nic = found.config.devices.get("net0");
        let option = |key: &str| nic.and_then(|n| n.options.get(key)).map(String::as_str);
        let bridge = option("bridge").unwrap_or("none");
        if let Some(bridges) =
            seen.evidence.bridges.get(found.node).and_then(|b| b.known()).filter(|b| !b.is_empty())
        {
            match bridges.iter().find(|b| b.name == bridge) {
                None => causes.push((
                    format!("its bridge {} is not on node {}", shown(bridge), shown(found.node)),
                    "correct `network_bridge` in the class".into(),
                )),
                Some(b) if !b.active => causes.push((
                    format!("its bridge {} is down on node {}", shown(bridge), shown(found.node)),
                    "bring the bridge up".into(),
                )),
                Some(_) => {}
            }
        }
        let held = inventory.scene.snapshot.omni.list("PendingMachines").iter();
        let mut held = held.filter_map(|p| p.resource.omni_label("machine-uuid"));
        if held.any(|uuid| machine.uuid.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(uuid))) {
            causes.push((
                "Omni hears it and holds it among the pending machines".into(),
                "`omnictl get pendingmachines`: it leaves them when it has stored a token of its own; a second machine with the same UUID stays there".into(),
            ));
        }
        if let Some((1.., 0)) = tokens {
            causes.push((
                "no join token of this Omni is active any more".into(),
                "`omnictl jointoken unrevoke ID` (`renew`, if it expired) lets machines in that carry it; with another token they have to be made anew: it lies in their join image".into(),
            ));
        }
        let what = causes.first().map_or_else(
            || format!("its VM {place} runs, and Omni never heard of it"),
            |(cause, _)| format!("its VM {place} runs, and Omni never heard of it: {cause}"),
        );
        let mut finding = Finding::new(&RULE, machine.address.clone(), what)
            .fact("made", format!("{} ago", span(age)))
            .fact("join image", iso.map_or_else(|| "none".to_owned(), |d| shown(&d.main)))
            .fact(
                "network card",
                format!("bridge {}, VLAN {}", shown(bridge), shown(option("tag").unwrap_or("none"))),
            );
        if let Some((all, active)) = tokens.filter(|(all, active)| all != active) {
            finding = finding.fact("join tokens that are active", format!("{active} of {all}"));
        }
        let known = !causes.is_empty();
        for (_, act) in causes {
            finding = finding.act(act);
        }
        if !known {
            finding = finding
                .act(format!("look at the console of VM {}: without an address, DHCP or the VLAN is at fault", found.vmid))
                .act("with an address: what its resolver answers for Omni's name (an address of a tailnet, 100.64.0.0/10, is a split horizon gone wrong), HTTPS and UDP to Omni's WireGuard port, the MTU")
                .act("`omnictl get jointokenstatus`: a token that was revoked keeps it out; machines that wait to be accepted are in `omnictl get pendingmachines`");
        }
        out.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};
    use crate::live::{Bridge, Observation};

    fn alone() -> World {
        let mut world = World::new();
        for kind in
            ["Links", "MachineStatuses", "ClusterMachines", "ClusterMachineStatuses", "MachineSetNodes"]
        {
            world.gone(kind, &uuid(1));
        }
        world
    }

    #[test]
    fn the_causes_are_looked_for_in_order() {
        assert!(alone().found(super::check)[0].act[0].contains("console of VM 101"));
        let mut world = alone();
        world.config(101).devices.remove("ide0");
        assert!(world.found(super::check)[0].cause.contains("no join image"));
        let mut world = alone();
        world.proxmox().evidence.volumes.insert("a/l".into(), Observation::Known(Vec::new()));
        assert!(world.found(super::check)[0].cause.contains("is not on the storage"));
        let mut world = alone();
        let other = Bridge { name: "vmbr1".into(), active: true, vlan_aware: false, vids: None };
        world.proxmox().evidence.bridges.insert("a".into(), Observation::Known(vec![other]));
        assert!(world.found(super::check)[0].cause.contains("vmbr0 is not on node a"));
    }

    #[test]
    fn what_omni_says_of_the_way_in_is_a_cause() {
        let token = |state: u8| serde_json::json!({"state": state, "name": "initial token"});
        let mut world = alone();
        world.add("JoinTokenStatuses", "token-1", &[], token(1));
        assert!(world.found(super::check)[0].act[0].contains("console of VM 101"));
        world.add("JoinTokenStatuses", "token-2", &[], token(2));
        let found = &world.found(super::check)[0];
        assert!(found.evidence.iter().any(|f| f.value == "1 of 2"), "{found:?}");
        assert!(found.act[0].contains("console"), "which of them it came with nobody tells");
        world.gone("JoinTokenStatuses", "token-1");
        assert!(
            world.found(super::check)[0].cause.ends_with("no join token of this Omni is active any more")
        );
        world.snapshot.omni.types.remove("JoinTokenStatuses.omni.sidero.dev");
        assert!(world.found(super::check)[0].act[0].contains("console"));
        world.add("PendingMachines", "key", &[("machine-uuid", &uuid(2))], serde_json::json!({}));
        assert!(world.found(super::check)[0].act[0].contains("console"), "another machine");
        world.add(
            "PendingMachines",
            "key2",
            &[("machine-uuid", &uuid(1).to_uppercase())],
            serde_json::json!({}),
        );
        assert!(world.found(super::check)[0].cause.ends_with("among the pending machines"));
    }

    #[test]
    fn a_machine_that_joined_starts_or_is_off_is_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = alone();
        world.written("MachineRequestStatuses", "c-workers-bbbbb2", 60);
        assert!(world.subjects(super::check).is_empty());
        let mut world = alone();
        world.guest(101).status = "stopped".into();
        assert!(world.subjects(super::check).is_empty());
        let mut world = alone();
        world.snapshot.omni.types.remove("Links.omni.sidero.dev");
        assert!(world.subjects(super::check).is_empty());
    }
}
