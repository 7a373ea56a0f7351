//! Whether a fresh plan does what a saved one does, and if not, why.

use super::actions::{ActionChange, changes, digest, others};
use super::body::Body;
use super::header::SavedPlan;
use super::reads::{Read, ReadChange, Role, What};
use crate::live::Snapshot;
use crate::plan::Plan;
use crate::secret::DigestKey;

/// Why a saved plan is not true any more.
#[derive(Clone, Debug, PartialEq)]
pub struct Stale {
    /// Objects that are not what the plan saw; those that it writes first.
    pub objects: Vec<ReadChange>,
    /// Steps that the fresh plan has not, has besides, or has otherwise.
    pub actions: Vec<ActionChange>,
    /// What else differs, in words.
    pub others: Vec<&'static str>,
}

impl SavedPlan {
    /// Compares with a plan that was made from the same files and `snapshot`. `key` is the one that made the digests of the
    /// saved plan ([`SavedPlan::digest_key`]).
    ///
    /// # Errors
    /// [`Stale`] when the fresh plan does not do the same, or when an object that it writes was made anew. Otherwise what
    /// changed meanwhile without a consequence.
    pub fn agrees(
        &self,
        fresh: &Plan,
        snapshot: &Snapshot,
        key: Option<&DigestKey>,
    ) -> Result<Vec<ReadChange>, Stale> {
        let body = Body::of(fresh, key);
        let planned = self.plan.plan();
        let objects = Read::changes(&self.reads, &planned, snapshot, key);
        let anew = objects.iter().any(|o| o.role == Role::Write && o.what == What::MadeAnew);
        if digest(&body) == self.digest && !anew {
            return Ok(objects);
        }
        Err(Stale { objects, actions: changes(&self.plan, &body), others: others(&self.plan, &body) })
    }
}
