//! One run, as an apply does it: take the lease, read the record, look up what is in doubt, send calls, store what they did,
//! give the lease back. It ends early wherever an apply would.

use std::collections::BTreeMap;

use super::super::*;
use super::world::{address, intent};
use super::{HEARTS, Shared};
use crate::state::model::{Entry, Origin, Record};
use crate::state::remote::RemoteStore;
use crate::state::seal::Seal;
use crate::state::store::{Store as _, Version};

/// What an engine meets where it is not the store.
pub(super) trait Way: Send + Sync {
    /// The call of a step is on its way; whether it gets lost.
    fn call(&self) -> BoxFuture<'_, bool>;
    /// The answer is on its way back; whether it gets lost.
    fn answer(&self) -> BoxFuture<'_, bool>;
    /// A look at the server.
    fn look(&self) -> BoxFuture<'_, ()>;
}

/// One engine.
#[derive(Clone)]
pub(super) struct Engine {
    pub(super) shared: Shared,
    pub(super) store: Arc<dyn Objects>,
    pub(super) way: Arc<dyn Way>,
    /// How long it waits for the lease.
    pub(super) wait: Duration,
}

impl Rng for Shared {
    /// Identities need only differ.
    fn fill(&self, bytes: &mut [u8]) {
        let mut world = self.world();
        world.unique += 1;
        for (b, n) in bytes.iter_mut().zip(world.unique.to_be_bytes().into_iter().rev()) {
            *b = n;
        }
    }
}

struct Memory {
    stored: Option<Version>,
    record: Record,
}

impl Engine {
    /// `batches`: how many calls are under way at once, one batch after the other. `None` when it did not get to its end.
    pub(super) async fn run(self, batches: Vec<u32>) -> Option<()> {
        let remote = RemoteStore::new(self.store.clone(), Seal::new(Vec::new()), "spec", "omni");
        let taking = Taking {
            holder: Holder::default(),
            ttl: 60,
            wait: self.wait,
            say: &|_| {},
            spawn: |heart| HEARTS.with(|h| h.borrow_mut().push(heart)),
        };
        let hold = take(&self.store, &remote.lease_name(), &self.shared, taking).await.ok()?;
        self.shared.world().holds.push(hold.inner.clone());
        let done = self.work(&remote, &hold, batches).await;
        let released = hold.release().await.ok();
        done.and(released)
    }

    async fn work(&self, remote: &RemoteStore, hold: &RemoteHold, batches: Vec<u32>) -> Option<()> {
        let found = remote.load().await.ok()?;
        RemoteStore::check_age(&hold.lease(), found.as_ref(), "").ok()?;
        let mut memory = Memory {
            stored: found.as_ref().map(Version::of),
            record: found.unwrap_or_else(|| Record::new(identity(&self.shared), "omni")),
        };
        let mut happened = Vec::new();
        for intent in hold.inherited()? {
            self.way.look().await;
            if self.shared.world().landed.contains(&intent.step) {
                happened.push(intent.step);
            }
        }
        self.remember(remote, hold, &mut memory, &happened).await?;
        hold.resolved();
        for calls in batches {
            let steps: Vec<u32> = (0..calls).map(|_| self.shared.world().new_step()).collect();
            let ends = futures::future::join_all(steps.iter().map(|s| self.step(hold, *s))).await;
            if hold.loss().is_some_and(|l| l.taken) {
                // The record is somebody else's by now.
                return None;
            }
            let done: Vec<u32> =
                steps.iter().zip(&ends).filter(|(_, e)| **e == Some(true)).map(|(s, _)| *s).collect();
            self.remember(remote, hold, &mut memory, &done).await?;
            for (step, end) in steps.iter().zip(&ends) {
                if end.is_some() {
                    hold.settled(*step);
                }
            }
            if ends.contains(&None) {
                return None;
            }
        }
        Some(())
    }

    /// Whether the call had its effect; `None`: in doubt, or not sent.
    async fn step(&self, hold: &RemoteHold, step: u32) -> Option<bool> {
        hold.begin(&intent(step)).await.ok()?;
        let mine = hold.lease().id;
        self.shared.world().begun(&mine, step);
        // A process can be stopped between any two of its instructions.
        let lost = self.way.call().await;
        let landed = self.shared.world().call(&mine, step, lost);
        if self.way.answer().await { None } else { Some(landed) }
    }

    async fn remember(
        &self,
        remote: &RemoteStore,
        hold: &RemoteHold,
        memory: &mut Memory,
        steps: &[u32],
    ) -> Option<()> {
        if steps.is_empty() {
            return Some(());
        }
        let mut next = memory.record.clone();
        next.serial += 1;
        let entry = Entry { id: None, applied: None, origin: Origin::Created };
        next.entries.extend(steps.iter().map(|s| (address(*s), entry.clone())).collect::<BTreeMap<_, _>>());
        let version = remote.swap(memory.stored.as_ref(), &next).await.ok()?;
        self.shared.world().acknowledged.extend(steps);
        hold.stored(&next);
        *memory = Memory { stored: Some(version), record: next };
        Some(())
    }
}
