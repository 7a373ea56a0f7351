//! The status of a machine set.

use serde_json::json;

use super::super::labels;
use super::super::machine::sha256;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::config_status;
use super::view::{allocation, flag, members, number, place, wanted};

const CONTROLLER: &str = "MachineSetStatusController";

/// One status for each set that is not yet empty for good.
pub fn run(pass: &mut Pass<'_>) {
    for set in pass.all("MachineSets") {
        let id = set.key.id.clone();
        let members = members(pass, &id);
        if set.tearing_down() && members.is_empty() {
            if pass.get("MachineSetStatuses", &id).is_some() {
                pass.destroy("MachineSetStatuses", &id);
            }
            continue;
        }
        let requested = if set.tearing_down() { 0 } else { wanted(pass, &set) };
        let (mut healthy, mut connected, mut locked) = (0_u64, 0_u64, 0_u64);
        let (mut reconfiguring, mut upgrading, mut leaving) = (false, false, false);
        let mut hashes = Vec::new();
        for member in &members {
            let status = pass.get("ClusterMachineStatuses", &member.key.id);
            if let Some(status) = &status {
                healthy += u64::from(flag(status, "/ready") && number(status, "/stage") == 4);
                connected += u64::from(status.labels.contains_key(labels::CONNECTED));
            }
            leaving |= member.tearing_down()
                || pass.get("MachineSetNodes", &member.key.id).is_none_or(|n| n.tearing_down());
            let lag = config_status::lag(pass, member);
            let configured = pass.world.machines.get(&member.key.id).and_then(|m| m.config.clone());
            if let Some(config) = configured {
                hashes.push(config.hash);
                let held = |name: &str| member.finalizers.iter().any(|f| f == name);
                if lag.locked {
                    // Under a cluster lock the count stays 0; a machine's own lock counts.
                    let own = super::view::machine_locked(pass, &member.key.id);
                    locked += u64::from(own && (lag.config || lag.upgrade));
                } else {
                    upgrading |= lag.upgrade || held(config_status::UPGRADING);
                    reconfiguring |= lag.config || held(config_status::UPDATING);
                }
            }
        }
        let total = members.len() as u64;
        // With every machine made but not all heard of yet, a growing set still grows.
        let growing = pass.get("MachineSetStatuses", &id).is_some_and(|s| number(&s, "/phase") == 1);
        let phase = if set.tearing_down() {
            4
        } else if total > requested || leaving {
            2
        } else if total < requested || (growing && connected < total) {
            1
        } else if upgrading {
            7
        } else if reconfiguring {
            6
        } else {
            3
        };
        let ready = phase == 3 && healthy == requested && total == requested;
        let mut spec = json!({
            "phase": phase,
            "ready": ready,
            "machines": { "total": total, "healthy": healthy, "connected": connected, "requested": requested },
            "config_hash": sha256(hashes.concat().as_bytes()),
            "locked_updates": locked,
        });
        if let (Some((name, count)), Some(map)) = (allocation(&set), spec.as_object_mut()) {
            map.insert("machine_allocation".into(), json!({ "name": name, "machine_count": count }));
        }
        let status =
            place(Resource::new(Key::of("MachineSetStatuses", &id), lean(spec)), &set).owned_by(CONTROLLER);
        pass.put(status);
        if let Some(status) = pass.get("MachineSetStatuses", &id).filter(|s| !s.tearing_down()) {
            pass.hold(&status, &["ClusterStatusController"]);
        }
    }
}
