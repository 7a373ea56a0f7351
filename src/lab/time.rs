//! Virtual time for a client in the same process: it jumps to the client's next deadline when the client does nothing but wait.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{Notify, oneshot};

use super::serve::Speed;
use super::world::Plant;
use crate::world::{BoxFuture, Clock};

/// Real time without any request or sleep of the client until it counts as waiting.
const QUIET: Duration = Duration::from_millis(1);

/// Real time between two steps that follow it.
const FOLLOW: Duration = Duration::from_millis(10);
/// Most looks of the controllers in one such step.
const LOOKS: usize = 50;

/// A running world's time.
pub struct Time {
    /// The world.
    pub plant: Mutex<Plant>,
    speed: Speed,
    started: std::time::Instant,
    origin: u64,
    outstanding: AtomicI64,
    activity: AtomicU64,
    sleepers: Mutex<BTreeMap<(u64, u64), oneshot::Sender<()>>>,
    numbers: AtomicU64,
    wake: Notify,
}

/// A request under way; virtual time stands still until it is dropped.
pub struct Underway(Arc<Time>);

impl Drop for Underway {
    fn drop(&mut self) {
        self.0.outstanding.fetch_sub(1, Ordering::SeqCst);
        self.0.activity.fetch_add(1, Ordering::SeqCst);
        self.0.wake.notify_one();
    }
}

/// Lock that outlives a panic elsewhere: the world's state is consistent between passes.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wall time, Unix seconds.
pub fn wall() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

impl Time {
    /// Time of a world that begins to run now.
    pub fn new(plant: Plant, speed: Speed) -> Arc<Self> {
        let origin = plant.world.now;
        Arc::new(Self {
            plant: Mutex::new(plant),
            speed,
            started: std::time::Instant::now(),
            origin,
            outstanding: AtomicI64::new(0),
            activity: AtomicU64::new(0),
            sleepers: Mutex::new(BTreeMap::new()),
            numbers: AtomicU64::new(0),
            wake: Notify::new(),
        })
    }
    /// Notes that a request (or a connection that has not asked anything yet) is under way.
    pub fn underway(self: &Arc<Self>) -> Underway {
        self.outstanding.fetch_add(1, Ordering::SeqCst);
        self.activity.fetch_add(1, Ordering::SeqCst);
        Underway(Arc::clone(self))
    }
    /// The world.
    pub fn world(&self) -> MutexGuard<'_, Plant> {
        lock(&self.plant)
    }
    /// Whether time jumps.
    pub fn jumps(&self) -> bool {
        self.speed == Speed::Jump
    }
    /// Lets virtual time pass for a client that waits for an answer.
    pub fn pass(&self, by: Duration) {
        if self.speed == Speed::Jump {
            let mut plant = lock(&self.plant);
            let to = plant.world.now + by.as_millis() as u64;
            plant.advance(to);
        }
    }
    /// Jumps for sleepers, or follows real time. Never ends.
    pub async fn drive(self: Arc<Self>) {
        if let Speed::Times(speed) = self.speed {
            loop {
                tokio::time::sleep(FOLLOW).await;
                let passed = self.started.elapsed().as_secs_f64() * speed * 1000.0;
                // A world too busy to keep up falls behind instead of keeping its clients waiting.
                lock(&self.plant).advance_some(self.origin + passed as u64, LOOKS);
            }
        }
        loop {
            self.wake.notified().await;
            while let Some(end) = self.first() {
                let before = self.activity.load(Ordering::SeqCst);
                tokio::time::sleep(QUIET).await;
                if self.outstanding.load(Ordering::SeqCst) > 0 {
                    // The end of the request wakes us.
                    break;
                }
                if self.activity.load(Ordering::SeqCst) != before {
                    continue;
                }
                lock(&self.plant).advance(end);
                self.rouse(end);
            }
        }
    }
    fn first(&self) -> Option<u64> {
        lock(&self.sleepers).keys().next().map(|(end, _)| *end)
    }
    fn rouse(&self, now: u64) {
        let mut sleepers = lock(&self.sleepers);
        let later = sleepers.split_off(&(now + 1, 0));
        for (_, sleeper) in std::mem::replace(&mut *sleepers, later) {
            // A sleeper that was given up has nobody to tell.
            let _unheard = sleeper.send(());
        }
    }
}

/// The clock for the client.
pub struct VirtualClock(pub Arc<Time>);

/// Takes a given-up sleeper off the list.
struct Asleep(Arc<Time>, (u64, u64));

impl Drop for Asleep {
    fn drop(&mut self) {
        lock(&self.0.sleepers).remove(&self.1);
    }
}

impl Clock for VirtualClock {
    fn unix(&self) -> f64 {
        wall()
    }
    fn now(&self) -> Duration {
        match self.0.speed {
            Speed::Jump => Duration::from_millis(lock(&self.0.plant).world.now),
            Speed::Times(_) => self.0.started.elapsed(),
        }
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let time = Arc::clone(&self.0);
        Box::pin(async move {
            if let Speed::Times(_) = time.speed {
                tokio::time::sleep(duration).await;
                return;
            }
            let end = lock(&time.plant).world.now + (duration.as_millis() as u64).max(1);
            let key = (end, time.numbers.fetch_add(1, Ordering::SeqCst));
            let (send, receive) = oneshot::channel();
            lock(&time.sleepers).insert(key, send);
            let _asleep = Asleep(Arc::clone(&time), key);
            time.activity.fetch_add(1, Ordering::SeqCst);
            time.wake.notify_one();
            // The sender goes away only with the lab; then nobody is left to wait for.
            let _over = receive.await;
        })
    }
}
