//! Everything around one call to Omni: signature, deadline, concurrency, retries, trace.
//!
//! Reads are tried again after passing disturbances. Writes are tried again only when it is certain that the server did
//! nothing: the request never left us, or the server says that it is throttling. After anything unclear a write is never
//! repeated here; the caller has to read the resource back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::key::SigningKey;
use super::origin::Origin;
use super::retry::{Budget, retry_after};
use super::sign::sign;
use crate::secret::Secret;
use crate::wire::omni::{Call, Field, Reply, headers, try_again};
use crate::world::{Clock, Deadline, HeaderValue, Method, Net, NetError, NetReply, NetRequest, Rng};

/// Most bytes accepted in an answer. The gateway has no limit of its own; ten thousand machines stay below this.
const REPLY_LIMIT: usize = 64 << 20;
/// Most calls in flight: one refresh reads every type at once, and no more than that.
const CONCURRENCY: usize = 32;
/// To be connected.
const CONNECT: Duration = Duration::from_secs(5);
/// For one attempt in all.
const TOTAL: Duration = Duration::from_secs(30);
/// A last attempt has at least this much of its budget.
const LEAST: Duration = Duration::from_millis(100);
/// What the server is told, in seconds: it gives up before we do, so that its answer still reaches us.
const SERVER_SECONDS: u64 = 25;

/// One attempt, for traces: never a header, never a body.
#[derive(Clone, Debug)]
pub struct Trace {
    /// `Get`, `List`, …
    pub method: &'static str,
    /// Full type asked for.
    pub kind: String,
    /// Number of the attempt, from 1.
    pub attempt: u32,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Milliseconds from sending to the whole answer.
    pub ms: u64,
}

/// Told about every attempt.
pub type TraceHook = Arc<dyn Fn(&Trace) + Send + Sync>;

/// An answer, and our own Unix time when it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What came.
    pub reply: NetReply,
    /// Unix time in seconds by our clock.
    pub at: f64,
    /// What the request was signed with: it must not be shown, even if the server repeats it.
    signature: Secret<String>,
}

impl Answer {
    /// The parts that wire reads.
    pub fn reply(&self) -> Reply<'_> {
        wire_reply(&self.reply)
    }
    /// A text of the server's without our signature.
    pub fn scrub(&self, text: &str) -> String {
        // The other words of the header are names.
        let signature = self.signature.expose().rsplit(' ').next().unwrap_or_default();
        crate::secret::scrub(text, signature)
    }
}

fn wire_reply(reply: &NetReply) -> Reply<'_> {
    Reply {
        status: reply.status,
        content_type: reply.header("content-type"),
        content_encoding: reply.header("content-encoding"),
        body: &reply.body,
    }
}

/// Sends calls to one Omni.
pub struct Stack {
    origin: Origin,
    key: Arc<SigningKey>,
    net: Arc<dyn Net>,
    clock: Arc<dyn Clock>,
    rng: Arc<dyn Rng>,
    budget: Budget,
    slots: Semaphore,
    /// Monotonic time before which nothing is sent: a throttling server slows all calls down together.
    not_before: Mutex<Duration>,
    trace: Option<TraceHook>,
    /// Whether the server has ever answered anything.
    answered: AtomicBool,
    /// Time for one reading call in all.
    patience: Duration,
}

impl Stack {
    /// A stack for one origin. That the key is bound to this origin is the caller's to check ([`super::trust::bound`]).
    pub fn new(
        origin: Origin,
        key: Arc<SigningKey>,
        net: Arc<dyn Net>,
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
    ) -> Self {
        Self {
            origin,
            key,
            net,
            clock,
            rng,
            budget: Budget::default(),
            slots: Semaphore::new(CONCURRENCY),
            not_before: Mutex::new(Duration::ZERO),
            trace: None,
            answered: AtomicBool::new(false),
            patience: Budget::default().total,
        }
    }

    /// Tells `hook` about every attempt.
    pub fn with_trace(mut self, hook: TraceHook) -> Self {
        self.trace = Some(hook);
        self
    }

    /// Other limits of trying again.
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Another bound on one reading call, its other attempts included. Writes keep theirs: giving up on them early leaves more in
    /// doubt, not less.
    pub fn with_patience(mut self, total: Duration) -> Self {
        self.patience = total;
        self
    }

    /// Whether the server has ever answered, whatever it said.
    pub fn answered(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }

    /// Where calls go.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }
    /// What signs them.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }
    /// The clock of time-outs and signatures.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sends a call, again where that is safe, and returns the last answer.
    pub async fn call(&self, call: &Call) -> Result<Answer, NetError> {
        let start = self.clock.now();
        let mut attempt = 0;
        let reads = !call.operation.writes();
        let budget = Budget {
            total: if reads { self.budget.total.min(self.patience) } else { self.budget.total },
            ..self.budget
        };
        loop {
            attempt += 1;
            let left = match attempt {
                1 => budget.total,
                _ => budget.total.saturating_sub(self.clock.now().saturating_sub(start)).max(LEAST),
            };
            let outcome = self.attempt(call, attempt, TOTAL.min(left)).await;
            let spent = self.clock.now().saturating_sub(start);
            let asked = match &outcome {
                Ok(answer) if try_again(call, &answer.reply()) => {
                    retry_after(answer.reply.header("retry-after"))
                }
                Err(NetError::NotSent(_)) => None,
                // Who accepts connections and has never said anything in all that time will not do so in another round.
                Err(NetError::Unknown(_)) if spent >= TOTAL.min(budget.total) && !self.answered() => {
                    return outcome;
                }
                Err(NetError::Unknown(_)) if reads => None,
                _ => return outcome,
            };
            let Some(wait) = budget.wait(attempt, spent, asked, &*self.rng) else {
                return outcome;
            };
            if matches!(&outcome, Ok(answer) if answer.reply.status == 429) {
                let until = self.clock.now() + wait;
                let mut not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
                *not_before = (*not_before).max(until);
            }
            self.clock.sleep(wait).await;
        }
    }

    async fn attempt(&self, call: &Call, attempt: u32, total: Duration) -> Result<Answer, NetError> {
        let Ok(_slot) = self.slots.acquire().await else {
            return Err(NetError::NotSent("the program is ending".into()));
        };
        let pause = {
            let not_before = self.not_before.lock().unwrap_or_else(PoisonError::into_inner);
            not_before.saturating_sub(self.clock.now())
        };
        if !pause.is_zero() {
            self.clock.sleep(pause).await;
        }
        // Signed as late as possible: the signature is good for five minutes only.
        let signed = sign(&self.key, call, self.clock.unix().max(0.0) as u64);
        let request = NetRequest {
            method: Method::Post,
            origin: self.origin.as_str().to_owned(),
            target: call.path(),
            headers: headers(call, &signed, SERVER_SECONDS)
                .into_iter()
                .map(|(name, field)| {
                    let value = match field {
                        Field::Plain(v) => HeaderValue::Plain(v),
                        Field::Secret(v) => HeaderValue::Secret(v),
                    };
                    (name, value)
                })
                .collect(),
            body: call.body.clone().into_bytes(),
            deadline: Deadline { connect: CONNECT, total },
            limit: REPLY_LIMIT,
        };
        let start = self.clock.now();
        let outcome = self.net.send(request).await;
        if matches!(outcome, Ok(_) | Err(NetError::Unfit(_))) {
            self.answered.store(true, Ordering::Relaxed);
        }
        if let Some(hook) = &self.trace {
            hook(&Trace {
                method: call.operation.method(),
                kind: call.target.kind.clone(),
                attempt,
                status: outcome.as_ref().ok().map(|r| r.status),
                ms: u64::try_from(self.clock.now().saturating_sub(start).as_millis()).unwrap_or(u64::MAX),
            });
        }
        outcome.map(|reply| Answer { reply, at: self.clock.unix(), signature: signed.signature })
    }
}
