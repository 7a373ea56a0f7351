//! Reading the fields of one mapping: known keys, types, and what null means.

use crate::diag::{Diagnostic, Sink, SourceId, Span, closest, codes};
use crate::kinds::DurationSpan;
use crate::template::dialect::Dialect;
use crate::template::model::{OptionalList, Placed, Text};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;
use crate::yaml::{self, Node, NodeKind, ScalarStyle};

/// Keys by what Go calls their mapping, and the oldest dialect that knows them.
const NEWER: [(&str, &str, Dialect); 3] = [
    ("models.Features", "enableNodeAuditSkip", Dialect::V1_10),
    ("models.Features", "disablePublicDiscoveryService", Dialect::V1_10),
    ("models.MachineInstall", "diskSelector", Dialect::Newest),
];

/// The dialect that a key came with, if it was not always there.
fn since(known: Known, key: &str) -> Dialect {
    NEWER.iter().find(|(go, k, _)| *go == known.go && *k == key).map_or(Dialect::V1_9, |(_, _, since)| *since)
}

/// Where problems go, and in which text they are.
pub(super) struct Context<'a> {
    pub(super) dialect: Dialect,
    pub(super) source: SourceId,
    pub(super) sink: &'a mut Sink,
    /// Whether a value could not be read; unknown keys do not count, they hide no value.
    pub(super) lost: bool,
}

impl Context<'_> {
    pub(super) fn problem(&mut self, diagnostic: Diagnostic) {
        self.lost = true;
        self.sink.push(diagnostic);
    }

    /// A value of another type than the field's.
    pub(super) fn wrong(&mut self, what: &str, node: &Node, wanted: &str, go: &str) {
        let found = yaml::describe(node);
        self.problem(
            Diagnostic::error(codes::WRONG_TYPE, format!("{what} takes {wanted}, not {found}"))
                .at(self.source, node.span, format!("this is {found}"))
                .note(format!("omnictl: cannot construct {} into {go}", tag(node))),
        );
    }

    /// A text with its place; absent and null are empty.
    pub(super) fn text(&mut self, what: &str, node: &Node) -> Text {
        if self.dialect.refuses_dates_as_text() && matches!(yaml::resolve(node), yaml::Scalar::Timestamp(_)) {
            self.wrong(what, node, "text", "string");
            return Placed::new(String::new(), node.span);
        }
        match yaml::as_string(node) {
            Ok(text) => Placed::new(text.unwrap_or_default().to_owned(), node.span),
            Err(mismatch) => {
                self.wrong(what, node, mismatch.wanted, "string");
                Placed::new(String::new(), node.span)
            }
        }
    }

    /// The elements of a list that are not null; Go drops null elements without a word.
    pub(super) fn items<'n>(&mut self, what: &str, node: &'n Node, go: &str) -> Vec<&'n Node> {
        match yaml::as_list(node) {
            Ok(items) => items.iter().filter(|item| !yaml::is_null(item)).collect(),
            Err(_) => {
                self.wrong(what, node, "a list", go);
                Vec::new()
            }
        }
    }

    /// The entries of a mapping; none for null.
    pub(super) fn fields<'n>(&mut self, what: &str, node: &'n Node, known: Known) -> Fields<'n> {
        let pairs: &[(Node, Node)] = match yaml::as_pairs(node) {
            Ok(pairs) => pairs,
            Err(_) => {
                self.wrong(what, node, "a mapping", known.go);
                &[]
            }
        };
        let mut entries = Vec::new();
        // Go passes over a key that is null, and over its value.
        for (key, value) in pairs.iter().filter(|(key, _)| !yaml::is_null(key)) {
            let found = key.text().and_then(|text| known.keys.iter().find(|k| **k == text));
            match found.filter(|k| since(known, k) <= self.dialect) {
                Some(known) => entries.push((*known, value)),
                None => self.unknown(what, key, known),
            }
        }
        Fields { entries, span: node.span }
    }

    fn unknown(&mut self, what: &str, key: &Node, known: Known) {
        let name = Untrusted::new(key.text().unwrap_or("(not a text)")).line(60);
        let mut problem = Diagnostic::error(codes::UNKNOWN_KEY, format!("{what} has no field `{name}`"))
            .at(self.source, key.span, "unknown field")
            .note(format!(
                "omnictl: field {} not found in type {}",
                quoted(key.text().unwrap_or("(not a text)")).trim_matches('"'),
                known.go
            ));
        let keys: Vec<&str> =
            known.keys.iter().copied().filter(|k| since(known, k) <= self.dialect).collect();
        let since = since(known, &name);
        if since > self.dialect {
            problem = problem
                .note(format!("{since} knows this field; this template is read for {}", self.dialect))
                .help(format!("remove it; {}", since.way_out()));
        } else if let Some(near) = closest(&name, keys.iter().copied()) {
            problem = problem.help(format!("did you mean `{near}`?"));
        } else {
            problem = problem.help(format!("fields here: {}", keys.join(", ")));
        }
        self.sink.push(problem);
    }
}

/// The fields of a mapping, and what Go calls it.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) go: &'static str,
    pub(super) keys: &'static [&'static str],
}

/// The known entries of one mapping.
pub(super) struct Fields<'n> {
    entries: Vec<(&'static str, &'n Node)>,
    /// Place of the mapping.
    pub(super) span: Span,
}

impl<'n> Fields<'n> {
    /// The value of `key`, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(k, _)| *k == key).map(|(_, v)| *v).filter(|v| !yaml::is_null(v))
    }

    pub(super) fn text(&self, cx: &mut Context<'_>, key: &str) -> Text {
        match self.get(key) {
            Some(node) => cx.text(&format!("`{key}`"), node),
            None => Placed::new(String::new(), self.span),
        }
    }

    pub(super) fn bool(&self, cx: &mut Context<'_>, key: &str) -> Placed<bool> {
        let Some(node) = self.get(key) else { return Placed::new(false, self.span) };
        let value = yaml::as_bool(node).unwrap_or_else(|mismatch| {
            cx.wrong(&format!("`{key}`"), node, mismatch.wanted, "bool");
            None
        });
        Placed::new(value.unwrap_or(false), node.span)
    }

    pub(super) fn u32(&self, cx: &mut Context<'_>, key: &str) -> u32 {
        let Some(node) = self.get(key) else { return 0 };
        let value = yaml::as_u32(node).unwrap_or_else(|_| {
            cx.wrong(&format!("`{key}`"), node, "a whole number from 0 to 4294967295", "uint32");
            None
        });
        value.unwrap_or(0)
    }

    /// A list of texts, in which null elements are dropped.
    pub(super) fn texts(&self, cx: &mut Context<'_>, key: &str) -> Vec<Text> {
        let Some(node) = self.get(key) else { return Vec::new() };
        let what = format!("`{key}`");
        let items = cx.items(&what, node, "[]string");
        items.into_iter().map(|item| cx.text(&format!("an entry of {what}"), item)).collect()
    }

    /// A list that tells unset from empty.
    pub(super) fn optional_list(&self, cx: &mut Context<'_>, key: &str) -> OptionalList {
        let node = self.get(key)?;
        let values = self.texts(cx, key).into_iter().map(|t| t.value).collect();
        Some(Placed::new(values, node.span))
    }

    /// A duration: a text with units, or a bare `0`.
    pub(super) fn duration(&self, cx: &mut Context<'_>, key: &str) -> Option<DurationSpan> {
        let node = self.get(key)?;
        let parsed = match yaml::resolve(node) {
            yaml::Scalar::Str => node.text().and_then(DurationSpan::from_go),
            yaml::Scalar::Int(0) => DurationSpan::new(0, 0),
            _ => None,
        };
        if parsed.is_none() {
            let text = Untrusted::new(node.text().unwrap_or("…")).line(40);
            cx.problem(
                Diagnostic::error(codes::BAD_VALUE, format!("`{key}` takes a duration, not `{text}`"))
                    .at(cx.source, node.span, "not a duration")
                    .note(format!("omnictl: cannot construct {} into time.Duration", tag(node)))
                    .help("write numbers with units, as in `1h30m` or `90s`; there is no unit for days"),
            );
        }
        parsed
    }
}

/// What Go calls a node in its messages.
pub(super) fn tag(node: &Node) -> String {
    let name = tag_name(node);
    let Some(text) = node.text() else { return name };
    let cut: String = if text.chars().count() > 10 {
        text.chars().take(7).chain("...".chars()).collect()
    } else {
        text.to_owned()
    };
    format!("{name} `{}`", Untrusted::new(cut).line(20))
}

/// The tag that Go gives a node: the written one, else the one of its meaning.
pub(super) fn tag_name(node: &Node) -> String {
    if let Some(tag) = node.tag.as_deref().filter(|tag| *tag != "!") {
        return Untrusted::new(tag).line(40);
    }
    let name = match (&node.kind, yaml::resolve(node)) {
        (NodeKind::Seq(_), _) => "!!seq",
        (NodeKind::Map(_), _) => "!!map",
        (_, yaml::Scalar::Null) => "!!null",
        (_, yaml::Scalar::Bool(_)) => "!!bool",
        (_, yaml::Scalar::Int(_)) => "!!int",
        (_, yaml::Scalar::Float(_)) => "!!float",
        (_, yaml::Scalar::Timestamp(_)) => "!!timestamp",
        (NodeKind::Scalar { text, style: ScalarStyle::Plain }, _) if text == "<<" => "!!merge",
        (_, yaml::Scalar::Str) => "!!str",
    };
    name.to_owned()
}
