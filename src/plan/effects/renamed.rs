//! Patches that only change their name: ids carry the position in the list, so a patch inserted at the top renames all
//! later ones. Machines see one new configuration version without a change, as long as the order stays.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft};
use crate::resource::Resource;
use crate::value::Value;

/// What decides where a patch applies, and what it says.
type Content = (Vec<(String, String)>, String);

fn content(patch: &Resource) -> Content {
    let labels = patch.labels.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    (labels, patch.spec.get("data").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// Whether two patches say the same about the same machines.
pub(in crate::plan) fn same_content(a: &Resource, b: &Resource) -> bool {
    content(a) == content(b)
}

/// The list that a patch is in: that of a machine set, of a machine, or of the cluster.
pub(in crate::plan) fn level(patch: &Resource) -> (Option<&str>, Option<&str>) {
    (patch.omni_label("machine-set"), patch.omni_label("cluster-machine"))
}

/// A patch that goes on under another id.
pub(in crate::plan) struct Rename<'d, 'a> {
    /// The step that makes it.
    pub(in crate::plan) new: &'d Draft<'a>,
    /// The step that removes it.
    pub(in crate::plan) old: &'d Draft<'a>,
    /// Whether the patches of its list that stay keep their order.
    pub(in crate::plan) keeps_order: bool,
}

/// Patches that are created and destroyed with the same content.
pub(in crate::plan) fn renames<'d, 'a>(scene: &Scene<'_>, drafts: &'d [Draft<'a>]) -> Vec<Rename<'d, 'a>> {
    let mut gone: BTreeMap<Content, Vec<&Draft<'_>>> = BTreeMap::new();
    for draft in drafts.iter().filter(|d| d.action == Action::Destroy && d.kind() == "ConfigPatches") {
        if let Some(subject) = draft.subject() {
            gone.entry(content(subject)).or_default().push(draft);
        }
    }
    for same in gone.values_mut() {
        same.sort_by_key(|d| &d.address);
    }
    let mut out = Vec::new();
    let mut made: Vec<&Draft<'_>> =
        drafts.iter().filter(|d| d.action == Action::Create && d.kind() == "ConfigPatches").collect();
    made.sort_by_key(|d| &d.address);
    for new in made {
        let Some(wanted) = new.wanted else { continue };
        let Some(old) = gone.get_mut(&content(wanted)).and_then(|v| (!v.is_empty()).then(|| v.remove(0)))
        else {
            continue;
        };
        out.push(Rename { new, old, keeps_order: keeps_order(scene, &new.address, wanted) });
    }
    out
}

/// Notes for patches that only change their name, by address.
pub(super) fn find(scene: &Scene<'_>, drafts: &[Draft<'_>]) -> BTreeMap<Address, String> {
    let mut notes = BTreeMap::new();
    for Rename { new, old, .. } in renames(scene, drafts).into_iter().filter(|r| r.keeps_order) {
        notes.insert(
            new.address.clone(),
            format!("same content as `{}`, under a new id: ids carry the position in the list; machines do not change", old.address.name()),
        );
        notes.insert(
            old.address.clone(),
            format!("goes on as `{}` with the same content; machines do not change", new.address.name()),
        );
    }
    notes
}

/// Whether the patches of one level that stay keep their order: they are applied by id, so a rename could turn them round.
fn keeps_order(scene: &Scene<'_>, address: &Address, patch: &Resource) -> bool {
    let Some(cluster) = address.cluster_name() else { return false };
    let here = level(patch);
    let mut before: Vec<(&str, String)> = scene
        .in_cluster("ConfigPatches", cluster)
        .iter()
        .filter(|l| level(&l.resource) == here)
        .map(|l| (l.resource.id.id.as_str(), content(&l.resource).1))
        .collect();
    let mut after: Vec<(&str, String)> = scene
        .declared_cluster(cluster)
        .into_iter()
        .flat_map(|c| &c.resources)
        .map(|d| &d.resource)
        .filter(|r| r.id.short_kind() == "ConfigPatches" && level(r) == here)
        .map(|r| (r.id.id.as_str(), content(r).1))
        .collect();
    before.sort();
    after.sort();
    let both = |list: &[(&str, String)], other: &[(&str, String)]| -> Vec<String> {
        list.iter().filter(|(_, c)| other.iter().any(|(_, o)| o == c)).map(|(_, c)| c.clone()).collect()
    };
    both(&before, &after) == both(&after, &before)
}
