//! Types with a rule or two.

use serde_json::Value;

use super::labels::{CLUSTER, required};
use super::machine_class::kernel_args;
use super::{Context, Reasons, Write};
use crate::lab::omni::proto::duration_parts;
use crate::lab::omni::store::Key;

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let Some(new) = write.wanted() else {
        if write.stored().is_some_and(|r| r.key.kind.starts_with("DefaultJoinTokens.")) {
            reasons.push("deleting the default join token is not allowed".to_owned());
        }
        return;
    };
    let create = matches!(write, Write::Create(_));
    match new.key.kind.strip_suffix(".omni.sidero.dev").unwrap_or("") {
        "KernelArgs" => kernel_args("kernel args", new.spec.get("args"), reasons),
        "KubernetesManifestGroups" => required(new, CLUSTER, reasons),
        "KubernetesHealthChecks" => {
            let interval = duration_parts(new.text("/interval")).map_or(0, |(seconds, _)| seconds);
            if interval < 5 {
                reasons.push(format!("interval must be at least 5s, actual {interval}s"));
            }
        }
        "MachineInstallDiskConfigs"
            if new.text("/disk").is_empty() == new.text("/disk_selector").is_empty() =>
        {
            reasons.push("exactly one of disk and disk_selector must be set".to_owned());
        }
        "EtcdManualBackups" => manual_backup(context, new.text("/backup_at"), reasons),
        "NodeForceDestroyRequests" if create => {
            let key = Key::of("ClusterMachines", &new.key.id);
            if context.store.get(&key).is_none() {
                reasons.push(format!("failed to get: resource {} doesn't exist", key.at("undefined")));
            }
        }
        "EtcdBackupS3Configs" => well_known(&new.key.id, "etcd-backup-s3-conf", reasons),
        "AccessPolicies" => {
            well_known(&new.key.id, "access-policy", reasons);
            roles(context, &new.spec, reasons);
        }
        "DefaultJoinTokens" => well_known(&new.key.id, "default", reasons),
        "InfraProviderStatuses" | "InfraProviderHealthStatuses" => {
            if let Some(id) = context.provider.filter(|id| *id != new.key.id) {
                reasons.push(format!("resource ID must match the infra provider ID \"{id}\""));
            }
        }
        _ => {}
    }
}

fn well_known(id: &str, wanted: &str, reasons: &mut Reasons) {
    if id != wanted {
        reasons.push(format!("resource ID must be \"{wanted}\""));
    }
}

fn manual_backup(context: &Context<'_>, at: &str, reasons: &mut Reasons) {
    let at = at.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
    if at.abs_diff(context.now) > 60 {
        reasons.push("backup_at must be within one minute of the current time".to_owned());
    }
}

/// Policies give None, Reader, Operator or Admin; 1.9 has no Auditor and takes InfraProvider.
fn roles(context: &Context<'_>, policy: &Value, reasons: &mut Reasons) {
    for rule in policy.get("rules").and_then(Value::as_array).into_iter().flatten() {
        match rule.get("role").and_then(Value::as_str).unwrap_or("None") {
            "None" | "Reader" | "Operator" | "Admin" => {}
            "InfraProvider" if !context.version.knows_new() => {}
            role @ ("Auditor" | "InfraProvider") if context.version.knows_new() => {
                reasons.push(format!("role \"{role}\" cannot be assigned by an access policy"));
            }
            role => reasons.push(format!("unknown role to parse: \"{role}\"")),
        }
    }
}
