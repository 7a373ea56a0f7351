//! Labels and annotations that rules look at.

use super::Reasons;
use crate::lab::omni::store::Resource;

pub(super) const CLUSTER: &str = "omni.sidero.dev/cluster";
pub(super) const MACHINE_SET: &str = "omni.sidero.dev/machine-set";
pub(super) const CONTROL_PLANE: &str = "omni.sidero.dev/role-controlplane";
pub(super) const WORKER: &str = "omni.sidero.dev/role-worker";
/// Annotation of a cluster: freezes it.
pub(super) const CLUSTER_LOCKED: &str = "omni.sidero.dev/cluster-locked";
/// Annotation of a cluster: switches the refusal of its updates off.
pub(super) const IMPORTING: &str = "omni.sidero.dev/cluster-import-is-in-progress";
/// Annotation of a node: freezes the machine.
pub(super) const NODE_LOCKED: &str = "omni.sidero.dev/locked";
/// Label of a machine without a cluster that users must not pick by hand.
pub(super) const NO_MANUAL: &str = "omni.sidero.dev/no-manual-allocation";
/// Label of a provider of machines that exist already.
pub(super) const STATIC_PROVIDER: &str = "omni.sidero.dev/is-static-infra-provider";

/// A label that must be there.
pub(super) fn required(resource: &Resource, label: &str, reasons: &mut Reasons) {
    if resource.labelled(label).is_none() {
        reasons.push(format!("label \"{label}\" does not exist"));
    }
}

/// A label that must stay.
pub(super) fn fixed(old: &Resource, new: &Resource, label: &str, reasons: &mut Reasons) {
    let (was, is) = (old.labelled(label), new.labelled(label));
    match is {
        None => reasons.push(format!("label \"{label}\" does not exist")),
        Some(is) if was != Some(is) => reasons
            .push(format!("changing value of label \"{label}\" from \"{}\" to \"{is}\"", was.unwrap_or(""))),
        Some(_) => {}
    }
}
