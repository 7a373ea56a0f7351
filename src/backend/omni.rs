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
use crate::wire::omni::{self, Call, Fault, NotSendable, clock_difference};
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
}

impl OmniBackend {
    /// A client over `stack`.
    pub fn new(stack: Stack) -> Self {
        Self { stack, written: Mutex::new(BTreeMap::new()) }
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

    async fn read(&self, call: &Call) -> Result<LiveResource, Failure> {
        let answer = self.stack.call(call).await.map_err(Failure::Net)?;
        omni::resource(call, &answer.reply()).map_err(|fault| Failure::Fault(fault, answer))
    }

    async fn read_all(&self, call: &Call) -> Result<Vec<LiveResource>, Failure> {
        let answer = self.stack.call(call).await.map_err(Failure::Net)?;
        omni::resources(call, &answer.reply()).map_err(|fault| Failure::Fault(fault, answer))
    }

    fn probe_error(&self, failure: Failure) -> ProbeError {
        match failure {
            Failure::Net(e @ NetError::Untrusted { .. }) => ProbeError::Untrusted(e.to_string()),
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
            Err(NetError::Unknown(why)) => return Outcome::Unknown(why),
            Err(e @ (NetError::NotSent(_) | NetError::Untrusted { .. })) => {
                return Outcome::Refused(Refusal::Unavailable(e.to_string()));
            }
        };
        match omni::accepted(&call, &answer.reply()) {
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
                Err(failure) => Observation::Unknown(self.reason(failure)),
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
