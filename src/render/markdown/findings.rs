//! What speaks against the plan, what was lifted, warnings, and what only tells.

use std::collections::BTreeMap;

use super::escape::Markdown;
use super::table::name;
use crate::plan::{Plan, Warning};

/// Findings by what they do to the plan.
#[derive(Debug)]
pub(super) struct Findings<'p> {
    /// Apply refuses because of them.
    pub(super) blocks: Vec<&'p Warning>,
    /// They would block, and somebody lifted them.
    pub(super) lifted: Vec<&'p Warning>,
    /// They warn.
    pub(super) warnings: Vec<&'p Warning>,
    /// They only tell.
    pub(super) notes: Vec<&'p Warning>,
}

impl<'p> Findings<'p> {
    /// Of a plan.
    pub(super) fn of(plan: &'p Plan) -> Self {
        let all = |wanted: &dyn Fn(&Warning) -> bool| plan.warnings.iter().filter(|w| wanted(w)).collect();
        Self {
            blocks: all(&|w| w.blocks),
            lifted: all(&|w| !w.blocks && w.lifted.is_some()),
            warnings: all(&|w| !w.blocks && w.lifted.is_none() && !w.info),
            notes: all(&|w| !w.blocks && w.lifted.is_none() && w.info),
        }
    }
}

/// How much of each finding is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// What, where, why, what to do.
    Whole,
    /// What and where.
    Named,
}

/// A visible list under a title.
pub(super) fn list(title: &'static str, all: &[&Warning], depth: Depth, out: &mut Markdown) {
    if all.is_empty() {
        return;
    }
    out.own("**").own(title).own("** (").number(all.len() as u64).own(")\n\n");
    for one in all {
        item(one, depth, out);
    }
    out.own("\n");
}

/// A visible list of the first `most`, under a title that counts all; the others are counted by code.
pub(super) fn some(title: &'static str, all: &[&Warning], most: usize, out: &mut Markdown) {
    if all.len() <= most {
        return list(title, all, Depth::Named, out);
    }
    out.own("**").own(title).own("** (").number(all.len() as u64).own("): ");
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for one in all {
        *counts.entry(name(one)).or_default() += 1;
    }
    for (i, (name, n)) in counts.iter().take(5).enumerate() {
        out.own(if i > 0 { ", " } else { "" }).code(name).own(" ").number(*n);
    }
    if counts.len() > 5 {
        out.own(", and others");
    }
    out.own(". This page cannot list them all; the report does.\n\n");
    for one in all.iter().take(most) {
        item(one, Depth::Named, out);
    }
    out.own(if most > 0 { "\n" } else { "" });
}

/// A list that is folded away.
pub(super) fn folded(noun: &'static str, all: &[&Warning], out: &mut Markdown) {
    if all.is_empty() {
        return;
    }
    out.own("<details><summary>").count(all.len(), noun).own("</summary>\n\n");
    for one in all {
        item(one, Depth::Whole, out);
    }
    out.own("\n</details>\n\n");
}

fn item(one: &Warning, depth: Depth, out: &mut Markdown) {
    out.own("- ").code(name(one));
    if one.guard.is_some() {
        out.own(" ").code(&one.code);
    }
    if let Some(rule) = &one.rule {
        out.own(" rule ").code(rule);
    }
    if let Some(address) = &one.address {
        out.own(" · ").code(&address.to_string());
    }
    if depth == Depth::Named {
        out.own("\n");
        return;
    }
    out.own(" · ").text(&one.message).own("\n");
    if !one.evidence.is_empty() {
        out.own("  - seen: ");
        for (i, (fact, value)) in one.evidence.iter().enumerate() {
            out.own(if i > 0 { ", " } else { "" }).code(&format!("{fact} = {value}"));
        }
        out.own("\n");
    }
    if let Some(lifted) = &one.lifted {
        out.own("  - lifted by ").code(&lifted.by);
        for (word, value) in
            [(", owner ", &lifted.owner), (", reason: ", &lifted.reason), (", until ", &lifted.expires)]
        {
            if let Some(value) = value {
                out.own(word).text(value);
            }
        }
        out.own("\n");
    }
    if let Some(help) = &one.help {
        out.own("  - help: ").text(help).own("\n");
    }
    if let Some(lift) = one.lift.as_ref().filter(|_| one.lifted.is_none()) {
        out.own("  - lifted with ").code(lift).own("\n");
    }
}
