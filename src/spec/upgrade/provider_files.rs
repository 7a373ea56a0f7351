//! What `compose.yml` and `config.yaml` of an infrastructure provider say about Omni and Proxmox. Secrets are not looked at.

use url::Url;

use crate::diag::Source;
use crate::spec::sections::address;
use crate::yaml::{Document, Node, NodeKind};

use super::fact::Fact;

/// What a provider's `compose.yml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Compose {
    pub(super) omni: Option<Fact>,
    pub(super) id: Option<Fact>,
}

/// Reads a compose file, if it is one of a provider for Omni.
pub(super) fn compose(source: &Source, documents: &[Document]) -> Option<Compose> {
    let services = documents.first()?.root.as_ref()?.get("services")?;
    let mut words = Vec::new();
    scalars(services, &mut words);
    let provider =
        words.iter().any(|(w, _)| w.contains("omni-infra-provider") || w.starts_with("--omni-api-endpoint"));
    if !provider {
        return None;
    }
    let mut out = Compose::default();
    for (i, (word, at)) in words.iter().enumerate() {
        let value = |flag: &str| {
            let rest = word.strip_prefix(flag)?;
            match rest.strip_prefix('=') {
                Some(value) => Some(value),
                None if rest.is_empty() => words.get(i + 1).map(|(w, _)| w.as_str()),
                None => None,
            }
        };
        let line = source.line_col(*at).0;
        if let Some(raw) = value("--omni-api-endpoint").or_else(|| word.strip_prefix("OMNI_ENDPOINT=")) {
            let fact = fact(raw, &source.path, line);
            out.omni = out.omni.or_else(|| {
                let fact = fact?;
                Some(Fact { value: address::endpoint(&fact.value, true).ok()?, ..fact })
            });
        } else if let Some(raw) = value("--id") {
            out.id = out.id.or_else(|| fact(raw, &source.path, line));
        }
    }
    Some(out)
}

/// The words of a command or environment: elements of lists, and texts split at blanks.
fn scalars(node: &Node, out: &mut Vec<(String, usize)>) {
    match &node.kind {
        NodeKind::Map(pairs) => pairs.iter().for_each(|(_, v)| scalars(v, out)),
        NodeKind::Seq(items) => items.iter().for_each(|n| scalars(n, out)),
        NodeKind::Scalar { text, .. } => {
            out.extend(text.split_whitespace().map(|w| (w.to_owned(), node.span.start)));
        }
    }
}

/// A value, or the default of the variable that it refers to.
fn fact(raw: &str, path: &str, line: usize) -> Option<Fact> {
    let raw = raw.trim_matches(['"', '\'']);
    let Some(inner) = raw.strip_prefix("${").and_then(|r| r.strip_suffix('}')) else {
        return (!raw.is_empty() && !raw.starts_with('$')).then(|| Fact::file(raw, format!("{path}:{line}")));
    };
    let (name, default) = inner.split_once(":-").or_else(|| inner.split_once('-'))?;
    (!default.is_empty()).then(|| Fact::file(default, format!("{path}:{line}, the default of {name}")))
}

/// The origin of Proxmox in a provider's `config.yaml` or in an example of it.
pub(super) fn config(source: &Source, documents: &[Document]) -> Option<Fact> {
    let node = documents.first()?.root.as_ref()?.get("proxmox")?.get("url")?;
    let origin = proxmox_origin(node.text()?)?;
    Some(Fact::file(origin, format!("{}:{}", source.path, source.line_col(node.span.start).0)))
}

/// The origin of an address of Proxmox's API, with or without `/api2/json`.
pub(super) fn proxmox_origin(text: &str) -> Option<String> {
    let text = text.trim_end_matches('/');
    address::endpoint(text.strip_suffix("/api2/json").unwrap_or(text), false).ok()
}

/// Whether an origin has Proxmox's own port.
pub(super) fn has_proxmox_port(origin: &str) -> bool {
    Url::parse(origin).is_ok_and(|u| u.port() == Some(8006))
}
