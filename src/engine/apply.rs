//! Carrying out a plan: steps as their edges allow, the record after each, and a report in which every step ended.

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;

use super::driver::{Driver, StepOutcome};
use super::event::{Ending, Event, Failure, FailureKind, Observer};
use super::gate::{Closed, Gatekeeper};
use super::memory::{Memory, Remember};
use super::operate::{Carried, Operator};
use super::stop::{self, Stop};
use crate::address::Address;
use crate::backend::OmniWriter;
use crate::plan::{Moved, Plan, Step, StepId, Warning};
use crate::secret::DigestKey;
use crate::state::hold::{Hold, Loss};
use crate::state::journal::{FORMAT, Found, Journal, Line};
use crate::state::model::Record;
use crate::state::store::{Store, StoreError, identity};
use crate::world::{BoxFuture, Clock, Fs, Rng};

pub use super::operate::Deadlines;

/// Steps that write at the same time. Omni serialises what matters; more would only hide the order of events.
const PARALLEL: usize = 4;

/// Everything outside that an apply uses.
#[derive(Clone, Copy)]
pub struct Outside<'a> {
    /// Omni.
    pub omni: &'a dyn OmniWriter,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Randomness, for identities.
    pub rng: &'a dyn Rng,
    /// Makes the digests by which secrets are remembered.
    pub key: &'a DigestKey,
    /// Where the record is.
    pub store: &'a dyn Store,
    /// Keeps other runs away.
    pub hold: &'a dyn Hold,
    /// Where journals are written.
    pub fs: &'a Arc<dyn Fs>,
    /// Folder of the journals.
    pub runs: &'a Path,
    /// Who is told.
    pub observer: &'a dyn Observer,
    /// The first interrupt.
    pub stop: &'a Stop,
    /// Longest waits.
    pub deadlines: Deadlines,
    /// Who looks at the exit criteria of phases.
    pub gates: &'a dyn Gatekeeper,
}

/// How an apply ended.
#[derive(Clone, Debug)]
pub struct Report {
    /// Identity of the run; names its journal.
    pub run: String,
    /// How each step ended, in plan order.
    pub steps: Vec<(StepId, Ending)>,
    /// Facts that waits brought up.
    pub notes: Vec<String>,
    /// How long it took, by the clock that waited.
    pub took: Duration,
    /// Whether an interrupt stopped it.
    pub stopped: bool,
    /// Why the right to write was lost, if so.
    pub lost: Option<Loss>,
    /// The gate at which it stopped, if so.
    pub closed: Option<Closed>,
    /// Why the record could not be written, if so.
    pub memory: Option<StoreError>,
    /// The record as it is stored now.
    pub record: Option<Record>,
}

impl Report {
    /// Number of steps that are done.
    pub fn done(&self) -> usize {
        self.steps.iter().filter(|(_, e)| *e == Ending::Done).count()
    }
    /// Whether all are.
    pub fn complete(&self) -> bool {
        self.done() == self.steps.len() && self.memory.is_none() && self.closed.is_none()
    }
}

/// Carries `plan` out. `record` is what the store holds.
///
/// # Errors
/// Only before anything was sent: the journal cannot be written, or the record is not the one that was planned with.
pub async fn apply(outside: Outside<'_>, plan: &Plan, record: Option<Record>) -> Result<Report, StoreError> {
    let run = run_id(outside.clock, outside.rng);
    apply_as(outside, plan, record, run).await
}

/// [`apply`] as the run `run`, which was named before.
///
/// # Errors
/// As [`apply`].
pub async fn apply_as(
    outside: Outside<'_>,
    plan: &Plan,
    record: Option<Record>,
    run: String,
) -> Result<Report, StoreError> {
    let planned = plan.record.as_ref().map(|(l, s)| (l.as_str(), *s));
    let found = record.as_ref().map(|r| (r.lineage.as_str(), r.serial));
    if planned != found {
        let shown = |v: Option<(&str, u64)>| v.map_or("missing".to_owned(), |(_, s)| format!("serial {s}"));
        return Err(StoreError::Conflict { expected: shown(planned), found: shown(found) });
    }
    let mut memory =
        Memory::new(outside.store, record, || Record::new(identity(outside.rng), plan.omni.clone()));
    let first = Line::Run {
        format: FORMAT,
        run: run.clone(),
        lineage: memory.record.lineage.clone(),
        serial: memory.record.serial,
        omni: plan.omni.clone(),
        time: outside.clock.unix(),
        lifted: plan.warnings.iter().filter_map(lifted).collect(),
    };
    let journal = Journal::start(outside.fs.clone(), outside.runs, &run, &first)?;
    let start = outside.clock.now();
    outside.observer.on(&Event::RunStarted { run: run.clone(), steps: plan.steps.len() });

    // Ends waits: by an interrupt, or when the right to write is lost.
    let (ender, ended) = stop::channel();
    let operator = Operator {
        omni: outside.omni,
        clock: outside.clock,
        key: outside.key,
        hold: outside.hold,
        journal: &journal,
        observer: outside.observer,
        stop: &ended,
        deadlines: outside.deadlines,
    };
    let mut run_state = Run {
        driver: Driver::new(plan, PARALLEL),
        observer: outside.observer,
        hold: outside.hold,
        journal: &journal,
        error: None,
        notes: Vec::new(),
    };
    let mut running: FuturesUnordered<BoxFuture<'_, (&Step, Carried)>> = FuturesUnordered::new();
    let mut stopping = false;
    let mut lost = None;
    let mut closed = None;
    loop {
        if outside.stop.requested() && !stopping {
            stopping = true;
            ender.stop();
            run_state.halt("stopped by an interrupt");
        }
        if lost.is_none() {
            lost = outside.hold.loss();
            if let Some(loss) = &lost {
                ender.stop();
                run_state.halt(&format!("nothing more is sent: {}", loss.why));
            }
        }
        while let Some(gate) = run_state.driver.gate().and_then(|at| plan.gates.get(at)) {
            let looked = tokio::select! {
                biased;
                looked = outside.gates.look(gate, memory.stored()) => looked,
                // What was asked for by an interrupt, or by the loss of the lease, is said above.
                () = outside.stop.wait(), if !stopping => break,
                _ = outside.hold.lost(), if lost.is_none() => break,
            };
            let open: Vec<String> = looked.as_ref().err().into_iter().flat_map(Closed::lines).collect();
            outside.observer.on(&Event::Gate { phase: gate.phase.clone(), open });
            match looked {
                Ok(()) => run_state.driver.pass(),
                Err(why) => {
                    run_state.halt(&format!("the gate of phase `{}` is closed", gate.phase));
                    closed = Some(why);
                }
            }
        }
        if (outside.stop.requested() && !stopping) || (lost.is_none() && outside.hold.loss().is_some()) {
            continue;
        }
        for id in run_state.driver.ready() {
            let Some(step) = plan.steps.iter().find(|s| s.id == id) else { continue };
            outside.observer.on(&Event::StepStarted {
                step: id,
                address: step.address.clone(),
                action: step.action,
            });
            let known = |a: &Address| memory.record.entries.get(a).map(|e| e.origin);
            let owned = known(&step.address).or_else(|| match &step.moved {
                Some(Moved::EntryFrom(old)) => known(old),
                Some(Moved::MadeFor(_) | Moved::MadeAs(_)) | None => None,
            });
            let operator = &operator;
            running.push(Box::pin(async move {
                let carried = AssertUnwindSafe(operator.carry(step, owned)).catch_unwind().await;
                (step, carried.unwrap_or_else(|_| bug()))
            }));
        }
        let next = tokio::select! {
            biased;
            next = running.next() => next,
            () = outside.stop.wait(), if !stopping => continue,
            _ = outside.hold.lost(), if lost.is_none() => continue,
        };
        let Some(first) = next else { break };
        // Those that ended meanwhile share one write of the record, which is as long as everything that is ours.
        let mut batch = vec![first];
        while let Some(Some(further)) = running.next().now_or_never() {
            batch.push(further);
        }
        run_state.take(batch, &mut memory).await;
    }
    drop(running);
    let steps = run_state.driver.finished().unwrap_or_default();
    let in_doubt = steps.iter().any(|(_, e)| matches!(e, Ending::Unknown(_)));
    if !in_doubt && run_state.error.is_none() && nothing_open(outside.fs.as_ref(), &journal) {
        // Should this fail, the next run looks at nothing in particular and closes it.
        let _ = journal.write(&Line::Closed { time: outside.clock.unix() });
    }
    Ok(Report {
        run,
        steps,
        notes: run_state.notes,
        took: outside.clock.now().saturating_sub(start),
        stopped: stopping,
        lost: lost.or_else(|| outside.hold.loss()),
        closed,
        memory: run_state.error,
        record: memory.stored(),
    })
}

/// A finding that somebody answers for: `G01 cluster/dev: --allow destroy:cluster/dev`.
fn lifted(warning: &Warning) -> Option<String> {
    let lifted = warning.lifted.as_ref()?;
    let code = warning.guard.as_ref().or(warning.rule.as_ref()).unwrap_or(&warning.code);
    let at = warning.address.as_ref().map_or_else(String::new, |a| format!(" {a}"));
    let owner = lifted.owner.as_ref().map_or_else(String::new, |o| format!(" ({o})"));
    Some(format!("{code}{at}: {}{owner}", lifted.by))
}

struct Run<'a> {
    driver: Driver,
    observer: &'a dyn Observer,
    hold: &'a dyn Hold,
    journal: &'a Journal,
    error: Option<StoreError>,
    notes: Vec<String>,
}

impl Run<'_> {
    fn halt(&mut self, why: &str) {
        for event in self.driver.halt(why) {
            self.observer.on(&event);
        }
    }

    /// Remembers first, all with one write, then lets the steps that needed these start.
    async fn take(&mut self, mut ended: Vec<(&Step, Carried)>, memory: &mut Memory<'_>) {
        for (_, carried) in &mut ended {
            self.notes.append(&mut carried.notes);
        }
        if self.error.is_none() {
            self.remember(&mut ended, memory).await;
        }
        for (step, carried) in ended {
            self.judge(step, carried);
        }
    }

    /// Writes what ended steps leave in the record. Where that fails, they failed.
    async fn remember(&mut self, ended: &mut [(&Step, Carried)], memory: &mut Memory<'_>) {
        let mut changes: Vec<Vec<(Address, Remember)>> = Vec::new();
        let mut changing: Vec<(&Step, &mut Carried)> = Vec::new();
        for (step, carried) in ended.iter_mut() {
            let change = std::mem::replace(&mut carried.remember, Remember::Nothing);
            if change != Remember::Nothing {
                let mut its = vec![(step.address.clone(), change)];
                // The entry leaves its old address with the write that puts it at the new one.
                if let Some(Moved::EntryFrom(old)) = &step.moved {
                    its.push((old.clone(), Remember::Drop));
                }
                changes.push(its);
                changing.push((step, carried));
            }
        }
        if changes.is_empty() {
            return;
        }
        let stored = match self.hold.loss().filter(|l| l.taken) {
            // The record is another run's now, which looks up what we were about to send.
            Some(loss) => Err(StoreError::Lost(loss.why)),
            None => memory.apply_all(&changes).await,
        };
        match stored {
            Ok(serial) => {
                self.hold.stored(&memory.record);
                for (step, _) in changing.iter().filter(|(_, carried)| carried.noted) {
                    self.hold.settled(step.id.0);
                    let _ = self.journal.write(&Line::Recorded { step: step.id.0, serial });
                }
            }
            Err(e) => {
                let why = format!("it was done, but the record was not written: {e}");
                for (_, carried) in changing {
                    let failure = Failure { kind: FailureKind::Memory, why: why.clone() };
                    carried.outcome = StepOutcome::Failed(failure);
                }
                self.error = Some(e);
            }
        }
    }

    /// Takes in how a step came out, once it is remembered.
    fn judge(&mut self, step: &Step, carried: Carried) {
        let kind = match &carried.outcome {
            StepOutcome::Failed(f) => Some(f.kind),
            StepOutcome::Done | StepOutcome::Unknown(_) | StepOutcome::Stopped(_) => None,
        };
        let auth = matches!(&carried.outcome, StepOutcome::Failed(f) if f.kind == FailureKind::Auth && f.why.starts_with("not authenticated"));
        for event in self.driver.on(step.id, carried.outcome) {
            self.observer.on(&event);
        }
        // Without a memory or a key that is accepted, nothing else may be sent.
        if kind == Some(FailureKind::Memory) {
            self.halt("nothing more is sent: the record or journal cannot be written");
        } else if auth {
            self.halt("nothing more is sent: the key is not accepted any more");
        }
    }
}

/// A panic while a request may have been under way: in doubt, and the others finish.
fn bug() -> Carried {
    Carried {
        outcome: StepOutcome::Unknown("a bug in omni-scale stopped this step".to_owned()),
        remember: Remember::Nothing,
        noted: true,
        notes: Vec::new(),
    }
}

fn nothing_open(fs: &dyn Fs, journal: &Journal) -> bool {
    fs.read(journal.path()).is_ok_and(|bytes| Found::parse(journal.path().into(), &bytes).open().is_empty())
}

/// A name for a run. Names sort by time: `20260721T101500Z-1a2b3c4d`.
pub fn run_id(clock: &dyn Clock, rng: &dyn Rng) -> String {
    let time = jiff::Timestamp::from_second(clock.unix() as i64)
        .map_or_else(|_| "00000000T000000Z".to_owned(), |t| t.strftime("%Y%m%dT%H%M%SZ").to_string());
    let id = identity(rng);
    format!("{time}-{}", id.get(..8).unwrap_or(&id))
}
