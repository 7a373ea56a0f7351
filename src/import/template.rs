//! One cluster to the text of a template that plans empty: what its template cannot say is taken out until the rest says exactly
//! what is live.

use std::collections::BTreeMap;

use super::left::{Left, named, shown};
use super::pick::{Picked, pick};
use crate::diag::{Severity, SourceId, Sources, Span};
use crate::diff::{carry, compare, keep_unsayable, only_marks};
use crate::graph::Prune;
use crate::live::OmniSnapshot;
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::template::export::{self, ExportError, Exported, Fidelity};
use crate::template::{self, Dialect, FileMap, Rendered};
use crate::yaml;

/// A cluster as a template.
pub(super) struct Said<'a> {
    /// The text, as exported.
    pub(super) text: String,
    /// What it renders to.
    pub(super) resources: Vec<Resource>,
    /// What stays live as it is.
    pub(super) left: Vec<Left>,
    /// Objects with secrets, with their fields.
    pub(super) secrets: Vec<(&'a LiveResource, Vec<String>)>,
}

/// Why a cluster has no template.
pub(super) struct Unsayable {
    pub(super) why: Vec<String>,
    pub(super) secrets: Vec<String>,
}

impl Unsayable {
    fn because(why: impl Into<String>) -> Self {
        Self { why: vec![why.into()], secrets: Vec::new() }
    }
}

/// The control planes' set, without which there is no template.
fn essential(live: &LiveResource, cluster: &str) -> bool {
    match live.resource.id.short_kind() {
        "Clusters" => true,
        "MachineSets" => live.resource.id.id == format!("{cluster}-control-planes"),
        _ => false,
    }
}

/// Makes the template of `cluster`.
pub(super) fn say<'a>(
    omni: &'a OmniSnapshot,
    cluster: &str,
    with_secrets: bool,
    dialect: Dialect,
) -> Result<Said<'a>, Unsayable> {
    let mut picked = pick(omni, cluster, with_secrets);
    if let Some((live, fields)) = picked.secrets.iter().find(|(l, _)| !with_secrets && essential(l, cluster))
    {
        let line = format!("`{}` holds a secret ({})", named(live), fields.join(", "));
        return Err(Unsayable { why: Vec::new(), secrets: vec![line] });
    }
    for kind in ["Clusters", "MachineSets"] {
        let there = picked.live.iter().any(|l| l.resource.id.short_kind() == kind && essential(l, cluster));
        if !there {
            return Err(missing(&picked, omni, cluster, kind));
        }
    }
    // Every turn but the last takes something out.
    for _ in 0..=picked.live.len() {
        let found = match attempt(&picked, cluster, dialect) {
            Turn::Done(exported, resources) => {
                let mut left = std::mem::take(&mut picked.left);
                left.extend(kept(&exported, &picked, cluster));
                left.sort();
                left.dedup();
                return Ok(Said { text: exported.text, resources, left, secrets: picked.secrets });
            }
            Turn::Misfits(found) => found,
            Turn::No(why) => return Err(Unsayable { why, secrets: Vec::new() }),
        };
        let fatal: Vec<String> = found
            .iter()
            .filter(|(live, _)| essential(live, cluster))
            .map(|(live, why)| format!("`{}` {why}", named(live)))
            .collect();
        if !fatal.is_empty() {
            return Err(Unsayable { why: fatal, secrets: Vec::new() });
        }
        for (live, why) in found {
            picked.drop(cluster, live, &why);
        }
    }
    Err(Unsayable::because("its template does not come to an end; this is a bug of omni-scale"))
}

fn missing(picked: &Picked<'_>, omni: &OmniSnapshot, cluster: &str, kind: &str) -> Unsayable {
    let id = if kind == "Clusters" { cluster.to_owned() } else { format!("{cluster}-control-planes") };
    let known = omni.find(kind, &id).map(named).and_then(|what| picked.left.iter().find(|l| l.what == what));
    Unsayable::because(match known {
        Some(left) => format!("`{}` {}", left.what, left.why),
        None if kind == "Clusters" => "Omni has no such cluster".to_owned(),
        None => "it has no control planes, which a template cannot leave out".to_owned(),
    })
}

enum Turn<'a> {
    /// The template says exactly what is picked.
    Done(Exported, Vec<Resource>),
    /// These do not fit, each with the reason.
    Misfits(Vec<(&'a LiveResource, String)>),
    /// There is no template, and nobody knows on whose account.
    No(Vec<String>),
}

fn attempt<'a>(picked: &Picked<'a>, cluster: &str, dialect: Dialect) -> Turn<'a> {
    let options = export::Options { kernel_args: true, fidelity: Fidelity::Full, dialect };
    let exported = match export::export(picked.live.iter().copied(), cluster, options) {
        Ok(exported) => exported,
        Err(ExportError::Invalid { problems, sources }) => {
            let text = sources.get(SourceId(0)).map(|s| s.text.clone()).unwrap_or_default();
            return invalid(picked, &problems, &text, dialect);
        }
        Err(error @ (ExportError::Unfit { .. } | ExportError::NoCluster(_))) => {
            return Turn::No(vec![error.to_string()]);
        }
    };
    let rendered = rendered(&exported.text, dialect);
    let misfits = misfits(picked, &exported, &rendered, dialect);
    if misfits.is_empty() {
        return Turn::Done(exported, rendered.into_iter().map(|r| r.resource).collect());
    }
    Turn::Misfits(misfits)
}

/// What a template without files renders to.
fn rendered(text: &str, dialect: Dialect) -> Vec<Rendered> {
    let mut sources = Sources::default();
    let source = sources.add("template", text);
    let Ok(documents) = yaml::parse(source, text, &yaml::Limits::default()) else { return Vec::new() };
    let mut sink = crate::diag::Sink::default();
    template::load(dialect, source, &documents, &FileMap::default(), &mut sources, &mut sink).resources
}

/// Whose account each problem of the exported text is on, by its place.
fn invalid<'a>(
    picked: &Picked<'a>,
    problems: &[crate::diag::Diagnostic],
    text: &str,
    dialect: Dialect,
) -> Turn<'a> {
    let rendered = rendered(text, dialect);
    let mut found: Vec<(&LiveResource, String)> = Vec::new();
    let mut unplaced = Vec::new();
    for problem in problems.iter().filter(|p| p.severity == Severity::Error) {
        let why = format!("no template can hold it: {}", problem.message);
        let live = problem
            .labels
            .first()
            .and_then(|label| innermost(&rendered, label.span))
            .and_then(|id| picked.live.iter().find(|l| l.resource.id == *id));
        match live {
            Some(live) if found.iter().any(|(l, _)| l.resource.id == live.resource.id) => {}
            Some(live) => found.push((live, why)),
            None => unplaced.push(problem.message.clone()),
        }
    }
    if found.is_empty() { Turn::No(unplaced) } else { Turn::Misfits(found) }
}

/// The resource with the smallest place around `span`.
fn innermost(rendered: &[Rendered], span: Span) -> Option<&ResourceId> {
    rendered
        .iter()
        .filter(|r| r.span.start <= span.start && span.end <= r.span.end)
        .min_by_key(|r| r.span.end - r.span.start)
        .map(|r| &r.resource.id)
}

/// Picked objects of which the template does not say exactly what is live, by the planner's own comparison.
fn misfits<'a>(
    picked: &Picked<'a>,
    exported: &Exported,
    rendered: &[Rendered],
    dialect: Dialect,
) -> Vec<(&'a LiveResource, String)> {
    let said: BTreeMap<&ResourceId, &Resource> =
        rendered.iter().map(|r| (&r.resource.id, &r.resource)).collect();
    let mut out = Vec::new();
    for live in &picked.live {
        let id = &live.resource.id;
        let losses = || {
            let of = exported.losses.iter().filter(|l| l.resource == *id);
            of.map(|l| format!("{}: {}", l.what, l.why)).collect::<Vec<_>>().join("; ")
        };
        let Some(wanted) = said.get(id) else {
            let why = losses();
            let why = if why.is_empty() { "no template makes it".to_owned() } else { why };
            out.push((*live, why));
            continue;
        };
        let mut after = carry(&live.resource, wanted, None, Prune::Record);
        keep_unsayable(&live.resource, &mut after, dialect > Dialect::V1_9);
        let differences = compare(&live.resource, &after, None, Prune::Record, None);
        if differences.is_empty() || only_marks(&differences) {
            continue;
        }
        let why = losses();
        let paths: Vec<String> =
            differences.iter().map(|d| format!("`{}`", shown(&d.path.join(".")))).collect();
        out.push((
            *live,
            if why.is_empty() {
                format!("a template would change {}", paths.join(", "))
            } else {
                format!("a template would change it ({why})")
            },
        ));
    }
    out
}

/// What the template does not say of the objects that it names; an update carries it along.
fn kept(exported: &Exported, picked: &Picked<'_>, cluster: &str) -> Vec<Left> {
    exported
        .losses
        .iter()
        .filter_map(|loss| {
            // What a template would add, and nothing else, is no reason to write: it is no loss either.
            let adds = loss.what.starts_with("that it has no");
            let live = picked.live.iter().find(|l| l.resource.id == loss.resource && !adds)?;
            Some(Left {
                cluster: cluster.to_owned(),
                what: named(live),
                why: format!("{} stays as it is: {}", loss.what, loss.why),
            })
        })
        .collect()
}
