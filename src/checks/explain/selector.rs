//! What a storage selector finds on each node.

use schemars::JsonSchema;
use serde::Serialize;

use crate::live::{Observation, Storage};
use crate::selector::{self, Pick, Refusal, Selector, pick};
use crate::untrusted::Untrusted;

/// The storages of one node.
pub struct StoragesOf<'a> {
    /// Proxmox cluster by its name in the spec; empty where the storages come from a file.
    pub proxmox: &'a str,
    /// Node.
    pub node: &'a str,
    /// What it lists.
    pub storages: &'a Observation<Vec<Storage>>,
}

/// A selector, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "omni-scale explain selector")]
pub struct SelectorReport {
    /// The expression.
    pub selector: String,
    /// Whether the provider can compile it.
    pub compiles: bool,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
    /// What the provider logs where it does not compile.
    pub logged: Option<String>,
    /// What it finds, by Proxmox cluster and node.
    pub nodes: Vec<NodeReport>,
}

/// Something wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Problem {
    /// First character, from 1.
    pub column: usize,
    /// How many characters.
    pub length: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What it finds on one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct NodeReport {
    /// Proxmox cluster; empty where the storages come from a file.
    pub proxmox: String,
    /// Node.
    pub node: String,
    /// What comes of it there.
    pub outcome: Outcome,
    /// Every storage, in the order in which the provider looks at them.
    pub storages: Vec<StorageReport>,
    /// What happens then, where that is not simply a disk on that storage.
    pub notes: Vec<String>,
}

/// What comes of a selector on a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Outcome {
    /// The first storage for which it is true.
    Picks {
        /// The storage.
        storage: String,
    },
    /// True for none: making a machine fails in step `syncVM`, every minute.
    Nothing,
    /// No value for a storage before the first match; fails in the same way.
    Fails {
        /// The storage.
        storage: String,
        /// The provider's words.
        error: String,
    },
    /// It does not compile.
    Refused,
    /// The node lists no storage at all.
    NoStorages,
    /// The storages are not known.
    Unknown {
        /// Why.
        why: String,
    },
}

/// A storage and what the selector says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct StorageReport {
    /// `name`.
    pub name: String,
    /// `storageType`.
    pub storage_type: String,
    /// `availableSpace`, bytes.
    pub available_space: u64,
    /// What it may hold. The provider does not look at it.
    pub content: Vec<String>,
    /// Whether it is enabled and works on the node. The provider does not look at it.
    pub usable: bool,
    /// What the selector says.
    pub verdict: Verdict,
}

/// What a selector says of a storage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Verdict {
    /// True, and the first: taken.
    Taken,
    /// True, but another one comes first.
    Later,
    /// False.
    No,
    /// No value.
    Error {
        /// The provider's words.
        error: String,
    },
    /// It does not compile.
    NotAsked,
}

/// Explains a selector over the storages of some nodes.
pub fn selector_report(text: &str, nodes: &[StoragesOf<'_>]) -> SelectorReport {
    let read = Selector::read(text);
    let refusal = read.as_ref().err();
    let problems = refusal.map_or(&[][..], |r| &r.faults).iter().map(|fault| {
        let before = text.get(..fault.at.start).unwrap_or(text);
        let within = text.get(fault.at.start..fault.at.end).unwrap_or_default();
        Problem {
            column: before.chars().count() + 1,
            length: within.chars().count(),
            message: fault.message.clone(),
            help: fault.help.clone(),
        }
    });
    SelectorReport {
        selector: text.to_owned(),
        compiles: refusal.is_none(),
        problems: problems.collect(),
        logged: refusal.and_then(|r| r.logged.clone()),
        nodes: nodes.iter().map(|of| on_node(&read, of)).collect(),
    }
}

fn on_node(read: &Result<Selector, Refusal>, of: &StoragesOf<'_>) -> NodeReport {
    let mut report = NodeReport {
        proxmox: of.proxmox.to_owned(),
        node: of.node.to_owned(),
        outcome: Outcome::NoStorages,
        storages: Vec::new(),
        notes: Vec::new(),
    };
    let storages = match of.storages {
        Observation::Known(storages) => storages,
        Observation::Absent => return report,
        Observation::Unknown(why) => {
            report.outcome = Outcome::Unknown { why: why.0.clone() };
            return report;
        }
    };
    let mut storages: Vec<&Storage> = storages.iter().collect();
    storages.sort_by(|a, b| a.name.cmp(&b.name));
    let asked: Vec<selector::Storage> = storages
        .iter()
        .map(|s| selector::Storage { name: s.name.clone(), kind: s.plugin.clone(), available: s.avail })
        .collect();
    let safe = |text: &str| Untrusted::new(text).line(120);
    report.outcome = match pick(read, of.node, &asked) {
        Pick::Storage(storage) => Outcome::Picks { storage },
        Pick::None => Outcome::Nothing,
        Pick::Failed { storage, error } => Outcome::Fails { storage, error },
        Pick::Refused(_) => Outcome::Refused,
        Pick::NothingThere => Outcome::NoStorages,
    };
    let mut taken = false;
    for (storage, asked) in storages.iter().zip(&asked) {
        let verdict = match read.as_ref().map(|selector| selector.accepts(of.node, asked)) {
            Err(_) => Verdict::NotAsked,
            Ok(Ok(true)) if !std::mem::replace(&mut taken, true) => Verdict::Taken,
            Ok(Ok(true)) => Verdict::Later,
            Ok(Ok(false)) => Verdict::No,
            Ok(Err(error)) => Verdict::Error { error },
        };
        if verdict == Verdict::Taken {
            report.notes.extend(notes(storage).map(|note| safe(&note)));
        }
        report.storages.push(StorageReport {
            name: storage.name.clone(),
            storage_type: storage.plugin.clone(),
            available_space: storage.avail,
            content: storage.content.clone(),
            usable: storage.enabled && storage.active,
            verdict,
        });
    }
    // A storage without a value that comes first ends the search.
    if matches!(report.outcome, Outcome::Fails { .. }) {
        report.notes.clear();
        for storage in report.storages.iter_mut().filter(|s| s.verdict == Verdict::Taken) {
            storage.verdict = Verdict::Later;
        }
    }
    report
}

fn notes(storage: &Storage) -> impl Iterator<Item = String> {
    let name = &storage.name;
    let images = storage.content.iter().any(|kind| kind == "images");
    let down = !(storage.enabled && storage.active);
    [
        (!images).then(|| {
            format!("Proxmox then refuses the machine: storage '{name}' does not support vm images")
        }),
        down.then(|| format!("`{name}` is not active on this node: Proxmox cannot make a disk there")),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::Reason;

    fn storage(name: &str, plugin: &str, content: &str, avail: u64) -> Storage {
        Storage {
            name: name.to_owned(),
            plugin: plugin.to_owned(),
            content: content.split(',').map(str::to_owned).collect(),
            enabled: true,
            active: avail > 0,
            shared: false,
            avail,
            total: avail * 2,
        }
    }

    fn node(text: &str, storages: Vec<Storage>) -> NodeReport {
        let storages = Observation::Known(storages);
        let mut report =
            selector_report(text, &[StoragesOf { proxmox: "m", node: "golf", storages: &storages }]);
        report.nodes.remove(0)
    }

    fn usual() -> Vec<Storage> {
        vec![
            storage("vm_ssd", "rbd", "images", 50),
            storage("local", "dir", "iso,backup", 10),
            storage("x", "rbd", "images", 0),
        ]
    }

    #[test]
    fn the_first_by_name_is_taken_whatever_it_holds() {
        let seen = node("true", usual());
        assert_eq!(seen.outcome, Outcome::Picks { storage: "local".into() });
        let verdicts: Vec<_> = seen.storages.iter().map(|s| (s.name.as_str(), &s.verdict)).collect();
        assert_eq!(
            verdicts,
            [("local", &Verdict::Taken), ("vm_ssd", &Verdict::Later), ("x", &Verdict::Later)]
        );
        assert_eq!(
            seen.notes,
            ["Proxmox then refuses the machine: storage 'local' does not support vm images"]
        );
        let seen = node("name == \"x\"", usual());
        assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
        assert!(!seen.storages[2].usable);
        assert_eq!(node("storageType == \"rbd\"", usual()).notes, [""; 0]);
    }

    #[test]
    fn a_storage_without_a_value_ends_the_search_only_before_the_first_match() {
        let seen = node("availableSpace - 20u > 0u", usual());
        assert!(matches!(&seen.outcome, Outcome::Fails { storage, .. } if storage == "local"), "{seen:?}");
        assert!(seen.storages.iter().all(|s| s.verdict != Verdict::Taken), "{seen:?}");
        let seen = node("name == \"local\" || availableSpace - 20u > 0u", usual());
        assert_eq!(seen.outcome, Outcome::Picks { storage: "local".into() });
        assert_eq!(node("name == \"gone\"", usual()).outcome, Outcome::Nothing);
    }

    #[test]
    fn what_does_not_compile_has_its_place_and_the_providers_words() {
        let all = Observation::Known(usual());
        let none = Observation::Known(Vec::new());
        let unknown = Observation::Unknown(Reason("offline".into()));
        let of = |node, storages| StoragesOf { proxmox: "m", node, storages };
        let report = selector_report(
            "name == \"ä\" && type == \"rbd\"",
            &[of("a", &all), of("b", &none), of("c", &unknown)],
        );
        assert!(!report.compiles && report.logged.is_some());
        assert_eq!(report.problems.len(), 1);
        assert!((15..=30).contains(&report.problems[0].column), "{:?}", report.problems);
        let outcomes: Vec<_> = report.nodes.iter().map(|n| n.outcome.clone()).collect();
        assert_eq!(
            outcomes,
            [Outcome::Refused, Outcome::NoStorages, Outcome::Unknown { why: "offline".into() }]
        );
        assert!(report.nodes[0].storages.iter().all(|s| s.verdict == Verdict::NotAsked));
    }
}
