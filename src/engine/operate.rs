//! One step against Omni: look, note down, send once, find out what became of it.
//!
//! Nothing is sent without a durable note of it. After an outcome in doubt the object is read by its identity before
//! anything else happens to it; only a read that proves the call had no effect allows sending it again.

use std::time::Duration;

use super::driver::StepOutcome;
use super::event::{Event, Failure, FailureKind, Observer};
use super::memory::Remember;
use super::stop::Stop;
use super::wait::{Pauses, Waited, until};
use crate::backend::{OmniWriter, Outcome, Refusal};
use crate::live::Observation;
use crate::plan::{Action, Operation, Step};
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::secret::DigestKey;
use crate::state::hold::Hold;
use crate::state::journal::{Ended, Intent, Journal, Line, Verb};
use crate::state::model::{Entry, Origin};
use crate::value::Value;
use crate::world::Clock;

/// Sendings of one call in all, the first included; each further one only after a read proved that there was no effect.
const ATTEMPTS: u32 = 3;
/// Updates that lost a race against a controller which changed nothing of ours.
const CONFLICTS: u32 = 10;
/// Pauses between reads that are to find out what became of a call.
const LOOKS: [Duration; 6] = [
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// Looks that must agree that something is absent after a call in doubt: a slow call may still land.
const AGREE: usize = 3;

/// Longest waits.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// For a goal.
    pub goal: Duration,
    /// For something that is being torn down to be gone.
    pub gone: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { goal: Duration::from_mins(30), gone: Duration::from_mins(15) }
    }
}

/// What a step needs.
pub(super) struct Operator<'a> {
    pub(super) omni: &'a dyn OmniWriter,
    pub(super) clock: &'a dyn Clock,
    pub(super) key: &'a DigestKey,
    pub(super) journal: &'a Journal,
    pub(super) observer: &'a dyn Observer,
    pub(super) hold: &'a dyn Hold,
    pub(super) stop: &'a Stop,
    pub(super) deadlines: Deadlines,
}

/// How a step came out, and what is to be remembered of it.
pub(super) struct Carried {
    pub(super) outcome: StepOutcome,
    pub(super) remember: Remember,
    /// Whether the journal holds an intent of it.
    pub(super) noted: bool,
    /// Facts for the final report.
    pub(super) notes: Vec<String>,
}

/// A step that cannot go on.
enum Halt {
    Failed(FailureKind, String),
    Unknown(String),
    Stopped(String),
}

/// What a read after a call in doubt showed.
enum Settled {
    Present(Box<LiveResource>),
    Absent,
    Unclear(String),
}

fn failed(kind: FailureKind, why: impl Into<String>) -> Halt {
    Halt::Failed(kind, why.into())
}

fn refused(refusal: &Refusal) -> Halt {
    let kind = match refusal {
        Refusal::Unauthenticated(_) | Refusal::Forbidden(_) => FailureKind::Auth,
        Refusal::Unavailable(_) => FailureKind::Unreachable,
        Refusal::Conflict | Refusal::Exists | Refusal::Missing | Refusal::TearingDown => FailureKind::Stale,
        Refusal::Invalid(_) | Refusal::Unsupported(_) => FailureKind::Refused,
    };
    let why = match refusal {
        Refusal::Invalid(_) => format!("Omni refused: {refusal}"),
        other => other.to_string(),
    };
    failed(kind, why)
}

/// Whether what is live holds everything that we asked for. Labels and annotations that others add are theirs.
pub(super) fn holds(live: &Resource, intent: &Resource) -> bool {
    live.spec == intent.spec
        && intent.labels.iter().all(|(k, v)| live.labels.get(k) == Some(v))
        && intent.annotations.iter().all(|(k, v)| live.annotations.get(k) == Some(v))
}

/// Keyed digest of a resource's normal form.
pub(super) fn digest(resource: Option<&Resource>, key: &DigestKey) -> String {
    let text = resource
        .and_then(|r| serde_json::to_value(r).ok())
        .map(|json| Value::from_json(&json).canonical())
        .unwrap_or_default();
    key.digest(&text)
}

/// Paths at which two resources differ, the first few.
fn differing(a: &Resource, b: &Resource) -> String {
    fn walk(path: &str, a: Option<&Value>, b: Option<&Value>, out: &mut Vec<String>) {
        match (a, b) {
            (x, y) if x == y => {}
            (Some(Value::Map(x)), Some(Value::Map(y))) => {
                for key in x.keys().chain(y.keys().filter(|k| !x.contains_key(*k))) {
                    walk(&format!("{path}.{key}"), x.get(key), y.get(key), out);
                }
            }
            _ => out.push(path.to_owned()),
        }
    }
    let map = |m: &std::collections::BTreeMap<String, String>| {
        Value::Map(m.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect())
    };
    let mut out = Vec::new();
    walk("spec", Some(&a.spec), Some(&b.spec), &mut out);
    walk("labels", Some(&map(&a.labels)), Some(&map(&b.labels)), &mut out);
    walk("annotations", Some(&map(&a.annotations)), Some(&map(&b.annotations)), &mut out);
    let shown: Vec<String> = out
        .iter()
        .take(5)
        .map(|p| format!("`{}`", crate::untrusted::Untrusted::new(p.as_str()).line(100)))
        .collect();
    let more = if out.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

impl Operator<'_> {
    /// Carries a step out.
    pub(super) async fn carry(&self, step: &Step, owned: Option<Origin>) -> Carried {
        let put = |origin: Origin| match (&step.record, &step.operation) {
            (Some(record), _) => Remember::Put(Box::new(Entry {
                id: Some(record.id.clone()),
                applied: Some(record.clone()),
                origin,
            })),
            (None, Operation::Await(_) | Operation::Record(_)) => Remember::Nothing,
            (None, _) => Remember::Drop,
        };
        let adopted = matches!(step.action, Action::Adopt | Action::AdoptUpdate);
        let origin = if adopted { Origin::Adopted } else { owned.unwrap_or(Origin::Created) };
        let mut noted = true;
        let mut notes = Vec::new();
        let (result, remember) = match &step.operation {
            Operation::Create(resource) => match self.create(step, resource).await {
                // Somebody made exactly this since we planned: it is ours now, but we did not make it.
                Ok(made) => (Ok(()), put(if made { Origin::Created } else { Origin::Adopted })),
                Err(halt) => (Err(halt), Remember::Nothing),
            },
            Operation::Update { before, after } => (self.update(step, before, after).await, put(origin)),
            Operation::Teardown { id, before } => (self.teardown(step, id, before).await, Remember::Drop),
            Operation::Record(_) => {
                noted = false;
                (Ok(()), put(origin))
            }
            Operation::Drop => {
                noted = false;
                (Ok(()), Remember::Drop)
            }
            Operation::Await(goal) => {
                noted = false;
                let progress = |text: &str| self.progress(step, text);
                let waited =
                    until(self.omni, self.clock, self.stop, goal, self.deadlines.goal, &progress).await;
                let result = match waited {
                    Waited::Reached(facts) => {
                        notes = facts;
                        Ok(())
                    }
                    Waited::Failed(why) => Err(failed(FailureKind::Refused, why)),
                    Waited::TimedOut(why) => Err(failed(
                        FailureKind::TimedOut,
                        format!("not reached in {}: {why}", minutes(self.deadlines.goal)),
                    )),
                    Waited::Stopped(why) => Err(Halt::Stopped(format!("stopped while waiting: {why}"))),
                };
                (result, Remember::Nothing)
            }
        };
        let (outcome, remember) = match result {
            Ok(()) => (StepOutcome::Done, remember),
            Err(Halt::Failed(kind, why)) => (StepOutcome::Failed(Failure { kind, why }), Remember::Nothing),
            Err(Halt::Unknown(why)) => (StepOutcome::Unknown(why), Remember::Nothing),
            Err(Halt::Stopped(why)) => (StepOutcome::Stopped(why), Remember::Nothing),
        };
        Carried { outcome, remember, noted, notes }
    }

    fn progress(&self, step: &Step, text: &str) {
        self.observer.on(&Event::StepProgress { step: step.id, text: text.to_owned() });
    }

    async fn begin(
        &self,
        step: &Step,
        verb: Verb,
        id: &ResourceId,
        sent: Option<&Resource>,
        attempt: u32,
    ) -> Result<(), Halt> {
        // A stop that came while this step was looking: nothing of it has been sent.
        if self.stop.requested() {
            return Err(Halt::Stopped("stopped before it was sent".to_owned()));
        }
        let intent = Intent {
            step: step.id.0,
            address: step.address.clone(),
            verb,
            id: id.clone(),
            digest: digest(sent, self.key),
            record: step.record.clone(),
            adopted: step.action == Action::AdoptUpdate,
            attempt,
        };
        let unnoted = |e| failed(FailureKind::Memory, format!("nothing was sent, because {e}"));
        self.journal.write(&Line::Begin(Box::new(intent.clone()))).map_err(unnoted)?;
        if let Err(e) = self.hold.begin(&intent).await {
            self.end(step, attempt, Ended::NoEffect);
            return Err(unnoted(e));
        }
        Ok(())
    }

    /// A lost end-record only makes the next run look once more.
    fn end(&self, step: &Step, attempt: u32, ended: Ended) {
        if ended == Ended::NoEffect {
            self.hold.settled(step.id.0);
        }
        if let Err(e) = self.journal.write(&Line::End { step: step.id.0, attempt, ended }) {
            self.observer.on(&Event::Note(format!("the journal misses the end of `{}`: {e}", step.address)));
        }
    }

    /// Reads until the answer is clear. `agree` looks must find it absent before absence is believed.
    async fn look(&self, id: &ResourceId, agree: usize) -> Settled {
        let mut absent = 0;
        let mut unclear = "no look was possible".to_owned();
        for pause in std::iter::once(Duration::ZERO).chain(LOOKS) {
            if !pause.is_zero() {
                self.clock.sleep(pause).await;
            }
            match self.omni.get(id).await {
                Observation::Known(live) => return Settled::Present(Box::new(live)),
                Observation::Absent => {
                    absent += 1;
                    if absent >= agree {
                        return Settled::Absent;
                    }
                }
                Observation::Unknown(reason) => unclear = reason.0,
            }
        }
        Settled::Unclear(unclear)
    }

    /// The look before anything is sent.
    async fn fresh(&self, id: &ResourceId) -> Result<Option<LiveResource>, Halt> {
        match self.omni.get(id).await {
            Observation::Known(live) => Ok(Some(live)),
            Observation::Absent => Ok(None),
            Observation::Unknown(reason) => Err(failed(
                FailureKind::Unreachable,
                format!("nothing was sent, because it cannot be read: {}", reason.0),
            )),
        }
    }

    /// True: we made it. False: it was there already, exactly as wanted.
    async fn create(&self, step: &Step, resource: &Resource) -> Result<bool, Halt> {
        match self.fresh(&resource.id).await? {
            None => {}
            Some(live) if live.phase == Phase::TearingDown => {
                return Err(failed(FailureKind::Stale, "the old one is still being torn down"));
            }
            Some(live) if holds(&live.resource, resource) => return Ok(false),
            Some(live) => {
                let what = differing(&live.resource, resource);
                return Err(failed(
                    FailureKind::Stale,
                    format!("somebody made it since the plan, and it differs in {what}"),
                ));
            }
        }
        for attempt in 1..=ATTEMPTS {
            self.begin(step, Verb::Create, &resource.id, Some(resource), attempt).await?;
            match self.omni.create(resource).await {
                Outcome::Done(()) => {
                    self.end(step, attempt, Ended::Done);
                    return self.read_back(step, resource).await.map(|()| true);
                }
                Outcome::Refused(Refusal::Exists) => {
                    // Either an earlier sending of ours arrived after all, or somebody else was faster.
                    return match self.look(&resource.id, AGREE).await {
                        Settled::Present(live) if holds(&live.resource, resource) => {
                            self.end(step, attempt, Ended::Done);
                            Ok(attempt > 1)
                        }
                        Settled::Present(live) => {
                            self.end(step, attempt, Ended::NoEffect);
                            let what = differing(&live.resource, resource);
                            Err(failed(
                                FailureKind::Stale,
                                format!("it exists already, and differs in {what}"),
                            ))
                        }
                        Settled::Absent => {
                            self.end(step, attempt, Ended::NoEffect);
                            Err(failed(FailureKind::Stale, "Omni says that it exists, but it cannot be read"))
                        }
                        Settled::Unclear(why) => {
                            self.end(step, attempt, Ended::Unknown);
                            Err(Halt::Unknown(why))
                        }
                    };
                }
                Outcome::Refused(refusal) => {
                    self.end(step, attempt, Ended::NoEffect);
                    return Err(refused(&refusal));
                }
                Outcome::Unknown(why) | Outcome::Blocked(why) => {
                    self.progress(step, &format!("no clear answer ({why}): looking"));
                    match self.look(&resource.id, AGREE).await {
                        Settled::Present(live) if holds(&live.resource, resource) => {
                            self.end(step, attempt, Ended::Done);
                            return Ok(true);
                        }
                        Settled::Present(live) => {
                            self.end(step, attempt, Ended::Unknown);
                            let what = differing(&live.resource, resource);
                            return Err(Halt::Unknown(format!("it exists now, but differs in {what}")));
                        }
                        Settled::Absent if attempt < ATTEMPTS => self.end(step, attempt, Ended::NoEffect),
                        Settled::Absent => {
                            self.end(step, attempt, Ended::Unknown);
                            return Err(Halt::Unknown(format!(
                                "sent {ATTEMPTS} times without effect: {why}"
                            )));
                        }
                        Settled::Unclear(unclear) => {
                            self.end(step, attempt, Ended::Unknown);
                            return Err(Halt::Unknown(format!("{why}; {unclear}")));
                        }
                    }
                }
            }
        }
        Err(Halt::Unknown("no attempt was clear".to_owned()))
    }

    /// The answer proved the effect; the look afterwards only finds what somebody else did right then.
    async fn read_back(&self, step: &Step, wanted: &Resource) -> Result<(), Halt> {
        match self.omni.get(&wanted.id).await {
            Observation::Known(live) if !holds(&live.resource, wanted) => {
                let what = differing(&live.resource, wanted);
                self.progress(step, &format!("sent, but it already reads differently in {what}"));
                Ok(())
            }
            Observation::Known(_) | Observation::Unknown(_) => Ok(()),
            Observation::Absent => {
                Err(failed(FailureKind::Stale, "it was accepted, and is gone again: somebody removed it"))
            }
        }
    }

    async fn update(&self, step: &Step, before: &Resource, after: &Resource) -> Result<(), Halt> {
        let mut attempt = 0;
        let mut conflicts = 0;
        loop {
            let Some(live) = self.fresh(&after.id).await? else {
                return Err(failed(FailureKind::Stale, "it is gone"));
            };
            if live.phase == Phase::TearingDown {
                return Err(failed(FailureKind::Stale, "it is being torn down"));
            }
            if live.resource != *before {
                if holds(&live.resource, after) {
                    return Ok(());
                }
                let what = differing(&live.resource, before);
                return Err(failed(FailureKind::Stale, format!("it changed since the plan: {what}")));
            }
            attempt += 1;
            self.begin(step, Verb::Update, &after.id, Some(after), attempt).await?;
            match self.omni.update(&live, after).await {
                Outcome::Done(()) => {
                    self.end(step, attempt, Ended::Done);
                    return self.read_back(step, after).await;
                }
                Outcome::Refused(Refusal::Conflict) => {
                    // Controllers raise the version without touching what is ours: look again, and send only if so.
                    self.end(step, attempt, Ended::NoEffect);
                    conflicts += 1;
                    if conflicts > CONFLICTS {
                        return Err(refused(&Refusal::Conflict));
                    }
                    self.clock.sleep(Duration::from_millis(100) * conflicts).await;
                }
                Outcome::Refused(refusal) => {
                    self.end(step, attempt, Ended::NoEffect);
                    return Err(refused(&refusal));
                }
                Outcome::Unknown(why) | Outcome::Blocked(why) => {
                    self.progress(step, &format!("no clear answer ({why}): looking"));
                    self.clock.sleep(Duration::from_secs(1)).await;
                    match self.look(&after.id, AGREE).await {
                        Settled::Present(now) if holds(&now.resource, after) => {
                            self.end(step, attempt, Ended::Done);
                            return Ok(());
                        }
                        // The same version proves that nothing was written; a late landing carries an old version and is refused.
                        Settled::Present(now) if now.resource == *before && attempt < ATTEMPTS => {
                            self.end(step, attempt, Ended::NoEffect);
                        }
                        Settled::Present(now) => {
                            self.end(step, attempt, Ended::Unknown);
                            let what = differing(&now.resource, after);
                            return Err(Halt::Unknown(format!("{why}; it still differs in {what}")));
                        }
                        Settled::Absent => {
                            self.end(step, attempt, Ended::NoEffect);
                            return Err(failed(FailureKind::Stale, "it is gone"));
                        }
                        Settled::Unclear(unclear) => {
                            self.end(step, attempt, Ended::Unknown);
                            return Err(Halt::Unknown(format!("{why}; {unclear}")));
                        }
                    }
                }
            }
        }
    }

    async fn teardown(&self, step: &Step, id: &ResourceId, before: &Resource) -> Result<(), Halt> {
        let mut attempt = 0;
        while attempt < ATTEMPTS {
            let Some(live) = self.fresh(id).await? else { return Ok(()) };
            if live.phase == Phase::TearingDown {
                return self.gone(step, id, attempt).await;
            }
            if live.resource != *before {
                let what = differing(&live.resource, before);
                return Err(failed(FailureKind::Stale, format!("it changed since the plan: {what}")));
            }
            attempt += 1;
            self.begin(step, Verb::Teardown, id, None, attempt).await?;
            match self.omni.teardown(id).await {
                Outcome::Done(()) | Outcome::Refused(Refusal::TearingDown | Refusal::Missing) => {
                    return self.gone(step, id, attempt).await;
                }
                Outcome::Refused(refusal) => {
                    self.end(step, attempt, Ended::NoEffect);
                    return Err(refused(&refusal));
                }
                Outcome::Unknown(why) | Outcome::Blocked(why) => {
                    self.progress(step, &format!("no clear answer ({why}): looking"));
                    match self.look(id, AGREE).await {
                        Settled::Absent => return self.gone(step, id, attempt).await,
                        Settled::Present(now) if now.phase == Phase::TearingDown => {
                            return self.gone(step, id, attempt).await;
                        }
                        Settled::Present(_) => self.end(step, attempt, Ended::NoEffect),
                        Settled::Unclear(unclear) => {
                            self.end(step, attempt, Ended::Unknown);
                            return Err(Halt::Unknown(format!("{why}; {unclear}")));
                        }
                    }
                }
            }
        }
        Err(Halt::Unknown(format!("sent {ATTEMPTS} times without effect")))
    }

    async fn gone(&self, step: &Step, id: &ResourceId, attempt: u32) -> Result<(), Halt> {
        let progress = |text: &str| self.progress(step, text);
        match gone(self.omni, self.clock, self.stop, id, self.deadlines.gone, &progress).await {
            Waited::Reached(_) => {
                if attempt > 0 {
                    self.end(step, attempt, Ended::Done);
                }
                Ok(())
            }
            Waited::Failed(why) | Waited::TimedOut(why) => Err(failed(FailureKind::TimedOut, why)),
            // It was accepted and goes on by itself; the journal keeps it open.
            Waited::Stopped(why) => {
                Err(Halt::Unknown(format!("accepted, and Omni goes on; not waited for: {why}")))
            }
        }
    }
}

fn minutes(d: Duration) -> String {
    format!("{} min", d.as_secs().div_ceil(60))
}

/// Waits until something that is being torn down is gone; names what holds it up.
pub(super) async fn gone(
    omni: &dyn OmniWriter,
    clock: &dyn Clock,
    stop: &Stop,
    id: &ResourceId,
    deadline: Duration,
    progress: &(dyn Fn(&str) + Send + Sync),
) -> Waited {
    let start = clock.now();
    let mut pauses = Pauses::new();
    loop {
        let blocker = match omni.get(id).await {
            Observation::Absent => return Waited::Reached(Vec::new()),
            Observation::Known(live) if live.phase == Phase::Running => {
                return Waited::Failed("somebody made it anew".to_owned());
            }
            Observation::Known(live) if live.finalizers.is_empty() => "Omni removes it".to_owned(),
            Observation::Known(live) => {
                let names: Vec<String> = live
                    .finalizers
                    .iter()
                    .take(4)
                    .map(|f| crate::untrusted::Untrusted::new(f.as_str()).line(80))
                    .collect();
                format!("held by {}", names.join(", "))
            }
            Observation::Unknown(reason) => format!("it cannot be read: {}", reason.0),
        };
        progress(&blocker);
        if clock.now().saturating_sub(start) >= deadline {
            return Waited::TimedOut(format!("not gone in {}: {blocker}", minutes(deadline)));
        }
        let pause = pauses.next().unwrap_or_default();
        if stop.sleep(clock, pause).await {
            return Waited::Stopped(blocker);
        }
    }
}
