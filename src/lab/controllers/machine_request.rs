//! Machine requests: as many as the request set counts, one by one; contents never change afterwards.

use serde_json::{Map, Value};

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::view::number;

/// Creates and withdraws requests.
pub fn run(pass: &mut Pass<'_>) {
    for set in pass.all("MachineRequestSets") {
        if set.tearing_down() {
            tear_down(pass, &set.key.id);
            continue;
        }
        replace_lost(pass, &set.key.id);
        let requests = pass.labelled("MachineRequests", labels::REQUEST_SET, &set.key.id);
        let running: Vec<_> = requests.iter().filter(|r| !r.tearing_down()).collect();
        let (have, want) = (running.len() as u64, number(&set, "/machine_count"));
        for _ in have..want {
            create(pass, &set);
        }
        if have > want {
            // Requests without a machine in the cluster go first, then the oldest.
            let mut ranked: Vec<_> =
                running.iter().map(|r| (in_cluster(pass, &r.key.id), r.created, r.key.id.clone())).collect();
            ranked.sort();
            for (_, _, id) in ranked.into_iter().take((have - want) as usize) {
                pass.teardown("MachineRequests", &id);
            }
        }
    }
}

fn create(pass: &mut Pass<'_>, set: &Resource) {
    let mut spec = Map::new();
    for field in ["talos_version", "extensions", "kernel_args", "meta_values", "provider_data", "grpc_tunnel"]
    {
        if let Some(value) = set.spec.get(field) {
            spec.insert(field.to_owned(), value.clone());
        }
    }
    let id = format!("{}-{}", set.key.id, pass.world.random.letters(6));
    pass.create(
        Resource::new(Key::of("MachineRequests", &id), Value::Object(spec))
            .label(labels::PROVIDER, set.text("/provider_id"))
            .label(labels::REQUEST_SET, &set.key.id),
    );
}

/// Machine of a request, once known.
pub fn machine_of(pass: &Pass<'_>, request: &str) -> String {
    pass.get("MachineRequestStatuses", request).map(|s| s.text("/id").to_owned()).unwrap_or_default()
}

fn in_cluster(pass: &Pass<'_>, request: &str) -> bool {
    let machine = machine_of(pass, request);
    !machine.is_empty() && pass.get("ClusterMachines", &machine).is_some()
}

/// A machine whose Link was deleted is replaced: its request goes, and the count asks for another.
fn replace_lost(pass: &Pass<'_>, set: &str) {
    for request in pass.labelled("MachineRequests", labels::REQUEST_SET, set) {
        let machine = machine_of(pass, &request.key.id);
        let lost = !machine.is_empty()
            && pass.world.marks.contains_key(&labels::joined(&request.key.id))
            && pass.get("ClusterMachines", &machine).is_none()
            && pass.get("Links", &machine).is_none_or(|l| l.tearing_down());
        if lost {
            pass.teardown("MachineRequests", &request.key.id);
        }
    }
}

fn tear_down(pass: &Pass<'_>, set: &str) {
    let requests = pass.labelled("MachineRequests", labels::REQUEST_SET, set);
    for request in &requests {
        pass.teardown("MachineRequests", &request.key.id);
    }
    if requests.is_empty() {
        pass.destroy("MachineRequestSets", set);
    }
}
