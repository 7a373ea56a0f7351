//! The user's spec with a world's endpoints and pins, everything else byte for byte.

use super::serve::{LabProxmox, Served};
use crate::diag::SourceId;
use crate::yaml::{Limits, Node, NodeKind, parse};

/// Replaces `omni.endpoint`, takes `omni.tls` out (the lab's Omni is plain HTTP on loopback), and replaces `endpoints` and
/// `tls` of every Proxmox cluster by those of the world's cluster of that name, or of its only one. A text that is not YAML
/// comes back as it is.
pub fn spec_for(served: &Served, original: &str) -> String {
    let Ok(documents) = parse(SourceId(0), original, &Limits::default()) else { return original.to_owned() };
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    for root in documents.iter().filter_map(|d| d.root.as_ref()) {
        if let Some(omni) = root.get("omni") {
            if let Some(endpoint) = omni.get("endpoint") {
                edits.push((endpoint.span.start, endpoint.span.end, served.omni_endpoint.clone()));
            }
            if let Some((key, value)) = omni.entry("tls") {
                edits.push((key.span.start, value.span.end, String::new()));
            }
        }
        if let Some(state) = root.get("state") {
            store(original, state, served, &mut edits);
        }
        let Some(NodeKind::Map(clusters)) = root.get("proxmox").map(|p| &p.kind) else { continue };
        for (name, cluster) in clusters {
            let found = served
                .proxmox
                .iter()
                .find(|p| Some(p.name.as_str()) == name.text())
                .or_else(|| served.proxmox.first());
            if let Some(found) = found {
                proxmox(original, cluster, found, &mut edits);
            }
        }
    }
    edits.sort();
    let mut out = original.to_owned();
    for (start, end, text) in edits.into_iter().rev() {
        if start <= end && out.is_char_boundary(start) && out.is_char_boundary(end) && end <= out.len() {
            out.replace_range(start..end, &text);
        }
    }
    out
}

/// The bucket that a spec keeps its record in (`s3://…`).
pub fn store_of(spec: &str) -> Option<String> {
    let documents = parse(SourceId(0), spec, &Limits::default()).ok()?;
    let mut roots = documents.iter().filter_map(|d| d.root.as_ref());
    let text = roots.find_map(|r| r.get("state")?.get("store")?.text())?;
    text.starts_with("s3://").then(|| text.trim_end_matches('/').to_owned())
}

/// A spec that keeps its record in a bucket; one that does already stays as it is.
pub fn with_store(spec: &str) -> String {
    let Ok(documents) = parse(SourceId(0), spec, &Limits::default()) else { return spec.to_owned() };
    if store_of(spec).is_some() {
        return spec.to_owned();
    }
    let mut out = spec.to_owned();
    let there = documents.iter().filter_map(|d| d.root.as_ref()).find_map(|r| r.entry("state"));
    if let Some((key, value)) = there {
        let end = trimmed(spec, value);
        out.replace_range(key.span.start..end, "state: { store: s3://records/lab }");
        return out;
    }
    if !out.ends_with('\n') {
        out.push('\n');
    }
    // After the last document's content: a section may stand anywhere in the spec.
    out.push_str("state: { store: s3://records/lab }\n");
    out
}

/// A record in a bucket is kept in the world's store; the bucket's name stays.
fn store(original: &str, state: &Node, served: &Served, edits: &mut Vec<(usize, usize, String)>) {
    let Some((key, store)) = state.entry("store") else { return };
    if !store.text().is_some_and(|t| t.starts_with("s3://")) {
        return;
    }
    for name in ["region", "tls"] {
        let Some((key, value)) = state.entry(name) else { continue };
        // The region that stores without regions are signed for; trust is for TLS, which the lab's store has none of.
        let text = if name == "region" { "region: us-east-1" } else { "" };
        edits.push((key.span.start, trimmed(original, value), text.to_owned()));
    }
    match state.get("endpoint") {
        Some(endpoint) => {
            edits.push((endpoint.span.start, trimmed(original, endpoint), served.store.endpoint.clone()));
        }
        None => {
            let line = original.get(..key.span.start).unwrap_or_default();
            let indent = line.rsplit('\n').next().unwrap_or_default();
            let end = trimmed(original, store);
            let text = if indent.trim().is_empty() {
                format!("\n{indent}endpoint: {}", served.store.endpoint)
            } else {
                format!(", endpoint: \"{}\"", served.store.endpoint)
            };
            edits.push((end, end, text));
        }
    }
}

fn proxmox(original: &str, cluster: &Node, found: &LabProxmox, edits: &mut Vec<(usize, usize, String)>) {
    let Some((key, endpoints)) = cluster.entry("endpoints") else { return };
    let list: Vec<String> = found.endpoints.iter().map(|e| format!("\"{e}\"")).collect();
    let pin = format!("{{ sha256: \"{}\" }}", found.sha256);
    let mut text = format!("[{}]", list.join(", "));
    match cluster.get("tls") {
        Some(tls) => edits.push((tls.span.start, trimmed(original, tls), pin)),
        None => {
            let line = original.get(..key.span.start).unwrap_or_default();
            let indent = line.rsplit('\n').next().unwrap_or_default();
            if indent.trim().is_empty() {
                text.push_str(&format!("\n{indent}tls: {pin}"));
            } else {
                text.push_str(&format!(", tls: {pin}"));
            }
        }
    }
    edits.push((endpoints.span.start, trimmed(original, endpoints), text));
}

/// End of a value without the line ends that a block's span may reach over.
fn trimmed(original: &str, node: &Node) -> usize {
    let text = original.get(node.span.start..node.span.end).unwrap_or_default();
    node.span.start + text.trim_end().len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn served() -> Served {
        Served {
            omni_endpoint: "http://127.0.0.1:4000".to_owned(),
            service_account_key: Secret::new(String::new()),
            proxmox: vec![LabProxmox {
                name: "matrix".to_owned(),
                endpoints: vec!["https://127.0.0.1:5000".to_owned()],
                sha256: "AB:CD".to_owned(),
                token: Secret::new(String::new()),
            }],
            store: crate::lab::LabStore {
                endpoint: "http://127.0.0.1:6000".to_owned(),
                access: String::new(),
                secret: Secret::new(String::new()),
            },
            pid: 1,
        }
    }

    #[test]
    fn endpoints_and_pins_are_replaced_and_nothing_else() {
        let spec = "# mine\nomni:\n  endpoint: https://omni.spaceships.work # yes\n  lan_address: 192.168.10.20\nproxmox:\n  matrix:\n    endpoints:\n      - https://192.168.3.5:8006\n      - https://192.168.3.6:8006\n    nodes: [foxtrot]\n";
        let expected = "# mine\nomni:\n  endpoint: http://127.0.0.1:4000 # yes\n  lan_address: 192.168.10.20\nproxmox:\n  matrix:\n    endpoints:\n      [\"https://127.0.0.1:5000\"]\n    tls: { sha256: \"AB:CD\" }\n    nodes: [foxtrot]\n";
        assert_eq!(spec_for(&served(), spec), expected);
        let flow = "omni: { endpoint: https://a.b }\nproxmox:\n  matrix:\n    endpoints: [https://x:1]\n    tls: { ca_file: x.pem }\n";
        let expected = "omni: { endpoint: http://127.0.0.1:4000 }\nproxmox:\n  matrix:\n    endpoints: [\"https://127.0.0.1:5000\"]\n    tls: { sha256: \"AB:CD\" }\n";
        assert_eq!(spec_for(&served(), flow), expected);
        assert_eq!(spec_for(&served(), "a: [b"), "a: [b");
        let kept = "state:\n  store: s3://records/x # ours\n  region: eu-central-1\n";
        let expected = "state:\n  store: s3://records/x\n  endpoint: http://127.0.0.1:6000 # ours\n  region: us-east-1\n";
        assert_eq!(spec_for(&served(), kept), expected);
        let flow = "state: { store: s3://records/x, region: eu-central-1 }\n";
        let expected =
            "state: { store: s3://records/x, endpoint: \"http://127.0.0.1:6000\", region: us-east-1 }\n";
        assert_eq!(spec_for(&served(), flow), expected);
        assert_eq!(spec_for(&served(), "state: { store: local }\n"), "state: { store: local }\n");
    }
}
