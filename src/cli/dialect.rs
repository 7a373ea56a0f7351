//! For which version of Omni the templates are read, once the server has answered.
//!
//! Files are read and judged before anything is sent, as the spec describes the server. What another version would refuse or
//! accept is settled with the first look: then the templates are read again if the server is another one than was thought. A
//! file that no version accepts never gets as far as the network.

use std::collections::BTreeSet;

use super::args::Global;
use super::exit::Exit;
use super::fail::Fail;
use super::repository::{self, Repository};
use super::streams::Streams;
use crate::diag::{Diagnostic, Severity, Sink, Sources, codes};
use crate::live::{Observation, OmniSnapshot};
use crate::resource::TYPE_SUFFIX;
use crate::template::{self, Dialect};
use crate::untrusted::Untrusted;

/// The type that a server has if install disks are resources.
const INSTALL_DISKS: &str = "MachineInstallDiskConfigs";
/// What did not happen when files turn out to be wrong for the server.
const SPARED: &str = "nothing was changed";

/// A repository that is read for a server which was not asked yet.
pub(super) struct Unsettled {
    /// Good for everything but what the templates ask for.
    pub(super) repository: Repository,
    /// Problems as the spec describes the server.
    sink: Sink,
    /// Which of them were printed.
    said: BTreeSet<String>,
}

/// Reads and judges all files. Errors that the server's version could take away wait for its answer.
pub(super) fn load(global: &Global, streams: &Streams) -> Result<Unsettled, Fail> {
    unsettled(repository::read(global, streams)?, streams)
}

/// The same before all files are written; see [`repository::read_before_files`].
pub(super) fn load_before_files(global: &Global, streams: &Streams) -> Result<Unsettled, Fail> {
    unsettled(repository::read_before_files(global, streams)?, streams)
}

fn unsettled((mut repository, sink): (Repository, Sink), streams: &Streams) -> Result<Unsettled, Fail> {
    let mut said = BTreeSet::new();
    if !sink.has_errors() || !another_version_accepts(&mut repository) {
        repository::judge(&repository.sources, &sink, streams)?;
        said = identities(&sink, &repository.sources);
    }
    Ok(Unsettled { repository, sink, said })
}

fn another_version_accepts(repository: &mut Repository) -> bool {
    let Repository { files, sources, dialect, .. } = repository;
    let mut others = Dialect::ALL.into_iter().filter(|d| *d != *dialect);
    others.any(|dialect| !files.read(dialect, sources).1.has_errors())
}

impl Unsettled {
    /// The repository as the server that answered reads it. Problems that were not printed yet are printed; errors end here.
    pub(super) fn settle(mut self, seen: &OmniSnapshot, streams: &Streams) -> Result<Repository, Fail> {
        let live = dialect(seen).unwrap_or(self.repository.dialect);
        if let Some(reason) = seen.unreadable(INSTALL_DISKS).filter(|_| self.has_install_disks()) {
            return Err(Fail::new(
                Exit::Unreachable,
                format!(
                    "whether this Omni stores install disks as `{INSTALL_DISKS}` could not be read: {}",
                    reason.0
                ),
            )
            .help("nothing was changed; templates name install disks, so try again when it can be read"));
        }
        if live != self.repository.dialect {
            let Repository { files, sources, .. } = &mut self.repository;
            let (desired, sink) = files.read(live, sources);
            self.repository.desired = desired;
            self.repository.dialect = live;
            self.sink = sink;
        }
        let mut rest = Sink::default();
        rest.push_all(self.otherwise(seen, live));
        let sources = &self.repository.sources;
        let unsaid = |d: &&Diagnostic| !self.said.contains(&identity(d, sources));
        let version = seen.version.known().map(|v| Untrusted::new(v).line(40));
        rest.push_all(self.sink.all().iter().filter(unsaid).cloned().map(|problem| match &version {
            Some(version) if problem.severity == Severity::Error => {
                problem.note(format!("the server is Omni {version}"))
            }
            _ => problem,
        }));
        repository::judge_before(sources, &rest, SPARED, streams)?;
        Ok(self.repository)
    }

    fn has_install_disks(&self) -> bool {
        let desired = &self.repository.desired;
        let mut all = desired.clusters.iter().flat_map(|c| &c.resources);
        all.any(|d| {
            let id = &d.resource.id;
            id.short_kind() == INSTALL_DISKS
                || d.address.kind() == "patch" && d.resource.omni_label("system-patch").is_some()
        }) || self.sink.has_errors()
    }

    /// The spec describes another server than the one that answered.
    fn otherwise(&self, seen: &OmniSnapshot, live: Dialect) -> Option<Diagnostic> {
        let stated = self.repository.files.workspace.spec.omni.version.as_ref()?;
        let version = seen.version.known()?;
        let same = match template::minor(&stated.text) {
            Some(minor) => template::minor(version)? == minor,
            None => stated.dialect == live,
        };
        if same {
            return None;
        }
        let shown = Untrusted::new(version).line(40);
        let text = Untrusted::new(&stated.text).line(40);
        Some(
            Diagnostic::warning(
                codes::OMNI_VERSION,
                format!("the spec says Omni `{text}`, the server is `{shown}`"),
            )
            .at(stated.place.source, stated.place.span, "for commands that ask no server")
            .note("the templates are read for the server")
            .help("correct `omni.version`, so that `validate` says what `plan` says"),
        )
    }
}

/// The language that a server speaks; `None` if it says nothing that tells.
pub(super) fn dialect(seen: &OmniSnapshot) -> Option<Dialect> {
    let listed = seen.types.get(&format!("{INSTALL_DISKS}{TYPE_SUFFIX}"));
    let listed = listed.is_some_and(|list| matches!(list, Observation::Known(_)));
    Dialect::of_server(seen.version.known().map(String::as_str), listed)
}

/// What a problem is about, whichever copy of a text it points into.
fn identity(problem: &Diagnostic, sources: &Sources) -> String {
    let places = problem.labels.iter().filter_map(|label| {
        let source = sources.get(label.source)?;
        Some(format!(" {}:{:?}", source.path, source.line_col(label.span.start)))
    });
    std::iter::once(format!("{} {}", problem.code, problem.message)).chain(places).collect()
}

fn identities(sink: &Sink, sources: &Sources) -> BTreeSet<String> {
    sink.all().iter().map(|d| identity(d, sources)).collect()
}
