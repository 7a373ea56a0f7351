//! Plans against what the real client planned.
//!
//! A case is a folder: `live.yaml` (all resources of a server), `template.yaml` and files, then `expected-plan.txt` and
//! `expected-diff.txt`, or `expected-plan-error.txt`, or `expected-delete-plan.txt` for a deletion of the template. The plans
//! come from the planner that `plan` uses, with `clusters.prune: template`.

use std::collections::BTreeMap;
use std::path::Path;

use omni_scale::address::Address;
use omni_scale::kinds::SYNC_ORDER;
use omni_scale::live::{Observation, OmniSnapshot, Snapshot};
use omni_scale::plan::{
    Action, Desired, DesiredCluster, DesiredResource, Operation, Plan, PlanInput, PlanOptions, Prune, plan,
};
use omni_scale::render::diff::{self, Secrets};
use omni_scale::resource::{LiveResource, ResourceId, TYPE_SUFFIX};

use crate::support::{Facts, Tally, present};
use crate::template::{TIME, cases, loaded, read};
use crate::template_export::live;

/// A server that holds `resources` and nothing else.
fn snapshot(resources: Vec<LiveResource>) -> Snapshot {
    let mut types: BTreeMap<String, Vec<LiveResource>> = SYNC_ORDER
        .iter()
        .map(|kind| kind.short)
        .chain(["MachineClasses"])
        .map(|short| (format!("{short}{TYPE_SUFFIX}"), Vec::new()))
        .collect();
    for resource in resources {
        types.entry(resource.resource.id.kind.clone()).or_default().push(resource);
    }
    for list in types.values_mut() {
        list.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    }
    Snapshot {
        omni: OmniSnapshot {
            endpoint: "https://omni.example.net".into(),
            version: Observation::Known("v1.9.3".into()),
            types: types.into_iter().map(|(kind, list)| (kind, Observation::Known(list))).collect(),
        },
        proxmox: BTreeMap::new(),
    }
}

/// The plan of a case; `delete` plans the removal of the whole template.
fn planned(case: &Path, delete: bool) -> Result<Plan, String> {
    let template = loaded(omni_scale::template::Dialect::V1_9, case)
        .map_err(|all| format!("the template is refused: {all:?}"))?;
    let name = template.template.clusters().next().unwrap().name.value.clone();
    let resources = template
        .resources
        .into_iter()
        .map(|r| DesiredResource { address: r.address, resource: r.resource, source: None })
        .collect();
    let cluster =
        DesiredCluster { name: name.clone(), prune: Prune::Template, resources, ..Default::default() };
    let mut desired = Desired { clusters: vec![cluster], ..Desired::default() };
    if delete {
        desired = desired.without(&[Address::cluster(&name)]);
    }
    let snapshot = snapshot(live(&read(case, "live.yaml").unwrap()));
    plan(&PlanInput {
        desired: &desired,
        snapshot: &snapshot,
        record: None,
        key: None,
        options: PlanOptions::default(),
    })
    .map_err(|all| format!("{all:?}"))
}

/// What the real client would print of a plan: `create|update|destroy[PHASE] T(default/ID)`, by operation, type and id.
fn projected(plan: &Plan) -> String {
    let rank = |id: &ResourceId| SYNC_ORDER.iter().position(|k| k.short == id.short_kind()).unwrap();
    let mut lines: Vec<(u8, usize, ResourceId, String)> = Vec::new();
    for step in &plan.steps {
        let (group, id, word) = match &step.operation {
            Operation::Create(r) => (0, &r.id, "create".to_owned()),
            Operation::Update { before, .. } => (1, &before.id, "update".to_owned()),
            Operation::Teardown { id, .. } => {
                let phase = u8::from(!matches!(id.short_kind(), "MachineSets" | "MachineSetNodes"));
                (2 + phase, id, format!("destroy[{phase}]"))
            }
            Operation::Record(_) | Operation::Drop | Operation::Await(_) => continue,
        };
        lines.push((group, rank(id), id.clone(), format!("{word} {id}\n")));
    }
    lines.sort();
    lines.into_iter().map(|l| l.3).collect()
}

/// The resources of a diff, in order; among creations of one type, which the real client does not order, by name.
fn blocks(text: &str) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let first = line.starts_with("--- ") && lines.peek().is_some_and(|next| next.starts_with("+++ "));
        if first {
            all.push(String::new());
        }
        let block = all.last_mut().expect("a header comes first");
        block.push_str(line);
        block.push('\n');
    }
    let created_type = |block: &String| {
        let header = block.lines().nth(1).unwrap_or_default().to_owned();
        block.starts_with("--- /dev/null\n").then(|| header.split('(').next().unwrap_or_default().to_owned())
    };
    for run in all.chunk_by_mut(|a, b| created_type(a).is_some() && created_type(a) == created_type(b)) {
        run.sort();
    }
    all
}

fn same(what: &str, want: &str, have: &str) -> Result<(), String> {
    if want == have { Ok(()) } else { Err(format!("{what}:\n want {want}\n have {have}")) }
}

fn run(case: &Path) -> Result<(), String> {
    if let Some(expected) = read(case, "expected-delete-plan.txt") {
        return same("delete", &expected, &projected(&planned(case, true)?));
    }
    let plan = planned(case, false)?;
    if let Some(expected) = read(case, "expected-plan-error.txt") {
        // `Error: resource T(default/ID) …`: our plan is made, and refused for the same resource.
        let id = expected.split_whitespace().nth(2).unwrap();
        let named = |address: &Address| id.ends_with(&format!("/{})", address.name()));
        let blocked = plan.warnings.iter().any(|w| w.blocks && w.address.as_ref().is_some_and(named));
        let sent = plan.steps.iter().any(|s| named(&s.address));
        return if blocked && !sent { Ok(()) } else { Err(format!("not refused: {:?}", plan.warnings)) };
    }
    same("plan", &read(case, "expected-plan.txt").unwrap(), &projected(&plan))?;
    let (want, have) =
        (read(case, "expected-diff.txt").unwrap(), diff::text(&plan, TIME, Secrets::Shown, false));
    same("diff", &blocks(&want).concat(), &blocks(&have).concat())?;
    let changes = plan.steps.iter().any(|s| s.action.is_change() && s.action != Action::Await);
    if changes == want.is_empty() { Err("the plan and its diff disagree".to_owned()) } else { Ok(()) }
}

#[test]
fn contract_template_plan() {
    const SUITE: &str = "template/cases-plan";
    let Some(folder) = present(SUITE, SUITE) else { return };
    let mut tally = Tally::new(SUITE);
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for case in cases(&folder) {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let what = ["delete-plan", "plan-error", "plan"]
            .into_iter()
            .find(|what| case.join(format!("expected-{what}.txt")).exists())
            .unwrap();
        let count = counts.entry(what.trim_end_matches("-plan")).or_default();
        count.1 += 1;
        tally.case(&name, &Facts::from([("outcome".into(), what.into())]), || {
            let result = run(&case);
            count.0 += usize::from(result.is_ok());
            result
        });
    }
    let shown: Vec<String> = counts.iter().map(|(what, (ok, all))| format!("{what} {ok}/{all}")).collect();
    println!("{SUITE}: {}", shown.join(", "));
    tally.finish();
}
