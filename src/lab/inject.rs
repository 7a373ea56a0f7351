//! Faults: what breaks in a world by somebody's hand.

use super::serve::LabError;
use super::world::Plant;

/// Faults with what they take.
const FAULTS: [(&str, &str); 32] = [
    ("node-offline", "a Proxmox node"),
    ("node-online", "a Proxmox node"),
    ("provider-stopped", ""),
    ("provider-started", ""),
    ("machine-silent", "a machine or its request"),
    ("machine-back", "a machine or its request"),
    ("vm-stopped", "a VMID"),
    ("vm-deleted", "a VMID"),
    ("storage-broken", "a storage"),
    ("storage-mended", "a storage"),
    ("quorum-lost", ""),
    ("quorum-back", ""),
    ("proxmox-down", ""),
    ("proxmox-back", ""),
    ("type-hidden", "a type of Omni, as ConfigPatches"),
    ("type-shown", "a type of Omni"),
    ("cni-installed", "a cluster"),
    ("object-made", "an object of Omni as JSON"),
    ("object-changed", "what changes in an object, as JSON"),
    ("store-ignores-if-none-match", ""),
    ("store-ignores-if-match", ""),
    ("store-stale-reads", ""),
    ("store-weak-etags", ""),
    ("store-errors-with-200", ""),
    ("store-denies-own-writes", ""),
    ("store-refuses", ""),
    ("store-redirects", ""),
    ("store-down", ""),
    ("store-loses-replies", "number of writes"),
    ("store-drops-requests", "number of writes"),
    ("store-fails-after", "number of writes"),
    ("store-mended", ""),
];

fn unknown(name: &str) -> LabError {
    LabError::UnknownFault {
        name: name.to_owned(),
        known: FAULTS
            .iter()
            .map(|(name, what)| if what.is_empty() { (*name).to_owned() } else { format!("{name}:<{what}>") })
            .collect(),
    }
}

/// Does it to a world.
pub fn inject(plant: &mut Plant, fault: &str) -> Result<(), LabError> {
    let (name, what) = fault.split_once(':').unwrap_or((fault, ""));
    let now = plant.world.now;
    let missing = |kind: &str| LabError::NoTarget(format!("the world has no {kind} `{what}`"));
    let world = &mut plant.world;
    match name {
        "node-offline" | "node-online" => {
            let online = name == "node-online";
            world.proxmox.node_mut(what).ok_or_else(|| missing("node"))?.online = online;
            let here: Vec<u32> = world.proxmox.guests_on(what).map(|g| g.vmid).collect();
            for machine in world.machines.values_mut().filter(|m| here.contains(&m.vmid)) {
                machine.silent_since = (!online).then_some(now);
            }
        }
        "provider-stopped" | "provider-started" => {
            let vmid = world.provider.container;
            let guest = world.proxmox.guests.get_mut(&vmid).ok_or_else(|| missing("container"))?;
            (guest.started, guest.uptime) = ((name == "provider-started").then_some(now), 0);
        }
        "machine-silent" | "machine-back" => {
            let machine = world
                .machines
                .values_mut()
                .find(|m| m.uuid == what || m.request == what)
                .ok_or_else(|| missing("machine"))?;
            machine.silent_since = (name == "machine-silent").then_some(now);
        }
        "vm-stopped" | "vm-deleted" => {
            let vmid: u32 = what.parse().map_err(|_| missing("VM"))?;
            let guest = world.proxmox.guests.get_mut(&vmid).ok_or_else(|| missing("VM"))?;
            guest.started = None;
            for machine in world.machines.values_mut().filter(|m| m.vmid == vmid) {
                machine.silent_since = Some(now);
            }
            if name == "vm-deleted" {
                world.proxmox.guests.remove(&vmid);
            }
        }
        "storage-broken" | "storage-mended" => {
            let storage =
                world.proxmox.storages.iter_mut().find(|s| s.id == what).ok_or_else(|| missing("storage"))?;
            storage.broken = name == "storage-broken";
        }
        "proxmox-down" | "proxmox-back" => world.proxmox.api_down = name == "proxmox-down",
        "type-hidden" | "type-shown" => {
            let kind = super::omni::Key::of(what, "any").kind;
            if name == "type-shown" {
                world.hidden.remove(&kind);
            } else if super::omni::schema::kind(&kind).is_some() {
                world.hidden.insert(kind);
            } else {
                return Err(missing("type"));
            }
        }
        "quorum-lost" | "quorum-back" => world.proxmox.quorum_lost = name == "quorum-lost",
        "cni-installed" => {
            if what.is_empty() {
                return Err(missing("cluster"));
            }
            world.clusters.entry(what.to_owned()).or_default().cni_installed = true;
        }
        "store-mended" => world.objects.faults.clear(),
        _ if name.starts_with("store-") && FAULTS.iter().any(|(n, _)| *n == name) => {
            let times =
                if what.is_empty() { u64::MAX } else { what.parse().map_err(|_| missing("number"))? };
            world.objects.faults.insert(name.to_owned(), times);
        }
        "object-made" => super::by_hand::make(&plant.store, what, plant.world.unix())?,
        "object-changed" => super::by_hand::edit(&plant.store, what, plant.world.unix())?,
        _ => return Err(unknown(name)),
    }
    plant.disturb();
    Ok(())
}
