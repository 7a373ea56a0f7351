//! The files of a deployment in use: its narrative spec, its machine classes, and what its provider reads in them.

use std::path::Path;

use omni_scale::diag::{Diagnostic, Severity, Sink, Source, SourceId, Sources, codes};
use omni_scale::selector::{Selector, Storage};
use omni_scale::spec::upgrade::{AppendError, Survey, append, narrate, sections};
use omni_scale::spec::{self, Entry, FileSet, Workspace, read_spec};
use omni_scale::yaml::{self, Limits};

use crate::support::{Facts, Tally, fixtures, present, yaml_files};

/// A spec for the deployment's files: its classes name the provider `matrix-cluster`, its examples `proxmox`.
const SPEC: &str = "omni: { endpoint: https://omni.spaceships.work, lan_address: 192.168.10.20 }
proxmox:
  matrix: { endpoints: ['https://192.168.3.5:8006'], nodes: [foxtrot, golf, hotel] }
providers:
  matrix-cluster: { proxmox: matrix }
  proxmox: { proxmox: matrix }
machine_classes: [FILE]
";

fn errors(sink: &Sink) -> Vec<&Diagnostic> {
    sink.all().iter().filter(|d| d.severity == Severity::Error).collect()
}

/// Loads one file of classes with a spec written for it.
fn load_classes(text: &str) -> (Workspace, Sources, Sink) {
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let spec = SPEC.replace("FILE", "classes/file.yaml");
    let spec = read_spec(&mut sources, "spec/omni.yaml", spec.as_bytes(), &mut sink).unwrap();
    let mut files = FileSet::default();
    assert_eq!(spec.wanted(&files), ["classes/file.yaml"]);
    files.entries.insert("classes/file.yaml".into(), Entry::File(text.as_bytes().to_vec()));
    let workspace = spec::load(spec, &files, &mut sources, &mut sink);
    (workspace, sources, sink)
}

#[test]
fn contract_deployment() {
    // What the project itself keeps beside the deployment's files is no case.
    if present("deployment", "deployment/machine-classes").is_none() {
        return;
    }
    let folder = fixtures().join("deployment");
    let mut tally = Tally::new("deployment");
    let narrative = folder.join("specs/omni.yaml");
    if narrative.exists() {
        tally.case("specs/omni.yaml", &Facts::new(), || {
            let bytes = std::fs::read(&narrative).unwrap();
            let (mut sources, mut sink) = (Sources::default(), Sink::default());
            let read = read_spec(&mut sources, "specs/omni.yaml", &bytes, &mut sink);
            let seen = errors(&sink);
            match (read, seen.as_slice()) {
                (None, [offer]) if offer.code.0 == codes::NARRATIVE_ONLY => {
                    let told = offer.help.as_deref().is_some_and(|h| h.contains("omni-scale spec upgrade"));
                    if told { Ok(()) } else { Err(format!("the offer does not name the command: {offer:?}")) }
                }
                (_, seen) => Err(format!("{seen:?}")),
            }
        });
    }
    for path in yaml_files(&folder.join("machine-classes")) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        tally.case(&name, &Facts::new(), || {
            let (workspace, _, sink) = load_classes(&std::fs::read_to_string(&path).unwrap());
            let seen = errors(&sink);
            if !seen.is_empty() {
                return Err(format!("{seen:?}"));
            }
            let class = workspace.classes.values().next().ok_or("no class")?;
            let provision = class.resource.spec.get("auto_provision").ok_or("no recipe")?;
            let data = provision.get("provider_data").and_then(|d| d.as_str()).ok_or("no data")?;
            if data.contains("cores:") && data.ends_with('\n') { Ok(()) } else { Err(format!("{data:?}")) }
        });
    }
    for path in yaml_files(&folder.join("clusters")) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        tally.case(&name, &Facts::new(), || {
            let text = std::fs::read_to_string(&path).unwrap();
            match yaml::parse(SourceId(0), &text, &Limits::default()) {
                Ok(documents) if documents.iter().all(|d| d.root.is_some()) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        });
    }
    tally.finish();
}

/// Refusals in the provider's words, and its answers for each storage.
#[test]
fn contract_selectors() {
    let Some(path) = present("selectors", "proxmox/provider/cel-cases.json") else { return };
    let mut tally = Tally::new("selectors");
    let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let storages = [
        Storage { name: "vm_ssd".into(), kind: "rbd".into(), available: 4_123_456_789_012 },
        Storage { name: "local".into(), kind: "dir".into(), available: 0 },
    ];
    for case in all["cases"].as_array().unwrap() {
        let text = case["selector"].as_str().unwrap();
        let wanted = case.get("compile_error").and_then(serde_json::Value::as_str);
        let ours = Selector::read(text);
        tally.case(&format!("{text:?}"), &Facts::new(), || match (&ours, wanted) {
            (Err(refusal), Some(wanted)) => {
                let logged = refusal.logged.as_deref().ok_or("it was not looked at")?;
                if logged == wanted {
                    Ok(())
                } else {
                    Err(format!("refused with {logged:?}, the provider with {wanted:?}"))
                }
            }
            (Ok(_), Some(wanted)) => Err(format!("we take it, the provider says {wanted:?}")),
            (Err(refusal), None) => Err(format!("we refuse it: {refusal:?}")),
            (Ok(selector), None) => storages.iter().try_for_each(|storage| {
                let result =
                    case.pointer(&format!("/results/{}", storage.name)).and_then(serde_json::Value::as_bool);
                let error = case
                    .pointer(&format!("/eval_errors/{}", storage.name))
                    .and_then(serde_json::Value::as_str);
                match (selector.accepts("foxtrot", storage), result, error) {
                    (Ok(ours), Some(wanted), _) if ours == wanted => Ok(()),
                    (Err(ours), _, Some(wanted)) if ours == wanted => Ok(()),
                    (ours, ..) => {
                        Err(format!("on {}: {ours:?}, the provider {result:?} {error:?}", storage.name))
                    }
                }
            }),
        });
    }
    tally.finish();
}

/// Every file of the deployment, with its path in it.
fn all_files(folder: &Path, at: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(at).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all_files(folder, &path, out);
        } else {
            out.push((
                path.strip_prefix(folder).unwrap().display().to_string(),
                std::fs::read(&path).unwrap(),
            ));
        }
    }
}

/// The narrative spec gets engine sections that load, and keeps every byte; nothing in them is without a source.
#[test]
fn contract_spec_upgrade() {
    let Some(folder) =
        present("spec-upgrade", "deployment/specs/omni.yaml").map(|_| fixtures().join("deployment"))
    else {
        return;
    };
    let mut tally = Tally::new("spec-upgrade");
    let mut files = Vec::new();
    all_files(&folder, &folder, &mut files);
    let mut survey = Survey::default();
    for (path, bytes) in &files {
        survey.add(path, bytes);
    }
    let (mut facts, _) = survey.facts(None);
    let text = std::fs::read_to_string(folder.join("specs/omni.yaml")).unwrap();
    let source = Source::new("specs/omni.yaml", text.clone());
    let documents = yaml::parse(SourceId(0), &text, &Limits::spec()).unwrap();
    narrate(&documents, &source, &mut facts);
    let new = append(&text, &[], &sections(&facts)).unwrap();
    let added = new.strip_prefix(&text).unwrap_or_default().to_owned();
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let read = read_spec(&mut sources, "specs/omni.yaml", new.as_bytes(), &mut sink);

    tally.case("the old text stays", &Facts::new(), || {
        if added.is_empty() { Err("the text does not begin with what was there".into()) } else { Ok(()) }
    });
    tally.case("the new spec has no errors", &Facts::new(), || match errors(&sink).as_slice() {
        [] => Ok(()),
        found => Err(format!("{found:?}")),
    });
    tally.case("again there is nothing to do", &Facts::new(), || {
        match append(&new, &[], &sections(&facts)) {
            Err(AppendError::Present(_)) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let spec = read.as_ref().map(|r| &r.spec);
    let facts: [(&str, bool); 7] = [
        ("endpoint", spec.is_some_and(|s| s.omni.endpoint == "https://omni.spaceships.work")),
        ("lan_address", spec.is_some_and(|s| s.omni.lan_address.as_deref() == Some("192.168.10.20"))),
        (
            "proxmox",
            spec.is_some_and(|s| {
                s.proxmox.get("matrix").is_some_and(|m| m.endpoints == ["https://192.168.3.5:8006"])
            }),
        ),
        (
            "nodes",
            spec.is_some_and(|s| {
                s.proxmox.get("matrix").is_some_and(|m| m.nodes == ["foxtrot", "golf", "hotel"])
            }),
        ),
        ("provider", spec.is_some_and(|s| s.providers.keys().eq(["matrix-cluster"]))),
        (
            "container",
            spec.is_some_and(|s| {
                s.providers
                    .values()
                    .any(|p| p.container.as_ref().is_some_and(|c| c.vmid == 200 && c.node == "foxtrot"))
            }),
        ),
        (
            "the id that nobody is sure of is a question",
            added.contains("# ? Is it this one, or Proxmox, from "),
        ),
    ];
    for (name, found) in facts {
        tally.case(name, &Facts::new(), || if found { Ok(()) } else { Err(added.clone()) });
    }
    tally.finish();
}
