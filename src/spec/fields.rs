//! Reading the strict sections of the spec: known keys only, values of exactly the type that is asked for.

use crate::diag::{Diagnostic, Sink, SourceId, Span, closest, codes};
use crate::untrusted::Untrusted;
use crate::yaml::{Node, NodeKind, Scalar, describe, is_null, resolve};

/// Words of a file as they may stand in a message.
pub(super) fn quote(text: &str) -> String {
    format!("`{}`", Untrusted::new(text).line(80))
}

/// A mapping of the spec whose keys are all known.
pub(super) struct Fields<'a> {
    pairs: &'a [(Node, Node)],
    pub(super) source: SourceId,
    /// What a missing field is reported at.
    pub(super) span: Span,
    /// What it is called: `omni`, `proxmox.matrix.tls`.
    pub(super) name: String,
}

impl<'a> Fields<'a> {
    /// Opens a mapping; reports other values, and keys that are not known. Null is an empty mapping.
    pub(super) fn open(
        source: SourceId,
        node: &'a Node,
        name: &str,
        at: Span,
        known: &[&str],
        sink: &mut Sink,
    ) -> Option<Self> {
        let pairs: &[(Node, Node)] = match &node.kind {
            NodeKind::Map(pairs) => pairs,
            _ if is_null(node) => &[],
            _ => {
                sink.push(wrong_type(source, node, name, "a mapping"));
                return None;
            }
        };
        for (key, _) in pairs {
            let text = key.text().unwrap_or_default();
            if !known.contains(&text) {
                let mut d =
                    Diagnostic::error(codes::UNKNOWN_KEY, format!("`{name}` has no field {}", quote(text)))
                        .at(source, key.span, "not known");
                d = match closest(text, known.iter().copied()) {
                    Some(near) => d.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => d,
                    None => d.help(format!("it has {}", list(known))),
                };
                sink.push(d);
            }
        }
        Some(Self { pairs, source, span: at, name: name.to_owned() })
    }

    /// The value of a field that is there and not null.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.pairs.iter().find(|(k, _)| k.text() == Some(key)).map(|(_, v)| v).filter(|v| !is_null(v))
    }

    /// Reports a field that must be there.
    pub(super) fn need(&self, key: &str, sink: &mut Sink) -> Option<&'a Node> {
        let found = self.get(key);
        if found.is_none() {
            sink.push(
                Diagnostic::error(codes::MISSING_FIELD, format!("`{}` has no `{key}`", self.name))
                    .at(self.source, self.span, "")
                    .help(format!("add `{key}: …`")),
            );
        }
        found
    }

    fn path(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }

    /// Text of a node.
    pub(super) fn text_of(&self, node: &'a Node, key: &str, sink: &mut Sink) -> Option<&'a str> {
        match (&node.kind, resolve(node)) {
            (NodeKind::Scalar { text, .. }, Scalar::Str) => Some(text),
            (NodeKind::Scalar { text, .. }, _) => {
                sink.push(
                    wrong_type(self.source, node, &self.path(key), "text")
                        .help(format!("put it in quotes: \"{}\"", Untrusted::new(text.as_str()).line(40))),
                );
                None
            }
            _ => {
                sink.push(wrong_type(self.source, node, &self.path(key), "text"));
                None
            }
        }
    }

    /// A text field.
    pub(super) fn text(&self, key: &str, sink: &mut Sink) -> Option<(&'a str, Span)> {
        let node = self.get(key)?;
        Some((self.text_of(node, key, sink)?, node.span))
    }

    /// A text field that must be there.
    pub(super) fn need_text(&self, key: &str, sink: &mut Sink) -> Option<(&'a str, Span)> {
        let node = self.need(key, sink)?;
        Some((self.text_of(node, key, sink)?, node.span))
    }

    /// A whole number from `min` to `max`, written in plain decimal digits.
    pub(super) fn number(&self, key: &str, min: u64, max: u64, sink: &mut Sink) -> Option<u64> {
        let node = self.get(key)?;
        let plain = match (&node.kind, resolve(node)) {
            (NodeKind::Scalar { text, .. }, Scalar::Int(i)) if *text == i.to_string() => {
                u64::try_from(i).ok()
            }
            _ => None,
        };
        match plain {
            Some(n) if (min..=max).contains(&n) => Some(n),
            Some(n) => {
                sink.push(bad_value(
                    self.source,
                    node.span,
                    format!("`{}` is {n}, but must be from {min} to {max}", self.path(key)),
                ));
                None
            }
            None => {
                let d = wrong_type(self.source, node, &self.path(key), "a whole number in decimal digits");
                sink.push(d);
                None
            }
        }
    }

    /// The elements of a list.
    pub(super) fn list(&self, key: &str, sink: &mut Sink) -> Option<&'a [Node]> {
        let node = self.get(key)?;
        if let NodeKind::Seq(items) = &node.kind {
            return Some(items);
        }
        sink.push(
            wrong_type(self.source, node, &self.path(key), "a list")
                .help("write each entry after `- `, or all in `[…]`"),
        );
        None
    }

    /// The texts of a list, each with its place.
    pub(super) fn texts(&self, key: &str, sink: &mut Sink) -> Vec<(&'a str, Span)> {
        self.list(key, sink)
            .unwrap_or_default()
            .iter()
            .filter_map(|n| Some((self.text_of(n, key, sink)?, n.span)))
            .collect()
    }
}

/// `a`, `b` and `c`
pub(super) fn list(names: &[&str]) -> String {
    /// More names than that are nothing that anybody reads.
    const MOST: usize = 30;
    let quoted: Vec<String> = names.iter().take(MOST).map(|n| format!("`{n}`")).collect();
    match quoted.split_last() {
        Some(_) if names.len() > MOST => format!("{} and {} more", quoted.join(", "), names.len() - MOST),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".into(),
    }
}

/// A value of another type.
pub(super) fn wrong_type(source: SourceId, node: &Node, name: &str, wanted: &str) -> Diagnostic {
    Diagnostic::error(codes::WRONG_TYPE, format!("`{name}` takes {wanted}, not {}", describe(node)))
        .at(source, node.span, "")
}

/// A value that the field cannot have.
pub(super) fn bad_value(source: SourceId, span: Span, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::BAD_VALUE, message).at(source, span, "")
}
