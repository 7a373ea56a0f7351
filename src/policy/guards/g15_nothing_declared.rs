//! G15: files that declare nothing any more. The planner finds it; here it is weighed by who could be asked.

use super::losses::removes_cluster;
use super::{Guard, View};
use crate::plan::Warning;

pub(super) const GUARD: Guard = Guard {
    code: "G15",
    name: "nothing-declared",
    built: true,
    when: "The files declare no cluster any more, and clusters that they declared before would be destroyed.",
    does: "Blocks.",
    lift: "Outside of a pipeline `--allow destroy:cluster/NAME` for each cluster, which G01 asks for anyway. In a pipeline (`CI` is set) nothing: name the cluster with `plan --destroy cluster/NAME` instead.",
    why: "A bad pattern, a sparse checkout or a renamed folder looks exactly like a wish to delete everything.",
    codes: &["OS0426"],
    acknowledged: false,
};

pub(super) fn weigh(view: &View<'_>, warnings: &mut Vec<Warning>) {
    let Some(at) = warnings.iter().position(|w| w.guard.as_deref() == Some(GUARD.code)) else { return };
    let found = warnings.remove(at);
    for step in view.plan.steps.iter().filter(|s| removes_cluster(s)) {
        let flag = format!("--allow destroy:{}", step.address);
        let look = "look at the checkout and at `clusters` in the spec";
        warnings.push(Warning {
            address: Some(step.address.clone()),
            message: format!(
                "the files declare no cluster any more, so that `{}` is destroyed",
                step.address
            ),
            blocks: true,
            help: Some(if view.with.ci {
                format!("{look}; if it is to go, a pipeline names it: `--destroy {}`", step.address)
            } else {
                format!("{look}; if it is to go, say so with `{flag}`")
            }),
            lift: (!view.with.ci).then_some(flag),
            ..found.clone()
        });
    }
}
