//! D: valid files that would ruin a cluster. Each is planned and applied against a deployment that runs: what must not happen blocks, with the guard that
//! says so, and nothing is sent; what may happen says what it does. Guards and scenarios in full are proved elsewhere.

use std::path::Path;

use crate::entries::{Entry, Failures, run};
use crate::judge::finish;
use crate::repository::Repository;
use crate::scene::{CLASS, SPEC, Scene, TEMPLATE, settled, template, words, writes};

/// The committed plan of a scenario speaks of these guards, and is kept from being applied where `blocked`.
fn scenario(f: &mut Failures, name: &str, guards: &[&str], blocked: bool) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name).join("plan.json");
    let text = std::fs::read_to_string(&path).unwrap_or_default();
    let plan: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let spoken: Vec<&str> =
        plan["warnings"].as_array().into_iter().flatten().filter_map(|w| w["guard"].as_str()).collect();
    for guard in guards {
        f.check(spoken.contains(guard), || format!("{name} does not speak of {guard}: {spoken:?}"));
    }
    let blocks = plan["warnings"].as_array().into_iter().flatten().any(|w| w["blocks"] == true);
    f.check(!blocked || blocks, || format!("{name} blocks nothing"));
}

/// The files are refused, or their plan for the lab is, before anything is sent.
fn stopped(f: &mut Failures, name: &str, text: &str, code: i32) {
    let s = Scene::new();
    s.write(TEMPLATE, text);
    let run = finish(s.r.command(&["apply", "--lab", "--auto-approve"]));
    run.sound(name, f);
    f.check(run.code == Some(code), || format!("{name}: exit {:?}: {}", run.code, run.start()));
    if code == 3 {
        let sent = s.r.requests("fresh").iter().any(|r| r["writing"] == true);
        f.check(!sent, || format!("{name}: something was sent"));
    }
}

fn d4(f: &mut Failures) {
    let machine = "430d882a-51a8-48b3-ab00-d4b5b0b5b0b5";
    let sets = format!(
        "kind: Cluster\nname: c\nkubernetes: {{version: v1.34.3}}\ntalos: {{version: v1.11.6}}\n---\nkind: ControlPlane\nmachines: [{machine}]\n\
         ---\nkind: Workers\nmachines: [{machine}]\n"
    );
    stopped(f, "one machine in two sets", &sets, 65);
}

/// What a change does to a deployment that runs. The plan ends with the code and says the texts; an apply that answers every question beforehand, as a
/// pipeline does, ends with 3 and sends nothing where the plan is blocked.
fn change(f: &mut Failures, name: &str, code: i32, texts: &[&str], make: impl Fn(&Repository)) {
    let r = settled();
    make(&r);
    let sent = writes(&r);
    let plan = finish(r.command(&["plan", "--lab=deployed"]));
    plan.sound(name, f);
    f.check(plan.code == Some(code), || format!("{name}: exit {:?}: {}", plan.code, plan.both()));
    let all = words(&plan.both());
    for text in texts {
        f.check(all.contains(text), || format!("{name}: no `{text}`: {}", plan.both()));
    }
    if code == 0 {
        return;
    }
    let mut command = r.command(&["apply", "--lab=deployed", "--auto-approve", "--max-risk", "critical"]);
    command.env("CI", "true");
    let apply = finish(command);
    apply.sound(name, f);
    f.check(apply.code == Some(code), || format!("{name}: apply: exit {:?}: {}", apply.code, apply.start()));
    f.check(writes(&r) == sent, || format!("{name}: something was sent"));
}

/// Another text in the deployment's template.
fn edited(f: &mut Failures, name: &str, code: i32, texts: &[&str], from: &str, to: &str) {
    change(f, name, code, texts, |r| r.edit(TEMPLATE, from, to));
}

/// What happens to machines is not predicted: the plan names each, and an approval up to a medium risk does not cover it.
fn risky(f: &mut Failures, name: &str, from: &str, to: &str) {
    let r = settled();
    r.edit(TEMPLATE, from, to);
    let sent = writes(&r);
    let plan = finish(r.command(&["plan", "--lab=deployed"]));
    plan.sound(name, f);
    let all = words(&plan.both());
    for text in ["worst effect: unknown", "affects 3 machines unknown", "etcd talos-prod-01"] {
        f.check(all.contains(text), || format!("{name}: no `{text}`: {}", plan.both()));
    }
    let apply = finish(r.command(&["apply", "--lab=deployed", "--auto-approve", "--max-risk", "medium"]));
    apply.sound(name, f);
    f.check(apply.code == Some(3), || format!("{name}: apply: exit {:?}: {}", apply.code, apply.start()));
    f.check(writes(&r) == sent, || format!("{name}: something was sent"));
}

/// A patch more.
fn patched(f: &mut Failures, name: &str, code: i32, texts: &[&str], patch: &str) {
    edited(f, name, code, texts, "patches:\n", &format!("patches:\n  - {patch}\n"));
}

fn d1(f: &mut Failures) {
    let gone = ["G15", "G01", "cluster/talos-prod-01"];
    change(f, "no file any more", 3, &gone, |r| std::fs::remove_file(r.path(TEMPLATE)).unwrap());
    change(f, "an empty file", 65, &[TEMPLATE], |r| std::fs::write(r.path(TEMPLATE), "").unwrap());
    change(f, "another folder", 3, &gone, |r| {
        std::fs::create_dir(r.path("elsewhere")).unwrap();
        r.edit(SPEC, "clusters: { paths: [clusters]", "clusters: { paths: [elsewhere]");
    });
}

fn d2(f: &mut Failures) {
    let set = "--allow destroy:cluster/talos-prod-01/machineset/control-planes";
    for (size, guard) in [("0", "G02"), ("1", "G02"), ("2", "G02")] {
        let texts = [guard, set];
        edited(f, &format!("3 to {size}"), 3, &texts, "size: 3", &format!("size: {size}"));
    }
    edited(f, "3 to 4", 0, &["G04: 4 control planes tolerate no more failures than 3"], "size: 3", "size: 4");
}

fn d6(f: &mut Failures) {
    edited(f, "Talos back", 3, &["G06"], "v1.11.6", "v1.11.5");
    edited(f, "Kubernetes back", 3, &["G06"], "v1.34.3", "v1.33.1");
    edited(f, "Talos two minors back", 3, &["G06"], "v1.11.6", "v1.9.0");
    edited(f, "Kubernetes of the future", 3, &["OS0"], "v1.34.3", "v1.99.0");
    stopped(f, "a Talos that is not offered", &template("").replacen("v1.11.6", "v9.9.9", 1), 3);
    stopped(f, "no version", &template("").replacen("v1.34.3", "newest", 1), 65);
}

fn d7(f: &mut Failures) {
    for (from, to) in [("disk_size: 100", "disk_size: 10"), ("disk_size: 100", "disk_size: 1000")] {
        let texts = ["worst effect: no-effect", "Omni uses class data for new machines only"];
        change(f, to, 0, &texts, |r| r.edit(CLASS, from, to));
    }
    change(f, "another storage", 0, &["Omni uses class data for new machines only"], |r| {
        r.edit(CLASS, "vm_ssd", "other");
    });
}

fn d8(f: &mut Failures) {
    let patch = |inline: &str| template(&format!("patches:\n  - name: p\n    inline: {inline}\n"));
    stopped(f, "the cluster's secrets", &patch("{cluster: {secret: x}}"), 65);
    stopped(f, "the machine's token", &patch("{machine: {token: x}}"), 65);
    stopped(f, "the cluster's own authority", &patch("{cluster: {ca: {crt: eA==, key: eA==}}}"), 65);
    // What is allowed is shown with what it does to machines, before anybody answers.
    let effect = ["affects", "talos-prod-01-control-planes"];
    patched(
        f,
        "a file on every machine",
        0,
        &effect,
        "{name: p, inline: {machine: {files: [{path: /var/x, content: y, permissions: 0o600, op: create}]}}}",
    );
    patched(
        f,
        "etcd elsewhere",
        0,
        &effect,
        "{name: p, inline: {cluster: {etcd: {advertisedSubnets: [10.9.0.0/16]}}}}",
    );
    patched(
        f,
        "anonymous access",
        0,
        &effect,
        "{name: p, inline: {cluster: {apiServer: {extraArgs: {anonymous-auth: 'true'}}}}}",
    );
}

fn d10(f: &mut Failures) {
    let twice = "patches:\n  - idOverride: 400-x\n    inline: {machine: {env: {A: b}}}\n  - idOverride: 400-x\n    inline: {machine: {env: {A: c}}}\n";
    stopped(f, "one id for two patches", &template(twice), 65);
    patched(
        f,
        "the id of a patch that is there",
        0,
        &["500-ntp-servers", "update"],
        "{idOverride: 500-ntp-servers, inline: {machine: {env: {A: b}}}}",
    );
}

fn d11(f: &mut Failures) {
    let all: String = (0..1_001)
        .map(|n| format!("  - name: p{n}\n    inline: {{machine: {{env: {{A: \"{n}\"}}}}}}\n"))
        .collect();
    let s = Scene::new();
    s.write(TEMPLATE, template(&format!("patches:\n{all}")));
    let run = finish(s.command(&["validate"]));
    run.sound("1001 patches", f);
    f.check(run.code == Some(0), || run.start());
    let run = finish(s.command(&["render", TEMPLATE]));
    run.sound("1001 patches", f);
    // The number grows by a digit, and from there on the order of names is another one: what omnictl writes.
    f.check(
        run.out.contains("id: 200-cluster-c-p0\n") && run.out.contains("id: 1200-cluster-c-p1000\n"),
        || run.out.lines().filter(|l| l.starts_with("  id:")).take(3).collect(),
    );
}

fn d12(f: &mut Failures) {
    // With all its checks the program takes several times as long.
    let count = if cfg!(debug_assertions) { 2_000 } else { 10_000 };
    let machines: String = (0..count).map(|n| format!("  - a0000001-0000-4000-8000-{n:012}\n")).collect();
    let text =
        template("").replacen("---\nkind: Workers\nmachineClass: {name: matrix-worker, size: 2}\n", "", 1);
    let s = Scene::new();
    s.write(TEMPLATE, format!("{text}---\nkind: Workers\nmachines:\n{machines}"));
    s.taken("10 000 machines", f);
}

fn d13(f: &mut Failures) {
    for vmid in ["99", "0", "-1", "1000000000", "4294967296", "\"200\"", "1e2"] {
        let s = Scene::new();
        s.r.edit(SPEC, "vmid: 200", &format!("vmid: {vmid}"));
        s.refused(&format!("vmid {vmid}"), true, &[SPEC], f);
    }
    // One of a guest that is there: nothing is sent to Proxmox, whatever the number.
    change(f, "the number of another guest", 0, &[], |r| r.edit(SPEC, "vmid: 200", "vmid: 101"));
}

/// omnictl takes it; Omni refuses it of a class that makes machines, so that the plan does.
fn d16(f: &mut Failures) {
    for size in ["unlimited", "null", "~"] {
        let s = Scene::new();
        s.write(TEMPLATE, template("").replacen("size: 3", &format!("size: {size}"), 1));
        s.taken(size, f);
    }
    let refused = ["an unlimited number of machines from class `matrix-control-plane`", "Omni refuses that"];
    edited(f, "control planes without a number", 3, &refused, "size: 3", "size: unlimited");
    edited(f, "control planes of nothing", 3, &["G02"], "size: 3", "size: null");
}

#[test]
fn semantics() {
    run('D', 17, TABLE);
}

const GUARDS: &str = "tests/golden/guards.rs";
const LIFTED: &[(&str, &str)] = &[(GUARDS, "each_guard_is_lifted_by_the_words_that_it_prints")];

pub const TABLE: &[Entry] = &[
    Entry {
        id: "D1",
        what: "nothing declared any more",
        expected: "blocked; in a pipeline by no flag",
        here: Some(|f| {
            d1(f);
            scenario(f, "017-cluster-removed", &["G15", "G01"], true);
        }),
        there: &[(GUARDS, "in_a_pipeline_no_flag_lifts_files_that_declare_nothing")],
    },
    Entry {
        id: "D2",
        what: "control planes lost or even in number",
        expected: "blocked until allowed by its own word",
        here: Some(|f| {
            d2(f);
            scenario(f, "050-control-planes-3-to-1", &["G02", "G04"], true);
        }),
        there: &[("tests/cli/guards.rs", "a_lost_control_plane_needs_its_own_word_and_the_run_remembers_it")],
    },
    Entry {
        id: "D3",
        what: "another class for machines that are there",
        expected: "not predicted: each machine is named, and more than a medium risk has to be approved; a set that is replaced is blocked by thresholds",
        here: Some(|f| {
            risky(f, "another class", "name: matrix-control-plane", "name: matrix-worker");
            scenario(f, "022-worker-set-replaced", &["G16"], true);
        }),
        there: &[("src/plan/effects", "class_fields_leave_machines_as_they_are")],
    },
    Entry {
        id: "D4",
        what: "one machine in two places",
        expected: "refused, or blocked where another cluster has it",
        here: Some(|f| {
            d4(f);
            scenario(f, "028-machine-of-another-cluster", &["G12"], true);
        }),
        there: &[("src/template/together.rs", "one_template_for_a_cluster_and_one_cluster_for_a_machine")],
    },
    Entry {
        id: "D5",
        what: "renamed cluster",
        expected: "destroyed and made anew, and blocked as such",
        here: Some(|f| {
            edited(f, "another name", 3, &["G01"], "name: talos-prod-01", "name: talos-prod-02");
            scenario(f, "039-cluster-renamed", &["G01"], true);
        }),
        there: LIFTED,
    },
    Entry {
        id: "D6",
        what: "versions",
        expected: "blocked where Omni does not offer them",
        here: Some(|f| {
            d6(f);
            scenario(f, "027-versions-not-offered", &["G06"], true);
        }),
        there: &[],
    },
    Entry {
        id: "D7",
        what: "disks and data",
        expected: "a class does not touch machines that are there, and the data that goes with machines is told",
        here: Some(d7),
        there: &[
            ("src/plan/effects", "provider_data_leaves_machines_as_they_are"),
            ("src/plan/effects", "class_fields_leave_machines_as_they_are"),
        ],
    },
    Entry {
        id: "D8",
        what: "patches over what is not theirs",
        expected: "refused as Omni would",
        here: Some(d8),
        there: &[("src/template/tests.rs", "each_dialect_forbids_its_fields_and_documents")],
    },
    Entry {
        id: "D9",
        what: "dependencies in a circle",
        expected: "cannot be written: order comes from kinds, and an expression sees only data",
        here: None,
        there: &[("src/policy/cel/tests.rs", "whatever_is_written_ends_in_time")],
    },
    Entry {
        id: "D10",
        what: "an id of another patch",
        expected: "refused, or blocked where it is not ours",
        here: Some(|f| {
            d10(f);
            scenario(f, "012-foreign-patch", &[], false);
        }),
        there: &[],
    },
    Entry {
        id: "D11",
        what: "more patches than a weight has digits",
        expected: "as omnictl orders them",
        here: Some(d11),
        there: &[("src/template/resources/patch.rs", "weights_have_three_digits")],
    },
    Entry {
        id: "D12",
        what: "thousands of machines",
        expected: "planned and cut by structure",
        here: Some(d12),
        there: &[("tests/sinks/budget.rs", "plans_of_thousands_are_cut_by_structure")],
    },
    Entry {
        id: "D13",
        what: "numbers of foreign VMs",
        expected: "no VM is touched: Proxmox is read only",
        here: Some(d13),
        there: &[("tests/contract/proxmox.rs", "contract_proxmox_requests_are_legal")],
    },
    Entry {
        id: "D14",
        what: "forged marks of ownership",
        expected: "only what the record has is ours",
        here: None,
        there: &[("tests/cli/removal.rs", "only_what_is_ours_can_be_named")],
    },
    Entry {
        id: "D15",
        what: "protection that goes with what it protects",
        expected: "blocked: the record remembers it",
        here: None,
        there: &[
            ("tests/cli/guards.rs", "protection_outlives_the_change_that_takes_it_away"),
            (GUARDS, "what_is_protected_goes_by_no_flag_even_when_the_protection_goes_with_it"),
        ],
    },
    Entry {
        id: "D16",
        what: "unlimited control planes",
        expected: "taken from files, as omnictl takes it; a plan is blocked where Omni refuses it, of a class that makes machines",
        here: Some(d16),
        there: &[],
    },
    Entry {
        id: "D17",
        what: "most workers go",
        expected: "blocked by thresholds",
        here: Some(|f| {
            edited(f, "2 to 0", 3, &["G16"], "size: 2", "size: 0");
            scenario(f, "007-workers-3-to-1", &["G16"], true);
        }),
        there: &[(
            "src/policy/guards/g16_thresholds.rs",
            "shares_count_from_five_on_and_one_machine_is_always_allowed",
        )],
    },
];
