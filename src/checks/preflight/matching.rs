//! What a selector comes to on the nodes of a class.

use std::collections::BTreeMap;

use super::survey::{Disk, Landing, Survey, name};
use crate::address::Address;
use crate::checks::{Finding, Rule};
use crate::live::Storage;
use crate::selector::Pick;

/// Where a selector is true for a storage.
pub(super) enum Verdict<'a> {
    /// Wherever a machine can land, as far as that is known; or it has no answer there.
    Fine,
    /// On no node that was read.
    Nowhere,
    /// Not on all of them.
    Lacking {
        /// Nodes on which a machine can land and on which it is true for none.
        lacking: Vec<&'a str>,
        /// Nodes of the cluster on which it is true for one.
        having: Vec<&'a str>,
    },
}

/// Looks at one disk of a class.
pub(super) fn verdict<'a>(survey: &Survey<'a>, landing: &Landing<'a>, disk: &Disk<'a>) -> Verdict<'a> {
    let on = |node: &'a str| survey.pick(landing, node, disk.selector);
    let lacking: Vec<&str> =
        landing.nodes.iter().copied().filter(|n| matches!(on(n), Some(Pick::None))).collect();
    if lacking.is_empty() {
        return Verdict::Fine;
    }
    let all = landing.seen.storages.keys().map(String::as_str);
    let having: Vec<&str> = all.filter(|n| matches!(on(n), Some(Pick::Storage(_)))).collect();
    match (having.is_empty(), lacking.len() == landing.nodes.len()) {
        (true, true) => Verdict::Nowhere,
        (true, false) => Verdict::Fine,
        (false, _) => Verdict::Lacking { lacking, having },
    }
}

/// Tells of each disk of a class whose selector takes a storage that is `bad` on nodes on which its machines can land.
pub(super) fn tell_taken(
    survey: &Survey<'_>,
    (rule, which, act): (&'static Rule, &str, &str),
    bad: impl Fn(&Landing<'_>, &Storage) -> bool,
    out: &mut Vec<Finding>,
) {
    for landing in &survey.landings {
        for disk in &landing.disks {
            for (storage, nodes) in taken(survey, landing, disk, |s| bad(landing, s)) {
                let (selector, at) = (name(disk.selector), landing.on(&nodes));
                let shown = name(&storage);
                let cause = format!("`{selector}` ({}) takes storage {shown}, which {which}, {at}", disk.key);
                let mut finding = Finding::new(rule, Address::class(&landing.class.id), cause);
                for node in nodes.iter().take(3) {
                    let seen = landing.storages(node).into_iter().flatten().find(|s| s.name == storage);
                    if let Some(seen) = seen {
                        finding = finding.fact(format!("{shown} on node {}", name(node)), state(seen));
                    }
                }
                finding.severity = landing.severity(nodes.len());
                out.push(finding.act(act));
            }
        }
    }
}

/// Storages that the selector of a disk takes and that are `bad`, each with the nodes on which it is so.
pub(super) fn taken<'a>(
    survey: &Survey<'a>,
    landing: &Landing<'a>,
    disk: &Disk<'a>,
    bad: impl Fn(&Storage) -> bool,
) -> BTreeMap<String, Vec<&'a str>> {
    let mut by: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for node in &landing.nodes {
        let Some(Pick::Storage(name)) = survey.pick(landing, node, disk.selector) else { continue };
        let mut listed = landing.storages(node).into_iter().flatten();
        if listed.any(|s| s.name == name && bad(s)) {
            by.entry(name).or_default().push(node);
        }
    }
    by
}

/// Whether a storage is enabled on some node of the cluster: one that is not enabled on another is then not meant for it.
pub(super) fn elsewhere(landing: &Landing<'_>, storage: &str) -> bool {
    let all = landing.seen.storages.values().filter_map(|s| s.known()).flatten();
    all.into_iter().any(|s| s.name == storage && s.enabled)
}

/// A storage as a node lists it, in words.
fn state(storage: &Storage) -> String {
    let works = match (storage.enabled, storage.active) {
        (false, _) => "disabled",
        (true, false) => "not active",
        (true, true) => "active",
    };
    format!("{works}, holds {}", name(&storage.content.join(",")))
}
