//! The JSON gateway: paths, messages, and the calls of ResourceService.

use std::sync::{Arc, LazyLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::access::{self, Verb};
use super::audit;
use super::auth::{self, Account, Metadata, Role};
use super::errors::{Code, Refusal};
use super::schema::{self, Field};
use super::server::{HttpReply, HttpRequest, OmniServer, RequestLine, message, shown};
use super::shifted::shifted;
use super::store::{Key, Resource, StoreError};
use super::{json as text, list, management, proto, rules};

/// Largest request message.
const LIMIT: usize = 32 << 20;
/// Largest resource that the storage behind Omni takes.
const STORED: usize = 1_572_864;

/// A reply, or a deletion to wait for.
pub(super) enum Outcome {
    Reply(HttpReply),
    Wait(Key, Option<Duration>),
}

/// A call that passed the gateway: decoded message, metadata, caller.
pub(super) struct Call<'a> {
    pub(super) server: &'a OmniServer,
    pub(super) method: &'a str,
    pub(super) body: Value,
    pub(super) metadata: Metadata,
    pub(super) account: Account,
    pub(super) wall: i64,
    pub(super) now: i64,
}

impl Call<'_> {
    /// A text field of the message.
    pub(super) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or("")
    }
    fn key(&self) -> Key {
        Key::new(self.text("namespace"), self.text("type"), self.text("id"))
    }
    fn may(&self, verb: Verb, key: &Key) -> Result<(), Refusal> {
        access::check(&self.account, verb, key, self.server.store(), self.server.version())
    }
}

const RESOURCES: &str = "omni.resources.ResourceService";
/// Methods of the gateway whose messages the lab does not read, by service.
const OTHERS: &[(&str, &[&str])] = &[
    (RESOURCES, &["Watch", "Controllers", "DependencyGraph"]),
    (
        "cosi.resource.State",
        &["Get", "List", "Create", "Update", "Destroy", "Watch", "Teardown", "TeardownAndDestroy"],
    ),
    (
        "auth.AuthService",
        &["RegisterPublicKey", "AwaitPublicKeyConfirmation", "ConfirmPublicKey", "RevokePublicKey"],
    ),
    ("oidc.OIDCService", &["Authenticate"]),
];

static MESSAGES: LazyLock<Vec<(&str, Vec<Field>)>> = LazyLock::new(|| {
    let id = "namespace:s type:s id:s";
    let resource = "resource:{metadata:{namespace:s type:s id:s version:s owner:s phase:s created:t updated:t \
                    finalizers:*s annotations:%s labels:%s} spec:s}";
    let list = "namespace:s type:s offset:i limit:i sort_by_field:s sort_descending:b search_for:*s";
    let update = format!("{resource} currentVersion:s");
    [("Get", id), ("List", list), ("Create", resource), ("Update", &update), ("Teardown", id), ("Delete", id)]
        .map(|(name, fields)| (name, schema::fields(fields)))
        .into()
});

/// Answers a request; `line` is completed for the log.
pub(super) fn serve(
    server: &OmniServer,
    request: &HttpRequest,
    wall: i64,
    now: i64,
    line: &mut RequestLine,
) -> Result<Outcome, Refusal> {
    let Some(path) = request.path.strip_prefix("/api/") else {
        return Ok(Outcome::Reply(page(&request.path)));
    };
    let (service, method) = path.split_once('/').unwrap_or((path, ""));
    let fields = match service {
        RESOURCES => MESSAGES.iter().find(|(name, _)| *name == method).map(|(_, f)| f.as_slice()),
        management::SERVICE => management::message(method, server.version()),
        _ => None,
    };
    let other = OTHERS.iter().any(|(s, methods)| *s == service && methods.contains(&method))
        || (service == management::SERVICE && management::exists(method, server.version()));
    if fields.is_none() && !other {
        return Err(Refusal::new(Code::NotFound, "Not Found"));
    }
    if request.method != "POST" {
        return Err(Refusal::new(Code::Unimplemented, "Method Not Allowed"));
    }
    let Some(fields) = fields else {
        return Err(Refusal::not_modelled(&format!("{service}/{method}")));
    };
    let body = decode(request, fields)?;
    find(&body, "type").clone_into(&mut line.kind);
    find(&body, "id").clone_into(&mut line.id);
    let reads = if service == management::SERVICE {
        management::reads(method)
    } else {
        matches!(method, "Get" | "List")
    };
    line.writing = !reads;
    let metadata = Metadata::forwarded(&request.headers);
    let path = format!("/{service}/{method}");
    let known = auth::authenticate(&metadata, &path, &server.locked_accounts(), wall).cloned();
    let account = match known {
        Some(account) => account,
        None if public(service, method, &body) => Account::new("", "", Role::None),
        None => return Err(Refusal::unauthenticated()),
    };
    line.account.clone_from(&account.identity);
    let call = Call { server, method, body, metadata, account, wall, now };
    if service == management::SERVICE && method == audit::METHOD {
        return Ok(Outcome::Reply(audit::read(&call)));
    }
    if service == management::SERVICE {
        return management::serve(&call).map(|body| Outcome::Reply(message(&body)));
    }
    match call.metadata.one("runtime") {
        Some("Omni") => {}
        Some(other @ ("Kubernetes" | "Talos")) => {
            return Err(Refusal::not_modelled(&format!("runtime {other}")));
        }
        _ => return Err(Refusal::new(Code::InvalidArgument, "missing runtime metadata")),
    }
    match method {
        "Get" => get(&call),
        "List" => list::list(&call),
        "Create" => create(&call),
        "Update" => update(&call),
        "Teardown" => teardown(&call),
        _ => delete(&call, &request.headers),
    }
}

/// Anything outside of the API is the web page, whatever was asked for.
fn page(path: &str) -> HttpReply {
    if path == "/healthz" {
        return HttpReply { status: 200, headers: Vec::new(), body: Vec::new() };
    }
    let html = ("content-type".to_owned(), "text/html; charset=utf-8".to_owned());
    HttpReply { status: 200, headers: vec![html], body: b"<html></html>\n".to_vec() }
}

fn decode(request: &HttpRequest, fields: &[Field]) -> Result<Value, Refusal> {
    let bad = |message: String| Refusal::new(Code::InvalidArgument, message);
    if request.body.len() > LIMIT {
        let size = request.body.len();
        let message = format!("grpc: received message larger than max ({size} vs. {LIMIT})");
        return Err(Refusal::new(Code::ResourceExhausted, message));
    }
    let body = std::str::from_utf8(&request.body).map_err(|_| bad("proto: invalid UTF-8".to_owned()))?;
    if body.trim().is_empty() {
        return Ok(json!({}));
    }
    let parsed = text::parse(body).map_err(bad)?;
    proto::message(body, &parsed, fields, &|_| true, None).map_err(bad)
}

/// A field of the identity, in the message itself or in its resource's metadata.
fn find<'a>(body: &'a Value, name: &str) -> &'a str {
    let metadata = body.pointer("/resource/metadata").unwrap_or(body);
    metadata.get(name).and_then(Value::as_str).unwrap_or("")
}

/// The two types that are readable without a signature.
fn public(service: &str, method: &str, body: &Value) -> bool {
    service == RESOURCES
        && matches!(method, "Get" | "List")
        && matches!(find(body, "type"), "AuthConfigs.omni.sidero.dev" | "EulaAcceptances.omni.sidero.dev")
}

fn empty() -> Result<Outcome, Refusal> {
    Ok(Outcome::Reply(message(&json!({}))))
}

fn get(call: &Call<'_>) -> Result<Outcome, Refusal> {
    let key = call.key();
    call.may(Verb::Read, &key)?;
    let found = match key.namespace.as_str() {
        "virtual" => computed(call, &key)?,
        _ => call.server.store().get(&key).filter(|r| list::visible(call, r)),
    };
    match found {
        Some(resource) => {
            let seen = shifted(&resource, call.wall.saturating_sub(call.now));
            Ok(Outcome::Reply(message(&json!({ "body": shown(&seen) }))))
        }
        None => Err(Refusal::stored(&StoreError::Missing(key), "")),
    }
}

/// Resources that exist only in the moment they are asked for.
fn computed(call: &Call<'_>, key: &Key) -> Result<Option<Arc<Resource>>, Refusal> {
    let spec = match (key.kind.as_str(), key.id.as_str()) {
        ("CurrentUsers.omni.sidero.dev", "current") => json!({
            "identity": call.account.identity, "role": call.account.role.name(), "user_id": call.account.user_id
        }),
        ("Permissions.omni.sidero.dev", "permissions") => permissions(call.account.role),
        ("CurrentUsers.omni.sidero.dev" | "Permissions.omni.sidero.dev", _) => return Ok(None),
        (kind, _) => return Err(Refusal::not_modelled(kind)),
    };
    Ok(Some(Arc::new(Resource { created: call.now, updated: call.now, ..Resource::new(key.clone(), spec) })))
}

fn permissions(role: Role) -> Value {
    let (read, write, admin) = (role >= Role::Reader, role >= Role::Operator, role >= Role::Admin);
    let all = [
        ("can_read_clusters", read),
        ("can_create_clusters", write),
        ("can_manage_users", admin),
        ("can_read_machines", read),
        ("can_remove_machines", write),
        ("can_read_machine_logs", read),
        ("can_read_machine_config_patches", read),
        ("can_manage_machine_config_patches", write),
        ("can_manage_backup_store", admin),
        ("can_access_maintenance_nodes", write),
        ("can_read_audit_log", role == Role::Auditor || admin),
    ];
    all.into_iter().filter(|(_, can)| *can).map(|(name, _)| (name.to_owned(), Value::Bool(true))).collect()
}

/// A resource of a Create or Update message, and the version it names.
fn incoming(call: &Call<'_>) -> Result<(Resource, String), Refusal> {
    let Some(metadata) = call.body.pointer("/resource/metadata") else {
        return Err(Refusal::new(Code::InvalidArgument, "resource metadata is nil"));
    };
    let field = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or("");
    let key = Key::new(field("namespace"), field("type"), field("id"));
    let own = format!(".{}.infraprovider.sidero.dev", call.account.provider().unwrap_or("?"));
    let kind = access::kind(&key.kind, call.server.version());
    if kind.is_none() && !key.kind.ends_with(&own) {
        let message = format!("no resource is registered for the resource type {}", key.kind);
        return Err(Refusal::new(Code::Unknown, message));
    }
    let version = field("version").to_owned();
    if !matches!(version.as_str(), "" | "undefined") && version.parse::<u64>().is_err() {
        let why = if version.trim_start_matches(['-', '+']).chars().all(|c| c.is_ascii_digit())
            && version.len() > 18
        {
            "value out of range"
        } else {
            "invalid syntax"
        };
        let message = format!("error parsing version: strconv.ParseInt: parsing \"{version}\": {why}");
        return Err(Refusal::new(Code::Unknown, message));
    }
    let stored = call.server.store().get(&key);
    let spec = spec(call, kind.and_then(|k| k.spec.as_deref()), stored.as_ref().map(|s| &s.spec))?;
    let pairs = |name: &str| {
        let map = metadata.get(name).and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned()))
            .collect::<std::collections::BTreeMap<_, _>>()
    };
    let mut resource = Resource::new(key, spec);
    field("owner").clone_into(&mut resource.owner);
    resource.labels = pairs("labels");
    resource.annotations = pairs("annotations");
    resource.finalizers = metadata
        .get("finalizers")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|f| f.as_str().map(str::to_owned))
        .collect();
    Ok((resource, version))
}

fn spec(call: &Call<'_>, fields: Option<&[Field]>, stored: Option<&Value>) -> Result<Value, Refusal> {
    let bad = |message: String| Refusal::new(Code::Unknown, message);
    let Some(spec) = call.body.pointer("/resource/spec").and_then(Value::as_str) else {
        // Seen: some types crash on an absent spec.
        return match fields {
            Some([]) => Ok(json!({})),
            _ => Err(Refusal::crash()),
        };
    };
    let parsed = text::parse(spec).map_err(bad)?;
    let Some(fields) = fields else {
        return serde_json::from_str(spec).map_err(|e| bad(e.to_string()));
    };
    let version = call.server.version();
    let known = |f: &Field| !f.new || version.knows_new();
    let mut value = proto::message(spec, &parsed, fields, &known, stored).map_err(bad)?;
    // Compressed data is only how Omni stores it; the gateway shows the plain field.
    if let Some(map) = value.as_object_mut() {
        map.remove("compressed_data");
    }
    Ok(value)
}

fn storable(resource: &Resource, doing: &str) -> Result<(), Refusal> {
    if resource.spec.to_string().len() <= STORED {
        return Ok(());
    }
    let message = format!(
        "etcd call failed on {doing} \"{}\": etcdserver: request is too large",
        resource.key.at(&resource.version.to_string())
    );
    Err(Refusal::new(Code::Unknown, message))
}

fn create(call: &Call<'_>) -> Result<Outcome, Refusal> {
    let (mut resource, _) = incoming(call)?;
    call.may(Verb::Create, &resource.key)?;
    let store = call.server.store();
    let _writing = call.server.writing.lock().unwrap_or_else(PoisonError::into_inner);
    rules::check(&rules::Context::of(call), rules::Write::Create(&resource))?;
    if !resource.owner.is_empty() {
        let message =
            format!("failed to create: resource {} can't be created with an owner", resource.key.at("1"));
        return Err(Refusal::new(Code::Unknown, message));
    }
    label_provider(call, &mut resource);
    storable(&resource, "create")?;
    let key = resource.key.clone();
    store.create(resource, call.now).map_err(|e| Refusal::stored(&e, "create"))?;
    audit::note(call, "create", &key);
    empty()
}

/// Omni marks what a provider writes with the provider's id.
fn label_provider(call: &Call<'_>, resource: &mut Resource) {
    let marked =
        resource.key.namespace == "infra-provider" && !resource.key.kind.starts_with("InfraProvider");
    if let Some(id) = call.account.provider().filter(|_| marked) {
        resource.labels.insert("omni.sidero.dev/infra-provider-id".to_owned(), id.to_owned());
    }
}

fn update(call: &Call<'_>) -> Result<Outcome, Refusal> {
    let (mut resource, version) = incoming(call)?;
    call.may(Verb::Update, &resource.key)?;
    let store = call.server.store();
    let _writing = call.server.writing.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(old) = store.get(&resource.key).filter(|r| list::visible(call, r)) else {
        let shown = if version.is_empty() { "1" } else { &version };
        let message = format!("failed to get: resource {} doesn't exist", resource.key.at(shown));
        return Err(Refusal::new(Code::NotFound, message));
    };
    rules::check(&rules::Context::of(call), rules::Write::Update(&old, &resource))?;
    owned(&old)?;
    label_provider(call, &mut resource);
    storable(&resource, "update")?;
    let expected = match version.as_str() {
        "undefined" => None,
        "" => Some(1),
        number => number.parse().ok(),
    };
    let key = resource.key.clone();
    store.replace(resource, expected, call.now).map_err(|e| Refusal::stored(&e, "update"))?;
    audit::note(call, "update", &key);
    empty()
}

fn owned(resource: &Resource) -> Result<(), Refusal> {
    if resource.owner.is_empty() {
        return Ok(());
    }
    let at = resource.key.at(&resource.version.to_string());
    let message = format!("failed to update: resource {at} is owned by \"{}\"", resource.owner);
    Err(Refusal::new(Code::PermissionDenied, message))
}

/// Starts a deletion; what was stored before.
fn begin_teardown(call: &Call<'_>) -> Result<Arc<Resource>, Refusal> {
    let key = call.key();
    call.may(Verb::Destroy, &key)?;
    let store = call.server.store();
    let _writing = call.server.writing.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(old) = store.get(&key).filter(|r| list::visible(call, r)) else {
        return Err(Refusal::stored(&StoreError::Missing(key), "get"));
    };
    rules::check(&rules::Context::of(call), rules::Write::Teardown(&old))?;
    owned(&old)?;
    store.teardown(&key, call.now).map_err(|e| Refusal::stored(&e, "get"))?;
    audit::note(call, "teardown", &key);
    Ok(old)
}

fn teardown(call: &Call<'_>) -> Result<Outcome, Refusal> {
    begin_teardown(call)?;
    empty()
}

fn delete(call: &Call<'_>, headers: &[(String, String)]) -> Result<Outcome, Refusal> {
    let old = begin_teardown(call)?;
    if !old.finalizers.is_empty() {
        let timeout = headers.iter().find(|(n, _)| n.eq_ignore_ascii_case("grpc-timeout"));
        return Ok(Outcome::Wait(old.key.clone(), timeout.and_then(|(_, v)| duration(v))));
    }
    match call.server.store().destroy(&old.key) {
        // Missing: swept the moment it was torn down, by this very call.
        Ok(()) | Err(StoreError::Missing(_)) => empty(),
        Err(error) => Err(Refusal::stored(&error, "destroy")),
    }
}

/// `10S`: digits and a unit.
fn duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let count: u64 = text.strip_suffix(unit)?.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(count.checked_mul(3600)?),
        'M' => Duration::from_secs(count.checked_mul(60)?),
        'S' => Duration::from_secs(count),
        'm' => Duration::from_millis(count),
        'u' => Duration::from_micros(count),
        'n' => Duration::from_nanos(count),
        _ => return None,
    })
}
