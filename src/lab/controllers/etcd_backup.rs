//! Backups of etcd: by hand (`EtcdManualBackups`) and by the interval of a cluster. Nobody is woken for them: a backup that
//! became due while nobody looked counts as taken at its time.

use serde_json::{Value, json};

use super::super::omni::{Key, Resource};
use super::super::world::Pass;
use super::bootstrap;
use super::view::flag;

const OK: u32 = 1;

/// One look at every cluster; a cluster without any attempt has no status.
pub fn run(pass: &mut Pass<'_>) {
    let clusters = pass.all("Clusters");
    for status in pass.all("EtcdBackupStatuses") {
        if !clusters.iter().any(|c| c.key.id == status.key.id) {
            pass.destroy("EtcdBackupStatuses", &status.key.id);
        }
    }
    for cluster in clusters {
        let id = cluster.key.id.clone();
        if !bootstrap::done(pass, &id) {
            continue;
        }
        let by_hand = pass.get("EtcdManualBackups", &id).and_then(|b| seconds(b.spec.get("backup_at")?));
        let known =
            pass.get("EtcdBackupStatuses", &id).and_then(|s| seconds(s.spec.get("last_backup_time")?));
        let by_clock = flag(&cluster, "/backup_configuration/enabled")
            .then(|| cluster.spec.pointer("/backup_configuration/interval").and_then(interval))
            .flatten()
            .and_then(|every| {
                let first = pass.get("ClusterBootstrapStatuses", &id)?.created;
                let passed = pass.unix().checked_sub(first)?;
                Some(first + passed / every * every)
            });
        let Some(last) = [by_hand, known, by_clock].into_iter().flatten().max() else { continue };
        let Ok(at) = jiff::Timestamp::from_second(last) else { continue };
        let spec = json!({ "status": OK, "last_backup_time": at.to_string(), "last_backup_attempt": at.to_string() });
        let status = Resource::new(Key::of("EtcdBackupStatuses", &id), spec);
        pass.put(status.owned_by("EtcdBackupController"));
    }
}

fn seconds(value: &Value) -> Option<i64> {
    value.as_str()?.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// `3600s`, in whole seconds.
fn interval(value: &Value) -> Option<i64> {
    let text = value.as_str()?.strip_suffix('s')?;
    let whole = text.split('.').next()?.parse::<i64>().ok()?;
    (whole > 0).then_some(whole)
}
