//! Machines that will be lost, by name: the part that is shed last, and never to nothing.

use std::collections::BTreeMap;

use super::escape::Markdown;
use crate::address::Address;
use crate::kinds::Effect;
use crate::plan::{Lost, Plan};
use crate::render::areas::Topic;

/// Clusters whose machines are counted when not all names fit.
const CLUSTERS: usize = 20;

/// All of them: one item for each thing that takes machines along.
pub(super) fn all(plan: &Plan, out: &mut Markdown) {
    list(plan, &plan.lost, out);
}

/// How many in each cluster, and the first `names` names, where a page cannot hold them all. Says so.
pub(super) fn some(plan: &Plan, names: usize, out: &mut Markdown) {
    if plan.lost.len() <= names {
        return all(plan, out);
    }
    caution(plan, out);
    out.own("> This page cannot list them all; the report does.");
    let mut counts: BTreeMap<Topic<'_>, u64> = BTreeMap::new();
    for one in &plan.lost {
        *counts.entry(Topic::of(&one.address)).or_default() += 1;
    }
    let mut counts: Vec<(Topic<'_>, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(topic, n)| (std::cmp::Reverse(*n), *topic));
    let most = CLUSTERS.min(names);
    for (i, (topic, n)) in counts.iter().take(most).enumerate() {
        out.own(if i == 0 { " By cluster: " } else { ", " });
        match topic.name() {
            Some(name) => out.code(name),
            None => out.own(topic.word()),
        };
        out.own(" ").number(*n);
    }
    if let Some((clusters, machines)) = counts
        .get(most..)
        .filter(|rest| most > 0 && !rest.is_empty())
        .map(|rest| (rest.len(), rest.iter().map(|(_, n)| n).sum()))
    {
        out.own(", ").number(clusters as u64).own(" more with ").number(machines);
    }
    if most > 0 {
        out.own(".");
    }
    out.own("\n");
    if names > 0 {
        out.own("> The first ").number(names as u64).own(":\n>\n");
        items(plan.lost.get(..names).unwrap_or_default(), out);
    }
    out.own("\n");
}

fn list(plan: &Plan, lost: &[Lost], out: &mut Markdown) {
    if lost.is_empty() {
        return;
    }
    caution(plan, out);
    items(lost, out);
    out.own("\n");
}

fn caution(plan: &Plan, out: &mut Markdown) {
    out.own("> [!CAUTION]\n> **Machines that will be lost, with the data on their disks: ");
    out.number(plan.lost.len() as u64).own("**\n>\n");
}

fn items(lost: &[Lost], out: &mut Markdown) {
    let mut by: Vec<((&Address, Effect, bool), Vec<&Lost>)> = Vec::new();
    for one in lost {
        let key = (&one.address, one.effect, one.predicted);
        match by.last_mut().filter(|(last, _)| *last == key) {
            Some((_, list)) => list.push(one),
            None => by.push((key, vec![one])),
        }
    }
    for ((address, effect, predicted), machines) in by {
        out.own("> - ").own(effect.word()).own(if predicted { " (predicted)" } else { "" });
        out.own(" with ").code(&address.to_string()).own(":");
        let unnamed = machines.iter().filter(|m| m.machine.is_none()).count();
        let mut first = true;
        for machine in machines {
            let Some(name) = &machine.machine else { continue };
            out.own(if first { " " } else { ", " }).code(name);
            first = false;
            if let Some(vm) = &machine.vm {
                out.own(" (VM ").code(vm).own(")");
            }
        }
        if unnamed > 0 {
            out.own(if first { " " } else { ", and " }).count(unnamed, "machine").own(" that Omni chooses");
        }
        out.own("\n");
    }
}
