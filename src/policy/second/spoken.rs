//! The guards have spoken: no cluster and no control plane goes, and no etcd loses its majority, without a word about it.

use super::quorum;
use super::sight::{Sight, clusters_that_go};
use crate::plan::{Action, Operation, Plan};

pub(super) fn check(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    majorities(plan, sight, notes);
    let spoken = |guard: &str, address: &crate::address::Address| {
        plan.warnings.iter().any(|w| {
            w.guard.as_deref() == Some(guard)
                && w.address.as_ref() == Some(address)
                && (w.blocks || w.lifted.is_some())
        })
    };
    let gone = |address: &crate::address::Address| {
        plan.steps.iter().any(|s| {
            s.action == Action::Destroy && s.address.kind() == "cluster" && s.address.contains(address)
        })
    };
    for step in &plan.steps {
        if step.action == Action::Destroy && step.address.kind() == "cluster" && !spoken("G01", &step.address)
        {
            notes.push(format!("`{}` is destroyed and no guard speaks of it", step.address));
        }
        let (Operation::Update { before, .. } | Operation::Teardown { before, .. }) = &step.operation else {
            continue;
        };
        let loses = plan.lost.iter().any(|l| l.address == step.address);
        if before.omni_label("role-controlplane").is_some()
            && loses
            && !gone(&step.address)
            && !spoken("G02", &step.address)
        {
            notes.push(format!("`{}` loses a control plane and no guard speaks of it", step.address));
        }
    }
}

/// Etcd that falls below its majority for other reasons than being too small needs a word that blocks.
fn majorities(plan: &Plan, sight: &Sight<'_>, notes: &mut Vec<String>) {
    let ends = clusters_that_go(&plan.steps);
    for (number, clusters) in quorum::voters(plan, sight) {
        for (cluster, v) in clusters.iter().filter(|(c, _)| !ends.contains(c.as_str())) {
            let lost = match (v.healthy, v.lowest) {
                (Some(healthy), Some(lowest)) => {
                    lowest < v.quorum && (healthy < v.before || v.after < v.before)
                }
                _ => v.after < v.before,
            };
            let told = plan.warnings.iter().any(|w| {
                w.guard.as_deref() == Some("G03")
                    && w.blocks
                    && w.address.as_ref() == Some(&v.cluster)
                    && w.evidence.get("wave").is_some_and(|w| *w == number.to_string())
            });
            if lost && !told {
                notes.push(format!(
                    "wave {number} may leave etcd of `{cluster}` without a majority, and no guard speaks of it"
                ));
            }
        }
    }
}
