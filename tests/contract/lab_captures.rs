//! Recorded exchanges with Omni, put to the lab: in a world that the recorded answer presupposes, its status, code and
//! innermost message are the lab's.
//!
//! Requests are signed anew with a key of the lab; where the recordings hold the caller's public key, the recorded signature
//! is put under the recorded clock, too (and alone, where it was refused).

mod recording;
mod text;
mod world;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use omni_scale::lab::omni::{Answer, HttpReply, HttpRequest, Key, Phase, ServerVersion};
use serde_json::Value;

use self::recording::{Folder, Recording};
use self::text::{class, reasons};
use self::world::{HOLD, World, build};
use crate::support::{Facts, Tally, present};

const RESOURCES: &str = "omni.resources.ResourceService";
/// What the lab plays.
const PLAYED: &[(&str, &[&str])] = &[
    (RESOURCES, &["Get", "List", "Create", "Update", "Teardown", "Delete"]),
    (
        "management.ManagementService",
        &[
            "CreateServiceAccount",
            "RenewServiceAccount",
            "DestroyServiceAccount",
            "ListServiceAccounts",
            "CreateUser",
            "DestroyUser",
            "ListUsers",
            "ValidateConfig",
            "ValidateJSONSchema",
        ],
    ),
];
/// Resources that are computed when asked for, of which the lab has only these.
const COMPUTED: &[&str] = &["CurrentUsers.omni.sidero.dev", "Permissions.omni.sidero.dev"];

#[test]
fn contract_omni_captures_lab() {
    suite("omni/captures (lab)", "omni/captures", ServerVersion::V1_10Beta);
    suite("omni/captures-1.9.3 (lab)", "omni/captures-1.9.3", ServerVersion::V1_9_3);
}

fn suite(name: &'static str, folder: &str, version: ServerVersion) {
    let Some(path) = present(name, folder) else { return };
    let mut folder = Folder::read(&path);
    // Keys and roles are those of one cast of accounts, recorded beside the other version.
    if let Some(main) = present(name, "omni/captures").filter(|main| *main != path) {
        let main = Folder::read(&main);
        folder.keys.extend(main.keys);
        folder.roles.extend(main.roles);
        folder.listed |= main.listed;
    }
    let known = refusals();
    let mut tally = Tally::new(name);
    for (case, recording) in &folder.recordings {
        let mut facts = facts(recording, &folder);
        let mut outcome = Err("not run, and no rule skips it".to_owned());
        if facts.is_empty() {
            outcome = run(recording, &folder, version, &mut facts);
            let novel = reasons(&recording.refusal()).iter().any(|r| !known.contains(&class(r)));
            if outcome.is_err() && novel && !recording.refusal().is_empty() {
                facts.insert("refusal".to_owned(), "of unknown words".to_owned());
            }
        }
        facts.insert("service".to_owned(), recording.service.clone());
        facts.insert("method".to_owned(), recording.call.clone());
        tally.case(case, &facts, || outcome);
    }
    tally.finish();
}

/// The kinds of refusal that are recorded in this repository.
fn refusals() -> BTreeSet<String> {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/omni/captures");
    let folder = Folder::read(&own);
    folder.recordings.values().flat_map(|r| reasons(&r.refusal())).map(|r| class(&r)).collect()
}

/// Facts for which a case cannot be run.
fn facts(r: &Recording, folder: &Folder) -> Facts {
    let mut facts = Facts::new();
    let mut fact = |name: &str, value: &str| {
        facts.insert(name.to_owned(), value.to_owned());
    };
    let known = PLAYED.iter().any(|(s, methods)| *s == r.service && methods.contains(&r.call.as_str()));
    // What no server knows is played: it is refused.
    let unknown = r.refusal() == "Not Found" || r.status == Some(501);
    if r.path.starts_with("/api/") && !known && !unknown {
        fact("operation", "not modelled");
    }
    let (namespace, kind, _) = r.target();
    if namespace == "virtual" && !COMPUTED.contains(&kind.as_str()) {
        fact("type", "computed");
    }
    if matches!(r.header("grpc-metadata-runtime"), Some("Kubernetes" | "Talos")) {
        fact("runtime", "another");
    }
    if r.body.contains("...(truncated, ") {
        fact("body", "truncated");
    }
    if r.answer.as_deref().is_some_and(|a| a.starts_with("(binary")) {
        fact("answer", "binary");
    }
    if r.status.is_none() && !matches!(r.call.as_str(), "Delete") {
        fact("answer", "none");
    }
    let fingerprint = r.signature().map(|(_, f)| f).filter(|f| f.len() == 40);
    if r.status == Some(401) && !folder.listed && fingerprint.is_some_and(|f| !folder.keys.contains_key(f)) {
        fact("key", "not recorded");
    }
    facts
}

/// Puts the recording to its world in every way that applies.
fn run(r: &Recording, folder: &Folder, version: ServerVersion, facts: &mut Facts) -> Result<(), String> {
    let held = r.signature().is_some_and(|(_, f)| folder.keys.contains_key(f));
    let refused = r.status == Some(401);
    let mut ways = Vec::new();
    if held || refused || r.signature().is_none() {
        ways.push(true);
    }
    if !refused && r.signature().is_some() {
        ways.push(false);
    }
    for recorded in ways {
        let world = match build(r, folder, version, recorded) {
            Ok(world) => world,
            Err(why) => {
                facts.insert("precondition".to_owned(), why.0.to_owned());
                return Err(format!("no world: {}", why.0));
            }
        };
        let way = if recorded { "as recorded" } else { "signed anew" };
        put(r, &world, recorded).map_err(|e| format!("{way}: {e}"))?;
    }
    Ok(())
}

fn put(r: &Recording, world: &World, recorded: bool) -> Result<(), String> {
    let mut headers = r.headers.clone();
    if !recorded {
        for (name, value) in &mut headers {
            if name.eq_ignore_ascii_case("grpc-metadata-x-sidero-signature") {
                let payload = r.header("grpc-metadata-x-sidero-payload").unwrap_or("");
                let signature = STANDARD.encode(world.pair.sign(payload.as_bytes(), r.at));
                let fingerprint = world.pair.fingerprint();
                *value = format!("siderov1 lab {fingerprint} {signature}");
            }
        }
    }
    let request = HttpRequest {
        method: r.method.clone(),
        path: r.path.clone(),
        headers,
        body: r.body.clone().into_bytes(),
    };
    let server = &world.server;
    let (namespace, kind, id) = r.target();
    let key = Key::new(&namespace, &kind, &id);
    let before = server.store().get(&key).map(|found| found.version);
    let reply = match server.handle(&request, r.at, r.at) {
        Answer::Now(reply) => reply,
        Answer::Waiting(waiting) => {
            if server.settle(&waiting).is_some() {
                return Err("answered although a finalizer is left".to_owned());
            }
            match r.status {
                // The recording client gave up, too.
                None => return Ok(()),
                Some(504) => server.expire(&waiting),
                Some(_) => {
                    server.store().remove_finalizer(&key, HOLD, r.at).unwrap();
                    server.settle(&waiting).ok_or("does not end with the last finalizer")?
                }
            }
        }
    };
    compare(r, &reply)?;
    if r.ok() { effect(r, world, &key, before) } else { Ok(()) }
}

fn compare(r: &Recording, reply: &HttpReply) -> Result<(), String> {
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    if Some(reply.status) != r.status {
        return Err(format!("status {} instead of {:?}: {text}", reply.status, r.status));
    }
    let content = |t: &str| t.split(';').next().unwrap_or("").to_owned();
    let ours = reply.headers.iter().find(|(n, _)| n == "content-type").map(|(_, v)| content(v));
    let theirs = r.answer_headers.get("content-type").map(|v| content(v));
    if ours != theirs {
        return Err(format!("content type {ours:?} instead of {theirs:?}"));
    }
    if ours.as_deref() != Some("application/json") {
        return Ok(());
    }
    let (got, want): (Value, Value) = (serde_json::from_str(&text).map_err(|e| e.to_string())?, r.reply());
    if !r.ok() {
        let sorted = |text: &str| {
            let mut list = reasons(text);
            list.sort();
            list
        };
        let (ours, theirs) = (sorted(got["message"].as_str().unwrap_or("")), sorted(&r.refusal()));
        if got["code"] != want["code"] || ours != theirs {
            return Err(format!("{} {ours:?} instead of {} {theirs:?}", got["code"], want["code"]));
        }
        return Ok(());
    }
    let (ours, theirs) = (comparable(r, &got), comparable(r, &want));
    let short = |v: &Value| v.to_string().chars().take(600).collect::<String>();
    if ours == theirs {
        Ok(())
    } else {
        Err(format!("{}\n      instead of {}", short(&ours), short(&theirs)))
    }
}

/// An answer with documents opened, times and generated ids masked, and what the lab does not keep left out.
fn comparable(r: &Recording, answer: &Value) -> Value {
    let mut out = answer.clone();
    let open = |text: &Value| {
        let mut document: Value = serde_json::from_str(text.as_str().unwrap_or("")).unwrap_or(Value::Null);
        for time in ["created", "updated"] {
            document["metadata"][time] = "a time".into();
        }
        if document["spec"].get("user_id").is_some() {
            document["spec"]["user_id"] = "an id".into();
        }
        document
    };
    if let Some(body) = out.get_mut("body") {
        *body = open(body);
    }
    for item in out.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten() {
        *item = open(item);
    }
    if r.call == "CreateUser" {
        out["user_id"] = "an id".into();
    }
    for account in out.get_mut("service_accounts").and_then(Value::as_array_mut).into_iter().flatten() {
        account.as_object_mut().unwrap().remove("last_active");
        for key in account["pgp_public_keys"].as_array_mut().into_iter().flatten() {
            key.as_object_mut().unwrap().remove("last_used");
            key["created"] = "a time".into();
        }
    }
    out
}

/// What an accepted write leaves behind.
fn effect(r: &Recording, world: &World, key: &Key, before: Option<u64>) -> Result<(), String> {
    if r.service != RESOURCES {
        return Ok(());
    }
    let found = world.server.store().get(key);
    let state = found.as_ref().map(|f| (f.version, f.phase));
    let good = match r.call.as_str() {
        "Create" => state == Some((1, Phase::Running)),
        "Update" => state == before.map(|v| (v + 1, Phase::Running)),
        "Teardown" | "Delete" => state.is_none_or(|(_, phase)| phase == Phase::TearingDown),
        _ => true,
    };
    if !good {
        return Err(format!("left {state:?} after version {before:?}"));
    }
    match found.filter(|_| matches!(r.call.as_str(), "Create" | "Update")) {
        Some(stored)
            if stored.labels != r.pairs("labels") && !key.namespace.starts_with("infra-provider") =>
        {
            Err(format!("stored labels {:?}", stored.labels))
        }
        _ => Ok(()),
    }
}
