//! G14: new machines for which the nodes have no room.
//!
//! Where a machine lands is the provider's choice and only predicted, so that a block is said of what holds wherever it lands.

use std::collections::BTreeMap;

use super::{Guard, View, codes, count};
use crate::address::Address;
use crate::checks::placement::Batch;
use crate::live::{NodeStatus, PveNode};
use crate::plan::{Operation, Step, Warning};
use crate::untrusted::Untrusted;

pub(super) const GUARD: Guard = Guard {
    code: "G14",
    name: "capacity",
    built: true,
    when: "New machines would bring the memory of a Proxmox node over 90 %: of the node that their class pins, of every node alike, or of all nodes together.",
    does: "Blocks where not even one more machine fits on any node that it can be on; warns of the rest, for memory is used up slowly and may be shared. Where the memory of a node is not known it says so. The room on storages is told in another finding (OS0516).",
    lift: "`--acknowledge G14:ADDRESS` with the address of the machine set, or an exception of the spec.",
    why: "A node without memory stops more than the new machine.",
    codes: &[codes::NO_ROOM, codes::ROOM_UNKNOWN],
    acknowledged: true,
};

/// Percent of a node's memory that may be in use.
const LIMIT: u128 = 90;

/// New machines of one machine set.
struct New {
    address: Address,
    count: u64,
    /// Bytes each.
    memory: u64,
    pinned: Option<String>,
}

impl New {
    fn bytes(&self) -> u64 {
        self.memory.saturating_mul(self.count)
    }
}

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let mut by_cluster: BTreeMap<&str, Vec<New>> = BTreeMap::new();
    let mut by_set: BTreeMap<&Address, Vec<&Batch>> = BTreeMap::new();
    for batch in &view.plan.placement.machines {
        by_set.entry(&batch.set).or_default().push(batch);
    }
    for step in &view.plan.steps {
        if let Some((proxmox, new)) = new(&by_set, step) {
            by_cluster.entry(proxmox).or_default().push(new);
        }
    }
    for (proxmox, sets) in by_cluster {
        // What was not read at all is told elsewhere.
        let Some(nodes) = view.input.snapshot.proxmox.get(proxmox).and_then(|p| p.nodes.known()) else {
            continue;
        };
        let silent: Vec<String> = nodes
            .iter()
            .filter(|n| n.status == NodeStatus::Online && (n.mem.is_none() || n.maxmem.is_none()))
            .map(|n| format!("`{}`", Untrusted::new(&n.name).line(64)))
            .collect();
        let mut taken = 0u64;
        for set in &sets {
            taken = taken.saturating_add(set.bytes());
            let why = match &set.pinned {
                Some(node) => pinned(node, nodes, set, &sets),
                None if !silent.is_empty() => None,
                None => anywhere(nodes, set, taken),
            };
            if let Some((why, blocks)) = why {
                out.push(finding(set, &why, blocks));
            } else if !silent.is_empty() {
                out.push(unknown(set, &silent));
            }
        }
    }
}

/// The machines that a step asks for in addition, by the outlook of the plan, and the Proxmox cluster that they will be on.
fn new<'a>(by_set: &BTreeMap<&Address, Vec<&'a Batch>>, step: &Step) -> Option<(&'a str, New)> {
    if !matches!(step.operation, Operation::Create(_) | Operation::Update { .. }) {
        return None;
    }
    let batches = by_set.get(&step.address)?;
    let first = batches.first()?;
    let new = New {
        address: step.address.clone(),
        count: batches.iter().map(|b| u64::from(b.count)).fold(0, u64::saturating_add),
        memory: first.memory,
        pinned: first.pinned.clone(),
    };
    Some((first.proxmox.as_deref()?, new))
}

/// Whether so much of a node would be too much.
fn over(used: u64, more: u64, total: u64) -> bool {
    (u128::from(used) + u128::from(more)) * 100 > u128::from(total) * LIMIT
}

/// What is wrong with the node that a class pins; with the memory of all machines that are pinned there.
fn pinned(name: &str, nodes: &[PveNode], set: &New, sets: &[New]) -> Option<(String, bool)> {
    // That a pinned node is not there or not online is told of the class.
    let node = nodes.iter().find(|n| n.name == name).filter(|n| n.status == NodeStatus::Online)?;
    let shown = Untrusted::new(name).line(64);
    let more = sets
        .iter()
        .filter(|s| s.pinned.as_deref() == Some(name))
        .fold(0u64, |sum, s| sum.saturating_add(s.bytes()));
    let (used, total) = (node.mem?, node.maxmem?);
    over(used, more, total).then(|| {
        let why = format!(
            "its class pins node `{shown}`, which has {} of {} in use and would get {} more",
            gib(used),
            gib(total),
            gib(more)
        );
        (why, over(used, set.memory, total))
    })
}

/// Why new machines fit on no node, or on all of them together not; `so_far` is what this plan asks for with them.
fn anywhere(nodes: &[PveNode], set: &New, so_far: u64) -> Option<(String, bool)> {
    let known: Vec<(u64, u64)> = nodes
        .iter()
        .filter(|n| n.status == NodeStatus::Online)
        .filter_map(|n| Some((n.mem?, n.maxmem?)))
        .collect();
    if known.is_empty() {
        return Some(("no node is online".to_owned(), false));
    }
    if known.iter().all(|(used, total)| over(*used, set.memory, *total)) {
        return Some((format!("no node has room for one machine of {}", gib(set.memory)), true));
    }
    let sum = |f: fn(&(u64, u64)) -> u64| known.iter().map(f).fold(0, u64::saturating_add);
    let (used, total) = (sum(|n| n.0), sum(|n| n.1));
    over(used, so_far, total).then(|| {
        let why = format!(
            "all nodes together have {} of {} in use and would get {} more",
            gib(used),
            gib(total),
            gib(so_far)
        );
        (why, false)
    })
}

fn finding(set: &New, why: &str, blocks: bool) -> Warning {
    let flag = format!("--acknowledge G14:{}", set.address);
    let n = usize::try_from(set.count).unwrap_or(usize::MAX);
    Warning {
        code: codes::NO_ROOM.to_owned(),
        address: Some(set.address.clone()),
        message: format!("there is no room for {} of `{}`: {why}", count(n, "new machine"), set.address),
        blocks,
        help: Some(if blocks {
            format!(
                "free memory, or ask for less; {LIMIT} % is the limit; if it is meant, say so with `{flag}`"
            )
        } else {
            format!("free memory, or ask for less; {LIMIT} % is the limit")
        }),
        guard: Some(GUARD.code.to_owned()),
        evidence: [
            ("new_machines".to_owned(), set.count.to_string()),
            ("memory_each".to_owned(), gib(set.memory)),
        ]
        .into(),
        lift: blocks.then_some(flag),
        ..Warning::default()
    }
}

fn unknown(set: &New, nodes: &[String]) -> Warning {
    Warning {
        code: codes::ROOM_UNKNOWN.to_owned(),
        address: Some(set.address.clone()),
        message: format!(
            "whether there is room for the new machines of `{}` is not known: the memory of {} is not told",
            set.address,
            nodes.join(", ")
        ),
        info: true,
        help: Some("give the token `Sys.Audit` on the nodes".to_owned()),
        guard: Some(GUARD.code.to_owned()),
        ..Warning::default()
    }
}

fn gib(bytes: u64) -> String {
    let tenths = (u128::from(bytes) * 10 + (1 << 29)) >> 30;
    if tenths % 10 == 0 {
        format!("{} GiB", tenths / 10)
    } else {
        format!("{}.{} GiB", tenths / 10, tenths % 10)
    }
}
