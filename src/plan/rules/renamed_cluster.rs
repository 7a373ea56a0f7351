//! A cluster that gets another name in its template. Omni knows no renaming: the new name is a new cluster.

use std::collections::{BTreeMap, BTreeSet};

use super::codes;
use crate::address::Address;
use crate::graph::edges::class_of_set;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};
use crate::resource::{Resource, ResourceId};
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for draft in drafts.iter().filter(|d| d.action == Action::Create && d.kind() == "Clusters") {
        let new = draft.address.name();
        let Some((old, why)) = earlier(scene, new) else { continue };
        let address = Address::cluster(&old);
        let goes = drafts.iter().any(|d| d.address == address && d.action == Action::Destroy);
        let old = Untrusted::new(old).line(80);
        let fate = if goes {
            format!("and `{old}` is destroyed with its machines")
        } else {
            format!("and `{old}` stays as it is")
        };
        out.push(Warning {
            code: codes::RENAMED_CLUSTER.to_owned(),
            address: Some(draft.address.clone()),
            message: format!(
                "`cluster/{new}` looks like `cluster/{old}` under another name ({why}): Omni knows no renaming, so a new cluster is made {fate}"
            ),
            blocks: false,
            help: Some(format!("to keep the cluster, call it `{old}` again in its template")), ..Warning::default() });
    }
}

/// The cluster that a new one was before, and what tells.
fn earlier(scene: &Scene<'_>, new: &str) -> Option<(String, String)> {
    let declared = scene.declared_cluster(new)?;
    let others: BTreeSet<&str> = scene
        .snapshot()
        .omni
        .list("Clusters")
        .iter()
        .map(|c| c.resource.id.id.as_str())
        .filter(|name| scene.declared_cluster(name).is_none())
        .collect();
    let mut shared: BTreeMap<&str, usize> = BTreeMap::new();
    for node in declared.resources.iter().filter(|d| d.resource.id.short_kind() == "MachineSetNodes") {
        let live = scene.live(&ResourceId::default_ns("MachineSetNodes", &node.resource.id.id));
        if let Some(cluster) =
            live.and_then(|l| l.resource.omni_label("cluster")).filter(|c| others.contains(c))
        {
            *shared.entry(cluster).or_default() += 1;
        }
    }
    if let Some((old, n)) = shared.into_iter().max_by_key(|(_, n)| *n) {
        let why =
            if n == 1 { "1 machine is the same".to_owned() } else { format!("{n} machines are the same") };
        return Some((old.to_owned(), why));
    }
    // Machines of a class have no names to tell by; the same machine sets do, where the old cluster is ours.
    let shape = |cluster: &str, sets: Vec<&Resource>| -> BTreeSet<(String, String)> {
        sets.into_iter()
            .filter_map(|s| Some((s.id.id.strip_prefix(cluster)?.to_owned(), class_of_set(s)?.to_owned())))
            .collect()
    };
    let sets = declared.resources.iter().map(|d| &d.resource).filter(|r| r.id.short_kind() == "MachineSets");
    let wanted = shape(new, sets.collect());
    let alike = |old: &&&str| {
        let live = scene.in_cluster("MachineSets", old).iter().map(|l| &l.resource).collect();
        !wanted.is_empty() && scene.entry(&Address::cluster(old)).is_some() && shape(old, live) == wanted
    };
    let mut found = others.iter().filter(alike);
    match (found.next(), found.next()) {
        (Some(old), None) => {
            Some(((*old).to_owned(), "the same machine sets of the same classes".to_owned()))
        }
        _ => None,
    }
}
