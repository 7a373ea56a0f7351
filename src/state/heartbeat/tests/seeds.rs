//! Everything by chance, from a seed.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;

use super::super::*;
use super::run::{Engine, Way};
use super::world::{Figures, World, untag};
use super::{Clocks, Shared, Tasks};
use crate::state::conditional::Put;
use crate::state::objects::{Object, Trouble};
use crate::state::tests::flaw::{self, Flaw};

/// A request that has no answer by then never gets one.
const DEADLINE: u64 = 8_000;
/// Most instants of one world.
const INSTANTS: u32 = 200_000;

/// What happens, by chance.
struct Chance {
    random: u64,
    /// No faults any more.
    calm: bool,
    /// Until when the requests of an engine get lost, or are refused.
    cut: BTreeMap<usize, (u64, bool)>,
    /// Until when an engine does not run.
    paused: BTreeMap<usize, u64>,
}

impl Chance {
    fn roll(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % below
    }
    fn hits(&mut self, percent: u64) -> bool {
        !self.calm && self.roll(100) < percent
    }
    fn delay(&mut self) -> u64 {
        if self.hits(4) { 1_000 + self.roll(90_000) } else { 5 + self.roll(60) }
    }
}

/// A world with its chances.
#[derive(Clone)]
struct Late {
    shared: Shared,
    chance: Arc<Mutex<Chance>>,
    /// What is on its way to the store.
    landing: Arc<Mutex<BTreeMap<(u64, u64), Landing>>>,
}

struct Landing {
    name: String,
    bytes: Vec<u8>,
    base: Option<u64>,
    result: Arc<Mutex<Option<Put>>>,
    /// Arrives a second time, and the answer is the one to that.
    twice: bool,
}

impl Late {
    fn chance(&self) -> std::sync::MutexGuard<'_, Chance> {
        lock(&self.chance)
    }
    fn roll(&self, below: u64) -> u64 {
        self.chance().roll(below)
    }
    fn hits(&self, percent: u64) -> bool {
        self.chance().hits(percent)
    }
    fn next_landing(&self) -> Option<u64> {
        lock(&self.landing).first_key_value().map(|((at, _), _)| *at)
    }
    /// Takes in what has arrived by now.
    fn land(&self) {
        let mut landing = lock(&self.landing);
        let mut world = self.shared.world();
        while let Some(first) = landing.first_entry().filter(|e| e.key().0 <= world.now) {
            let put = first.remove();
            let mut result = world.put(&put.name, &put.bytes, put.base);
            if put.twice {
                result = world.put(&put.name, &put.bytes, put.base);
            }
            *lock(&put.result) = Some(result);
        }
    }
}

/// The store, as one engine reaches it.
struct LateStore {
    late: Late,
    owner: usize,
    clock: Arc<dyn Clock>,
}

impl LateStore {
    /// The ways there and back, and whether either is cut.
    fn ways(&self) -> (u64, u64, bool, bool) {
        let now = self.late.shared.world().now;
        let mut chance = self.late.chance();
        let cut = !chance.calm && chance.cut.get(&self.owner).is_some_and(|(until, _)| *until > now);
        (chance.delay(), chance.delay(), cut || chance.hits(4), chance.hits(4))
    }
    /// Whether the store accepts nothing of this engine: its credentials have run out, say.
    fn refused(&self) -> bool {
        let now = self.late.shared.world().now;
        let chance = self.late.chance();
        !chance.calm && chance.cut.get(&self.owner).is_some_and(|(until, refused)| *until > now && *refused)
    }
}

impl Objects for LateStore {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>> {
        Box::pin(async move {
            let shared = &self.late.shared;
            let (there, back, lost, _) = self.ways();
            if self.refused() {
                shared.after(there.min(DEADLINE)).await;
                return Err(Trouble::Refused("403 ExpiredToken".into()));
            }
            if lost || there + back > DEADLINE {
                shared.after(DEADLINE).await;
                return Err(Trouble::Unclear("no answer".into()));
            }
            shared.after(there).await;
            let old = self.late.hits(3);
            let found = shared.world().read(name, old);
            shared.after(back).await;
            Ok(found)
        })
    }
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put> {
        Box::pin(async move {
            let shared = &self.late.shared;
            let (there, back, lost, mute) = self.ways();
            if self.refused() {
                shared.after(there.min(DEADLINE)).await;
                return Put::Refused("403 ExpiredToken".into());
            }
            if self.late.hits(2) {
                shared.after(there.min(DEADLINE)).await;
                return Put::Again("409 ConditionalRequestConflict".into());
            }
            let result = Arc::new(Mutex::new(None));
            if !lost {
                let landing = Landing {
                    name: name.to_owned(),
                    bytes: bytes.to_vec(),
                    base: base.map(untag),
                    result: result.clone(),
                    twice: self.late.hits(2),
                };
                let mut world = shared.world();
                world.unique += 1;
                let key = (world.now + there, world.unique);
                lock(&self.late.landing).insert(key, landing);
            }
            if lost || mute || there + back > DEADLINE {
                shared.after(DEADLINE).await;
                return Put::Unknown("no answer".into());
            }
            shared.after(there + back).await;
            let result = lock(&result).take();
            result.unwrap()
        })
    }
    fn list<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
    fn discard<'a>(&'a self, _: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
    fn show(&self, name: &str) -> String {
        name.to_owned()
    }
    fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

/// One engine's ways to the server.
struct LateWay {
    late: Late,
    owner: usize,
}

impl Way for LateWay {
    fn call(&self) -> BoxFuture<'_, bool> {
        // A process can be stopped between any two of its instructions, and here it hurts most.
        let slip = u64::from(self.late.hits(50));
        if self.late.hits(2) {
            let until = self.late.shared.world().now + 10_000 + self.late.roll(150_000);
            self.late.chance().paused.insert(self.owner, until);
        }
        Box::pin(async move {
            self.late.shared.after(slip).await;
            self.late.hits(10)
        })
    }
    fn answer(&self) -> BoxFuture<'_, bool> {
        let work = self.late.roll(30_000);
        Box::pin(async move {
            self.late.shared.after(work).await;
            self.late.hits(4)
        })
    }
    fn look(&self) -> BoxFuture<'_, ()> {
        let way = 10 + self.late.roll(100);
        Box::pin(self.late.shared.after(way))
    }
}

impl Late {
    fn engine(&self, owner: usize) -> Engine {
        let (wrong, start, rate) = {
            let mut chance = self.chance();
            (chance.roll(7200) as i64 - 3600, chance.roll(1_000_000), 990 + chance.roll(21))
        };
        let clock = Arc::new(Clocks { shared: self.shared.clone(), wrong, start, rate });
        Engine {
            shared: self.shared.clone(),
            store: Arc::new(LateStore { late: self.clone(), owner, clock }),
            way: Arc::new(LateWay { late: self.clone(), owner }),
            wait: Duration::from_mins(30),
        }
    }

    fn drive(&self, tasks: &mut Tasks) {
        for _ in 0..INSTANTS {
            let now = self.shared.world().now;
            tasks.turn(|owner| {
                let chance = self.chance();
                !chance.calm && chance.paused.get(&owner).is_some_and(|until| *until > now)
            });
            self.shared.judge_holds();
            if tasks.over() || self.shared.world().broken.is_some() {
                return;
            }
            let owner = self.roll(3) as usize;
            let fate = if self.chance().calm { u64::MAX } else { self.roll(2000) };
            match fate {
                0..12 => {
                    let until = now + 1_000 + self.roll(200_000);
                    self.chance().paused.insert(owner, until);
                }
                12..24 => {
                    let until = now + 1_000 + self.roll(100_000);
                    self.chance().cut.insert(owner, (until, fate < 18));
                }
                24..30 => tasks.kill(owner),
                _ => {}
            }
            let end_of_pause = {
                let mut chance = self.chance();
                chance.paused.retain(|_, until| *until > now);
                chance.paused.values().min().copied()
            };
            let next = [self.shared.world().next_timer(), self.next_landing(), end_of_pause];
            let Some(next) = next.into_iter().flatten().min() else { return };
            self.land_until(next);
        }
        self.shared.world().breaks(|| "a run does not end".to_owned());
    }

    fn land_until(&self, then: u64) {
        {
            let mut world = self.shared.world();
            world.now = world.now.max(then);
        }
        self.land();
        self.shared.world().advance(then);
    }
}

/// Everything that a seed does.
pub(super) fn explore(seed: u64) -> Result<Figures, String> {
    let chance = Chance {
        random: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        calm: false,
        cut: BTreeMap::new(),
        paused: BTreeMap::new(),
    };
    let mut world = World::default();
    world.ages = !seed.is_multiple_of(4);
    let late = Late {
        shared: Shared(Arc::new(Mutex::new(world))),
        chance: Arc::new(Mutex::new(chance)),
        landing: Arc::default(),
    };
    let mut tasks = Tasks::default();
    let engines = 2 + (seed % 2) as usize;
    for owner in 0..engines {
        let engine = late.engine(owner);
        let start = late.roll(60_000);
        let runs = 1 + late.roll(2);
        let late = late.clone();
        tasks.add(
            owner,
            Box::pin(async move {
                late.shared.after(start).await;
                for _ in 0..runs {
                    let batches = (0..late.roll(3)).map(|_| 1 + late.roll(3) as u32).collect();
                    let _ended = engine.clone().run(batches).await;
                }
            }),
        );
    }
    late.drive(&mut tasks);
    // The dead stay dead; what is on its way arrives; then one run without any fault.
    let mut tasks = Tasks::default();
    late.chance().calm = true;
    while let Some(next) = late.next_landing() {
        late.land_until(next);
    }
    {
        let mut world = late.shared.world();
        world.holds.clear();
        world.waited_for = Some(world.now);
    }
    let last = late.engine(engines);
    let shared = late.shared.clone();
    tasks.add(
        engines,
        Box::pin(async move {
            if last.run(vec![1]).await.is_none() {
                shared.world().breaks(|| "a run without faults does not end well".to_owned());
            }
        }),
    );
    late.drive(&mut tasks);
    let mut world = late.shared.world();
    world.judge_end();
    match world.broken.take() {
        Some(what) => Err(format!("seed {seed}: {what}")),
        None => Ok(world.figures),
    }
}

fn seeds(otherwise: u64) -> u64 {
    std::env::var("OMNI_SCALE_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn of_many_engines_one_writes_and_nothing_is_forgotten() {
    let seeds = seeds(800);
    let next = AtomicU64::new(1);
    let total = Mutex::new(Figures::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    std::thread::scope(|scope| {
        let work = || {
            let mut sum = Figures::default();
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed > seeds {
                    break;
                }
                let found = explore(seed).unwrap_or_else(|e| panic!("{e}"));
                sum.calls += found.calls;
                sum.takeovers += found.takeovers;
                sum.escapes += found.escapes;
                sum.writes += found.writes;
            }
            let mut total = lock(&total);
            total.calls += sum.calls;
            total.takeovers += sum.takeovers;
            total.escapes += sum.escapes;
            total.writes += sum.writes;
        };
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let total = *lock(&total);
    println!("{seeds} seeds: {total:?}");
    assert!(
        total.calls > seeds && total.takeovers > seeds / 5 && total.escapes > seeds / 100,
        "the seeds do not explore: {total:?}"
    );
}

/// The simulation is worth nothing if it is blind: every seeded defect must be found, and by how many seeds is shown.
#[test]
fn every_seeded_flaw_is_found_by_chance() {
    let mut missed = Vec::new();
    for flaw in Flaw::ALL {
        flaw::set(Some(flaw));
        let found = (1..=seeds(4000)).find_map(|seed| explore(seed).err());
        flaw::set(None);
        match found {
            Some(what) => println!("{flaw:?}: {what}"),
            None => missed.push(flaw),
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}
