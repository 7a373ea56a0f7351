//! Faults: what breaks in a world by somebody's hand. What follows from it, the world's own models show.

mod cluster;
mod guests;
mod list;
mod provider;

use super::omni::{Key, Resource};
use super::serve::LabError;
use super::world::Plant;

pub use list::text;

/// How it went.
type Broken<T = ()> = Result<T, LabError>;

/// A fault with what it is about.
struct Target<'a> {
    name: &'a str,
    what: &'a str,
}

impl Target<'_> {
    /// What the fault names is not there, or is no such thing.
    fn missing(&self, kind: &str) -> LabError {
        self.none(kind, self.what)
    }
    fn none(&self, kind: &str, name: &str) -> LabError {
        LabError::NoTarget(format!("the world has no {kind} `{name}`"))
    }
}

/// `storage@node`, `old=new`.
fn halves(text: &str) -> (&str, &str) {
    text.split_once(['@', '=']).unwrap_or((text, ""))
}

fn unknown(name: &str) -> LabError {
    LabError::UnknownFault { name: name.to_owned(), known: list::FAULTS.iter().map(list::written).collect() }
}

/// States of a join token.
const ACTIVE: u8 = 1;
const REVOKED: u8 = 2;

/// The token that Omni makes for itself when it starts for the first time.
fn join_token(state: u8) -> Resource {
    let spec = serde_json::json!({ "state": state, "is_default": true, "name": "initial token" });
    Resource::new(Key::of("JoinTokenStatuses", "00000000000000000000000000000000000000000000"), spec)
        .owned_by("JoinTokenStatusController")
}

/// Does it to a world.
pub fn inject(plant: &mut Plant, fault: &str) -> Result<(), LabError> {
    let (name, what) = fault.split_once(':').unwrap_or((fault, ""));
    if !list::FAULTS.iter().any(|(known, ..)| *known == name) {
        return Err(unknown(name));
    }
    let target = Target { name, what };
    let now = plant.world.now;
    let unix = plant.world.unix();
    let world = &mut plant.world;
    match name {
        "node-offline" | "node-online" | "node-renamed" | "node-removed" => provider::node(world, &target)?,
        "machine-silent" | "machine-back" => {
            let machine = world
                .machines
                .values_mut()
                .find(|m| m.uuid == what || m.request == what)
                .ok_or_else(|| target.missing("machine"))?;
            machine.silent_since = (name == "machine-silent").then_some(now);
        }
        "join-impossible" => world.unheard = true,
        "join-token-revoked" => {
            world.unheard = true;
            plant.store.put(join_token(REVOKED), unix);
        }
        "join-possible" => {
            plant.store.put(join_token(ACTIVE), unix);
            world.unheard = false;
            world.machines.values_mut().for_each(|m| m.unheard = false);
        }
        "etcd-unhealthy" | "etcd-healthy" | "cni-installed" => {
            if what.is_empty() {
                return Err(target.missing("cluster"));
            }
            let facts = world.clusters.entry(what.to_owned()).or_default();
            match name {
                "cni-installed" => facts.cni_installed = true,
                _ => facts.etcd_broken = name == "etcd-unhealthy",
            }
        }
        "type-hidden" | "type-shown" => {
            let kind = Key::of(what, "any").kind;
            if name == "type-shown" {
                world.hidden.remove(&kind);
            } else if super::omni::schema::kind(&kind).is_some() {
                world.hidden.insert(kind);
            } else {
                return Err(target.missing("type"));
            }
        }
        "store-mended" => world.objects.faults.clear(),
        _ if name.starts_with("store-") => {
            let times = if what.is_empty() {
                u64::MAX
            } else {
                what.parse().map_err(|_| target.missing("number"))?
            };
            world.objects.faults.insert(name.to_owned(), times);
        }
        "object-made" => super::by_hand::make(&plant.store, what, unix)?,
        "object-changed" => super::by_hand::edit(&plant.store, what, unix)?,
        "object-removed" => super::by_hand::remove(&plant.store, what, unix)?,
        _ if name.starts_with("vm-") || name.starts_with("orphan-") => guests::act(world, &target)?,
        _ if name.starts_with("provider-") || name.starts_with("factory-") => provider::act(plant, &target)?,
        _ => cluster::act(&mut world.proxmox, &target, unix)?,
    }
    plant.disturb();
    Ok(())
}

#[cfg(test)]
mod tests;
