//! Everything that `doctor` tells: one look, joined once, read by every rule.

use std::collections::{BTreeMap, BTreeSet};

use super::alike::{Names, Own, Unjudged};
use super::inventory::sight::{said, shown};
use super::inventory::{self, Inventory, Machine, Vm};
use super::logs::Logs;
use super::{Finding, Scene, preflight, provider, provisioning, scaling, teardown};
use crate::address::Address;
use crate::graph::edges::class_of_set;

/// What was found, worst first, and what could not be judged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examination {
    /// Findings, worst first, then by subject.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why.
    pub unjudged: Vec<Unjudged>,
    /// What the subjects of the findings are called besides.
    pub names: Names,
    /// Machines that were looked at.
    pub machines: usize,
}

impl Examination {
    /// Only what is about a cluster: itself, its machines and their VMs, the classes and providers that it uses, and the Proxmox
    /// clusters below it.
    #[must_use]
    pub fn about(mut self, cluster: &str, scene: &Scene<'_>) -> Self {
        let inventory = Inventory::new(scene, None);
        let own: Vec<_> = inventory.machines.iter().filter(|m| m.cluster == Some(cluster)).collect();
        let of_set =
            |id: &str| scene.snapshot.omni.find("MachineSets", id).and_then(|s| class_of_set(&s.resource));
        let live = scene.snapshot.omni.list("MachineSets").iter();
        let live = live.filter(|s| s.resource.omni_label("cluster") == Some(cluster));
        let classes: BTreeSet<&str> = live
            .filter_map(|s| of_set(&s.resource.id.id))
            .chain(scene.sets.iter().filter(|s| s.cluster == cluster).map(|s| s.class.as_str()))
            .collect();
        let mut providers: BTreeSet<&str> = own.iter().map(|m| m.provider).collect();
        providers.extend(classes.iter().filter_map(|c| scene.classes.get(*c)).map(|c| c.provider.as_str()));
        self.machines = own.len();
        self.findings.retain(|finding| {
            let parts = finding.subject.parts();
            match parts {
                [kind, name, ..] => match kind.as_str() {
                    "cluster" => name == cluster,
                    "class" => classes.contains(name.as_str()),
                    "provider" => providers.contains(name.as_str()),
                    "machine" => own.iter().any(|m| m.id == name),
                    "link" => own.iter().any(|m| m.uuid.as_deref() == Some(name)),
                    // Nobody's: it is in no cluster.
                    "vm" => false,
                    _ => true,
                },
                _ => true,
            }
        });
        self
    }
}

/// Every rule over what was joined.
pub(in crate::checks) fn all(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    inventory::check(inventory, out);
    provider::check(inventory, out);
    provisioning::check(inventory, out);
    teardown::check(inventory, out);
    scaling::check(inventory, out);
}

/// Most guests whose tasks are asked for.
const MOST_ASKED: usize = 40;
/// Rules about what somebody did to a guest.
const DONE_TO: [&str; 7] = ["OS0541", "OS0543", "OS0544", "OS0545", "OS0546", "OS0553", "OS0555"];

/// The guests that something was done to, by Proxmox cluster, node and VMID: their tasks tell who and when.
pub fn to_ask(scene: &Scene<'_>, logs: Option<&Logs>) -> Vec<(String, String, u32)> {
    let inventory = Inventory::new(scene, logs);
    let mut found = Vec::new();
    inventory::check(&inventory, &mut found);
    let mut out: BTreeSet<(String, String, u32)> = BTreeSet::new();
    for finding in found.iter().filter(|f| DONE_TO.contains(&f.rule.code)) {
        if let [kind, proxmox, vmid] = finding.subject.parts()
            && kind == "vm"
            && let Ok(vmid) = vmid.parse()
        {
            let guests = scene.snapshot.proxmox.get(proxmox).and_then(|p| p.guests.known());
            let guest = guests.into_iter().flatten().find(|g| g.vmid == vmid);
            out.extend(guest.map(|g| (proxmox.clone(), g.node.clone(), vmid)));
        }
        let machine = inventory.machines.iter().find(|m| m.address == finding.subject);
        let Some((proxmox, _)) = machine.and_then(|m| m.proxmox) else { continue };
        let at = machine.and_then(|m| match (m.found(), m.record.as_ref()) {
            (Some(found), _) => Some((found.node, found.vmid)),
            (None, Some(record)) => Some((record.node?, record.vmid?)),
            (None, None) => None,
        });
        out.extend(at.map(|(node, vmid)| (proxmox.to_owned(), node.to_owned(), vmid)));
    }
    out.into_iter().take(MOST_ASKED).collect()
}

/// What a log tells by itself, without any server.
pub fn examine_logs(logs: &Logs) -> Vec<Finding> {
    let mut out = Vec::new();
    provider::in_logs(logs, &mut out);
    sorted(out)
}

/// Looks at a scene, and at the provider's log if there is one.
pub fn examine(scene: &Scene<'_>, logs: Option<&Logs>) -> Examination {
    let inventory = Inventory::new(scene, logs);
    let mut findings = Vec::new();
    all(&inventory, &mut findings);
    findings.extend(preflight::find(scene));
    let findings = sorted(findings);
    let names = names(&inventory, &findings);
    Examination { machines: inventory.machines.len(), unjudged: unjudged(scene), findings, names }
}

/// What the subjects of findings are called besides, as far as texts name it.
fn names(inventory: &Inventory<'_>, findings: &[Finding]) -> Names {
    let machines: BTreeMap<&Address, &Machine<'_>> =
        inventory.machines.iter().map(|m| (&m.address, m)).collect();
    let subjects: BTreeSet<&Address> = findings.iter().map(|f| &f.subject).collect();
    let mut out = Names::new();
    for subject in subjects {
        let mut own = match machines.get(subject) {
            Some(machine) => of_machine(machine),
            None => of_place(subject, inventory.scene),
        };
        own.retain(|o| !o.value.is_empty());
        out.insert(subject.clone(), own);
    }
    out
}

fn of_machine(machine: &Machine<'_>) -> Vec<Own> {
    let record = machine.record.as_ref();
    let (vmid, node) = match &machine.vm {
        Vm::One(found) => (Some(found.vmid), Some(found.node)),
        Vm::Dark(guest) | Vm::Reused { guest, .. } => (Some(guest.vmid), Some(guest.node.as_str())),
        _ => (record.and_then(|r| r.vmid), record.and_then(|r| r.node)),
    };
    let former = record.and_then(|r| r.node).filter(|n| Some(*n) != node);
    let foreign = match &machine.vm {
        Vm::Reused { guest, .. } => guest.name.as_deref(),
        _ => None,
    };
    let own = |word, value: Option<&str>| value.map(|v| Own::new(word, shown(v)));
    [
        vmid.map(|id| Own::new("VMID", id.to_string())),
        own("NODE", node),
        own("FORMER", former),
        own("FOREIGN", foreign),
        own("UUID", machine.uuid.as_deref()),
        own("START", record.and_then(|r| r.vm_start_task)),
        own("TASK", record.and_then(|r| r.vm_create_task)),
        own("CLUSTER", machine.cluster),
        own("MACHINE", Some(machine.id)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The names in an address, and what is at it.
fn of_place(subject: &Address, scene: &Scene<'_>) -> Vec<Own> {
    let parts: Vec<&str> = subject.parts().iter().map(String::as_str).collect();
    if let ["vm", proxmox, vmid] = parts.as_slice() {
        let guests = scene.snapshot.proxmox.get(*proxmox).and_then(|p| p.guests.known());
        let guest = guests.into_iter().flatten().find(|g| g.vmid.to_string() == **vmid);
        let name = guest.and_then(|g| g.name.as_deref());
        let mut own = vec![Own::new("VMID", *vmid)];
        own.extend(guest.map(|g| Own::new("NODE", shown(&g.node))));
        own.extend(name.map(|n| Own::new("NAME", shown(n))));
        return own;
    }
    let named = parts.chunks_exact(2).filter_map(|pair| {
        let [kind, name] = pair else { return None };
        let word = match *kind {
            "proxmox" => "PROXMOX",
            "node" => "NODE",
            "storage" => "STORAGE",
            "provider" => "PROVIDER",
            "class" => "CLASS",
            "cluster" => "CLUSTER",
            "machineset" => "SET",
            _ => return None,
        };
        Some(Own::new(word, shown(name)))
    });
    named.collect()
}

/// Worst first, then by code and subject; nothing twice.
pub(super) fn sorted(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by(|a, b| {
        (a.severity, a.rule.code, &a.subject, &a.cause).cmp(&(b.severity, b.rule.code, &b.subject, &b.cause))
    });
    findings.dedup();
    findings
}

/// What was not seen.
fn unjudged(scene: &Scene<'_>) -> Vec<Unjudged> {
    let mut out = Vec::new();
    for (kind, seen) in &scene.snapshot.omni.types {
        if let Some(why) = seen.unknown() {
            let kind = kind.strip_suffix(crate::resource::TYPE_SUFFIX).unwrap_or(kind);
            out.push(Unjudged::new(shown(kind), "Omni", said(&why.0)));
        }
    }
    for (name, seen) in &scene.snapshot.proxmox {
        let whole = format!("Proxmox cluster {}", shown(name));
        let parts = [
            ("nodes", seen.nodes.unknown()),
            ("guests", seen.guests.unknown()),
            ("quorum", seen.quorate.unknown()),
            ("high availability", seen.evidence.ha.unknown()),
            ("tasks", seen.evidence.tasks.unknown()),
        ];
        for (part, why) in parts {
            if let Some(why) = why {
                out.push(Unjudged::new(part, &whole, said(&why.0)));
            }
        }
        let unlisted = seen.evidence.disks.iter().filter_map(|(at, disks)| Some((at, disks.unknown()?)));
        for (at, why) in unlisted {
            let (node, storage) = at.split_once('/').unwrap_or((at, ""));
            let own = [Own::new("NODE", shown(node)), Own::new("STORAGE", shown(storage))];
            out.push(Unjudged {
                of: Some(shown(at)),
                own: own.into(),
                ..Unjudged::new("disks", &whole, said(&why.0))
            });
        }
        let guests = seen.guests.known().map(Vec::as_slice).unwrap_or_default();
        let on: BTreeMap<u32, &str> = guests.iter().map(|g| (g.vmid, g.node.as_str())).collect();
        let unread = seen.evidence.configs.iter().filter_map(|(vmid, c)| Some((vmid, c.unknown()?)));
        for (vmid, why) in unread {
            let mut own = vec![Own::new("VMID", vmid.to_string())];
            own.extend(on.get(vmid).map(|node| Own::new("NODE", shown(node))));
            out.push(Unjudged {
                of: Some(format!("VM {vmid}")),
                own,
                ..Unjudged::new("configuration", &whole, said(&why.0))
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::checks::Scene;
    use crate::checks::alike::alike;
    use crate::checks::inventory::tests::{NOW, World, uuid};
    use crate::checks::logs::Logs;

    const ID: &str = "c-workers-bbbbb2";

    /// Names of the rules that speak, and everything that they say.
    fn told(world: &mut World) -> (Vec<&'static str>, String) {
        let found = world.found(all);
        let text = found.iter().map(|f| format!("{}\n{}\n{:?}\n", f.cause, f.act.join("\n"), f.cost));
        (found.iter().map(|f| f.rule.name).collect(), text.collect())
    }

    /// What people are often told and what cannot work, or has no part in it.
    fn nothing_false(text: &str) {
        for word in [
            "429",
            "throttl",
            "concurren",
            "max_workers",
            "kubectl patch",
            "kubectl annotate",
            "infra provider reconcile",
            "delete machine ",
            "cluster health",
            "--set-bios ovmf",
            "workload proxy",
        ] {
            assert!(!text.to_lowercase().contains(word), "{word}: {text}");
        }
    }

    #[test]
    fn scenario_1_a_vm_that_restarts_in_a_loop() {
        let mut world = World::new();
        world.disconnect(101);
        world.set(101, "cpu", "kvm64");
        world.set(101, "bios", "ovmf");
        let (rules, text) = told(&mut world);
        for rule in ["cpu-too-old", "firmware-changed", "vm-edited"] {
            assert!(rules.contains(&rule), "{rule}: {rules:?}");
        }
        // Not the advice that makes an installed system unbootable.
        assert!(text.contains("--bios seabios") && !text.contains("--bios ovmf"), "{text}");
        nothing_false(&text);
        // The controller and SeaBIOS, which are named most often, are as the provider makes them: no cause.
        let mut world = World::new();
        world.disconnect(101);
        assert_eq!(told(&mut world).0, ["machine-not-connected"]);
    }

    #[test]
    fn scenario_2_a_machine_that_is_stuck_in_its_destruction() {
        let mut world = World::new();
        world.tearing_down("ClusterMachines", &uuid(1));
        world.disconnect(101);
        world.guest(101).status = "stopped".into();
        let (rules, text) = told(&mut world);
        assert!(rules.contains(&"teardown-waits-for-machine"), "{rules:?}");
        assert!(text.contains("qm start 101") && text.contains("makes a replacement by itself"), "{text}");
        nothing_false(&text);
    }

    #[test]
    fn scenario_3_scaling_that_hangs() {
        let mut world = World::new();
        let error = "failed to pick the disk: no matches for the condition \"name == \\\"x\\\"\"";
        let spec =
            serde_json::json!({"stage": 3, "error": error, "status": "Running Step: \"syncVM\" (4/5)"});
        world.spec("MachineRequestStatuses", ID, spec);
        for kind in
            ["Links", "MachineStatuses", "ClusterMachines", "ClusterMachineStatuses", "MachineSetNodes"]
        {
            world.gone(kind, &uuid(1));
        }
        world.remove_vm(101);
        let record = serde_json::json!({"uuid": uuid(1), "node": "a"});
        world.spec("Machine.p.infraprovider.sidero.dev", ID, record);
        let (rules, text) = told(&mut world);
        assert_eq!(rules, ["request-failed"], "{text}");
        assert!(text.contains("scale its set up by one and down again"), "{text}");
        nothing_false(&text);
    }

    #[test]
    fn scenario_4_a_vm_that_was_deleted_by_hand() {
        let mut world = World::new();
        world.remove_vm(101);
        world.disconnect(101);
        let (rules, text) = told(&mut world);
        assert_eq!(rules, ["vm-deleted"], "{text}");
        // The replacement comes by itself: scaling up besides gives one machine too many.
        assert!(text.contains("makes the replacement by itself") && !text.contains("scale"), "{text}");
        nothing_false(&text);
    }

    #[test]
    fn scenario_5_a_provider_that_proxmox_refuses() {
        let mut world = World::new();
        let line = |ts: u32, id: &str, rest: &str| {
            format!(
                "{{\"ts\":{ts},\"msg\":\"machine provision failed\",\"id\":\"{id}\",\"controller\":\"p.ProvisionController\",{rest}}}\n"
            )
        };
        let refused = "\"step\":\"pickNode\",\"error\":\"not authorized to access endpoint\"";
        world.logs = Some(Logs::read(&line(1_772_323_000, "c-workers-zzzzz9", refused)));
        let (rules, text) = told(&mut world);
        assert!(rules.contains(&"provider-without-proxmox"), "{rules:?}");
        assert!(text.contains("a restart does not help"), "{text}");
        nothing_false(&text);
    }

    #[test]
    fn the_worst_comes_first_and_nothing_twice() {
        let mut world = World::new();
        world.guest(102).lock = Some("backup".into());
        world.config(101).uuid = Some("f".into());
        world.copy_vm(103, 150);
        let found = super::sorted([world.found(all), world.found(all)].concat());
        let order: Vec<_> = found.iter().map(|f| f.severity).collect();
        assert!(order.is_sorted() && found[0].rule.name == "vmid-reused", "{order:?}");
        assert_eq!(found.len(), super::sorted(world.found(all)).len());
    }

    /// Nodes are called `a` and `b`, which texts have as a word too.
    #[test]
    fn one_trouble_of_several_machines_is_one_group() {
        type Trouble = fn(&mut World, u32);
        let troubles: [(&str, Trouble, &str); 9] = [
            ("vm-not-running", |w, id| w.guest(id).status = "stopped".into(), "`qm start VMID` on node NODE"),
            (
                "vm-protected",
                |w, id| w.set(id, "protection", "1"),
                "`qm set VMID --protection 0` on node NODE, when the machine is to go",
            ),
            (
                "vm-locked",
                |w, id| w.guest(id).lock = Some("backup".into()),
                "look whether a task of VM VMID runs; if one does, wait for it",
            ),
            (
                "vm-deleted",
                |w, id| w.remove_vm(id),
                "`omnictl delete link UUID`: Omni then makes the replacement by itself",
            ),
            (
                "machine-not-connected",
                |w, id| w.disconnect(id),
                "`omnictl machine-logs UUID` shows what it said last",
            ),
            (
                "cpu-too-old",
                |w, id| {
                    w.disconnect(id);
                    w.set(id, "cpu", "kvm64");
                },
                "`qm set VMID --cpu x86-64-v2-AES` on node NODE, then a power cycle",
            ),
            (
                "vm-edited",
                |w, id| w.set(id, "cores", "9"),
                "put it back in Proxmox, or change the class and replace the machine: scale its set up by one, then down",
            ),
            (
                "vmid-reused",
                |w, id| w.config(id).uuid = Some(format!("foreign {id}")),
                "only then replace it: `omnictl delete link UUID`: Omni then makes the replacement by itself",
            ),
            (
                "vm-in-ha",
                |w, id| {
                    let known = w.proxmox().evidence.ha.known().cloned().unwrap_or_default();
                    let all = known.into_iter().chain([format!("vm:{id}")]).collect();
                    w.proxmox().evidence.ha = crate::live::Observation::Known(all);
                },
                "`ha-manager remove vm:VMID` on any node",
            ),
        ];
        for (rule, trouble, act) in troubles {
            let mut world = World::new();
            trouble(&mut world, 101);
            trouble(&mut world, 102);
            let scene = Scene::new(&world.snapshot, &world.desired, NOW);
            let seen = super::examine(&scene, None);
            let of_rule = seen.findings.iter().filter(|f| f.rule.name == rule).count();
            assert_eq!(of_rule, 2, "{rule}: {:?}", seen.findings);
            let groups = alike(&seen.findings, &seen.names);
            let groups: Vec<_> = groups.iter().filter(|g| g.first.rule.name == rule).collect();
            assert_eq!(groups.len(), 1, "{rule}: {groups:?}");
            assert!(groups[0].act.iter().any(|a| a == act), "{rule}: {:?}", groups[0].act);
        }
    }
}
