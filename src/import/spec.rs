//! The text of a new spec.

use super::providers::Provider;
use super::request::Facts;
use crate::value::Value;
use crate::yaml::{self, Out};

/// Folder of templates, where the spec is new.
pub(super) const CLUSTERS: &str = "clusters";
/// Folder of machine classes, where the spec is new.
pub(super) const CLASSES: &str = "machine-classes";

/// One YAML scalar, quoted where it needs it.
fn scalar(text: &str) -> String {
    yaml::write(&Out::Scalar(Value::from(text)), 2).trim_end().to_owned()
}

fn flow(items: &[String]) -> String {
    format!("[{}]", items.iter().map(|i| scalar(i)).collect::<Vec<_>>().join(", "))
}

/// The spec for `facts` and `providers`.
pub(super) fn text(facts: &Facts, providers: &[Provider], classes: bool, clusters: bool) -> String {
    let mut out = String::from(
        "# What is managed and where, as `omni-scale import` found it. Credentials come from the environment; nothing in this file\n# is a secret.\n\n",
    );
    out.push_str("omni:\n");
    comment(&mut out, 2, &facts.endpoint_comment);
    out.push_str(&format!("  endpoint: {}\n", scalar(&facts.endpoint)));
    if let Some(version) = &facts.version {
        comment(&mut out, 2, "What the server says; by it templates are read where no server is asked.");
        out.push_str(&format!("  version: {}\n", scalar(version)));
    }
    if !facts.proxmox.is_empty() {
        out.push_str("\nproxmox:\n");
        for cluster in &facts.proxmox {
            out.push_str(&format!("  {}:\n", scalar(&cluster.name)));
            comment(&mut out, 4, &cluster.comment);
            out.push_str("    endpoints:\n");
            for endpoint in &cluster.endpoints {
                out.push_str(&format!("      - {}\n", scalar(endpoint)));
            }
            out.push_str(&format!("    nodes: {}\n", flow(&cluster.nodes)));
        }
    }
    if !facts.unread.is_empty() {
        out.push('\n');
        for line in &facts.unread {
            comment(&mut out, 0, line);
        }
    }
    if !providers.is_empty() {
        out.push_str(
            "\n# By their ids in Omni, case-sensitive, as `providerid` in the classes.\nproviders:\n",
        );
        for provider in providers {
            comment(&mut out, 2, &provider.comment);
            out.push_str(&entry(provider));
        }
    }
    out.push('\n');
    if classes {
        out.push_str(&format!("machine_classes: [{CLASSES}]\n"));
    }
    if clusters {
        out.push_str("# `record`: only what omni-scale made or adopted is ever removed.\n");
        out.push_str(&format!("clusters: {{ paths: [{CLUSTERS}], prune: record }}\n"));
    }
    out.push_str("state: { store: local }\n");
    out
}

/// The lines of one provider in the section `providers`.
pub(super) fn entry(provider: &Provider) -> String {
    match &provider.proxmox {
        Some(cluster) => format!("  {}:\n    proxmox: {}\n", scalar(&provider.id), scalar(cluster)),
        None => format!("  {}: {{}}\n", scalar(&provider.id)),
    }
}

fn comment(out: &mut String, indent: usize, line: &str) {
    if line.is_empty() {
        return;
    }
    out.push_str(&" ".repeat(indent));
    out.push_str(&format!("# {line}\n"));
}
