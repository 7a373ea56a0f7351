//! The status of a cluster's machine request, for people.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{number, place};

const CONTROLLER: &str = "ClusterMachineRequestStatusController";

/// One status for each request of a machine set.
pub fn run(pass: &mut Pass<'_>) {
    for request in pass.all("MachineRequests") {
        let id = request.key.id.clone();
        let set_id = request.labelled(labels::REQUEST_SET).unwrap_or_default();
        if request.tearing_down() && request.finalizers.iter().all(|f| f == CONTROLLER) {
            pass.destroy("ClusterMachineRequestStatuses", &id);
            pass.release("MachineRequests", &id, &[CONTROLLER]);
            continue;
        }
        let Some(set) = pass.get("MachineSets", set_id) else { continue };
        if !request.tearing_down() {
            pass.hold(&request, &[CONTROLLER]);
        }
        let status = pass.get("MachineRequestStatuses", &id);
        let (stage, text) = match &status {
            _ if request.tearing_down() => {
                (4, "Waiting for the infra provider to finish teardown".to_owned())
            }
            None => (1, "Waiting for the infra provider to start provision".to_owned()),
            Some(s) => match number(s, "/stage") {
                // It stays like this also when the machine runs in the cluster.
                2 => (3, "Waiting for the machine to join Omni".to_owned()),
                3 => (5, format!("Provision Failed: {}", s.text("/error"))),
                _ => (2, s.text("/status").to_owned()),
            },
        };
        let known =
            pass.get("ClusterMachineRequestStatuses", &id).map(|s| s.text("/machine_uuid").to_owned());
        let machine = status
            .as_ref()
            .map(|s| s.text("/id").to_owned())
            .filter(|m| !m.is_empty())
            .or(known)
            .unwrap_or_default();
        let mut shown = place(
            Resource::new(
                Key::of("ClusterMachineRequestStatuses", &id),
                lean(json!({
                    "status": text,
                    "machine_uuid": machine,
                    "provider_id": request.labelled(labels::PROVIDER).unwrap_or_default(),
                    "stage": stage,
                    "error": status.as_ref().filter(|_| stage == 5).map(|s| s.text("/error")).unwrap_or_default(),
                })),
            ),
            &set,
        )
        .owned_by(CONTROLLER)
        .label(labels::SET, set_id);
        if !machine.is_empty() && pass.get("ClusterMachines", &machine).is_some() {
            shown = shown.label(labels::IN_USE, "");
        }
        pass.put(shown);
    }
}
