//! The provider data of a class whose provider works on a Proxmox cluster of the spec.

use crate::diag::fix::Fix;
use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::spec::class::Class;
use crate::spec::model::{ProxmoxCluster, Spec};
use crate::spec::provider_data::{FIELDS, Type};
use crate::yaml::{Limits, Node, NodeKind, describe, is_null, parse_inner};

use super::lines;
use super::provider::{Provider, Providers};

/// What the rules look at.
pub(super) struct Recipe<'a> {
    pub(super) cluster: &'a ProxmoxCluster,
    pub(super) source: SourceId,
    /// What a missing field is reported at.
    pub(super) at: Span,
    /// What the files of its provider say; nothing is known where the spec names none.
    pub(super) provider: &'a Provider,
    /// The text of the file.
    text: &'a str,
    root: Option<Node>,
}

/// One field of the data, of the data itself or of a mapping in it.
pub(super) struct Field<'a> {
    /// `additional_disks[0].disk_size`
    pub(super) path: String,
    pub(super) kind: Type,
    pub(super) key: &'a Node,
    pub(super) value: &'a Node,
}

/// A key that no generation of the provider reads.
pub(super) struct Stray<'a> {
    pub(super) key: &'a Node,
    /// The key that holds its mapping; empty for the data itself.
    pub(super) within: &'static str,
    /// What can stand there.
    pub(super) fields: &'static [(&'static str, Type)],
    /// What stands beside it.
    pub(super) beside: &'a [(Node, Node)],
}

impl<'a> Recipe<'a> {
    /// Reads the data; reports what makes it unreadable, and what the provider does not read. `None` for other providers, whose
    /// classes are checked against the schema that they publish.
    pub(super) fn open(
        class: &Class,
        spec: &'a Spec,
        providers: &'a Providers,
        text: &'a str,
        sink: &mut Sink,
    ) -> Option<Self> {
        let (id, place) = class.provider.as_ref()?;
        // An id that differs in case only was reported; the data is checked as if it were right, so that one run tells all.
        let (id, provider) = spec
            .providers
            .get_key_value(id)
            .or_else(|| spec.providers.iter().find(|(known, _)| known.eq_ignore_ascii_case(id)))?;
        let cluster = spec.proxmox.get(provider.proxmox.as_ref()?)?;
        let provider = providers.get(id);
        let source = class.place.source;
        let Some(data) = &class.provider_data else {
            return Some(Self { cluster, source, at: place.span, provider, text, root: None });
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
        Some(Self { cluster, source, at: data.span, provider, text, root })
    }

    /// Every field whose name is known, in the order of the text.
    pub(super) fn fields(&self) -> Vec<Field<'_>> {
        let mut out = Vec::new();
        walk(self.pairs(), FIELDS, "", "", &mut out, &mut Vec::new());
        out
    }

    /// Every key whose name is not known.
    pub(super) fn strays(&self) -> Vec<Stray<'_>> {
        let mut out = Vec::new();
        walk(self.pairs(), FIELDS, "", "", &mut Vec::new(), &mut out);
        out
    }

    /// The text of the file.
    pub(super) fn text(&self) -> &str {
        self.text
    }

    /// The text of a boolean or another scalar of the data itself.
    pub(super) fn word(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Node::text)
    }

    /// Another text in place of a value, where the value stands as it is read.
    pub(super) fn replace(&self, key: &Node, value: &Node, with: &str) -> Option<Fix> {
        let span = lines::exact(self.text, key, value)?;
        Some(Fix::one(format!("write `{}: {with}`", key.text()?), self.source, span, with))
    }

    /// Another name for a key.
    pub(super) fn rename(&self, key: &Node, to: &str) -> Option<Fix> {
        let span = lines::verbatim(self.text, key)?;
        Some(Fix::one(format!("write `{to}` for `{}`", key.text()?), self.source, span, to))
    }

    /// Without the line of a key; a comment behind it stays.
    pub(super) fn without(&self, key: &Node, value: &Node) -> Option<Fix> {
        let span = lines::line_of(self.text, key, value)?;
        Some(Fix::one(format!("remove `{}`", key.text()?), self.source, span, ""))
    }

    /// A new line behind that of a key of the data itself, else behind the first one's.
    pub(super) fn with(&self, after: &str, line: &str) -> Option<Fix> {
        let pairs = self.pairs();
        let (key, value) = pairs.iter().find(|(k, _)| k.text() == Some(after)).or_else(|| pairs.first())?;
        let (at, text) = lines::behind(self.text, key, value, line)?;
        Some(Fix::one(format!("add `{line}`"), self.source, Span::new(at, at), text))
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

fn walk<'a>(
    pairs: &'a [(Node, Node)],
    known: &'static [(&'static str, Type)],
    within: &'static str,
    path: &str,
    fields: &mut Vec<Field<'a>>,
    strays: &mut Vec<Stray<'a>>,
) {
    for (key, value) in pairs {
        let Some((name, kind)) = known.iter().find(|(f, _)| key.text() == Some(f)) else {
            strays.push(Stray { key, within, fields: known, beside: pairs });
            continue;
        };
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        match (kind, &value.kind) {
            (Type::Table(inner), NodeKind::Map(pairs)) => walk(pairs, inner, name, &path, fields, strays),
            (Type::Tables(inner), NodeKind::Seq(items)) => {
                for (i, item) in items.iter().enumerate() {
                    if let NodeKind::Map(pairs) = &item.kind {
                        walk(pairs, inner, name, &format!("{path}[{i}]"), fields, strays);
                    }
                }
            }
            _ => {}
        }
        fields.push(Field { path, kind: *kind, key, value });
    }
}

/// A value of a mapping that is there and not null.
pub(super) fn get<'a>(pairs: &'a [(Node, Node)], key: &str) -> Option<&'a Node> {
    pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v).filter(|v| !is_null(v))
}
