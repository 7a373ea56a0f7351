//! G14: new machines for which the nodes have no room.
//!
//! Where a machine lands is the provider's choice and only predicted, so that a block is said of what holds wherever it lands.

use std::collections::BTreeMap;

use super::{Guard, View, codes, count};
use crate::address::Address;
use crate::diff::documents;
use crate::graph::edges::class_of_set;
use crate::live::{NodeStatus, PveNode};
use crate::plan::{Operation, Step, Warning};
use crate::resource::Resource;
use crate::untrusted::Untrusted;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G14",
    name: "capacity",
    built: true,
    when: "New machines would bring the memory of a Proxmox node over 90 %: of the node that their class pins, of every node alike, or of all nodes together; or the pinned node is offline.",
    does: "Blocks where not even one more machine fits on any node that it can be on; warns of the rest, for memory is used up slowly and may be shared. Where the memory of a node is not known it says so. The room on storages is not added up.",
    lift: "`--acknowledge G14:ADDRESS` with the address of the machine set, or an exception of the spec.",
    why: "A node without memory stops more than the new machine.",
    codes: &[codes::NO_ROOM, codes::ROOM_UNKNOWN],
    acknowledged: true,
};

/// Percent of a node's memory that may be in use.
const LIMIT: u128 = 90;
const MIB: u64 = 1 << 20;

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
    for step in &view.plan.steps {
        if let Some((proxmox, new)) = new(view, step) {
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

/// The machines that a step asks for in addition, and the Proxmox cluster that they will be on.
fn new<'a>(view: &View<'a>, step: &Step) -> Option<(&'a str, New)> {
    let (before, set) = match &step.operation {
        Operation::Create(after) => (None, after),
        Operation::Update { before, after } => (Some(before), after),
        _ => return None,
    };
    if set.id.short_kind() != "MachineSets" {
        return None;
    }
    let count = wanted(set).saturating_sub(before.map_or(0, wanted));
    let class = class_of_set(set)?;
    let auto = class_of(view, class)?.spec.get("auto_provision")?;
    let provider = auto.get("provider_id")?.as_str()?;
    let proxmox = view.input.desired.providers.iter().find(|p| p.id == provider)?.proxmox.as_deref()?;
    let data = documents(auto.get("provider_data")?.as_str()?)?.into_iter().next()?;
    let memory = data.get("memory").and_then(Value::as_int).and_then(|m| u64::try_from(m).ok())?;
    let pinned = data.get("node").and_then(Value::as_str).filter(|n| !n.is_empty()).map(str::to_owned);
    let new = New { address: step.address.clone(), count, memory: memory.saturating_mul(MIB), pinned };
    (count > 0).then_some((proxmox, new))
}

fn wanted(set: &Resource) -> u64 {
    let count = ["machine_class", "machine_allocation"]
        .iter()
        .find_map(|f| set.spec.at(&[f, "machine_count"]).and_then(Value::as_int));
    count.and_then(|n| u64::try_from(n).ok()).unwrap_or(0)
}

/// A class as it will be: as the plan writes it, or as it is.
fn class_of<'a>(view: &View<'a>, id: &str) -> Option<&'a Resource> {
    let declared = view.input.desired.classes.iter().map(|d| &d.resource);
    let live = view.input.snapshot.omni.list("MachineClasses").iter().map(|l| &l.resource);
    declared.chain(live).find(|r| r.id.id == id)
}

/// Whether so much of a node would be too much.
fn over(used: u64, more: u64, total: u64) -> bool {
    (u128::from(used) + u128::from(more)) * 100 > u128::from(total) * LIMIT
}

/// What is wrong with the node that a class pins; with the memory of all machines that are pinned there.
fn pinned(name: &str, nodes: &[PveNode], set: &New, sets: &[New]) -> Option<(String, bool)> {
    let node = nodes.iter().find(|n| n.name == name)?;
    let shown = Untrusted::new(name).line(64);
    if node.status != NodeStatus::Online {
        return Some((format!("its class pins node `{shown}`, which is not online"), false));
    }
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
