//! The lease of a record in an object store: who may write, until when, and what they were about to send. Pure rules; the
//! heart that beats is in `heartbeat`.
//!
//! It is one object beside the record, written only with the entity tag that its writer last saw. A holder writes it every
//! third of its life, and before every mutating call: that one write is the note of the call, the proof that the hold still
//! stands, and the heartbeat. A successor takes it over when the store's own clock says that it was not written for its
//! whole life, or when the successor itself has watched it not move for that long; nobody's wall clock is compared with
//! anybody else's.
//!
//! Safety does not rest on time alone. A holder that slept past its lease finds its next write refused. What it may have
//! sent in between is noted in the lease that its successor took over, and is looked up first.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::conditional::Etag;
use super::envelope::{self, Broken};
use super::hold::Loss;
use super::journal::Intent;
use super::store::{Occupant, StoreError};

/// Version of the format.
pub const FORMAT: u32 = 1;
/// Life of a lease without a heartbeat, seconds.
pub const TTL: u64 = 60;
/// Shortest and longest life that is believed of a lease that is found, seconds.
const LIVES: (u64, u64) = (2, 600);
/// What a clock that counts whole seconds may be wrong, plus the way of an answer.
const SLACK: Duration = Duration::from_secs(3);

/// Who holds it, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// `user@host`, or `github run 8123 (main @ 77aa001)`.
    pub who: String,
    /// Machine.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// Page of the pipeline's run; `https://…`.
    pub url: Option<String>,
    /// `apply`.
    pub purpose: String,
}

/// The object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lease {
    /// Identity of one holding; new for every run.
    pub id: String,
    /// Raised by every run that takes it.
    pub fence: u64,
    /// Raised by every write of one holding.
    pub beat: u64,
    /// Whether somebody holds it. A lease that was given back stays, so that there is always one to compare with.
    pub held: bool,
    /// Who.
    pub holder: Holder,
    /// When it was taken, Unix time by the holder's clock; for people only.
    pub since: u64,
    /// Last write, Unix time by the holder's clock; for people only.
    pub heartbeat: u64,
    /// Life without a write, seconds.
    pub ttl: u64,
    /// Lineage and serial of the record as last stored: one that is older was brought back by somebody.
    pub record: Option<(String, u64)>,
    /// SHA-256 of that record's content: another one under its number was put there by somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_digest: Option<String>,
    /// Calls that were about to be sent and are not known to be in the record.
    pub open: Vec<Intent>,
}

impl Lease {
    /// Its life, within reason.
    pub fn life(&self) -> Duration {
        Duration::from_secs(self.ttl.clamp(LIVES.0, LIVES.1))
    }
}

/// The object's bytes, in their envelope (`state::envelope`).
pub fn encode(lease: &Lease) -> Result<Vec<u8>, StoreError> {
    envelope::wrap("lease", FORMAT, lease)
        .map_err(|e| StoreError::Unavailable(format!("the lease cannot be written down: {e}")))
}

/// Reads what [`encode`] wrote. `path` is for messages only.
pub fn decode(path: &str, bytes: &[u8]) -> Result<Lease, StoreError> {
    envelope::open("lease", FORMAT, bytes).map_err(|broken| match broken {
        Broken::Newer(found) => StoreError::Newer { path: path.to_owned(), found },
        Broken::Damaged(why) => StoreError::Lease { path: path.to_owned(), why },
    })
}

/// Whether a lease may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nobody holds it.
    Free,
    /// Its holder has not written for its whole life.
    Expired,
    /// Its holder may be alive.
    Held {
        /// How long it is known not to have written.
        quiet: Duration,
        /// Worth another look after this.
        left: Duration,
    },
}

/// Watches somebody else's lease.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    seen: Option<(Etag, Duration)>,
}

impl Watch {
    /// Judges a lease that a read, which ended at monotonic time `now`, has shown. `idle` is how long the store says that it
    /// was not written, by the store's own clock at both ends.
    pub fn judge(&mut self, now: Duration, etag: &Etag, lease: &Lease, idle: Option<Duration>) -> Verdict {
        if !lease.held {
            return Verdict::Free;
        }
        let since = match &self.seen {
            Some((seen, since)) if seen == etag => *since,
            _ => {
                self.seen = Some((etag.clone(), now));
                now
            }
        };
        let life = lease.life() + SLACK;
        let watched = now.saturating_sub(since);
        let still = idle.map_or(watched, |idle| idle.max(watched));
        if still >= life {
            Verdict::Expired
        } else {
            Verdict::Held { quiet: still, left: life.saturating_sub(still) }
        }
    }
}

/// A record that was stored under the lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Identity of the chain.
    pub lineage: String,
    /// Place in it.
    pub serial: u64,
    /// SHA-256 of its content.
    pub digest: Option<String>,
}

/// One's own lease while one holds it.
#[derive(Clone, Debug)]
pub struct Tenure {
    lease: Lease,
    etag: Etag,
    /// Monotonic time just before the last write that was taken in was sent.
    sent: Duration,
    loss: Option<Loss>,
}

/// The lease that takes over from what was found.
pub fn claim(found: Option<&Lease>, id: String, holder: Holder, ttl: u64, unix: u64) -> Lease {
    let lease = Lease {
        id,
        fence: found.map_or(1, |l| l.fence.saturating_add(1)),
        beat: 0,
        held: true,
        holder,
        since: unix,
        heartbeat: unix,
        ttl,
        record: found.and_then(|l| l.record.clone()),
        record_digest: found.and_then(|l| l.record_digest.clone()),
        // Whatever was open stays open until it is resolved.
        open: found.map(|l| l.open.clone()).unwrap_or_default(),
    };
    #[cfg(test)]
    let lease = super::tests::flaw::claimed(lease, found);
    lease
}

impl Tenure {
    /// Begins with the write that took it.
    pub fn new(lease: Lease, etag: Etag, sent: Duration) -> Self {
        Self { lease, etag, sent, loss: None }
    }
    /// As last written.
    pub fn lease(&self) -> &Lease {
        &self.lease
    }
    /// The tag that the next write names.
    pub fn etag(&self) -> &Etag {
        &self.etag
    }
    /// Why it is over, if it is.
    pub fn loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }
    /// Whether a call may be sent now: less than half a life has passed since the store last agreed.
    pub fn stands(&self, now: Duration) -> bool {
        self.loss.is_none() && now.saturating_sub(self.sent) < self.lease.life() / 2
    }
    /// How long a write may take before nothing may rely on it.
    pub fn left(&self, now: Duration) -> Duration {
        (self.sent + self.lease.life()).saturating_sub(now).min(self.lease.life() / 2)
    }
    /// How long the next regular write may wait; a third of a life after the last.
    pub fn due(&self, now: Duration) -> Duration {
        (self.sent + self.lease.life() / 3).saturating_sub(now)
    }
    /// The next write.
    pub fn next(&self, unix: u64, open: Vec<Intent>, record: Option<Stored>, held: bool) -> Lease {
        let mut next = self.lease.clone();
        next.beat = next.beat.saturating_add(1);
        next.heartbeat = unix;
        next.open = open;
        next.held = held;
        if let Some(Stored { lineage, serial, digest }) = record {
            (next.record, next.record_digest) = (Some((lineage, serial)), digest);
        }
        next
    }
    /// A write that was sent at `sent` was taken in.
    pub fn written(&mut self, lease: Lease, etag: Etag, sent: Duration) {
        (self.lease, self.etag, self.sent) = (lease, etag, sent);
    }
    /// A write was not: somebody else has it.
    pub fn taken(&mut self, by: Option<&Lease>) {
        let who = by.map_or_else(|| "another run".to_owned(), |l| shown(&l.holder));
        self.lose(Loss { why: format!("the lease was taken over by {who}"), taken: true });
    }
    /// A write is not known to be taken in. The hold ends with the first half of its life.
    pub fn unanswered(&mut self, now: Duration, why: &str) {
        if self.loss.is_none() && !self.stands(now) {
            let why = format!("the lease could not be renewed in time: {why}");
            self.lose(Loss { why, taken: false });
        }
    }
    fn lose(&mut self, loss: Loss) {
        if self.loss.is_none() {
            self.loss = Some(loss);
        }
    }
}

/// Whoever holds a lease, for people.
pub fn occupant(lease: &Lease, quiet: Duration, left: Duration) -> Occupant {
    let line = |text: &str| crate::untrusted::Untrusted::new(text).line(160);
    Occupant {
        who: shown(&lease.holder),
        purpose: line(&lease.holder.purpose),
        url: lease.holder.url.as_deref().map(line),
        id: line(&lease.id),
        since: lease.since,
        quiet,
        left,
    }
}

/// A holder for people, on one line.
pub fn shown(holder: &Holder) -> String {
    crate::untrusted::Untrusted::new(holder.who.as_str()).line(120)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> Lease {
        let mut lease = claim(None, "a1".into(), Holder::default(), TTL, 1_000);
        lease.record = Some(("chain".into(), 7));
        lease
    }
    fn etag(n: u32) -> Etag {
        Etag::parse(&format!("\"{n}\"")).unwrap()
    }
    fn s(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn every_cut_and_every_flipped_byte_of_a_lease_is_noticed() {
        let bytes = encode(&lease()).unwrap();
        assert_eq!(decode("l", &bytes).unwrap(), lease());
        for n in 0..bytes.len() {
            assert!(matches!(decode("l", &bytes[..n]), Err(StoreError::Lease { .. })), "cut at {n}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[n] ^= 1 << bit;
                match decode("l", &flipped) {
                    Err(StoreError::Lease { .. } | StoreError::Newer { .. }) => {}
                    other => panic!("byte {n} bit {bit}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_lease_is_taken_after_its_whole_life_and_not_before() {
        let held = lease();
        let mut watch = Watch::default();
        // Fresh by the store's clock; the holder's own clock says something else, and nobody asks it.
        assert!(matches!(watch.judge(s(0), &etag(1), &held, Some(s(5))), Verdict::Held { .. }));
        assert!(matches!(watch.judge(s(50), &etag(1), &held, Some(s(55))), Verdict::Held { .. }));
        assert_eq!(watch.judge(s(51), &etag(1), &held, Some(s(TTL + 3))), Verdict::Expired);
        // Without ages only watching counts, and every beat starts it anew.
        let mut watch = Watch::default();
        assert!(
            matches!(watch.judge(s(100), &etag(1), &held, None), Verdict::Held { quiet, .. } if quiet == s(0))
        );
        assert!(matches!(watch.judge(s(162), &etag(1), &held, None), Verdict::Held { .. }));
        assert!(
            matches!(watch.judge(s(163), &etag(2), &held, None), Verdict::Held { quiet, .. } if quiet == s(0))
        );
        assert_eq!(watch.judge(s(226), &etag(2), &held, None), Verdict::Expired);
        let free = Lease { held: false, ..held };
        assert_eq!(watch.judge(s(0), &etag(3), &free, Some(s(0))), Verdict::Free);
    }

    #[test]
    fn a_life_that_is_found_is_believed_within_reason() {
        let endless = Lease { ttl: u64::MAX, ..lease() };
        assert_eq!(endless.life(), s(600));
        assert_eq!(Lease { ttl: 0, ..lease() }.life(), s(2));
    }

    #[test]
    fn a_holder_stops_at_half_its_life_and_for_good() {
        let mut tenure = Tenure::new(lease(), etag(1), s(10));
        assert!(tenure.stands(s(39)) && !tenure.stands(s(40)));
        assert_eq!(tenure.due(s(10)), s(20));
        tenure.unanswered(s(39), "no answer");
        assert_eq!(tenure.loss(), None, "there is time for another attempt");
        let next = tenure.next(5, Vec::new(), None, true);
        assert_eq!((next.beat, next.record.clone()), (1, Some(("chain".into(), 7))));
        tenure.written(next, etag(2), s(38));
        assert!(tenure.stands(s(67)));
        tenure.unanswered(s(68), "no answer");
        assert!(tenure.loss().is_some_and(|l| !l.taken));
        tenure.taken(Some(&lease()));
        assert!(tenure.loss().is_some_and(|l| !l.taken), "the first reason stays");
        assert!(!tenure.stands(s(38)));
    }

    #[test]
    fn whoever_takes_over_has_a_higher_number_and_is_told_everything() {
        let old = Lease { fence: 7, ..lease() };
        let new = claim(Some(&old), "b2".into(), Holder::default(), 30, 2_000);
        assert_eq!((new.fence, new.beat, new.held, new.record), (8, 0, true, old.record));
        assert_eq!(
            claim(Some(&Lease { fence: u64::MAX, ..lease() }), String::new(), Holder::default(), 30, 0).fence,
            u64::MAX
        );
    }
}
