//! Nodes of a machine set: labels, mode, versions, locks.

use serde_json::Value;

use super::labels::{CLUSTER, CLUSTER_LOCKED, CONTROL_PLANE, MACHINE_SET, NODE_LOCKED, fixed, required};
use super::talos_version::minor;
use super::{Context, Reasons, Write};
use crate::lab::omni::store::{Key, Resource};

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    match write {
        Write::Create(new) => {
            required(new, CLUSTER, reasons);
            required(new, MACHINE_SET, reasons);
            create(context, new, reasons);
            lockable(context, new, reasons);
        }
        Write::Update(old, new) => {
            fixed(old, new, CLUSTER, reasons);
            fixed(old, new, MACHINE_SET, reasons);
            refuse_locked(context, new, "updating", "on", reasons);
            lockable(context, new, reasons);
        }
        Write::Teardown(old) => {
            refuse_locked(context, old, "removing", "from", reasons);
            if old.annotations.contains_key(NODE_LOCKED) {
                let set = old.labelled(MACHINE_SET).unwrap_or("");
                reasons.push(format!(
                    "removing machine set node from the machine set \"{set}\" is not allowed: machine set node is locked"
                ));
            }
        }
    }
}

fn cluster_of(context: &Context<'_>, node: &Resource) -> Option<std::sync::Arc<Resource>> {
    context.store.get(&Key::of("Clusters", node.labelled(CLUSTER).unwrap_or("")))
}

fn refuse_locked(context: &Context<'_>, node: &Resource, doing: &str, side: &str, reasons: &mut Reasons) {
    let set = node.labelled(MACHINE_SET).unwrap_or("");
    let cluster = cluster_of(context, node);
    if let Some(c) = cluster.filter(|c| c.annotations.contains_key(CLUSTER_LOCKED) && !c.tearing_down()) {
        reasons.push(format!(
            "{doing} machine set node {side} the machine set \"{set}\" is not allowed: the cluster \"{}\" is locked",
            c.key.id
        ));
    }
}

fn create(context: &Context<'_>, new: &Resource, reasons: &mut Reasons) {
    let name = new.labelled(MACHINE_SET).unwrap_or("");
    let mut refuse = |why: &str| {
        reasons.push(format!("adding machine set node to the machine set \"{name}\" is not allowed: {why}"));
    };
    let Some(set) = context.store.get(&Key::of("MachineSets", name)) else {
        return refuse("the machine set does not exist");
    };
    if set.tearing_down() {
        return refuse("the machine set is tearing down");
    }
    if set.spec.get("machine_allocation").or_else(|| set.spec.get("machine_class")).is_some() {
        return refuse("the machine set is using automatic machine allocation");
    }
    let Some(cluster) = cluster_of(context, new) else {
        return refuse("the cluster does not exist");
    };
    if cluster.tearing_down() {
        return refuse("the cluster is tearing down");
    }
    refuse_locked(context, new, "adding", "to", reasons);
    talos(context, new, &cluster, reasons);
}

/// A newer minor never fits; before installation the minor must be the cluster's, since 1.10 only where one of them is below 1.13.
fn talos(context: &Context<'_>, new: &Resource, cluster: &Resource, reasons: &mut Reasons) {
    let Some(machine) = context.store.get(&Key::of("MachineStatuses", &new.key.id)) else { return };
    let (on, wanted) = (machine.text("/talos_version"), cluster.text("/talos_version"));
    if on.is_empty() {
        return;
    }
    let installed = machine.spec.get("maintenance").and_then(Value::as_bool) != Some(true);
    let lifted = context.version.knows_new() && minor(on) >= (1, 13) && minor(wanted) >= (1, 13);
    let bare = on.trim_start_matches('v');
    if minor(on) > minor(wanted) {
        reasons.push(format!(
            "cannot add machine set node: the machine has newer Talos version \"{bare}\" than the cluster \"{wanted}\""
        ));
    } else if !installed && minor(on) != minor(wanted) && !lifted {
        reasons.push(format!(
            "cannot add machine set node: the machine has Talos version \"{bare}\", the cluster needs \"{wanted}\""
        ));
    }
}

fn lockable(context: &Context<'_>, new: &Resource, reasons: &mut Reasons) {
    if !new.annotations.contains_key(NODE_LOCKED) {
        return;
    }
    let set = context.store.get(&Key::of("MachineSets", new.labelled(MACHINE_SET).unwrap_or("")));
    if new.labelled(CONTROL_PLANE).is_some() || set.is_some_and(|s| s.labelled(CONTROL_PLANE).is_some()) {
        reasons.push("locking controlplanes is not allowed".to_owned());
    }
}
