//! `fleet-N`: N clusters of three control planes and 22 workers run, and there are 1,000 machine classes, of which each
//! cluster uses two.
//!
//! One cluster grows up as every cluster of the lab does. The others are copies of it under other names: clusters know nothing
//! of each other, and so a world of thousands of machines is there in seconds.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::machine::Machine;
use super::super::omni::{Resource, Store};
use super::super::provider::{Progress, address};
use super::super::proxmox::Guest;
use super::super::random::Random;
use super::super::world::{ClusterFacts, EPOCH, Plant, World};
use super::{fresh, objects};

/// Most clusters of a fleet.
const MOST: u32 = 1000;
/// Classes of every fleet.
const CLASSES: u32 = 1000;
/// After so many classes the sizes come round again, so that a copied cluster has classes of the same sizes.
const SIZES: u32 = 5;
/// Control planes and workers of each cluster.
const MACHINES: [u32; 2] = [3, 22];
const PROVIDER: &str = "proxmox";
const KUBERNETES: &str = "1.34.3";
const TALOS: &str = "1.11.6";
const EXTENSIONS: [&str; 2] = ["siderolabs/qemu-guest-agent", "siderolabs/iscsi-tools"];
const CILIUM: &str =
    "cluster:\n    network:\n        cni:\n            name: none\n    proxy:\n        disabled: true\n";

/// How many clusters a world of this name has.
pub fn size(name: &str) -> Option<u32> {
    let digits = name.strip_prefix("fleet-")?;
    let plain = !digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|n| plain && (1..=MOST).contains(n))
}

fn cluster(number: u32) -> String {
    format!("fleet-{number:04}")
}

fn class(number: u32) -> String {
    format!("class-{:04}", number % CLASSES)
}

/// The classes of a cluster: of its control planes, of its workers.
fn classes(cluster: u32) -> [String; 2] {
    [class(SIZES * cluster), class(SIZES * cluster + 1)]
}

/// Provider data of a class.
fn data(number: u32) -> String {
    let size = number % SIZES;
    format!(
        "cores: {}\nsockets: 1\nmemory: {}\ndisk_size: {}\nnetwork_bridge: vmbr0\nstorage_selector: name == \"vm_ssd\"\n",
        2 + size,
        4096 + 1024 * size,
        20 + 10 * size,
    )
}

/// The first six digits of the VMIDs of a cluster; three follow.
fn vmids(cluster: u32) -> u32 {
    734_000 + cluster
}

/// The scenario. Its three nodes are as many times as large as there are clusters.
pub fn build(name: &str, clusters: u32) -> Plant {
    let mut plant = first(name);
    let own = Own::of(&plant);
    // Not the numbers that the first cluster was made of: they would come round again.
    let mut random = Random::seeded(&format!("copies of {name}"));
    for number in 1..clusters {
        if let Some(copy) = own.copy(number, &mut random) {
            copy.put_into(&plant.store, &mut plant.world);
        }
    }
    for node in &mut plant.world.proxmox.nodes {
        node.memory *= u64::from(clusters);
    }
    for storage in &mut plant.world.proxmox.storages {
        storage.total *= u64::from(clusters);
    }
    plant.disturb();
    plant.run_until_quiet(super::LONG);
    plant
}

/// All classes, and the cluster that grows up.
fn first(name: &str) -> Plant {
    let mut plant = fresh::ground(name, PROVIDER, [0; 3], &fresh::container());
    plant.world.proxmox.lowest_id = vmids(0) * 1000;
    let put = |resource| objects::put(&plant.store, resource, EPOCH);
    for number in 0..CLASSES {
        put(objects::class(&class(number), PROVIDER, &data(number)));
    }
    let name = cluster(0);
    put(objects::cluster(&name, KUBERNETES, TALOS).label("environment", "production"));
    put(objects::extensions(&name, None, &EXTENSIONS));
    put(objects::patch(&format!("200-cluster-{name}-cilium-prep"), "cilium-prep", &name, None, CILIUM));
    for ((set, count), class) in ["control-planes", "workers"].into_iter().zip(MACHINES).zip(classes(0)) {
        put(objects::set(&name, set, &class, count));
    }
    plant.world.clusters.insert(name, ClusterFacts { cni_installed: true, ..ClusterFacts::default() });
    plant.run_until_quiet(super::LONG);
    // Long enough for every machine to use the memory that it will use.
    plant.advance(plant.world.now + 3_600_000);
    plant
}

/// Everything that is a cluster's own.
#[derive(Serialize, Deserialize)]
struct Own {
    resources: Vec<Resource>,
    machines: BTreeMap<String, Machine>,
    requests: BTreeMap<String, Progress>,
    guests: BTreeMap<u32, Guest>,
    clusters: BTreeMap<String, ClusterFacts>,
    marks: BTreeMap<String, u64>,
}

impl Own {
    /// The first cluster's: what names it, or one of its machines.
    fn of(plant: &Plant) -> Self {
        let world = &plant.world;
        let name = cluster(0);
        let names: Vec<&str> = world
            .machines
            .keys()
            .map(String::as_str)
            .chain([name.as_str(), "class-0000", "class-0001"])
            .collect();
        let own = |text: &str| names.iter().any(|n| text.contains(n));
        Self {
            resources: plant
                .store
                .resources()
                .into_iter()
                .filter(|r| r.key.kind != "MachineClasses.omni.sidero.dev")
                .filter(|r| serde_json::to_string(r).is_ok_and(|text| own(&text)))
                .collect(),
            machines: world.machines.clone(),
            requests: world.provider.requests.clone(),
            guests: world
                .proxmox
                .guests
                .iter()
                .filter(|(_, g)| own(&g.name))
                .map(|(i, g)| (*i, g.clone()))
                .collect(),
            clusters: world.clusters.clone(),
            marks: world.marks.iter().filter(|(mark, _)| own(mark)).map(|(m, at)| (m.clone(), *at)).collect(),
        }
    }

    /// The same under the names of another cluster. Nothing if a name does not read back as what it was.
    fn copy(&self, number: u32, random: &mut Random) -> Option<Self> {
        let mut text = serde_json::to_string(self).ok()?;
        let mut rename = |from: &str, to: &str| text = text.replace(from, to);
        rename(&cluster(0), &cluster(number));
        rename(&vmids(0).to_string(), &vmids(number).to_string());
        for (from, to) in classes(0).iter().zip(classes(number)) {
            rename(from, &to);
        }
        for (uuid, machine) in &self.machines {
            rename(uuid, &random.uuid());
            rename(&machine.address, &address(random));
        }
        serde_json::from_str(&text).ok()
    }

    fn put_into(self, store: &Store, world: &mut World) {
        for resource in self.resources {
            if store.get(&resource.key).is_none() {
                store.put_back(resource);
            }
        }
        world.machines.extend(self.machines);
        world.clusters.extend(self.clusters);
        world.marks.extend(self.marks);
        world.proxmox.guests.extend(self.guests);
        for (request, mut progress) in self.requests {
            world.provider.seen += 1;
            progress.number = world.provider.seen;
            world.provider.requests.insert(request, progress);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::labels;
    use crate::lab::omni::Key;

    #[test]
    fn a_size_is_a_plain_number_within_bounds() {
        for (name, clusters) in [("fleet-1", Some(1)), ("fleet-200", Some(200)), ("fleet-1000", Some(1000))] {
            assert_eq!(size(name), clusters, "{name}");
        }
        for name in ["fleet-", "fleet-0", "fleet-01", "fleet-1001", "fleet--1", "fleet-+5", "fleet", "fresh"]
        {
            assert_eq!(size(name), None, "{name}");
        }
    }

    #[test]
    fn no_two_clusters_share_a_machine_a_guest_or_an_address() {
        let clusters = 30;
        let plant = build("fleet-30", clusters);
        let each = MACHINES.iter().sum::<u32>() as usize;
        let all = clusters as usize * each;
        assert_eq!(plant.world.machines.len(), all);
        assert_eq!(plant.world.proxmox.guests.len(), all + 1, "and the provider's container");
        let addresses: std::collections::BTreeSet<&str> =
            plant.world.machines.values().map(|m| m.address.as_str()).collect();
        assert_eq!(addresses.len(), all);
        for number in 0..clusters {
            let machines =
                &plant.store.get(&Key::of("ClusterStatuses", &cluster(number))).unwrap().spec["machines"];
            assert_eq!((&machines["total"], &machines["healthy"]), (&each.into(), &each.into()), "{number}");
        }
    }

    #[test]
    fn every_cluster_is_up_with_machines_of_its_own() {
        let plant = build("fleet-2", 2);
        let before = plant.store.revision();
        assert_eq!(plant.store.all("MachineClasses").len(), 1000);
        for name in ["fleet-0000", "fleet-0001"] {
            let status = plant.store.get(&Key::of("ClusterStatuses", name)).unwrap();
            let machines = &status.spec["machines"];
            assert_eq!(
                (&status.spec["ready"], &machines["healthy"]),
                (&true.into(), &25.into()),
                "{status:?}"
            );
            assert_eq!(plant.store.labelled("ClusterMachines", labels::CLUSTER, name).len(), 25);
        }
        assert_eq!((plant.world.machines.len(), plant.world.provider.requests.len()), (50, 50));
        // 50 machines and the provider's container.
        assert_eq!(plant.world.proxmox.guests.len(), 51);
        let numbers: std::collections::BTreeSet<u64> =
            plant.world.provider.requests.values().map(|p| p.number).collect();
        assert_eq!(numbers.len(), 50, "the order of arrival is one order");
        // A copy has as much as what it was copied from, and nothing of it.
        let named = |name: &str| -> Vec<Resource> {
            let all = plant.store.resources().into_iter();
            all.filter(|r| serde_json::to_string(r).unwrap().contains(name)).collect()
        };
        let (one, other) = (named("fleet-0000"), named("fleet-0001"));
        assert!(one.len() == other.len() && one.len() > 200, "{} {}", one.len(), other.len());
        assert!(one.iter().all(|r| !serde_json::to_string(r).unwrap().contains("fleet-0001")));
        let addresses: std::collections::BTreeSet<&str> =
            plant.world.machines.values().map(|m| m.address.as_str()).collect();
        assert_eq!(addresses.len(), 50);
        // Nothing is left to happen: what was copied fits together.
        let mut plant = plant;
        plant.advance(plant.world.now + 3_600_000);
        assert_eq!(plant.store.revision(), before);
    }
}
