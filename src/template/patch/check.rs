//! Whether a patch is Talos machine configuration.

use std::collections::BTreeMap;

use super::delete::strip;
use super::documents::{Part, documents};
use super::forbidden;
use crate::diag::{Diagnostic, Span, codes};
use crate::template::model::Patch;
use crate::template::talos;
use crate::template::validate::Rules;
use crate::untrusted::Untrusted;
use crate::yaml::{self, Node, NodeKind};

/// Top-level keys by which a document without `kind` is the classic one.
const CLASSIC: [&str; 4] = ["machine", "cluster", "debug", "persist"];

/// The version of the classic document.
const CLASSIC_VERSION: &str = "v1alpha1";

/// Judges the content of a patch that has one.
pub(in crate::template) fn check(rules: &mut Rules<'_>, patch: &Patch) {
    let parts = match documents(patch, rules.source, rules.sources, rules.contents) {
        Ok(parts) => parts,
        Err(problems) => {
            let name = Untrusted::new(patch.display_name()).line(80);
            for problem in problems {
                rules.sink.push(problem.note(format!("in the patch `{name}`")).unquoted());
            }
            return;
        }
    };
    let mut judge = Judge { rules, patch, seen: BTreeMap::new(), found: false };
    for part in &parts {
        if let Some(root) = &part.root {
            judge.document(part, root);
        }
    }
    if !judge.found {
        let name = Untrusted::new(patch.display_name()).line(80);
        let (source, span) =
            if patch.inline.is_some() { (rules.source, patch.span) } else { (rules.source, patch.file.span) };
        rules.sink.push(
            Diagnostic::error(codes::PATCH_CONTENT, format!("the patch `{name}` is empty"))
                .at(source, span, "this patch")
                .note("omnictl: config not found")
                .help("a patch holds at least one key of Talos machine configuration; remove it otherwise"),
        );
    }
    forbidden::check(rules.dialect, &parts, rules.sink);
}

struct Judge<'a, 'r> {
    rules: &'a mut Rules<'r>,
    patch: &'a Patch,
    /// Place of each document by apiVersion, kind and name.
    seen: BTreeMap<(String, String, String), Span>,
    /// Whether any document says something.
    found: bool,
}

impl Judge<'_, '_> {
    fn document(&mut self, part: &Part, root: &Node) {
        if !matches!(root.kind, NodeKind::Map(_)) {
            self.found = true;
            let found = yaml::describe(root);
            self.refuse(
                part,
                root.span,
                format!("a document of a patch must be a mapping, not {found}"),
                |why| format!("omnictl: {why}expected a YAML document"),
            );
            return;
        }
        let (rest, any) = match strip(root) {
            Ok(stripped) => stripped,
            Err(bad) => {
                self.found = true;
                self.refuse(
                    part,
                    bad.span,
                    "this `$patch: delete` cannot be carried out".to_owned(),
                    |why| format!("omnictl: {why}{}", bad.why),
                );
                return;
            }
        };
        self.found |= any;
        let Some(rest) = rest.filter(|rest| !says_nothing(rest)) else { return };
        self.found = true;
        self.kind(part, &rest);
    }

    fn kind(&mut self, part: &Part, root: &Node) {
        let field = |key: &str| root.get(key).and_then(Node::text).unwrap_or_default().to_owned();
        let (version, kind, name) = (field("apiVersion"), field("kind"), field("name"));
        let id = (version.clone(), if kind.is_empty() { "v1alpha1".to_owned() } else { kind.clone() }, name);
        if let Some(first) = self.seen.insert(id.clone(), root.span) {
            let shown = Untrusted::new(format!("{}/{}/{}", id.0, id.1, id.2)).line(80);
            self.rules.sink.push(
                Diagnostic::error(codes::PATCH_CONTENT, "a patch has the same document twice")
                    .at(part.source, root.span, "again here")
                    .at(part.source, first, "first here")
                    .note(format!("omnictl: duplicate document {shown} is not allowed"))
                    .help("join them, or make two patches"),
            );
        }
        let kind = root.get("kind").and_then(|node| yaml::as_string(node).ok().flatten()).unwrap_or_default();
        match version_seen(root) {
            Err(()) => self.refuse(part, root.span, "`kind` and `apiVersion` take words".to_owned(), |why| {
                format!("omnictl: {why}cannot construct")
            }),
            Ok(seen) if kind.is_empty() && seen == CLASSIC_VERSION => talos::classic(self.rules, part, root),
            Ok(_) if kind.is_empty() => {
                self.refuse(part, root.span, "this is not Talos machine configuration".to_owned(), |why| {
                    format!("omnictl: {why}missing kind")
                });
            }
            Ok(seen) if seen.is_empty() => {
                let message = "a document with `kind` needs `apiVersion`".to_owned();
                self.refuse(part, root.span, message, |why| format!("omnictl: {why}missing apiVersion"));
            }
            Ok(seen) => talos::document(self.rules, part, root, kind, &seen),
        }
    }

    fn refuse(&mut self, part: &Part, span: Span, message: String, omnictl: impl Fn(&str) -> String) {
        let name = Untrusted::new(self.patch.display_name()).line(80);
        let mut problem = Diagnostic::error(codes::PATCH_CONTENT, message)
            .at(part.source, span, "here")
            .unquoted()
            .note(omnictl(""))
            .note(format!("in the patch `{name}`"));
        problem = problem.help(format!(
            "a patch holds keys of Talos machine configuration ({}), or documents with `apiVersion` and `kind`",
            CLASSIC.join(", ")
        ));
        self.rules.sink.push(problem);
    }
}

/// The version that Talos takes a document for. It goes through keys and values alike: `apiVersion` says it, and any of the
/// classic keys' names means the first version; the last of them counts.
fn version_seen(root: &Node) -> Result<String, ()> {
    let NodeKind::Map(pairs) = &root.kind else { return Ok(String::new()) };
    let mut version = String::new();
    let texts = pairs.iter().flat_map(|(key, value)| [(key.text(), Some(value)), (value.text(), None)]);
    for (text, value) in texts {
        match (text, value) {
            (Some("apiVersion"), Some(value)) => {
                version = yaml::as_string(value).map_err(|_| ())?.unwrap_or(&version).to_owned();
            }
            (Some("kind"), Some(value)) => {
                yaml::as_string(value).map_err(|_| ())?;
            }
            (Some(text), _) if CLASSIC.contains(&text) => CLASSIC_VERSION.clone_into(&mut version),
            _ => {}
        }
    }
    Ok(version)
}

/// Talos skips mappings that are empty or only say `version`, `kind` or `name`.
fn says_nothing(root: &Node) -> bool {
    let NodeKind::Map(pairs) = &root.kind else { return false };
    pairs
        .iter()
        .all(|(key, value)| matches!(key.text(), Some("version" | "kind" | "name")) && value.text().is_some())
}
