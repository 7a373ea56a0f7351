//! Extensions that this Omni offers.

use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use std::collections::{BTreeMap, BTreeSet};

use crate::address::Address;
use crate::diag::closest;
use crate::value::Value;

pub(super) static RULE: Rule = Rule {
    code: "OS0528",
    name: "extension-not-offered",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Omni 1.9: an extension must be in the catalogue of the Talos version of the cluster",
    stage: Stage::Plan,
    title: "an extension is not offered for the Talos version",
    means: "Omni offers extensions by Talos version. This one is not in the list of the version that the cluster asks for: Omni refuses the configuration, or machines wait for an image that is never made.",
    bad: "systemExtensions: [siderolabs/iscsi-tool]",
    good: "systemExtensions: [siderolabs/iscsi-tools]",
    act: "Correct the name, or take a Talos version that has it.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let mut catalogues: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for version in survey.scene.snapshot.omni.list("TalosExtensions") {
        let items = version.resource.spec.get("items").and_then(Value::as_list).into_iter().flatten();
        let names = items.filter_map(|i| i.get("name").and_then(Value::as_str)).collect();
        catalogues.insert(version.resource.id.id.trim_start_matches('v'), names);
    }
    if catalogues.is_empty() {
        return;
    }
    for cluster in &survey.scene.desired.clusters {
        let of = |short: &'static str| {
            cluster.resources.iter().filter(move |d| d.resource.id.short_kind() == short)
        };
        let version =
            of("Clusters").find_map(|d| d.resource.spec.get("talos_version").and_then(Value::as_str));
        let Some(version) = version.map(|v| v.trim_start_matches('v')) else { continue };
        let Some(offered) = catalogues.get(version).filter(|c| !c.is_empty()) else { continue };
        let mut unknown = BTreeSet::new();
        for configuration in of("ExtensionsConfigurations") {
            let listed = configuration.resource.spec.get("extensions").and_then(Value::as_list);
            unknown.extend(
                listed.into_iter().flatten().filter_map(Value::as_str).filter(|e| !offered.contains(e)),
            );
        }
        for extension in unknown {
            let cause =
                format!("this Omni offers no extension `{}` for Talos v{}", name(extension), name(version));
            let act = closest(extension, offered.iter().copied()).map_or_else(
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
        world.extensions(&["siderolabs/iscsi-tools"]);
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
