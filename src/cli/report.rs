//! The final block of an apply: what is done, failed, not started, unknown; what was reached; what to do next.

use std::fmt::Write as _;

use super::exit::Exit;
use super::progress::seconds;
use crate::engine::apply::Report;
use crate::engine::event::{Ending, FailureKind};
use crate::engine::gate::Closed;
use crate::engine::verify::Verified;
use crate::plan::{Goal, Operation, Plan};

/// The exit code of a run. Several may fit; the first in this order is taken.
pub(super) fn exit(report: &Report, verified: Option<&Verified>) -> Exit {
    let endings = || report.steps.iter().map(|(_, e)| e);
    let kinds: Vec<FailureKind> = endings()
        .filter_map(|e| match e {
            Ending::Failed(f) => Some(f.kind),
            Ending::Done | Ending::NotStarted(_) | Ending::Unknown(_) => None,
        })
        .collect();
    let unknown = endings().any(|e| matches!(e, Ending::Unknown(_)));
    let all = |kind: FailureKind| !kinds.is_empty() && kinds.iter().all(|k| *k == kind);
    if report.lost.is_some() && !report.complete() {
        return if unknown || report.done() > 0 { Exit::Partial } else { Exit::Held };
    }
    if report.stopped && kinds.is_empty() {
        return Exit::Stopped;
    }
    if all(FailureKind::TimedOut) && !unknown {
        return Exit::Unhealthy;
    }
    if unknown || (!kinds.is_empty() && report.done() > 0) {
        return Exit::Partial;
    }
    if all(FailureKind::Stale) {
        return Exit::Stale;
    }
    if all(FailureKind::Auth) {
        return Exit::Auth;
    }
    if all(FailureKind::Unreachable) {
        return Exit::Unreachable;
    }
    // Nothing failed: what was decided in the spec says that the rest waits.
    if kinds.is_empty() && report.memory.is_none() && report.closed.is_some() {
        return match &report.closed {
            Some(Closed::Unseen { .. }) => Exit::Unreachable,
            Some(Closed::Criteria { .. }) | None => Exit::Blocked,
        };
    }
    if !kinds.is_empty() || report.memory.is_some() || report.done() < report.steps.len() {
        return Exit::Error;
    }
    match verified {
        Some(Verified::Left(_)) => Exit::Partial,
        Some(Verified::Empty | Verified::Unknown(_)) | None => Exit::Done,
    }
}

/// The block.
pub(super) fn text(plan: &Plan, report: &Report, verified: Option<&Verified>, world: Option<&str>) -> String {
    let mut out = String::new();
    let total = report.steps.len();
    let count = |f: fn(&Ending) -> bool| report.steps.iter().filter(|(_, e)| f(e)).count();
    let counts = [
        (count(|e| matches!(e, Ending::Failed(_))), "failed"),
        (count(|e| matches!(e, Ending::NotStarted(_))), "not started"),
        (count(|e| matches!(e, Ending::Unknown(_))), "unknown"),
    ];
    let _ =
        write!(out, "\nApplied {} of {total} {} in {}.", report.done(), steps(total), seconds(report.took));
    let bad: Vec<String> = counts.iter().filter(|(n, _)| *n > 0).map(|(n, w)| format!("{n} {w}")).collect();
    if !bad.is_empty() {
        let _ = write!(out, " {}.", bad.join(", "));
    }
    out.push('\n');
    for (id, ending) in &report.steps {
        let Some(why) = ending.why() else { continue };
        let Some(step) = plan.steps.iter().find(|s| s.id == *id) else { continue };
        let _ = writeln!(out, "  {:<12} {} {}: {why}", ending.word(), step.address, step.action.word());
    }
    for note in &report.notes {
        let _ = writeln!(out, "  note         {note}");
    }
    if let Some(closed) = &report.closed {
        gate(&mut out, plan, report, closed);
    }
    match verified {
        Some(Verified::Empty) => match &plan.scope {
            Some(scope) => {
                let _ = writeln!(
                    out,
                    "Verified for this part: planning it again finds nothing to change. The plan was partial: {}.",
                    crate::render::scope::left_out(scope)
                );
            }
            None => out.push_str("Verified: planning again finds nothing to change.\n"),
        },
        Some(Verified::Left(left)) => {
            let _ = writeln!(
                out,
                "Not verified: planning again still finds {} {}:",
                left.steps.len(),
                steps(left.steps.len())
            );
            for step in left.steps.iter().take(10) {
                let _ = writeln!(out, "  {} {} {}", step.action.symbol(), step.address, step.action.word());
            }
        }
        Some(Verified::Unknown(why)) => {
            let _ = writeln!(out, "Not verified: {why}");
        }
        None => {}
    }
    for (id, ending) in &report.steps {
        let Some(step) = plan.steps.iter().find(|s| s.id == *id) else { continue };
        if let (Operation::Await(goal), Ending::Done) = (&step.operation, ending) {
            reached(&mut out, goal, world);
        }
    }
    if let Some(loss) = &report.lost {
        let _ = writeln!(out, "The right to write was lost: {}. Nothing was sent after that.", loss.why);
    }
    if report.stopped {
        out.push_str("Omni goes on with what it has accepted; only later steps were not started.\n");
    }
    if !report.complete() {
        let flag = world.map_or(String::new(), |w| format!(" --lab={w}"));
        let _ = writeln!(
            out,
            "  next  omni-scale plan{flag}   or   omni-scale apply{flag}   (run {})",
            report.run
        );
    }
    out
}

/// Which gate is closed, why, and what stands behind it.
fn gate(out: &mut String, plan: &Plan, report: &Report, closed: &Closed) {
    let _ = writeln!(out, "Stopped at the gate of phase {}:", closed.phase());
    for line in closed.lines() {
        let _ = writeln!(out, "  {line}");
    }
    let mut left = report
        .steps
        .iter()
        .filter(|(_, e)| matches!(e, Ending::NotStarted(_)))
        .filter_map(|(id, _)| plan.steps.iter().find(|s| s.id == *id));
    match left.next() {
        Some(next) => {
            let phase = plan.waves.get((next.wave as usize).saturating_sub(1)).and_then(|w| w.phase.as_ref());
            let phase = phase.map_or_else(String::new, |p| format!(" of phase {p}"));
            let _ = writeln!(out, "  behind it   {} {}{phase}", next.action.word(), next.address);
            let more = left.count();
            if more > 0 {
                let _ = writeln!(out, "              and {more} more {}", steps(more));
            }
            out.push_str(
                "What is done stays done. Apply again once the criteria hold: it goes on behind the gate.\n",
            );
        }
        None => {
            out.push_str("Nothing stands behind it: what the plan has is done, and the phase is not over.\n");
        }
    }
}

fn steps(n: usize) -> &'static str {
    if n == 1 { "step" } else { "steps" }
}

fn reached(out: &mut String, goal: &Goal, world: Option<&str>) {
    match goal {
        Goal::ClusterUp { cluster, machine_sets, kubernetes, talos, ready } => {
            let machines = machine_sets.values().fold(0u32, |all, n| all.saturating_add(*n));
            let _ = writeln!(
                out,
                "{cluster} is up: running and bootstrapped, {machines} {} connected, running and configured, Kubernetes v{kubernetes}, Talos v{talos}.",
                if machines == 1 { "machine" } else { "machines" }
            );
            if *ready {
                out.push_str("All nodes are ready.\n");
            } else {
                out.push_str("Its patches leave no CNI: nodes stay NotReady until one is installed (for example Cilium).\n");
            }
            if world.is_some() {
                out.push_str(
                    "  next  this is the lab: there is no Kubernetes behind it, and omnictl cannot use it\n",
                );
            } else {
                let _ = writeln!(out, "  next  omnictl kubeconfig --cluster {cluster}");
                out.push_str("        kubectl get nodes\n");
            }
        }
        Goal::MachinesGone { machine_set, machines } => {
            let noun = if *machines == 1 { "machine" } else { "machines" };
            let _ =
                writeln!(out, "{machine_set} has {machines} {noun}; the others are gone, with their VMs.");
        }
    }
}
