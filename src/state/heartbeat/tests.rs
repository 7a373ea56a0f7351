//! Engines that fight for one lease in a store whose requests are late, lost before or after they are taken in, and whose
//! reads are old at times; the engines are paused and killed anywhere. All of it runs the code of this module in virtual time,
//! from a seed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use super::*;
use crate::address::Address;
use crate::resource::ResourceId;
use crate::state::conditional::Put;
use crate::state::journal::Verb;
use crate::state::objects::{Object, Trouble};

const LEASE: &str = "lease";
const RECORD: &str = "record";
const TTL: u64 = 60;
/// A request that has no answer by then never gets one.
const DEADLINE: u64 = 8_000;

thread_local! {
    static SPAWNED: RefCell<Vec<BoxFuture<'static, ()>>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
struct Stored {
    etag: u64,
    bytes: Vec<u8>,
    at: u64,
}

struct Landing {
    name: String,
    bytes: Vec<u8>,
    base: Option<u64>,
    result: Arc<Mutex<Option<Put>>>,
}

#[derive(Default)]
struct World {
    now: u64,
    timers: BTreeSet<u64>,
    random: u64,
    calm: bool,
    ages: bool,
    tags: u64,
    objects: BTreeMap<String, (Stored, Option<Stored>)>,
    landing: BTreeMap<(u64, u64), Landing>,
    /// Engines that run again from then on.
    paused: BTreeMap<usize, u64>,
    /// Calls that reached the server.
    landed: BTreeSet<u32>,
    /// Calls that some successor was told of.
    told: BTreeSet<u32>,
    /// Calls that were sent after the lease had gone to somebody else.
    escaped: BTreeSet<u32>,
    calls: u64,
    takeovers: u64,
    next_step: u32,
}

fn tag(n: u64) -> Etag {
    Etag::parse(&format!("\"{n}\"")).unwrap()
}
fn untag(etag: &Etag) -> u64 {
    etag.as_str().trim_matches('"').parse().unwrap()
}

impl World {
    fn roll(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % below
    }
    fn chance(&mut self, percent: u64) -> bool {
        !self.calm && self.roll(100) < percent
    }
    fn delay(&mut self) -> u64 {
        if self.chance(4) { 1_000 + self.roll(90_000) } else { 5 + self.roll(60) }
    }
    fn lease(&self) -> Option<Lease> {
        self.objects.get(LEASE).map(|(o, _)| lease::decode("", &o.bytes).unwrap())
    }
    /// Takes in what has arrived by now.
    fn land(&mut self) {
        while let Some(entry) = self.landing.first_entry().filter(|e| e.key().0 <= self.now) {
            let put = entry.remove();
            let there = self.objects.get(&put.name).map(|(o, _)| o.etag);
            let result = if there == put.base {
                if put.name == LEASE {
                    self.judge(&lease::decode("", &put.bytes).unwrap());
                }
                self.tags += 1;
                let new = Stored { etag: self.tags, bytes: put.bytes, at: self.now };
                let before = self.objects.remove(&put.name).map(|(o, _)| o);
                self.objects.insert(put.name, (new, before));
                Put::Written(tag(self.tags))
            } else {
                Put::Changed
            };
            *put.result.lock().unwrap() = Some(result);
        }
    }
    /// What must hold for every write of the lease that the store takes in.
    fn judge(&mut self, new: &Lease) {
        let Some(old) = self.lease() else { return };
        if old.id == new.id {
            assert!(new.beat > old.beat && new.fence == old.fence, "{old:?} {new:?}");
            return;
        }
        assert_eq!(new.fence, old.fence + 1, "every holding has a higher number");
        for intent in &old.open {
            assert!(new.open.contains(intent), "a successor is not told of a call");
            self.told.insert(intent.step);
        }
        if old.held {
            let quiet = self.now - self.objects[LEASE].0.at;
            assert!(quiet >= old.life().as_millis() as u64, "taken from a holder that wrote {quiet} ms ago");
            self.takeovers += 1;
        }
    }
}

#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
    fn after(&self, ms: u64) -> Sleep {
        Sleep(self.clone(), self.world().now + ms)
    }
}

struct Sleep(Shared, u64);

impl Future for Sleep {
    type Output = ();
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let mut world = self.0.world();
        if world.now >= self.1 {
            return Poll::Ready(());
        }
        world.timers.insert(self.1);
        Poll::Pending
    }
}

impl Clock for Shared {
    fn unix(&self) -> f64 {
        // Every engine's wall clock is wrong in its own way; nothing may depend on it.
        1e9 - self.world().now as f64
    }
    fn now(&self) -> Duration {
        Duration::from_millis(self.world().now)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(self.after(duration.as_millis() as u64))
    }
}

impl Rng for Shared {
    fn fill(&self, bytes: &mut [u8]) {
        let mut world = self.world();
        for b in bytes.iter_mut() {
            *b = world.roll(256) as u8;
        }
    }
}

struct SimStore(Shared, Arc<dyn Clock>);

impl Objects for SimStore {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>> {
        Box::pin(async move {
            let (there, back, lost) = {
                let mut w = self.0.world();
                (w.delay(), w.delay(), w.chance(4))
            };
            if lost || there + back > DEADLINE {
                self.0.after(DEADLINE).await;
                return Err(Trouble::Unclear("no answer".into()));
            }
            self.0.after(there).await;
            let found = {
                let mut w = self.0.world();
                let old = w.chance(3);
                let (now, ages) = (w.now, w.ages);
                let object =
                    w.objects.get(name).and_then(|(o, b)| if old { b.clone() } else { Some(o.clone()) });
                object.map(|o| Object {
                    idle: ages.then(|| {
                        Duration::from_secs(now / 1000).saturating_sub(Duration::from_secs(o.at / 1000))
                    }),
                    bytes: o.bytes,
                    etag: tag(o.etag),
                })
            };
            self.0.after(back).await;
            Ok(found)
        })
    }
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put> {
        Box::pin(async move {
            let result = Arc::new(Mutex::new(None));
            let (there, back, answered) = {
                let mut w = self.0.world();
                let (there, back) = (w.delay(), w.delay());
                let (lost, mute) = (w.chance(4), w.chance(4));
                if !lost {
                    w.tags += 1;
                    let key = (w.now + there, w.tags);
                    w.timers.insert(key.0);
                    let landing = Landing {
                        name: name.to_owned(),
                        bytes: bytes.to_vec(),
                        base: base.map(untag),
                        result: result.clone(),
                    };
                    w.landing.insert(key, landing);
                }
                (there, back, !lost && !mute && there + back <= DEADLINE)
            };
            if !answered {
                self.0.after(DEADLINE).await;
                return Put::Unknown("no answer".into());
            }
            self.0.after(there + back).await;
            result.lock().unwrap().take().unwrap()
        })
    }
    fn show(&self, name: &str) -> String {
        name.to_owned()
    }
    fn clock(&self) -> &Arc<dyn Clock> {
        &self.1
    }
}

fn intent(step: u32) -> Intent {
    Intent {
        step,
        address: Address::class("w"),
        verb: Verb::Create,
        id: ResourceId::default_ns("MachineClasses", "w"),
        digest: String::new(),
        record: None,
        adopted: false,
        attempt: 1,
    }
}

/// The record: steps that are known to be done.
async fn record(store: &dyn Objects) -> Option<(Option<Etag>, BTreeSet<u32>)> {
    match get(store, RECORD).await {
        Ok(None) => Some((None, BTreeSet::new())),
        Ok(Some(o)) => Some((Some(o.etag), serde_json::from_slice(&o.bytes).unwrap())),
        Err(_) => None,
    }
}

type Holds = Arc<Mutex<Vec<Arc<Inner>>>>;

/// One run, as an apply does it. Ends early wherever an apply would.
async fn run(shared: Shared, store: Arc<dyn Objects>, holds: Holds, steps: u32) -> Option<()> {
    let wait = Duration::from_mins(30);
    let taking = Taking {
        holder: Holder::default(),
        ttl: TTL,
        wait,
        say: &|_| {},
        spawn: |heart| SPAWNED.with(|s| s.borrow_mut().push(heart)),
    };
    let hold = take(&store, LEASE, &shared, taking).await.ok()?;
    holds.lock().unwrap().push(hold.inner.clone());
    let mine = hold.lease().id;
    let (mut etag, mut known) = record(store.as_ref()).await?;
    let inherited = hold.inherited().unwrap();
    if !inherited.is_empty() {
        let happened: Vec<u32> = {
            let w = shared.world();
            inherited.iter().map(|i| i.step).filter(|s| w.landed.contains(s)).collect()
        };
        known.extend(happened);
        let bytes = serde_json::to_vec(&known).unwrap();
        match settle(store.as_ref(), RECORD, &bytes, etag.as_ref(), Duration::from_secs(40)).await {
            End::Written(new) => etag = Some(new),
            _ => return None,
        }
        hold.resolved();
    }
    for _ in 0..steps {
        let step = {
            let mut w = shared.world();
            w.next_step += 1;
            w.next_step
        };
        hold.begin(&intent(step)).await.ok()?;
        {
            let lease = shared.world().lease().unwrap();
            if lease.id == mine {
                assert!(lease.open.iter().any(|i| i.step == step), "begun, and not noted");
            }
        }
        // A process can be stopped between any two of its instructions.
        let slip = u64::from(shared.world().chance(50));
        shared.after(slip).await;
        {
            let mut w = shared.world();
            w.calls += 1;
            let lease = w.lease().unwrap();
            if lease.id != mine {
                assert!(w.told.contains(&step), "sent after a takeover, and nobody was told");
                w.escaped.insert(step);
            }
            if !w.chance(10) {
                w.landed.insert(step);
            }
        }
        let work = shared.world().roll(30_000);
        shared.after(work).await;
        if hold.loss().is_some_and(|l| l.taken) {
            return None;
        }
        if shared.world().landed.contains(&step) {
            let mut next = known.clone();
            next.insert(step);
            let bytes = serde_json::to_vec(&next).unwrap();
            match settle(store.as_ref(), RECORD, &bytes, etag.as_ref(), Duration::from_secs(40)).await {
                End::Written(new) => (etag, known) = (Some(new), next),
                _ => return None,
            }
        }
        hold.settled(step);
    }
    hold.release().await.ok()
}

struct Task {
    owner: usize,
    work: Option<BoxFuture<'static, ()>>,
}

/// Everything that a seed does. Counts calls, takeovers and escapes.
fn explore(seed: u64) -> (u64, u64, u64) {
    let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let ages = !seed.is_multiple_of(4);
    let shared = Shared(Arc::new(Mutex::new(World { random, ages, ..World::default() })));
    let store: Arc<dyn Objects> = Arc::new(SimStore(shared.clone(), Arc::new(shared.clone())));
    let holds: Holds = Arc::default();
    let mut tasks: Vec<Task> = Vec::new();
    let engines = 2 + (seed % 2) as usize;
    for owner in 0..engines {
        let (shared, store, holds) = (shared.clone(), store.clone(), holds.clone());
        let start = shared.world().roll(60_000);
        let work = Box::pin(async move {
            shared.after(start).await;
            for _ in 0..3 {
                let steps = 1 + shared.world().roll(4) as u32;
                let _ended = run(shared.clone(), store.clone(), holds.clone(), steps).await;
            }
        });
        tasks.push(Task { owner, work: Some(work) });
    }
    drive(&shared, &mut tasks, &holds);
    // The dead stay dead; what is on its way arrives; then one run without any fault.
    tasks.clear();
    SPAWNED.with(|s| s.borrow_mut().clear());
    {
        let mut w = shared.world();
        w.calm = true;
        w.now += 200_000;
        w.land();
    }
    let last = run(shared.clone(), store, holds.clone(), 1);
    tasks.push(Task {
        owner: engines,
        work: Some(Box::pin(async move { assert!(last.await.is_some(), "seed {seed}") })),
    });
    drive(&shared, &mut tasks, &holds);
    let w = shared.world();
    let lease = w.lease().unwrap();
    assert!(!lease.held && lease.open.is_empty(), "seed {seed}: {lease:?}");
    let known: BTreeSet<u32> = serde_json::from_slice(&w.objects[RECORD].0.bytes).unwrap();
    assert!(known.is_subset(&w.landed), "seed {seed}: what did not happen is in the record");
    let forgotten: Vec<&u32> = w.landed.difference(&known).filter(|s| !w.escaped.contains(s)).collect();
    assert!(forgotten.is_empty(), "seed {seed}: {forgotten:?} happened and is not in the record");
    (w.calls, w.takeovers, w.escaped.len() as u64)
}

fn drive(shared: &Shared, tasks: &mut Vec<Task>, holds: &Holds) {
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..200_000 {
        // Twice: what one task ends may be what another waits for.
        for _ in 0..2 {
            let mut n = 0;
            while let Some(task) = tasks.get_mut(n) {
                n += 1;
                let Some(work) = &mut task.work else { continue };
                let paused = {
                    let w = shared.world();
                    let now = w.now;
                    w.paused.get(&task.owner).is_some_and(|until| *until > now)
                };
                if paused {
                    continue;
                }
                if work.as_mut().poll(&mut context).is_ready() {
                    task.work = None;
                }
                let owner = task.owner;
                for heart in SPAWNED.with(|s| std::mem::take(&mut *s.borrow_mut())) {
                    tasks.push(Task { owner, work: Some(heart) });
                }
            }
        }
        let standing = {
            let now = Duration::from_millis(shared.world().now);
            let mut holds = holds.lock().unwrap();
            holds.retain(|h| !h.over.load(Ordering::SeqCst));
            holds.iter().filter(|h| lock(&h.tenure).stands(now)).count()
        };
        assert!(standing <= 1, "{standing} believe to hold the lease");
        if tasks.iter().all(|t| t.work.is_none()) {
            return;
        }
        let mut w = shared.world();
        // A run is over when its engines are; hearts of the dead beat on only in their processes.
        if !w.calm && w.roll(1000) < 3 {
            let owner = w.roll(3) as usize;
            let pause = 1_000 + w.roll(200_000);
            let until = w.now + pause;
            w.paused.insert(owner, until);
            w.timers.insert(until);
        }
        if !w.calm && w.roll(3000) < 2 {
            let owner = w.roll(3) as usize;
            drop(w);
            // Killed: nothing of it runs on, and what it had sent is still on its way.
            for task in tasks.iter_mut().filter(|t| t.owner == owner) {
                if let Some(work) = task.work.take() {
                    drop(work);
                }
            }
            w = shared.world();
        }
        let now = w.now;
        w.timers.retain(|t| *t > now);
        let Some(next) = w.timers.first().copied() else { return };
        w.now = next;
        w.land();
    }
    panic!("a run does not end");
}

#[test]
fn never_two_holders_and_nothing_forgotten() {
    let seeds = std::env::var("OMNI_SCALE_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(150);
    let mut total = (0, 0, 0);
    for seed in 1..=seeds {
        let (calls, takeovers, escapes) = explore(seed);
        total = (total.0 + calls, total.1 + takeovers, total.2 + escapes);
    }
    println!("{seeds} seeds: {} calls, {} takeovers, {} calls sent after one", total.0, total.1, total.2);
    assert!(total.0 > seeds && total.1 > seeds / 20, "the seeds do not explore: {total:?}");
}
