//! Machines that a step touches, and what a wave does to machines and to etcd, as lines of a text.

use super::layout::{Page, Tone, safe};
use super::plan::effect_tone;
use crate::kinds::Effect;
use crate::plan::{Affected, Step, Wave};
use crate::render::words::{count, voters};

/// How many machines of one step are named before the rest is counted.
const NAMED: usize = 5;

/// The chain of one step: how many machines, what happens to them, which, and where their VMs are. Worst first.
pub(super) fn affects(step: &Step, full: bool, page: &mut Page) {
    let mut groups: Vec<((Effect, bool), Vec<&Affected>)> = Vec::new();
    for one in &step.affects {
        let key = (one.effect, one.predicted);
        match groups.last_mut().filter(|(k, _)| *k == key) {
            Some((_, all)) => all.push(one),
            None => groups.push((key, vec![one])),
        }
    }
    let mut room = if full { usize::MAX } else { NAMED };
    for ((effect, predicted), all) in groups {
        let n = u32::try_from(all.len()).unwrap_or(u32::MAX);
        let mut head = format!("{} {}", count(n, "machine"), effect.word());
        if predicted && effect != Effect::Unknown {
            head.push_str(" (predicted)");
        }
        let mut names: Vec<String> = all.iter().take(room).map(|m| machine(step, m)).collect();
        room -= names.len();
        let rest = all.len() - names.len();
        match (rest, names.is_empty()) {
            (0, _) | (_, true) => {}
            (n, false) => names.push(format!("and {n} more")),
        }
        if !names.is_empty() {
            head.push_str(": ");
            head.push_str(&names.join(", "));
        }
        page.hanging(&[(Tone::Plain, "       "), (effect_tone(effect), "affects  ")], Tone::Plain, &head);
    }
}

/// A machine with its set, where its own name does not say it, and its VM.
fn machine(step: &Step, one: &Affected) -> String {
    let Some(name) = one.machine.as_deref() else { return "one that Omni chooses".to_owned() };
    let mut out = safe(name);
    if let Some(set) = &one.machine_set {
        let id = format!("{}-{}-", set.cluster_name().unwrap_or_default(), set.name());
        if step.address.cluster_name().is_some_and(|c| set.cluster_name() != Some(c)) {
            out.push_str(&format!(" of {}", safe(&set.to_string())));
        } else if !name.starts_with(&id) {
            out.push_str(&format!(" of {}", safe(set.name())));
        }
    }
    if let Some(vm) = &one.vm {
        out.push_str(&format!(" (VM {})", safe(vm)));
    }
    out
}

/// What a wave does to machines, and the voters of each etcd that it touches; nothing where nobody notices it.
pub(super) fn disruption(wave: &Wave, indent: &str, page: &mut Page) {
    if wave.disruption >= Effect::Hot {
        let mut text = wave.disruption.word().to_owned();
        match wave.machines {
            0 => text.push_str(", no machine disturbed"),
            n => text.push_str(&format!(", {} disturbed", count(n, "machine"))),
        }
        page.hanging(&[(Tone::Plain, indent)], effect_tone(wave.disruption), &text);
    }
    for etcd in &wave.etcd {
        let short = etcd.lowest.is_some_and(|lowest| lowest < etcd.quorum);
        let tone = if short { Tone::Destroy } else { Tone::Plain };
        page.hanging(&[(Tone::Plain, indent), (Tone::Plain, "etcd ")], tone, &voters(etcd));
    }
}
