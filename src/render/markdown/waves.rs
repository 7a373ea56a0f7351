//! What stands behind the changes: waves, drift, what is not compared, what is left alone.

use super::escape::Markdown;
use super::step;
use crate::kinds::Certainty;
use crate::plan::{ChangeCause, EtcdVoters, Operation, Plan, Step, Wave};
use crate::render::placement::{lines, predicted};
use crate::render::words;

/// Items of one list before the rest is counted.
const ITEMS: usize = 50;

/// The parts, folded away together; nothing if there is nothing to say.
pub(super) fn behind(plan: &Plan, out: &mut Markdown) {
    let mut body = Markdown::new();
    let mut names: Vec<&'static str> = Vec::new();
    let mut part = |name: &'static str, draw: &dyn Fn(&Plan, &mut Markdown)| {
        let before = body.len();
        draw(plan, &mut body);
        if body.len() > before {
            names.push(name);
        }
    };
    part("placement", &placement);
    part("waves", &waves);
    part("drift", &drift);
    part("not compared", &|plan, out| unchanged(plan, "not compared yet", "Not compared yet", out));
    part("left alone", &|plan, out| unchanged(plan, "foreign", "Not ours, left alone", out));
    if body.is_empty() {
        return;
    }
    out.own("<details><summary>");
    for (i, name) in names.iter().enumerate() {
        out.own(if i > 0 { ", " } else { "" }).own(name);
    }
    out.own("</summary>\n\n").append(&body).own("</details>\n\n");
}

/// How many waves and fields that drifted there are.
pub(super) fn counts(plan: &Plan) -> (usize, usize) {
    (plan.waves.len(), drifted(plan).count())
}

fn placement(plan: &Plan, out: &mut Markdown) {
    let lines = lines(&plan.placement, false);
    if lines.is_empty() {
        return;
    }
    out.own("**Placement**").own(if predicted(&plan.placement) { ", predicted" } else { "" }).own("\n\n");
    for line in lines {
        out.own("- ").text(&line.label).own(": ");
        if line.bad {
            out.own("**!** ").text(&line.text).own("\n");
        } else {
            out.text(&line.text).own("\n");
        }
    }
    out.own("\n");
}

fn waves(plan: &Plan, out: &mut Markdown) {
    if plan.waves.is_empty() {
        return;
    }
    out.own("**Waves**, one after the other\n\n");
    gates(plan, 0, out);
    for (number, wave) in (1u32..).zip(&plan.waves) {
        one(plan, number, wave, out);
        gates(plan, number, out);
    }
    out.own("\n");
}

/// What stands between a wave and the next one.
fn gates(plan: &Plan, after: u32, out: &mut Markdown) {
    for gate in plan.gates.iter().filter(|g| g.after == after) {
        out.own("- **gate** at the ").text(&words::gate_words(gate)).own("\n");
    }
}

fn one(plan: &Plan, number: u32, wave: &Wave, out: &mut Markdown) {
    let steps: Vec<&Step> = plan.steps.iter().filter(|s| s.wave == number).collect();
    out.own("- wave ").number(u64::from(number)).own(", ").text(&words::wave_title(wave)).own(": ");
    let mut first = true;
    for action in words::COUNTED {
        let n = steps.iter().filter(|s| s.action == action).count();
        if n > 0 {
            out.own(if first { "" } else { ", " }).number(n as u64).own(" ").own(action.word());
            first = false;
        }
    }
    let goals = steps.iter().filter_map(|s| match &s.operation {
        Operation::Await(goal) => Some(words::goal_words(goal)),
        _ => None,
    });
    for goal in goals.clone().take(ITEMS) {
        out.own(if first { "" } else { ", " }).own("wait for ").text(&goal);
        first = false;
    }
    more(goals.count(), out);
    if wave.machines > 0 {
        out.own(" · ").count(wave.machines as usize, "machine").own(" disturbed, worst ");
        step::effect(out, wave.disruption, Certainty::Server);
    }
    for voters in wave.etcd.iter().take(ITEMS) {
        out.own(" · ");
        etcd(voters, out);
    }
    out.own("\n");
}

fn etcd(voters: &EtcdVoters, out: &mut Markdown) {
    out.own("etcd of ").code(voters.cluster.name()).own(": voters ");
    out.number(u64::from(voters.before)).own(" → ").number(u64::from(voters.after));
    out.own(", needed ").number(u64::from(voters.quorum));
    match (voters.healthy, voters.lowest) {
        (Some(healthy), Some(lowest)) => {
            out.own(", healthy ").number(u64::from(healthy)).own(", lowest ").number(u64::from(lowest))
        }
        _ => out.own(", health not seen"),
    };
}

fn drifted(plan: &Plan) -> impl Iterator<Item = (&Step, &crate::plan::Change)> {
    plan.steps
        .iter()
        .flat_map(|s| s.changes.iter().map(move |c| (s, c)))
        .filter(|(_, c)| c.cause != ChangeCause::Files)
}

fn drift(plan: &Plan, out: &mut Markdown) {
    let n = drifted(plan).count();
    if n == 0 {
        return;
    }
    out.own("**Drift**: ").count(n, "field").own(" changed in Omni since the last apply\n\n");
    for (step, change) in drifted(plan).take(ITEMS) {
        out.own("- ").code(&step.address.to_string()).own(" ").code(&words::field_name(&change.path));
        out.own(if change.cause == ChangeCause::Both { ", and the files changed too\n" } else { "\n" });
    }
    if n > ITEMS {
        out.own("- … ").number((n - ITEMS) as u64).own(" more\n");
    }
    out.own("\n");
}

fn unchanged(plan: &Plan, status: &str, title: &'static str, out: &mut Markdown) {
    let all = || plan.unchanged.iter().filter(|u| u.status == status);
    let n = all().count();
    if n == 0 {
        return;
    }
    out.own("**").own(title).own("**: ");
    for (i, one) in all().take(ITEMS).enumerate() {
        out.own(if i > 0 { ", " } else { "" }).code(&one.address.to_string());
    }
    more(n, out);
    out.own("\n\n");
}

fn more(n: usize, out: &mut Markdown) {
    if n > ITEMS {
        out.own(", … ").number((n - ITEMS) as u64).own(" more");
    }
}
