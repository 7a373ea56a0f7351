//! Our own writes of the last seconds: reads may lag behind them, and what contradicts them is not believed at once.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::resource::{LiveResource, ResourceId};
use crate::wire::omni::Call;

/// How long after a write a contradiction may still be lag.
const FRESH: Duration = Duration::from_secs(5);

/// What a later read must show after our own write.
#[derive(Clone, Debug)]
pub(super) struct Written {
    /// Monotonic time of the answer.
    at: Duration,
    /// The version that we replaced, 0 for a create.
    replaced: u64,
    /// Creation time of what we replaced: another one means that somebody made the id anew.
    created: String,
}

impl Written {
    /// Whether a read is older than our own write.
    pub(super) fn is_missing_in(&self, seen: Option<&LiveResource>) -> bool {
        match seen {
            None => self.replaced == 0,
            Some(live) => live.version <= self.replaced && live.created == self.created,
        }
    }
}

/// Our own writes. `now` is monotonic time throughout.
#[derive(Default)]
pub(super) struct OwnWrites(Mutex<BTreeMap<ResourceId, Written>>);

impl OwnWrites {
    fn all(&self) -> MutexGuard<'_, BTreeMap<ResourceId, Written>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn remember(&self, now: Duration, id: &ResourceId, replaced: u64, created: &str) {
        let mut all = self.all();
        all.retain(|_, w| now.saturating_sub(w.at) < FRESH);
        all.insert(id.clone(), Written { at: now, replaced, created: created.to_owned() });
    }

    pub(super) fn forget(&self, id: &ResourceId) {
        self.all().remove(id);
    }

    /// The fresh ones of a type and namespace (and id, where one is asked for).
    pub(super) fn fresh(&self, now: Duration, call: &Call) -> Vec<(ResourceId, Written)> {
        let t = &call.target;
        self.all()
            .iter()
            .filter(|(id, w)| {
                id.kind == t.kind
                    && id.namespace == t.namespace
                    && (t.id.is_empty() || id.id == t.id)
                    && now.saturating_sub(w.at) < FRESH
            })
            .map(|(id, w)| (id.clone(), w.clone()))
            .collect()
    }
}
