//! The last backup of a cluster's etcd, as Omni tells of it.

use super::{Observation, OmniSnapshot, Reason};
use crate::value::Value;

/// What Omni says of the backups of one cluster (`EtcdBackupStatus`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// When the last one that worked was taken, Unix seconds; `None` if none ever did.
    pub last: Option<i64>,
    /// The same as answered (RFC 3339).
    pub shown: Option<String>,
    /// Why the last attempt failed, as answered; `None` if it did not.
    pub error: Option<String>,
}

/// `status` of an attempt that failed.
const FAILED: i128 = 2;

impl OmniSnapshot {
    /// The backups of a cluster. Absent: none was ever tried, for Omni makes the status with the first attempt.
    pub fn backup(&self, cluster: &str) -> Observation<Backup> {
        let full = format!("EtcdBackupStatuses{}", crate::resource::TYPE_SUFFIX);
        match self.types.get(&full) {
            Some(Observation::Known(_)) => {}
            Some(Observation::Unknown(reason)) => return Observation::Unknown(reason.clone()),
            Some(Observation::Absent) => {
                return Observation::Unknown(Reason("this Omni does not tell of backups".to_owned()));
            }
            None => return Observation::Unknown(Reason("it was not read".to_owned())),
        }
        let Some(status) = self.find("EtcdBackupStatuses", cluster) else { return Observation::Absent };
        let spec = &status.resource.spec;
        let text = |key: &str| spec.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let shown = text("last_backup_time");
        let last = shown.and_then(|t| t.parse::<jiff::Timestamp>().ok()).map(jiff::Timestamp::as_second);
        if shown.is_some() && last.is_none() {
            return Observation::Unknown(Reason("the time of the last backup cannot be read".to_owned()));
        }
        let failed = spec.get("status").and_then(Value::as_int) == Some(FAILED);
        let error = failed.then(|| text("error").unwrap_or("no reason given").to_owned());
        Observation::Known(Backup { last, shown: shown.map(str::to_owned), error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{LiveResource, Phase, Resource, ResourceId};
    use std::collections::BTreeMap;

    fn seen(spec: &str) -> OmniSnapshot {
        let mut resource = Resource::new(ResourceId {
            kind: "EtcdBackupStatuses.omni.sidero.dev".into(),
            namespace: "metrics".into(),
            id: "dev".into(),
        });
        resource.spec = Value::from_json(&serde_json::from_str(spec).unwrap());
        let live = LiveResource {
            resource,
            version: 1,
            phase: Phase::Running,
            owner: "EtcdBackupController".into(),
            finalizers: vec![],
            created: String::new(),
            updated: String::new(),
        };
        OmniSnapshot {
            endpoint: String::new(),
            version: Observation::Absent,
            types: BTreeMap::from([(
                "EtcdBackupStatuses.omni.sidero.dev".into(),
                Observation::Known(vec![live]),
            )]),
        }
    }

    #[test]
    fn unknown_never_and_failed_are_told_apart() {
        let table = [
            (r#"{"status":1,"last_backup_time":"2026-03-11T00:00:00Z"}"#, Some(1_773_187_200), None),
            (r#"{"status":2,"error":"no bucket"}"#, None, Some("no bucket")),
            (
                r#"{"status":2,"last_backup_time":"2026-03-11T00:00:00.5Z"}"#,
                Some(1_773_187_200),
                Some("no reason given"),
            ),
            (r#"{"status":3}"#, None, None),
        ];
        for (spec, last, error) in table {
            let Observation::Known(backup) = seen(spec).backup("dev") else { panic!("{spec}") };
            assert_eq!((backup.last, backup.error.as_deref()), (last, error), "{spec}");
        }
        assert_eq!(seen("{}").backup("other"), Observation::Absent);
        assert!(seen(r#"{"last_backup_time":"yesterday"}"#).backup("dev").unknown().is_some());
        let mut gap = seen("{}");
        gap.types.clear();
        assert!(gap.backup("dev").unknown().is_some());
    }
}
