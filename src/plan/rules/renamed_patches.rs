//! Patches that get another id and keep their content, told once per list: ids carry the position in the list, so what is
//! inserted at the top renames all that follow.

use std::collections::BTreeMap;

use super::codes;
use crate::address::Address;
use crate::plan::effects::renamed::{Rename, level, renames, same_content};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Unchanged, Warning};
use crate::resource::Resource;
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], unchanged: &[Unchanged], out: &mut Vec<Warning>) {
    let mut lists: BTreeMap<Address, Vec<Rename<'_, '_>>> = BTreeMap::new();
    for rename in renames(scene, drafts) {
        if let Some(list) = list(rename.new) {
            lists.entry(list).or_default().push(rename);
        }
    }
    for (list, renames) in lists {
        let n = renames.len();
        let (subject, content) = match n {
            1 => ("1 patch".to_owned(), "keeps its content"),
            n => (format!("{n} patches"), "keep their content"),
        };
        let verb = if n == 1 { "is" } else { "are" };
        let why = reason(drafts, &list, &renames);
        let machines = if renames.iter().all(|r| r.keeps_order) {
            "the order in which they apply stays, so machines do not change because of that"
        } else {
            "the order in which they apply changes, and where two say different things the later one wins"
        };
        out.push(Warning {
            code: codes::RENAMED_PATCHES.to_owned(),
            address: Some(list.clone()),
            message: format!("{subject} of `{list}` {verb} renamed{why}, and {content}; {machines}"),
            blocks: false,
            help: Some("ids carry the position in the list: `idOverride` avoids that, and so do new patches at the end".to_owned()), ..Warning::default() });
    }
    twins(scene, drafts, unchanged, out);
}

/// What the list belongs to: cluster, machine set or machine.
fn list(draft: &Draft<'_>) -> Option<Address> {
    let cluster = Address::cluster(draft.address.cluster_name()?);
    let patch = draft.subject()?;
    Some(match (patch.omni_label("machine-set"), patch.omni_label("cluster-machine")) {
        (_, Some(machine)) => cluster.child("node", machine),
        (Some(set), None) => {
            let name = set.strip_prefix(cluster.name()).and_then(|s| s.strip_prefix('-')).unwrap_or(set);
            cluster.child("machineset", name)
        }
        (None, None) => cluster,
    })
}

fn name(patch: &Resource) -> String {
    let name = patch.annotations.get("name").filter(|n| !n.is_empty()).unwrap_or(&patch.id.id);
    Untrusted::new(name).line(80)
}

/// What moved them: the first patch that came or went before them.
fn reason(drafts: &[Draft<'_>], list_of: &Address, renames: &[Rename<'_, '_>]) -> String {
    let free = |action: Action| -> Option<&Resource> {
        let of_list = drafts.iter().filter(|d| {
            d.action == action && d.kind() == "ConfigPatches" && list(d).as_ref() == Some(list_of)
        });
        let others = of_list
            .filter(|d| !renames.iter().any(|r| r.new.address == d.address || r.old.address == d.address));
        others.filter_map(Draft::subject).min_by_key(|s| &s.id.id)
    };
    let last = |ids: &mut dyn Iterator<Item = String>| ids.max().unwrap_or_default();
    let (last_new, last_old) = (
        last(&mut renames.iter().map(|r| r.new.address.name().to_owned())),
        last(&mut renames.iter().map(|r| r.old.address.name().to_owned())),
    );
    let inserted = free(Action::Create).filter(|p| p.id.id < last_new);
    if let Some(new) = inserted {
        // The three digits of the id count from the base of the level.
        let base = if list_of.kind() == "cluster" { 200 } else { 400 };
        let weight = new.id.id.get(..3).and_then(|w| w.parse::<usize>().ok());
        let place = weight
            .and_then(|w| w.checked_sub(base))
            .map_or_else(String::new, |at| format!(" at position {}", at + 1));
        return format!(", because `{}` was inserted{place}", name(new));
    }
    let removed = free(Action::Destroy).filter(|p| p.id.id < last_old);
    removed.map_or_else(
        || ", because their list is in another order".to_owned(),
        |old| format!(", because `{}` was taken out before them", name(old)),
    )
}

/// New patches whose content is live under another id that is not ours: both stay, and both apply.
fn twins(scene: &Scene<'_>, drafts: &[Draft<'_>], unchanged: &[Unchanged], out: &mut Vec<Warning>) {
    let mut found: BTreeMap<&str, Vec<(&Draft<'_>, &Resource)>> = BTreeMap::new();
    for draft in drafts.iter().filter(|d| d.action == Action::Create && d.kind() == "ConfigPatches") {
        let (Some(wanted), Some(cluster)) = (draft.wanted, draft.address.cluster_name()) else { continue };
        let twin = scene.in_cluster("ConfigPatches", cluster).iter().find(|l| {
            level(&l.resource) == level(wanted)
                && same_content(&l.resource, wanted)
                && crate::graph::address_of(&l.resource)
                    .is_some_and(|a| unchanged.iter().any(|u| u.address == a && u.status == "foreign"))
        });
        if let Some(twin) = twin {
            found.entry(cluster).or_default().push((draft, &twin.resource));
        }
    }
    for (cluster, mut pairs) in found {
        pairs.sort_by_key(|(draft, _)| &draft.address);
        let Some((first, live)) = pairs.first() else { continue };
        let old = Untrusted::new(&live.id.id).line(160);
        let (address, message) = match pairs.len() {
            1 => (
                first.address.clone(),
                format!(
                    "`{}` has the content of `{old}`, which is live, not declared and not ours: both stay",
                    first.address
                ),
            ),
            n => (
                Address::cluster(cluster),
                format!(
                    "{n} new patches of `cluster/{cluster}` have the content of live ones that are not ours, as `{}` that of `{old}`: both stay",
                    first.address.name()
                ),
            ),
        };
        out.push(Warning {
            code: codes::RENAMED_PATCHES.to_owned(),
            address: Some(address),
            message,
            blocks: false,
            help: Some(
                "an `idOverride` with the live id takes that patch over; otherwise remove the old ones in Omni"
                    .to_owned(),
            ), ..Warning::default() });
    }
}
