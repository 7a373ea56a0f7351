//! Facts in the narrative sections. They are typed loosely, so a fact is a key that says what it is with a value that can be it.

use crate::diag::Source;
use crate::spec::sections::address;
use crate::yaml::{Document, Node, NodeKind, is_null};

use super::fact::Fact;
use super::facts::{ContainerFacts, Facts};
use super::provider_files::{has_proxmox_port, proxmox_origin};

/// Sections that link to other people's pages.
const LINKS: &str = "references";
/// Deepest nesting that is looked into.
const DEPTH: usize = 24;

/// A scalar with the keys that lead to it.
struct Leaf<'a> {
    keys: Vec<&'a str>,
    text: &'a str,
    line: usize,
}

impl Leaf<'_> {
    fn key(&self) -> String {
        self.keys.last().map(|k| k.to_ascii_lowercase()).unwrap_or_default()
    }
    fn parent(&self) -> String {
        self.keys.iter().rev().nth(1).map(|k| k.to_ascii_lowercase()).unwrap_or_default()
    }
    fn below(&self, word: &str) -> bool {
        self.keys.iter().any(|k| k.to_ascii_lowercase().contains(word))
    }
    fn source(&self) -> String {
        source(&self.keys, self.line)
    }
    fn fact(&self, value: impl Into<String>) -> Fact {
        Fact::file(value, self.source())
    }
    /// Whether both stand in the same mapping.
    fn beside(&self, other: &Self) -> bool {
        self.keys.len() == other.keys.len()
            && self.keys.split_last().map(|(_, k)| k) == other.keys.split_last().map(|(_, k)| k)
    }
}

fn source(keys: &[&str], line: usize) -> String {
    format!("{}:{line}", keys.join("."))
}

/// Adds what the narrative sections say. `source` is the spec's text, by which lines are counted.
pub fn narrate(documents: &[Document], source: &Source, facts: &mut Facts) {
    let mut leaves = Vec::new();
    let mut containers = Vec::new();
    for root in documents.iter().filter_map(|d| d.root.as_ref()) {
        walk(root, &mut Vec::new(), source, &mut leaves, &mut containers);
    }
    let leaves: Vec<Leaf<'_>> = leaves.into_iter().filter(|l| l.keys.first() != Some(&LINKS)).collect();
    // Of what is said alike here and in other files, this is the place that people know.
    let here = leaves.iter().filter_map(|leaf| Some(leaf.fact(omni_endpoint(leaf)?)));
    facts.omni_endpoint.splice(0..0, here);
    for leaf in &leaves {
        let key = leaf.key();
        if let Some(ip) = lan_address(leaf) {
            facts.lan_address.push(leaf.fact(ip));
        }
        if matches!(key.as_str(), "provider_id" | "providerid") && plain(leaf.text) {
            facts.spoken_providers.push(leaf.fact(leaf.text));
        }
        if matches!(key.as_str(), "app_directory" | "app_dir") && leaf.text.starts_with('/') {
            facts.app_directory.push(leaf.fact(leaf.text));
        }
    }
    cluster(&leaves, facts);
    facts.containers.extend(containers);
}

fn walk<'a>(
    node: &'a Node,
    keys: &mut Vec<&'a str>,
    source: &Source,
    leaves: &mut Vec<Leaf<'a>>,
    containers: &mut Vec<ContainerFacts>,
) {
    if keys.len() > DEPTH {
        return;
    }
    match &node.kind {
        NodeKind::Map(pairs) => {
            containers.extend(container(node, keys, source));
            for (key, value) in pairs {
                keys.push(key.text().unwrap_or_default());
                walk(value, keys, source, leaves, containers);
                keys.pop();
            }
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| walk(n, keys, source, leaves, containers)),
        NodeKind::Scalar { text, .. } if !is_null(node) => {
            leaves.push(Leaf { keys: keys.clone(), text, line: source.line_col(node.span.start).0 });
        }
        NodeKind::Scalar { .. } => {}
    }
}

fn omni_endpoint(leaf: &Leaf<'_>) -> Option<String> {
    let key = leaf.key();
    let named = key.contains("omni") && ["endpoint", "url", "api"].iter().any(|w| key.contains(w));
    let about = matches!(key.as_str(), "url" | "endpoint" | "api_endpoint" | "api_url")
        && leaf.below("omni")
        && !leaf.below("proxmox")
        && !leaf.below("pve");
    if !named && !about {
        return None;
    }
    address::endpoint(leaf.text, true).ok().filter(|origin| !has_proxmox_port(origin))
}

fn lan_address(leaf: &Leaf<'_>) -> Option<String> {
    let key = leaf.key();
    let own = matches!(key.as_str(), "lan_ip" | "lan_address" | "lan_addr" | "omni_lan_ip" | "host_ip");
    let inner =
        matches!(key.as_str(), "ip" | "address") && matches!(leaf.parent().as_str(), "internal" | "lan");
    if !(own || inner) || !leaf.below("omni") || leaf.below("provider") || leaf.below("proxmox") {
        return None;
    }
    address::ip(leaf.text)
}

/// Endpoints, name, nodes and resolvers of the Proxmox cluster.
fn cluster(leaves: &[Leaf<'_>], facts: &mut Facts) {
    facts.on_cluster(|cluster| {
        let mut here = Vec::new();
        for leaf in leaves {
            let key = leaf.key();
            let named = ["proxmox", "pve"].iter().any(|w| key.contains(w))
                && ["api", "url", "endpoint"].iter().any(|w| key.contains(w));
            let Some(origin) = proxmox_origin(leaf.text).filter(|o| named || has_proxmox_port(o)) else {
                continue;
            };
            here.push(leaf.fact(origin));
            for said in leaves.iter().filter(|l| l.beside(leaf)) {
                if let Some((name, nodes)) = spoken(said.text) {
                    cluster.name.get_or_insert_with(|| said.fact(name));
                    cluster.spoken_nodes.extend(nodes.into_iter().map(|n| said.fact(n)));
                }
            }
        }
        cluster.endpoints.splice(0..0, here);
        for leaf in leaves {
            match leaf.key().as_str() {
                "nodes" | "proxmox_nodes" | "pve_nodes"
                    if address::is_label(leaf.text) && !leaf.below("kubernetes") && !leaf.below("talos") =>
                {
                    cluster.nodes.push(leaf.fact(leaf.text));
                }
                "node" if leaf.below("provider") && address::is_label(leaf.text) => {
                    cluster.nodes.push(leaf.fact(leaf.text));
                }
                _ => {}
            }
            resolvers(leaf, &mut cluster.dns, &mut cluster.spoken_dns);
        }
        let mut seen: Vec<String> = Vec::new();
        cluster.nodes.retain(|n| {
            let new = !seen.contains(&n.value);
            seen.push(n.value.clone());
            new
        });
    });
}

fn resolvers(leaf: &Leaf<'_>, dns: &mut Vec<Fact>, spoken: &mut Vec<Fact>) {
    let key = leaf.key();
    let list =
        matches!(key.as_str(), "dns_servers" | "dns_server" | "nameservers" | "resolvers" | "resolver")
            || key == "dns" && (leaf.below("proxmox") || leaf.below("split_horizon"));
    let hosts = matches!(key.as_str(), "proxmox_hosts" | "proxmox_nodes_dns") && leaf.below("dns");
    if !(list || hosts) {
        return;
    }
    match address::ip(leaf.text) {
        Some(ip) if !dns.iter().any(|d| d.value == ip) => dns.push(leaf.fact(ip)),
        None if hosts || leaf.below("proxmox") => spoken.push(leaf.fact(leaf.text)),
        Some(_) | None => {}
    }
}

/// `Matrix cluster (Foxtrot, Golf, Hotel)`: a name, and names of nodes as people write them.
fn spoken(text: &str) -> Option<(String, Vec<String>)> {
    let (head, tail) = text.split_once(" cluster")?;
    let name = head.split_whitespace().last()?.to_ascii_lowercase();
    if !address::is_label(&name) || head.split_whitespace().count() > 2 {
        return None;
    }
    let nodes = tail
        .trim_start()
        .strip_prefix('(')
        .and_then(|t| t.split_once(')'))
        .map_or_else(Vec::new, |(t, _)| {
            t.split(',').map(|n| n.trim().to_owned()).filter(|n| address::is_label(n)).collect()
        });
    Some((name, nodes))
}

fn plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(char::is_whitespace) && !text.contains('/')
}

/// A mapping with a `vmid` describes the provider's container, if it says so or stands in a part about the provider.
fn container(node: &Node, keys: &[&str], text: &Source) -> Option<ContainerFacts> {
    let about =
        |k: &&str| ["provider", "lxc", "container"].iter().any(|w| k.to_ascii_lowercase().contains(w));
    if !keys.iter().any(about) {
        return None;
    }
    let find = |names: &[&str], parts: &[&str]| -> Option<Fact> {
        let here = parts.iter().map(|p| (Some(*p), node.get(p))).chain(std::iter::once((None, Some(node))));
        for (part, inside) in here {
            for name in names {
                let Some(value) = inside.and_then(|n| n.get(name)).filter(|n| !is_null(n)) else { continue };
                let Some(words) = value.text() else { continue };
                let path: Vec<&str> = keys.iter().copied().chain(part).chain([*name]).collect();
                return Some(Fact::file(words, source(&path, text.line_col(value.span.start).0)));
            }
        }
        None
    };
    let label = |names: &[&str]| find(names, &[]).filter(|f| address::is_label(&f.value));
    let number = |names: &[&str], min: u32, max: u32| -> Option<Fact<u32>> {
        let fact = find(names, &["resources"])?;
        let value = fact.value.parse().ok().filter(|n| (min..=max).contains(n))?;
        Some(Fact { value, source: fact.source, rank: fact.rank })
    };
    let vmid = number(&["vmid", "ctid", "ct_id"], 100, 999_999_999)?;
    let bridge = ["networking", "network"].iter().find_map(|part| {
        let NodeKind::Map(pairs) = &node.get(part)?.kind else { return None };
        pairs.iter().find_map(|(k, v)| {
            let value = v.text().filter(|t| is_bridge(t))?;
            let path: Vec<&str> = keys.iter().copied().chain([*part, k.text()?]).collect();
            Some(Fact::file(value, source(&path, text.line_col(v.span.start).0)))
        })
    });
    Some(ContainerFacts {
        vmid: Some(vmid),
        node: label(&["node"]),
        hostname: label(&["hostname", "name"]),
        address: find(&["address", "ip"], &[]),
        gateway: find(&["gateway"], &[]).filter(|f| address::ip(&f.value).is_some()),
        cores: number(&["cores", "cpus"], 1, 8192),
        memory_mb: number(&["memory_mb"], 16, 16_777_216),
        disk_gb: number(&["disk_gb"], 1, 131_072),
        bridge: bridge.or_else(|| find(&["bridge"], &[]).filter(|f| is_bridge(&f.value))),
    })
}

fn is_bridge(text: &str) -> bool {
    text.strip_prefix("vmbr")
        .is_some_and(|n| !n.is_empty() && n.len() < 5 && n.bytes().all(|b| b.is_ascii_digit()))
}
