//! A world: everything that is true in it besides Omni's resources, and how its time passes.
//!
//! Nothing here waits or threads. A pass lets every controller look at the resources once; whatever must happen later is
//! derived from the state again in every pass and registered as a wake-up, so that a world read back from its file goes on
//! exactly where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::controllers;
use super::labels;
use super::machine::Machine;
use super::omni::{Key, Resource, ServerVersion, Store, StoreError};
use super::provider::ProviderState;
use super::proxmox::Cluster;
use super::random::Random;

/// Virtual milliseconds between two looks of the controllers, so that statuses follow writes after some tens of milliseconds.
const TICK: u64 = 15;
/// Unix time of every world's first moment: 2026-03-11.
pub const EPOCH: i64 = 1_773_187_200;

/// What the lab knows of a Kubernetes cluster beyond Omni's resources.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ClusterFacts {
    /// A CNI was installed by hand, as after `cilium install`.
    #[serde(default)]
    pub cni_installed: bool,
    /// etcd has no quorum, whatever the machines do.
    #[serde(default)]
    pub etcd_broken: bool,
}

/// State of a world.
#[derive(Serialize, Deserialize)]
pub struct World {
    /// Its name.
    pub name: String,
    /// Which Omni it plays.
    pub omni: ServerVersion,
    /// Virtual milliseconds since its beginning.
    pub now: u64,
    /// Names and ids.
    pub random: Random,
    /// The Proxmox VE cluster.
    pub proxmox: Cluster,
    /// The infrastructure provider.
    pub provider: ProviderState,
    /// Talos machines by UUID.
    pub machines: BTreeMap<String, Machine>,
    /// Kubernetes clusters by name.
    pub clusters: BTreeMap<String, ClusterFacts>,
    /// Types of Omni that nobody may list, full names.
    #[serde(default)]
    pub hidden: BTreeSet<String>,
    /// Machines that are made from now on never reach Omni.
    #[serde(default)]
    pub unheard: bool,
    /// When a condition was first seen, for reactions that take their time.
    pub marks: BTreeMap<String, u64>,
    /// The object store.
    #[serde(default)]
    pub objects: super::s3::Objects,
    #[serde(skip)]
    wakes: BTreeSet<u64>,
}

impl World {
    /// A world without anything in it.
    pub fn empty(
        name: &str,
        seed: &str,
        omni: ServerVersion,
        proxmox: Cluster,
        provider: ProviderState,
    ) -> Self {
        Self {
            name: name.to_owned(),
            omni,
            now: 0,
            random: Random::seeded(seed),
            proxmox,
            provider,
            machines: BTreeMap::new(),
            clusters: BTreeMap::new(),
            hidden: BTreeSet::new(),
            unheard: false,
            marks: BTreeMap::new(),
            objects: super::s3::Objects::default(),
            wakes: BTreeSet::new(),
        }
    }
    /// Unix seconds of virtual time.
    pub fn unix(&self) -> i64 {
        EPOCH + (self.now / 1000) as i64
    }
    /// The next moment at which something happens by itself.
    pub fn next_wake(&self) -> Option<u64> {
        self.wakes.range(self.now + 1..).next().copied()
    }
}

/// Resources and world together.
pub struct Plant {
    /// Omni's resources.
    pub store: Arc<Store>,
    /// Everything else.
    pub world: World,
    settled: Option<u64>,
}

impl Plant {
    /// Puts them together.
    pub fn new(store: Arc<Store>, world: World) -> Self {
        Self { store, world, settled: None }
    }

    /// Lets virtual time pass up to `to` milliseconds since the world's beginning. Controllers react some ticks after a
    /// write, so a write followed by no time at all shows old statuses.
    pub fn advance(&mut self, to: u64) {
        self.advance_some(to, usize::MAX);
    }

    /// [`Plant::advance`], but for at most so many looks of the controllers.
    pub fn advance_some(&mut self, to: u64, mut looks: usize) {
        while self.world.now < to && looks > 0 {
            looks -= 1;
            if self.settled == Some(self.store.revision()) {
                match self.world.next_wake() {
                    Some(at) if at <= to => self.world.now = at,
                    _ => {
                        self.world.now = to;
                        return;
                    }
                }
            } else {
                self.world.now = to.min(self.world.now + TICK);
            }
            self.pass();
        }
    }

    /// Lets time pass until nothing is left to happen by itself, or `limit` milliseconds have passed. Tells whether all is quiet.
    pub fn run_until_quiet(&mut self, limit: u64) -> bool {
        let end = self.world.now + limit;
        loop {
            if self.settled == Some(self.store.revision()) {
                let Some(at) = self.world.next_wake() else { return true };
                if at > end {
                    return false;
                }
                self.advance(at);
            } else {
                self.advance(self.world.now + TICK);
            }
            if self.world.now >= end {
                return false;
            }
        }
    }

    /// Something was changed from outside: the controllers look again as soon as time passes.
    pub fn disturb(&mut self) {
        self.settled = None;
    }

    fn pass(&mut self) {
        let before = self.store.revision();
        self.world.wakes.clear();
        controllers::pass(&mut Pass::new(&self.store, &mut self.world));
        let after = self.store.revision();
        self.settled = (before == after).then_some(after);
    }
}

/// One look of the controllers at everything.
pub struct Pass<'a> {
    /// Omni's resources.
    pub store: &'a Store,
    /// The world.
    pub world: &'a mut World,
    /// Patches by cluster (by nothing for those of one machine) as they were when the look began.
    pub patches: BTreeMap<String, Vec<Arc<Resource>>>,
}

impl<'a> Pass<'a> {
    /// Begins a look.
    pub fn new(store: &'a Store, world: &'a mut World) -> Self {
        let mut patches: BTreeMap<String, Vec<Arc<Resource>>> = BTreeMap::new();
        for patch in store.all("ConfigPatches") {
            let cluster = patch.labelled(labels::CLUSTER).unwrap_or_default().to_owned();
            patches.entry(cluster).or_default().push(patch);
        }
        Self { store, world, patches }
    }
}

impl Pass<'_> {
    /// Unix seconds.
    pub fn unix(&self) -> i64 {
        self.world.unix()
    }
    /// Asks for a look at this moment.
    pub fn wake_at(&mut self, at: u64) {
        self.world.wakes.insert(at);
    }
    /// Whether `delay` milliseconds have passed since `mark` was first asked about; otherwise asks for a look when they have.
    pub fn waited(&mut self, mark: &str, delay: u64) -> bool {
        let now = self.world.now;
        let since = *self.world.marks.entry(mark.to_owned()).or_insert(now);
        if now >= since + delay {
            return true;
        }
        self.wake_at(since + delay);
        false
    }
    /// Forgets a mark.
    pub fn forget(&mut self, mark: &str) {
        self.world.marks.remove(mark);
    }
    /// One resource of a type in its usual namespace.
    pub fn get(&self, kind: &str, id: &str) -> Option<Arc<Resource>> {
        self.store.get(&Key::of(kind, id))
    }
    /// All of a type.
    pub fn all(&self, kind: &str) -> Vec<Arc<Resource>> {
        self.store.all(kind)
    }
    /// All of a type with this label.
    pub fn labelled(&self, kind: &str, label: &str, value: &str) -> Vec<Arc<Resource>> {
        self.store.labelled(kind, label, value)
    }
    /// Creates unless it exists.
    pub fn create(&self, resource: Resource) {
        if self.store.get(&resource.key).is_none() {
            // The only other failure is "exists", excluded just above under the same lock of the world.
            let _made = self.store.create(resource, self.unix());
        }
    }
    /// Creates, or makes spec, labels and annotations equal.
    pub fn put(&self, resource: Resource) {
        self.store.put(resource, self.unix());
    }
    /// Edits.
    pub fn modify(&self, kind: &str, id: &str, change: impl FnOnce(&mut Resource)) {
        let _gone: Result<_, StoreError> = self.store.modify(&Key::of(kind, id), self.unix(), change);
    }
    /// Adds finalizers that are missing, one write each.
    pub fn hold(&self, resource: &Resource, names: &[&str]) {
        for name in names {
            if !resource.finalizers.iter().any(|f| f == name) {
                let _gone = self.store.add_finalizer(&resource.key, name, self.unix());
            }
        }
    }
    /// Removes finalizers, one write each.
    pub fn release(&self, kind: &str, id: &str, names: &[&str]) {
        let key = Key::of(kind, id);
        for name in names {
            let _gone = self.store.remove_finalizer(&key, name, self.unix());
        }
    }
    /// Starts deletion of what is running.
    pub fn teardown(&self, kind: &str, id: &str) {
        if self.get(kind, id).is_some_and(|r| !r.tearing_down()) {
            let _gone = self.store.teardown(&Key::of(kind, id), self.unix());
        }
    }
    /// Tears down and destroys: finalizers that are left are the lab's own and fall.
    pub fn destroy(&self, kind: &str, id: &str) {
        self.teardown(kind, id);
        let left: Vec<String> = self.get(kind, id).map(|r| r.finalizers.clone()).unwrap_or_default();
        self.release(kind, id, &left.iter().map(String::as_str).collect::<Vec<_>>());
        let _gone = self.store.destroy(&Key::of(kind, id));
    }
}

/// A spec in gateway form: scalars that are zero and empty lists are left out, messages stay even when empty.
pub fn lean(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        for entry in map.values_mut() {
            *entry = lean(entry.take());
        }
        map.retain(|_, v| match v {
            Value::Null | Value::Bool(false) => false,
            Value::String(s) => !s.is_empty(),
            Value::Number(n) => n.as_f64() != Some(0.0),
            Value::Array(a) => !a.is_empty(),
            Value::Bool(true) | Value::Object(_) => true,
        });
    }
    value
}
