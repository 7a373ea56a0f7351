//! ControlPlane and Workers documents.

use super::Fidelity;
use super::collect::{Scope, allocation, has_role, worker_name};
use super::fields::{Fields, number, text};
use super::levels::{Level, extensions, patches};
use crate::resource::LiveResource;
use crate::value::Value;
use crate::yaml::Out;

/// The document of a set.
pub(super) fn machine_set(scope: &Scope<'_>, set: &LiveResource) -> Out {
    let id = set.resource.id.id.as_str();
    let workers = has_role(set, "role-worker");
    let spec = &set.resource.spec;
    let nodes = scope.nodes.get(id).map_or(&[][..], Vec::as_slice);
    Fields::document(if workers { "Workers" } else { "ControlPlane" })
        .maybe("systemExtensions", extensions(scope, scope.extensions.of_machine_set(id), id))
        .text("name", if workers { worker_name(scope.name, set) } else { "" })
        .descriptors(&set.resource, &[])
        .maybe(
            "bootstrapSpec",
            spec.get("bootstrap_spec").filter(|b| restorable(scope, workers, b)).map(bootstrap),
        )
        .list("machines", nodes.iter().map(|n| Out::from(n.resource.id.id.as_str())).collect())
        .maybe("machineClass", allocation(set).map(class))
        .maybe("updateStrategy", strategy(scope, set, workers, "update_strategy"))
        .maybe("deleteStrategy", strategy(scope, set, workers, "delete_strategy"))
        .maybe("upgradeStrategy", strategy(scope, set, true, "upgrade_strategy"))
        .list("patches", patches(scope, scope.patches.of_machine_set(id), Level::MachineSet(id)))
        .out()
}

/// What omnictl writes for a cluster without a control plane: a document without a kind, which nobody can load.
pub(super) fn nothing() -> Out {
    Fields::document("").out()
}

/// Templates restore control planes only, and from a complete source; omnictl ends here.
fn restorable(scope: &Scope<'_>, workers: bool, spec: &Value) -> bool {
    let complete = !text(spec, "cluster_uuid").is_empty() && !text(spec, "snapshot").is_empty();
    scope.options.fidelity == Fidelity::Omnictl || (complete && !workers)
}

fn bootstrap(spec: &Value) -> Out {
    Fields::default()
        .put("clusterUUID", Out::from(text(spec, "cluster_uuid")))
        .put("snapshot", Out::from(text(spec, "snapshot")))
        .out()
}

fn class(allocation: &Value) -> Out {
    let size = match number(allocation, "allocation_type") {
        0 => Out::Scalar(Value::Int(number(allocation, "machine_count"))),
        1 => Out::from("Unlimited"),
        _ => Out::from(""),
    };
    Fields::default().put("name", Out::from(text(allocation, "name"))).put("size", size).out()
}

/// A strategy block, with its type where it is not the default: Rolling for updates, Unset for the others.
///
/// omnictl writes it only where the configuration is set, and then also where a ControlPlane cannot have it, which ends the
/// export.
fn strategy(scope: &Scope<'_>, set: &LiveResource, allowed: bool, field: &str) -> Option<Out> {
    let spec = &set.resource.spec;
    let full = scope.options.fidelity == Fidelity::Full;
    if full && !allowed {
        return None;
    }
    let config = spec.get(&format!("{field}_config"));
    let kind = number(spec, field);
    let default = i128::from(field == "update_strategy");
    let name = match kind {
        0 => "Unset",
        1 => "Rolling",
        _ => "",
    };
    let rolling = config.and_then(|c| c.get("rolling")).map(|rolling| {
        let parallel = number(rolling, "max_parallelism");
        Fields::default()
            .maybe("maxParallelism", (parallel != 0).then_some(Out::Scalar(Value::Int(parallel))))
            .out()
    });
    let fields =
        Fields::default().maybe("type", (kind != default).then(|| Out::from(name))).maybe("rolling", rolling);
    let wanted = if full { !fields.only(0) } else { config.is_some() };
    wanted.then(|| fields.out())
}
