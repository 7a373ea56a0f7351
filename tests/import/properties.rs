//! What holds for every import.

use std::collections::BTreeSet;

use omni_scale::import::{Choice, Facts, Imported, Present, ProxmoxFacts, Request, import};
use omni_scale::kinds::MACHINE_CLASSES;
use omni_scale::live::{Observation, Snapshot};
use omni_scale::plan::{Desired, Plan, PlanInput, PlanOptions, plan};
use omni_scale::resource::{LiveResource, Resource};
use omni_scale::template::Dialect;
use omni_scale::value::Value;
use proptest::prelude::*;

use crate::loaded::{Tree, desired, tree};
use crate::random_template::{RandomTemplate, as_live};
use crate::worlds::{self, SECRET};

fn facts() -> Facts {
    Facts {
        spec_path: "spec/omni.yaml".into(),
        endpoint: "https://omni.example.net".into(),
        endpoint_comment: "From somewhere.".into(),
        proxmox: vec![ProxmoxFacts {
            name: "matrix".into(),
            endpoints: vec!["https://192.168.3.5:8006".into()],
            nodes: vec!["foxtrot".into()],
            comment: "Found.".into(),
        }],
        unread: vec![],
        version: None,
    }
}

fn import_into(
    snapshot: &Snapshot,
    there: &Tree,
    present: &Present,
    choice: &Choice,
    with_secrets: bool,
) -> Imported {
    let taken = |path: &str| there.get(path).cloned();
    import(Request {
        snapshot,
        choice,
        present,
        facts: &facts(),
        with_secrets,
        dialect: Dialect::default(),
        taken: &taken,
    })
}

fn all(snapshot: &Snapshot, with_secrets: bool) -> Imported {
    import_into(snapshot, &Tree::new(), &Present::default(), &Choice::All, with_secrets)
}

fn planned(files: &Tree, snapshot: &Snapshot) -> Result<Plan, TestCaseError> {
    let desired = desired(files).map_err(|e| TestCaseError::fail(format!("{e:#?}\n{}", shown(files))))?;
    let input =
        PlanInput { desired: &desired, snapshot, record: None, key: None, options: PlanOptions::default() };
    plan(&input).map_err(|e| TestCaseError::fail(format!("{e:#?}")))
}

fn shown(files: &Tree) -> String {
    files.iter().map(|(p, b)| format!("==> {p}\n{}\n", String::from_utf8_lossy(b))).collect()
}

fn plans_empty(files: &Tree, snapshot: &Snapshot) -> Result<Plan, TestCaseError> {
    let plan = planned(files, snapshot)?;
    let changes: Vec<String> = plan
        .steps
        .iter()
        .filter(|s| s.action.is_change())
        .map(|s| format!("{} {} {:?}", s.action.word(), s.address, s.changes))
        .collect();
    prop_assert!(changes.is_empty(), "{:#?}\n{}", changes, shown(files));
    let blocks: Vec<_> = plan.warnings.iter().filter(|w| w.blocks).collect();
    prop_assert!(blocks.is_empty(), "{:#?}\n{}", blocks, shown(files));
    prop_assert!(plan.unknown.is_empty(), "{:?}", plan.unknown);
    Ok(plan)
}

/// Folders that nobody wrote into yet are empty ones to the program.
fn padded(there: &Tree) -> Tree {
    let mut padded = there.clone();
    for folder in ["clusters", "machine-classes"] {
        padded.insert(format!("{folder}/note.txt"), Vec::new());
    }
    padded
}

fn safe_paths(made: &Imported) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    for file in &made.files {
        let parts: Vec<&str> = file.path.split('/').collect();
        prop_assert!(
            parts.iter().all(|p| !p.is_empty() && !p.starts_with('.') && p.is_ascii()),
            "{}",
            file.path
        );
        prop_assert!(seen.insert(file.path.to_lowercase()), "{} twice", file.path);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_live_plans_empty(numbers in worlds::dice(), with_secrets in any::<bool>()) {
        let snapshot = worlds::world(numbers);
        let made = all(&snapshot, with_secrets);
        safe_paths(&made)?;
        prop_assert!(made.clusters.iter().all(|c| c.styled), "{}", shown(&tree(&made.files)));
        let files = tree(&made.files);
        let plan = plans_empty(&files, &snapshot)?;

        // Nothing is left out without a word.
        let told: BTreeSet<&str> = made.left.iter().map(|l| l.what.as_str()).collect();
        for foreign in plan.unchanged.iter().filter(|u| u.status == "foreign") {
            prop_assert!(told.contains(foreign.address.to_string().as_str()), "{} is not told", foreign.address);
        }
        let refused: Vec<&str> = made.refused.iter().map(|r| r.cluster.as_str()).collect();
        for live in snapshot.omni.list("Clusters") {
            let name = live.resource.id.id.as_str();
            prop_assert!(made.clusters.iter().any(|c| c.name == name) != refused.contains(&name), "{name}");
        }
        prop_assert!(made.refused.iter().all(|r| !r.why.is_empty()));

        // No secret goes into a file that others may read.
        for file in &made.files {
            prop_assert!(file.secret || !file.text.contains(SECRET), "{}", file.path);
        }
        prop_assert!(with_secrets || made.files.iter().all(|f| !f.secret));

        // The order of what a server lists is nothing to go by.
        let mut shuffled = snapshot.clone();
        for observation in shuffled.omni.types.values_mut() {
            if let Observation::Known(list) = observation {
                list.reverse();
            }
        }
        prop_assert_eq!(&all(&shuffled, with_secrets).files, &made.files);
    }

    #[test]
    fn clusters_one_after_the_other_plan_empty_too(numbers in worlds::dice()) {
        let snapshot = worlds::world(numbers);
        let names: Vec<String> = snapshot.omni.list("Clusters").iter().map(|c| c.resource.id.id.clone()).collect();
        // The spec of everything, so that it names all providers and folders.
        let whole = all(&snapshot, false);
        let mut there: Tree = tree(&whole.files).into_iter().filter(|(p, _)| p == "spec/omni.yaml").collect();
        let spec = "omni: {endpoint: https://omni.example.net}\nmachine_classes: [machine-classes]\nclusters: [clusters]\n";
        let providers = "providers: {Proxmox: {}, bare: {}}\n";
        there.insert("spec/omni.yaml".into(), format!("{spec}{providers}").into_bytes());
        for name in names {
            let now = if there.len() > 1 { planned(&padded(&there), &snapshot).map(|_| desired(&padded(&there)).unwrap())? } else { Desired::default() };
            let present = Present {
                spec: Some(("spec/omni.yaml".into(), there["spec/omni.yaml"].clone())),
                clusters: now.clusters.iter().map(|c| c.name.clone()).collect(),
                classes: now.classes.iter().map(|c| c.resource.id.id.clone()).collect(),
                providers: ["Proxmox".into(), "bare".into()].into(),
                cluster_folders: vec!["clusters".into()],
                class_folders: vec!["machine-classes".into()],
            };
            let made = import_into(&snapshot, &there, &present, &Choice::Named([name].into()), false);
            prop_assert!(made.lacking.is_empty(), "{:?}", made.lacking);
            for (path, bytes) in tree(&made.files) {
                prop_assert!(there.insert(path.clone(), bytes).is_none(), "{} is there already", path);
            }
            plans_empty(&padded(&there), &snapshot)?;
        }
    }
}

/// The properties are about something: these worlds have what a template can say, and all of what it cannot.
#[test]
fn the_worlds_are_rich() {
    let (mut clusters, mut refused, mut classes, mut patch_files, mut mappings) = (0, 0, 0, 0, 0);
    let mut reasons = String::new();
    for seed in 1..120u32 {
        let mut x = seed.wrapping_mul(2_654_435_761);
        let numbers = (0..200).map(|_| {
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            x
        });
        let made = all(&worlds::world(numbers.collect()), false);
        clusters += made.clusters.len();
        refused += made.refused.len();
        classes += made.classes.len();
        for file in &made.files {
            patch_files += usize::from(file.path.starts_with("clusters/patches/"));
            mappings += file.text.matches("inline:\n").count();
        }
        reasons.extend(made.left.iter().map(|l| format!("{}\n", l.why)));
    }
    let enough = [(clusters, 150), (refused, 1), (classes, 100), (patch_files, 60), (mappings, 100)];
    assert!(enough.iter().all(|(n, least)| n >= least), "{enough:?}");
    for reason in [
        "is being torn down",
        "belongs to Omni's controller `SomeController`",
        "is locked by hand",
        "templates cannot lock a cluster",
        "older form of `machine_allocation`",
        "templates begin the ids of machine sets with the cluster's name",
        "templates cannot set Omni's own labels",
        "a template has no kernel arguments for machines that a class gives",
        "templates make the id of a manifest from its position and name",
        "holds a secret (machine.registries.config[ghcr.io].auth.password)",
        "Talos machine configuration has no key",
        "its provider `gone` is not in Omni any more",
        "a spec cannot name its provider `a b`",
    ] {
        assert!(reasons.contains(reason), "{reason}");
    }
}

/// What a template made comes back whole: nothing is left out but secrets, and the files plan empty.
#[test]
fn what_templates_made_comes_back_whole() {
    let (mut resources, mut places, mut blanks) = (0, 0, 0);
    for seed in 0..150 {
        let template = RandomTemplate::new(seed);
        let mut snapshot = worlds::world(vec![1]);
        for list in snapshot.omni.types.values_mut() {
            *list = Observation::Known(Vec::new());
        }
        let mut put = |live: LiveResource| {
            let list = snapshot
                .omni
                .types
                .entry(live.resource.id.kind.clone())
                .or_insert(Observation::Known(vec![]));
            let Observation::Known(list) = list else { panic!() };
            list.push(live);
        };
        for class in &template.classes {
            let mut class = Resource::new(MACHINE_CLASSES.id(class));
            class.spec.set("match_labels", Value::List(vec!["a = b".into()]));
            put(as_live(&class));
        }
        let rendered = template.load().resources;
        let named =
            rendered.iter().find(|r| r.address.kind() == "cluster").map(|r| r.address.name().to_owned());
        assert_eq!(named.as_deref(), Some(template.cluster.as_str()));
        for one in &rendered {
            put(as_live(&one.resource));
        }
        resources += rendered.len();
        let made = all(&snapshot, true);
        // omnictl's own YAML loses the indentation of such a block; the export has no other form for it, so it stays live.
        if made.left.iter().any(|l| l.why.contains("begins with blanks")) {
            plans_empty(&tree(&made.files), &snapshot).unwrap_or_else(|e| panic!("{seed}: {e}"));
            blanks += 1;
            continue;
        }
        assert!(
            made.refused.is_empty() && made.left.is_empty(),
            "{seed}: {:?} {:?}\n{}",
            made.refused,
            made.left,
            template.text
        );
        assert!(
            made.clusters.iter().all(|c| c.styled),
            "{seed}: {}\n{}",
            template.text,
            shown(&tree(&made.files))
        );
        let files = tree(&made.files);
        plans_empty(&files, &snapshot).unwrap_or_else(|e| panic!("{seed}: {e}"));
        let declared: usize = desired(&files).unwrap().clusters.iter().map(|c| c.resources.len()).sum();
        assert_eq!(declared, rendered.len(), "{seed}");
        // Ids that a template made from places need none written down.
        let text = String::from_utf8_lossy(&files[&made.clusters[0].path]).into_owned();
        places += usize::from(!text.contains("idOverride:"));
    }
    assert!(resources > 1500 && places > 15 && blanks < 60, "{resources} {places} {blanks}");
}
