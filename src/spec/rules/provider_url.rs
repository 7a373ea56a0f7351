//! The provider's address of Proxmox ends in `/api2/json`; keys that it does not know it ignores.

use crate::diag::{Diagnostic, Sink, SourceId, closest, codes};
use crate::spec::fields::quote;
use crate::yaml::{Document, NodeKind};

const KEYS: [&str; 7] =
    ["url", "username", "password", "realm", "tokenID", "tokenSecret", "insecureSkipVerify"];

pub(super) fn check(source: SourceId, documents: &[Document], sink: &mut Sink) {
    let Some(root) = documents.first().and_then(|d| d.root.as_ref()) else { return };
    let Some(section) = root.get("proxmox") else {
        sink.push(
            Diagnostic::error(codes::MISSING_FIELD, "the provider's configuration has no `proxmox`")
                .at(source, root.span, "")
                .help("add `proxmox: { url: https://…:8006/api2/json, tokenID: …, tokenSecret: ${…} }`"),
        );
        return;
    };
    if let NodeKind::Map(pairs) = &section.kind {
        for (key, _) in pairs {
            let name = key.text().unwrap_or_default();
            if !KEYS.contains(&name) {
                let mut d = Diagnostic::warning(
                    codes::PROVIDER_KEY_IGNORED,
                    format!("the provider ignores {} in its configuration", quote(name)),
                )
                .at(source, key.span, "has no effect");
                if let Some(near) = closest(name, KEYS) {
                    d = d.help(format!("did you mean `{near}`?"));
                }
                sink.push(d);
            }
        }
    }
    match section.get("url").and_then(|n| n.text().map(|t| (n, t))) {
        Some((node, text)) if !text.ends_with("/api2/json") && !text.starts_with('$') => sink.push(
            Diagnostic::error(
                codes::BAD_VALUE,
                format!("the provider's address {} does not end in `/api2/json`", quote(text)),
            )
            .at(source, node.span, "")
            .help("write `https://<node>:8006/api2/json`"),
        ),
        Some(_) => {}
        None => {
            sink.push(
                Diagnostic::error(codes::MISSING_FIELD, "the provider's configuration has no `proxmox.url`")
                    .at(source, section.span, ""),
            );
        }
    }
}
