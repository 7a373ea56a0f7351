//! Which node the infrastructure provider will choose for a new machine, and what the loss of one node would cost.
//!
//! The provider decides when it makes a machine, from figures that are some seconds old, so everything here is a
//! prediction and is to be shown as one. What cannot be predicted says why.

use std::collections::{BTreeMap, BTreeSet};

use super::{Guest, NodeStatus, PveNode};
use crate::provider::Generation;

/// How the provider that runs chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// Before 0.1: the node with the largest free share of memory, offline ones included, so that one offline node stops
    /// everything that is not pinned. It means to count the set's machines first, but the count is always zero.
    MostFree,
    /// 0.1: the same among the nodes that are online.
    MostFreeOnline,
    /// From 0.2, `placement_strategy: spread` (the default): fewest machines of the set, then most free memory, with
    /// reservations for machines that are not visible yet.
    Spread,
    /// From 0.2, another strategy: not predicted.
    Other,
}

impl Scheduler {
    /// By the provider's release line and the class's `placement_strategy`.
    pub fn of(generation: Generation, strategy: Option<&str>) -> Self {
        match generation {
            Generation::Early => Self::MostFree,
            Generation::V0_1 => Self::MostFreeOnline,
            Generation::V0_2 | Generation::V0_3 if matches!(strategy, None | Some("" | "spread")) => {
                Self::Spread
            }
            Generation::V0_2 | Generation::V0_3 => Self::Other,
        }
    }
}

/// A machine that the provider is going to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMachine {
    /// Machine set that it is for (`talos-prod-01-control-planes`).
    pub set: String,
    /// Node named by the class (`node:`), if any.
    pub pinned: Option<String>,
    /// Memory in MiB.
    pub memory_mib: u64,
}

/// Where a machine will be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// On this node.
    Node(String),
    /// The provider will fail, and try again for as long as this stays so.
    Fails(String),
    /// Not predictable.
    Unknown(String),
}

/// Predicts where each of `machines` will be made, in this order; the provider makes one at a time.
pub fn predict(
    scheduler: Scheduler,
    nodes: &[PveNode],
    guests: Option<&[Guest]>,
    machines: &[NewMachine],
) -> Vec<Placement> {
    let mut made = Made::new(guests, machines);
    // Without reservations nothing that is made changes what is chosen.
    let unpinned = match scheduler {
        Scheduler::MostFree => Some(most_free(nodes, true)),
        Scheduler::MostFreeOnline => Some(most_free(nodes, false)),
        Scheduler::Other => Some(Placement::Unknown("this `placement_strategy` is not predicted".to_owned())),
        Scheduler::Spread => None,
    };
    machines
        .iter()
        .map(|machine| {
            let placement = match (&machine.pinned, &unpinned) {
                (Some(node), _) => pinned(node, nodes),
                (None, Some(same)) => same.clone(),
                (None, None) => spread(nodes, guests.is_some(), machine, &made),
            };
            if let Placement::Node(node) = &placement {
                made.reserve(node, machine);
            }
            placement
        })
        .collect()
}

/// What nodes carry, by machine set: machines that exist, and machines that this prediction has made.
struct Made<'a> {
    existing: BTreeMap<(String, &'a str), usize>,
    reserved: BTreeMap<(&'a str, String), usize>,
    bytes: BTreeMap<String, u64>,
}

impl<'a> Made<'a> {
    fn new(guests: Option<&'a [Guest]>, machines: &[NewMachine]) -> Self {
        let sets: BTreeSet<String> = machines.iter().map(|m| set_tag(&m.set)).collect();
        let mut existing = BTreeMap::new();
        for guest in guests.into_iter().flatten() {
            for tag in guest.tags.iter().filter(|t| sets.contains(*t)) {
                *existing.entry((tag.clone(), guest.node.as_str())).or_default() += 1;
            }
        }
        Self { existing, reserved: BTreeMap::new(), bytes: BTreeMap::new() }
    }
    fn reserve(&mut self, node: &str, machine: &'a NewMachine) {
        *self.reserved.entry((&machine.set, node.to_owned())).or_default() += 1;
        let bytes = self.bytes.entry(node.to_owned()).or_default();
        *bytes = bytes.saturating_add(machine.memory_mib.saturating_mul(1 << 20));
    }
}

fn pinned(name: &str, nodes: &[PveNode]) -> Placement {
    match nodes.iter().find(|node| node.name == name) {
        None => {
            Placement::Fails(format!("the class pins node `{name}`, which the Proxmox cluster does not have"))
        }
        Some(node) if node.status == NodeStatus::Online => Placement::Node(name.to_owned()),
        Some(_) => Placement::Fails(format!("the class pins node `{name}`, which is not online")),
    }
}

/// The node with the largest free share. A machine that boots has not used its memory yet, so consecutive machines land on
/// the same node: nothing is reserved between them.
fn most_free(nodes: &[PveNode], offline_stops: bool) -> Placement {
    if offline_stops && let Some(down) = nodes.iter().find(|node| node.status == NodeStatus::Offline) {
        return Placement::Fails(format!(
            "node `{}` is offline, and this provider release makes no machine without a `node:` until it is back",
            down.name
        ));
    }
    let candidates: Vec<(&str, Option<f64>)> = nodes
        .iter()
        .filter(|node| node.status != NodeStatus::Offline)
        .map(|node| (node.name.as_str(), free_share(node, 0)))
        .collect();
    largest(&candidates)
}

/// Share of memory that is free, after `reserved` bytes more. `None` without figures.
fn free_share(node: &PveNode, reserved: u64) -> Option<f64> {
    let (total, used) = (node.maxmem?, node.mem?);
    let free = total.checked_sub(used)?.saturating_sub(reserved);
    (total > 0).then(|| free as f64 / total as f64)
}

fn largest(candidates: &[(&str, Option<f64>)]) -> Placement {
    if candidates.is_empty() {
        return Placement::Fails("no Proxmox node is online".to_owned());
    }
    let mut known: Vec<(f64, &str)> = Vec::new();
    for (name, share) in candidates {
        let Some(share) = share else {
            return Placement::Unknown(format!(
                "the memory of node `{name}` is not known (offline, or `Sys.Audit` is missing)"
            ));
        };
        known.push((*share, name));
    }
    known.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    match known.as_slice() {
        [(first, a), (second, b), ..] if first.total_cmp(second).is_eq() => {
            Placement::Unknown(format!("nodes `{a}` and `{b}` have the same free share of memory"))
        }
        [(_, name), ..] => Placement::Node((*name).to_owned()),
        [] => Placement::Fails("no Proxmox node is online".to_owned()),
    }
}

/// Fewest machines of the set, then most free memory. Whether machines that exist already are counted depends on the
/// release (the tag count was always zero for a long time), so both ways must agree.
fn spread(nodes: &[PveNode], seen: bool, machine: &NewMachine, made: &Made<'_>) -> Placement {
    let tag = set_tag(&machine.set);
    let choose = |counted: bool| {
        let mut by_count: BTreeMap<usize, Vec<(&str, Option<f64>)>> = BTreeMap::new();
        for node in nodes.iter().filter(|node| node.status == NodeStatus::Online) {
            let existing = made.existing.get(&(tag.clone(), node.name.as_str())).filter(|_| counted);
            let ours = made.reserved.get(&(machine.set.as_str(), node.name.clone()));
            let count = existing.copied().unwrap_or(0) + ours.copied().unwrap_or(0);
            let bytes = made.bytes.get(&node.name).copied().unwrap_or(0);
            by_count.entry(count).or_default().push((node.name.as_str(), free_share(node, bytes)));
        }
        by_count.into_values().next().map_or_else(
            || largest(&[]),
            |candidates| match candidates.as_slice() {
                [(only, _)] => Placement::Node((*only).to_owned()),
                several => largest(several),
            },
        )
    };
    let uncounted = choose(false);
    match seen {
        true if choose(true) == uncounted => uncounted,
        true => Placement::Unknown(
            "releases differ in whether they count the set's machines that exist already".to_owned(),
        ),
        false => Placement::Unknown("the machines that exist already cannot be seen".to_owned()),
    }
}

/// How many machines of a set each node carries now, by the provider's tag (`machine-request.<set>`).
pub fn members_by_node(guests: &[Guest], set: &str) -> BTreeMap<String, usize> {
    let tag = set_tag(set);
    let mut by_node = BTreeMap::new();
    for guest in guests.iter().filter(|guest| guest.tags.contains(&tag)) {
        *by_node.entry(guest.node.clone()).or_default() += 1;
    }
    by_node
}

/// The tag that the provider gives a set's VMs; Proxmox shows tags in lower case.
pub fn set_tag(set: &str) -> String {
    format!("machine-request.{set}").to_lowercase()
}

/// Whether a cluster's control planes outlive the loss of any one Proxmox node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Survival {
    /// They do.
    Yes,
    /// They do not: without `node`, fewer than a quorum of `total` remain.
    No {
        /// The node that carries most of them.
        node: String,
        /// How many it carries.
        on_it: usize,
        /// How many there are.
        total: usize,
    },
    /// Where some of them are, or will be, is not known.
    Unknown,
}

/// Judges control planes by node; `unplaced` are those whose node is not known.
pub fn survival(control_planes: &BTreeMap<String, usize>, unplaced: usize) -> Survival {
    let total: usize = control_planes.values().sum::<usize>() + unplaced;
    let quorum = total / 2 + 1;
    // The first of equals by name, so that the same input names the same node.
    let fullest = control_planes.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    match fullest {
        Some((node, on_it)) if total - on_it < quorum => {
            Survival::No { node: node.clone(), on_it: *on_it, total }
        }
        _ if unplaced > 0 || total == 0 => Survival::Unknown,
        _ => Survival::Yes,
    }
}

/// Whether the loss of any one node leaves a quorum. No control planes survive nothing.
pub fn single_node_survival(control_planes: &BTreeMap<String, usize>) -> bool {
    survival(control_planes, 0) == Survival::Yes
}

impl Survival {
    /// The warning for a plan: `3 of 3 control planes on hotel: no single-node survival`.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::No { node, on_it, total } => {
                let noun = if *total == 1 { "control plane" } else { "control planes" };
                Some(format!("{on_it} of {total} {noun} on {node}: no single-node survival"))
            }
            Self::Yes | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::GuestKind;

    fn node(name: &str, status: NodeStatus, gib: Option<(u64, u64)>) -> PveNode {
        PveNode {
            name: name.to_owned(),
            status,
            mem: gib.map(|(used, _)| used << 30),
            maxmem: gib.map(|(_, total)| total << 30),
            maxcpu: Some(16),
        }
    }
    fn matrix() -> Vec<PveNode> {
        [("foxtrot", 29), ("golf", 43), ("hotel", 23)]
            .map(|(name, used)| node(name, NodeStatus::Online, Some((used, 64))))
            .to_vec()
    }
    fn machines(count: usize) -> Vec<NewMachine> {
        vec![
            NewMachine { set: "talos-prod-01-control-planes".to_owned(), pinned: None, memory_mib: 8192 };
            count
        ]
    }
    fn names(placements: &[Placement]) -> Vec<&str> {
        placements
            .iter()
            .map(|p| match p {
                Placement::Node(name) => name.as_str(),
                Placement::Fails(_) => "fails",
                Placement::Unknown(_) => "unknown",
            })
            .collect()
    }

    #[test]
    fn early_releases_put_a_whole_set_on_the_node_with_most_free_memory() {
        let placed = predict(Scheduler::MostFree, &matrix(), None, &machines(3));
        assert_eq!(names(&placed), ["hotel", "hotel", "hotel"]);
        let by_node = BTreeMap::from([("hotel".to_owned(), 3)]);
        assert!(!single_node_survival(&by_node));
        assert_eq!(
            survival(&by_node, 0).warning().as_deref(),
            Some("3 of 3 control planes on hotel: no single-node survival")
        );
    }

    #[test]
    fn one_offline_node_stops_the_first_generation_only() {
        let mut nodes = matrix();
        nodes[2] = node("hotel", NodeStatus::Offline, None);
        let placed = predict(Scheduler::MostFree, &nodes, None, &machines(1));
        assert!(
            matches!(&placed[0], Placement::Fails(why) if why.contains("`hotel` is offline")),
            "{placed:?}"
        );
        assert_eq!(
            names(&predict(Scheduler::MostFreeOnline, &nodes, None, &machines(2))),
            ["foxtrot", "foxtrot"]
        );
        assert_eq!(
            names(&predict(Scheduler::Spread, &nodes, Some(&[]), &machines(3))),
            ["foxtrot", "golf", "foxtrot"]
        );
    }

    #[test]
    fn ties_and_missing_figures_are_not_guessed() {
        let mut nodes = matrix();
        nodes[0] = node("foxtrot", NodeStatus::Online, Some((23, 64)));
        assert_eq!(names(&predict(Scheduler::MostFree, &nodes, None, &machines(1))), ["unknown"]);
        for figures in [None, Some((1, 0)), Some((65, 64))] {
            nodes[0] = node("foxtrot", NodeStatus::Online, figures);
            assert_eq!(names(&predict(Scheduler::MostFree, &nodes, None, &machines(1))), ["unknown"]);
        }
        assert_eq!(names(&predict(Scheduler::MostFreeOnline, &[], None, &machines(1))), ["fails"]);
        // The share counts, not the bytes.
        let small =
            [node("a", NodeStatus::Online, Some((8, 128))), node("b", NodeStatus::Online, Some((1, 64)))];
        assert_eq!(names(&predict(Scheduler::MostFree, &small, None, &machines(1))), ["b"]);
    }

    #[test]
    fn a_pin_wins_and_must_name_a_node_that_is_online() {
        let mut nodes = matrix();
        nodes[2].status = NodeStatus::Offline;
        for (pin, expected) in [("golf", "golf"), ("hotel", "fails"), ("kilo", "fails"), ("Golf", "fails")] {
            let machine = NewMachine { pinned: Some(pin.to_owned()), ..machines(1).remove(0) };
            assert_eq!(names(&predict(Scheduler::MostFree, &nodes, None, &[machine])), [expected], "{pin}");
        }
    }

    #[test]
    fn spread_counts_what_it_has_just_made_and_admits_what_releases_disagree_on() {
        let placed = predict(Scheduler::Spread, &matrix(), Some(&[]), &machines(4));
        assert_eq!(names(&placed), ["hotel", "foxtrot", "golf", "hotel"]);
        let member = Guest {
            kind: GuestKind::Qemu,
            vmid: 101,
            node: "hotel".to_owned(),
            name: None,
            status: "running".to_owned(),
            tags: vec!["machine-request.talos-prod-01-control-planes".to_owned()],
            maxcpu: None,
            maxmem: None,
            maxdisk: None,
            lock: None,
        };
        assert_eq!(
            names(&predict(Scheduler::Spread, &matrix(), Some(std::slice::from_ref(&member)), &machines(1))),
            ["unknown"]
        );
        let elsewhere = Guest { node: "golf".to_owned(), ..member.clone() };
        assert_eq!(
            members_by_node(&[member, elsewhere.clone()], "Talos-prod-01-control-planes"),
            BTreeMap::from([("golf".to_owned(), 1), ("hotel".to_owned(), 1)])
        );
        assert_eq!(
            names(&predict(Scheduler::Spread, &matrix(), Some(&[elsewhere]), &machines(1))),
            ["hotel"]
        );
        assert_eq!(names(&predict(Scheduler::Spread, &matrix(), None, &machines(1))), ["unknown"]);
        assert_eq!(names(&predict(Scheduler::Other, &matrix(), Some(&[]), &machines(1))), ["unknown"]);
    }

    #[test]
    fn generations_are_told_apart_by_version_and_schema() {
        for (version, schema, strategy, expected) in [
            ("", &["cores", "node"][..], None, Scheduler::MostFree),
            ("", &["cores", "pool", "tags"], None, Scheduler::MostFreeOnline),
            ("", &["pool", "placement_strategy"], None, Scheduler::Spread),
            ("v0.1.0", &[], None, Scheduler::MostFreeOnline),
            ("v0.2.0", &[], None, Scheduler::Spread),
            ("0.3.0-2-gabc", &[], Some("spread"), Scheduler::Spread),
            ("v0.3.0", &[], Some("binpack"), Scheduler::Other),
            ("v1.0.0", &[], None, Scheduler::Spread),
            ("dev", &["cores"], None, Scheduler::MostFree),
        ] {
            assert_eq!(
                Scheduler::of(Generation::detect(version, schema), strategy),
                expected,
                "{version:?} {schema:?}"
            );
        }
    }

    #[test]
    fn survival_is_a_quorum_without_the_fullest_node() {
        let on = |counts: &[usize]| -> BTreeMap<String, usize> {
            counts.iter().enumerate().map(|(i, n)| (format!("n{i}"), *n)).collect()
        };
        for (counts, survives) in [
            (&[1, 1, 1][..], true),
            (&[2, 1], false),
            (&[3], false),
            (&[1], false),
            (&[1, 1], false),
            (&[2, 2, 1], true),
            (&[3, 1, 1], false),
            (&[2, 1, 1], false),
            (&[1, 1, 1, 1], true),
            (&[], false),
        ] {
            assert_eq!(single_node_survival(&on(counts)), survives, "{counts:?}");
        }
        assert_eq!(survival(&on(&[1, 1]), 1), Survival::Unknown);
        // Wherever the third one goes, two of three are on one node.
        assert!(matches!(survival(&on(&[2]), 1), Survival::No { on_it: 2, total: 3, .. }));
    }
}
