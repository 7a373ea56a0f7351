//! Links and Machines: a machine that is heard of, and one that is to be forgotten.

use serde_json::json;

use super::super::labels;
use super::super::machine::Doing;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};

const LINK: [&str; 6] = [
    "MachineController",
    "LinkStatusController[Links.omni.sidero.dev]",
    "MachineStatusLinkController",
    "LinkCleanupController",
    "InfraMachineRegistrationController",
    "MaintenanceConfigStatusController",
];
const MACHINE: [&str; 4] = [
    "MachineStatusController",
    "MachineCleanupController",
    "MachineJoinConfigController",
    "MachineStatusSnapshotController",
];
const CLEANUP: &str = "MachineRequestStatusCleanupController";

/// Joins machines, identifies their requests, and removes what is to go.
pub fn run(pass: &mut Pass<'_>) {
    join(pass);
    requests(pass);
    machines(pass);
    remove(pass);
}

/// A machine that speaks for the first time gets a Link.
fn join(pass: &mut Pass<'_>) {
    let provider = pass.world.provider.id.clone();
    let now = pass.world.now;
    let heard: Vec<_> = pass
        .world
        .machines
        .values()
        .filter(|m| !m.unheard && (m.doing != Doing::Booting || m.config.is_some()))
        .map(|m| (m.uuid.clone(), m.request.clone(), m.address.clone(), m.connected(now)))
        .collect();
    for (uuid, request, address, connected) in heard {
        match pass.get("Links", &uuid) {
            None if pass.get("MachineRequestStatuses", &request).is_some_and(|s| {
                let known = s.text("/id");
                !s.tearing_down()
                    && (known.is_empty() || known == uuid)
                    && !pass.world.marks.contains_key(&labels::joined(&request))
            }) =>
            {
                let now = pass.world.now;
                pass.world.marks.insert(labels::joined(&request), now);
                let key: String = pass.world.random.hex(40);
                let link = Resource::new(
                    Key::of("Links", &uuid),
                    json!({ "node_subnet": format!("{address}/64"), "node_public_key": key, "connected": true }),
                )
                .label(labels::PROVIDER, &provider)
                .label(labels::REQUEST, &request)
                .annotation("omni.sidero.dev/created-with-unique-token", "");
                pass.create(link);
                if let Some(link) = pass.get("Links", &uuid) {
                    pass.hold(&link, &LINK);
                }
            }
            Some(link) if !link.tearing_down() => {
                pass.modify("Links", &uuid, |l| {
                    if let Some(spec) = l.spec.as_object_mut() {
                        if connected {
                            spec.insert("connected".into(), json!(true));
                        } else {
                            spec.remove("connected");
                        }
                    }
                });
            }
            _ => {}
        }
    }
}

/// The request learns its machine from the Link; the Link learns its request set.
fn requests(pass: &mut Pass<'_>) {
    for link in pass.all("Links") {
        let Some(request) = link.labelled(labels::REQUEST).map(str::to_owned) else { continue };
        if link.tearing_down() {
            continue;
        }
        let Some(status) = pass.get("MachineRequestStatuses", &request) else { continue };
        if status.text("/id").is_empty() {
            let id = link.key.id.clone();
            pass.modify("MachineRequestStatuses", &request, |s| {
                if let Some(spec) = s.spec.as_object_mut() {
                    spec.insert("id".into(), json!(id));
                }
            });
        } else if let Some(set) = status.labelled(labels::REQUEST_SET) {
            let set = set.to_owned();
            pass.modify("Links", &link.key.id, |l| {
                l.labels.insert(labels::REQUEST_SET.to_owned(), set);
            });
        }
    }
    for status in pass.all("MachineRequestStatuses") {
        let id = status.key.id.clone();
        if !status.tearing_down() {
            pass.hold(&status, &[CLEANUP]);
            continue;
        }
        let machine = status.text("/id").to_owned();
        if machine.is_empty() {
            pass.release("MachineRequestStatuses", &id, &[CLEANUP]);
            continue;
        }
        pass.teardown("Links", &machine);
        if pass.get("ClusterMachines", &machine).is_none() {
            pass.release("MachineRequestStatuses", &id, &[CLEANUP]);
        }
    }
}

/// A Machine for each identified Link.
fn machines(pass: &mut Pass<'_>) {
    for link in pass.all("Links") {
        let id = link.key.id.clone();
        if link.tearing_down() || !link.labels.contains_key(labels::REQUEST_SET) {
            continue;
        }
        let Some(machine) = pass.world.machines.get(&id) else { continue };
        let connected = machine.connected(pass.world.now);
        let mut made = Resource::new(
            Key::of("Machines", &id),
            lean(json!({ "management_address": machine.address, "connected": connected })),
        )
        .owned_by("MachineController")
        .label("omni.sidero.dev/address", &machine.address)
        .label("omni.sidero.dev/no-manual-allocation", "")
        .annotation("omni.sidero.dev/created-with-unique-token", "");
        made.labels.extend(link.labels.clone());
        pass.put(made);
        if let Some(made) = pass.get("Machines", &id).filter(|m| !m.tearing_down()) {
            pass.hold(&made, &MACHINE);
        }
    }
}

/// A Link that is to go takes its Machine along, once that has left its cluster.
fn remove(pass: &mut Pass<'_>) {
    for link in pass.all("Links") {
        if !link.tearing_down() {
            continue;
        }
        let id = &link.key.id;
        pass.teardown("Machines", id);
        if pass.get("ClusterMachines", id).is_some() {
            continue;
        }
        for kind in ["MachineStatusSnapshots", "SchematicConfigurations", "MachineStatuses", "Machines"] {
            if pass.get(kind, id).is_some() {
                pass.destroy(kind, id);
            }
        }
        pass.release("Links", id, &LINK);
    }
}
