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
use self::world::{HOLD, Underivable, World, build};
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
        let mut facts = facts(recording, &folder, &known);
        let worlds = if facts.is_empty() { worlds(recording, &folder, version) } else { Ok(Vec::new()) };
        if let Err(why) = &worlds {
            facts.insert("precondition".to_owned(), why.0.to_owned());
        }
        facts.insert("service".to_owned(), recording.service.clone());
        facts.insert("method".to_owned(), recording.call.clone());
        // Whether a rule skips it is decided by now, without the lab's answer.
        tally.case(case, &facts, || match worlds {
            Ok(worlds) if !worlds.is_empty() => run(recording, &worlds),
            Ok(_) => Err("not run, and no rule skips it".to_owned()),
            Err(why) => Err(format!("no world: {}", why.0)),
        });
    }
    tally.finish();
}

/// The kinds of refusal from which a state is derived: those that are recorded in this repository. Behind other words may
/// stand any state, so that such a case is skipped, whether or not the lab would have refused alike.
fn refusals() -> BTreeSet<String> {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/omni");
    ["captures", "captures-1.9.3"]
        .iter()
        .flat_map(|name| Folder::read(&fixtures.join(name)).recordings.into_values())
        .flat_map(|r| reasons(&r.refusal()))
        .map(|r| class(&r))
        .collect()
}

/// Facts for which a case cannot be run; all of them are told by the recording alone.
fn facts(r: &Recording, folder: &Folder, known: &BTreeSet<String>) -> Facts {
    let mut facts = Facts::new();
    let mut fact = |name: &str, value: &str| {
        facts.insert(name.to_owned(), value.to_owned());
    };
    let played = PLAYED.iter().any(|(s, methods)| *s == r.service && methods.contains(&r.call.as_str()));
    // What no server knows is played: it is refused.
    let unknown = r.refusal() == "Not Found" || r.status == Some(501);
    if r.path.starts_with("/api/") && !played && !unknown {
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
    if !r.refusal().is_empty() && reasons(&r.refusal()).iter().any(|reason| !known.contains(&class(reason))) {
        fact("refusal", "of unknown words");
    }
    facts
}

/// The worlds that the recording presupposes, one for each way that applies to sign its request: as recorded, or anew.
fn worlds(r: &Recording, folder: &Folder, version: ServerVersion) -> Result<Vec<(bool, World)>, Underivable> {
    let held = r.signature().is_some_and(|(_, f)| folder.keys.contains_key(f));
    let refused = r.status == Some(401);
    let mut ways = Vec::new();
    if held || refused || r.signature().is_none() {
        ways.push(true);
    }
    if !refused && r.signature().is_some() {
        ways.push(false);
    }
    ways.into_iter().map(|recorded| Ok((recorded, build(r, folder, version, recorded)?))).collect()
}

/// Puts the recording to each of its worlds.
fn run(r: &Recording, worlds: &[(bool, World)]) -> Result<(), String> {
    for (recorded, world) in worlds {
        let way = if *recorded { "as recorded" } else { "signed anew" };
        put(r, world, *recorded).map_err(|e| format!("{way}: {e}"))?;
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

#[test]
fn contract_refusals_of_other_words_are_set_aside_before_the_lab_is_asked() {
    let Some(path) = present("omni/captures (lab)", "omni/captures") else { return };
    let known = refusals();
    let mut folder = Folder::read(&path);
    let (mut kept, mut set_aside) = (0, 0);
    for mut recording in std::mem::take(&mut folder.recordings).into_values() {
        if recording.refusal().is_empty() {
            continue;
        }
        let aside = |r: &Recording, folder: &Folder| facts(r, folder, &known).contains_key("refusal");
        let plain = recording.refusal();
        let says = |text: &str| Some(serde_json::json!({ "code": 9, "message": text }).to_string());
        recording.answer = says(&plain);
        kept += usize::from(!aside(&recording, &folder));
        for words in
            ["the moon is in the wrong phase", "rpc error: code = Aborted desc = 3 moons are too many"]
        {
            recording.answer = says(words);
            set_aside += usize::from(aside(&recording, &folder));
            assert!(aside(&recording, &folder), "{words}");
        }
    }
    assert!(kept > 0 && set_aside > kept, "{kept} known, {set_aside} of other words");
    // The same refusal about another resource is known.
    for words in [
        "resource Clusters.omni.sidero.dev(default/elsewhere@undefined) doesn't exist",
        "no resource is registered for the resource type Bars.omni.sidero.dev",
    ] {
        assert!(reasons(words).iter().all(|r| known.contains(&class(r))), "{words}");
    }
}
