//! Engines that fight for one record in a store, in virtual time: the product's own lease, record and conditional writes,
//! above a store without sockets.
//!
//! `seeds` draws everything by chance: two or three engines, requests that are late, lost before or after they are taken in,
//! repeated on the way or refused beside another writer, reads that are old, networks that are cut, processes that are paused
//! or killed anywhere, clocks that are wrong. `every` goes through all orders of two engines' requests with one fault at every
//! place. Both judge by what the store and the server saw (`world`), and both must find every defect of `state::tests::flaw`.
//!
//! ```sh
//! cargo test --lib heartbeat::tests                                             # what every run of the tests does
//! OMNI_SCALE_SEEDS=100000 OMNI_SCALE_TIMES=1 cargo test --release --lib heartbeat::tests -- --nocapture
//! ```

mod every;
mod run;
mod seeds;
mod world;

use std::cell::RefCell;
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::task::{Context, Poll, Wake, Waker};

use super::*;
use world::World;

thread_local! {
    /// Hearts that the engine that runs now has started.
    static HEARTS: RefCell<Vec<BoxFuture<'static, ()>>> = const { RefCell::new(Vec::new()) };
}

/// The world, as its engines and the scheduler have it.
#[derive(Clone)]
struct Shared(Arc<Mutex<World>>);

impl Shared {
    fn world(&self) -> std::sync::MutexGuard<'_, World> {
        lock(&self.0)
    }
    /// At most one engine may believe that it may send.
    fn judge_holds(&self) {
        let holds: Vec<Arc<Inner>> = {
            let mut world = self.world();
            world.holds.retain(|h| !h.over.load(Ordering::SeqCst));
            world.holds.clone()
        };
        let standing = holds.iter().filter(|h| lock(&h.tenure).stands(h.clock().now())).count();
        if standing > 1 {
            self.world().breaks(|| format!("{standing} believe to hold the lease"));
        }
    }
    /// Milliseconds of the world.
    fn after(&self, ms: u64) -> Sleep {
        Sleep { shared: self.clone(), until: self.world().now + ms, listed: false }
    }
}

struct Sleep {
    shared: Shared,
    until: u64,
    listed: bool,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let (until, listed) = (self.until, std::mem::replace(&mut self.listed, true));
        let mut world = self.shared.world();
        if world.now >= until {
            return Poll::Ready(());
        }
        if !listed {
            world.wake_at(until, context.waker().clone());
        }
        Poll::Pending
    }
}

/// The clocks of one engine: its wall clock is wrong, the other one has its own beginning and runs a little too fast or slow.
struct Clocks {
    shared: Shared,
    /// Seconds by which the wall clock is wrong.
    wrong: i64,
    /// Milliseconds at the beginning.
    start: u64,
    /// Thousandths of a true second in a second of this clock.
    rate: u64,
}

impl Clock for Clocks {
    fn unix(&self) -> f64 {
        (1_700_000_000 + self.wrong + (self.shared.world().now / 1000) as i64) as f64
    }
    fn now(&self) -> Duration {
        Duration::from_millis(self.start + self.shared.world().now * 1000 / self.rate)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        // Never short: the engine's own clock must have moved by all of it.
        let ms = (duration.as_millis() as u64 + 1) * self.rate / 1000 + 1;
        Box::pin(self.shared.after(ms))
    }
}

/// Set when a task can go on.
struct Awake(AtomicBool);

impl Wake for Awake {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A future of one engine; `None` when it is over.
struct Task {
    owner: usize,
    work: Option<BoxFuture<'static, ()>>,
    awake: Arc<Awake>,
    /// Hearts do not keep a world going.
    heart: bool,
}

impl Task {
    fn new(owner: usize, heart: bool, work: BoxFuture<'static, ()>) -> Self {
        Self { owner, work: Some(work), awake: Arc::new(Awake(AtomicBool::new(true))), heart }
    }
}

/// All that runs.
#[derive(Default)]
struct Tasks(Vec<Task>);

impl Tasks {
    fn add(&mut self, owner: usize, work: BoxFuture<'static, ()>) {
        self.0.push(Task::new(owner, false, work));
    }

    /// Runs whatever can run without time passing, except for those that are paused.
    fn turn(&mut self, paused: impl Fn(usize) -> bool) {
        let mut going = true;
        while going {
            going = false;
            let mut n = 0;
            while let Some(task) = self.0.get_mut(n) {
                n += 1;
                let Some(work) = &mut task.work else { continue };
                if paused(task.owner) || !task.awake.0.swap(false, Ordering::SeqCst) {
                    continue;
                }
                going = true;
                let waker = Waker::from(task.awake.clone());
                if work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                    task.work = None;
                }
                let owner = task.owner;
                for heart in HEARTS.with(|h| std::mem::take(&mut *h.borrow_mut())) {
                    self.0.push(Task::new(owner, true, heart));
                }
            }
        }
        self.0.retain(|t| t.work.is_some());
    }

    /// Ends everything of an engine, as a kill does: nothing of it runs on, and what it had sent is still on its way.
    fn kill(&mut self, owner: usize) {
        self.0.retain(|t| t.owner != owner);
    }

    fn over(&self) -> bool {
        self.0.iter().all(|t| t.heart)
    }
}
