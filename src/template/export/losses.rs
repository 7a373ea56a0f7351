//! What the file does not say: every difference between what is live and what rendering the file gives.

use std::collections::{BTreeMap, BTreeSet};

use super::collect::{Scope, allocation, shown};
use super::content::{mode, weight_and_name};
use super::{Fidelity, Loss, block};
use crate::kinds::{
    CLUSTERS, CONFIG_PATCHES, EXTENSIONS_CONFIGURATIONS, KERNEL_ARGS, KUBERNETES_HEALTH_CHECKS,
    KUBERNETES_MANIFEST_GROUPS, MACHINE_INSTALL_DISK_CONFIGS, MACHINE_SET_NODES, MACHINE_SETS,
};
use crate::resource::{LiveResource, OMNI_PREFIX, Phase, Resource, ResourceId};
use crate::template::rendered::Rendered;
use crate::value::Value;

/// Annotation that rendering adds: it says nothing but that a template is in charge now.
const MANAGED: &str = "omni.sidero.dev/managed-by-cluster-templates";

/// All losses, sorted.
pub(super) fn losses(scope: &Scope<'_>, rendered: &[Rendered]) -> Vec<Loss> {
    let made: BTreeMap<&ResourceId, &Resource> =
        rendered.iter().map(|r| (&r.resource.id, &r.resource)).collect();
    let live: BTreeSet<&ResourceId> = scope.owned_by_users.iter().map(|r| &r.resource.id).collect();
    let mut out = Vec::new();
    for seen in &scope.owned_by_users {
        let mut losses = Listing { id: &seen.resource.id, out: &mut out };
        let renamed = scope.manifests.iter().any(|m| m.resource.id == seen.resource.id);
        if renamed || made.contains_key(&seen.resource.id) {
            text(scope, &seen.resource, &mut losses);
        }
        match made.get(&seen.resource.id) {
            Some(made) => compare(scope, seen, made, &mut losses),
            None => missing(scope, seen, &mut losses),
        }
    }
    for made in made.values().filter(|made| !live.contains(&made.id)) {
        let mut losses = Listing { id: &made.id, out: &mut out };
        if made.id.short_kind() == KERNEL_ARGS.short {
            losses.add(
                "that no kernel arguments are set",
                "omnictl writes an empty list, and applying that clears them",
            );
        } else if made.id.short_kind() != KUBERNETES_MANIFEST_GROUPS.short {
            losses.add("that there is none", "rendering the file makes one");
        }
    }
    out.sort();
    out.dedup();
    out
}

/// The one thing to say about a file that cannot be loaded.
pub(super) fn without_control_plane(scope: &Scope<'_>) -> Vec<Loss> {
    let mut out = Vec::new();
    Listing { id: &scope.cluster.resource.id, out: &mut out }
        .add("a control plane", "the cluster has none, and without a ControlPlane the file cannot be loaded");
    out
}

struct Listing<'a> {
    id: &'a ResourceId,
    out: &'a mut Vec<Loss>,
}

impl Listing<'_> {
    fn add(&mut self, what: impl Into<String>, why: impl Into<String>) {
        self.out.push(Loss { resource: self.id.clone(), what: what.into(), why: why.into() });
    }
}

/// A resource that rendering does not give.
fn missing(scope: &Scope<'_>, live: &LiveResource, losses: &mut Listing<'_>) {
    let id = live.resource.id.id.as_str();
    let full = scope.options.fidelity == Fidelity::Full;
    let whole = "the whole resource";
    if live.phase == Phase::TearingDown && full {
        return losses.add(whole, "it is being destroyed");
    }
    let kind = live.resource.id.short_kind();
    if kind == KERNEL_ARGS.short {
        return kernel_args(scope, live, losses);
    }
    if kind == MACHINE_INSTALL_DISK_CONFIGS.short {
        return losses.add(whole, "no template manages it; it stays as it is");
    }
    if kind == MACHINE_SETS.short {
        let why = if live.resource.omni_label("role-controlplane").is_some() {
            "a template has one control plane, with an id of its own"
        } else if live.resource.omni_label("role-worker").is_some() {
            "templates begin the ids of machine sets with the cluster's name"
        } else {
            "it is neither control plane nor workers"
        };
        return losses.add(whole, why);
    }
    let exported = |set: &str| {
        scope.control_plane.iter().chain(&scope.workers).find(|s| s.resource.id.id == set).copied()
    };
    let set = live.resource.omni_label("machine-set");
    if kind == MACHINE_SET_NODES.short {
        let why = match set.map(exported) {
            Some(Some(set)) if allocation(set).is_some() => "its machine set takes its machines from a class",
            _ => "its machine set is not in the file",
        };
        return losses.add(whole, why);
    }
    if let Some(machine) = live.resource.omni_label("cluster-machine")
        && kind != KUBERNETES_HEALTH_CHECKS.short
    {
        let there = scope.nodes.values().flatten().any(|node| node.resource.id.id == machine);
        if !there {
            return losses.add(
                whole,
                format!(
                    "it is for the machine `{}`, and templates name only machines of static sets",
                    shown(machine)
                ),
            );
        }
    } else if let Some(set) = set
        && (exported(set).is_none() || kind == KUBERNETES_HEALTH_CHECKS.short)
    {
        return losses
            .add(whole, format!("it is for the machine set `{}`, which cannot hold it", shown(set)));
    }
    if kind == KUBERNETES_MANIFEST_GROUPS.short {
        return manifest(scope, live, id, losses);
    }
    if kind == EXTENSIONS_CONFIGURATIONS.short {
        return losses.add(whole, "a level has one list of extensions, with an id that templates make");
    }
    if kind == KUBERNETES_HEALTH_CHECKS.short {
        return losses.add(whole, "templates know health checks of whole clusters only");
    }
    losses.add(whole, "templates have no place for it");
}

/// Templates number manifests by position and name them by name.
fn manifest(scope: &Scope<'_>, live: &LiveResource, id: &str, losses: &mut Listing<'_>) {
    let name = weight_and_name(id, &format!("cluster-{}", scope.name)).map(|(_, name)| name);
    let annotation = live.resource.annotations.get("name").map(String::as_str);
    let full = scope.options.fidelity == Fidelity::Full;
    match name {
        Some(name) if annotation.is_some_and(|a| a != name) && !full => losses.add(
            "its id",
            "omnictl takes the annotation `name` for its name, and that was replaced; rendering makes it anew",
        ),
        _ if full && mode(live).is_none() => losses.add("the whole resource", "templates do not have its mode"),
        _ if full => losses.add(
            "the whole resource",
            "templates make the id of a manifest from its position and name, and this is no such id",
        ),
        _ => losses.add("its id", "templates make the id of a manifest from its position; rendering makes it anew"),
    }
}

/// Of what no template manages and is empty nobody misses anything.
fn kernel_args(scope: &Scope<'_>, live: &LiveResource, losses: &mut Listing<'_>) {
    let managed = live.resource.annotations.contains_key(MANAGED);
    if !managed && live.resource.spec.get("args").is_none() {
        return;
    }
    if scope.options.fidelity == Fidelity::Full {
        let why = if managed {
            "its machine is not in the file"
        } else {
            "no template manages it; it stays as it is"
        };
        losses.add("the whole resource", why);
    } else if !scope.options.kernel_args {
        losses.add("its kernel arguments", "they are exported only with `--include-kernel-args`");
    }
}

fn compare(scope: &Scope<'_>, live: &LiveResource, made: &Resource, losses: &mut Listing<'_>) {
    if live.phase == Phase::TearingDown {
        losses.add("that it is being destroyed", "a template says only what shall exist");
    }
    let seen = &live.resource;
    marks(("label", "labels"), &seen.labels, &made.labels, losses);
    marks(("annotation", "annotations"), &seen.annotations, &made.annotations, losses);
    spec(scope, seen, made, losses);
}

/// A text in the file that no reader gives back.
fn text(scope: &Scope<'_>, seen: &Resource, losses: &mut Listing<'_>) {
    let text = ["data", "job"].iter().find_map(|key| seen.spec.get(key)).and_then(Value::as_str);
    if scope.options.fidelity == Fidelity::Omnictl && text.is_some_and(|text| !block::reads_back(text)) {
        losses.add("its text", "omnictl writes it as a block that reads back as another text or not at all");
    }
}

fn marks(
    (one, many): (&str, &str),
    live: &BTreeMap<String, String>,
    made: &BTreeMap<String, String>,
    losses: &mut Listing<'_>,
) {
    for (key, value) in live {
        let what = || format!("the {one} `{}`", shown(key));
        match made.get(key) {
            Some(other) if other == value => {}
            Some(_) => losses.add(format!("the value of {}", what()), "rendering gives it another one"),
            None if key == "omni.sidero.dev/cluster-locked" => {
                losses.add(what(), "templates cannot lock a cluster");
            }
            None if key == "omni.sidero.dev/locked" => {
                losses.add(what(), "templates cannot lock machines of a control plane");
            }
            None if key.starts_with(OMNI_PREFIX) => {
                losses.add(what(), format!("templates cannot set Omni's own {many}"));
            }
            None => losses.add(what(), "templates have no place for it"),
        }
    }
    for (key, value) in made.iter().filter(|(key, _)| !live.contains_key(*key) && *key != MANAGED) {
        let of = if value.is_empty() { "an empty one" } else { "one" };
        losses.add(format!("that it has no {one} `{}`", shown(key)), format!("rendering adds {of}"));
    }
}

/// Fields that differ; those of `features` one by one.
fn spec(scope: &Scope<'_>, seen: &Resource, made: &Resource, losses: &mut Listing<'_>) {
    let nothing = BTreeMap::new();
    let (live, made) = (seen.spec.as_map().unwrap_or(&nothing), made.spec.as_map().unwrap_or(&nothing));
    let keys: BTreeSet<&String> = live.keys().chain(made.keys()).collect();
    // Said once, of the older field.
    let older = |key: &str| key == "machine_allocation" && live.contains_key("machine_class");
    for key in keys.into_iter().filter(|key| live.get(*key) != made.get(*key) && !older(key)) {
        if key == "features" {
            let entries = |spec: &BTreeMap<String, Value>| {
                spec.get("features").and_then(Value::as_map).cloned().unwrap_or_default()
            };
            let (live, made) = (entries(live), entries(made));
            for (name, _) in live.iter().filter(|(name, value)| made.get(*name) != Some(*value)) {
                losses.add(
                    format!("the feature `{}`", shown(name)),
                    "templates for this version of Omni have no field for it, and rendering states all features",
                );
            }
        } else {
            losses.add(format!("`{}`", shown(key)), reason(scope, seen, key));
        }
    }
}

fn reason(scope: &Scope<'_>, seen: &Resource, field: &str) -> &'static str {
    let kind = seen.id.short_kind();
    let strategy = field.strip_suffix("_config").unwrap_or(field);
    match (kind, strategy) {
        (kind, "backup_configuration") if kind == CLUSTERS.short => {
            if scope.options.fidelity == Fidelity::Full {
                "a template has no interval of backups that are switched off"
            } else {
                "backups are switched off, and a template with an interval switches them on"
            }
        }
        (kind, "update_strategy" | "delete_strategy" | "upgrade_strategy") if kind == MACHINE_SETS.short => {
            if strategy != "upgrade_strategy" && seen.omni_label("role-controlplane").is_some() {
                "templates cannot say how a control plane is updated or scaled down"
            } else if scope.options.fidelity == Fidelity::Omnictl && field == strategy {
                "omnictl exports the type of a strategy only where `rolling` is set"
            } else {
                "templates have no such combination"
            }
        }
        (kind, "machine_class") if kind == MACHINE_SETS.short => {
            "it is the older form of `machine_allocation`, which rendering writes instead"
        }
        (kind, "machine_allocation") if kind == MACHINE_SETS.short => "templates have one form of it",
        (kind, "extensions") if kind == EXTENSIONS_CONFIGURATIONS.short => {
            "a level of a template has one list of extensions, and omnictl takes that of another resource"
        }
        (kind, "data") if kind == CONFIG_PATCHES.short => {
            "rendering writes the install disk in its own words, with the same meaning"
        }
        _ => "templates have no field for it",
    }
}
