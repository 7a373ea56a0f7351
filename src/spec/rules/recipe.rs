//! The provider data of a class whose provider works on a Proxmox cluster of the spec.

use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::spec::class::Class;
use crate::spec::model::{ProxmoxCluster, Spec};
use crate::yaml::{Limits, Node, NodeKind, describe, is_null, parse_inner};

/// What the rules look at.
pub(super) struct Recipe<'a> {
    pub(super) cluster: &'a ProxmoxCluster,
    pub(super) source: SourceId,
    /// What a missing field is reported at.
    pub(super) at: Span,
    root: Option<Node>,
}

impl<'a> Recipe<'a> {
    /// Reads the data; reports what makes it unreadable, and what the provider does not read. `None` for other providers, whose
    /// classes are checked against the schema that they publish.
    pub(super) fn open(class: &Class, spec: &'a Spec, text: &str, sink: &mut Sink) -> Option<Self> {
        let (id, place) = class.provider.as_ref()?;
        // An id that differs in case only was reported; the data is checked as if it were right, so that one run tells all.
        let provider = spec.providers.get(id).or_else(|| {
            spec.providers.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)).map(|(_, p)| p)
        })?;
        let cluster = spec.proxmox.get(provider.proxmox.as_ref()?)?;
        let source = class.place.source;
        let Some(data) = &class.provider_data else {
            return Some(Self { cluster, source, at: place.span, root: None });
        };
        let documents = match parse_inner(source, text, data, &Limits::default()) {
            Ok(documents) => documents,
            Err(problems) => {
                let why = "in `providerdata`: the provider could not read it and would make no machine";
                sink.push_all(problems.into_iter().map(|d| d.note(why)));
                return None;
            }
        };
        if let Some(second) = documents.get(1) {
            sink.push(
                Diagnostic::warning(
                    codes::NO_EFFECT,
                    "the provider reads the first document of `providerdata` only",
                )
                .at(source, second.span, "this is ignored")
                .help("join the documents"),
            );
        }
        let root = documents.into_iter().next().and_then(|d| d.root).filter(|r| !is_null(r));
        if let Some(root) = &root
            && !matches!(root.kind, NodeKind::Map(_))
        {
            sink.push(
                Diagnostic::error(
                    codes::PROVIDER_DATA,
                    format!("`providerdata` must be a mapping, not {}", describe(root)),
                )
                .at(source, root.span, ""),
            );
            return None;
        }
        Some(Self { cluster, source, at: data.span, root })
    }

    /// The entries of the data.
    pub(super) fn pairs(&self) -> &[(Node, Node)] {
        match self.root.as_ref().map(|r| &r.kind) {
            Some(NodeKind::Map(pairs)) => pairs,
            _ => &[],
        }
    }

    /// A value that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        get(self.pairs(), key)
    }

    /// The mappings in a list, as pairs with the place of each.
    pub(super) fn tables(&self, key: &str) -> Vec<(&[(Node, Node)], Span)> {
        match self.get(key).map(|n| &n.kind) {
            Some(NodeKind::Seq(items)) => items
                .iter()
                .filter_map(|n| match &n.kind {
                    NodeKind::Map(pairs) => Some((pairs.as_slice(), n.span)),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The disks: the data itself, then the additional ones.
    pub(super) fn disks(&self) -> Vec<&[(Node, Node)]> {
        std::iter::once(self.pairs())
            .chain(self.tables("additional_disks").into_iter().map(|(pairs, _)| pairs))
            .collect()
    }
}

/// A value of a mapping that is there and not null.
pub(super) fn get<'a>(pairs: &'a [(Node, Node)], key: &str) -> Option<&'a Node> {
    pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v).filter(|v| !is_null(v))
}
