//! Defects that the simulation of the lease must find, or it is blind. They exist in its own build only: each is one line
//! under `cfg(test)` at the place that it spoils.

use std::cell::Cell;

use crate::state::conditional::{End, Etag};
use crate::state::lease::{Lease, Verdict};
use crate::state::objects::Objects;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::state) enum Flaw {
    /// Puts carry no `If-Match` and no `If-None-Match`.
    NoCondition,
    /// A call is sent without a write of the lease before it.
    NoHeartbeatBeforeCall,
    /// After a slow answer nobody looks whether the hold still stands.
    NoLookAtTheTime,
    /// The hold is counted from the answer to a write, not from its sending.
    CountsFromTheAnswer,
    /// Notes count as durable before the store has them.
    NotedTooEarly,
    /// Whoever takes over keeps the number of the one before.
    TakesWithoutNumber,
    /// Whoever takes over drops what the one before had noted.
    ForgetsNotes,
    /// What was inherited is dropped with the first heartbeat, before it is looked up.
    ForgetsInheritance,
    /// A lease is taken after half of its life.
    TakesEarly,
    /// A lease is taken when the holder's wall clock, against one's own, says that it ran out.
    TrustsClocks,
    /// A lease of the dead is never taken.
    NeverTakes,
    /// Whoever gives the lease back frees it whoever holds it by now.
    FreesAnothersLease,
    /// A put that was not taken in is sent again as a new one, over whatever is there.
    SentAgainAsNew,
    /// A record that somebody else replaced counts as written.
    ConflictCountsAsWritten,
}

impl Flaw {
    /// All of them.
    pub(in crate::state) const ALL: [Self; 14] = [
        Self::NoCondition,
        Self::NoHeartbeatBeforeCall,
        Self::NoLookAtTheTime,
        Self::CountsFromTheAnswer,
        Self::NotedTooEarly,
        Self::TakesWithoutNumber,
        Self::ForgetsNotes,
        Self::ForgetsInheritance,
        Self::TakesEarly,
        Self::TrustsClocks,
        Self::NeverTakes,
        Self::FreesAnothersLease,
        Self::SentAgainAsNew,
        Self::ConflictCountsAsWritten,
    ];
}

thread_local! {
    static NOW: Cell<Option<Flaw>> = const { Cell::new(None) };
}

/// What is wrong on this thread from now on.
pub(in crate::state) fn set(flaw: Option<Flaw>) {
    NOW.with(|now| now.set(flaw));
}

/// Whether this is wrong.
pub(in crate::state) fn on(flaw: Flaw) -> bool {
    NOW.with(Cell::get) == Some(flaw)
}

/// What becomes of a claim.
pub(in crate::state) fn claimed(mut lease: Lease, found: Option<&Lease>) -> Lease {
    if let (true, Some(found)) = (on(Flaw::TakesWithoutNumber), found) {
        lease.fence = found.fence;
    }
    if on(Flaw::ForgetsNotes) {
        lease.open.clear();
    }
    lease
}

/// What becomes of a judgement about somebody else's lease; `unix` is one's own wall clock.
pub(in crate::state) fn judged(verdict: Verdict, unix: f64, lease: &Lease) -> Verdict {
    match verdict {
        Verdict::Held { quiet, .. } if on(Flaw::TakesEarly) && quiet >= lease.life() / 2 => Verdict::Expired,
        Verdict::Held { .. }
            if on(Flaw::TrustsClocks) && unix as u64 >= lease.heartbeat.saturating_add(lease.ttl) =>
        {
            Verdict::Expired
        }
        Verdict::Expired if on(Flaw::NeverTakes) => Verdict::Held { quiet: lease.life(), left: lease.life() },
        verdict => verdict,
    }
}

/// What becomes of a put that somebody else was faster than.
pub(in crate::state) async fn lost(objects: &dyn Objects, name: &str, bytes: &[u8], end: End) -> End {
    if end == End::Lost
        && on(Flaw::SentAgainAsNew)
        && let Some(etag) = there(objects, name).await
        && let crate::state::conditional::Put::Written(etag) = objects.put(name, bytes, Some(&etag)).await
    {
        return End::Written(etag);
    }
    end
}

/// The tag of whatever is there.
pub(in crate::state) async fn there(objects: &dyn Objects, name: &str) -> Option<Etag> {
    objects.read(name).await.ok()?.map(|o| o.etag)
}
