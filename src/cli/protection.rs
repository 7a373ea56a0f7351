//! What the spec let plans do at the last complete apply, kept in the record: neither protection nor a rule ends in the change
//! that needs its end.

use std::collections::BTreeSet;

use super::fail::Fail;
use crate::address::Glob;
use crate::plan::Desired;
use crate::state::hold::Hold;
use crate::state::model::{KeptPolicy, Record};
use crate::state::store::{Store, Version};

/// Brings the record up to date, if there is one and it says otherwise; gives what is stored then.
pub(super) async fn remember(
    store: &dyn Store,
    hold: &dyn Hold,
    record: Option<Record>,
    desired: &Desired,
    policy: KeptPolicy,
) -> Result<Option<Record>, Fail> {
    let Some(mut record) = record else { return Ok(None) };
    let wanted: BTreeSet<Glob> = desired.lifecycle.protect.iter().map(|p| p.glob.clone()).collect();
    if record.protect == wanted && record.policy.as_ref() == Some(&policy) {
        return Ok(Some(record));
    }
    let base = Version::of(&record);
    record.protect = wanted;
    record.policy = Some(policy);
    record.serial += 1;
    store.swap(Some(&base), &record).await?;
    hold.stored(&record);
    Ok(Some(record))
}
