//! The user's repository: files read below the root, judged, and turned into what is desired.

use std::collections::{BTreeMap, BTreeSet};

use super::args::Global;
use super::connect::{ProxmoxTarget, Targets};
use super::exit::Exit;
use super::fail::Fail;
use super::files::{FileError, Read, Root};
use super::remote::StoreTarget;
use super::streams::Streams;
use crate::checks::preflight;
use crate::diag::{Sink, SourceId, Sources, Span};
use crate::graph::{DesiredPhase, Lifecycle, Move, Pattern};
use crate::plan::file::FileHash;
use crate::plan::{Desired, DesiredCluster, DesiredProvider, DesiredResource, Prune};
use crate::policy::Expressions;
use crate::render::human::diag;
use crate::secret::DigestKey;
use crate::spec::{self, Entry, FileSet, Workspace};
use crate::template::{self, Dialect, FileProblem, PatchFiles};
use crate::value::Value;
use crate::world::real::Trust;

/// Files without errors, and what they ask for.
pub(super) struct Repository {
    /// The folder.
    pub(super) root: Root,
    /// All texts that were read.
    pub(super) sources: Sources,
    /// What they ask for.
    pub(super) desired: Desired,
    /// What they say about the outside.
    pub(super) targets: Targets,
    /// The language in which the templates were read.
    pub(super) dialect: Dialect,
    /// What was read, to read it in another language once a server was asked.
    pub(super) files: Files,
    /// Conditions that the spec lays on plans.
    pub(super) expressions: Expressions,
}

impl Repository {
    /// The spec, typed.
    pub(super) fn spec(&self) -> &spec::Spec {
        &self.files.workspace.spec
    }
}

/// What was read, before templates are taken for those of one version of Omni.
pub(super) struct Files {
    pub(super) workspace: Workspace,
    set: FileSet,
    /// Problems of everything but templates.
    base: Sink,
}

impl Repository {
    /// `policy` of the spec.
    pub(super) fn policy(&self) -> Option<&spec::Policy> {
        self.files.workspace.spec.policy.as_ref()
    }
}

impl Files {
    /// What the files ask for, with their templates read in `dialect`, and all problems. Texts of patch files are added to
    /// `sources`.
    pub(super) fn read(&self, dialect: Dialect, sources: &mut Sources) -> (Desired, Sink) {
        let mut sink = self.base.clone();
        let desired = desired(dialect, &self.workspace, &self.set, sources, &mut sink);
        (desired, sink)
    }

    /// Every file that was read, by path; of those that hold a secret only what `key` makes of it.
    pub(super) fn hashes(&self, key: Option<&DigestKey>) -> Vec<FileHash> {
        let all = self.set.entries.iter().filter_map(|(path, entry)| match entry {
            Entry::File(bytes) => Some(FileHash::of(path, bytes, key)),
            Entry::Folder(_) | Entry::Missing | Entry::Refused(_) => None,
        });
        all.collect()
    }

    /// The bytes of a file that was read.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.set.file(path)
    }

    /// The text of a file that was read.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.set.file(path)?).ok()
    }

    /// Files of machine classes, by path.
    pub(super) fn class_files(&self) -> Vec<&str> {
        let listed = &self.workspace.spec.machine_classes;
        listed.iter().flat_map(|l| self.set.yaml_files(&l.path)).collect()
    }

    /// The first folder of machine classes.
    pub(super) fn class_folder(&self) -> Option<&str> {
        let is_folder = |path: &str| matches!(self.set.entries.get(path), Some(Entry::Folder(_)));
        self.workspace.spec.machine_classes.iter().map(|l| l.path.as_str()).find(|p| is_folder(p))
    }

    /// Problems of everything but templates: what keeps a server from being asked.
    pub(super) fn apart_from_templates(&self) -> &Sink {
        &self.base
    }

    /// The language for the server that the spec describes; Omni 1.9's if it says nothing.
    pub(super) fn stated(&self) -> Dialect {
        self.workspace.spec.omni.version.as_ref().map(|v| v.dialect).unwrap_or_default()
    }
}

/// Reads and judges all files, for commands that ask no server. Problems are printed, all of them; errors end here.
pub(super) fn load(global: &Global, streams: &Streams) -> Result<Repository, Fail> {
    let (repository, sink) = read(global, streams)?;
    judge(&repository.sources, &sink, streams)?;
    Ok(repository)
}

/// Reads all files as the spec describes the server, and gives all problems.
pub(super) fn read(global: &Global, streams: &Streams) -> Result<(Repository, Sink), Fail> {
    read_with(global, streams, false, &BTreeMap::new())
}

/// The same for a command that is going to write files: a folder that the spec lists and that nobody has made yet is empty.
pub(super) fn read_before_files(global: &Global, streams: &Streams) -> Result<(Repository, Sink), Fail> {
    read_with(global, streams, true, &BTreeMap::new())
}

/// The same with texts in place of those on disk, as they will be once they are written.
pub(super) fn read_over(
    global: &Global,
    over: &BTreeMap<String, Vec<u8>>,
    streams: &Streams,
) -> Result<(Repository, Sink), Fail> {
    read_with(global, streams, false, over)
}

fn read_with(
    global: &Global,
    streams: &Streams,
    before_files: bool,
    over: &BTreeMap<String, Vec<u8>>,
) -> Result<(Repository, Sink), Fail> {
    take(global, before_files, over).map_err(|unread| match unread {
        Unread::Fail(fail) => fail,
        Unread::Files { sources, sink } => {
            judge(&sources, &sink, streams).err().unwrap_or_else(|| Fail::said(Exit::Files))
        }
    })
}

/// Why there is no repository to go on with.
pub(super) enum Unread {
    /// There is none, or it cannot be read.
    Fail(Fail),
    /// What is wrong in its files.
    Files {
        /// Their texts.
        sources: Sources,
        /// All of it.
        sink: Sink,
    },
}

impl<E: Into<Fail>> From<E> for Unread {
    fn from(e: E) -> Self {
        Self::Fail(e.into())
    }
}

/// [`read`] for a command that shows itself what is wrong.
pub(super) fn examine(global: &Global) -> Result<(Repository, Sink), Unread> {
    take(global, false, &BTreeMap::new())
}

/// The same with texts in place of those on disk. Gives their texts and what is wrong with them, whether or not they can be used.
pub(super) fn examine_over(
    global: &Global,
    over: &BTreeMap<String, Vec<u8>>,
) -> Result<(Sources, Sink), Fail> {
    match take(global, false, over) {
        Ok((repository, sink)) => Ok((repository.sources, sink)),
        Err(Unread::Files { sources, sink }) => Ok((sources, sink)),
        Err(Unread::Fail(fail)) => Err(fail),
    }
}

fn take(
    global: &Global,
    before_files: bool,
    over: &BTreeMap<String, Vec<u8>>,
) -> Result<(Repository, Sink), Unread> {
    let root = Root::open(&global.directory)?;
    let path = spec_path(&root, global)?;
    let mut read = Read::default();
    read.files.extend(over.iter().map(|(path, bytes)| (path.clone(), bytes.clone())));
    read.take(&root, &path)?;
    let bytes = read.files.get(&path).cloned().unwrap_or_default();
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let Some(found) = spec::read_spec(&mut sources, &path, &bytes, &mut sink) else {
        return Err(Unread::Files { sources, sink });
    };
    let mut files = FileSet::default();
    loop {
        let wanted = found.wanted(&files);
        if wanted.is_empty() {
            break;
        }
        for path in wanted {
            let entry = match entry(&root, &mut read, &path)? {
                Entry::Missing if before_files && found.lists_folder(&path) => Entry::Folder(Vec::new()),
                Entry::Folder(names) => Entry::Folder(with_new(names, &path, over)),
                entry => entry,
            };
            files.entries.insert(path, entry);
        }
    }
    let workspace = spec::load(found, &files, &mut sources, &mut sink);
    let expressions = Expressions::read(&workspace.spec, &sources, &mut sink);
    let files = Files { workspace, set: files, base: sink };
    let dialect = files.stated();
    let (desired, sink) = files.read(dialect, &mut sources);
    if files.base.has_errors() {
        return Err(Unread::Files { sources, sink });
    }
    let targets = targets(&files.workspace, &desired)?;
    Ok((Repository { root, sources, desired, targets, dialect, files, expressions }, sink))
}

/// The files of a folder, with those that will be in it.
fn with_new(mut names: Vec<String>, folder: &str, over: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let inside = |path: &&String| path.rsplit_once('/').map_or(".", |(above, _)| above) == folder;
    names.extend(over.keys().filter(inside).cloned());
    names.sort();
    names.dedup();
    names
}

/// The files that a spec names, by what is done with them.
#[derive(Debug, Default)]
pub(super) struct Named {
    /// The spec, machine classes and templates: what people write for us.
    pub(super) formatted: BTreeSet<String>,
    /// What templates refer to: its bytes are the content of resources.
    pub(super) contents: BTreeSet<String>,
}

/// Finds the files that the spec names, whatever else is wrong in them.
pub(super) fn named_files(root: &Root, global: &Global, streams: &Streams) -> Result<Named, Fail> {
    let path = spec_path(root, global)?;
    let mut read = Read::default();
    read.take(root, &path)?;
    let bytes = read.files.get(&path).cloned().unwrap_or_default();
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let mut named = Named::default();
    named.formatted.insert(path.clone());
    let Some(found) = spec::read_spec(&mut sources, &path, &bytes, &mut sink) else {
        return Err(judge(&sources, &sink, streams).err().unwrap_or_else(|| Fail::said(Exit::Files)));
    };
    let listed = |paths: &[spec::Listed], read: &mut Read| -> Result<Vec<String>, Fail> {
        let mut files = FileSet::default();
        for listed in paths {
            let entry = entry(root, read, &listed.path)?;
            files.entries.insert(listed.path.clone(), entry);
        }
        Ok(paths.iter().flat_map(|l| files.yaml_files(&l.path)).map(str::to_owned).collect())
    };
    named.formatted.extend(listed(&found.spec.machine_classes, &mut read)?);
    for template in listed(&found.spec.clusters.paths, &mut read)? {
        read.take(root, &template)?;
        let bytes = read.files.get(&template).map_or(&[] as &[u8], Vec::as_slice);
        named.contents.extend(spec::referenced_files(&template, bytes));
        named.formatted.insert(template);
    }
    named.formatted.retain(|f| !named.contents.contains(f));
    Ok(named)
}

pub(super) fn spec_path(root: &Root, global: &Global) -> Result<String, Fail> {
    if let Some(path) = &global.spec {
        return Ok(path.strip_prefix("./").unwrap_or(path).to_owned());
    }
    spec::DEFAULT_PATHS.iter().find(|p| root.has(p)).map(|p| (*p).to_owned()).ok_or_else(|| {
        Fail::new(Exit::Files, format!("there is no spec in `{}`", root.folder().display())).help(format!(
            "`omni-scale init` writes `{}`; or name another file with `--spec`, or another repository with `-C`",
            spec::DEFAULT_PATHS.first().copied().unwrap_or_default()
        ))
    })
}

fn entry(root: &Root, read: &mut Read, path: &str) -> Result<Entry, Fail> {
    if root.has_folder(path) {
        return Ok(match root.list(path) {
            Ok(names) => Entry::Folder(names),
            Err(e) => Entry::Refused(e.to_string()),
        });
    }
    Ok(match read.take(root, path) {
        Ok(()) => Entry::File(read.files.get(path).cloned().unwrap_or_default()),
        Err(FileError::Missing(_)) => Entry::Missing,
        Err(e @ (FileError::Refused(_) | FileError::Escapes(_))) => Entry::Refused(e.to_string()),
        Err(e @ FileError::TooMuch(_)) => return Err(e.into()),
    })
}

/// Prints what is wrong; errors end the command.
pub(super) fn judge(sources: &Sources, sink: &Sink, streams: &Streams) -> Result<(), Fail> {
    judge_before(sources, sink, "nothing was read from or sent to anywhere", streams)
}

/// [`judge`], with what did not happen because of errors.
pub(super) fn judge_before(
    sources: &Sources,
    sink: &Sink,
    spared: &str,
    streams: &Streams,
) -> Result<(), Fail> {
    let all = sink.all();
    let look = streams.err.words();
    if !all.is_empty() && (sink.has_errors() || !streams.quiet) {
        streams.tell(&diag::diagnostics(sources, all, look));
    }
    if sink.has_errors() {
        streams.tell(&format!("\n{}: {spared}", diag::totals(all)));
        return Err(Fail::said(Exit::Files));
    }
    Ok(())
}

/// `path:line` of a place.
fn place(sources: &Sources, source: SourceId, span: Span) -> Option<String> {
    sources.get(source).map(|s| format!("{}:{}", s.path, s.line_col(span.start).0))
}

/// `path:line:column` of a place.
fn exact_place(sources: &Sources, source: SourceId, span: Span) -> Option<String> {
    let text = sources.get(source)?;
    let (line, column) = text.line_col(span.start);
    Some(format!("{}:{line}:{column}", text.path))
}

fn desired(
    dialect: Dialect,
    workspace: &Workspace,
    files: &FileSet,
    sources: &mut Sources,
    sink: &mut Sink,
) -> Desired {
    let spec = &workspace.spec;
    let providers = spec
        .providers
        .iter()
        .map(|(id, p)| DesiredProvider {
            id: id.clone(),
            proxmox: p.proxmox.clone(),
            container: p.container.is_some(),
            container_vmid: p.container.as_ref().map(|c| c.vmid),
            files: p.compose.is_some(),
            release: workspace.releases.get(id).copied(),
            source: place(sources, p.place.source, p.place.span),
        })
        .collect();
    let classes = workspace
        .classes
        .iter()
        .map(|(id, class)| DesiredResource {
            address: crate::address::Address::class(id),
            resource: class.resource.clone(),
            source: place(sources, class.place.source, class.place.span),
        })
        .collect();
    let prune = match spec.clusters.prune {
        spec::Prune::Record => Prune::Record,
        spec::Prune::Template => Prune::Template,
    };
    let mut templates = Vec::new();
    for file in &workspace.templates {
        let folder = file.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
        templates.push(template::load(
            dialect,
            file.source,
            &file.documents,
            &Beside { folder, files },
            sources,
            sink,
        ));
    }
    template::check_together(&templates, sink);
    let mut clusters = Vec::new();
    for loaded in templates {
        let Some(name) = loaded.template.clusters().next().map(|c| c.name.value.clone()) else { continue };
        let class_places = template::class_references(&loaded.template)
            .into_iter()
            .filter_map(|r| Some((r.machine_set, exact_place(sources, r.source, r.span)?)))
            .collect();
        let resources = loaded
            .resources
            .into_iter()
            .map(|r| DesiredResource {
                source: place(sources, r.source, r.span),
                address: r.address,
                resource: r.resource,
            })
            .collect();
        clusters.push(DesiredCluster { name, prune, resources, class_places });
    }
    Desired {
        providers,
        classes,
        clusters,
        lifecycle: lifecycle(spec.lifecycle.as_ref(), sources),
        phases: spec.phases.iter().map(|p| phase(p, sources)).collect(),
        files_digest: workspace.files_digest.clone(),
        removal: None,
    }
}

/// The section of the spec, with its places in words.
fn lifecycle(section: Option<&spec::Lifecycle>, sources: &Sources) -> Lifecycle {
    let Some(section) = section else { return Lifecycle::default() };
    let patterns = |list: &[spec::Pattern]| {
        let pattern =
            |p: &spec::Pattern| Pattern { glob: p.glob.clone(), source: Some(p.place.show(sources)) };
        list.iter().map(pattern).collect()
    };
    let moved = section.moved.iter().map(|m| Move {
        from: m.from.clone(),
        to: m.to.clone(),
        source: Some(m.place.show(sources)),
    });
    Lifecycle {
        protect: patterns(&section.protect),
        retain: patterns(&section.retain),
        moved: moved.collect(),
    }
}

fn phase(phase: &spec::Phase, sources: &Sources) -> DesiredPhase {
    let pattern = |p: &spec::Pattern| Pattern { glob: p.glob.clone(), source: Some(p.place.show(sources)) };
    let checked = phase.criteria.iter().filter(|c| c.check.is_some());
    DesiredPhase {
        key: phase.key.clone(),
        resources: phase.resources.iter().map(pattern).collect(),
        criteria: checked.map(|c| c.text.clone()).collect(),
        source: Some(phase.place.show(sources)),
    }
}

/// The lookup of one template. Its references stay in its own folder, as omnictl has it.
struct Beside<'a> {
    folder: &'a str,
    files: &'a FileSet,
}

impl PatchFiles for Beside<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        let target = template::resolve(self.folder, ".", path)?;
        match self.files.entries.get(&target) {
            Some(Entry::File(bytes)) => Ok(bytes.clone()),
            Some(Entry::Folder(_)) => Err(FileProblem::Directory),
            Some(Entry::Refused(why)) => Err(FileProblem::Unreadable(why.clone())),
            Some(Entry::Missing) | None => Err(FileProblem::Missing),
        }
    }
    fn shown(&self, path: &str) -> String {
        template::join(self.folder, path)
    }
}

fn targets(workspace: &Workspace, desired: &Desired) -> Result<Targets, Fail> {
    let trust = |trust: &spec::Trust| match trust {
        spec::Trust::System => Ok(Trust::SystemRoots),
        spec::Trust::Sha256(pins) => Ok(Trust::Pins(pins.clone())),
        spec::Trust::CaFile(path) => workspace
            .files
            .get(path)
            .map(|bytes| Trust::CaFile(bytes.clone()))
            .ok_or_else(|| Fail::new(Exit::Files, format!("the CA file `{path}` was not read"))),
    };
    let spec = &workspace.spec;
    Ok(Targets {
        spec: workspace.spec_path.clone(),
        omni: spec.omni.endpoint.clone(),
        omni_trust: trust(&spec.omni.trust)?,
        any_proxmox: false,
        catalogues: preflight::catalogues(desired),
        store: match &spec.state {
            spec::StateStore::Local => None,
            spec::StateStore::S3(store) => {
                Some(StoreTarget { store: store.clone(), trust: trust(&store.trust)? })
            }
        },
        providers: spec.providers.iter().map(|(id, p)| (id.clone(), p.proxmox.clone())).collect(),
        proxmox: spec
            .proxmox
            .iter()
            .map(|(name, p)| {
                Ok(ProxmoxTarget {
                    name: name.clone(),
                    endpoints: p.endpoints.clone(),
                    trust: trust(&p.trust)?,
                    drawn: drawn(workspace, name),
                })
            })
            .collect::<Result<_, Fail>>()?,
    })
}

/// Whether machines may be made in a Proxmox cluster: a declared class says so, or there are clusters, which may use classes that
/// only Omni has.
fn drawn(workspace: &Workspace, proxmox: &str) -> bool {
    let ours = |id: &str| {
        workspace.spec.providers.get(id).is_some_and(|provider| provider.proxmox.as_deref() == Some(proxmox))
    };
    let drawn = workspace.classes.values().any(|class| {
        let provider = class.resource.spec.at(&["auto_provision", "provider_id"]);
        provider.and_then(Value::as_str).is_some_and(ours)
    });
    drawn || (!workspace.templates.is_empty() && workspace.spec.providers.keys().any(|id| ours(id)))
}
