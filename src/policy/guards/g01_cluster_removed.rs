//! G01: a cluster goes.

use super::losses::removes_cluster;
use super::{Guard, View, codes, count};
use crate::plan::Warning;

pub(super) const GUARD: Guard = Guard {
    code: "G01",
    name: "cluster-removed",
    built: true,
    when: "A cluster that is ours is no longer in the files, or `--destroy` names it.",
    does: "Blocks, once for each cluster. On a terminal `apply` asks for a typed phrase besides.",
    lift: "`--allow destroy:cluster/NAME`. `--auto-approve` alone never does, and exceptions of the spec do not.",
    why: "Omni resets the machines and the provider deletes their VMs with their disks: nothing brings a cluster back but a backup.",
    codes: &[codes::CLUSTER_REMOVED],
    acknowledged: false,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    for step in view.plan.steps.iter().filter(|s| removes_cluster(s)) {
        let name = step.address.name();
        let lost = view.losses.clusters.get(name).map_or(0, super::losses::Count::lost);
        let with = match lost {
            0 => "it has no machines".to_owned(),
            n => format!(
                "{} and the data on {} disks go with it",
                count(n, "machine"),
                if n == 1 { "its" } else { "their" }
            ),
        };
        let flag = format!("--allow destroy:{}", step.address);
        out.push(Warning {
            code: codes::CLUSTER_REMOVED.to_owned(),
            address: Some(step.address.clone()),
            message: format!("`{}` is destroyed: {with}", step.address),
            blocks: true,
            help: Some(format!("bring its template back to keep it; if it is to go, say so with `{flag}`")),
            guard: Some(GUARD.code.to_owned()),
            evidence: [("machines".to_owned(), lost.to_string())].into(),
            lift: Some(flag),
            ..Warning::default()
        });
    }
}
