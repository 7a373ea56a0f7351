//! Who wrote something last, by Omni's audit log, where the key may read it. It explains; nothing depends on it.

use std::collections::BTreeMap;

use super::connect::Connection;
use crate::resource::ResourceId;

/// The last writers by object, from the days around `times`: events come with a delay, and clocks differ. Safe to print.
pub(super) async fn authors(
    connection: &Connection,
    times: &[jiff::Timestamp],
) -> BTreeMap<ResourceId, (String, i128)> {
    let day = |time: Option<&jiff::Timestamp>, hours: i64| {
        let time = time?.checked_add(jiff::SignedDuration::from_hours(hours)).ok()?;
        Some(time.strftime("%Y-%m-%d").to_string())
    };
    let (Some(start), Some(end)) = (day(times.iter().min(), -24), day(times.iter().max(), 24)) else {
        return BTreeMap::new();
    };
    let mut events = connection.omni.audit(&start, &end).await.unwrap_or_default();
    events.sort_by_key(|e| e.at);
    let one = |e: crate::wire::omni::AuditEvent| {
        (ResourceId { kind: e.kind, namespace: "default".to_owned(), id: e.id }, (e.who, e.at))
    };
    events.into_iter().map(one).collect()
}
