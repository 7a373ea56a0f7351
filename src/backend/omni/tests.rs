//! The client against scripts of answers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use super::*;
use crate::client::{Origin, SigningKey};
use crate::resource::Phase;
use crate::secret::Secret;
use crate::world::{Clock, Net, NetReply, NetRequest, Rng};

type Scripted = Result<NetReply, NetError>;

/// A network that plays a script; the last entry repeats.
#[derive(Default)]
struct Script {
    left: Mutex<VecDeque<Scripted>>,
    sent: Mutex<Vec<NetRequest>>,
}

impl Net for Script {
    fn send(&self, request: NetRequest) -> BoxFuture<'_, Scripted> {
        self.sent.lock().unwrap().push(request);
        let mut left = self.left.lock().unwrap();
        let next = if left.len() > 1 { left.pop_front() } else { left.front().cloned() };
        Box::pin(async move { next.unwrap() })
    }
}

/// Time that passes only by waiting.
struct Waiting(Mutex<Duration>);

impl Clock for Waiting {
    fn unix(&self) -> f64 {
        1_795_212_100.0 + self.now().as_secs_f64()
    }
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        *self.0.lock().unwrap() += duration;
        Box::pin(async {})
    }
}

struct Zero;

impl Rng for Zero {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

struct Bench {
    net: Arc<Script>,
    clock: Arc<Waiting>,
    omni: OmniBackend,
    runtime: tokio::runtime::Runtime,
}

impl Bench {
    fn new(script: Vec<Scripted>) -> Self {
        let file = include_str!("../../../tests/fixtures/omni/captures/_signing-vectors.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        let value = file["service_account_key_base64"].as_str().unwrap().to_owned();
        let key = SigningKey::service_account(&Secret::new(value)).unwrap().0;
        let net = Arc::new(Script { left: Mutex::new(script.into()), sent: Mutex::default() });
        let clock = Arc::new(Waiting(Mutex::new(Duration::from_secs(5))));
        let origin = Origin::parse("https://omni.example.org").unwrap();
        let stack = Stack::new(origin, Arc::new(key), net.clone(), clock.clone(), Arc::new(Zero));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        Self { net, clock, omni: OmniBackend::new(stack), runtime }
    }
    fn play(&self, script: Vec<Scripted>) {
        *self.net.left.lock().unwrap() = script.into();
        self.net.sent.lock().unwrap().clear();
    }
    fn sent(&self) -> usize {
        self.net.sent.lock().unwrap().len()
    }
    fn create(&self) -> Outcome<()> {
        self.runtime.block_on(self.omni.create(&Resource::new(id())))
    }
    fn get(&self) -> Observation<LiveResource> {
        self.runtime.block_on(self.omni.get(&id()))
    }
    fn list(&self, kind: &str) -> Observation<Vec<LiveResource>> {
        self.runtime.block_on(self.omni.list(kind, "default"))
    }
}

fn id() -> ResourceId {
    ResourceId::default_ns("MachineClasses", "m")
}

fn json(status: u16, body: &str) -> Scripted {
    Ok(NetReply {
        status,
        reason: None,
        headers: vec![
            ("content-type".into(), "application/json".into()),
            ("date".into(), "Fri, 20 Nov 2026 22:01:45 GMT".into()),
        ],
        body: body.into(),
    })
}

fn html(status: u16) -> Scripted {
    let headers = vec![("content-type".into(), "text/html; charset=utf-8".into())];
    Ok(NetReply { status, reason: None, headers, body: "<html></html>".into() })
}

fn error(status: u16, code: u8, message: &str) -> Scripted {
    json(status, &serde_json::json!({"code": code, "message": message}).to_string())
}

fn missing() -> Scripted {
    error(404, 5, "resource MachineClasses.omni.sidero.dev(default/m@undefined) doesn't exist")
}

fn document(version: u64, created: &str) -> String {
    format!(
        r#"{{"spec":{{}},"metadata":{{"created":"{created}","updated":"","namespace":"default","type":"MachineClasses.omni.sidero.dev","id":"m","owner":"","phase":"running","version":{version}}}}}"#
    )
}

fn found(version: u64) -> Scripted {
    json(200, &serde_json::json!({"body": document(version, "t1")}).to_string())
}

fn not_sent() -> Scripted {
    Err(NetError::NotSent("refused".into()))
}

fn lost() -> Scripted {
    Err(NetError::Unknown("reset".into()))
}

fn done() -> Scripted {
    json(200, "{}")
}

fn refused(outcome: Outcome<()>) -> Refusal {
    match outcome {
        Outcome::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_write_is_sent_again_only_when_the_server_did_nothing() {
    let throttled = || error(429, 8, "too many requests");
    for (script, sent) in [(vec![not_sent(), throttled(), done()], 3), (vec![done()], 1)] {
        let bench = Bench::new(script);
        assert_eq!((bench.create(), bench.sent()), (Outcome::Done(()), sent));
    }
    for script in [
        vec![lost(), done()],
        vec![error(503, 14, "unavailable"), done()],
        vec![error(504, 4, "context deadline exceeded"), done()],
        vec![error(500, 13, "runtime error: invalid memory address"), done()],
        vec![error(500, 2, "something new"), done()],
        vec![html(200), done()],
        vec![html(429), done()],
        vec![html(404), done()],
        vec![json(200, "{"), done()],
        vec![json(200, ""), done()],
        vec![error(200, 5, "x"), done()],
        vec![error(404, 7, "status and code do not fit"), done()],
    ] {
        let bench = Bench::new(script);
        let outcome = bench.create();
        assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
        assert_eq!(bench.sent(), 1);
    }
}

#[test]
fn trying_again_ends() {
    let bench = Bench::new(vec![not_sent()]);
    assert!(matches!(refused(bench.create()), Refusal::Unavailable(_)));
    assert_eq!(bench.sent(), 4);
    bench.play(vec![error(429, 8, "busy")]);
    assert!(matches!(refused(bench.create()), Refusal::Unavailable(_)));
    let stamps: Vec<_> = bench.net.sent.lock().unwrap().iter().map(|r| r.headers.len()).collect();
    assert_eq!(stamps.len(), 4);
    let untrusted = NetError::Untrusted { why: "another".into(), fingerprint: None };
    bench.play(vec![Err(untrusted)]);
    assert!(matches!(refused(bench.create()), Refusal::Unavailable(_)));
    assert_eq!(bench.sent(), 1);
}

#[test]
fn every_attempt_is_signed_anew_and_the_signature_is_secret() {
    let bench = Bench::new(vec![not_sent(), error(429, 8, "busy"), done()]);
    assert_eq!(bench.create(), Outcome::Done(()));
    let sent = bench.net.sent.lock().unwrap();
    let signatures: std::collections::BTreeSet<String> = sent
        .iter()
        .flat_map(|r| &r.headers)
        .filter(|(n, _)| n == "Grpc-Metadata-x-sidero-signature")
        .map(|(_, v)| match v {
            crate::world::HeaderValue::Secret(s) => s.expose().clone(),
            crate::world::HeaderValue::Plain(_) => panic!("a plain signature"),
        })
        .collect();
    assert!(!signatures.is_empty() && sent.len() == 3);
    assert!(sent.iter().all(|r| r.target == "/api/omni.resources.ResourceService/Create"));
    assert!(!format!("{:?}", sent[0]).contains(signatures.first().unwrap().as_str()));
}

#[test]
fn reads_are_tried_again_and_then_unknown() {
    let bench = Bench::new(vec![lost(), html(502), error(503, 14, "x"), found(3)]);
    assert_eq!(bench.get().known().map(|l| l.version), Some(3));
    for script in [vec![lost()], vec![html(200)], vec![error(403, 7, "no access is permitted")]] {
        bench.play(script);
        assert!(bench.get().unknown().is_some());
    }
    bench.play(vec![missing()]);
    assert_eq!(bench.get(), Observation::Absent);
    bench.play(vec![error(404, 5, "Not Found")]);
    assert!(bench.get().unknown().is_some(), "a missing method is no missing resource");
    bench.play(vec![error(
        404,
        5,
        "resource MachineClasses.omni.sidero.dev(default/m2@undefined) doesn't exist",
    )]);
    assert!(bench.get().unknown().is_some(), "another resource's absence");
    bench.play(vec![json(
        200,
        &serde_json::json!({"body": document(1, "").replace("\"m\"", "\"n\"")}).to_string(),
    )]);
    assert!(bench.get().unknown().is_some(), "another resource");
}

#[test]
fn a_type_is_absent_only_where_versions_differ() {
    let refusal = || {
        error(
            403,
            7,
            "failed to validate: 1 error occurred:\n\t* rpc error: code = PermissionDenied desc = no access is permitted\n\n",
        )
    };
    let bench = Bench::new(vec![refusal()]);
    assert_eq!(bench.list("MachineInstallDiskConfigs.omni.sidero.dev"), Observation::Absent);
    assert!(bench.list("Clusters.omni.sidero.dev").unknown().is_some());
    bench.play(vec![error(403, 7, "unauthorized: access denied: insufficient role: \"None\"")]);
    assert!(bench.list("MachineInstallDiskConfigs.omni.sidero.dev").unknown().is_some());
}

#[test]
fn lists_are_whole_or_unknown() {
    let kind = "MachineClasses.omni.sidero.dev";
    let list = |items: Vec<String>, total: u64| {
        json(200, &serde_json::json!({"items": items, "total": total}).to_string())
    };
    let bench = Bench::new(vec![json(200, "{}")]);
    assert_eq!(bench.list(kind), Observation::Known(vec![]));
    bench.play(vec![list(vec![document(1, "")], 1)]);
    assert_eq!(bench.list(kind).known().map(Vec::len), Some(1));
    for script in [
        list(vec![document(1, "")], 2),
        list(vec![document(1, ""), document(1, "")], 2),
        list(vec![document(1, "").replace("default", "other")], 1),
    ] {
        bench.play(vec![script]);
        assert!(bench.list(kind).unknown().is_some());
    }
}

#[test]
fn a_missing_resource_is_torn_down() {
    let bench = Bench::new(vec![missing()]);
    let teardown = || bench.runtime.block_on(bench.omni.teardown(&id()));
    assert_eq!(teardown(), Outcome::Done(()));
    bench.play(vec![error(404, 5, "Not Found")]);
    assert!(matches!(refused(teardown()), Refusal::Unsupported(_)));
    bench.play(vec![html(404)]);
    assert!(matches!(teardown(), Outcome::Unknown(_)));
    bench.play(vec![error(
        403,
        7,
        "failed to update: resource MachineClasses.omni.sidero.dev(default/m@2) is owned by \"C\"",
    )]);
    assert!(refused(teardown()).to_string().contains("`C`"));
}

#[test]
fn a_conflict_is_told_from_an_existing_id_by_the_operation() {
    let live = |version| LiveResource {
        resource: Resource::new(id()),
        version,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: vec![],
        created: "t1".into(),
        updated: String::new(),
    };
    let named = "resource MachineClasses.omni.sidero.dev(default/m@2)";
    let bench = Bench::new(vec![error(409, 6, &format!("failed to create: {named} already exists"))]);
    assert_eq!(refused(bench.create()), Refusal::Exists);
    let update = |v| bench.runtime.block_on(bench.omni.update(&live(v), &Resource::new(id())));
    bench.play(vec![error(
        409,
        6,
        &format!(
            "failed to update: {named} update conflict: expected version '\\x01', actual version '\\x02'"
        ),
    )]);
    assert_eq!(refused(update(1)), Refusal::Conflict);
    bench.play(vec![error(400, 3, &format!("failed to update: {named} is not in phase running"))]);
    assert_eq!(refused(update(1)), Refusal::TearingDown);
    bench.play(vec![]);
    assert!(matches!(refused(update(0)), Refusal::Invalid(_)));
    assert_eq!(bench.sent(), 0, "an update without a version is never sent");
}

#[test]
fn an_unknown_field_names_itself() {
    let bench = Bench::new(vec![error(
        500,
        2,
        "proto:\u{a0}(line 1:2): unknown field \"disable_public_discovery_service\"",
    )]);
    assert_eq!(
        refused(bench.create()).to_string(),
        "this Omni version does not know the field `disable_public_discovery_service`"
    );
}

#[test]
fn a_refused_key_or_certificate_names_its_causes() {
    // Our clock is at 22:01:40 plus five seconds.
    let bench = Bench::new(vec![error(401, 16, "invalid signature")]);
    let words = refused(bench.create()).to_string();
    assert!(words.contains("unknown to this Omni, expired") && words.contains("differ by 0 s"), "{words}");
    *bench.clock.0.lock().unwrap() += Duration::from_secs(612);
    let words = refused(bench.create()).to_string();
    assert!(words.contains("612 s ahead of"), "{words}");
    *bench.clock.0.lock().unwrap() += Duration::from_hours(11_000);
    let words = refused(bench.create()).to_string();
    assert!(words.contains("the key expired at 2027-11-20T"), "{words}");
    let probe = bench.runtime.block_on(bench.omni.probe());
    assert!(matches!(probe, Err(ProbeError::Unauthenticated(_))));
    let shown = vec!["AB"; 32].join(":");
    bench.play(vec![Err(NetError::Untrusted { why: "another".into(), fingerprint: Some(shown.clone()) })]);
    match bench.runtime.block_on(bench.omni.probe()) {
        Err(ProbeError::Untrusted(words)) => assert!(words.contains(&shown), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_own_writes_are_waited_for() {
    let bench = Bench::new(vec![done()]);
    assert_eq!(bench.create(), Outcome::Done(()));
    bench.play(vec![missing(), missing(), found(1)]);
    assert!(bench.get().known().is_some());
    assert_eq!(bench.sent(), 3);
    // After a second the absence is believed.
    bench.play(vec![missing()]);
    assert_eq!(bench.get(), Observation::Absent);
    assert_eq!(bench.sent(), 11);
    // A teardown of our own ends the expectation.
    bench.play(vec![done()]);
    assert_eq!(bench.runtime.block_on(bench.omni.teardown(&id())), Outcome::Done(()));
    bench.play(vec![missing()]);
    assert_eq!((bench.get(), bench.sent()), (Observation::Absent, 1));
}

#[test]
fn an_older_state_than_confirmed_is_not_believed() {
    let bench = Bench::new(vec![found(4)]);
    let live = bench.get().known().cloned().unwrap();
    bench.play(vec![done()]);
    let update = bench.runtime.block_on(bench.omni.update(&live, &live.resource));
    assert_eq!(update, Outcome::Done(()));
    bench.play(vec![found(4), found(5)]);
    assert_eq!(bench.get().known().map(|l| l.version), Some(5));
    bench.play(vec![found(4)]);
    assert!(bench.get().unknown().is_some_and(|r| r.0.contains("older state")));
    // Made anew by somebody else: its version starts at 1 again.
    bench.play(vec![json(200, &serde_json::json!({"body": document(1, "t2")}).to_string())]);
    assert_eq!(bench.get().known().map(|l| l.version), Some(1));
}
