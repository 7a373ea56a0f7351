//! What every level of a template has: patches and extensions.

use super::Fidelity;
use super::collect::Scope;
use super::content::weight_and_name;
use super::fields::{Fields, text, texts};
use crate::resource::LiveResource;
use crate::yaml::Out;

/// A level of a template.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level<'a> {
    /// The Cluster.
    Cluster,
    /// A machine set, by id.
    MachineSet(&'a str),
    /// A machine, by id.
    Machine(&'a str),
}

/// Patches of one level under their ids. omnictl sorts them by id. The full form gives a patch back its name instead, where the
/// list can hold it at the position that its id was made from.
pub(super) fn patches(scope: &Scope<'_>, all: &[&LiveResource], level: Level<'_>) -> Vec<Out> {
    if scope.options.fidelity == Fidelity::Omnictl {
        return all.iter().map(|p| with_id(p)).collect();
    }
    let (first, prefix) = match level {
        Level::Cluster => (200, format!("cluster-{}", scope.name)),
        Level::MachineSet(id) => (400, id.to_owned()),
        Level::Machine(id) => (400, format!("cm-{id}")),
    };
    let mut slots: Vec<Option<Out>> = all.iter().map(|_| None).collect();
    let mut rest = Vec::new();
    for patch in all {
        let name = patch.resource.annotations.get("name").filter(|n| !n.is_empty());
        let slot = weight_and_name(&patch.resource.id.id, &prefix)
            .filter(|(_, in_id)| name.is_some_and(|n| n == in_id))
            .and_then(|(weight, _)| slots.get_mut(weight.checked_sub(first)?))
            .filter(|slot| slot.is_none());
        match slot {
            Some(slot) => *slot = Some(named(patch, name.map_or("", String::as_str), None)),
            None => rest.push(*patch),
        }
    }
    let mut rest = rest.into_iter();
    slots
        .into_iter()
        .filter_map(|slot| {
            slot.or_else(|| {
                let patch = rest.next()?;
                let name = patch.resource.annotations.get("name").map_or("", String::as_str);
                Some(named(patch, name, Some(&patch.resource.id.id)))
            })
        })
        .collect()
}

fn with_id(patch: &LiveResource) -> Out {
    let resource = &patch.resource;
    content(
        Fields::default().put("idOverride", Out::from(resource.id.id.as_str())).descriptors(resource, &[]),
        patch,
    )
}

fn named(patch: &LiveResource, name: &str, id: Option<&str>) -> Out {
    let fields = Fields::default()
        .text("name", name)
        .maybe("idOverride", id.map(Out::from))
        .descriptors(&patch.resource, &["name"]);
    content(fields, patch)
}

fn content(fields: Fields, patch: &LiveResource) -> Out {
    fields.put("inline", Out::Literal(text(&patch.resource.spec, "data").to_owned())).out()
}

/// The extensions of one level, `owner` being what its id is made from: the first resource's list, also an empty one, for that
/// clears. The full form takes only the resource that rendering gives.
pub(super) fn extensions(scope: &Scope<'_>, all: &[&LiveResource], owner: &str) -> Option<Out> {
    let list = match scope.options.fidelity {
        Fidelity::Omnictl => all.first(),
        Fidelity::Full => all.iter().find(|e| e.resource.id.id == format!("schematic-{owner}")),
    };
    list.map(|e| texts(&e.resource.spec, "extensions"))
}
