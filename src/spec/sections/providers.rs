//! `providers:` — Omni's infrastructure providers by id.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Sink, SourceId, Span, closest, codes};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, list, quote, wrong_type};
use crate::spec::files::below_root;
use crate::spec::model::{Container, Place, Provider, ProxmoxCluster};
use crate::yaml::as_pairs;

use super::address;

/// Reads the section.
pub(in crate::spec) fn read(
    source: SourceId,
    section: Option<&Section<'_>>,
    clusters: &BTreeMap<String, ProxmoxCluster>,
    sink: &mut Sink,
) -> BTreeMap<String, Provider> {
    let mut out = BTreeMap::new();
    let Some(section) = section else { return out };
    let Ok(pairs) = as_pairs(section.node) else {
        sink.push(
            wrong_type(source, section.node, "providers", "a mapping of providers by id").help(
                "write `providers: { <id>: { proxmox: <name> } }`, or `<id>: {}` for any other provider",
            ),
        );
        return out;
    };
    for (key, node) in pairs {
        let id = key.text().unwrap_or_default();
        if id.is_empty() || id.contains(char::is_whitespace) || id.contains('/') {
            sink.push(bad_value(source, key.span, format!("{} is no id of a provider", quote(id))));
            continue;
        }
        let name = format!("providers.{id}");
        let known = ["proxmox", "container", "compose", "app_directory"];
        let Some(fields) = Fields::open(source, node, &name, key.span, &known, sink) else { continue };
        let place = Place { source, span: key.span };
        out.insert(id.to_owned(), provider(source, &fields, place, clusters, sink));
    }
    out
}

fn provider(
    source: SourceId,
    fields: &Fields<'_>,
    place: Place,
    clusters: &BTreeMap<String, ProxmoxCluster>,
    sink: &mut Sink,
) -> Provider {
    let proxmox = fields.text("proxmox", sink);
    if let Some((name, span)) = proxmox
        && !clusters.contains_key(name)
    {
        let known: Vec<&str> = clusters.keys().map(String::as_str).collect();
        let mut d = Diagnostic::error(
            codes::UNKNOWN_REFERENCE,
            format!("there is no Proxmox cluster {} in the section `proxmox`", quote(name)),
        )
        .at(source, span, "not described");
        d = match closest(name, known.iter().copied()) {
            Some(near) => d.help(format!("did you mean `{near}`?")),
            None => d.help(format!("it has {}", list(&known))),
        };
        sink.push(d);
    }
    if proxmox.is_none() {
        for key in ["container", "compose", "app_directory"] {
            if let Some(node) = fields.get(key) {
                sink.push(
                    Diagnostic::error(
                        codes::NO_EFFECT,
                        format!(
                            "`{key}` is for providers with a Proxmox cluster, and `{}` has none",
                            fields.name
                        ),
                    )
                    .at(source, node.span, "")
                    .help("add `proxmox: <name>`, or remove it"),
                );
            }
        }
        return Provider { proxmox: None, container: None, compose: None, app_directory: None, place };
    }
    let cluster = proxmox.and_then(|(name, _)| clusters.get(name));
    let container = fields.get("container").and_then(|node| {
        let known =
            ["node", "vmid", "hostname", "address", "gateway", "cores", "memory_mb", "disk_gb", "bridge"];
        let name = format!("{}.container", fields.name);
        let inner = Fields::open(source, node, &name, node.span, &known, sink)?;
        container(source, &inner, Place { source, span: node.span }, cluster, sink)
    });
    let compose = fields.text("compose", sink).and_then(|(text, span)| match below_root(text) {
        Ok(path) => Some(path),
        Err(why) => {
            sink.push(escapes(source, span, text, why));
            None
        }
    });
    let app_directory = fields.text("app_directory", sink).and_then(|(text, span)| {
        let plain = text.starts_with('/')
            && text.len() > 1
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.'))
            && !text.split('/').any(|p| p == "..");
        if !plain {
            sink.push(
                bad_value(source, span, format!("{} is no folder of the container", quote(text)))
                    .help("an absolute path of letters, digits, `-`, `_`, `.` and `/`"),
            );
        }
        plain.then(|| text.to_owned())
    });
    Provider { proxmox: proxmox.map(|(name, _)| name.to_owned()), container, compose, app_directory, place }
}

fn container(
    source: SourceId,
    fields: &Fields<'_>,
    place: Place,
    cluster: Option<&ProxmoxCluster>,
    sink: &mut Sink,
) -> Option<Container> {
    let node = fields.need_text("node", sink);
    if let (Some((name, span)), Some(cluster)) = (node, cluster)
        && !cluster.nodes.iter().any(|n| n == name)
    {
        let known: Vec<&str> = cluster.nodes.iter().map(String::as_str).collect();
        let mut d = Diagnostic::error(
            codes::UNKNOWN_REFERENCE,
            format!("the Proxmox cluster has no node {}", quote(name)),
        )
        .at(source, span, "not among its nodes");
        d = match closest(name, known.iter().copied()) {
            Some(near) => d.help(format!("did you mean `{near}`?")),
            None => d.help(format!("it has {}", list(&known))),
        };
        sink.push(d);
    }
    fields.need("vmid", sink);
    // Proxmox's own bounds for guest ids.
    let vmid = fields.number("vmid", 100, 999_999_999, sink);
    let label = |key: &str, sink: &mut Sink| {
        let (text, span) = fields.text(key, sink)?;
        let fits = if key == "hostname" {
            text.split('.').all(address::is_label)
        } else {
            address::is_label(text) && text.len() <= 15
        };
        if !fits {
            sink.push(bad_value(source, span, format!("{} is no {key}", quote(text))));
        }
        fits.then(|| text.to_owned())
    };
    let hostname = label("hostname", sink);
    let bridge = label("bridge", sink);
    let address = fields.text("address", sink).and_then(|(text, span)| {
        let parsed = address::cidr(text);
        if parsed.is_none() {
            sink.push(
                bad_value(source, span, format!("{} is no address with prefix length", quote(text)))
                    .help("for example `192.168.3.10/24`"),
            );
        }
        parsed.map(|net| (text.to_owned(), net))
    });
    let gateway = fields.text("gateway", sink).and_then(|(text, span)| {
        let ip = address::ip(text);
        let fits = match (ip.as_deref().and_then(|i| i.parse().ok()), &address) {
            (None, _) => Err("is no IP address"),
            (Some(ip), Some((_, net))) if !address::same_network(*net, ip) => {
                Err("is not in the network of the container's address")
            }
            _ => Ok(()),
        };
        if let Err(why) = fits {
            sink.push(bad_value(source, span, format!("the gateway {} {why}", quote(text))));
        }
        ip
    });
    let small = |key: &str, min: u64, max: u64, sink: &mut Sink| {
        fields.number(key, min, max, sink).and_then(|n| u32::try_from(n).ok())
    };
    let (cores, memory_mb, disk_gb) = (
        small("cores", 1, 8192, sink),
        small("memory_mb", 16, 16_777_216, sink),
        small("disk_gb", 1, 131_072, sink),
    );
    Some(Container {
        node: node?.0.to_owned(),
        vmid: u32::try_from(vmid?).ok()?,
        hostname,
        address: address.map(|(text, _)| text),
        gateway,
        cores,
        memory_mb,
        disk_gb,
        bridge,
        place,
    })
}

pub(super) fn escapes(source: SourceId, span: Span, text: &str, why: &str) -> Diagnostic {
    Diagnostic::error(codes::PATH_ESCAPES, format!("the path {} {why}", quote(text)))
        .at(source, span, "")
        .help("paths are relative to the repository and stay below it")
}
