//! A saved plan is good for one run: which one is written down before anything is sent.

use super::apply::Outside;
use crate::state::model::{Record, Used};
use crate::state::store::{StoreError, Version, identity};

/// How long after its end a used plan is remembered, in seconds: clocks of two machines may differ.
const GRACE: i64 = 86_400;

/// Writes down, by compare-and-set, that the plan of which `file` is the SHA-256 is used by a run, and returns the record as
/// it is stored then. Of two runs that try at once, one is told [`StoreError::Conflict`].
///
/// # Errors
/// The record cannot be written; then nothing may be sent.
pub async fn claim(
    outside: Outside<'_>,
    omni: &str,
    record: Option<Record>,
    file: &str,
    used: Used,
) -> Result<Record, StoreError> {
    let old = record.as_ref().map(Version::of);
    let mut next = record.unwrap_or_else(|| Record::new(identity(outside.rng), omni));
    next.used.retain(|_, u| u.expires.saturating_add(GRACE) > used.at);
    next.used.insert(file.to_owned(), used);
    next.serial += 1;
    outside.store.swap(old.as_ref(), &next).await?;
    outside.hold.stored(&next);
    Ok(next)
}
