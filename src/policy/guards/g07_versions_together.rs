//! G07: Talos and Kubernetes versions that change together. The planner finds it; here it is weighed by the policy.

use super::{Guard, View};
use crate::plan::Warning;
use crate::spec::Together;

pub(super) const GUARD: Guard = Guard {
    code: "G07",
    name: "versions-together",
    built: true,
    when: "One plan changes both the Talos and the Kubernetes version of a cluster.",
    does: "Warns. With `policy.versions.together: split` it blocks until they are applied one after the other; with `allow` it says nothing.",
    lift: "`--acknowledge G07:cluster/NAME`, an exception of the spec, or `policy.versions.together: allow`.",
    why: "Omni takes both in one write and interleaves the two upgrades; a fault is easier to find when only one of them runs.",
    codes: &["OS0411"],
    acknowledged: true,
};

pub(super) fn weigh(view: &View<'_>, warnings: &mut Vec<Warning>) {
    let ours = |w: &Warning| w.guard.as_deref() == Some(GUARD.code);
    match view.with.settings.together {
        None => {}
        Some(Together::Allow) => warnings.retain(|w| !ours(w)),
        Some(Together::Split) => {
            for warning in warnings.iter_mut().filter(|w| ours(w)) {
                let Some(address) = &warning.address else { continue };
                let flag = format!("--acknowledge G07:{address}");
                warning.blocks = true;
                warning.help = Some(format!(
                    "change one version, apply, then the other; if both at once are meant, say so with `{flag}`"
                ));
                warning.lift = Some(flag);
            }
        }
    }
}
