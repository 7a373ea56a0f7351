//! Omni's resources in memory, by (namespace, type, id).
//!
//! Two kinds of callers write here. The gateway writes for users, after `rules` has accepted the request; controllers and the
//! provider write as Omni itself and are not checked. Everything is synchronous; the time of a write is handed in by the
//! caller in whole Unix seconds, the resolution Omni shows.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use super::audit::Event;
use super::schema;

/// Changes kept for [`Store::changes_since`]; a reader further behind is told to look at everything.
const LOG: usize = 8192;
/// Writes kept for the audit log.
const AUDIT: usize = 2048;

/// Identity of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Key {
    /// `default`, `infra-provider`, …
    pub namespace: String,
    /// Full type name, such as `Clusters.omni.sidero.dev`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id inside namespace and type.
    pub id: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(namespace: &str, kind: &str, id: &str) -> Self {
        Self { namespace: namespace.to_owned(), kind: kind.to_owned(), id: id.to_owned() }
    }
    /// A key in the namespace that Omni uses for this type; `kind` may be given without `.omni.sidero.dev`.
    pub fn of(kind: &str, id: &str) -> Self {
        let full = if kind.contains('.') { kind.to_owned() } else { format!("{kind}.omni.sidero.dev") };
        Self { namespace: schema::namespace(&full).to_owned(), kind: full, id: id.to_owned() }
    }
    /// `Type(namespace/id@version)`, as Omni's messages name a resource.
    pub fn at(&self, version: &str) -> String {
        format!("{}({}/{}@{version})", self.kind, self.namespace, self.id)
    }
}

/// Whether a resource is being deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Phase {
    /// Not being deleted.
    #[serde(rename = "running")]
    Running,
    /// Deletion was asked for; one way.
    #[serde(rename = "tearingDown")]
    TearingDown,
}

/// A resource as Omni keeps it. `spec` is in gateway form: `snake_case` names, zero values left out.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Resource {
    /// Identity.
    #[serde(flatten)]
    pub key: Key,
    /// Counter, 1 on create, one more for every write of anybody.
    pub version: u64,
    /// Empty for user resources, otherwise the controller's name.
    #[serde(default)]
    pub owner: String,
    /// Whether it is being deleted.
    pub phase: Phase,
    /// Names that block destruction, in the order they were added.
    #[serde(default)]
    pub finalizers: Vec<String>,
    /// Labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds; 0 until the first update of a resource that a user made.
    pub updated: i64,
    /// Content.
    pub spec: Value,
}

impl Resource {
    /// A new resource without labels and owner.
    pub fn new(key: Key, spec: Value) -> Self {
        Self {
            key,
            version: 1,
            owner: String::new(),
            phase: Phase::Running,
            finalizers: Vec::new(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            created: 0,
            updated: 0,
            spec,
        }
    }
    /// With an owner.
    pub fn owned_by(mut self, controller: &str) -> Self {
        controller.clone_into(&mut self.owner);
        self
    }
    /// With one more label.
    pub fn label(mut self, name: &str, value: &str) -> Self {
        self.labels.insert(name.to_owned(), value.to_owned());
        self
    }
    /// With one more annotation.
    pub fn annotation(mut self, name: &str, value: &str) -> Self {
        self.annotations.insert(name.to_owned(), value.to_owned());
        self
    }
    /// With one more finalizer.
    pub fn finalizer(mut self, name: &str) -> Self {
        self.finalizers.push(name.to_owned());
        self
    }
    /// The value of a label.
    pub fn labelled(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
    /// Whether deletion was asked for.
    pub fn tearing_down(&self) -> bool {
        self.phase == Phase::TearingDown
    }
    /// A text field of the spec by JSON pointer; empty when absent.
    pub fn text(&self, pointer: &str) -> &str {
        self.spec.pointer(pointer).and_then(Value::as_str).unwrap_or("")
    }
}

/// What happened to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    Created,
    /// It was written, its finalizers and phase included.
    Updated,
    /// It is gone.
    Destroyed,
}

/// One write.
#[derive(Clone, Debug)]
pub struct Change {
    /// Number of the write; the first is 1.
    pub revision: u64,
    /// What.
    pub kind: ChangeKind,
    /// The resource after the write; before it when destroyed.
    pub resource: Arc<Resource>,
}

/// Why the store did not write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is no such resource.
    #[error("resource {} doesn't exist", .0.at("undefined"))]
    Missing(Key),
    /// The id is taken, perhaps by a resource that is being deleted. Omni prints the version of the request, which is always 1.
    #[error("resource {} already exists", .0.at("1"))]
    Exists(Key),
    /// Somebody else wrote in between. Omni prints both numbers as characters, `'\x01'`.
    #[error("resource {} update conflict: expected version {}, actual version {}", .key.at(&.actual.to_string()), quoted(*.expected), quoted(*.actual))]
    Conflict {
        /// Which resource.
        key: Key,
        /// The version the caller knew.
        expected: u64,
        /// The version it has.
        actual: u64,
    },
    /// It is being deleted.
    #[error("resource {} is not in phase running", .0.at(&.1.to_string()))]
    NotRunning(Key, u64),
    /// Finalizers are left.
    #[error("resource {} has pending finalizers &[{}]", .0.at(&.1.to_string()), .2.join(" "))]
    Pending(Key, u64, Vec<String>),
}

/// A number as Go's `%q` prints it: as a character literal.
fn quoted(version: u64) -> String {
    let escaped = match u32::try_from(version).ok().and_then(char::from_u32) {
        Some('\u{7}') => "\\a".to_owned(),
        Some('\u{8}') => "\\b".to_owned(),
        Some('\u{c}') => "\\f".to_owned(),
        Some('\n') => "\\n".to_owned(),
        Some('\r') => "\\r".to_owned(),
        Some('\t') => "\\t".to_owned(),
        Some('\u{b}') => "\\v".to_owned(),
        Some('\'') => "\\'".to_owned(),
        Some('\\') => "\\\\".to_owned(),
        Some(c @ ' '..='~') => c.to_string(),
        Some(c) if (c as u32) < 0x80 => format!("\\x{:02x}", c as u32),
        Some(c) if c.is_control() || c == '\u{a0}' || c == '\u{ad}' => format!("\\u{:04x}", c as u32),
        Some(c) => c.to_string(),
        None => "\u{fffd}".to_owned(),
    };
    format!("'{escaped}'")
}

#[derive(Default)]
struct Inner {
    kinds: BTreeMap<(String, String), BTreeMap<String, Arc<Resource>>>,
    revision: u64,
    log: VecDeque<Change>,
}

impl Inner {
    fn get(&self, key: &Key) -> Option<&Arc<Resource>> {
        self.kinds.get(&(key.namespace.clone(), key.kind.clone()))?.get(&key.id)
    }
    fn note(&mut self, kind: ChangeKind, resource: Arc<Resource>) {
        self.revision += 1;
        if self.log.len() == LOG {
            self.log.pop_front();
        }
        self.log.push_back(Change { revision: self.revision, kind, resource });
    }
    fn insert(&mut self, resource: Resource, kind: ChangeKind) -> Arc<Resource> {
        let resource = Arc::new(resource);
        let key = &resource.key;
        self.kinds
            .entry((key.namespace.clone(), key.kind.clone()))
            .or_default()
            .insert(key.id.clone(), Arc::clone(&resource));
        self.note(kind, Arc::clone(&resource));
        resource
    }
    fn remove(&mut self, key: &Key) {
        let gone =
            self.kinds.get_mut(&(key.namespace.clone(), key.kind.clone())).and_then(|m| m.remove(&key.id));
        if let Some(gone) = gone {
            self.note(ChangeKind::Destroyed, gone);
        }
    }
    /// Writes `next` as the following version of what is stored. Omni itself destroys resources of user-managed types that
    /// are tearing down and have no finalizers left.
    fn write(&mut self, mut next: Resource, now: i64) -> Arc<Resource> {
        next.version += 1;
        next.updated = now;
        let swept = next.tearing_down()
            && next.finalizers.is_empty()
            && next.owner.is_empty()
            && schema::user_managed(&next.key.kind);
        let key = next.key.clone();
        let written = self.insert(next, ChangeKind::Updated);
        if swept {
            self.remove(&key);
        }
        written
    }
}

/// All resources of one Omni.
#[derive(Default)]
pub struct Store {
    inner: Mutex<Inner>,
    audit: Mutex<Vec<Event>>,
}

impl Store {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
    /// A store with these resources exactly as they are, versions and times included (world file, tests).
    pub fn restore(resources: impl IntoIterator<Item = Resource>) -> Self {
        let store = Self::new();
        for resource in resources {
            store.put_back(resource);
        }
        store
    }
    /// Every resource, for the world file; sorted by namespace, type and id.
    pub fn resources(&self) -> Vec<Resource> {
        self.lock().kinds.values().flat_map(BTreeMap::values).map(|r| (**r).clone()).collect()
    }
    /// Puts one resource in exactly as it is, replacing one with the same key.
    pub fn put_back(&self, resource: Resource) {
        self.lock().insert(resource, ChangeKind::Created);
    }

    /// Writes by people and accounts, oldest first.
    pub fn audited(&self) -> Vec<Event> {
        self.audit.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Notes a write; the oldest one goes where there are too many.
    pub fn note_audit(&self, event: Event) {
        let mut audit = self.audit.lock().unwrap_or_else(PoisonError::into_inner);
        if audit.len() == AUDIT {
            audit.remove(0);
        }
        audit.push(event);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ── reading ────────────────────────────────────────────────────────────

    /// One resource.
    pub fn get(&self, key: &Key) -> Option<Arc<Resource>> {
        self.lock().get(key).cloned()
    }
    /// All of a type, sorted by id.
    pub fn list(&self, namespace: &str, kind: &str) -> Vec<Arc<Resource>> {
        let inner = self.lock();
        inner
            .kinds
            .get(&(namespace.to_owned(), kind.to_owned()))
            .map(|m| m.values().cloned().collect())
            .unwrap_or_default()
    }
    /// All of a type in its own namespace (`MachineSets` or the full name), sorted by id.
    pub fn all(&self, kind: &str) -> Vec<Arc<Resource>> {
        let key = Key::of(kind, "");
        self.list(&key.namespace, &key.kind)
    }
    /// [`Store::all`] of those that carry the label with this value.
    pub fn labelled(&self, kind: &str, label: &str, value: &str) -> Vec<Arc<Resource>> {
        let mut all = self.all(kind);
        all.retain(|r| r.labelled(label) == Some(value));
        all
    }
    /// Number of the last write; unchanged means that nothing happened.
    pub fn revision(&self) -> u64 {
        self.lock().revision
    }
    /// Writes after `revision`, oldest first; `None` when some of them are no longer known (then look at everything).
    pub fn changes_since(&self, revision: u64) -> Option<Vec<Change>> {
        let inner = self.lock();
        if revision + (inner.log.len() as u64) < inner.revision {
            return None;
        }
        Some(inner.log.iter().filter(|c| c.revision > revision).cloned().collect())
    }

    // ── writing ────────────────────────────────────────────────────────────

    /// Creates. Version, phase and times of `resource` are set here; finalizers, labels, annotations, owner and spec are taken.
    pub fn create(&self, mut resource: Resource, now: i64) -> Result<Arc<Resource>, StoreError> {
        let mut inner = self.lock();
        if inner.get(&resource.key).is_some() {
            return Err(StoreError::Exists(resource.key));
        }
        resource.version = 1;
        resource.phase = Phase::Running;
        resource.created = now;
        // Seen: what users make shows 1970 until its first update, what controllers make shows its creation.
        resource.updated = if resource.owner.is_empty() { 0 } else { now };
        Ok(inner.insert(resource, ChangeKind::Created))
    }

    /// A user's Update: replaces spec, labels, annotations, finalizers and owner as a whole when `expected` (any, when
    /// `None`) is the stored version and the resource is running. Writes even when nothing differs.
    pub fn replace(
        &self,
        next: Resource,
        expected: Option<u64>,
        now: i64,
    ) -> Result<Arc<Resource>, StoreError> {
        let mut inner = self.lock();
        let Some(old) = inner.get(&next.key) else { return Err(StoreError::Missing(next.key)) };
        if let Some(expected) = expected.filter(|e| *e != old.version) {
            return Err(StoreError::Conflict { key: next.key, expected, actual: old.version });
        }
        if old.tearing_down() {
            return Err(StoreError::NotRunning(next.key, old.version));
        }
        let next = Resource { version: old.version, phase: old.phase, created: old.created, ..next };
        Ok(inner.write(next, now))
    }

    /// A controller's write: `change` edits a copy; nothing is written when it comes out equal. Key, version, phase and times
    /// are not `change`'s to set. Works on resources that are being deleted. Returns what is stored afterwards.
    pub fn modify(
        &self,
        key: &Key,
        now: i64,
        change: impl FnOnce(&mut Resource),
    ) -> Result<Arc<Resource>, StoreError> {
        let mut inner = self.lock();
        let Some(old) = inner.get(key).cloned() else { return Err(StoreError::Missing(key.clone())) };
        let mut next = (*old).clone();
        change(&mut next);
        next.key = old.key.clone();
        next.version = old.version;
        next.phase = old.phase;
        next.created = old.created;
        next.updated = old.updated;
        if next == *old {
            return Ok(old);
        }
        Ok(inner.write(next, now))
    }

    /// Creates, or makes spec, labels and annotations of what exists equal to those given (finalizers and owner of an existing
    /// resource stay). The usual write of a controller that keeps a status.
    pub fn put(&self, resource: Resource, now: i64) -> Arc<Resource> {
        let key = resource.key.clone();
        match self.create(resource.clone(), now) {
            Ok(made) => made,
            Err(_) => self
                .modify(&key, now, |r| {
                    r.spec = resource.spec.clone();
                    r.labels.clone_from(&resource.labels);
                    r.annotations.clone_from(&resource.annotations);
                })
                .unwrap_or_else(|_| Arc::new(resource)),
        }
    }

    /// Adds a finalizer unless it is there.
    pub fn add_finalizer(&self, key: &Key, name: &str, now: i64) -> Result<Arc<Resource>, StoreError> {
        self.modify(key, now, |r| {
            if !r.finalizers.iter().any(|f| f == name) {
                r.finalizers.push(name.to_owned());
            }
        })
    }
    /// Removes a finalizer; a user resource that is tearing down is destroyed with its last one.
    pub fn remove_finalizer(&self, key: &Key, name: &str, now: i64) -> Result<Arc<Resource>, StoreError> {
        self.modify(key, now, |r| r.finalizers.retain(|f| f != name))
    }

    /// Marks for deletion; idempotent. `true` when no finalizer blocks destruction (a user resource is gone already then).
    pub fn teardown(&self, key: &Key, now: i64) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        let Some(old) = inner.get(key).cloned() else { return Err(StoreError::Missing(key.clone())) };
        let ready = old.finalizers.is_empty();
        if !old.tearing_down() {
            inner.write(Resource { phase: Phase::TearingDown, ..(*old).clone() }, now);
        }
        Ok(ready)
    }

    /// Destroys what has no finalizers, whatever its phase.
    pub fn destroy(&self, key: &Key) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let Some(old) = inner.get(key) else { return Err(StoreError::Missing(key.clone())) };
        if !old.finalizers.is_empty() {
            return Err(StoreError::Pending(key.clone(), old.version, old.finalizers.clone()));
        }
        inner.remove(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn class(id: &str) -> Resource {
        Resource::new(Key::of("MachineClasses", id), json!({ "match_labels": ["x"] }))
    }

    #[test]
    fn versions_count_every_write_and_conflicts_print_characters() {
        let store = Store::new();
        store.create(class("a"), 10).unwrap();
        assert_eq!(store.create(class("a"), 10), Err(StoreError::Exists(Key::of("MachineClasses", "a"))));
        let after = store.replace(class("a"), Some(1), 11).unwrap();
        assert_eq!((after.version, after.created, after.updated), (2, 10, 11));
        let text = store.replace(class("a"), Some(1), 12).unwrap_err().to_string();
        assert_eq!(
            text,
            "resource MachineClasses.omni.sidero.dev(default/a@2) update conflict: expected version '\\x01', actual version '\\x02'"
        );
        assert_eq!((quoted(10), quoted(65), quoted(39)), ("'\\n'".into(), "'A'".into(), "'\\''".into()));
    }

    #[test]
    fn a_user_resource_goes_with_its_last_finalizer() {
        let store = Store::new();
        let key = Key::of("MachineClasses", "a");
        store.create(class("a").finalizer("hold"), 10).unwrap();
        assert_eq!(store.teardown(&key, 11), Ok(false));
        assert!(store.get(&key).unwrap().tearing_down());
        assert!(matches!(store.replace(class("a"), None, 12), Err(StoreError::NotRunning(..))));
        assert!(matches!(store.destroy(&key), Err(StoreError::Pending(..))));
        store.remove_finalizer(&key, "hold", 13).unwrap();
        assert_eq!(store.get(&key), None);
    }

    #[test]
    fn a_controller_that_changes_nothing_writes_nothing() {
        let store = Store::new();
        let status = || Resource::new(Key::of("ClusterStatuses", "c"), json!({})).owned_by("C");
        store.put(status(), 10);
        let before = store.revision();
        store.put(status(), 11);
        assert_eq!(store.revision(), before);
        assert_eq!(store.changes_since(0).unwrap().len(), 1);
        let back = Store::restore(store.resources());
        assert_eq!(back.resources(), store.resources());
    }
}
