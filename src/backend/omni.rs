//! Omni as the engine sees it.

mod words;
mod written;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

pub use words::ProbeError;
use words::{Failure, scrubbed};
use written::OwnWrites;

use super::{OmniReader, OmniWriter, Outcome, Refusal};
use crate::client::stack::Stack;
use crate::live::{Observation, Reason};
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;
use crate::wire::omni::{self, AuditEvent, Call, Fault, NotSendable};
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

/// Who the key belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrentUser {
    /// Full identity (`automation@serviceaccount.omni.sidero.dev`), escaped.
    pub identity: String,
    /// `None`, `InfraProvider`, `Reader`, `Auditor`, `Operator` or `Admin`, escaped.
    pub role: String,
}

/// A client of one Omni.
pub struct OmniBackend {
    stack: Stack,
    written: OwnWrites,
    /// Why the last question for the version had no answer at all.
    silence: Mutex<Option<NetError>>,
}

impl OmniBackend {
    /// A client over `stack`.
    pub fn new(stack: Stack) -> Self {
        Self { stack, written: OwnWrites::default(), silence: Mutex::new(None) }
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
}

fn text(spec: &Value, key: &str) -> String {
    Untrusted::new(spec.get(key).and_then(Value::as_str).unwrap_or_default()).line(120)
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
                let written = self.written.fresh(self.stack.clock().now(), &call);
                let stale = written
                    .iter()
                    .any(|(id, written)| written.is_missing_in(all.iter().find(|l| l.resource.id == *id)));
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
                let written = self.written.fresh(self.stack.clock().now(), &call);
                let stale = written.iter().any(|(_, written)| written.is_missing_in(seen.as_ref()));
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
                self.written.remember(self.stack.clock().now(), &resource.id, 0, "");
            }
            outcome
        })
    }

    fn update<'a>(&'a self, live: &'a LiveResource, after: &'a Resource) -> BoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            let outcome = self.write(Call::update(live, after)).await;
            if matches!(outcome, Outcome::Done(())) {
                self.written.remember(self.stack.clock().now(), &after.id, live.version, &live.created);
            }
            outcome
        })
    }

    fn teardown<'a>(&'a self, id: &'a ResourceId) -> BoxFuture<'a, Outcome<()>> {
        Box::pin(async move {
            self.written.forget(id);
            self.write(Ok(Call::teardown(id))).await
        })
    }
}

#[cfg(test)]
mod tests;
