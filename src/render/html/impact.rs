//! From what changes to what notices it: machine sets, their machines, their VMs and the nodes that these run on.

use std::collections::BTreeMap;

use super::markup::Markup;
use super::verdict::effect_tag;
use crate::kinds::{Certainty, Effect};
use crate::plan::{Affected, Step};
use crate::render::words::{count, effect_words};

/// Machines of a step above which the list is folded.
const OPEN: usize = 8;

/// The machines that a step touches.
pub(super) fn chain(step: &Step, m: &mut Markup) {
    if step.affects.is_empty() {
        return;
    }
    let title = format!("Touches {}", count(step.affects.len() as u32, "machine"));
    // What nobody notices is not unfolded before a reader's eyes.
    let open = step.effect >= Effect::Reboot && step.affects.len() <= OPEN;
    m.element("details", &[("open", if open { "open" } else { "" })], |m| {
        m.element("summary", &[], |m| {
            m.text(&title);
            for (effect, n) in by_effect(&step.affects) {
                m.text(" ");
                effect_tag(effect, &format!("{n} {}", effect.word()), m);
            }
        });
        let mut sets: BTreeMap<Option<String>, Vec<&Affected>> = BTreeMap::new();
        for one in &step.affects {
            sets.entry(one.machine_set.as_ref().map(ToString::to_string)).or_default().push(one);
        }
        m.element("ul", &[("class", "notes")], |m| {
            for (set, machines) in &sets {
                m.element("li", &[], |m| {
                    match set {
                        Some(set) => m.leaf("code", "", set),
                        None => m.text("of no machine set that is known"),
                    }
                    m.element("ul", &[], |m| {
                        for one in machines {
                            m.element("li", &[], |m| machine(one, m));
                        }
                    });
                });
            }
        });
    });
}

fn by_effect(all: &[Affected]) -> Vec<(Effect, usize)> {
    let mut counts: BTreeMap<Effect, usize> = BTreeMap::new();
    for one in all {
        *counts.entry(one.effect).or_default() += 1;
    }
    counts.into_iter().rev().collect()
}

/// `VM 104 on node foxtrot`
pub(super) fn vm_words(vm: &str) -> String {
    match vm.split_once('/') {
        Some((node, id)) => format!("VM {id} on node {node}"),
        None => format!("VM {vm}"),
    }
}

fn machine(one: &Affected, m: &mut Markup) {
    match &one.machine {
        Some(name) => m.leaf("code", "", name),
        None => m.text("a machine that Omni chooses"),
    }
    if let Some(vm) = &one.vm {
        m.text(&format!(", {}", vm_words(vm)));
    }
    m.text(" ");
    let certainty = if one.predicted { Certainty::Predicted } else { Certainty::Derived };
    effect_tag(one.effect, &effect_words(one.effect, certainty), m);
}
