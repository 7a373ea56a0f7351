//! What the store holds and the server was sent, and what must never be seen there.

use std::collections::{BTreeMap, BTreeSet};

use super::super::*;
use crate::address::Address;
use crate::resource::ResourceId;
use crate::state::conditional::Put;
use crate::state::journal::Verb;
use crate::state::model::Record;
use crate::state::objects::Object;
use crate::state::store;
use crate::state::tests::flaw::{self, Flaw};
use std::task::Waker;

/// How long a lease of the dead may stay untaken while somebody waits for it, milliseconds: its life, what clocks may be
/// wrong, and the way of a few answers.
const PROMISED: u64 = 70_000;

#[derive(Clone)]
struct Stored {
    etag: u64,
    bytes: Vec<u8>,
    at: u64,
    what: What,
}

#[derive(Clone)]
enum What {
    Lease(Box<Lease>),
    Record(Box<Record>),
    Other,
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) calls: u64,
    pub(super) takeovers: u64,
    pub(super) escapes: u64,
    pub(super) writes: u64,
}

#[derive(Default)]
pub(super) struct World {
    /// Milliseconds.
    pub(super) now: u64,
    /// Whether the store says how old objects are.
    pub(super) ages: bool,
    tags: u64,
    objects: BTreeMap<String, (Stored, Option<Stored>)>,
    timers: BTreeMap<(u64, u64), Waker>,
    /// Calls that the server carried out.
    pub(super) landed: BTreeSet<u32>,
    /// Calls that some successor was told of.
    told: BTreeSet<u32>,
    /// Calls that were sent after the lease had gone to somebody else, who was told of them.
    escaped: BTreeSet<u32>,
    /// Calls whose write of the record was acknowledged.
    pub(super) acknowledged: BTreeSet<u32>,
    /// Since when somebody waits for the lease without any fault.
    pub(super) waited_for: Option<u64>,
    pub(super) figures: Figures,
    next_step: u32,
    /// The first thing that must never be.
    pub(super) broken: Option<String>,
    /// Numbers that nobody else has.
    pub(super) unique: u64,
    pub(super) holds: Vec<Arc<Inner>>,
}

fn tag(n: u64) -> Etag {
    Etag::parse(&format!("\"{n}\"")).unwrap()
}
pub(super) fn untag(etag: &Etag) -> u64 {
    etag.as_str().trim_matches('"').parse().unwrap()
}

/// The call of a step.
pub(super) fn intent(step: u32) -> Intent {
    Intent {
        step,
        address: address(step),
        verb: Verb::Create,
        id: ResourceId::default_ns("MachineClasses", "w"),
        digest: String::new(),
        record: None,
        adopted: false,
        attempt: 1,
    }
}

/// What a step is about, as it stands in the record.
pub(super) fn address(step: u32) -> Address {
    Address::class(&format!("s{step}"))
}

impl World {
    pub(super) fn wake_at(&mut self, at: u64, waker: Waker) {
        self.unique += 1;
        self.timers.insert((at, self.unique), waker);
    }
    /// When the next sleeper wakes.
    pub(super) fn next_timer(&self) -> Option<u64> {
        self.timers.first_key_value().map(|((at, _), _)| *at)
    }
    /// Time passes; whoever slept until then wakes.
    pub(super) fn advance(&mut self, to: u64) {
        self.now = self.now.max(to);
        while let Some(first) = self.timers.first_entry().filter(|e| e.key().0 <= self.now) {
            first.remove().wake();
        }
    }
    pub(super) fn breaks(&mut self, what: impl FnOnce() -> String) {
        if self.broken.is_none() {
            self.broken = Some(what());
        }
    }
    pub(super) fn new_step(&mut self) -> u32 {
        self.next_step += 1;
        self.next_step
    }

    /// A read of what is there, or of what was there before.
    pub(super) fn read(&self, name: &str, old: bool) -> Option<Object> {
        let (newest, before) = self.objects.get(name)?;
        let object = if old { before.as_ref()? } else { newest };
        // Dates have whole seconds.
        let idle = self.ages.then(|| Duration::from_secs((self.now / 1000).saturating_sub(object.at / 1000)));
        Some(Object { idle, bytes: object.bytes.clone(), etag: tag(object.etag) })
    }

    /// A put arrives.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8], base: Option<u64>) -> Put {
        let there = self.objects.get(name).map(|(o, _)| o.etag);
        if there != base && !flaw::on(Flaw::NoCondition) {
            return Put::Changed;
        }
        let what = if name.ends_with(".lease") {
            let lease = lease::decode("", bytes).unwrap();
            self.judge_lease(name, &lease);
            What::Lease(Box::new(lease))
        } else if name.contains(".backup-") {
            What::Other
        } else {
            let record = store::decode("", bytes).unwrap();
            self.judge_record(name, &record);
            What::Record(Box::new(record))
        };
        self.tags += 1;
        self.figures.writes += 1;
        let new = Stored { etag: self.tags, bytes: bytes.to_vec(), at: self.now, what };
        let before = self.objects.remove(name).map(|(o, _)| o);
        self.objects.insert(name.to_owned(), (new, before));
        Put::Written(tag(self.tags))
    }

    /// Every write of the lease that is taken in.
    fn judge_lease(&mut self, name: &str, new: &Lease) {
        let Some((Stored { at, what: What::Lease(old), .. }, _)) = self.objects.get(name) else { return };
        let (old, at, now) = (old.clone(), *at, self.now);
        if old.id == new.id {
            if new.beat <= old.beat || new.fence != old.fence {
                self.breaks(|| format!("a holder writes an older lease: {old:?} {new:?}"));
            }
            return;
        }
        if new.fence != old.fence + 1 {
            self.breaks(|| format!("holding {} follows holding {}", new.fence, old.fence));
        }
        for intent in &old.open {
            if new.open.contains(intent) {
                self.told.insert(intent.step);
            } else {
                self.breaks(|| format!("a successor is not told of call {}", intent.step));
            }
        }
        if old.held {
            self.figures.takeovers += 1;
            if now - at < old.life().as_millis() as u64 {
                self.breaks(|| format!("taken from a holder that wrote {} ms ago", now - at));
            }
        }
        if let Some(since) = self.waited_for.take()
            && now > since.max(at) + PROMISED
        {
            self.breaks(|| format!("the dead are followed after {} ms only", now - since.max(at)));
        }
    }

    /// Every write of the record that is taken in.
    fn judge_record(&mut self, name: &str, new: &Record) {
        let Some((Stored { what: What::Record(old), .. }, _)) = self.objects.get(name) else { return };
        let follows = new.lineage == old.lineage
            && new.serial == old.serial + 1
            && old.entries.keys().all(|a| new.entries.contains_key(a));
        if !follows {
            let (old, new) = (old.entries.keys().collect::<Vec<_>>(), new.entries.keys().collect::<Vec<_>>());
            let what = format!("two writers: {new:?} replaces {old:?}");
            self.breaks(|| what);
        }
    }

    fn lease(&self) -> Option<&Lease> {
        self.objects.iter().find_map(|(_, (o, _))| match &o.what {
            What::Lease(lease) => Some(lease.as_ref()),
            _ => None,
        })
    }
    fn record(&self) -> Option<&Record> {
        self.objects.iter().find_map(|(_, (o, _))| match &o.what {
            What::Record(record) => Some(record.as_ref()),
            _ => None,
        })
    }

    /// The holder `mine` was just told that it may send the call.
    pub(super) fn begun(&mut self, mine: &str, step: u32) {
        let noted =
            self.lease().is_some_and(|l| l.id == mine && l.held && l.open.iter().any(|i| i.step == step));
        if !noted {
            self.breaks(|| format!("call {step} may be sent, and the lease does not say so"));
        }
    }

    /// The call of a step arrives; whether it was carried out.
    pub(super) fn call(&mut self, mine: &str, step: u32, fails: bool) -> bool {
        self.figures.calls += 1;
        if self.lease().is_none_or(|l| l.id != mine) {
            if !self.told.contains(&step) {
                self.breaks(|| format!("call {step} is sent after a takeover, and nobody was told"));
            }
            self.figures.escapes += 1;
            self.escaped.insert(step);
        }
        if !fails {
            self.landed.insert(step);
        }
        !fails
    }

    /// After everything, when nobody runs any more.
    pub(super) fn judge_end(&mut self) {
        let Some(lease) = self.lease() else { return self.breaks(|| "no lease".to_owned()) };
        if lease.held || !lease.open.is_empty() {
            let what = format!("left behind: {lease:?}");
            return self.breaks(|| what);
        }
        let record = self.record();
        let known: BTreeSet<u32> = (1..=self.next_step)
            .filter(|s| record.is_some_and(|r| r.entries.contains_key(&address(*s))))
            .collect();
        if let Some(step) = known.difference(&self.landed).next().copied() {
            self.breaks(|| format!("call {step} did not happen and is in the record"));
        }
        if let Some(step) = self.acknowledged.difference(&known).next().copied() {
            self.breaks(|| format!("call {step} was recorded, and is not in the record"));
        }
        let forgotten = self.landed.iter().find(|s| !known.contains(s) && !self.escaped.contains(s)).copied();
        if let Some(step) = forgotten {
            self.breaks(|| format!("call {step} happened, and is not in the record"));
        }
    }
}
