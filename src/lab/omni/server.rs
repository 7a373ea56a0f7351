//! The server as a value: requests in, replies out, no socket and no clock of its own.

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
            "audit_log_enabled": true
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
        Self { store, accounts: Mutex::new(accounts), version, log: None, writing: Mutex::new(()) }
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
