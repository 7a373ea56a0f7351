//! The world that a recorded answer presupposes, derived from request and answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use omni_scale::lab::omni::pgp::KeyPair;
use omni_scale::lab::omni::{Account, Key, OmniServer, Phase, Resource, Role, ServerVersion, Store};
use serde_json::{Value, json};

use super::recording::{Folder, Recording, identity};
use super::text::{between, quoted_versions, reasons, version_of};

/// Finalizer of somebody who never lets go.
pub const HOLD: &str = "HoldController";

/// A server in the state before the recorded request.
pub struct World {
    pub server: OmniServer,
    /// Signs as the recorded account when the recorded key is not used.
    pub pair: KeyPair,
}

/// What the recording presupposes cannot be told.
pub struct Underivable(pub &'static str);

pub fn build(
    recording: &Recording,
    folder: &Folder,
    version: ServerVersion,
    recorded_key: bool,
) -> Result<World, Underivable> {
    let store = Arc::new(Store::new());
    let world = Builder { r: recording, folder, store: Arc::clone(&store), refusal: recording.refusal() };
    world.resources()?;
    let pair = KeyPair::new(&[7; 64], "lab (lab) <lab@example.org>", recording.at - 60, 86400).unwrap();
    let accounts = accounts(recording, folder, &pair, recorded_key);
    Ok(World { server: OmniServer::new(store, accounts, version, recording.at - 60), pair })
}

/// The caller, and whom the call is about.
fn accounts(r: &Recording, folder: &Folder, pair: &KeyPair, recorded_key: bool) -> Vec<Account> {
    let mut out: Vec<Account> = Vec::new();
    let refusal = r.refusal();
    let reply = r.reply();
    if r.ok() && r.call == "ListServiceAccounts" {
        for (n, listed) in reply["service_accounts"].as_array().into_iter().flatten().enumerate() {
            let name = listed["name"].as_str().unwrap_or("");
            let role = listed["role"].as_str().and_then(Role::parse).unwrap_or(Role::None);
            let mut account = Account::new(&identity(name), &format!("u{n}"), role);
            for key in listed["pgp_public_keys"].as_array().into_iter().flatten() {
                account.add_key(key["armored"].as_str().unwrap_or("")).unwrap();
            }
            out.push(account);
        }
    }
    if r.ok() && r.call == "ListUsers" {
        for user in reply["users"].as_array().into_iter().flatten() {
            let field = |n: &str| user[n].as_str().unwrap_or("");
            let role = Role::parse(field("role")).unwrap_or(Role::None);
            out.push(Account::new(field("email"), field("id"), role));
        }
    }
    let named = r.message["name"].as_str().or_else(|| r.message["email"].as_str()).unwrap_or("");
    let key = r.message["armored_pgp_public_key"].as_str().unwrap_or("");
    match r.call.as_str() {
        "CreateServiceAccount" | "CreateUser" if refusal.contains("already exists") => {
            out.push(Account::new(&identity(named), "u", Role::Reader));
        }
        "RenewServiceAccount" if r.ok() => out.push(Account::new(&identity(named), "u", Role::Reader)),
        "RenewServiceAccount" if refusal.contains("already exists") => {
            let mut account = Account::new(&identity(named), "u", Role::Reader);
            account.add_key(key).unwrap();
            out.push(account);
        }
        "DestroyServiceAccount" | "DestroyUser" if r.ok() => {
            out.push(Account::new(&identity(named), "u", Role::Reader));
        }
        _ => {}
    }
    let Some((name, fingerprint)) = r.signature() else { return out };
    let role = between(&refusal, "insufficient role: \"", "\"")
        .and_then(|n| Role::parse(&n))
        .or_else(|| r.documents().first().and_then(|d| Role::parse(d["spec"]["role"].as_str()?)))
        .filter(|_| r.target().1.starts_with("CurrentUsers.") || refusal.contains("insufficient role"))
        .or_else(|| folder.roles.get(name).copied())
        .unwrap_or(if name.starts_with("infra-provider:") { Role::InfraProvider } else { Role::Admin });
    if !folder.existed(name, r.at) && r.status == Some(401) {
        return out;
    }
    // A list of service accounts must not show the lab's own key: there a user signs anew.
    let list = r.ok() && r.call == "ListServiceAccounts" && !recorded_key;
    let caller = if list { "lab@example.org".to_owned() } else { identity(name) };
    let at = out.iter().position(|a| a.identity == caller).unwrap_or_else(|| {
        out.push(Account::new(&caller, "caller", role));
        out.len() - 1
    });
    if recorded_key {
        if let Some(armored) = folder.keys.get(fingerprint)
            && out[at].public_keys().iter().all(|k| k.fingerprint != fingerprint)
        {
            out[at].add_key(armored).unwrap();
        }
    } else {
        out[at].add_key(&pair.public()).unwrap();
    }
    out
}

struct Builder<'a> {
    r: &'a Recording,
    folder: &'a Folder,
    store: Arc<Store>,
    refusal: String,
}

impl Builder<'_> {
    fn says(&self, text: &str) -> bool {
        self.refusal.contains(text)
    }
    /// Puts a resource in, unless the answer says that there is none or it is in already.
    fn put(&self, resource: Resource) {
        let key = &resource.key;
        let named = format!("{}({}/{}@", key.kind, key.namespace, key.id);
        let missing = self.says(&named) && self.says("doesn't exist");
        if !missing && self.store.get(key).is_none() {
            self.store.put_back(Resource { created: self.r.at - 30, updated: self.r.at - 30, ..resource });
        }
    }

    fn resources(&self) -> Result<(), Underivable> {
        let r = self.r;
        let (namespace, kind, id) = r.target();
        let key = Key::new(&namespace, &kind, &id);
        if let Some((name, _)) = r.signature()
            && let Some(provider) =
                name.strip_prefix("infra-provider:").filter(|_| !self.says("not registered"))
        {
            self.put(Resource::new(Key::of("InfraProviders", provider), json!({})));
        }
        if r.ok() && matches!(r.call.as_str(), "Get" | "List") {
            return self.shown();
        }
        match r.call.as_str() {
            "Create" if self.says("already exists") => self.put(self.wanted(&key)),
            "Update" | "Teardown" | "Delete" => self.stored(&key),
            _ => {}
        }
        if matches!(r.call.as_str(), "Create" | "Update") {
            self.needs(&key);
        }
        self.in_use(&key);
        Ok(())
    }

    /// What a read answered with, and as many more as its `total` counts.
    fn shown(&self) -> Result<(), Underivable> {
        let documents = self.r.documents();
        if self.r.call == "List" && self.r.header("grpc-metadata-selectors").is_some() {
            // What the selection left out.
            for document in self.folder.population(self.r) {
                self.store.put_back(resource(&document));
            }
        }
        for document in &documents {
            self.store.put_back(resource(document));
        }
        let total = self.r.reply()["total"].as_u64().unwrap_or(documents.len() as u64) as usize;
        let Some(first) = documents.first().map(resource) else { return Ok(()) };
        let more = total - documents.len();
        let before = (self.r.message["offset"].as_u64().unwrap_or(0) as usize).min(more);
        if more > 0 && self.r.header("grpc-metadata-selectors").is_some() {
            return Err(Underivable("items on other pages of a selection"));
        }
        let descending = self.r.message["sort_descending"] == json!(true);
        for n in 0..more {
            // Items of other pages sort before or after those shown.
            let low = (n < before) != descending;
            let name = format!("{}{n:04}", if low { "!" } else { "~" });
            let key = Key { id: name, ..first.key.clone() };
            self.store.put_back(Resource { spec: json!({}), ..Resource::new(key, json!({})) });
        }
        Ok(())
    }

    /// The resource as the request has it.
    fn wanted(&self, key: &Key) -> Resource {
        let r = self.r;
        Resource {
            labels: r.pairs("labels"),
            annotations: r.pairs("annotations"),
            finalizers: r.finalizers(),
            ..Resource::new(key.clone(), r.spec())
        }
    }

    /// The target of an Update, Teardown or Delete as it was.
    fn stored(&self, key: &Key) {
        let r = self.r;
        if self.says("doesn't exist")
            && !self.says("failed to destroy")
            && self.says(&format!("/{}@", key.id))
        {
            return;
        }
        let mut old = self.wanted(key);
        let update = r.call == "Update";
        match self.folder.before(r).filter(|_| update) {
            Some((spec, labels, annotations)) => {
                (old.spec, old.labels, old.annotations) = (spec, labels, annotations);
            }
            // Accepted with a lock, it was not locked before.
            None if r.ok() => {
                old.annotations.remove("omni.sidero.dev/cluster-locked");
            }
            None => {}
        }
        if update && r.status == Some(400) {
            // Texts are looked at only when they change.
            for pointer in ["/data", "/auto_provision/provider_data"] {
                if let Some(text) = old.spec.pointer_mut(pointer)
                    && Some(&*text) == r.spec().pointer(pointer)
                {
                    *text = json!("machine: {}");
                }
            }
        }
        old.version = version_of(&self.refusal)
            .or_else(|| quoted_versions(&self.refusal).map(|(_, actual)| actual))
            .or(r.version().filter(|_| update))
            .unwrap_or(1);
        for (label, was) in changed_labels(&self.refusal) {
            old.labels.insert(label, was);
        }
        if let Some(owner) = between(&self.refusal, "is owned by \"", "\"") {
            old.owner = owner;
        }
        if self.says("is not in phase running") {
            old.phase = Phase::TearingDown;
            old.finalizers.push(HOLD.to_owned());
        }
        if !update && (r.status.is_none() || r.status == Some(504) || self.says("failed to destroy")) {
            old.finalizers.push(HOLD.to_owned());
        }
        if self.says("machine set node is locked") {
            old.annotations.insert("omni.sidero.dev/locked".to_owned(), String::new());
        }
        if let Some(set) = between(&self.refusal, "from the machine set \"", "\"") {
            old.labels.insert("omni.sidero.dev/machine-set".to_owned(), set);
        }
        if key.kind.starts_with("Clusters.") {
            self.cluster_before(&mut old);
        }
        if self.says("nil pointer") {
            // A crash on an Update is that of a class turned from selectors to provisioning.
            old.spec = json!({ "match_labels": ["a"] });
        }
        self.put(old);
    }

    fn cluster_before(&self, old: &mut Resource) {
        let new = self.r.spec();
        if let Some(from) = between(&self.refusal, "from \"", "\"").filter(|_| self.says("for upgrade to")) {
            old.spec["kubernetes_version"] = from.into();
        }
        if let Some(from) = between(&self.refusal, "downgrading from version \"", "\"") {
            old.spec["talos_version"] = from.as_str().into();
            let key = Key::of("ClusterConfigVersions", &old.key.id);
            self.put(Resource::new(key, json!({ "version": format!("v{from}") })));
        }
        let refused = ["talos version", "kubernetes version"].iter().any(|t| self.says(t));
        if refused && old.spec["talos_version"] == new["talos_version"] && !self.says("for upgrade to") {
            // A version is looked at only when it changes.
            old.spec["talos_version"] = json!("0.0.1");
        }
        if self.says("disk encryption settings") {
            let on = new["features"]["disk_encryption"] == json!(true);
            old.spec["features"] = if on { json!({}) } else { json!({ "disk_encryption": true }) };
        }
        if self.says("is locked") {
            old.annotations.insert("omni.sidero.dev/cluster-locked".to_owned(), String::new());
        }
    }

    /// What has to exist for a write to be looked at as it was.
    fn needs(&self, key: &Key) {
        let spec = self.r.spec();
        let label = |n: &str| self.r.pairs("labels").get(&format!("omni.sidero.dev/{n}")).cloned();
        match key.kind.strip_suffix(".omni.sidero.dev").unwrap_or("") {
            "Clusters" => self.versions(&spec),
            "MachineRequestSets" => self.talos(spec["talos_version"].as_str().unwrap_or(""), ""),
            "MachineSets" => {
                self.cluster(label("cluster"));
                for field in ["machine_allocation", "machine_class"] {
                    if let Some(name) = spec[field]["name"]
                        .as_str()
                        .filter(|n| !self.says(&format!("name \"{n}\" doesn't exist")))
                    {
                        let class = Key::of("MachineClasses", name);
                        self.put(Resource::new(class, json!({ "match_labels": ["x"] })));
                    }
                }
            }
            "MachineSetNodes" => {
                self.cluster(label("cluster"));
                if let Some(name) =
                    label("machine-set").filter(|_| !self.says("the machine set does not exist"))
                {
                    let mut set = Resource::new(Key::of("MachineSets", &name), json!({}));
                    set.labels = self.r.pairs("labels");
                    set.phase = if self.says("machine set is tearing down") {
                        Phase::TearingDown
                    } else {
                        Phase::Running
                    };
                    self.put(set);
                }
            }
            "ConfigPatches" if self.says("tearing down") => {
                self.cluster(label("cluster"));
            }
            "ExtensionsConfigurations" => self.extensions(&spec, label("cluster")),
            "MachineClasses" => self.provider(spec["auto_provision"]["provider_id"].as_str()),
            _ => {}
        }
    }

    fn cluster(&self, name: Option<String>) {
        let Some(name) = name.filter(|n| !self.says(&format!("the cluster \"{n}\" does not exist"))) else {
            return;
        };
        let mut cluster = Resource::new(Key::of("Clusters", &name), json!({ "talos_version": "1.11.6" }));
        if self.says("cluster is locked") || self.says(&format!("\"{name}\" is locked")) {
            cluster.annotations.insert("omni.sidero.dev/cluster-locked".to_owned(), String::new());
        }
        if self.says(&format!("\"{name}\" is tearing down")) || self.says("cluster is tearing down") {
            cluster.phase = Phase::TearingDown;
            cluster.finalizers.push(HOLD.to_owned());
        }
        self.put(cluster);
    }

    fn versions(&self, spec: &Value) {
        let (talos, kubernetes) =
            (spec["talos_version"].as_str().unwrap_or(""), spec["kubernetes_version"].as_str().unwrap_or(""));
        self.talos(talos, if self.says("is not compatible with") { "" } else { kubernetes });
    }
    fn talos(&self, version: &str, kubernetes: &str) {
        let mut spec = json!({ "version": version, "compatible_kubernetes_versions": [kubernetes] });
        if self.says(&format!("\"{version}\" is not supported by")) {
            spec["unsupported"] = json!(true);
        }
        if self.says(&format!("\"{version}\" is no longer supported")) {
            spec["deprecated"] = json!(true);
        }
        self.put(Resource::new(Key::of("TalosVersions", version), spec));
    }

    fn extensions(&self, spec: &Value, cluster: Option<String>) {
        let version = between(&self.refusal, "Talos version \"", "\"").unwrap_or_else(|| "1.11.6".to_owned());
        let items: Vec<Value> = spec["extensions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .filter(|n| !self.says(&format!("extension \"{n}\"")) || !self.says("is not available"))
            .map(
                |n| json!({ "name": if n.contains('/') { n.to_owned() } else { format!("siderolabs/{n}") } }),
            )
            .collect();
        if let Some(name) = cluster {
            let cluster = Key::of("Clusters", &name);
            self.put(Resource::new(cluster, json!({ "talos_version": version })));
        }
        self.put(Resource::new(Key::of("TalosExtensions", &version), json!({ "items": items })));
    }

    fn provider(&self, id: Option<&str>) {
        let Some(id) = id else { return };
        // Required properties are told by the refusal itself; otherwise what the provider was recorded to publish.
        let required: Vec<String> = reasons(&self.refusal)
            .iter()
            .flat_map(|r| r.split("; "))
            .filter_map(|r| between(r, "config value \".", "\": is required"))
            .collect();
        let types: serde_json::Map<String, Value> = reasons(&self.refusal)
            .iter()
            .flat_map(|r| r.split("; "))
            .filter_map(|r| {
                let name = between(r, "config value \".", "\": got ")?;
                Some((name, json!({ "type": r.split_once("want ")?.1 })))
            })
            .collect();
        let looked_at = self.says("config value") || self.says("failed to unmarshal YAML");
        let schema = json!({ "type": "object", "properties": types, "required": required });
        let spec = match self.folder.providers.get(id) {
            Some(spec) => spec.clone(),
            None if looked_at => json!({ "schema": schema.to_string() }),
            None => json!({}),
        };
        self.put(Resource::new(Key::of("InfraProviderStatuses", id), spec));
    }

    fn in_use(&self, key: &Key) {
        let Some(sets) = between(&self.refusal, "in use by machine sets: ", "\n") else { return };
        for set in sets.split(", ") {
            let spec = json!({ "machine_allocation": { "name": key.id, "machine_count": 1 } });
            self.put(Resource::new(Key::of("MachineSets", set), spec));
        }
    }
}

/// Labels that a refusal says were changed, with the value they had.
fn changed_labels(refusal: &str) -> BTreeMap<String, String> {
    reasons(refusal)
        .iter()
        .filter_map(|r| {
            let label = between(r, "changing value of label \"", "\"")?;
            Some((label, between(r, "\" from \"", "\"")?))
        })
        .collect()
}

/// A document as a stored resource.
pub fn resource(document: &Value) -> Resource {
    let metadata = &document["metadata"];
    let field = |n: &str| metadata[n].as_str().unwrap_or("");
    let time = |n: &str| field(n).parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
    let map = |n: &str| serde_json::from_value(metadata[n].clone()).unwrap_or_default();
    Resource {
        version: metadata["version"].as_u64().unwrap_or(1),
        owner: field("owner").to_owned(),
        phase: if field("phase") == "tearingDown" { Phase::TearingDown } else { Phase::Running },
        finalizers: serde_json::from_value(metadata["finalizers"].clone()).unwrap_or_default(),
        labels: map("labels"),
        annotations: map("annotations"),
        created: time("created"),
        updated: time("updated"),
        ..Resource::new(Key::new(field("namespace"), field("type"), field("id")), document["spec"].clone())
    }
}
