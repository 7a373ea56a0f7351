//! Compose files: services, their images, commands, environments and devices.

use crate::diag::Span;
use crate::yaml::{Node, NodeKind};

/// The last part of the name of the provider's image.
pub(super) const PROVIDER_IMAGE: &str = "omni-infra-provider-proxmox";

/// One service.
#[derive(Clone, Copy)]
pub(super) struct Service<'a> {
    pub(super) name: &'a str,
    pub(super) node: &'a Node,
    /// Where its name stands.
    pub(super) at: Span,
}

/// An image as it is named.
#[derive(Clone, Copy)]
pub(super) struct Image<'a> {
    /// Without registry, tag and digest: `siderolabs/omni`.
    pub(super) name: &'a str,
    /// Empty if there is none.
    pub(super) tag: &'a str,
    /// Whether a digest follows.
    pub(super) digest: bool,
    pub(super) at: Span,
}

impl Image<'_> {
    /// The last part of its name.
    pub(super) fn last(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }
}

/// The services of a file.
pub(super) fn services(root: &Node) -> Vec<Service<'_>> {
    let Some(NodeKind::Map(pairs)) = root.get("services").map(|s| &s.kind) else { return Vec::new() };
    pairs
        .iter()
        .map(|(key, node)| Service { name: key.text().unwrap_or_default(), node, at: key.span })
        .collect()
}

/// The service that runs the provider.
pub(super) fn provider(root: &Node) -> Option<Service<'_>> {
    services(root).into_iter().find(|s| s.image().is_some_and(|i| i.last() == PROVIDER_IMAGE))
}

impl<'a> Service<'a> {
    /// Its image.
    pub(super) fn image(&self) -> Option<Image<'a>> {
        let node = self.node.get("image")?;
        let text = node.text()?;
        let (text, digest) = text.split_once('@').map_or((text, false), |(t, _)| (t, true));
        // A colon before the last slash is that of a port.
        let slash = text.rfind('/').map_or(0, |i| i + 1);
        let colon = text.get(slash..).and_then(|t| t.find(':')).map(|i| slash + i);
        let (name, tag) = match colon {
            Some(i) => (text.get(..i)?, text.get(i + 1..)?),
            None => (text, ""),
        };
        Some(Image { name, tag, digest, at: node.span })
    }

    /// The words of its command, each with its place.
    pub(super) fn words(&self) -> Vec<(&'a str, Span)> {
        let Some(node) = self.node.get("command") else { return Vec::new() };
        match &node.kind {
            NodeKind::Seq(items) => items.iter().filter_map(|n| Some((n.text()?, n.span))).collect(),
            NodeKind::Scalar { text, .. } => text.split_whitespace().map(|w| (w, node.span)).collect(),
            NodeKind::Map(_) => Vec::new(),
        }
    }

    /// The value of a flag of its command: `--id=x`, or `--id` and then `x`.
    pub(super) fn flag(&self, name: &str) -> Option<(&'a str, Span)> {
        let words = self.words();
        let at = words.iter().position(|(w, _)| {
            w.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })?;
        let (word, span) = words.get(at)?;
        match word.split_once('=') {
            Some((_, value)) => Some((value, *span)),
            None => words.get(at + 1).copied(),
        }
    }

    /// The value of a variable of its environment, with its place.
    pub(super) fn variable(&self, name: &str) -> Option<(&'a str, Span)> {
        match &self.node.get("environment")?.kind {
            NodeKind::Map(pairs) => {
                let (_, value) = pairs.iter().find(|(k, _)| k.text() == Some(name))?;
                Some((value.text()?, value.span))
            }
            NodeKind::Seq(items) => items.iter().find_map(|n| {
                let (key, value) = n.text()?.split_once('=')?;
                (key == name).then_some((value, n.span))
            }),
            NodeKind::Scalar { .. } => None,
        }
    }

    /// Whether a list of it (`devices`, `volumes`) has an entry of a host path.
    pub(super) fn has(&self, list: &str, path: &str) -> bool {
        let Some(NodeKind::Seq(items)) = self.node.get(list).map(|n| &n.kind) else { return false };
        items.iter().any(|n| {
            let short = n.text().and_then(|t| t.split(':').next());
            let long = n.get("source").and_then(Node::text);
            short.or(long) == Some(path)
        })
    }
}

/// What stands for a value once variables are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// The text itself.
    Written(&'a str),
    /// The default of a variable, with its name.
    Default(&'a str, &'a str),
    /// A variable without a default.
    Variable(&'a str),
    /// Something with variables in it.
    Mixed,
}

/// Reads `${NAME:-default}`, `${NAME-default}`, `${NAME}`, `$NAME` and plain text.
pub(super) fn value(text: &str) -> Value<'_> {
    let text = text.trim().trim_matches(['"', '\'']);
    let Some(rest) = text.strip_prefix('$') else {
        return if text.contains('$') { Value::Mixed } else { Value::Written(text) };
    };
    let inner = rest.strip_prefix('{').and_then(|r| r.strip_suffix('}'));
    let name_ends = |t: &str| t.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(t.len());
    let body = inner.unwrap_or(rest);
    let Some((name, tail)) = body.split_at_checked(name_ends(body)) else { return Value::Mixed };
    match (inner.is_some(), tail) {
        (_, "") => Value::Variable(name),
        (true, tail) => {
            let default = tail.strip_prefix(":-").or_else(|| tail.strip_prefix('-'));
            match default {
                Some(d) if !d.contains('$') => Value::Default(name, d),
                _ => Value::Mixed,
            }
        }
        (false, _) => Value::Mixed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::SourceId;
    use crate::yaml::{Limits, parse};

    #[test]
    fn values_with_variables() {
        for (text, want) in [
            ("proxmox", Value::Written("proxmox")),
            ("${PROVIDER_ID:-matrix}", Value::Default("PROVIDER_ID", "matrix")),
            ("${PROVIDER_ID-matrix}", Value::Default("PROVIDER_ID", "matrix")),
            ("${PROVIDER_ID}", Value::Variable("PROVIDER_ID")),
            ("$PROVIDER_ID", Value::Variable("PROVIDER_ID")),
            ("${A:?missing}", Value::Mixed),
            ("x-$A", Value::Mixed),
            ("$A-x", Value::Mixed),
        ] {
            assert_eq!(value(text), want, "{text}");
        }
    }

    #[test]
    fn services_are_read_in_both_notations() {
        let text = "services:
  a:
    image: registry.example.net:5000/siderolabs/omni-infra-provider-proxmox:v0.2.0@sha256:00
    command: --id x --config-file=/c
    environment: { TS_USERSPACE: 'false' }
    devices: ['/dev/net/tun:/dev/net/tun']
  b:
    image: siderolabs/omni
    command: [--id=y]
    environment: [TS_USERSPACE=true]
";
        let root = parse(SourceId(0), text, &Limits::default()).unwrap().remove(0).root.unwrap();
        let all = services(&root);
        let image = all[0].image().unwrap();
        assert_eq!((image.last(), image.tag, image.digest), (PROVIDER_IMAGE, "v0.2.0", true));
        assert_eq!(all[0].flag("--id").map(|f| f.0), Some("x"));
        assert_eq!(all[0].variable("TS_USERSPACE").map(|f| f.0), Some("false"));
        assert!(all[0].has("devices", "/dev/net/tun") && !all[1].has("devices", "/dev/net/tun"));
        let image = all[1].image().unwrap();
        assert_eq!((image.name, image.tag, image.digest), ("siderolabs/omni", "", false));
        assert_eq!(all[1].flag("--id").map(|f| f.0), Some("y"));
        assert_eq!(all[1].variable("TS_USERSPACE").map(|f| f.0), Some("true"));
        assert_eq!(provider(&root).map(|s| s.name), Some("a"));
    }
}
