//! Omni as the engine sees it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{OmniReader, OmniWriter, Outcome, Refusal};
use crate::client::stack::{Answer, Stack};
use crate::live::{Observation, Reason};
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;
use crate::wire::omni::{self, AuditEvent, Call, Fault, NotSendable, clock_difference};
use crate::world::{BoxFuture, NetError};

/// Types that some supported versions of Omni do not have. An unknown type is answered like one that nobody may read
/// (`no access is permitted`), so absence is believed only for these.
const SINCE_LATER: [&str; 4] = [
    "KubernetesHealthCheckStatuses.omni.sidero.dev",
    "MachineInstallDiskConfigs.omni.sidero.dev",
    "MachineInstallDiskStatuses.omni.sidero.dev",
    "VersionContract.omni.sidero.dev",
];
/// How long a read that contradicts our own write is repeated before it is believed: reads may lag behind.
const SETTLE: Duration = Duration::from_secs(1);
/// Pause between such reads.
const SETTLE_STEP: Duration = Duration::from_millis(100);
/// How long after a write a contradiction may still be lag.
const FRESH: Duration = Duration::from_secs(5);
/// Clocks may differ by this many seconds.
const CLOCK_WINDOW: i64 = 300;

/// Why Omni could not be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The key is not accepted (exit code 7).
    #[error("not authenticated: {0}")]
    Unauthenticated(String),
    /// The certificate is not the one trusted (exit code 7).
    #[error("{0}")]
    Untrusted(String),
    /// No connection, or no usable answer (exit code 69).
    #[error("{0}")]
    Unreachable(String),
    /// An answer, but a refusal of another kind.
    #[error("{0}")]
    Refused(String),
}

/// Who the key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    /// Full identity (`automation@serviceaccount.omni.sidero.dev`), escaped.
    pub identity: String,
    /// `None`, `InfraProvider`, `Reader`, `Auditor`, `Operator` or `Admin`, escaped.
    pub role: String,
}

/// What a later read must show after our own write.
#[derive(Clone, Debug)]
struct Written {
    /// Monotonic time of the answer.
    at: Duration,
    /// The version that we replaced, 0 for a create.
    replaced: u64,
    /// Creation time of what we replaced: another one means that somebody made the id anew.
    created: String,
}

/// A client of one Omni.
pub struct OmniBackend {
    stack: Stack,
    written: Mutex<BTreeMap<ResourceId, Written>>,
    /// Why the last question for the version had no answer at all.
    silence: Mutex<Option<NetError>>,
}

impl OmniBackend {
    /// A client over `stack`.
    pub fn new(stack: Stack) -> Self {
        Self { stack, written: Mutex::new(BTreeMap::new()), silence: Mutex::new(None) }
    }

    /// [`OmniBackend::probe`] after the version could not be read. A server that took its whole time and never said anything is not
    /// waited for again.
    pub async fn why_unusable(&self) -> Result<String, ProbeError> {
        let silence = self.silence.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match silence {
            Some(e @ NetError::Unknown(_)) if !self.stack.answered() => {
                Err(self.probe_error(Failure::Net(e)))
            }
            _ => self.probe().await,
        }
    }

    /// Asks for the server's version, the cheapest proof that origin, certificate, clock and key fit.
    pub async fn probe(&self) -> Result<String, ProbeError> {
        match self.read(&Call::sys_version()).await {
            Ok(live) => Ok(text(&live.resource.spec, "backend_version")),
            Err(failure) => Err(self.probe_error(failure)),
        }
    }

    /// Asks who the key belongs to and what role it has.
    pub async fn current_user(&self) -> Result<CurrentUser, ProbeError> {
        match self.read(&Call::current_user()).await {
            Ok(live) => Ok(CurrentUser {
                identity: text(&live.resource.spec, "identity"),
                role: text(&live.resource.spec, "role"),
            }),
            Err(failure) => Err(self.probe_error(failure)),
        }
    }

    /// Reads who wrote what, from one day to another (`2026-11-19`). `None` where the key may not, or where there is no usable
    /// answer: it explains, and nothing depends on it.
    pub async fn audit(&self, start: &str, end: &str) -> Option<Vec<AuditEvent>> {
        let answer = self.stack.call(&Call::audit_log(start, end)).await.ok()?;
        omni::audit_events(&answer.reply()).ok()
    }

    async fn read(&self, call: &Call) -> Result<LiveResource, Failure> {
        let answer = self.stack.call(call).await.map_err(Failure::Net)?;
        omni::resource(call, &answer.reply())
            .map_err(|fault| Failure::Fault(scrubbed(fault, &answer), answer))
    }

    async fn read_all(&self, call: &Call) -> Result<Vec<LiveResource>, Failure> {
        let answer = self.stack.call(call).await.map_err(Failure::Net)?;
        omni::resources(call, &answer.reply())
            .map_err(|fault| Failure::Fault(scrubbed(fault, &answer), answer))
    }

    fn probe_error(&self, failure: Failure) -> ProbeError {
        match failure {
            Failure::Net(e @ NetError::Untrusted { fingerprint: None, .. }) => {
                ProbeError::Untrusted(e.to_string())
            }
            Failure::Net(NetError::Untrusted { why, fingerprint: Some(shown) }) => {
                ProbeError::Untrusted(format!(
                    "certificate not trusted: {why}; presented was `{shown}`: if that is the certificate of this Omni, write it \
                 as `tls: {{ sha256: … }}`, or add it to the list there"
                ))
            }
            Failure::Net(e) => ProbeError::Unreachable(e.to_string()),
            Failure::Fault(Fault::Unauthenticated, answer) => {
                ProbeError::Unauthenticated(self.why_unauthenticated(&answer))
            }
            Failure::Fault(Fault::Unclear(why) | Fault::Busy(why), _) => ProbeError::Unreachable(why),
            Failure::Fault(fault, answer) => ProbeError::Refused(self.refusal(fault, &answer).to_string()),
        }
    }

    fn reason(&self, failure: Failure) -> Reason {
        Reason(match failure {
            Failure::Net(e) => e.to_string(),
            Failure::Fault(Fault::NoAccess, _) => {
                "this version of Omni does not know the type, or the key has no right to read it".into()
            }
            Failure::Fault(Fault::Unclear(why), _) => why,
            Failure::Fault(fault, answer) => self.refusal(fault, &answer).to_string(),
        })
    }

    /// Every authentication failure looks the same on the wire, so the message names all causes, the likely one first.
    fn why_unauthenticated(&self, answer: &Answer) -> String {
        let key = self.stack.key();
        let mut out = format!("Omni does not accept the signature of key `{}`", key.fingerprint());
        if let Some(expires) = key.expires().filter(|e| answer.at >= *e as f64) {
            out.push_str(&format!("; the key expired at {}, make a new one", instant(expires)));
            return out;
        }
        if answer.at < key.created() as f64 {
            out.push_str(&format!(
                "; by this computer's clock the key will only be made at {}: set the clock",
                instant(key.created())
            ));
            return out;
        }
        match clock_difference(answer.reply.header("date"), answer.at) {
            Some(ahead) if ahead.abs() >= CLOCK_WINDOW => {
                let (side, seconds) = if ahead > 0 { ("behind", ahead) } else { ("ahead of", -ahead) };
                out.push_str(&format!(
                    "; this computer's clock is {seconds} s {side} the server's, and at most {CLOCK_WINDOW} s are allowed: set the clock"
                ));
            }
            difference => {
                out.push_str(
                    "; the key may be unknown to this Omni, expired, not yet confirmed, or destroyed",
                );
                if let Some(ahead) = difference {
                    out.push_str(&format!(" (the clocks differ by {} s, which is fine)", ahead.abs()));
                }
            }
        }
        out
    }

    fn refusal(&self, fault: Fault, answer: &Answer) -> Refusal {
        match fault {
            Fault::Exists => Refusal::Exists,
            Fault::Conflict => Refusal::Conflict,
            Fault::Missing => Refusal::Missing,
            Fault::TearingDown => Refusal::TearingDown,
            Fault::Invalid(messages) => Refusal::Invalid(messages),
            Fault::Owned(owner) => {
                Refusal::Forbidden(format!("it belongs to `{owner}`, a controller of Omni's own"))
            }
            Fault::Forbidden(why) => Refusal::Forbidden(why),
            Fault::NoAccess => Refusal::Forbidden(
                "this version of Omni does not know the type, or nobody may access it".into(),
            ),
            Fault::Unauthenticated => Refusal::Unauthenticated(self.why_unauthenticated(answer)),
            Fault::Unsupported(what) => Refusal::Unsupported(what),
            Fault::Busy(why) => Refusal::Unavailable(format!("Omni is throttling: {why}")),
            Fault::Unclear(why) => Refusal::Unavailable(why),
        }
    }

    async fn write(&self, call: Result<Call, NotSendable>) -> Outcome<()> {
        let call = match call {
            Ok(call) => call,
            Err(why) => return Outcome::Refused(Refusal::Invalid(vec![why.to_string()])),
        };
        let answer = match self.stack.call(&call).await {
            Ok(answer) => answer,
            Err(NetError::Unknown(why) | NetError::Unfit(why)) => return Outcome::Unknown(why),
            Err(e @ (NetError::NotSent(_) | NetError::Untrusted { .. })) => {
                return Outcome::Refused(Refusal::Unavailable(e.to_string()));
            }
        };
        match omni::accepted(&call, &answer.reply()).map_err(|fault| scrubbed(fault, &answer)) {
            Ok(()) => Outcome::Done(()),
            Err(Fault::Unclear(why)) => Outcome::Unknown(why),
            Err(fault) => Outcome::Refused(self.refusal(fault, &answer)),
        }
    }

    fn remember(&self, id: &ResourceId, replaced: u64, created: &str) {
        let at = self.stack.clock().now();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.retain(|_, w| at.saturating_sub(w.at) < FRESH);
        written.insert(id.clone(), Written { at, replaced, created: created.to_owned() });
    }

    fn forget(&self, id: &ResourceId) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Our own fresh writes of a type and namespace (and id, where one is asked for).
    fn fresh(&self, call: &Call) -> Vec<(ResourceId, Written)> {
        let now = self.stack.clock().now();
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let t = &call.target;
        written
            .iter()
            .filter(|(id, w)| {
                id.kind == t.kind
                    && id.namespace == t.namespace
                    && (t.id.is_empty() || id.id == t.id)
                    && now.saturating_sub(w.at) < FRESH
            })
            .map(|(id, w)| (id.clone(), w.clone()))
            .collect()
    }
}

/// A fault whose words do not repeat what only we may say.
fn scrubbed(fault: Fault, answer: &Answer) -> Fault {
    let clean = |text: String| answer.scrub(&text);
    match fault {
        Fault::Invalid(messages) => Fault::Invalid(messages.into_iter().map(clean).collect()),
        Fault::Owned(text) => Fault::Owned(clean(text)),
        Fault::Forbidden(text) => Fault::Forbidden(clean(text)),
        Fault::Unsupported(text) => Fault::Unsupported(clean(text)),
        Fault::Busy(text) => Fault::Busy(clean(text)),
        Fault::Unclear(text) => Fault::Unclear(clean(text)),
        other @ (Fault::Exists
        | Fault::Conflict
        | Fault::Missing
        | Fault::TearingDown
        | Fault::NoAccess
        | Fault::Unauthenticated) => other,
    }
}

/// A read without a usable result.
enum Failure {
    Net(NetError),
    Fault(Fault, Answer),
}

/// Whether a read is older than our own write.
fn lags(written: &Written, seen: Option<&LiveResource>) -> bool {
    match seen {
        None => written.replaced == 0,
        Some(live) => live.version <= written.replaced && live.created == written.created,
    }
}

fn text(spec: &Value, key: &str) -> String {
    Untrusted::new(spec.get(key).and_then(Value::as_str).unwrap_or_default()).line(120)
}

fn instant(unix: u64) -> String {
    i64::try_from(unix)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| format!("Unix time {unix}"), |t| t.to_string())
}

impl OmniReader for OmniBackend {
    fn endpoint(&self) -> &str {
        self.stack.origin().as_str()
    }

    fn version(&self) -> BoxFuture<'_, Observation<String>> {
        Box::pin(async {
            match self.read(&Call::sys_version()).await {
                Ok(live) => Observation::Known(text(&live.resource.spec, "backend_version")),
                Err(failure) => {
                    if let Failure::Net(e) = &failure {
                        *self.silence.lock().unwrap_or_else(PoisonError::into_inner) = Some(e.clone());
                    }
                    Observation::Unknown(self.reason(failure))
                }
            }
        })
    }

    fn list<'a>(
        &'a self,
        kind: &'a str,
        namespace: &'a str,
    ) -> BoxFuture<'a, Observation<Vec<LiveResource>>> {
        Box::pin(async move {
            let call = match Call::list(kind, namespace, &[]) {
                Ok(call) => call,
                Err(why) => return Observation::Unknown(Reason(why.to_string())),
            };
            let start = self.stack.clock().now();
            loop {
                let all = match self.read_all(&call).await {
                    Ok(all) => all,
                    Err(Failure::Fault(Fault::NoAccess, _)) if SINCE_LATER.contains(&kind) => {
                        return Observation::Absent;
                    }
                    Err(failure) => return Observation::Unknown(self.reason(failure)),
                };
                let stale = self
                    .fresh(&call)
                    .iter()
                    .any(|(id, written)| lags(written, all.iter().find(|live| live.resource.id == *id)));
                if !stale || self.stack.clock().now().saturating_sub(start) >= SETTLE {
                    return Observation::Known(all);
                }
                self.stack.clock().sleep(SETTLE_STEP).await;
            }
        })
    }

    fn get<'a>(&'a self, id: &'a ResourceId) -> BoxFuture<'a, Observation<LiveResource>> {
        Box::pin(async move {
            let call = Call::get(id);
            let start = self.stack.clock().now();
            loop {
                let seen = match self.read(&call).await {
                    Ok(live) => Some(live),
                    Err(Failure::Fault(Fault::Missing, _)) => None,
                    Err(Failure::Fault(Fault::NoAccess, _)) if SINCE_LATER.contains(&id.kind.as_str()) => {
                        None
                    }
                    Err(failure) => return Observation::Unknown(self.reason(failure)),
                };
                let stale = self.fresh(&call).iter().any(|(_, written)| lags(written, seen.as_ref()));
                let waited = self.stack.clock().now().saturating_sub(start) >= SETTLE;
                match seen {
                    Some(_) if stale && waited => {
                        return Observation::Unknown(Reason(
                            "Omni still answers with an older state than it has confirmed to us".into(),
                        ));
                    }
                    Some(live) if !stale => return Observation::Known(live),
                    None if !stale || waited => return Observation::Absent,
                    _ => self.stack.clock().sleep(SETTLE_STEP).await,
                }
            }
        })
    }
}

impl OmniWriter for OmniBackend {
    fn create<'a>(&'a self, resource: &'a Resource) -> BoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let outcome = self.write(Call::create(resource)).await;
            if matches!(outcome, Outcome::Done(())) {
                self.remember(&resource.id, 0, "");
            }
            outcome
        })
    }

    fn update<'a>(&'a self, live: &'a LiveResource, after: &'a Resource) -> BoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let outcome = self.write(Call::update(live, after)).await;
            if matches!(outcome, Outcome::Done(())) {
                self.remember(&after.id, live.version, &live.created);
            }
            outcome
        })
    }

    fn teardown<'a>(&'a self, id: &'a ResourceId) -> BoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            self.forget(id);
            self.write(Ok(Call::teardown(id))).await
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

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
            let file = include_str!("../../tests/fixtures/omni/captures/_signing-vectors.json");
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
        assert!(
            words.contains("unknown to this Omni, expired") && words.contains("differ by 0 s"),
            "{words}"
        );
        *bench.clock.0.lock().unwrap() += Duration::from_secs(612);
        let words = refused(bench.create()).to_string();
        assert!(words.contains("612 s ahead of"), "{words}");
        *bench.clock.0.lock().unwrap() += Duration::from_hours(11_000);
        let words = refused(bench.create()).to_string();
        assert!(words.contains("the key expired at 2027-11-20T"), "{words}");
        let probe = bench.runtime.block_on(bench.omni.probe());
        assert!(matches!(probe, Err(ProbeError::Unauthenticated(_))));
        let shown = vec!["AB"; 32].join(":");
        bench
            .play(vec![Err(NetError::Untrusted { why: "another".into(), fingerprint: Some(shown.clone()) })]);
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
}
