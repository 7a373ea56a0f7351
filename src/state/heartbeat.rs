//! Holding the lease of a record in an object store: taking it, keeping it alive, noting calls in it, giving it back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::conditional::{End, Etag};
use super::hold::{Hold, Loss};
use super::journal::Intent;
use super::lease::{self, Holder, Lease, Stored, Tenure, Verdict, Watch, claim, occupant};
use super::model::Record;
use super::objects::{Objects, get, settle};
use super::store::{self, Occupant, StoreError, identity};
#[cfg(test)]
use super::tests::flaw::{self, Flaw};
use crate::world::{BoxFuture, Clock, Rng};

/// Longest time between two looks at somebody else's lease.
const LOOK: Duration = Duration::from_secs(5);

/// Runs something beside everything else.
pub type Spawn = fn(BoxFuture<'static, ()>);

/// A lease that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundLease {
    /// Its content.
    pub lease: Lease,
    /// Names this content.
    pub etag: Etag,
    /// How long ago it was written, by the store's clock.
    pub idle: Option<Duration>,
}

/// Reads the lease `name`, if there ever was one.
pub async fn find_lease(objects: &dyn Objects, name: &str) -> Result<Option<FoundLease>, StoreError> {
    let object = match get(objects, name).await {
        Ok(Some(object)) => object,
        Ok(None) => return Ok(None),
        Err(StoreError::Damaged { path, why, .. }) => return Err(StoreError::Lease { path, why }),
        Err(e) => return Err(e),
    };
    let lease = lease::decode(&objects.show(name), &object.bytes)?;
    Ok(Some(FoundLease { lease, etag: object.etag, idle: object.idle }))
}

/// How a lease is taken.
pub struct Taking<'a> {
    /// Who takes it.
    pub holder: Holder,
    /// Life without a write, seconds.
    pub ttl: u64,
    /// How long to wait for another holder.
    pub wait: Duration,
    /// Is told who holds it: at once, then every minute of waiting.
    pub say: &'a (dyn Fn(&Occupant) + Send + Sync),
    /// Runs the heart.
    pub spawn: Spawn,
}

/// What is to be written with the next beat.
#[derive(Default)]
struct Notes {
    inherited: Vec<Intent>,
    open: Vec<Intent>,
    record: Option<Stored>,
    /// Raised by every note that must be durable before something happens.
    wanted: u64,
    durable: u64,
}

impl Notes {
    fn all(&self) -> Vec<Intent> {
        #[cfg(test)]
        if flaw::on(Flaw::ForgetsInheritance) {
            return self.open.clone();
        }
        self.inherited.iter().chain(&self.open).cloned().collect()
    }
}

struct Inner {
    bucket: Arc<dyn Objects>,
    name: String,
    tenure: Mutex<Tenure>,
    notes: Mutex<Notes>,
    /// One write at a time: each names the tag of the one before.
    turn: tokio::sync::Mutex<()>,
    loss: watch::Sender<Option<Loss>>,
    /// The heart stops.
    over: AtomicBool,
}

/// A lease that this process holds. Its heart beats until it is released, lost or dropped.
pub struct RemoteHold {
    inner: Arc<Inner>,
}

impl Drop for RemoteHold {
    fn drop(&mut self) {
        self.inner.over.store(true, Ordering::SeqCst);
    }
}

/// Takes the lease, when it is free or its holder is dead.
///
/// # Errors
/// [`StoreError::Leased`] while somebody else may be alive, after waiting as long as allowed.
pub async fn take(
    bucket: &Arc<dyn Objects>,
    name: &str,
    rng: &dyn Rng,
    taking: Taking<'_>,
) -> Result<RemoteHold, StoreError> {
    let clock = Arc::clone(bucket.clock());
    let start = clock.now();
    let mut watch = Watch::default();
    let mut said: Option<Duration> = None;
    loop {
        let found = find_lease(bucket.as_ref(), name).await?;
        let verdict = found.as_ref().map(|f| watch.judge(clock.now(), &f.etag, &f.lease, f.idle));
        #[cfg(test)]
        let verdict =
            verdict.zip(found.as_ref()).map(|(v, f)| super::tests::flaw::judged(v, clock.unix(), &f.lease));
        if let (Some(found), Some(Verdict::Held { quiet, left })) = (&found, verdict) {
            let waited = clock.now().saturating_sub(start);
            // A store that does not say how old it is leaves only watching.
            let allowed =
                if found.idle.is_some() { taking.wait } else { taking.wait.max(found.lease.life() * 3 / 2) };
            if waited >= allowed {
                return Err(StoreError::Leased(Box::new(occupant(&found.lease, quiet, left))));
            }
            if said.is_none_or(|s| clock.now().saturating_sub(s) >= Duration::from_mins(1)) {
                said = Some(clock.now());
                (taking.say)(&occupant(&found.lease, quiet, left));
            }
            clock
                .sleep(left.min(LOOK).min(allowed.saturating_sub(waited)).max(Duration::from_millis(50)))
                .await;
            continue;
        }
        let lease = claim(
            found.as_ref().map(|f| &f.lease),
            identity(rng),
            taking.holder.clone(),
            taking.ttl,
            clock.unix() as u64,
        );
        let sent = clock.now();
        let bytes = lease::encode(&lease)?;
        let shown = bucket.show(name);
        match settle(bucket.as_ref(), name, &bytes, found.as_ref().map(|f| &f.etag), lease.life() / 2).await {
            End::Written(etag) => {
                return Ok(RemoteHold::start(bucket, name, Tenure::new(lease, etag, sent), taking.spawn));
            }
            // Somebody was faster; the next look shows who.
            End::Lost => {}
            End::Refused(why, _) => return Err(StoreError::Refused(format!("`{shown}`: {why}"))),
            End::GivenUp(why, _) => return Err(StoreError::Unreachable(format!("`{shown}`: {why}"))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    fn clock(&self) -> &dyn Clock {
        self.bucket.clock().as_ref()
    }

    fn loss(&self) -> Option<Loss> {
        lock(&self.tenure).loss().cloned()
    }

    fn announce(&self) {
        if let Some(loss) = self.loss() {
            self.loss.send_if_modified(|told| {
                let news = told.is_none();
                if news {
                    *told = Some(loss);
                }
                news
            });
        }
    }

    /// Writes the lease once, with all notes there are. For whoever has the turn.
    async fn write(&self, held: bool) -> Result<(), StoreError> {
        let (next, etag, upto, sent, left) = {
            let tenure = lock(&self.tenure);
            if let Some(loss) = tenure.loss() {
                return Err(StoreError::Lost(loss.why.clone()));
            }
            let notes = lock(&self.notes);
            let now = self.clock().now();
            let next = tenure.next(self.clock().unix() as u64, notes.all(), notes.record.clone(), held);
            (next, tenure.etag().clone(), notes.wanted, now, tenure.left(now))
        };
        #[cfg(test)]
        if flaw::on(Flaw::NotedTooEarly) {
            lock(&self.notes).durable = upto;
        }
        let bytes = lease::encode(&next)?;
        let shown = self.bucket.show(&self.name);
        let end = settle(self.bucket.as_ref(), &self.name, &bytes, Some(&etag), left).await;
        let failed = match end {
            End::Written(etag) => {
                #[cfg(test)]
                let sent = if flaw::on(Flaw::CountsFromTheAnswer) { self.clock().now() } else { sent };
                lock(&self.tenure).written(next, etag, sent);
                lock(&self.notes).durable = upto;
                return Ok(());
            }
            End::Lost => {
                let by = self.read().await;
                lock(&self.tenure).taken(by.as_ref());
                StoreError::Lost(self.loss().map_or_else(String::new, |l| l.why))
            }
            End::Refused(why, _) => {
                lock(&self.tenure).unanswered(self.clock().now(), &why);
                StoreError::Refused(format!("`{shown}`: {why}"))
            }
            End::GivenUp(why, _) => {
                lock(&self.tenure).unanswered(self.clock().now(), &why);
                StoreError::Unreachable(format!("`{shown}`: {why}"))
            }
        };
        self.announce();
        Err(failed)
    }

    async fn read(&self) -> Option<Lease> {
        let object = self.bucket.read(&self.name).await.ok()??;
        lease::decode("", &object.bytes).ok()
    }

    /// Keeps the lease alive. Ends with it.
    async fn beat(&self) {
        loop {
            let due = lock(&self.tenure).due(self.clock().now());
            if !due.is_zero() {
                self.clock().sleep(due).await;
                if self.over.load(Ordering::SeqCst) {
                    return;
                }
                continue;
            }
            let _turn = self.turn.lock().await;
            if self.loss().is_some() || self.over.load(Ordering::SeqCst) {
                return;
            }
            if lock(&self.tenure).due(self.clock().now()).is_zero() && self.write(true).await.is_err() {
                if self.loss().is_some() {
                    return;
                }
                self.clock().sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

impl RemoteHold {
    fn start(bucket: &Arc<dyn Objects>, name: &str, tenure: Tenure, spawn: Spawn) -> Self {
        let notes = Notes { inherited: tenure.lease().open.clone(), ..Notes::default() };
        let inner = Arc::new(Inner {
            bucket: Arc::clone(bucket),
            name: name.to_owned(),
            tenure: Mutex::new(tenure),
            notes: Mutex::new(notes),
            turn: tokio::sync::Mutex::new(()),
            loss: watch::channel(None).0,
            over: AtomicBool::new(false),
        });
        let beating = Arc::clone(&inner);
        spawn(Box::pin(async move { beating.beat().await }));
        Self { inner }
    }

    /// The lease as last written.
    pub fn lease(&self) -> Lease {
        lock(&self.inner.tenure).lease().clone()
    }
}

impl Hold for RemoteHold {
    fn begin<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mine = {
                let mut notes = lock(&self.inner.notes);
                notes.open.retain(|o| o.step != intent.step);
                notes.open.push(intent.clone());
                notes.wanted += 1;
                notes.wanted
            };
            #[cfg(test)]
            if flaw::on(Flaw::NoHeartbeatBeforeCall) {
                return Ok(());
            }
            // Those that wait for their turn meanwhile are noted by the same write.
            let _turn = self.inner.turn.lock().await;
            if lock(&self.inner.notes).durable < mine {
                self.inner.write(true).await?;
            }
            #[cfg(test)]
            if flaw::on(Flaw::NoLookAtTheTime) {
                return Ok(());
            }
            if lock(&self.inner.tenure).stands(self.inner.clock().now()) {
                return Ok(());
            }
            // The note is there, but the answer took so long that the hold may not.
            self.inner.write(true).await?;
            if lock(&self.inner.tenure).stands(self.inner.clock().now()) {
                return Ok(());
            }
            let why = "the lease's store answers too slowly to know that it is still held".to_owned();
            Err(StoreError::Unreachable(why))
        })
    }
    fn settled(&self, step: u32) {
        lock(&self.inner.notes).open.retain(|o| o.step != step);
    }
    fn stored(&self, record: &Record) {
        let digest = store::digest(record).ok();
        let stored = Stored { lineage: record.lineage.clone(), serial: record.serial, digest };
        lock(&self.inner.notes).record = Some(stored);
    }
    fn loss(&self) -> Option<Loss> {
        self.inner.loss()
    }
    fn lost(&self) -> BoxFuture<'_, Loss> {
        let mut told = self.inner.loss.subscribe();
        Box::pin(async move {
            let found = told.wait_for(Option::is_some).await.ok().and_then(|l| l.clone());
            match found {
                Some(loss) => loss,
                None => std::future::pending().await,
            }
        })
    }
    fn inherited(&self) -> Option<Vec<Intent>> {
        Some(lock(&self.inner.notes).inherited.clone())
    }
    fn resolved(&self) {
        lock(&self.inner.notes).inherited.clear();
    }
    fn release(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let _turn = self.inner.turn.lock().await;
            self.inner.over.store(true, Ordering::SeqCst);
            #[cfg(test)]
            if flaw::on(Flaw::FreesAnothersLease)
                && let Some(etag) = flaw::there(self.inner.bucket.as_ref(), &self.inner.name).await
            {
                let mut tenure = lock(&self.inner.tenure);
                let (lease, sent) = (tenure.lease().clone(), self.inner.clock().now());
                *tenure = Tenure::new(lease, etag, sent);
            }
            if self.inner.loss().is_some() {
                return Ok(());
            }
            self.inner.write(false).await
        })
    }
}

#[cfg(test)]
mod tests;
