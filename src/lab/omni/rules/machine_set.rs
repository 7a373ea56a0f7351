//! Machine sets: labels, ids, classes, locks.

use serde_json::Value;

use super::labels::{CLUSTER, CLUSTER_LOCKED, CONTROL_PLANE, MACHINE_SET, WORKER, fixed, required};
use super::{Context, Reasons, Write};
use crate::lab::omni::store::{Key, Resource};

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    let (old, new) = match write {
        Write::Create(new) => (None, *new),
        Write::Update(old, new) => (Some(*old), *new),
        Write::Teardown(old) => {
            locked(context, old, "removing", "from", reasons);
            return;
        }
    };
    match old {
        None => required(new, CLUSTER, reasons),
        Some(old) => fixed(old, new, CLUSTER, reasons),
    }
    let name = new.labelled(CLUSTER).unwrap_or("");
    let Some(cluster) = context.store.get(&Key::of("Clusters", name)) else {
        reasons.push(format!("the cluster \"{name}\" does not exist"));
        return;
    };
    if cluster.tearing_down() && old.is_none() {
        reasons.push(format!("the cluster \"{name}\" is tearing down"));
        return;
    }
    let (doing, side) = if old.is_some() { ("updating", "on") } else { ("adding", "to") };
    locked(context, new, doing, side, reasons);
    role(context, old, new, name, reasons);
    if let Some(old) = old {
        switching(context, old, new, reasons);
    }
    allocation(context, new, reasons);
    bootstrap(context, old, new, reasons);
}

fn locked(context: &Context<'_>, set: &Resource, doing: &str, side: &str, reasons: &mut Reasons) {
    let name = set.labelled(CLUSTER).unwrap_or("");
    let cluster = context.store.get(&Key::of("Clusters", name));
    // The machine sets of a cluster that is being deleted go with it.
    if cluster.is_some_and(|c| c.annotations.contains_key(CLUSTER_LOCKED) && !c.tearing_down()) {
        let id = &set.key.id;
        reasons.push(format!(
            "{doing} machine set \"{id}\" {side} the cluster \"{name}\" is not allowed: the cluster is locked"
        ));
    }
}

fn role(context: &Context<'_>, old: Option<&Resource>, new: &Resource, cluster: &str, reasons: &mut Reasons) {
    let id = &new.key.id;
    let (control_plane, worker) = (new.labelled(CONTROL_PLANE).is_some(), new.labelled(WORKER).is_some());
    if control_plane == worker {
        reasons.push(format!("machine set must have either \"{CONTROL_PLANE}\" or \"{WORKER}\" label"));
        return;
    }
    let reserved = format!("{cluster}-control-planes");
    if control_plane && *id != reserved {
        reasons.push(format!("control plane machine set must have ID \"{reserved}\""));
    }
    if worker && *id == reserved {
        reasons.push(format!("worker machine set must not have ID \"{reserved}\""));
    }
    if worker && !id.starts_with(&format!("{cluster}-")) {
        reasons.push(format!("machine set of cluster \"{cluster}\" ID must have \"{cluster}-\" as prefix"));
    }
    let bootstrapped = context
        .store
        .get(&Key::of("ClusterBootstrapStatuses", cluster))
        .is_some_and(|s| s.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true));
    if control_plane && old.is_none() && bootstrapped {
        reasons.push(format!(
            "adding control plane machine set \"{id}\" to the cluster \"{cluster}\" is not allowed: the cluster is already bootstrapped"
        ));
    }
}

/// The allocation in force: the deprecated field wins when both are set.
fn source(set: &Resource) -> Option<&Value> {
    set.spec.get("machine_class").or_else(|| set.spec.get("machine_allocation"))
}

fn allocation(context: &Context<'_>, new: &Resource, reasons: &mut Reasons) {
    let Some(allocation) = source(new) else { return };
    let name = allocation.get("name").and_then(Value::as_str).unwrap_or("");
    if name.is_empty() {
        reasons.push("machine allocation source name is not set".to_owned());
        return;
    }
    let Some(class) = context.store.get(&Key::of("MachineClasses", name)) else {
        reasons.push(format!("machine class with name \"{name}\" doesn't exist"));
        return;
    };
    let unlimited = allocation.get("allocation_type").and_then(Value::as_i64).unwrap_or(0) != 0;
    let count = allocation.get("machine_count").and_then(Value::as_u64).unwrap_or(0);
    if unlimited && count > 0 {
        reasons.push("machine count can be set only if static allocation type is used".to_owned());
    }
    if unlimited && class.spec.get("auto_provision").is_some() {
        reasons.push(
            "unlimited allocation type is not supported for machine classes with auto provision".to_owned(),
        );
    }
}

/// Manual to class and back only while the set has no nodes.
fn switching(context: &Context<'_>, old: &Resource, new: &Resource, reasons: &mut Reasons) {
    if source(old).is_some() == source(new).is_some() {
        return;
    }
    if !context.store.labelled("MachineSetNodes", MACHINE_SET, &new.key.id).is_empty() {
        reasons
            .push("machine set is not empty: changing the machine allocation mode is not allowed".to_owned());
    }
}

fn bootstrap(context: &Context<'_>, old: Option<&Resource>, new: &Resource, reasons: &mut Reasons) {
    let (was, is) = (old.and_then(|o| o.spec.get("bootstrap_spec")), new.spec.get("bootstrap_spec"));
    if is.is_some() && new.labelled(WORKER).is_some() {
        reasons.push("bootstrap spec is not allowed for worker machine sets".to_owned());
        return;
    }
    if old.is_some() && was != is {
        let cluster = new.labelled(CLUSTER).unwrap_or("");
        let bootstrapped = context
            .store
            .get(&Key::of("ClusterBootstrapStatuses", cluster))
            .is_some_and(|s| s.spec.get("bootstrapped").and_then(Value::as_bool) == Some(true));
        // Since 1.10 it may be removed once it has done its work.
        if !(is.is_none() && bootstrapped && context.version.knows_new()) {
            reasons.push("bootstrap spec is immutable after creation".to_owned());
        }
    }
}
