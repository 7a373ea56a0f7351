//! Extensions that this Omni offers.

use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::diag::closest;
use crate::graph::{Desired, DesiredCluster};
use crate::resource::Resource;
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    code: "OS0528",
    name: "extension-not-offered",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Omni 1.9 refuses an extension that is not in the catalogue (`TalosExtensions`) of the cluster's Talos version; a name without an owner is one of `siderolabs/`",
    stage: Stage::Plan,
    title: "an extension is not offered for the Talos version",
    means: "Omni offers extensions by Talos version. This one is not in the list of the version that the cluster asks for: Omni refuses the configuration, or machines wait for an image that is never made.",
    bad: "systemExtensions: [siderolabs/iscsi-tool]",
    good: "systemExtensions: [siderolabs/iscsi-tools]",
    act: "Correct the name, or take a Talos version that has it.",
};

/// Names without an owner are Sidero's.
const OFFICIAL: &str = "siderolabs/";

/// Resources of one type that a cluster's files ask for.
fn of<'a>(cluster: &'a DesiredCluster, short: &'static str) -> impl Iterator<Item = &'a Resource> {
    cluster.resources.iter().map(|d| &d.resource).filter(move |r| r.id.short_kind() == short)
}

/// The Talos version that a cluster's files ask for, without `v`.
fn version(cluster: &DesiredCluster) -> Option<&str> {
    let mut all = of(cluster, "Clusters").filter_map(|r| r.spec.get("talos_version").and_then(Value::as_str));
    all.next().map(|v| v.trim_start_matches('v'))
}

/// The extensions that a cluster's files ask for, as they are written.
fn asked(cluster: &DesiredCluster) -> BTreeSet<&str> {
    let lists = of(cluster, "ExtensionsConfigurations").filter_map(|r| r.spec.get("extensions")?.as_list());
    lists.flatten().filter_map(Value::as_str).collect()
}

/// Talos versions whose catalogue tells whether what the files ask for can be had.
pub fn catalogues(desired: &Desired) -> BTreeSet<String> {
    let with = desired.clusters.iter().filter(|c| !asked(c).is_empty());
    with.filter_map(version).map(str::to_owned).collect()
}

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let mut catalogues: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for version in survey.scene.snapshot.omni.list("TalosExtensions") {
        let items = version.resource.spec.get("items").and_then(Value::as_list).into_iter().flatten();
        let names = items.filter_map(|i| i.get("name").and_then(Value::as_str)).collect();
        catalogues.insert(version.resource.id.id.trim_start_matches('v'), names);
    }
    for cluster in &survey.scene.desired.clusters {
        let Some(version) = version(cluster) else { continue };
        // An empty one right after Omni's start proves nothing.
        let Some(offered) = catalogues.get(version).filter(|c| !c.is_empty()) else { continue };
        for extension in asked(cluster) {
            let full =
                if extension.contains('/') { extension.to_owned() } else { format!("{OFFICIAL}{extension}") };
            if offered.contains(full.as_str()) {
                continue;
            }
            let cause =
                format!("this Omni offers no extension `{}` for Talos v{}", name(extension), name(version));
            let act = closest(&full, offered.iter().copied()).map_or_else(
                || "correct the name, or take a Talos version that has it".to_owned(),
                |near| format!("did you mean `{}`?", name(near)),
            );
            out.push(
                Finding::new(&RULE, Address::cluster(&cluster.name), cause)
                    .fact("extensions that are offered", offered.len().to_string())
                    .act(act),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use serde_json::json;

    #[test]
    fn the_catalogue_of_the_version_decides() {
        let mut world = World::new();
        world.extensions(&["siderolabs/iscsi-tool"]);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.list("TalosExtensions", "1.11.6", json!({"items": [{"name": "siderolabs/iscsi-tools"}]}));
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].act, ["did you mean `siderolabs/iscsi-tools`?"]);
        for fine in ["siderolabs/iscsi-tools", "iscsi-tools"] {
            world.extensions(&[fine]);
            assert_eq!(world.found(&super::RULE), Vec::<String>::new(), "{fine}");
        }
        world.extensions(&["iscsi-tool", "mine/iscsi-tools"]);
        assert_eq!(world.found(&super::RULE), ["cluster/c", "cluster/c"]);
    }

    #[test]
    fn catalogues_are_looked_at_where_extensions_are_asked_for() {
        let mut world = World::new();
        assert!(super::catalogues(&world.desired).is_empty());
        world.extensions(&[]);
        assert!(super::catalogues(&world.desired).is_empty());
        world.extensions(&["iscsi-tools"]);
        assert_eq!(super::catalogues(&world.desired).into_iter().collect::<Vec<_>>(), ["1.11.6"]);
    }
}
