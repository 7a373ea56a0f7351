//! G03: a wave leaves etcd without a majority.

use super::losses::cluster_goes;
use super::{Guard, View, codes};
use crate::plan::{EtcdVoters, Warning};

pub(super) const GUARD: Guard = Guard {
    code: "G03",
    name: "quorum-lost",
    built: true,
    when: "After a wave, or while it disturbs control planes of which one is unhealthy already, fewer voters of etcd are healthy than a majority needs; or control planes go and nobody knows how many are healthy.",
    does: "Blocks. Where all are healthy and there are simply too few of them (one or two), a disturbance is a warning: the majority comes back with them.",
    lift: "A phrase typed on a terminal when `apply` asks; nothing in a pipeline.",
    why: "Without a majority etcd stops, and with it the Kubernetes API; what is lost then comes back from a backup only.",
    codes: &[codes::NO_QUORUM],
    acknowledged: false,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    for (number, wave) in (1u32..).zip(&view.plan.waves) {
        for voters in wave.etcd.iter().filter(|v| !cluster_goes(view.plan, &v.cluster)) {
            let Some((message, blocks)) = danger(number, voters) else { continue };
            let shown = |n: Option<u32>| n.map_or("unknown".to_owned(), |n| n.to_string());
            out.push(Warning {
                code: codes::NO_QUORUM.to_owned(),
                address: Some(voters.cluster.clone()),
                message,
                blocks,
                help: Some(
                    if blocks {
                        "mend the control planes first (`omni-scale status`), then plan again"
                    } else {
                        "three control planes keep their majority while one of them reboots"
                    }
                    .to_owned(),
                ),
                guard: Some(GUARD.code.to_owned()),
                evidence: [
                    ("wave".to_owned(), number.to_string()),
                    ("voters_before".to_owned(), voters.before.to_string()),
                    ("voters_after".to_owned(), voters.after.to_string()),
                    ("healthy".to_owned(), shown(voters.healthy)),
                    ("lowest".to_owned(), shown(voters.lowest)),
                    ("quorum".to_owned(), voters.quorum.to_string()),
                ]
                .into(),
                ..Warning::default()
            });
        }
    }
}

/// What is wrong in a wave, and whether it blocks.
fn danger(number: u32, v: &EtcdVoters) -> Option<(String, bool)> {
    let cluster = v.cluster.name();
    let (Some(healthy), Some(lowest)) = (v.healthy, v.lowest) else {
        return (v.after < v.before).then(|| {
            (
                format!(
                    "wave {number} takes control planes of `{cluster}` away, and how many of its {} voters of etcd are healthy is not known",
                    v.before
                ),
                true,
            )
        });
    };
    if lowest >= v.quorum {
        return None;
    }
    let sick = healthy < v.before;
    if sick || v.after < v.before {
        return Some((
            format!(
                "in wave {number} etcd of `{cluster}` falls to {lowest} healthy of {} voters, and needs {}{}",
                v.before,
                v.quorum,
                if sick { format!("; only {healthy} are healthy now") } else { String::new() }
            ),
            true,
        ));
    }
    Some((
        format!(
            "in wave {number} etcd of `{cluster}` is without a majority for a while: {lowest} of {} voters, and it needs {}",
            v.before, v.quorum
        ),
        false,
    ))
}
