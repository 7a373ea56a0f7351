//! `fresh`: Omni and the provider run, an old worker class is on local storage, and there is no cluster yet.

use std::sync::Arc;

use super::super::omni::{Key, Resource, Store};
use super::super::provider::ProviderState;
use super::super::world::{EPOCH, Plant, World};
use super::{hardware, objects, versions};

/// The provider's id: upper case, as it was registered before Omni refused that.
pub const PROVIDER: &str = "Proxmox";
/// Memory in use on the nodes: 29, 43 and 23 GiB.
const USED: [u64; 3] = [31_274_094_592, 46_106_361_856, 24_847_249_408];

/// An empty world with versions and a registered provider.
pub fn ground(name: &str, provider: &str, used: [u64; 3], container: &hardware::Container) -> Plant {
    let store = Arc::new(Store::new());
    let version = super::version(name);
    versions::fill(&store, version, EPOCH);
    objects::put(&store, Resource::new(Key::of("InfraProviders", provider), serde_json::json!({})), EPOCH);
    let provider = ProviderState::new(provider, "terraform@pam!automation", 200);
    Plant::new(store, World::empty(name, name, version, hardware::matrix(used, container), provider))
}

/// The container as the shipped spec describes it.
pub fn container() -> hardware::Container {
    hardware::Container { cores: 1, memory_mb: 1024, disk: 4 << 30 }
}

/// The scenario.
pub fn build(name: &str) -> Plant {
    let mut plant = ground(name, PROVIDER, USED, &container());
    let old = super::deployed::WORKER.replace("vm_ssd", "local-lvm");
    objects::put(&plant.store, objects::class("matrix-worker", PROVIDER, &old), EPOCH);
    plant.run_until_quiet(super::LONG);
    plant
}
