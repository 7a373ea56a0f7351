//! Where new machines will be, in words that every renderer shares: a label and a sentence each.

use super::words::{count, safe};
use crate::checks::placement::{Batch, Fate, NodeRoom, Outlook, Room, Stand, StorageRoom, Survival};

/// Percent of a node's memory above which it is said.
const FULL: u128 = 90;

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// What it is about.
    pub(super) label: String,
    /// What is said.
    pub(super) text: String,
    /// Whether it is bad news.
    pub(super) bad: bool,
}

/// How many of each kind are shown before the rest is counted.
const MOST: [usize; 4] = [4, 4, 2, 2];

/// All lines; of many, the first ones and how many there are besides, unless all are wanted. Nothing where no machine is made.
pub(super) fn lines(outlook: &Outlook, all: bool) -> Vec<Line> {
    if outlook.is_empty() {
        return Vec::new();
    }
    let [machines, nodes, storages, losses] = MOST.map(|n| if all { usize::MAX } else { n });
    let far = all || outlook.nodes.windows(2).any(|two| matches!(two, [a, b] if a.proxmox != b.proxmox));
    let at = &Names { far };
    let mut out = some(self::machines(outlook, all), machines, "machine set");
    let mut rooms: Vec<&NodeRoom> = outlook.nodes.iter().collect();
    // Those that get machines first; else in their order.
    rooms.sort_by_key(|n| n.new == 0);
    out.extend(some(rooms.into_iter().map(|n| node(n, at)).collect(), nodes, "node"));
    out.extend(some(outlook.storages.iter().map(|s| storage(s, at)).collect(), storages, "storage"));
    let mut clusters: Vec<&Survival> = outlook.clusters.iter().collect();
    clusters.sort_by_key(|c| c.after.fatal().is_none());
    out.extend(some(clusters.into_iter().map(|c| survival(c, at)).collect(), losses, "cluster"));
    out.extend(outlook.providers.iter().map(|p| Line {
        label: format!("without {}", at.of(&p.node, &p.proxmox)),
        text: format!(
            "provider {} is gone: no machine is made or removed until the node is back",
            safe(&p.provider)
        ),
        bad: false,
    }));
    out
}

/// How nodes and storages are named: with their Proxmox cluster, where there are several or everything is wanted.
struct Names {
    far: bool,
}

impl Names {
    fn of(&self, name: &str, proxmox: &str) -> String {
        if self.far { format!("{} of {}", safe(name), safe(proxmox)) } else { safe(name) }
    }
}

/// Whether the outlook rests on the provider's own choice.
pub(super) fn predicted(outlook: &Outlook) -> bool {
    outlook.machines.iter().any(|b| b.fate != Fate::Pinned)
}

fn some(mut all: Vec<Line>, most: usize, what: &str) -> Vec<Line> {
    // One more line for the rest says no more than the line itself.
    if all.len() > most.saturating_add(1) {
        let rest = u32::try_from(all.len() - most).unwrap_or(u32::MAX);
        all.truncate(most);
        all.push(Line { label: "…".to_owned(), text: count(rest, &format!("more {what}")), bad: false });
    }
    all
}

/// One line for each set, in the order in which they are made.
fn machines(outlook: &Outlook, full: bool) -> Vec<Line> {
    let mut out: Vec<(String, Vec<String>, bool)> = Vec::new();
    for batch in &outlook.machines {
        let set = safe(&format!("{} of {}", batch.set.name(), batch.set.cluster_name().unwrap_or_default()));
        let why = batch.why.as_deref().map(safe).unwrap_or_default();
        let n = batch.count;
        let text = match (&batch.node, batch.fate) {
            (Some(node), Fate::Pinned) => format!("{n} on {}, which the class names", safe(node)),
            (Some(node), _) => format!("{n} on {}", safe(node)),
            (None, Fate::Fails) => format!("{n} not made: {why}"),
            (None, _) => format!("{n} somewhere: {why}"),
        };
        let text = if full { format!("{text} ({})", particulars(batch)) } else { text };
        let text = match &batch.failure {
            // Why no node is chosen stands there already.
            Some(failure) if full || batch.node.is_some() => {
                format!("{text}, and fails in step {}: {}", failure.step.word(), safe(&failure.error))
            }
            _ => text,
        };
        let bad = batch.fate == Fate::Fails || batch.failure.is_some();
        match out.last_mut().filter(|(s, ..)| *s == set) {
            Some((_, texts, b)) => {
                texts.push(text);
                *b |= bad;
            }
            None => out.push((set, vec![text], bad)),
        }
    }
    out.into_iter().map(|(label, texts, bad)| Line { label, text: texts.join(", "), bad }).collect()
}

/// What the short form leaves out.
fn particulars(batch: &Batch) -> String {
    let mut text =
        format!("{}; {}, class {}", word(batch.fate), safe(&batch.set.to_string()), safe(&batch.class));
    if let Some(proxmox) = &batch.proxmox {
        text.push_str(&format!(", Proxmox cluster {}", safe(proxmox)));
    }
    text
}

fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Pinned => "pinned",
        Fate::Predicted => "predicted",
        Fate::Fails => "fails",
        Fate::Unknown => "unknown",
    }
}

/// `23 GiB -> 79 GiB of 64 GiB`; one figure where nothing changes.
fn room(room: &Room, words: fn(u64) -> String) -> String {
    let Room { before, after, limit } = *room;
    if before == after {
        format!("{} of {}", words(before), words(limit))
    } else {
        format!("{} -> {} of {}", words(before), words(after), words(limit))
    }
}

fn node(node: &NodeRoom, names: &Names) -> Line {
    let mut parts = Vec::new();
    let mut bad = false;
    if node.new > 0 {
        parts.push(format!("+{}", node.new));
    }
    match &node.memory {
        Some(memory) => {
            parts.push(format!("memory {}", room(memory, bytes)));
            if node.new > 0 && memory.over(FULL) {
                bad = true;
                parts.push(format!("over {FULL} %"));
            }
        }
        None => parts.push("memory not known".to_owned()),
    }
    // More threads than there are is slow and common, so that it is advice only.
    if let Some(cores) = node.cores.as_ref().filter(|_| node.new > 0) {
        parts.push(format!("threads promised {}", room(cores, |n| n.to_string())));
    }
    Line { label: format!("node {}", names.of(&node.node, &node.proxmox)), text: parts.join(", "), bad }
}

fn storage(storage: &StorageRoom, names: &Names) -> Line {
    let at = storage.node.as_deref().map_or_else(|| "shared".to_owned(), |n| format!("on {}", safe(n)));
    let mut text = format!("{at}, {}", room(&storage.bytes, bytes));
    let bad = storage.bytes.over(100);
    if bad {
        text.push_str(", more than there is");
    }
    if !storage.thick {
        text.push_str(" once the disks are full");
    }
    Line { label: format!("storage {}", names.of(&storage.storage, &storage.proxmox)), text, bad }
}

fn survival(cluster: &Survival, names: &Names) -> Line {
    let name = safe(cluster.cluster.name());
    let (after, now) = (&cluster.after, &cluster.now);
    let (label, mut text, bad) = match worst(after, names) {
        Loss::Etcd(node, left) => (format!("without {node}"), format!("{name} loses etcd: {left}"), true),
        Loss::Kept(node, left) => {
            (format!("without {node}"), format!("{name} keeps etcd, at worst: {left}"), false)
        }
        Loss::Unknown => {
            let n = count(after.unplaced, "control plane");
            ("any node lost".to_owned(), format!("{name}: not known, for {n} may be anywhere"), false)
        }
    };
    match worst(now, names) {
        Loss::Etcd(..) if !bad => text.push_str("; as it is now one node takes etcd"),
        Loss::Kept(..) if bad && now.control_planes > 1 => text.push_str("; as it is now it keeps etcd"),
        _ => {}
    }
    Line { label, text, bad }
}

enum Loss {
    Etcd(String, String),
    Kept(String, String),
    Unknown,
}

fn worst(stand: &Stand, names: &Names) -> Loss {
    let left = |w: &crate::checks::placement::Without| {
        let mut text =
            format!("{} of {} left", w.control_planes, count(stand.control_planes, "control plane"));
        if stand.workers > 0 {
            text.push_str(&format!(", {} of {}", w.workers, count(stand.workers, "worker")));
        }
        text
    };
    if let Some(fatal) = stand.fatal() {
        return Loss::Etcd(names.of(&fatal.node, &fatal.proxmox), left(fatal));
    }
    match stand.without.first().filter(|_| stand.unplaced == 0) {
        Some(first) => Loss::Kept(names.of(&first.node, &first.proxmox), left(first)),
        None => Loss::Unknown,
    }
}

/// `12 GiB`, `1.5 TiB`.
fn bytes(n: u64) -> String {
    crate::checks::preflight::survey::bytes(n)
}
