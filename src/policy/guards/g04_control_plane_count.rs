//! G04: the number of control planes.

use super::losses::{cluster_goes, is_control_plane};
use super::{Guard, View, codes};
use crate::plan::{Operation, Step, Warning};
use crate::resource::Resource;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G04",
    name: "control-plane-count",
    built: true,
    when: "The files ask for an even number of control planes; or the control planes shrink to fewer than a majority of what they are.",
    does: "Warns of an even number. Blocks when fewer are left than a majority of today's.",
    lift: "`--acknowledge G04:ADDRESS` with the address of the machine set, or an exception of the spec.",
    why: "An even number survives no more failures than one less. Below a majority of today's members every further fault is fatal while the others leave.",
    codes: &["OS0407", codes::CONTROL_PLANES_SHRINK],
    acknowledged: true,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    for step in view.plan.steps.iter().filter(|s| is_control_plane(s)) {
        let Some((before, after)) = sizes(step) else { continue };
        let majority = before / 2 + 1;
        if after >= majority || after >= before || cluster_goes(view.plan, &step.address) {
            continue;
        }
        let flag = format!("--acknowledge G04:{}", step.address);
        out.push(Warning {
            code: codes::CONTROL_PLANES_SHRINK.to_owned(),
            address: Some(step.address.clone()),
            message: format!(
                "`{}` shrinks from {before} to {after} in one plan, below {majority}, the majority of its voters",
                step.address
            ),
            blocks: true,
            help: Some(format!("shrink it in steps; if that is meant, say so with `{flag}`")),
            guard: Some(GUARD.code.to_owned()),
            evidence: [
                ("before".to_owned(), before.to_string()),
                ("after".to_owned(), after.to_string()),
                ("majority".to_owned(), majority.to_string()),
            ]
            .into(),
            lift: Some(flag),
            ..Warning::default()
        });
    }
}

/// Machines that a set asks for before and after a step, where both are numbers.
fn sizes(step: &Step) -> Option<(i128, i128)> {
    let Operation::Update { before, after } = &step.operation else { return None };
    Some((size(before)?, size(after)?))
}

fn size(set: &Resource) -> Option<i128> {
    let field = ["machine_allocation", "machine_class"].into_iter().find(|f| set.spec.get(f).is_some())?;
    let number = |key| set.spec.at(&[field, key]).and_then(Value::as_int).unwrap_or(0);
    (number("allocation_type") == 0).then(|| number("machine_count"))
}
