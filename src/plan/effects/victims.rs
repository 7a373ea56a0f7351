//! Which machines go, by Omni's own order where Omni chooses.

use std::collections::BTreeSet;

use crate::kinds::Effect;
use crate::plan::Affected;
use crate::plan::machines::{self, Machines};
use crate::plan::scene::{Readable, Scene};
use crate::resource::{LiveResource, Phase, ResourceId};

/// Every machine given, by UUID order: nothing is chosen, so nothing is predicted.
pub(super) fn all(machines: &Machines<'_>, nodes: &[&LiveResource]) -> Vec<Affected> {
    let mut nodes = nodes.to_vec();
    nodes.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    nodes.iter().filter_map(|n| machines.of(n)).map(|m| m.affected(Effect::Destroy, false)).collect()
}

/// Every machine of a set that goes, and the requests of machines that are still being made.
pub(super) fn whole_set(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    set: &str,
    nodes: &[&LiveResource],
) -> Vec<Affected> {
    let mut out = all(machines, nodes);
    out.extend(unused_requests(scene, set, nodes, false));
    out
}

/// Every machine of a cluster that goes, and the requests of machines that are still being made for its sets: they go
/// with it, though they have never joined.
pub(super) fn whole_cluster(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    cluster: &str,
    nodes: &[&LiveResource],
) -> Vec<Affected> {
    let mut out = all(machines, nodes);
    for set in scene.in_cluster("MachineSets", cluster) {
        out.extend(unused_requests(scene, &set.resource.id.id, nodes, false));
    }
    out
}

/// More machines than any Omni has: a count beyond it is a typing error, not a list to print.
const MOST: usize = 100_000;

/// The machines that Omni takes when a set shrinks `from` a count to another: requests without a machine in the cluster
/// first; then nodes without status, then disconnected ones, then the oldest, then by id. Locks do not count. A set that
/// never had as many as it was to have loses only what is over the new count.
pub(super) fn scale_down(
    scene: &Scene<'_>,
    machines: &Machines<'_>,
    set: &str,
    nodes: &[&LiveResource],
    (from, to): (u32, u32),
) -> Vec<Affected> {
    let unused = unused(scene, set, nodes);
    let mut out = affected(scene, set, &unused, true);
    let told = ["MachineSetNodes", "MachineRequests"].iter().all(|t| scene.readable(t) == Readable::Yes);
    let fewer = from.saturating_sub(to) as usize;
    let over = (nodes.len() + out.len()).saturating_sub(to as usize);
    let count = if told { fewer.min(over) } else { fewer.min(MOST) };
    let mut nodes = nodes.to_vec();
    nodes.sort_by_cached_key(|n| {
        let status = scene.live(&ResourceId::default_ns("MachineStatuses", &n.resource.id.id));
        let rank = match status {
            None => 0,
            Some(s) if is_disconnected(s) => 1,
            Some(_) => 2,
        };
        (rank, n.created.clone(), n.resource.id.id.clone())
    });
    // Without the statuses nobody can tell whose turn it is.
    if scene.readable("MachineStatuses") == Readable::Yes {
        let known = nodes.iter().filter_map(|n| machines.of(n));
        out.extend(known.map(|m| m.affected(Effect::Destroy, true)));
    }
    out.truncate(count);
    // The server compares moments more finely than it tells them: of requests of one second nobody knows which goes first.
    let told_apart = told_apart(&unused, count);
    let nameless = Affected {
        machine: None,
        machine_set: machines::set_address(scene, set, None),
        vm: None,
        effect: Effect::Destroy,
        predicted: true,
    };
    if let Some(among) = told_apart {
        out.iter_mut().take(unused.len()).skip(among).for_each(|a| a.clone_from(&nameless));
    }
    out.resize(count, nameless);
    out
}

/// How many of the first `count` requests are certain to be among them, where not all are: the rest was made in the same second
/// as some that stay.
fn told_apart(unused: &[&LiveResource], count: usize) -> Option<usize> {
    let (last, next) = (unused.get(count.checked_sub(1)?)?, unused.get(count)?);
    (last.created == next.created).then(|| unused.partition_point(|r| r.created < last.created))
}

/// Whether a MachineStatus says that its machine is cut off.
fn is_disconnected(status: &LiveResource) -> bool {
    status.resource.omni_label("disconnected").is_some()
        || status.resource.spec.get("connected").and_then(crate::value::Value::as_bool) != Some(true)
            && status.resource.omni_label("connected").is_none()
}

fn unused_requests(scene: &Scene<'_>, set: &str, nodes: &[&LiveResource], predicted: bool) -> Vec<Affected> {
    affected(scene, set, &unused(scene, set, nodes), predicted)
}

/// Requests of a set that no machine of the cluster uses, the oldest first.
fn unused<'a>(scene: &Scene<'a>, set: &str, nodes: &[&LiveResource]) -> Vec<&'a LiveResource> {
    let used: BTreeSet<&str> = nodes.iter().map(|n| scene.machine_name(&n.resource.id.id)).collect();
    let mut unused: Vec<&LiveResource> = scene
        .requests_of_set(set)
        .iter()
        .copied()
        .filter(|r| r.phase == Phase::Running && r.resource.omni_label("machine-request-in-use").is_none())
        .filter(|r| !used.contains(r.resource.id.id.as_str()))
        .collect();
    unused.sort_by(|a, b| (&a.created, &a.resource.id.id).cmp(&(&b.created, &b.resource.id.id)));
    unused
}

fn affected(scene: &Scene<'_>, set: &str, requests: &[&LiveResource], predicted: bool) -> Vec<Affected> {
    let set = machines::set_address(scene, set, None);
    requests
        .iter()
        .map(|r| Affected {
            machine: Some(machines::shown(&r.resource.id.id)),
            machine_set: set.clone(),
            vm: machines::vm(scene, &r.resource.id.id),
            effect: Effect::Destroy,
            predicted,
        })
        .collect()
}
