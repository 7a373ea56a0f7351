//! The server as a value: requests in, replies out, no socket and no clock of its own.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::auth::Account;
use super::errors::{Code, Refusal};
use super::store::{Key, Resource, Store};
use super::version::ServerVersion;
use super::{document, gateway};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// `POST`
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Names in any case, one entry per value, in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A whole reply.
#[derive(Clone, Debug)]
pub struct HttpReply {
    /// Status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What becomes of a request.
pub enum Answer {
    /// Answered.
    Now(HttpReply),
    /// A Delete that waits for finalizers of others: ask [`OmniServer::settle`] now and then, and [`OmniServer::expire`] in the end.
    Waiting(Waiting),
}

/// A Delete under way. Dropping it leaves the resource tearing down, as aborting the request does.
pub struct Waiting {
    pub(super) key: Key,
    /// Bound that the client set by `Grpc-Timeout`.
    pub timeout: Option<Duration>,
    pub(super) line: RequestLine,
}

/// One served request, for the world's log.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RequestLine {
    /// Wall time, Unix seconds.
    pub at: i64,
    /// Which server.
    pub server: String,
    /// HTTP method.
    pub method: String,
    /// Path.
    pub path: String,
    /// Resource type, if any.
    #[serde(rename = "type", default)]
    pub kind: String,
    /// Resource id, if any.
    #[serde(default)]
    pub id: String,
    /// Whether the call is one that writes.
    pub writing: bool,
    /// Status answered.
    pub status: u16,
    /// Identity of the account, if authenticated.
    #[serde(default)]
    pub account: String,
}

/// Takes a line for the world's log.
pub type RequestLog = Box<dyn Fn(&RequestLine) + Send + Sync>;

/// Omni.
pub struct OmniServer {
    store: Arc<Store>,
    accounts: Mutex<Vec<Account>>,
    version: ServerVersion,
    log: Option<RequestLog>,
    /// Types that nobody may list, full names.
    hidden: Mutex<BTreeSet<String>>,
    /// Serialises users' writes, so that what the rules looked at is what the write meets.
    pub(super) writing: Mutex<()>,
}

impl OmniServer {
    /// A server over a store. What every Omni has from its start (SysVersion, AuthConfig, FeaturesConfig) is added where the
    /// store lacks it, created at `now`.
    pub fn new(store: Arc<Store>, accounts: Vec<Account>, version: ServerVersion, now: i64) -> Self {
        let sys = json!({ "backend_version": version.name(), "instance_name": "lab", "backend_api_version": version.api() });
        let auth = json!({
            "auth0": { "enabled": true, "domain": "auth.invalid", "client_id": "lab" },
            "webauthn": {}, "saml": {}, "oidc": {}
        });
        let features = json!({
            "enable_workload_proxying": true,
            "etcd_backup_settings": { "tick_interval": "60s", "min_interval": "3600s", "max_interval": "86400s" },
            "embedded_discovery_service": true,
            "audit_log_enabled": true,
            "account": { "id": "11111111-2222-3333-4444-555555555555", "name": "lab" }
        });
        for (kind, id, spec) in [
            ("SysVersions.system.sidero.dev", "current", sys),
            ("AuthConfigs.omni.sidero.dev", "auth-config", auth),
            ("FeaturesConfigs.omni.sidero.dev", "features-config", features),
        ] {
            let key = Key::of(kind, id);
            if store.get(&key).is_none() {
                store.put_back(Resource { created: now, updated: now, ..Resource::new(key, spec) });
            }
        }
        let accounts = accounts.into_iter().map(Account::restored).collect();
        Self {
            store,
            accounts: Mutex::new(accounts),
            version,
            log: None,
            hidden: Mutex::new(BTreeSet::new()),
            writing: Mutex::new(()),
        }
    }
    /// With a log of requests.
    #[must_use]
    pub fn logging(mut self, log: RequestLog) -> Self {
        self.log = Some(log);
        self
    }
    /// The resources.
    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }
    /// The version it plays.
    pub fn version(&self) -> ServerVersion {
        self.version
    }
    /// The accounts as they are now, for the world file.
    pub fn accounts(&self) -> Vec<Account> {
        self.locked_accounts().clone()
    }
    pub(super) fn locked_accounts(&self) -> MutexGuard<'_, Vec<Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on nobody may list these types, given by their full names, and all others as their roles allow.
    pub fn hide(&self, types: &BTreeSet<String>) {
        let mut hidden = self.hidden.lock().unwrap_or_else(PoisonError::into_inner);
        if *hidden != *types {
            hidden.clone_from(types);
        }
    }

    pub(super) fn hides(&self, kind: &str) -> bool {
        self.hidden.lock().unwrap_or_else(PoisonError::into_inner).contains(kind)
    }

    /// Answers a request. `wall` is what signatures are checked against, `now` what resources are stamped with (both Unix
    /// seconds; `now` may be virtual).
    pub fn handle(&self, request: &HttpRequest, wall: i64, now: i64) -> Answer {
        let mut line = RequestLine {
            at: wall,
            server: "omni".to_owned(),
            method: request.method.clone(),
            path: request.path.clone(),
            ..RequestLine::default()
        };
        match gateway::serve(self, request, wall, now, &mut line) {
            Ok(gateway::Outcome::Reply(reply)) => self.done(line, reply),
            Ok(gateway::Outcome::Wait(key, timeout)) => Answer::Waiting(Waiting { key, timeout, line }),
            Err(refusal) => self.done(line, refused(&refusal)),
        }
    }

    fn done(&self, mut line: RequestLine, reply: HttpReply) -> Answer {
        line.status = reply.status;
        if let Some(log) = &self.log {
            log(&line);
        }
        Answer::Now(reply)
    }

    /// The answer of a waiting Delete once its resource can go or is gone.
    pub fn settle(&self, waiting: &Waiting) -> Option<HttpReply> {
        let reply = match self.store.get(&waiting.key) {
            Some(left) if !left.finalizers.is_empty() => return None,
            // Nobody but this call destroys it.
            Some(_) => self
                .store
                .destroy(&waiting.key)
                .map_or_else(|e| refused(&Refusal::stored(&e, "destroy")), |()| message(&json!({}))),
            // Omni finished the destruction first: 404 means deleted.
            None => {
                let gone = super::store::StoreError::Missing(waiting.key.clone());
                refused(&Refusal::stored(&gone, "destroy"))
            }
        };
        self.done(waiting.line.clone(), reply.clone());
        Some(reply)
    }

    /// The answer of a waiting Delete whose time is over.
    pub fn expire(&self, waiting: &Waiting) -> HttpReply {
        let reply = refused(&Refusal::new(Code::DeadlineExceeded, "context deadline exceeded"));
        self.done(waiting.line.clone(), reply.clone());
        reply
    }
}

fn json_reply(status: u16, body: &Value) -> HttpReply {
    HttpReply {
        status,
        headers: vec![
            ("content-type".to_owned(), "application/json".to_owned()),
            ("vary".to_owned(), "Accept-Encoding".to_owned()),
        ],
        body: body.to_string().into_bytes(),
    }
}

/// A message with status 200.
pub(super) fn message(body: &Value) -> HttpReply {
    let mut reply = json_reply(200, body);
    reply.headers.push(("grpc-metadata-content-type".to_owned(), "application/grpc".to_owned()));
    reply
}

/// A refusal with its status.
pub(super) fn refused(refusal: &Refusal) -> HttpReply {
    let mut reply =
        json_reply(refusal.code.status(), &json!({ "code": refusal.code as u8, "message": refusal.message }));
    if refusal.code == Code::Unauthenticated {
        reply.headers.push(("www-authenticate".to_owned(), refusal.message.clone()));
    }
    reply
}

/// The resource in answers.
pub(super) fn shown(resource: &Resource) -> Value {
    Value::from(document::document(resource))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::omni::pgp::KeyPair;
    use crate::lab::omni::{Phase, Role};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use std::sync::Mutex as StdMutex;

    const NOW: i64 = 1_795_212_083;

    struct Lab {
        server: OmniServer,
        pair: KeyPair,
        lines: Arc<StdMutex<Vec<RequestLine>>>,
    }

    fn lab(role: Role, version: ServerVersion) -> Lab {
        let pair = KeyPair::new(&[5; 64], "lab (lab) <lab@example.org>", NOW - 60, 86400).unwrap();
        let mut account = Account::new(&Account::identity_of("lab"), "u", role);
        account.add_key(&pair.public()).unwrap();
        let lines = Arc::new(StdMutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let log: RequestLog = Box::new(move |line| sink.lock().unwrap().push(line.clone()));
        let server = OmniServer::new(Arc::new(Store::new()), vec![account], version, NOW).logging(log);
        Lab { server, pair, lines }
    }

    impl Lab {
        fn answer(&self, method: &str, body: &Value) -> Answer {
            let path = format!("/omni.resources.ResourceService/{method}");
            let payload = json!({
                "headers": { "runtime": ["Omni"], "x-sidero-timestamp": [NOW.to_string()] }, "method": path
            });
            let payload = payload.to_string();
            let signature = STANDARD.encode(self.pair.sign(payload.as_bytes(), NOW));
            let header = |n: &str, v: String| (format!("Grpc-Metadata-{n}"), v);
            let request = HttpRequest {
                method: "POST".into(),
                path: format!("/api{path}"),
                headers: vec![
                    header("Runtime", "Omni".into()),
                    header("X-Sidero-Timestamp", NOW.to_string()),
                    header("X-Sidero-Payload", payload),
                    header(
                        "X-Sidero-Signature",
                        format!("siderov1 lab {} {signature}", self.pair.fingerprint()),
                    ),
                ],
                body: body.to_string().into_bytes(),
            };
            self.server.handle(&request, NOW, NOW)
        }
        fn call(&self, method: &str, body: &Value) -> (u16, Value) {
            match self.answer(method, body) {
                Answer::Now(reply) => (reply.status, serde_json::from_slice(&reply.body).unwrap()),
                Answer::Waiting(_) => (0, Value::Null),
            }
        }
        fn write(&self, method: &str, kind: &str, id: &str, extra: Value, spec: Value) -> (u16, String) {
            let key = Key::of(kind, id);
            let mut metadata = extra;
            metadata["namespace"] = key.namespace.into();
            metadata["type"] = key.kind.into();
            metadata["id"] = key.id.into();
            let body = json!({ "resource": { "metadata": metadata, "spec": spec.to_string() } });
            let (status, reply) = self.call(method, &body);
            (status, reply["message"].as_str().unwrap_or("").to_owned())
        }
        fn on(&self, method: &str, kind: &str, id: &str) -> (u16, String) {
            let key = Key::of(kind, id);
            let body = json!({ "namespace": key.namespace, "type": key.kind, "id": key.id });
            let (status, reply) = self.call(method, &body);
            (status, reply["message"].as_str().unwrap_or("").to_owned())
        }
        fn seed(&self) {
            let versions =
                json!({ "version": "1.11.6", "compatible_kubernetes_versions": ["1.34.3", "1.34.2"] });
            self.server.store().put_back(Resource::new(Key::of("TalosVersions", "1.11.6"), versions));
        }
    }

    const CLUSTER: &str = r#"{"kubernetes_version":"1.34.3","talos_version":"1.11.6"}"#;

    fn cluster() -> Value {
        serde_json::from_str(CLUSTER).unwrap()
    }

    #[test]
    fn a_lock_refuses_everything_but_its_own_removal() {
        let lab = lab(Role::Operator, ServerVersion::V1_9_3);
        lab.seed();
        let locked = json!({ "annotations": { "omni.sidero.dev/cluster-locked": "" } });
        assert_eq!(lab.write("Create", "Clusters", "c", locked.clone(), cluster()).0, 200);
        let labels =
            json!({ "labels": { "omni.sidero.dev/cluster": "c", "omni.sidero.dev/role-worker": "" } });
        let (status, text) = lab.write("Create", "MachineSets", "c-workers", labels.clone(), json!({}));
        assert_eq!(status, 400);
        assert!(text.contains(
            "adding machine set \"c-workers\" to the cluster \"c\" is not allowed: the cluster is locked"
        ));
        let (status, text) = lab.write("Update", "Clusters", "c", locked, cluster());
        assert!(status == 400 && text.contains("the cluster \"c\" is locked"), "{text}");
        assert!(
            lab.on("Teardown", "Clusters", "c")
                .1
                .contains("deletion is not allowed: the cluster \"c\" is locked")
        );
        let patch = json!({ "labels": { "omni.sidero.dev/cluster": "c" } });
        assert_eq!(
            lab.write("Create", "ConfigPatches", "200-c", patch, json!({ "data": "machine: {}" })).0,
            200
        );
        // Removing the lock is allowed, together with a change.
        let changed = json!({ "kubernetes_version": "1.34.2", "talos_version": "1.11.6" });
        assert_eq!(lab.write("Update", "Clusters", "c", json!({}), changed).0, 200);
        assert_eq!(lab.write("Create", "MachineSets", "c-workers", labels, json!({})).0, 200);
        assert_eq!(lab.on("Teardown", "Clusters", "c").0, 200);
        assert_eq!(lab.on("Get", "Clusters", "c").0, 404);
    }

    #[test]
    fn delete_waits_for_finalizers_and_every_request_is_logged_once() {
        let lab = lab(Role::Operator, ServerVersion::V1_10Beta);
        let spec = json!({ "match_labels": ["a"] });
        lab.write("Create", "MachineClasses", "m", json!({ "finalizers": ["hold"] }), spec);
        let key = Key::of("MachineClasses", "m");
        let body = json!({ "namespace": "default", "type": key.kind, "id": "m" });
        let Answer::Waiting(waiting) = lab.answer("Delete", &body) else { panic!("did not wait") };
        assert!(lab.server.settle(&waiting).is_none());
        assert_eq!(lab.server.store().get(&key).unwrap().phase, Phase::TearingDown);
        lab.server.store().remove_finalizer(&key, "hold", NOW).unwrap();
        let reply = lab.server.settle(&waiting).unwrap();
        assert_eq!(reply.status, 404, "Omni destroyed it first");
        let lines = lab.lines.lock().unwrap();
        let seen: Vec<_> =
            lines.iter().map(|l| (l.path.rsplit('/').next().unwrap(), l.status, l.writing)).collect();
        assert_eq!(seen, [("Create", 200, true), ("Delete", 404, true)]);
        assert_eq!(
            (lines[0].id.as_str(), lines[0].account.as_str()),
            ("m", "lab@serviceaccount.omni.sidero.dev")
        );
    }

    #[test]
    fn a_class_stays_while_machine_sets_draw_from_it_and_others_do_not_matter() {
        let lab = lab(Role::Operator, ServerVersion::V1_10Beta);
        for class in ["m", "other", "m2"] {
            let spec = json!({ "match_labels": ["a"] });
            assert_eq!(lab.write("Create", "MachineClasses", class, json!({}), spec).0, 200);
        }
        for (set, spec) in [
            ("a-drawing", json!({ "machine_allocation": { "name": "m", "machine_count": 1 } })),
            ("b-deprecated", json!({ "machine_class": { "name": "m", "machine_count": 0 } })),
            ("c-unrelated", json!({ "machine_allocation": { "name": "other", "machine_count": 1 } })),
            ("d-longer", json!({ "machine_allocation": { "name": "m2", "machine_count": 1 } })),
            ("e-by-hand", json!({})),
        ] {
            lab.server.store().put_back(Resource::new(Key::of("MachineSets", set), spec));
        }
        let (status, text) = lab.on("Teardown", "MachineClasses", "m");
        assert_eq!(status, 400, "{text}");
        assert!(text.contains("in use by machine sets: a-drawing, b-deprecated"), "{text}");
        for set in ["c-unrelated", "d-longer", "e-by-hand"] {
            assert!(!text.contains(set), "{text}");
        }
        // Sets of other classes, and sets without one, keep nobody.
        for set in ["a-drawing", "b-deprecated"] {
            lab.server.store().put_back(Resource::new(Key::of("MachineSets", set), json!({})));
        }
        assert_eq!(lab.on("Teardown", "MachineClasses", "m").0, 200);
        assert_eq!(lab.on("Teardown", "MachineClasses", "other").0, 400);
    }

    #[test]
    fn roles_and_versions() {
        let spec = json!({ "match_labels": ["a"] });
        let reader = lab(Role::Reader, ServerVersion::V1_9_3);
        assert_eq!(reader.write("Create", "MachineClasses", "m", json!({}), spec.clone()).0, 403);
        assert_eq!(reader.write("Create", "InfraProviders", "Proxmox", json!({}), json!({})).0, 200);
        assert_eq!(reader.on("Get", "AccessPolicies", "access-policy").0, 403);
        let none = lab(Role::None, ServerVersion::V1_10Beta);
        assert_eq!(none.on("Get", "MachineClasses", "m").0, 403);
        assert_eq!(none.on("Get", "SysVersions.system.sidero.dev", "current").0, 200);
        let new = lab(Role::Operator, ServerVersion::V1_10Beta);
        assert_eq!(new.write("Create", "InfraProviders", "Proxmox", json!({}), json!({})).0, 400);
        let disk = json!({ "disk": "/dev/sda" });
        assert_eq!(new.write("Create", "MachineInstallDiskConfigs", "m", json!({}), disk.clone()).0, 200);
        let old = lab(Role::Operator, ServerVersion::V1_9_3);
        let (status, text) = old.write("Create", "MachineInstallDiskConfigs", "m", json!({}), disk);
        assert_eq!((status, text.starts_with("no resource is registered")), (500, true));
        assert_eq!(old.on("Get", "MachineInstallDiskConfigs", "m").0, 403);
        old.seed();
        let features = json!({ "talos_version": "1.11.6", "kubernetes_version": "1.34.3",
            "features": { "disable_public_discovery_service": false } });
        let (status, text) = old.write("Create", "Clusters", "c", json!({}), features);
        assert!(
            status == 500 && text.contains("unknown field \"disable_public_discovery_service\""),
            "{text}"
        );
    }

    #[test]
    fn an_owner_sent_by_a_user_locks_the_resource() {
        let lab = lab(Role::Admin, ServerVersion::V1_10Beta);
        let spec = json!({ "match_labels": ["a"] });
        assert_eq!(lab.write("Create", "MachineClasses", "m", json!({ "owner": "me" }), spec.clone()).0, 500);
        lab.write("Create", "MachineClasses", "m", json!({}), spec.clone());
        assert_eq!(lab.write("Update", "MachineClasses", "m", json!({ "owner": "me" }), spec.clone()).0, 200);
        let (status, text) = lab.write("Update", "MachineClasses", "m", json!({ "version": "2" }), spec);
        assert!(status == 403 && text.ends_with("is owned by \"me\""), "{text}");
        assert_eq!(lab.on("Teardown", "MachineClasses", "m").0, 403);
    }
}
