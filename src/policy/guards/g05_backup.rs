//! G05: the age of backups. Not built.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G05",
    name: "backup-stale",
    built: false,
    when: "A change of control planes, versions or encryption while the last backup of etcd is older than `policy.etcd_backup_max_age`.",
    does: "Nothing yet: the age of backups is not read in this version.",
    lift: "nothing, since it does not speak",
    why: "A backup is the only way back when etcd is lost.",
    codes: &[],
    acknowledged: false,
};
