//! G02: a control plane is destroyed or rebuilt.

use std::collections::BTreeSet;

use super::losses::{cluster_goes, is_control_plane};
use super::{Guard, View, codes, count};
use crate::kinds::Effect;
use crate::plan::Warning;
use crate::untrusted::Untrusted;

pub(super) const GUARD: Guard = Guard {
    code: "G02",
    name: "control-plane-lost",
    built: true,
    when: "A step destroys or rebuilds a control plane of a cluster that stays.",
    does: "Blocks, once for each such step.",
    lift: "`--allow destroy:ADDRESS` with the address of the step (the machine set, or the machine), or an exception of the spec.",
    why: "Each control plane is a voter of etcd and a server of the Kubernetes API: losing one is never a matter of course.",
    codes: &[codes::CONTROL_PLANE_LOST],
    acknowledged: false,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    for step in view.plan.steps.iter().filter(|s| is_control_plane(s)) {
        if cluster_goes(view.plan, &step.address) {
            continue;
        }
        let lost = view.plan.lost.iter().filter(|l| l.address == step.address);
        let (mut names, mut nameless, mut predicted) = (BTreeSet::new(), 0, false);
        for one in lost {
            predicted |= one.predicted;
            match &one.machine {
                Some(name) => _ = names.insert(name.as_str()),
                None => nameless += 1,
            }
        }
        let rebuilt = step.affects.iter().filter(|a| a.effect == Effect::Rebuild);
        names.extend(rebuilt.filter_map(|a| a.machine.as_deref()));
        let n = names.len() + nameless;
        if n == 0 {
            continue;
        }
        let mut list: Vec<String> =
            names.iter().map(|name| format!("`{}`", Untrusted::new(*name).line(120))).collect();
        if nameless > 0 {
            list.push(format!("{nameless} that Omni chooses"));
        }
        let sure = if predicted { " (predicted)" } else { "" };
        let flag = format!("--allow destroy:{}", step.address);
        let verb = if n == 1 { "is" } else { "are" };
        out.push(Warning {
            code: codes::CONTROL_PLANE_LOST.to_owned(),
            address: Some(step.address.clone()),
            message: format!(
                "{} of `cluster/{}` {verb} lost: {}{sure}",
                count(n, "control plane"),
                step.address.cluster_name().unwrap_or_default(),
                list.join(", ")
            ),
            blocks: true,
            help: Some(format!("undo the edit to keep it; if that is meant, say so with `{flag}`")),
            guard: Some(GUARD.code.to_owned()),
            evidence: [
                ("control_planes_lost".to_owned(), n.to_string()),
                ("wave".to_owned(), step.wave.to_string()),
            ]
            .into(),
            lift: Some(flag),
            ..Warning::default()
        });
    }
}
