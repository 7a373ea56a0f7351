//! Faults of the provider, and of nodes, which take what runs on them along.

use super::super::omni::{Key, Resource};
use super::super::world::{Plant, World};
use super::{Broken, Target, halves};

/// Does it, if it is one of them.
pub fn act(plant: &mut Plant, target: &Target<'_>) -> Broken {
    let world = &mut plant.world;
    let now = world.now;
    match target.name {
        "provider-stopped" | "provider-started" => {
            let vmid = world.provider.container;
            let guest = world.proxmox.guests.get_mut(&vmid).ok_or_else(|| target.missing("container"))?;
            (guest.started, guest.uptime) = ((target.name == "provider-started").then_some(now), 0);
        }
        "provider-refused" | "provider-accepted" => {
            world.provider.refused = target.name == "provider-refused";
        }
        "factory-unreachable" | "factory-reachable" => {
            world.provider.factory_down = target.name == "factory-unreachable";
        }
        "provider-renamed" => return renamed(plant, target),
        _ => return Err(super::unknown(target.name)),
    }
    Ok(())
}

/// The same program with another id: the old one is heard of no more, and its requests are nobody's.
fn renamed(plant: &mut Plant, target: &Target<'_>) -> Broken {
    if target.what.is_empty() {
        return Err(target.missing("id"));
    }
    let unix = plant.world.unix();
    let provider = &mut plant.world.provider;
    let old = std::mem::replace(&mut provider.id, target.what.to_owned());
    provider.requests.clear();
    provider.current = None;
    provider.heartbeat = None;
    // Nothing says more of the old one than that it is silent.
    let _absent = plant.store.modify(&Key::of("InfraProviderCombinedStatuses", &old), unix, |status| {
        if let Some(health) = status.spec.get_mut("health").and_then(serde_json::Value::as_object_mut) {
            health.remove("connected");
        }
    });
    let key = Key::of("InfraProviders", target.what);
    if plant.store.get(&key).is_none() {
        // Excluded just above.
        let _made = plant.store.create(Resource::new(key, serde_json::json!({})), unix);
    }
    Ok(())
}

/// A node goes, comes back, or is called otherwise.
pub fn node(world: &mut World, target: &Target<'_>) -> Broken {
    let now = world.now;
    let (name, new) = halves(target.what);
    let node = world.proxmox.node_mut(name).ok_or_else(|| target.none("node", name))?;
    match target.name {
        "node-offline" | "node-online" => node.online = target.name == "node-online",
        "node-renamed" if new.is_empty() => return Err(target.missing("new name")),
        "node-renamed" => {
            new.clone_into(&mut node.name);
            for guest in world.proxmox.guests.values_mut().filter(|g| g.node == name) {
                new.clone_into(&mut guest.node);
            }
            for disk in world.proxmox.left.iter_mut().filter(|disk| disk.node.as_deref() == Some(name)) {
                disk.node = Some(new.to_owned());
            }
            for node in world.proxmox.storages.iter_mut().flat_map(|s| &mut s.nodes).filter(|n| *n == name) {
                new.clone_into(node);
            }
            return Ok(());
        }
        _ => {}
    }
    let here: Vec<u32> = world.proxmox.guests_on(name).map(|g| g.vmid).collect();
    for machine in world.machines.values_mut().filter(|m| here.contains(&m.vmid)) {
        machine.silent_since = (target.name != "node-online").then_some(now);
    }
    if target.name == "node-removed" {
        world.proxmox.nodes.retain(|n| n.name != name);
        world.proxmox.guests.retain(|_, g| g.node != name);
        world.proxmox.left.retain(|disk| disk.node.as_deref() != Some(name));
    }
    Ok(())
}
