//! Clusters: name, versions, features, backups, lock.

use serde_json::Value;

use super::labels::{CLUSTER_LOCKED, IMPORTING};
use super::talos_version::{go_duration, minor, usable};
use super::{Context, Reasons, Write};
use crate::lab::omni::proto::duration_parts;
use crate::lab::omni::store::{Key, Resource};

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    match write {
        Write::Create(new) => {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if !new.key.id.chars().all(fits) {
                reasons.push("name should only contain letters, digits, dashes and underscores".to_owned());
            }
            versions(context, None, new, reasons);
            encryption(new, reasons);
            discovery(context, None, new, reasons);
            backup(context, new, reasons);
        }
        Write::Update(old, new) => {
            let importing =
                old.annotations.contains_key(IMPORTING) || new.annotations.contains_key(IMPORTING);
            let locked = |r: &Resource| r.annotations.contains_key(CLUSTER_LOCKED);
            if locked(old) && locked(new) && !importing {
                let name = &new.key.id;
                reasons.push(format!(
                    "updating cluster configuration is not allowed: the cluster \"{name}\" is locked"
                ));
            }
            if !old.tearing_down() {
                versions(context, Some(old), new, reasons);
            }
            if feature(old, "disk_encryption") != feature(new, "disk_encryption") {
                reasons.push("updating disk encryption settings is not allowed".to_owned());
            }
            discovery(context, Some(old), new, reasons);
            backup(context, new, reasons);
        }
        Write::Teardown(old) => {
            if old.annotations.contains_key(CLUSTER_LOCKED) {
                let name = &old.key.id;
                reasons.push(format!("deletion is not allowed: the cluster \"{name}\" is locked"));
            }
        }
    }
}

/// Whether a switch of the cluster is on.
fn feature(cluster: &Resource, name: &str) -> bool {
    cluster.spec.pointer(&format!("/features/{name}")).and_then(Value::as_bool) == Some(true)
}

fn versions(context: &Context<'_>, old: Option<&Resource>, new: &Resource, reasons: &mut Reasons) {
    let (talos, kubernetes) = (new.text("/talos_version"), new.text("/kubernetes_version"));
    let (was_talos, was_kubernetes) =
        (old.map(|o| o.text("/talos_version")), old.map(|o| o.text("/kubernetes_version")));
    if was_talos == Some(talos) && was_kubernetes == Some(kubernetes) {
        return;
    }
    let before = reasons.len();
    let found = usable(context, talos, was_talos, reasons);
    if was_talos.is_some_and(|was| was != talos) {
        // The lowest minor is the one the cluster was created with.
        let initial = context.store.get(&Key::of("ClusterConfigVersions", &new.key.id));
        let initial = initial.map_or_else(
            || was_talos.unwrap_or("").to_owned(),
            |r| r.text("/version").trim_start_matches('v').to_owned(),
        );
        if minor(talos) < minor(&initial) {
            reasons.push(format!("downgrading from version \"{initial}\" to \"{talos}\" is not supported"));
        }
    }
    if reasons.len() > before {
        return;
    }
    let fits = found.is_some_and(|f| {
        let list = f.spec.get("compatible_kubernetes_versions").and_then(Value::as_array);
        list.is_some_and(|l| l.iter().any(|v| v.as_str() == Some(kubernetes)))
    });
    if !fits {
        reasons.push(format!(
            "invalid kubernetes version \"{kubernetes}\": is not compatible with talos version \"{talos}\""
        ));
        return;
    }
    if let Some(was) = was_kubernetes.filter(|was| *was != kubernetes) {
        upgrade(context, new, was, kubernetes, reasons);
    }
}

/// Same or next minor; an upgrade under way may go back to where it came from.
fn upgrade(context: &Context<'_>, new: &Resource, from: &str, to: &str, reasons: &mut Reasons) {
    let ((major, low), (to_major, to_minor)) = (minor(from), minor(to));
    let status = context.store.get(&Key::of("KubernetesUpgradeStatuses", &new.key.id));
    let back = status.is_some_and(|s| {
        let running = matches!(s.spec.get("phase").and_then(Value::as_u64), Some(1 | 4));
        running && s.text("/last_upgrade_version") == to
    });
    if !back && (major != to_major || to_minor < low || to_minor > low + 1) {
        reasons.push(format!("kubernetes version is not supported for upgrade to \"{to}\" from \"{from}\""));
    }
}

fn encryption(new: &Resource, reasons: &mut Reasons) {
    if feature(new, "disk_encryption") && minor(new.text("/talos_version")) < (1, 5) {
        reasons.push("disk encryption is supported only for Talos version >= 1.5.0".to_owned());
    }
}

fn discovery(context: &Context<'_>, old: Option<&Resource>, new: &Resource, reasons: &mut Reasons) {
    let (embedded, closed) =
        (feature(new, "use_embedded_discovery_service"), feature(new, "disable_public_discovery_service"));
    let offered = context
        .store
        .get(&Key::of("FeaturesConfigs", "features-config"))
        .is_some_and(|f| f.spec.get("embedded_discovery_service").and_then(Value::as_bool) == Some(true));
    if embedded && !offered && !old.is_some_and(|o| feature(o, "use_embedded_discovery_service")) {
        reasons.push("embedded discovery service is not enabled".to_owned());
    }
    if closed && !old.is_some_and(|o| feature(o, "disable_public_discovery_service")) {
        let initial = old.and_then(|o| context.store.get(&Key::of("ClusterConfigVersions", &o.key.id)));
        let initial =
            initial.map_or_else(|| new.text("/talos_version").to_owned(), |r| r.text("/version").to_owned());
        if minor(&initial) < (1, 14) {
            reasons.push("disabling the public discovery service requires Talos version >= 1.14".to_owned());
        }
        if !embedded {
            reasons.push(
                "disabling the public discovery service requires the embedded discovery service".to_owned(),
            );
        }
    }
}

fn backup(context: &Context<'_>, new: &Resource, reasons: &mut Reasons) {
    let Some(backup) = new.spec.get("backup_configuration") else { return };
    let settings = context.store.get(&Key::of("FeaturesConfigs", "features-config"));
    let bound = |name: &str, fallback: u64| {
        let text = settings.as_ref().map_or("", |s| s.text(&format!("/etcd_backup_settings/{name}")));
        duration_parts(text).map_or(fallback, |(seconds, _)| seconds)
    };
    let (low, high) = (bound("min_interval", 3600), bound("max_interval", 86400));
    let interval = backup
        .get("interval")
        .and_then(Value::as_str)
        .and_then(duration_parts)
        .map_or(0, |(seconds, _)| seconds);
    if interval < low {
        reasons.push(format!(
            "backup interval must be greater than {}, actual {}",
            go_duration(low),
            go_duration(interval)
        ));
    } else if interval > high {
        reasons.push(format!(
            "backup interval must be less than {}, actual {}",
            go_duration(high),
            go_duration(interval)
        ));
    }
}
