//! Exports of live clusters against what the real client printed.
//!
//! A case is a folder: `live.yaml` (all resources of a server, as omnictl prints them), `args.txt` (flags of `export`), then
//! `expected.yaml` or `expected-error.txt`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use omni_scale::diag::SourceId;
use omni_scale::kinds::{by_type, from_yaml_keys};
use omni_scale::resource::{LiveResource, Phase, Resource, ResourceId};
use omni_scale::template::Dialect;
use omni_scale::template::export::{ExportError, Fidelity, Options, export};
use omni_scale::yaml::{self, Limits, Node, NodeKind};

use crate::support::{Facts, Tally, present};

/// Resources as omnictl prints them: metadata scalars are texts, whatever they look like.
pub fn live(text: &str) -> Vec<LiveResource> {
    let documents = yaml::parse(SourceId(0), text, &Limits::default()).unwrap();
    documents.iter().filter_map(|d| d.root.as_ref()).map(resource).collect()
}

fn resource(root: &Node) -> LiveResource {
    let metadata = root.get("metadata").unwrap();
    let field = |key: &str| metadata.get(key).and_then(Node::text).unwrap_or_default().to_owned();
    let kind = field("type");
    let spec = yaml::to_value(root.get("spec").unwrap());
    let (spec, _) = from_yaml_keys(by_type(&kind).unwrap_or_else(|| panic!("{kind}")), &spec);
    LiveResource {
        resource: Resource {
            id: ResourceId { kind, namespace: field("namespace"), id: field("id") },
            labels: texts(metadata.get("labels")),
            annotations: texts(metadata.get("annotations")),
            spec,
        },
        version: field("version").parse().unwrap_or(1),
        phase: if field("phase") == "tearingDown" { Phase::TearingDown } else { Phase::Running },
        owner: field("owner"),
        finalizers: match metadata.get("finalizers").map(|n| &n.kind) {
            Some(NodeKind::Seq(items)) => items.iter().map(|n| n.text().unwrap().to_owned()).collect(),
            _ => Vec::new(),
        },
        created: field("created"),
        updated: field("updated"),
    }
}

fn texts(node: Option<&Node>) -> BTreeMap<String, String> {
    match node.map(|n| &n.kind) {
        Some(NodeKind::Map(pairs)) => {
            pairs.iter().map(|(k, v)| (k.text().unwrap().to_owned(), v.text().unwrap().to_owned())).collect()
        }
        _ => BTreeMap::new(),
    }
}

/// Cluster and options of the flags.
fn options(args: &str) -> (String, Options) {
    let mut options = Options { kernel_args: false, fidelity: Fidelity::Omnictl, dialect: Dialect::V1_9 };
    let mut cluster = String::new();
    let mut words = args.split_whitespace();
    while let Some(word) = words.next() {
        match word {
            "--cluster" | "-c" => words.next().unwrap().clone_into(&mut cluster),
            "--include-kernel-args" => options.kernel_args = true,
            other => match other.strip_prefix("--cluster=") {
                Some(name) => name.clone_into(&mut cluster),
                None => panic!("a flag that this test does not know: {other}"),
            },
        }
    }
    (cluster, options)
}

/// What omnictl says innermost: what follows the last wrapper of each line.
fn refused_alike(error: &ExportError, expected: &str) -> Result<(), String> {
    let mut notes: Vec<String> = error.note().into_iter().collect();
    if let ExportError::Invalid { problems, .. } = error {
        let said = problems.iter().flat_map(|d| &d.notes).filter_map(|note| note.strip_prefix("omnictl: "));
        notes.extend(said.map(str::to_owned));
    }
    let text = expected.trim().trim_start_matches("Error: ");
    let messages =
        text.lines().map(|line| line.trim_start_matches(['\t', '*', ' ']).trim_end()).filter(|line| {
            // Wrappers say nothing of their own, and texts of YAML parsers are incidental.
            !line.is_empty() && !line.ends_with("occurred:") && !line.contains("yaml: ")
        });
    let missing: Vec<&str> =
        messages.filter(|message| !notes.iter().any(|note| message.contains(note.as_str()))).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("not among {notes:?}: {missing:?}")) }
}

fn run(case: &Path) -> Result<(), String> {
    let read = |name: &str| std::fs::read_to_string(case.join(name)).ok();
    let resources = live(&read("live.yaml").unwrap());
    let (cluster, options) = options(&read("args.txt").unwrap_or_default());
    let got = export(&resources, &cluster, options);
    match (read("expected.yaml"), got) {
        (Some(expected), Ok(got)) if got.text == expected => Ok(()),
        (Some(expected), Ok(got)) => {
            let line = expected.lines().zip(got.text.lines()).position(|(w, h)| w != h);
            let line = line.unwrap_or_else(|| expected.lines().count().min(got.text.lines().count()));
            let show = |text: &str| text.lines().nth(line).unwrap_or("the end").to_owned();
            Err(format!("line {}: want `{}`, have `{}`", line + 1, show(&expected), show(&got.text)))
        }
        (Some(_), Err(e)) => Err(match e {
            ExportError::Invalid { problems, .. } => format!("refused: {problems:?}"),
            e => format!("refused: {e}"),
        }),
        (None, Ok(_)) => Err("exported, but the real client refuses it".to_owned()),
        (None, Err(e)) => refused_alike(&e, &read("expected-error.txt").unwrap()),
    }
}

#[test]
fn contract_template_export() {
    const SUITE: &str = "template/cases-export";
    let Some(folder) = present(SUITE, SUITE) else { return };
    let mut tally = Tally::new(SUITE);
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    cases.sort();
    let (mut good, all) = (0, cases.len());
    for case in cases {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let outcome = if case.join("expected.yaml").exists() { "export" } else { "refuse" };
        let facts = Facts::from([("outcome".to_owned(), outcome.to_owned())]);
        tally.case(&name, &facts, || {
            let result = run(&case);
            good += usize::from(result.is_ok());
            result
        });
    }
    println!("{SUITE}: export {good}/{all}");
    tally.finish();
}
