//! The guards have spoken: no cluster and no control plane goes without a word about it.

use crate::plan::{Action, Operation, Plan};

pub(super) fn check(plan: &Plan, notes: &mut Vec<String>) {
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
