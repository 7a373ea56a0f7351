//! `proxmox:` — Proxmox clusters by name.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::model::{Place, ProxmoxCluster};
use crate::yaml::as_pairs;

use super::{address, trust};

/// Reads the section.
pub(in crate::spec) fn read(
    source: SourceId,
    section: Option<&Section<'_>>,
    sink: &mut Sink,
) -> BTreeMap<String, ProxmoxCluster> {
    let mut out = BTreeMap::new();
    let Some(section) = section else { return out };
    let Ok(pairs) = as_pairs(section.node) else {
        sink.push(
            crate::spec::fields::wrong_type(source, section.node, "proxmox", "a mapping of clusters by name")
                .help("write `proxmox: { <name>: { endpoints: […], nodes: […] } }`"),
        );
        return out;
    };
    for (key, node) in pairs {
        let name = key.text().unwrap_or_default();
        // The name becomes part of an environment variable.
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')) {
            sink.push(
                bad_value(source, key.span, format!("{} is no name for a Proxmox cluster", quote(name)))
                    .help("letters, digits, `-` and `_`"),
            );
        }
        let path = format!("proxmox.{name}");
        let known = ["endpoints", "tls", "nodes", "dns"];
        let Some(fields) = Fields::open(source, node, &path, key.span, &known, sink) else { continue };
        if let Some(cluster) = cluster(source, &fields, Place { source, span: key.span }, sink) {
            out.insert(name.to_owned(), cluster);
        }
    }
    out
}

fn cluster(source: SourceId, fields: &Fields<'_>, place: Place, sink: &mut Sink) -> Option<ProxmoxCluster> {
    let mut endpoints = Vec::new();
    fields.need("endpoints", sink)?;
    for (text, span) in fields.texts("endpoints", sink) {
        match address::endpoint(text, false) {
            Ok(origin) if endpoints.contains(&origin) => {
                sink.push(bad_value(source, span, format!("the endpoint {} stands twice", quote(text))));
            }
            Ok(origin) => endpoints.push(origin),
            Err(why) => sink.push(
                address::refused(source, span, text, &why)
                    .help("write `https://host:8006`, without `/api2/json`"),
            ),
        }
    }
    if fields.list("endpoints", &mut Sink::default()).is_some_and(<[_]>::is_empty) {
        sink.push(bad_value(source, fields.span, format!("`{}` has no endpoints", fields.name)));
    }
    let mut nodes: Vec<String> = Vec::new();
    for (text, span) in fields.texts("nodes", sink) {
        if !address::is_label(text) {
            sink.push(bad_value(source, span, format!("{} is no name of a Proxmox node", quote(text))));
        } else if nodes.iter().any(|n| n == text) {
            sink.push(
                Diagnostic::error(codes::DUPLICATE_NAME, format!("the node `{text}` stands twice"))
                    .at(source, span, ""),
            );
        } else {
            nodes.push(text.to_owned());
        }
    }
    if nodes.is_empty() && fields.get("nodes").is_none() {
        fields.need("nodes", sink);
    }
    let dns = fields
        .texts("dns", sink)
        .into_iter()
        .filter_map(|(text, span)| {
            let ip = address::ip(text);
            if ip.is_none() {
                sink.push(bad_value(source, span, format!("{} is no IP address", quote(text))));
            }
            ip
        })
        .collect();
    let trust = trust::read(source, fields, sink);
    Some(ProxmoxCluster { endpoints, trust, nodes, dns, place })
}
