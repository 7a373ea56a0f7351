//! Random templates, made live, exported and rendered again.
#![allow(clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::template::export::{Exported, Fidelity, Loss, Options, export};
use omni_scale::template::{Dialect, FileMap};
use omni_scale::value::Value;
use proptest::prelude::*;

use crate::random_template::{Dice, RandomTemplate, as_live, loaded};

const MANAGED: &str = "omni.sidero.dev/managed-by-cluster-templates";

fn live(template: &RandomTemplate) -> Vec<LiveResource> {
    template.load().resources.iter().map(|r| as_live(&r.resource)).collect()
}

fn exported(live: &[LiveResource], cluster: &str, fidelity: Fidelity, kernel_args: bool) -> Exported {
    export(live, cluster, Options { kernel_args, fidelity, dialect: Dialect::V1_9 })
        .unwrap_or_else(|e| panic!("{e:?}"))
}

fn rendered(text: &str) -> BTreeMap<ResourceId, Resource> {
    let loaded = loaded(text, FileMap::default());
    loaded.resources.into_iter().map(|r| (r.resource.id.clone(), r.resource)).collect()
}

fn by_id(live: &[LiveResource]) -> BTreeMap<ResourceId, Resource> {
    live.iter().map(|r| (r.resource.id.clone(), r.resource.clone())).collect()
}

fn keys(losses: &[Loss]) -> BTreeSet<(ResourceId, String)> {
    losses.iter().map(|l| (l.resource.clone(), l.what.clone())).collect()
}

/// A generator that never makes something tests nothing about it.
#[test]
fn random_templates_reach_everything() {
    let templates: Vec<RandomTemplate> = (0..200).map(RandomTemplate::new).collect();
    for word in [
        "updateStrategy",
        "deleteStrategy",
        "upgradeStrategy",
        "maxParallelism",
        "bootstrapSpec",
        "machineClass",
        "machines:",
        "size",
        "kernelArgs: []",
        "systemExtensions: []",
        "locked: true",
        "disk:",
        "idOverride",
        "inline: |",
        "file:",
        "job",
        "interval",
        "manifests",
        "healthchecks",
        "backupConfiguration",
        "diskEncryption",
        "kind: Machine\n",
        "urn:uuid:",
        "Кластер",
    ] {
        assert!(templates.iter().any(|t| t.text.contains(word)), "no template has `{word}`");
    }
    let classes: BTreeSet<&String> = templates.iter().flat_map(|t| &t.classes).collect();
    assert_eq!(classes.len(), 3);
    for template in &templates {
        let live = live(template);
        let named: BTreeSet<String> = live
            .iter()
            .filter_map(|r| Some(r.resource.spec.at(&["machine_allocation", "name"])?.as_str()?.to_owned()))
            .collect();
        assert_eq!(named, template.classes);
    }
}

/// What omnictl's export is known to lose, from what is live: types of strategies without `rolling`, the ids of manifests whose
/// annotation `name` was replaced, and kernel arguments that were not asked for or are not there.
fn known_losses(live: &[LiveResource], cluster: &str, kernel_args: bool) -> BTreeSet<(ResourceId, String)> {
    let mut out = BTreeSet::new();
    let with_args: BTreeSet<&str> = live
        .iter()
        .filter(|r| r.resource.id.short_kind() == "KernelArgs")
        .map(|r| r.resource.id.id.as_str())
        .collect();
    for one in live {
        let resource = &one.resource;
        let mut lost = |what: &str| out.insert((resource.id.clone(), what.to_owned()));
        // A block cannot begin with a tab, or with an empty line and then a blank.
        let text =
            ["data", "job"].iter().find_map(|key| resource.spec.get(key)?.as_str()).unwrap_or_default();
        let begin = text.trim_start_matches('\n');
        if begin.starts_with('\t') || (begin.len() < text.len() && begin.starts_with(' ')) {
            lost("its text");
        }
        match resource.id.short_kind() {
            "MachineSets" => {
                for (field, default) in
                    [("update_strategy", 1), ("delete_strategy", 0), ("upgrade_strategy", 0)]
                {
                    let kind = resource.spec.get(field).and_then(Value::as_int).unwrap_or(0);
                    if kind != default && resource.spec.get(&format!("{field}_config")).is_none() {
                        lost(&format!("`{field}`"));
                    }
                }
            }
            "KubernetesManifestGroups"
                if !resource
                    .id
                    .id
                    .ends_with(&format!("-cluster-{cluster}-{}", resource.annotations["name"])) =>
            {
                lost("its id");
            }
            "KernelArgs" if !kernel_args => {
                lost("its kernel arguments");
            }
            "MachineSetNodes" if kernel_args && !with_args.contains(resource.id.id.as_str()) => {
                let id = ResourceId::default_ns("KernelArgs", &resource.id.id);
                out.insert((id, "that no kernel arguments are set".to_owned()));
            }
            _ => {}
        }
    }
    out
}

/// Changes a few resources as hands, older versions and controllers do.
fn disturbed(template: &RandomTemplate, seed: u64) -> Vec<LiveResource> {
    let mut live = live(template);
    let mut dice = Dice::new(seed);
    let omni = |key: &str| format!("omni.sidero.dev/{key}");
    for _ in 0..=dice.below(3) {
        let at = dice.below(live.len());
        let one = &mut live[at];
        let (labels, annotations) = (&mut one.resource.labels, &mut one.resource.annotations);
        match dice.below(14) {
            0 => one.owner = "Controller".into(),
            1 => one.phase = Phase::TearingDown,
            2 => drop(labels.pop_first()),
            3 => drop(annotations.pop_first()),
            4 => one.resource.id.id.push('x'),
            5 => {
                let mut twin = one.clone();
                twin.resource.id.id.insert(0, '0');
                live.push(twin);
            }
            6 => drop(labels.insert(omni("managed-by-machine-set-node-controller"), String::new())),
            7 => drop(labels.insert(omni("cluster-machine"), "b0000001-0000-4000-8000-000000000001".into())),
            8 => drop(annotations.insert(omni("locked"), String::new())),
            9 => drop(annotations.insert(omni("cluster-locked"), String::new())),
            10 => drop(labels.insert(omni("machine-set"), "gone".into())),
            11 => drop(labels.insert(omni("system-patch"), String::new())),
            12 => one.resource.spec.set("later", Value::Bool(true)),
            _ => drop(live.remove(at)),
        }
    }
    live
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_full_form_renders_to_the_same(seed in any::<u64>()) {
        let template = RandomTemplate::new(seed);
        let live = live(&template);
        let got = exported(&live, &template.cluster, Fidelity::Full, false);
        prop_assert_eq!(&got.losses, &Vec::new(), "seed {}", seed);
        prop_assert_eq!(rendered(&got.text), by_id(&live), "seed {}\n{}", seed, got.text);
        // Once more: the same bytes, whatever the order in which the server lists things.
        let mut again: Vec<LiveResource> = rendered(&got.text).values().map(as_live).collect();
        again.reverse();
        prop_assert_eq!(exported(&again, &template.cluster, Fidelity::Full, false).text, got.text);
    }

    #[test]
    fn omnictls_form_loses_what_is_known_and_says_so(seed in any::<u64>(), kernel_args in any::<bool>()) {
        let template = RandomTemplate::new(seed);
        let live = live(&template);
        let got = exported(&live, &template.cluster, Fidelity::Omnictl, kernel_args);
        let known = known_losses(&live, &template.cluster, kernel_args);
        prop_assert_eq!(&keys(&got.losses), &known, "seed {}\n{}", seed, got.text);
        // Nobody can load a file with such a block, or it would say something else.
        prop_assume!(known.iter().all(|(_, what)| what != "its text"));
        // All that nothing was said about is the same.
        let said: BTreeSet<&ResourceId> = known.iter().map(|(id, _)| id).collect();
        let made = rendered(&got.text);
        for (id, resource) in by_id(&live) {
            if !said.contains(&id) {
                prop_assert_eq!(made.get(&id), Some(&resource), "seed {}\n{}", seed, got.text);
            }
        }
    }

    /// Whatever is live: the full form asks for nothing new, and every difference is among the losses.
    #[test]
    fn the_full_form_says_all_that_it_cannot_keep(seed in any::<u64>(), hand in any::<u64>()) {
        let template = RandomTemplate::new(seed);
        let live = disturbed(&template, hand);
        let options = Options { kernel_args: false, fidelity: Fidelity::Full, dialect: Dialect::V1_9 };
        let Ok(got) = export(&live, &template.cluster, options) else { return Ok(()) };
        let before = by_id(&live);
        let after = rendered(&got.text);
        for id in after.keys() {
            prop_assert!(before.contains_key(id), "{} is new\n{}", id, got.text);
        }
        let said: BTreeSet<&ResourceId> = got.losses.iter().map(|l| &l.resource).collect();
        let of_cluster = |r: &LiveResource| {
            let by_user = r.owner.is_empty()
                && r.resource.omni_label("managed-by-machine-set-node-controller").is_none();
            let itself = r.resource.id == ResourceId::default_ns("Clusters", &template.cluster);
            let below = r.resource.id.short_kind() != "Clusters";
            by_user && (itself || (below && r.resource.omni_label("cluster") == Some(&template.cluster)))
        };
        for one in live.iter().filter(|r| of_cluster(r)) {
            let id = &one.resource.id;
            let mut made = after.get(id).cloned();
            // Being managed by templates is what rendering adds to a cluster, and nothing that is lost.
            if let Some(made) = &mut made
                && !one.resource.annotations.contains_key(MANAGED)
            {
                made.annotations.remove(MANAGED);
            }
            let same = made.as_ref() == Some(&one.resource) && one.phase == Phase::Running;
            prop_assert_eq!(same, !said.contains(id), "{} {:?}\n{}", id, got.losses, got.text);
        }
    }

    #[test]
    fn other_clusters_do_not_shine_through(one in any::<u64>(), other in any::<u64>(), full in any::<bool>()) {
        let (one, other) = (RandomTemplate::new(one), RandomTemplate::new(other));
        prop_assume!(one.cluster != other.cluster);
        let fidelity = if full { Fidelity::Full } else { Fidelity::Omnictl };
        let alone = live(&one);
        let mut all = live(&other);
        let taken: BTreeSet<ResourceId> = alone.iter().map(|r| r.resource.id.clone()).collect();
        all.retain(|r| !taken.contains(&r.resource.id));
        all.extend(alone.clone());
        prop_assert_eq!(
            exported(&all, &one.cluster, fidelity, true),
            exported(&alone, &one.cluster, fidelity, true)
        );
    }
}
