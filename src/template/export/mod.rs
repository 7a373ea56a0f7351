//! A live cluster as a template: what `omnictl cluster template export` prints, or a fuller form of it.
//!
//! [`export`] takes everything that is live and picks what belongs to one cluster. The text is loaded by our own loader, without
//! any file, before it is handed out; what it renders to is compared with what is live, and every difference is listed as a
//! [`Loss`]: the list is complete by construction.

mod block;
mod cluster;
mod collect;
mod content;
mod fields;
mod install_disk;
mod levels;
mod losses;
mod machine;
mod machine_set;
#[cfg(test)]
mod tests;

use collect::{Scope, collect};

use super::dialect::Dialect;
use super::files::FileMap;
use super::load::load;
use crate::diag::{Diagnostic, Sink, Sources};
use crate::resource::{LiveResource, ResourceId};
use crate::yaml::{self, Limits, Out};

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fidelity {
    /// Byte for byte what omnictl 1.9.3 exports, with what that leaves out.
    Omnictl,
    /// Rendering gives the same resources wherever a template can express them: strategy types without `rolling`, manifests
    /// under their own ids, kernel arguments exactly where there are some.
    Full,
}

/// What is exported, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Kernel arguments of every static machine, also where there are none (then `[]`). Only for [`Fidelity::Omnictl`]: the
    /// full form always has those that exist.
    pub kernel_args: bool,
    /// How much is kept.
    pub fidelity: Fidelity,
    /// The language of the server's version.
    pub dialect: Dialect,
}

/// A template of a live cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The file.
    pub text: String,
    /// Where rendering the file does not give what is live, sorted by resource.
    pub losses: Vec<Loss>,
}

/// Something live that the file does not say. All texts are fit for printing and hold no content of patches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Loss {
    /// The resource concerned.
    pub resource: ResourceId,
    /// What is lost, as a noun: `` the annotation `omni.sidero.dev/cluster-locked` ``.
    pub what: String,
    /// Why, as a clause: `templates cannot lock a cluster`.
    pub why: String,
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such cluster.
    #[error("there is no cluster `{0}`")]
    NoCluster(String),
    /// Something of the cluster fits into no template; omnictl's own words are in [`ExportError::note`].
    #[error("{message}")]
    Unfit {
        /// What is wrong, for people.
        message: String,
        /// What omnictl says.
        note: String,
    },
    /// The exported template breaks rules of templates.
    #[error("the exported template is not valid")]
    Invalid {
        /// The problems; places are in the exported text.
        problems: Vec<Diagnostic>,
        /// The exported text.
        sources: Sources,
    },
}

impl ExportError {
    /// The innermost message of omnictl, so that a search finds it.
    pub fn note(&self) -> Option<String> {
        match self {
            Self::NoCluster(name) => {
                Some(format!("resource Clusters.omni.sidero.dev(default/{name}@undefined) doesn't exist"))
            }
            Self::Unfit { note, .. } => Some(note.clone()),
            Self::Invalid { .. } => None,
        }
    }
}

/// The template of the cluster named `cluster`. `live` is everything seen of the kinds that templates make
/// ([`crate::kinds::SYNC_ORDER`]), specs in normal form; what belongs to other clusters is passed over.
///
/// # Errors
/// Why there is no template: the cluster is missing, or what is live fits into none.
pub fn export<'a>(
    live: impl IntoIterator<Item = &'a LiveResource>,
    cluster: &str,
    options: Options,
) -> Result<Exported, ExportError> {
    let scope = collect(live, cluster, options)?;
    let all = documents(&scope)?;
    let readable: Vec<Out> = all.iter().map(block::readable).collect();
    // What can be loaded is judged; what omnictl prints is not always the same.
    let text = match options.fidelity {
        Fidelity::Omnictl => stream(&all),
        Fidelity::Full => stream(&readable),
    };
    if scope.control_plane.is_none() {
        // Nobody can load this; omnictl writes it all the same.
        return Ok(Exported { text, losses: losses::without_control_plane(&scope) });
    }
    let (mut sources, mut sink) = (Sources::default(), Sink::default());
    let judged = stream(&readable);
    let source = sources.add(format!("{}.yaml", collect::shown(cluster)), judged.as_str());
    let limits = Limits { bytes: usize::MAX, nodes: usize::MAX, documents: usize::MAX, ..Limits::default() };
    let parsed = yaml::parse(source, &judged, &limits).unwrap_or_else(|problems| {
        sink.push_all(problems);
        Vec::new()
    });
    let no_files = FileMap::default();
    let loaded = (!sink.has_errors())
        .then(|| load(options.dialect, source, &parsed, &no_files, &mut sources, &mut sink))
        .filter(|_| !sink.has_errors());
    match loaded {
        Some(loaded) => Ok(Exported { losses: losses::losses(&scope, &loaded.resources), text }),
        None => Err(ExportError::Invalid { problems: sink.all().to_vec(), sources }),
    }
}

fn stream(documents: &[Out]) -> String {
    let texts: Vec<String> = documents.iter().map(|document| yaml::write(document, 2)).collect();
    texts.join("---\n")
}

fn documents(scope: &Scope<'_>) -> Result<Vec<Out>, ExportError> {
    let control_plane = match scope.control_plane {
        Some(set) => machine_set::machine_set(scope, set),
        None if scope.options.fidelity == Fidelity::Omnictl => machine_set::nothing(),
        None => {
            return Err(ExportError::Unfit {
                message: format!("the cluster `{}` has no control plane", collect::shown(scope.name)),
                note: "template should contain 1 controlplane, got 0".to_owned(),
            });
        }
    };
    let mut all = vec![cluster::cluster(scope), control_plane];
    all.extend(scope.workers.iter().map(|set| machine_set::machine_set(scope, set)));
    all.extend(machine::machines(scope));
    Ok(all)
}
