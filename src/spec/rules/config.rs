//! The provider's own configuration, `config.yaml`.

use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::yaml::{Document, Node, NodeKind, is_null};

/// What stands below `proxmox`.
pub(super) struct Config<'a> {
    pub(super) source: SourceId,
    /// The text of the file.
    pub(super) text: &'a str,
    /// What a missing field is reported at.
    pub(super) at: Span,
    section: &'a Node,
}

impl<'a> Config<'a> {
    /// Opens a file; reports what makes it useless.
    pub(super) fn open(
        source: SourceId,
        text: &'a str,
        documents: &'a [Document],
        sink: &mut Sink,
    ) -> Option<Self> {
        let root = documents.first().and_then(|d| d.root.as_ref())?;
        let Some((key, section)) = root.entry("proxmox") else {
            sink.push(
                Diagnostic::error(codes::MISSING_FIELD, "the provider's configuration has no `proxmox`")
                    .at(source, root.span, "")
                    .help("add `proxmox: { url: https://…:8006/api2/json, tokenID: …, tokenSecret: ${…} }`"),
            );
            return None;
        };
        Some(Self { source, text, at: key.span, section })
    }

    /// Its entries.
    pub(super) fn pairs(&self) -> &'a [(Node, Node)] {
        match &self.section.kind {
            NodeKind::Map(pairs) => pairs,
            _ => &[],
        }
    }

    /// A value that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.section.get(key).filter(|n| !is_null(n))
    }

    /// Whether a text is there that is not empty.
    pub(super) fn set(&self, key: &str) -> bool {
        self.get(key).and_then(Node::text).is_some_and(|t| !t.is_empty())
    }

    /// Whether all of these are set.
    pub(super) fn has(&self, keys: [&str; 2]) -> bool {
        keys.iter().all(|k| self.set(k))
    }
}
