//! What each fidelity decides, by small live clusters.

use super::*;
use crate::resource::{Phase, Resource};
use crate::template::tests::loaded;
use crate::value::Value;

const CP: &str = "a0000001-0000-4000-8000-000000000001";
const W1: &str = "a0000002-0000-4000-8000-000000000002";

/// What a template renders to, as a server has it.
fn live(text: &str) -> Vec<LiveResource> {
    let (loaded, _, sink) = loaded(text);
    assert!(!sink.has_errors(), "{:?}", sink.all());
    loaded.resources.into_iter().map(|r| seen(r.resource)).collect()
}

fn seen(resource: Resource) -> LiveResource {
    LiveResource {
        resource,
        version: 1,
        phase: Phase::Running,
        owner: String::new(),
        finalizers: Vec::new(),
        created: String::new(),
        updated: String::new(),
    }
}

/// A cluster with `cluster` among its keys, and further documents.
fn template(cluster: &str, rest: &str) -> String {
    format!(
        "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n{cluster}\n---\n\
         kind: ControlPlane\nmachines: [{CP}]\n{rest}"
    )
}

fn run(live: &[LiveResource], fidelity: Fidelity) -> Exported {
    run_as(live, fidelity, Dialect::V1_9)
}

fn run_as(live: &[LiveResource], fidelity: Fidelity, dialect: Dialect) -> Exported {
    export(live, "c", Options { kernel_args: false, fidelity, dialect }).unwrap_or_else(|e| panic!("{e:?}"))
}

/// `id: what` of all losses.
fn lost(exported: &Exported) -> Vec<String> {
    exported.losses.iter().map(|l| format!("{}: {}", l.resource.id, l.what)).collect()
}

fn find<'a>(live: &'a mut [LiveResource], id: &str) -> &'a mut LiveResource {
    live.iter_mut().find(|r| r.resource.id.id == id).unwrap()
}

#[test]
fn types_of_strategies_without_rolling() {
    let live = live(&template(
        "",
        "upgradeStrategy: {type: Rolling}\n---\nkind: Workers\nupdateStrategy: {type: Unset}\ndeleteStrategy: {type: Rolling, rolling: {}}\n",
    ));
    let omnictl = run(&live, Fidelity::Omnictl);
    assert!(!omnictl.text.contains("upgradeStrategy") && !omnictl.text.contains("updateStrategy"));
    assert!(omnictl.text.contains("deleteStrategy:\n  type: Rolling\n  rolling: {}\n"), "{}", omnictl.text);
    assert_eq!(lost(&omnictl), ["c-control-planes: `upgrade_strategy`", "c-workers: `update_strategy`"]);
    let full = run(&live, Fidelity::Full);
    assert!(full.text.contains("upgradeStrategy:\n  type: Rolling\n---"), "{}", full.text);
    assert!(full.text.contains("updateStrategy:\n  type: Unset\n"), "{}", full.text);
    assert_eq!(full.losses, []);
}

#[test]
fn the_full_form_gives_names_back_where_the_position_allows_it() {
    let patch = |name: &str| format!("{{name: {name}, inline: {{machine: {{sysctls: {{a: {name}}}}}}}}}");
    let mut live = live(&template(&format!("patches: [{}, {}, {}]", patch("z"), patch("m"), patch("a")), ""));
    let names = |live: &[LiveResource]| {
        let text = run(live, Fidelity::Full).text;
        let wanted = |l: &&str| l.contains("name:") || l.contains("idOverride:");
        let of_patches = text.split("patches:").nth(1).unwrap_or_default();
        of_patches
            .split("\n---")
            .next()
            .unwrap()
            .lines()
            .filter(wanted)
            .map(|l| l.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&live), ["- name: z", "- name: m", "- name: a"]);
    // With the second gone, the third keeps its id by saying it.
    live.retain(|r| r.resource.id.id != "201-cluster-c-m");
    assert_eq!(names(&live), ["- name: z", "- name: a", "idOverride: 202-cluster-c-a"]);
    // With the first gone instead, its place is taken by one that says its id.
    live.retain(|r| r.resource.id.id != "200-cluster-c-z");
    assert_eq!(names(&live), ["- name: a", "idOverride: 202-cluster-c-a"]);
    assert_eq!(run(&live, Fidelity::Full).losses, []);
    let omnictl = run(&live, Fidelity::Omnictl).text;
    assert!(
        omnictl.contains("  - idOverride: 202-cluster-c-a\n    annotations:\n      name: a\n    inline: |\n"),
        "{omnictl}"
    );
}

#[test]
fn manifests_keep_their_ids_or_stay_out_of_the_full_form() {
    let manifest = |name: &str| format!("{{name: {name}, mode: full, inline: x}}");
    let text = template("", "").replace(
        "{version: v1.34.3}",
        &format!(
            "{{version: v1.34.3, manifests: [{}, {}, {}]}}",
            manifest("a"),
            manifest("b"),
            manifest("d")
        ),
    );
    let mut live = live(&text);
    find(&mut live, "201-cluster-c-b").resource.annotations.insert("name".into(), "other".into());
    let full = run(&live, Fidelity::Full);
    assert!(full.text.contains("annotations:\n        name: other\n      name: b\n"), "{}", full.text);
    assert_eq!(full.losses, []);
    assert_eq!(lost(&run(&live, Fidelity::Omnictl)), ["201-cluster-c-b: its id"]);
    live.retain(|r| r.resource.id.id != "201-cluster-c-b");
    let full = run(&live, Fidelity::Full);
    assert_eq!(lost(&full), ["202-cluster-c-d: the whole resource"]);
    assert!(full.text.contains("name: a\n") && !full.text.contains("name: d\n"), "{}", full.text);
    let omnictl = run(&live, Fidelity::Omnictl);
    assert!(omnictl.text.contains("name: d\n"));
    assert_eq!(lost(&omnictl), ["202-cluster-c-d: its id"]);
}

#[test]
fn install_disks() {
    let mut live =
        live(&template("", &format!("---\nkind: Machine\nname: {CP}\ninstall: {{disk: /dev/sda}}\n")));
    let id = format!("000-cm-{CP}-install-disk");
    for fidelity in [Fidelity::Omnictl, Fidelity::Full] {
        let got = run(&live, fidelity);
        assert!(got.text.contains("install:\n  disk: /dev/sda\n"), "{}", got.text);
        assert_eq!(got.losses, []);
    }
    // In other words, but still marked as Omni's: the meaning counts more than the words.
    find(&mut live, &id).resource.spec.set("data", "machine: {install: {disk: /dev/sda}}".into());
    let full = run(&live, Fidelity::Full);
    assert!(full.text.contains("install:\n  disk: /dev/sda\n"));
    assert_eq!(lost(&full), [format!("{id}: `data`")]);
    // Made by hand under that id: the full form keeps it as it is.
    find(&mut live, &id).resource.labels.remove("omni.sidero.dev/system-patch");
    let full = run(&live, Fidelity::Full);
    assert!(full.text.contains("inline: |-\n      machine: {install: {disk: /dev/sda}}\n"), "{}", full.text);
    assert_eq!(full.losses, []);
    let omnictl = run(&live, Fidelity::Omnictl);
    assert_eq!(
        lost(&omnictl),
        [format!("{id}: `data`"), format!("{id}: that it has no label `omni.sidero.dev/system-patch`")]
    );
    for data in
        ["machine: {install: {disk: /dev/sda, wipe: true}}", "machine: {install: {disk: 5}}", "x: [", ""]
    {
        let mut patch = find(&mut live, &id).resource.clone();
        patch.spec.set("data", data.into());
        assert_eq!(install_disk::install_disk(&patch, Fidelity::Omnictl), None, "{data}");
    }
}

#[test]
fn what_is_no_users_or_on_its_way_out_stays_out_of_the_full_form() {
    let mut live = live(&template(
        "patches: [{name: a, inline: {machine: {}}}, {name: b, inline: {machine: {sysctls: {x: y}}}}]",
        "",
    ));
    find(&mut live, "200-cluster-c-a").owner = "Controller".into();
    find(&mut live, "201-cluster-c-b").phase = Phase::TearingDown;
    let full = run(&live, Fidelity::Full);
    assert!(!full.text.contains("patches"), "{}", full.text);
    assert_eq!(lost(&full), ["201-cluster-c-b: the whole resource"]);
    let omnictl = run(&live, Fidelity::Omnictl);
    assert!(omnictl.text.contains("201-cluster-c-b") && !omnictl.text.contains("200-cluster-c-a"));
    assert_eq!(lost(&omnictl), ["201-cluster-c-b: that it is being destroyed"]);
}

#[test]
fn locks_and_marks_of_omni() {
    let mut live = live(&template("", &format!("---\nkind: Workers\nmachines: [{W1}]\n")));
    let lock = |key: &str| (format!("omni.sidero.dev/{key}"), String::new());
    find(&mut live, "c").resource.annotations.extend([lock("cluster-locked")]);
    find(&mut live, CP).resource.annotations.extend([lock("locked")]);
    find(&mut live, W1).resource.annotations.extend([lock("locked")]);
    find(&mut live, "c-workers").resource.labels.insert("omni.sidero.dev/odd".into(), "x".into());
    let full = run(&live, Fidelity::Full);
    assert!(full.text.ends_with(&format!("---\nkind: Machine\nname: {W1}\nlocked: true\n")), "{}", full.text);
    assert_eq!(
        lost(&full),
        [
            "c: the annotation `omni.sidero.dev/cluster-locked`".to_owned(),
            format!("{CP}: the annotation `omni.sidero.dev/locked`"),
            "c-workers: the label `omni.sidero.dev/odd`".to_owned(),
        ]
    );
    let Err(ExportError::Invalid { problems, .. }) = export(
        &live,
        "c",
        Options { kernel_args: false, fidelity: Fidelity::Omnictl, dialect: Dialect::V1_9 },
    ) else {
        panic!("omnictl cannot export this");
    };
    assert!(problems.iter().any(|p| p.code.0 == crate::diag::codes::LOCKED_CONTROL_PLANE));
}

#[test]
fn kernel_arguments_that_no_template_manages_stay_out_of_the_full_form() {
    let mut live = live(&template("", "kernelArgs: [quiet]\n"));
    let full = run(&live, Fidelity::Full);
    assert!(full.text.contains("kernelArgs:\n  - quiet\n") && full.losses.is_empty(), "{}", full.text);
    assert_eq!(lost(&run(&live, Fidelity::Omnictl)), [format!("{CP}: its kernel arguments")]);
    let args = live.iter_mut().find(|r| r.resource.id.short_kind() == "KernelArgs").unwrap();
    args.resource.annotations.clear();
    let full = run(&live, Fidelity::Full);
    assert!(!full.text.contains("kernelArgs"));
    assert_eq!(lost(&full), [format!("{CP}: the whole resource")]);
}

#[test]
fn backups_that_are_off_are_not_switched_on() {
    let mut live = live(&template("features: {backupConfiguration: {interval: 2h}}", ""));
    let interval = "backupConfiguration:\n    interval: 2h0m0s\n";
    assert!(run(&live, Fidelity::Full).text.contains(interval));
    let cluster = find(&mut live, "c");
    cluster
        .resource
        .spec
        .set("backup_configuration", Value::from_json(&serde_json::json!({"interval": "7200s"})));
    let (full, omnictl) = (run(&live, Fidelity::Full), run(&live, Fidelity::Omnictl));
    assert!(!full.text.contains("interval") && omnictl.text.contains(interval));
    assert_eq!(
        (lost(&full), lost(&omnictl)),
        (vec!["c: `backup_configuration`".into()], vec!["c: `backup_configuration`".into()])
    );
}

#[test]
fn newer_servers_have_more_features_and_install_disks_of_their_own() {
    let mut live = live(&template("", ""));
    find(&mut live, "c")
        .resource
        .spec
        .set("features", Value::from_json(&serde_json::json!({"enable_node_audit_skip": true})));
    let old = run(&live, Fidelity::Full);
    assert_eq!(lost(&old), ["c: the feature `enable_node_audit_skip`"]);
    assert!(
        run_as(&live, Fidelity::Full, Dialect::V1_10)
            .text
            .contains("features:\n  enableNodeAuditSkip: true\n")
    );
    let mut disk = Resource::new(crate::kinds::MACHINE_INSTALL_DISK_CONFIGS.id(CP));
    disk.annotations.insert("omni.sidero.dev/managed-by-cluster-templates".into(), String::new());
    disk.spec.set("disk_selector", "disk.size > 1u".into());
    live.push(seen(disk));
    let newest = run_as(&live, Fidelity::Full, Dialect::Newest);
    assert!(newest.text.contains("install:\n  diskSelector: disk.size > 1u\n"), "{}", newest.text);
    assert_eq!(newest.losses, []);
}

#[test]
fn clusters_that_fit_into_no_template() {
    let all = live(&template("", ""));
    let as_of = |live: &[LiveResource], fidelity| {
        export(live, "c", Options { kernel_args: false, fidelity, dialect: Dialect::V1_9 })
    };
    let missing =
        export(&all, "d", Options { kernel_args: false, fidelity: Fidelity::Full, dialect: Dialect::V1_9 });
    assert!(matches!(missing, Err(ExportError::NoCluster(name)) if name == "d"));
    // omnictl writes a document without a kind; that is said, not hidden.
    let lone: Vec<LiveResource> =
        all.iter().filter(|r| r.resource.id.short_kind() == "Clusters").cloned().collect();
    let omnictl = as_of(&lone, Fidelity::Omnictl).unwrap();
    assert!(omnictl.text.ends_with("---\nkind: \"\"\n"));
    assert_eq!(lost(&omnictl), ["c: a control plane"]);
    assert!(as_of(&lone, Fidelity::Full).is_err());
    for (label, note) in [
        ("omni.sidero.dev/role-controlplane", "machine set \"c-control-planes\" has no role label"),
        ("omni.sidero.dev/machine-set", "has no machine set label"),
    ] {
        let mut live = all.clone();
        for one in &mut live {
            one.resource.labels.remove(label);
        }
        let note_of = as_of(&live, Fidelity::Omnictl).err().and_then(|e| e.note()).unwrap_or_default();
        assert!(note_of.contains(note), "{note_of}");
    }
}

#[test]
fn texts_that_a_block_cannot_give_back_are_quoted_in_the_full_form() {
    let text = template("", "").replace(
        "{version: v1.34.3}",
        "{version: v1.34.3, manifests: [{name: a, mode: full, inline: \"\\ta\"}, {name: b, mode: full, inline: \"\\n  a\\nb\\n\"}]}",
    );
    let live = live(&text);
    let full = run(&live, Fidelity::Full);
    assert!(
        full.text.contains("inline: \"\\ta\"\n") && full.text.contains("inline: \"\\n  a\\nb\\n\"\n"),
        "{}",
        full.text
    );
    assert_eq!(full.losses, []);
    let omnictl = run(&live, Fidelity::Omnictl);
    assert!(omnictl.text.contains("inline: |-\n        \ta\n"), "{}", omnictl.text);
    assert_eq!(lost(&omnictl), ["200-cluster-c-a: its text", "201-cluster-c-b: its text"]);
}
