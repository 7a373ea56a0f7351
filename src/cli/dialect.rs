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
    /// Names clusters and machines rightly; what exactly the templates ask for may change with the server's version.
    pub(super) repository: Repository,
    /// Problems in the language in which the templates were read so far.
    sink: Sink,
    /// Which of them were printed.
    said: BTreeSet<String>,
}

/// Reads and judges all files: as the spec describes the server or, where that gives errors, as any version that accepts them.
/// Then nothing is printed before the server's answer.
pub(super) fn load(global: &Global, streams: &Streams) -> Result<Unsettled, Fail> {
    unsettled(repository::read(global, streams)?, streams)
}

/// The same before all files are written; see [`repository::read_before_files`].
pub(super) fn load_before_files(global: &Global, streams: &Streams) -> Result<Unsettled, Fail> {
    unsettled(repository::read_before_files(global, streams)?, streams)
}

fn unsettled((mut repository, sink): (Repository, Sink), streams: &Streams) -> Result<Unsettled, Fail> {
    if sink.has_errors() {
        for dialect in Dialect::ALL.into_iter().filter(|d| *d != repository.dialect) {
            let (desired, sink) = repository.files.read(dialect, &mut repository.sources);
            if !sink.has_errors() {
                repository = Repository { desired, dialect, ..repository };
                return Ok(Unsettled { repository, sink, said: BTreeSet::new() });
            }
        }
    }
    repository::judge(&repository.sources, &sink, streams)?;
    let said = identities(&sink, &repository.sources);
    Ok(Unsettled { repository, sink, said })
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
        })
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
