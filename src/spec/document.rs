//! The spec file: sections across the documents of one stream.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, SourceId, Sources, Span, closest, codes};
use crate::yaml::{Document, Limits, Node, NodeKind, parse, text_of};

use super::fields::quote;
use super::files::FileSet;
use super::model::Spec;
use super::{narrative, sections};

/// Where the spec is looked for, in this order.
pub const DEFAULT_PATHS: [&str; 2] = ["spec/omni.yaml", "specs/omni.yaml"];

/// The sections that the tool acts on.
pub(super) const ENGINE: [&str; 8] =
    ["omni", "proxmox", "providers", "machine_classes", "clusters", "policy", "lifecycle", "state"];

/// Names of all sections.
pub fn section_names() -> impl Iterator<Item = &'static str> {
    ENGINE.iter().chain(&narrative::SECTIONS).copied()
}

/// A spec that was read; it says which files it wants.
#[derive(Clone, Debug, PartialEq)]
pub struct SpecFile {
    /// Path relative to the repository.
    pub path: String,
    /// Its text.
    pub source: SourceId,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub spec: Spec,
}

/// One section: its key, its value, and what it is reported at.
pub(super) struct Section<'a> {
    pub(super) node: &'a Node,
    pub(super) at: Span,
}

/// Reads a spec. Problems go to `sink`, all of them; the result is `None` where there is nothing to go on with (no YAML, no
/// usable `omni` section). The caller stops if `sink` has errors.
pub fn read_spec(sources: &mut Sources, path: &str, bytes: &[u8], sink: &mut Sink) -> Option<SpecFile> {
    let source = sources.add(path, String::from_utf8_lossy(bytes));
    let text = match text_of(source, bytes) {
        Ok(text) => text,
        Err(d) => {
            sink.push(d);
            return None;
        }
    };
    let documents = match parse(source, text, &Limits::spec()) {
        Ok(documents) => documents,
        Err(problems) => {
            sink.push_all(problems);
            return None;
        }
    };
    let mut found = Sink::default();
    let spec = read(source, &documents, &mut found);
    sink.extend_by_place(found);
    Some(SpecFile { path: path.to_owned(), source, bytes: bytes.to_vec(), spec: spec? })
}

fn read(source: SourceId, documents: &[Document], sink: &mut Sink) -> Option<Spec> {
    let all = sections(source, documents, sink);
    let narrative = narrative::read(source, &all);
    if !ENGINE.iter().any(|s| all.contains_key(s)) {
        sink.push(narrative::offer(source, &narrative));
        return None;
    }
    let whole = documents.first().map_or(Span::default(), |d| Span::new(d.span.start, d.span.start));
    let proxmox = sections::proxmox::read(source, all.get("proxmox"), sink);
    let providers = sections::providers::read(source, all.get("providers"), &proxmox, sink);
    let machine_classes = sections::paths::machine_classes(source, all.get("machine_classes"), sink);
    let clusters = sections::paths::clusters(source, all.get("clusters"), sink);
    let state = sections::state::read(source, all.get("state"), sink);
    let rules = sections::rules::read(source, all.get("policy"), sink);
    let policy = all.get("policy").and_then(|s| sections::policy::read(source, s, &rules, sink));
    let lifecycle = all.get("lifecycle").and_then(|s| sections::lifecycle::read(source, s, sink));
    let locked_decisions = sections::decisions::read(source, all.get("locked_decisions"), sink);
    let definition_of_done = sections::done::read(source, all.get("definition_of_done"), sink);
    let phases = sections::phases::read(source, all.get("phases"), sink);
    let omni = match all.get("omni") {
        Some(section) => sections::omni::read(source, section, sink)?,
        None => {
            sink.push(
                Diagnostic::error(codes::MISSING_FIELD, "the spec has no section `omni`")
                    .at(source, whole, "")
                    .help("add `omni: { endpoint: https://… }`"),
            );
            return None;
        }
    };
    Some(Spec {
        omni,
        proxmox,
        providers,
        machine_classes,
        clusters,
        policy,
        lifecycle,
        state,
        rules,
        locked_decisions,
        definition_of_done,
        phases,
        narrative,
    })
}

/// All sections by key. The same key in two documents is an error, as is a key that is no section.
fn sections<'a>(
    source: SourceId,
    documents: &'a [Document],
    sink: &mut Sink,
) -> BTreeMap<&'a str, Section<'a>> {
    let mut all: BTreeMap<&str, Section<'_>> = BTreeMap::new();
    for root in documents.iter().filter_map(|d| d.root.as_ref()) {
        let NodeKind::Map(pairs) = &root.kind else {
            sink.push(
                Diagnostic::error(codes::WRONG_TYPE, "a document of the spec is a mapping of sections").at(
                    source,
                    root.span,
                    "this is something else",
                ),
            );
            continue;
        };
        for (key, node) in pairs {
            let name = key.text().unwrap_or_default();
            if let Some(first) = all.get(name) {
                sink.push(
                    Diagnostic::error(
                        codes::SECTION_TWICE,
                        format!("the section {} stands twice", quote(name)),
                    )
                    .at(source, key.span, "again here")
                    .at(source, first.at, "first here")
                    .help("write it in one document"),
                );
                continue;
            }
            if !ENGINE.contains(&name) && !narrative::SECTIONS.contains(&name) {
                let known = ENGINE.iter().chain(&narrative::SECTIONS).copied();
                let mut d =
                    Diagnostic::error(codes::UNKNOWN_KEY, format!("a spec has no section {}", quote(name)))
                        .at(source, key.span, "not known");
                if let Some(near) = closest(name, known) {
                    d = d.help(format!("did you mean `{near}`?"));
                }
                sink.push(d);
            }
            all.insert(name, Section { node, at: key.span });
        }
    }
    all
}

impl SpecFile {
    /// Whether `path` is listed as a place of classes or templates and has no suffix of a YAML file.
    pub fn lists_folder(&self, path: &str) -> bool {
        let listed = self.spec.machine_classes.iter().chain(&self.spec.clusters.paths);
        listed.map(|l| l.path.as_str()).any(|l| l == path) && !super::files::is_yaml(path)
    }
    /// The folders with compose files, with the id of the provider that each is for; Omni's has none.
    pub(super) fn run_folders(&self) -> Vec<(&str, Option<&str>)> {
        let providers = self.spec.providers.iter();
        let providers = providers.filter_map(|(id, p)| Some((p.compose.as_deref()?, Some(id.as_str()))));
        let omni = self.spec.omni.compose.as_ref().map(|(folder, _)| (folder.as_str(), None));
        providers.chain(omni).collect()
    }
    /// Paths that are still to be read before the spec can be loaded; empty when all are there. Each is a file or a folder; what
    /// cannot be read is put in as [`super::Entry::Missing`] or [`super::Entry::Refused`].
    pub fn wanted(&self, have: &FileSet) -> Vec<String> {
        let mut wanted: Vec<String> = Vec::new();
        let listed = self.spec.machine_classes.iter().chain(&self.spec.clusters.paths);
        for path in listed.map(|l| l.path.as_str()) {
            wanted.push(path.to_owned());
            wanted.extend(have.yaml_files(path).into_iter().map(str::to_owned));
        }
        for provider in self.spec.providers.values() {
            if let Some(folder) = &provider.compose {
                wanted.extend(super::workspace::PROVIDER_FILES.iter().map(|f| format!("{folder}/{f}")));
            }
        }
        for (folder, _) in self.run_folders() {
            wanted.push(folder.to_owned());
            wanted.extend(super::load::beside(folder, have).into_iter().map(|(path, _)| path.to_owned()));
        }
        let store = match &self.spec.state {
            super::model::StateStore::S3(store) => Some(&store.trust),
            super::model::StateStore::Local => None,
        };
        let trusts = std::iter::once(&self.spec.omni.trust)
            .chain(self.spec.proxmox.values().map(|p| &p.trust))
            .chain(store);
        for trust in trusts {
            if let super::model::Trust::CaFile(path) = trust {
                wanted.push(path.clone());
            }
        }
        for path in self.spec.clusters.paths.iter().flat_map(|l| have.yaml_files(&l.path)) {
            if let Some(bytes) = have.file(path) {
                wanted.extend(super::load::referenced_files(path, bytes));
            }
        }
        wanted.retain(|path| !have.entries.contains_key(path));
        wanted.sort();
        wanted.dedup();
        wanted
    }
}
