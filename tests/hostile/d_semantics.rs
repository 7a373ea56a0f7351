//! D: valid files that would ruin a cluster. Most are proved where guards and scenarios are; here each is tied to its proof.

use std::path::Path;

use crate::entries::{Entry, Failures, run};
use crate::scene::{Scene, TEMPLATE, finish, template};

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

fn d6(f: &mut Failures) {
    stopped(f, "a Talos that is not offered", &template("").replacen("v1.11.6", "v9.9.9", 1), 3);
    stopped(f, "no version", &template("").replacen("v1.34.3", "newest", 1), 65);
}

fn d8(f: &mut Failures) {
    let patch = |inline: &str| template(&format!("patches:\n  - name: p\n    inline: {inline}\n"));
    stopped(f, "the cluster's secrets", &patch("{cluster: {secret: x}}"), 65);
    stopped(f, "the machine's token", &patch("{machine: {token: x}}"), 65);
}

fn d10(f: &mut Failures) {
    let twice = "patches:\n  - idOverride: 400-x\n    inline: {machine: {env: {A: b}}}\n  - idOverride: 400-x\n    inline: {machine: {env: {A: c}}}\n";
    stopped(f, "one id for two patches", &template(twice), 65);
}

fn d16(f: &mut Failures) {
    let s = Scene::new();
    s.write(TEMPLATE, template("").replacen("size: 3", "size: unlimited", 1));
    s.taken("unlimited", f);
}

#[test]
fn semantics() {
    run('D', 17, TABLE);
}

const GUARDS: &str = "tests/golden/guards.rs";
const LIFTED: &[(&str, &str)] = &[(GUARDS, "each_guard_is_lifted_by_the_words_that_it_prints")];

const TABLE: &[Entry] = &[
    Entry {
        id: "D1",
        what: "nothing declared any more",
        expected: "blocked; in a pipeline by no flag",
        here: Some(|f| scenario(f, "017-cluster-removed", &["G15", "G01"], true)),
        there: &[(GUARDS, "in_a_pipeline_no_flag_lifts_files_that_declare_nothing")],
    },
    Entry {
        id: "D2",
        what: "control planes lost or even in number",
        expected: "blocked until allowed by its own word",
        here: Some(|f| scenario(f, "050-control-planes-3-to-1", &["G02", "G04"], true)),
        there: &[("tests/cli/guards.rs", "a_lost_control_plane_needs_its_own_word_and_the_run_remembers_it")],
    },
    Entry {
        id: "D3",
        what: "another class for machines that are there",
        expected: "a set that is replaced is blocked by thresholds",
        here: Some(|f| scenario(f, "022-worker-set-replaced", &["G16"], true)),
        there: &[("src/plan/effects/tests.rs", "class_fields_leave_machines_as_they_are")],
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
        here: Some(|f| scenario(f, "039-cluster-renamed", &["G01"], true)),
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
        here: None,
        there: &[
            ("src/plan/effects/tests.rs", "provider_data_leaves_machines_as_they_are"),
            ("src/plan/effects/tests.rs", "class_fields_leave_machines_as_they_are"),
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
        here: None,
        there: &[("src/template/resources/patch.rs", "weights_have_three_digits")],
    },
    Entry {
        id: "D12",
        what: "thousands of machines",
        expected: "planned and cut by structure",
        here: None,
        there: &[("tests/sinks/budget.rs", "plans_of_thousands_are_cut_by_structure")],
    },
    Entry {
        id: "D13",
        what: "numbers of foreign VMs",
        expected: "no VM is touched: Proxmox is read only",
        here: None,
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
        expected: "taken, as omnictl takes it; no guard speaks of it",
        here: Some(d16),
        there: &[],
    },
    Entry {
        id: "D17",
        what: "most workers go",
        expected: "blocked by thresholds",
        here: Some(|f| scenario(f, "007-workers-3-to-1", &["G16"], true)),
        there: &[(
            "src/policy/guards/g16_thresholds.rs",
            "shares_count_from_five_on_and_one_machine_is_always_allowed",
        )],
    },
];
