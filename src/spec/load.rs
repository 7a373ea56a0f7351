//! Files to a workspace: classes read and checked, templates parsed, references resolved.

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::diag::{Diagnostic, Sink, SourceId, Sources, codes};
use crate::yaml::{Document, Limits, Node, NodeKind, parse, text_of};

use super::class::{self, Class};
use super::document::SpecFile;
use super::fields::quote;
use super::files::{Entry, FileSet, resolve};
use super::model::Listed;
use super::rules;
use super::workspace::{PROVIDER_FILES, TemplateFile, Workspace};

/// Loads what the spec names. All problems of all files go to `sink`; the workspace holds what could be read, so that further
/// checks can add theirs. The caller stops if `sink` has errors.
pub fn load(spec: SpecFile, files: &FileSet, sources: &mut Sources, sink: &mut Sink) -> Workspace {
    let mut used: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut classes: BTreeMap<String, Class> = BTreeMap::new();
    let mut templates = Vec::new();
    for (path, bytes) in listed(&spec.spec.machine_classes, files, sink) {
        used.insert(path.to_owned(), bytes.to_vec());
        let Some((_, documents)) = read(sources, path, bytes, sink) else { continue };
        for class in class::read(&documents, sink) {
            let id = class.resource.id.id.clone();
            if let Some(first) = classes.get(&id) {
                sink.push(
                    Diagnostic::error(
                        codes::DUPLICATE_NAME,
                        format!("the machine class {} stands twice", quote(&id)),
                    )
                    .at(class.id_place.source, class.id_place.span, "again here")
                    .at(first.id_place.source, first.id_place.span, "first here")
                    .help("the ids of classes are unique in an Omni instance"),
                );
                continue;
            }
            classes.insert(id, class);
        }
    }
    let mut extra: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (path, bytes) in listed(&spec.spec.clusters.paths, files, sink) {
        used.insert(path.to_owned(), bytes.to_vec());
        if let Some((source, documents)) = read(sources, path, bytes, sink) {
            for file in references(path, &documents) {
                if let Some(bytes) = files.file(&file) {
                    extra.insert(file, bytes.to_vec());
                }
            }
            templates.push(TemplateFile { path: path.to_owned(), source, documents });
        }
    }
    let mut providers = rules::Providers::default();
    provider_files(&spec, files, sources, &mut providers, &mut extra, sink);
    omni_files(&spec, files, sources, sink);
    authorities(&spec, files, &mut extra, sink);
    let texts: BTreeMap<SourceId, String> =
        sources.iter().map(|(id, source)| (id, source.text.clone())).collect();
    for class in classes.values() {
        let text = texts.get(&class.place.source).map_or("", String::as_str);
        let mut found = Sink::default();
        rules::check(class, &spec.spec, &providers, text, &mut found);
        sink.extend_by_place(found);
    }
    let around = rules::Around::new(&spec.spec, &classes, &templates, &providers, sources);
    let mut found = Sink::default();
    rules::together(&around, &mut found);
    let text = sources.get(spec.source).map_or("", |s| s.text.as_str());
    rules::narrative(&around, &spec.spec, spec.source, text, &mut found);
    sink.extend(found);
    used.extend(extra.iter().map(|(k, v)| (k.clone(), v.clone())));
    used.insert(spec.path.clone(), spec.bytes);
    Workspace {
        spec_path: spec.path,
        spec: spec.spec,
        classes,
        templates,
        files_digest: digest(&used),
        files: extra,
        releases: providers.releases(),
    }
}

/// The paths that templates in a file refer to (`file:` of patches, manifests and health checks) and that lie in the
/// repository. A file that is not YAML refers to nothing.
pub fn referenced_files(path: &str, bytes: &[u8]) -> Vec<String> {
    let Ok(text) = std::str::from_utf8(bytes) else { return Vec::new() };
    parse(SourceId::default(), text, &Limits::default())
        .map(|documents| references(path, &documents))
        .unwrap_or_default()
}

fn references(path: &str, documents: &[Document]) -> Vec<String> {
    fn walk(node: &Node, out: &mut Vec<String>) {
        match &node.kind {
            NodeKind::Map(pairs) => {
                for (key, value) in pairs {
                    match (key.text(), value.text()) {
                        (Some("file"), Some(file)) => out.push(file.to_owned()),
                        // What stands in a patch is a machine's own affair.
                        (Some("inline" | "job"), _) => {}
                        _ => walk(value, out),
                    }
                }
            }
            NodeKind::Seq(items) => items.iter().for_each(|n| walk(n, out)),
            NodeKind::Scalar { .. } => {}
        }
    }
    let mut found = Vec::new();
    documents.iter().filter_map(|d| d.root.as_ref()).for_each(|root| walk(root, &mut found));
    found.iter().filter_map(|file| resolve(path, file)).collect()
}

/// The files behind listed paths, in order of path, each once. Reports what is not there.
fn listed<'a>(paths: &[Listed], files: &'a FileSet, sink: &mut Sink) -> Vec<(&'a str, &'a [u8])> {
    let mut out: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for listed in paths {
        let missing = |what: String| {
            Diagnostic::error(codes::FILE_MISSING, what).at(
                listed.place.source,
                listed.place.span,
                "named here",
            )
        };
        match files.entries.get(&listed.path) {
            Some(Entry::Refused(why)) => sink.push(missing(why.clone())),
            None | Some(Entry::Missing) => {
                sink.push(missing(format!("{} does not exist", quote(&listed.path))));
            }
            Some(Entry::Folder(_)) if files.yaml_files(&listed.path).is_empty() => sink.push(
                Diagnostic::warning(
                    codes::FILE_MISSING,
                    format!("the folder {} has no `*.yaml` or `*.yml` files", quote(&listed.path)),
                )
                .at(listed.place.source, listed.place.span, "named here")
                .help("folders are read without their sub-folders"),
            ),
            Some(_) => {}
        }
        for path in files.yaml_files(&listed.path) {
            match files.entries.get(path) {
                Some(Entry::File(bytes)) => {
                    out.insert(path, bytes);
                }
                Some(Entry::Refused(why)) => sink.push(missing(why.clone())),
                _ => sink.push(missing(format!("{} was not read", quote(path)))),
            }
        }
    }
    out.into_iter().collect()
}

fn read(
    sources: &mut Sources,
    path: &str,
    bytes: &[u8],
    sink: &mut Sink,
) -> Option<(SourceId, Vec<Document>)> {
    let source = sources.add(path, String::from_utf8_lossy(bytes));
    let documents =
        text_of(source, bytes).map_err(|d| vec![d]).and_then(|text| parse(source, text, &Limits::omnictl()));
    match documents {
        Ok(documents) => Some((source, documents)),
        Err(problems) => {
            sink.push_all(problems);
            None
        }
    }
}

/// Names of compose files.
const COMPOSE_FILES: [&str; 4] = ["compose.yml", "compose.yaml", "docker-compose.yml", "docker-compose.yaml"];

/// What stands in a folder with compose files and is looked at: environments, scripts and notes, and the compose files
/// themselves, which have no kind.
pub(super) fn beside<'a>(folder: &str, files: &'a FileSet) -> Vec<(&'a str, Option<rules::Kind>)> {
    let Some(Entry::Folder(names)) = files.entries.get(folder) else { return Vec::new() };
    let of = |path: &'a String| {
        let name = path.rsplit('/').next().unwrap_or_default();
        match rules::kind_of_text(path) {
            Some(kind) => Some((path.as_str(), Some(kind))),
            None => COMPOSE_FILES.contains(&name).then_some((path.as_str(), None)),
        }
    };
    names.iter().filter_map(of).collect()
}

/// Takes in and checks the texts of a folder with compose files. Their bytes are no part of what is planned.
fn texts(
    folder: &str,
    files: &FileSet,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Vec<(SourceId, rules::Kind)> {
    let mut out = Vec::new();
    for (path, kind) in beside(folder, files) {
        let (Some(kind), Some(bytes)) = (kind, files.file(path)) else { continue };
        let source = sources.add(path, String::from_utf8_lossy(bytes));
        let text = sources.get(source).map_or("", |s| s.text.as_str());
        rules::text(&rules::Text { source, content: text, kind }, sink);
        out.push((source, kind));
    }
    out
}

/// `compose.yml` and `config.yaml` of each provider that has a folder, and what stands beside them.
fn provider_files(
    spec: &SpecFile,
    files: &FileSet,
    sources: &mut Sources,
    providers: &mut rules::Providers,
    out: &mut BTreeMap<String, Vec<u8>>,
    sink: &mut Sink,
) {
    for (id, provider) in &spec.spec.providers {
        let Some(folder) = &provider.compose else { continue };
        let texts = texts(folder, files, sources, sink);
        for name in PROVIDER_FILES {
            let path = format!("{folder}/{name}");
            match files.entries.get(&path) {
                Some(Entry::File(bytes)) => {
                    if let Some((source, documents)) = read(sources, &path, bytes, sink) {
                        let text = sources.get(source).map_or("", |s| s.text.as_str());
                        rules::provider_files(source, name, text, &documents, sink);
                        if name != "config.yaml" {
                            let beside = texts.iter().filter_map(|(source, kind)| {
                                let text = sources.get(*source)?.text.as_str();
                                Some(rules::Text { source: *source, content: text, kind: *kind })
                            });
                            rules::provider_command(
                                id,
                                source,
                                &documents,
                                &beside.collect::<Vec<_>>(),
                                sink,
                            );
                        }
                        providers.take(id, name, &documents);
                    }
                    out.insert(path, bytes.clone());
                }
                other => {
                    let why = match other {
                        Some(Entry::Refused(why)) => why.clone(),
                        _ => format!("{} does not exist", quote(&path)),
                    };
                    sink.push(
                        Diagnostic::error(codes::FILE_MISSING, why)
                            .at(provider.place.source, provider.place.span, "this provider's files")
                            .help(format!(
                                "`compose` names a folder with {}",
                                super::fields::list(&PROVIDER_FILES)
                            )),
                    );
                }
            }
        }
    }
}

/// The files that Omni itself runs with, where the spec names their folder.
fn omni_files(spec: &SpecFile, files: &FileSet, sources: &mut Sources, sink: &mut Sink) {
    let Some((folder, place)) = &spec.spec.omni.compose else { return };
    if !matches!(files.entries.get(folder.as_str()), Some(Entry::Folder(_))) {
        let why = match files.entries.get(folder.as_str()) {
            Some(Entry::Refused(why)) => why.clone(),
            _ => format!("the folder {} does not exist", quote(folder)),
        };
        sink.push(Diagnostic::error(codes::FILE_MISSING, why).at(place.source, place.span, "named here"));
        return;
    }
    texts(folder, files, sources, sink);
    for (path, kind) in beside(folder, files) {
        let (None, Some(bytes)) = (kind, files.file(path)) else { continue };
        if let Some((source, documents)) = read(sources, path, bytes, sink) {
            let text = sources.get(source).map_or("", |s| s.text.as_str());
            rules::compose(source, text, &documents, sink);
        }
    }
}

fn authorities(spec: &SpecFile, files: &FileSet, out: &mut BTreeMap<String, Vec<u8>>, sink: &mut Sink) {
    let omni = (&spec.spec.omni.trust, spec.spec.omni.place);
    let store = match &spec.spec.state {
        super::model::StateStore::S3(store) => Some((&store.trust, store.place)),
        super::model::StateStore::Local => None,
    };
    let all =
        std::iter::once(omni).chain(spec.spec.proxmox.values().map(|p| (&p.trust, p.place))).chain(store);
    for (trust, place) in all {
        let super::model::Trust::CaFile(path) = trust else { continue };
        if let Some(bytes) = files.file(path) {
            out.insert(path.clone(), bytes.to_vec());
        } else {
            sink.push(
                Diagnostic::error(
                    codes::FILE_MISSING,
                    format!("the file of authorities {} cannot be read", quote(path)),
                )
                .at(place.source, place.span, "named here"),
            );
        }
    }
}

fn digest(files: &BTreeMap<String, Vec<u8>>) -> String {
    let mut hash = Sha256::new();
    for (path, bytes) in files {
        hash.update(path.as_bytes());
        hash.update([0]);
        hash.update(bytes.len().to_string().as_bytes());
        hash.update([0]);
        hash.update(bytes);
    }
    crate::secret::hex(&hash.finalize())
}

#[cfg(test)]
mod tests;
