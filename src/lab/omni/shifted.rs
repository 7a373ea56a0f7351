//! Times that a client counts ages by. Machines and controllers of a lab live by a clock of their own, which stands still while
//! nobody waits; the age of a backup is counted by the client's clock, as signatures are.

use std::borrow::Cow;

use serde_json::Value;

use super::store::Resource;

/// A resource as a client sees it whose clock is `ahead` seconds of the world's.
pub(super) fn shifted(resource: &Resource, ahead: i64) -> Cow<'_, Resource> {
    if resource.key.kind != "EtcdBackupStatuses.omni.sidero.dev" || ahead == 0 {
        return Cow::Borrowed(resource);
    }
    let mut out = resource.clone();
    for key in ["last_backup_time", "last_backup_attempt"] {
        let at = out.spec.get(key).and_then(Value::as_str).and_then(|t| t.parse::<jiff::Timestamp>().ok());
        let moved = at.and_then(|at| at.as_second().checked_add(ahead));
        if let (Some(at), Some(slot)) =
            (moved.and_then(|at| jiff::Timestamp::from_second(at).ok()), out.spec.get_mut(key))
        {
            *slot = at.to_string().into();
        }
    }
    Cow::Owned(out)
}
