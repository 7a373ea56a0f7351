//! Recorded exchanges with Omni: every request that we would send means the same as the recorded one, every answer is read
//! to the outcome that its status, code and operation call for, and no damaged answer passes for a good one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use omni_scale::backend::{OmniBackend, OmniReader, OmniWriter, Outcome, Refusal};
use omni_scale::client::sign::sign;
use omni_scale::client::{Origin, SigningKey, Stack};
use omni_scale::live::Observation;
use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::secret::Secret;
use omni_scale::value::Value;
use omni_scale::wire::omni::{self, Call, Field, Reply};
use omni_scale::world::{BoxFuture, Clock, Net, NetError, NetReply, NetRequest, Rng};
use serde_json::Value as Json;

use crate::signing::meaning;
use crate::support::{Facts, Tally, present};

const SERVICE: &str = "/api/omni.resources.ResourceService/";

#[test]
fn contract_omni_captures_requests() {
    requests("omni/captures (client requests)", "omni/captures");
    requests("omni/captures-1.9.3 (client requests)", "omni/captures-1.9.3");
}

#[test]
fn contract_omni_captures_replies() {
    replies("omni/captures (client replies)", "omni/captures");
    replies("omni/captures-1.9.3 (client replies)", "omni/captures-1.9.3");
}

#[test]
fn contract_omni_captures_damaged_replies() {
    damaged("omni/captures (client damaged replies)", "omni/captures");
    damaged("omni/captures-1.9.3 (client damaged replies)", "omni/captures-1.9.3");
}

fn captures(folder: &Path) -> BTreeMap<String, Json> {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap())
        .filter_map(|e| Some((e.file_name().into_string().ok()?.strip_suffix(".json")?.to_owned(), e.path())))
        .filter(|(name, _)| !name.starts_with('_'))
        .map(|(name, path)| (name, serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()))
        .collect()
}

fn requests(suite: &'static str, folder: &str) {
    let Some(path) = present(suite, folder) else { return };
    let mut tally = Tally::new(suite);
    for (name, capture) in captures(&path) {
        let facts = facts(&capture);
        tally.case(&name, &facts, || legal(&capture["request"]));
    }
    tally.finish();
}

fn replies(suite: &'static str, folder: &str) {
    let Some(path) = present(suite, folder) else { return };
    let mut tally = Tally::new(suite);
    for (name, capture) in captures(&path) {
        tally.case(&name, &facts(&capture), || read(&capture));
    }
    tally.finish();
}

fn damaged(suite: &'static str, folder: &str) {
    let Some(path) = present(suite, folder) else { return };
    let mut tally = Tally::new(suite);
    for (name, capture) in captures(&path) {
        tally.case(&name, &facts(&capture), || survives_damage(&capture));
    }
    tally.finish();
}

// Facts ------------------------------------------------------------------------------------------------------------------

fn facts(capture: &Json) -> Facts {
    let request = &capture["request"];
    let path = request["path"].as_str().unwrap_or("");
    let (service, method) =
        path.strip_prefix("/api/").and_then(|p| p.split_once('/')).unwrap_or(("none", "none"));
    let ours = operation(path);
    let operation = match (ours, service) {
        (Some(_), _) => "ours",
        (None, "none") => "none",
        (None, _) => "other",
    };
    let runtime = match header(request, "grpc-metadata-runtime").as_slice() {
        [] => "missing",
        [one] if one == "Omni" => "Omni",
        _ => "another",
    };
    let mut facts = Facts::from([
        ("service".into(), service.into()),
        ("method".into(), method.into()),
        ("operation".into(), operation.into()),
        ("http".into(), if request["method"] == "POST" { "POST" } else { "other" }.into()),
        ("signature".into(), signature_form(request).into()),
        ("runtime".into(), runtime.into()),
        ("metadata".into(), if usual_metadata(request, ours) { "usual" } else { "other" }.into()),
        ("answer".into(), if capture["response"]["status"].is_u64() { "whole" } else { "none" }.into()),
    ]);
    if let Some(operation) = ours {
        let form = call_of(operation, request["body"].as_str().unwrap_or("")).err().unwrap_or("ours");
        facts.insert("body".into(), form.into());
    }
    facts
}

/// Whether a request carries no metadata but the signature's, the runtime and, for a list, selectors.
fn usual_metadata(request: &Json, operation: Option<&str>) -> bool {
    request["headers"].as_object().into_iter().flatten().all(|(name, _)| {
        let name = name.to_ascii_lowercase();
        name.strip_prefix("grpc-metadata-").is_none_or(|n| {
            n.starts_with("x-sidero-") || n == "runtime" || (n == "selectors" && operation == Some("List"))
        })
    })
}

fn operation(path: &str) -> Option<&str> {
    path.strip_prefix(SERVICE).filter(|m| matches!(*m, "Get" | "List" | "Create" | "Update" | "Teardown"))
}

/// Values of a header, whatever its case; recorded as text or as a list.
fn header(request: &Json, name: &str) -> Vec<String> {
    let headers = request["headers"].as_object().into_iter().flatten();
    headers
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .flat_map(|(_, v)| match v {
            Json::Array(a) => a.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            v => vec![v.as_str().unwrap_or_default().to_owned()],
        })
        .collect()
}

/// Whether the recorded request is signed the way every client must: some recordings break that on purpose.
fn signature_form(request: &Json) -> &'static str {
    let one = |name: &str| header(request, &format!("grpc-metadata-x-sidero-{name}")).into_iter().next();
    let (Some(stamp), Some(payload), Some(signature)) = (one("timestamp"), one("payload"), one("signature"))
    else {
        return "missing";
    };
    let fields: Vec<&str> = signature.split(' ').collect();
    if fields.len() != 4 || fields[0] != "siderov1" || stamp.parse::<u64>().is_err() {
        return "of another form";
    }
    let Ok(payload) = serde_json::from_str::<Json>(&payload) else { return "over something else" };
    let (signed, _) = meaning(&payload);
    let mut sent = BTreeMap::from([("x-sidero-timestamp".to_owned(), Json::from(vec![stamp]))]);
    for name in omni::SIGNED_NAMES {
        let values = header(request, &format!("grpc-metadata-{name}"));
        if name != "x-sidero-timestamp" && !values.is_empty() {
            sent.insert(name.to_owned(), values.into());
        }
    }
    if signed == sent { "good" } else { "over something else" }
}

// Requests ---------------------------------------------------------------------------------------------------------------

/// The call of ours that means what a recorded body says, or how the body differs from anything that we send.
fn call_of(operation: &str, body: &str) -> Result<Call, &'static str> {
    let body: Json = serde_json::from_str(body).map_err(|_| "not JSON")?;
    let fields = body.as_object().ok_or("not an object")?;
    let only = |allowed: &[&str]| fields.keys().all(|k| allowed.contains(&k.as_str()));
    match operation {
        "Get" | "Teardown" => {
            if !only(&["namespace", "type", "id"]) {
                return Err("other fields");
            }
            let id = identity(&body)?;
            Ok(if operation == "Get" { Call::get(&id) } else { Call::teardown(&id) })
        }
        "List" => {
            if !only(&["namespace", "type"]) {
                return Err("pages, order or search");
            }
            let id = identity(&body)?;
            Call::list(&id.kind, &id.namespace, &[]).map_err(|_| "not sendable")
        }
        _ => {
            if !only(&["resource", "currentVersion"]) {
                return Err("other fields");
            }
            let live = written(&body["resource"], operation == "Create")?;
            let call = match operation {
                "Create" => Call::create(&live.resource),
                _ => Call::update(&live, &live.resource),
            };
            call.map_err(|_| "not sendable")
        }
    }
}

fn identity(json: &Json) -> Result<ResourceId, &'static str> {
    let text = |key: &str| match &json[key] {
        Json::Null => Ok(String::new()),
        v => v.as_str().map(str::to_owned).ok_or("identity of another type"),
    };
    Ok(ResourceId { kind: text("type")?, namespace: text("namespace")?, id: text("id")? })
}

fn written(resource: &Json, create: bool) -> Result<LiveResource, &'static str> {
    let metadata = &resource["metadata"];
    if !metadata.is_object() {
        return Err("no metadata");
    }
    let spec = resource["spec"].as_str().ok_or("spec not a text")?;
    let spec: Json = serde_json::from_str(spec).map_err(|_| "spec not JSON")?;
    if !spec.is_object() {
        return Err("spec not an object");
    }
    if metadata["owner"].as_str().is_some_and(|o| !o.is_empty()) {
        return Err("with an owner");
    }
    let finalizers: Vec<String> = serde_json::from_value(metadata["finalizers"].clone()).unwrap_or_default();
    if create && !finalizers.is_empty() {
        return Err("created with finalizers");
    }
    // Left out means 1; what Create gets is ignored.
    let version = match &metadata["version"] {
        Json::Null => 1,
        Json::String(s) => s.parse().map_err(|_| "version not a number")?,
        _ => return Err("version not a text"),
    };
    let strings = |key: &str| serde_json::from_value(metadata[key].clone()).unwrap_or_default();
    let mut resource = Resource::new(identity(metadata)?);
    (resource.labels, resource.annotations) = (strings("labels"), strings("annotations"));
    resource.spec = Value::from_json(&spec);
    Ok(LiveResource {
        resource,
        version,
        phase: Phase::Running,
        owner: String::new(),
        finalizers,
        created: String::new(),
        updated: String::new(),
    })
}

/// What a body means to the server: the fields it ignores are dropped, the spec is read.
fn body_meaning(operation: &str, body: &str) -> Result<Json, String> {
    let mut json: Json = serde_json::from_str(body).map_err(|e| e.to_string())?;
    if !matches!(operation, "Create" | "Update") {
        let fields = json.as_object_mut().ok_or("not an object")?;
        fields.retain(|_, v| !v.is_null() && v.as_str() != Some(""));
        return Ok(json);
    }
    let resource = json["resource"].as_object_mut().ok_or("no resource")?;
    let spec = resource["spec"].as_str().ok_or("spec is not a text")?;
    let spec: Json = serde_json::from_str(spec).map_err(|e| e.to_string())?;
    resource.insert("spec".into(), spec);
    let metadata = resource["metadata"].as_object_mut().ok_or("no metadata")?;
    for ignored in ["created", "updated", "phase"] {
        metadata.remove(ignored);
    }
    metadata.retain(|_, v| v.as_object().is_none_or(|m| !m.is_empty()) && v.as_str() != Some(""));
    metadata.retain(|_, v| v.as_array().is_none_or(|a| !a.is_empty()));
    if operation == "Create" {
        metadata.remove("version");
    } else {
        metadata.entry("version").or_insert("1".into());
    }
    if metadata.get("version").is_some_and(|v| !v.is_string()) {
        return Err("the version is not a text".into());
    }
    Ok(json["resource"].clone())
}

/// Builds our request with the meaning of a recorded one and compares the two.
pub(crate) fn legal(request: &Json) -> Result<(), String> {
    let path = request["path"].as_str().ok_or("no path")?;
    let operation = operation(path).ok_or("not a method of ours")?;
    let body = request["body"].as_str().unwrap_or("");
    let mut call = call_of(operation, body)?;
    let selectors = header(request, "grpc-metadata-selectors");
    if !selectors.is_empty() {
        call =
            Call::list(&call.target.kind, &call.target.namespace, &selectors).map_err(|e| e.to_string())?;
    }
    same("method", &"POST", &request["method"].as_str().unwrap_or(""))?;
    same("path", &call.path().as_str(), &path)?;
    same("body", &body_meaning(operation, &call.body)?, &body_meaning(operation, body)?)?;

    let stamp = header(request, "grpc-metadata-x-sidero-timestamp");
    let unix: u64 = stamp.first().and_then(|s| s.parse().ok()).ok_or("no timestamp")?;
    let key = key();
    let signed = sign(&key, &call, unix);
    let mut ours: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, field) in omni::headers(&call, &signed, 25) {
        let value = match field {
            Field::Plain(v) => v,
            Field::Secret(v) => v.expose().clone(),
        };
        if !value.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
            return Err(format!("header {name} is not printable ASCII"));
        }
        ours.entry(name.to_ascii_lowercase()).or_default().push(value);
    }
    let theirs: BTreeSet<String> =
        request["headers"].as_object().into_iter().flatten().map(|(n, _)| n.to_ascii_lowercase()).collect();
    let relevant = |n: &&String| n.starts_with("grpc-metadata-") || *n == "content-type";
    same(
        "header names",
        &ours.keys().filter(relevant).collect::<BTreeSet<_>>(),
        &theirs.iter().filter(relevant).collect(),
    )?;
    for (name, values) in &ours {
        if name.ends_with("-signature") || name.ends_with("-payload") || !relevant(&name) {
            continue;
        }
        same(name, values, &header(request, name))?;
    }
    let payload = |text: &str| serde_json::from_str::<Json>(text).map_err(|e| e.to_string());
    let recorded = header(request, "grpc-metadata-x-sidero-payload");
    same("payload", &meaning(&payload(&signed.payload)?), &meaning(&payload(&recorded[0])?))?;
    let fields: Vec<&str> = signed.signature.expose().split(' ').collect();
    same("fields of the signature", &fields.len(), &4)?;
    same("start of the signature", &fields[0], &"siderov1")
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, ours: &T, theirs: &T) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours:?}, recorded {theirs:?}")) }
}

/// The throwaway key of the committed recordings.
pub(crate) fn key() -> SigningKey {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/omni/captures/_signing-vectors.json");
    let file: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let value = file["service_account_key_base64"].as_str().unwrap().to_owned();
    SigningKey::service_account(&Secret::new(value)).unwrap().0
}

// Answers ----------------------------------------------------------------------------------------------------------------

/// A network that gives the recorded answer to every request.
struct Recording {
    reply: NetReply,
    sent: Mutex<u32>,
}

impl Net for Recording {
    fn send(&self, _: NetRequest) -> BoxFuture<'_, Result<NetReply, NetError>> {
        *self.sent.lock().unwrap() += 1;
        Box::pin(async { Ok(self.reply.clone()) })
    }
}

/// Time that passes only by waiting.
#[derive(Default)]
struct Waiting(Mutex<Duration>);

impl Clock for Waiting {
    fn unix(&self) -> f64 {
        1_795_211_900.0 + self.now().as_secs_f64()
    }
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().unwrap() += duration;
        Box::pin(async {})
    }
}

struct Half;

impl Rng for Half {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x7f);
    }
}

fn net_reply(response: &Json) -> NetReply {
    NetReply {
        status: u16::try_from(response["status"].as_u64().unwrap()).unwrap(),
        reason: None,
        headers: response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(n, v)| (n.to_ascii_lowercase(), v.as_str().unwrap_or_default().to_owned()))
            .collect(),
        body: response["body"].as_str().unwrap_or_default().as_bytes().to_vec(),
    }
}

/// Identity that a recorded request is about, as far as its body tells.
fn target(request: &Json) -> ResourceId {
    let body: Json = serde_json::from_str(request["body"].as_str().unwrap_or("")).unwrap_or_default();
    let at = if body["resource"].is_object() { &body["resource"]["metadata"] } else { &body };
    identity(at).unwrap_or(ResourceId { kind: String::new(), namespace: String::new(), id: String::new() })
}

/// What an answer must be read as: a plain reading of the table of status, code and operation.
fn expected(operation: &str, id: &ResourceId, response: &Json) -> &'static str {
    let status = response["status"].as_u64().unwrap();
    let media = header(response, "content-type").join("");
    let body: Json = serde_json::from_str(response["body"].as_str().unwrap_or("")).unwrap_or_default();
    let (code, text) = (body["code"].as_u64().unwrap_or(0), body["message"].as_str().unwrap_or(""));
    let reading = matches!(operation, "Get" | "List");
    if !media.starts_with("application/json") || !header(response, "content-encoding").is_empty() {
        return "unknown";
    }
    let later = ["MachineInstallDisk", "KubernetesHealthCheckStatuses", "VersionContract"];
    match (status, code, operation) {
        (200, _, "Get") => "known",
        (200, _, "List") => {
            let items = body["items"].as_array().map_or(0, Vec::len) as u64;
            if body["total"].as_u64().unwrap_or(0) == items { "known" } else { "unknown" }
        }
        (200, ..) => "done",
        (404, 5, _)
            if text.ends_with("doesn't exist")
                && text.contains(&format!("{}({}/{}@", id.kind, id.namespace, id.id)) =>
        {
            match operation {
                "Get" | "List" => "absent",
                "Teardown" => "done",
                _ => "missing",
            }
        }
        (404, 5, _) if text == "Not Found" && !reading => "unsupported",
        (403, 7, _)
            if reading && text.contains("no access") && later.iter().any(|t| id.kind.starts_with(t)) =>
        {
            "absent"
        }
        _ if reading => "unknown",
        (409, 6, "Create") => "exists",
        (409, 6, _) => "conflict",
        (400, 3, "Update") if text.ends_with("is not in phase running") => "tearing down",
        (400, 3, _) if text.starts_with("proto:") && text.contains("unknown field") => "unsupported",
        (400, 3 | 9 | 11, _) => "invalid",
        (403, 7, _) => "forbidden",
        (401, 16, _) => "unauthenticated",
        (429, 8, _) if text.contains("larger than max") => "invalid",
        (429, 8, _) => "unavailable",
        (501, 12, _) => "unsupported",
        (500, 2, _) if text.contains("unknown field") || text.contains("no resource is registered") => {
            "unsupported"
        }
        (500, 2, _)
            if ["proto:", "invalid character", "unexpected end of JSON", "error parsing version"]
                .iter()
                .any(|t| text.starts_with(t))
                || text.ends_with("request is too large") =>
        {
            "invalid"
        }
        _ => "unknown",
    }
}

fn read(capture: &Json) -> Result<(), String> {
    let (request, response) = (&capture["request"], &capture["response"]);
    let path = request["path"].as_str().unwrap_or("");
    // A path of no method of ours must not be believed whatever we asked for; teardown is the most credulous.
    let operation = operation(path).unwrap_or("Teardown");
    let id = target(request);
    let recording = Arc::new(Recording { reply: net_reply(response), sent: Mutex::new(0) });
    let stack = Stack::new(
        Origin::parse("https://omni.example.org").unwrap(),
        Arc::new(key()),
        recording.clone(),
        Arc::new(Waiting::default()),
        Arc::new(Half),
    );
    let backend = OmniBackend::new(stack);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let live = LiveResource {
        resource: Resource::new(id.clone()),
        version: 1,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: Vec::new(),
        created: String::new(),
        updated: String::new(),
    };
    let (got, words) = runtime.block_on(async {
        match operation {
            "Get" => observation(backend.get(&id).await, |live| one(live, response)),
            "List" => observation(backend.list(&id.kind, &id.namespace).await, |all| many(all, response)),
            "Create" => outcome(backend.create(&live.resource).await),
            "Update" => outcome(backend.update(&live, &live.resource).await),
            _ => outcome(backend.teardown(&id).await),
        }
    })?;
    same("outcome", &got, &expected(operation, &id, response))?;
    let sent = *recording.sent.lock().unwrap();
    if !matches!(operation, "Get" | "List") && got != "unavailable" {
        same("times sent", &sent, &1)?;
    }
    words_fit(got, &words, response)
}

/// Words for people: printable, without frames, with every item of a list.
fn words_fit(got: &str, words: &str, response: &Json) -> Result<(), String> {
    if words.chars().any(char::is_control) || words.contains("rpc error") || words.contains("occurred:") {
        return Err(format!("words not fit for people: {words:?}"));
    }
    let body: Json = serde_json::from_str(response["body"].as_str().unwrap_or("")).unwrap_or_default();
    let text = body["message"].as_str().unwrap_or("");
    if got == "invalid" {
        for item in text.split("\n\t* ").skip(1) {
            let first = item.lines().next().unwrap_or("").rsplit(" desc = ").next().unwrap_or("");
            let first = first.trim_start_matches("- ");
            if !words.contains(first) && !first.ends_with("occurred:") {
                return Err(format!("{first:?} is missing in {words:?}"));
            }
        }
    }
    if got == "unauthenticated" && !words.contains("clock") {
        return Err(format!("the clock is not mentioned: {words}"));
    }
    Ok(())
}

type Seen = Result<(&'static str, String), String>;

fn observation<T>(seen: Observation<T>, fits: impl FnOnce(T) -> Result<(), String>) -> Seen {
    match seen {
        Observation::Known(value) => fits(value).map(|()| ("known", String::new())),
        Observation::Absent => Ok(("absent", String::new())),
        Observation::Unknown(reason) if reason.0.is_empty() => Err("unknown without a reason".into()),
        Observation::Unknown(reason) => Ok(("unknown", reason.0)),
    }
}

fn outcome(outcome: Outcome<()>) -> Seen {
    Ok(match outcome {
        Outcome::Done(()) => ("done", String::new()),
        Outcome::Unknown(why) | Outcome::Blocked(why) => ("unknown", why),
        Outcome::Refused(refusal) => {
            let words = refusal.to_string();
            let class = match refusal {
                Refusal::Exists => "exists",
                Refusal::Conflict => "conflict",
                Refusal::Missing => "missing",
                Refusal::TearingDown => "tearing down",
                Refusal::Invalid(_) => "invalid",
                Refusal::Forbidden(_) => "forbidden",
                Refusal::Unauthenticated(_) => "unauthenticated",
                Refusal::Unsupported(_) => "unsupported",
                Refusal::Unavailable(_) => "unavailable",
            };
            (class, words)
        }
    })
}

fn one(live: LiveResource, response: &Json) -> Result<(), String> {
    let body: Json = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    document_fits(&live, body["body"].as_str().unwrap())
}

fn many(all: Vec<LiveResource>, response: &Json) -> Result<(), String> {
    let body: Json = serde_json::from_str(response["body"].as_str().unwrap()).unwrap();
    let items: Vec<&str> =
        body["items"].as_array().into_iter().flatten().map(|i| i.as_str().unwrap()).collect();
    same("number of resources", &all.len(), &items.len())?;
    same("order", &all.is_sorted_by_key(|l| l.resource.id.clone()), &true)?;
    for live in all {
        let mark = format!("\"id\":{},", Json::from(live.resource.id.id.as_str()));
        let item = items.iter().find(|i| i.contains(&mark)).ok_or("an id of its own")?;
        document_fits(&live, item)?;
    }
    Ok(())
}

fn document_fits(live: &LiveResource, text: &str) -> Result<(), String> {
    let document: Json = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let metadata = &document["metadata"];
    same("version", &Some(live.version), &metadata["version"].as_u64())?;
    same("owner", &live.owner.as_str(), &metadata["owner"].as_str().unwrap_or(""))?;
    same("tearing down", &(live.phase == Phase::TearingDown), &(metadata["phase"] == "tearingDown"))?;
    same("identity", &live.resource.id, &identity(metadata)?)?;
    let strings = |key: &str| serde_json::from_value(metadata[key].clone()).unwrap_or_default();
    same("labels", &live.resource.labels, &strings("labels"))?;
    same("annotations", &live.resource.annotations, &strings("annotations"))?;
    let finalizers: Vec<String> = serde_json::from_value(metadata["finalizers"].clone()).unwrap_or_default();
    same("finalizers", &live.finalizers, &finalizers)?;
    let shown = live.resource.spec.canonical();
    if shown.contains("jointoken=") && !shown.contains("jointoken=[masked]") {
        return Err("a join token is shown".into());
    }
    let mut spec = Value::from_json(&document["spec"]);
    for key in ["kernel_cmdline", "current_cmdline"] {
        if spec.get(key).is_some() {
            spec.set(key, "[masked]".into());
        }
    }
    same("spec", &live.resource.spec, &spec)
}

// Damage -----------------------------------------------------------------------------------------------------------------

/// Cuts and changes the recorded answer: nothing cut is believed, nothing panics.
fn survives_damage(capture: &Json) -> Result<(), String> {
    let (request, response) = (&capture["request"], &capture["response"]);
    let operation = operation(request["path"].as_str().unwrap_or("")).unwrap_or("Teardown");
    let whole = response["body"].as_str().unwrap_or_default().as_bytes();
    let media = header(response, "content-type").into_iter().next();
    let status = u16::try_from(response["status"].as_u64().unwrap()).unwrap();
    let id = target(request);
    let mut resource = Resource::new(id.clone());
    resource.id.clone_from(&id);
    let call = match operation {
        "Get" => Call::get(&id),
        "List" => Call::list(&id.kind, &id.namespace, &[]).unwrap(),
        "Create" => Call::create(&resource).unwrap(),
        _ => Call::teardown(&id),
    };
    let believed = |body: &[u8]| {
        let reply = Reply { status, content_type: media.as_deref(), content_encoding: None, body };
        match operation {
            "Get" => omni::resource(&call, &reply).is_ok(),
            "List" => omni::resources(&call, &reply).is_ok(),
            _ => omni::accepted(&call, &reply).is_ok(),
        }
    };
    let step = (whole.len() / 512).max(1);
    for cut in (0..whole.len()).step_by(step) {
        if believed(&whole[..cut]) {
            return Err(format!("believed after {cut} of {} bytes", whole.len()));
        }
    }
    // A fixed sequence, so that a failure repeats.
    let mut seed = 0x9e37_79b9_u32;
    let mut random = || {
        seed ^= seed << 13;
        seed ^= seed >> 17;
        seed ^= seed << 5;
        seed as usize
    };
    for _ in 0..if whole.len() > 20_000 { 20 } else { 200 } {
        let mut body = whole.to_vec();
        for _ in 0..=random() % 4 {
            if body.is_empty() {
                break;
            }
            let at = random() % body.len();
            match random() % 3 {
                0 => body[at] = random() as u8,
                1 => drop(body.remove(at)),
                _ => body.insert(at, b"{}[]\",:\\0\xff"[random() % 10]),
            }
        }
        believed(&body);
    }
    Ok(())
}
