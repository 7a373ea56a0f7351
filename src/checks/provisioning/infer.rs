//! Why a step fails, as far as Proxmox and the request tell it without the provider's log.

use crate::checks::inventory::sight::{said, shown};
use crate::checks::inventory::{Inventory, Machine};
use crate::checks::provisioning::causes::ANEW;
use crate::live::NodeStatus;
use crate::provider::{self, Generation};
use crate::selector::{Pick, Selector, Storage, pick};
use crate::value::Value;

/// A cause that was seen.
pub(super) struct Inferred {
    /// The cause, one sentence without final period.
    pub(super) what: String,
    /// What was seen.
    pub(super) fact: (String, String),
    /// What to do.
    pub(super) act: Vec<String>,
}

fn inferred(what: impl Into<String>, fact: (&str, String), act: &[&str]) -> Inferred {
    Inferred {
        what: what.into(),
        fact: (fact.0.to_owned(), fact.1),
        act: act.iter().map(|a| (*a).to_owned()).collect(),
    }
}

/// What makes this step fail; nothing where nothing was seen.
pub(super) fn infer(inventory: &Inventory<'_>, machine: &Machine<'_>, step: &str) -> Option<Inferred> {
    let (_, seen) = machine.proxmox?;
    if seen.quorate.known() == Some(&false) {
        return Some(inferred(
            "the Proxmox cluster has no quorum and takes no change",
            ("quorum", "lost".into()),
            &["bring back enough nodes for a majority (`pvecm status`)"],
        ));
    }
    let text = machine.data().unwrap_or_default();
    let Some(data) = provider::typed(text) else {
        return (step == "pickNode" && !text.trim().is_empty()).then(|| {
            inferred(
                "the provider data is not what the provider can read",
                ("provider data", said(text)),
                &["correct the machine class", ANEW],
            )
        });
    };
    let word = |key: &str| data.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
    let node = machine.record.as_ref().and_then(|r| r.node).or_else(|| word("node"));
    if let Some(node) =
        node.filter(|n| Inventory::has_node(seen, n) == Some(true) && Inventory::offline(seen, n))
    {
        return Some(inferred(
            format!("node {} is down", shown(node)),
            ("node", shown(node)),
            &["bring the node back; the provider tries again every minute"],
        ));
    }
    match step {
        "pickNode" => pick_node(inventory, machine, seen, word("node")),
        "uploadISO" => {
            let storages = seen.storages.get(node?)?.known()?;
            let iso = storages.iter().any(|s| s.enabled && s.content.iter().any(|c| c == "iso"));
            (!iso).then(|| {
                inferred(
                    format!("node {} has no enabled storage for ISO images", shown(node.unwrap_or_default())),
                    ("storages", names(storages)),
                    &["enable content `iso` on a storage of that node"],
                )
            })
        }
        "syncVM" => sync_vm(seen, node?, &data),
        "startVM" => {
            let bridge = word("network_bridge").unwrap_or(provider::DEFAULT_BRIDGE);
            let bridges = seen.evidence.bridges.get(node?)?.known().filter(|b| !b.is_empty())?;
            (!bridges.iter().any(|b| b.name == bridge)).then(|| {
                let all: Vec<String> = bridges.iter().map(|b| shown(&b.name)).collect();
                inferred(
                    format!("node {} has no bridge {}", shown(node.unwrap_or_default()), shown(bridge)),
                    ("bridges", all.join(", ")),
                    &["make the bridge on that node, or correct `network_bridge` in the class", ANEW],
                )
            })
        }
        _ => None,
    }
}

fn names(storages: &[crate::live::Storage]) -> String {
    storages.iter().map(|s| shown(&s.name)).collect::<Vec<_>>().join(", ")
}

fn pick_node(
    inventory: &Inventory<'_>,
    machine: &Machine<'_>,
    seen: &crate::live::ProxmoxSnapshot,
    pinned: Option<&str>,
) -> Option<Inferred> {
    let nodes = seen.nodes.known()?;
    if let Some(node) = pinned {
        return (Inventory::has_node(seen, node) == Some(false)).then(|| {
            let all: Vec<String> = nodes.iter().map(|n| shown(&n.name)).collect();
            inferred(
                format!("the request names node {}, which the Proxmox cluster does not have", shown(node)),
                ("nodes", all.join(", ")),
                &["correct `node` in the machine class: names are in lower case", ANEW],
            )
        });
    }
    let early = inventory.scene.generation(machine.provider) == Some(Generation::Early);
    let down = nodes.iter().find(|n| n.status == NodeStatus::Offline).filter(|_| early)?;
    Some(inferred(
        format!(
            "node {} is down, and this release of the provider makes no machine without `node` while any node is down",
            shown(&down.name)
        ),
        ("node", format!("{} is offline", shown(&down.name))),
        &[
            "bring the node back, or take it out of the Proxmox cluster",
            "or name a node in the class, or use provider 0.1 or later",
        ],
    ))
}

fn sync_vm(seen: &crate::live::ProxmoxSnapshot, node: &str, data: &Value) -> Option<Inferred> {
    let number = |key: &str| data.get(key).and_then(Value::as_int).unwrap_or(0);
    if number("sockets") < 1 {
        return Some(inferred(
            "the request has no `sockets`: the provider sends 0, and Proxmox refuses that",
            ("sockets", number("sockets").to_string()),
            &["write `sockets: 1` into the machine class", ANEW],
        ));
    }
    if data.get("machine_type").and_then(Value::as_str) == Some("i440fx") {
        return Some(inferred(
            "Proxmox refuses the machine type `i440fx`",
            ("machine_type", "i440fx".into()),
            &["leave `machine_type` out of the class: that is i440fx", ANEW],
        ));
    }
    if data.get("hugepages").is_some_and(|h| h.as_str().is_none_or(|t| !t.is_empty())) {
        return Some(inferred(
            "`hugepages` can be set by root's password login only, never with a token",
            ("hugepages", "set".into()),
            &["take `hugepages` out of the class", ANEW],
        ));
    }
    let storages = seen.storages.get(node)?.known()?;
    let list: Vec<Storage> = storages
        .iter()
        .map(|s| Storage { name: s.name.clone(), kind: s.plugin.clone(), available: s.avail })
        .collect();
    let more = data.get("additional_disks").and_then(Value::as_list).unwrap_or_default();
    for disk in std::iter::once(data).chain(more) {
        let selector = disk.get("storage_selector").and_then(Value::as_str).unwrap_or_default();
        let what = match pick(&Selector::read(selector), node, &list) {
            Pick::Storage(name) => {
                let images = storages.iter().find(|s| s.name == name)?;
                if images.content.iter().any(|c| c == "images") && images.active {
                    continue;
                }
                format!(
                    "the storage selector picks {} on node {}, which holds no disks of VMs now",
                    shown(&name),
                    shown(node)
                )
            }
            Pick::None => format!("the storage selector is true for no storage of node {}", shown(node)),
            Pick::Refused(_) | Pick::Failed { .. } => {
                "the storage selector is no expression that the provider can evaluate".to_owned()
            }
            Pick::NothingThere => return None,
        };
        return Some(Inferred {
            what,
            fact: ("selector".into(), format!("{} on {}", said(selector), names(storages))),
            act: vec!["correct `storage_selector` in the class (`omni-scale explain selector` evaluates it on every node)".into(), ANEW.into()],
        });
    }
    None
}
