//! Secrets stand in the provider's files by reference (`${NAME}`), never as they are.

use crate::diag::{Diagnostic, Sink, SourceId, Span, codes};
use crate::spec::fields::quote;
use crate::yaml::{Document, Node, NodeKind, is_null};

/// Names (lower case, without separators) whose values are secrets.
const NAMES: [&str; 9] = [
    "password",
    "tokensecret",
    "omniserviceaccountkey",
    "tsauthkey",
    "proxmoxpassword",
    "proxmoxtokensecret",
    "proxmoxtoken",
    "secret",
    "apitoken",
];

pub(super) fn check(source: SourceId, documents: &[Document], sink: &mut Sink) {
    for root in documents.iter().filter_map(|d| d.root.as_ref()) {
        walk(source, root, sink);
    }
}

fn walk(source: SourceId, node: &Node, sink: &mut Sink) {
    match &node.kind {
        NodeKind::Map(pairs) => {
            for (key, value) in pairs {
                let name = key.text().unwrap_or_default();
                match value.text() {
                    Some(text) if secret(name) && literal(text) && !is_null(value) => {
                        report(source, name, value.span, sink);
                    }
                    _ => walk(source, value, sink),
                }
            }
        }
        NodeKind::Seq(items) => items.iter().for_each(|n| walk(source, n, sink)),
        NodeKind::Scalar { text, .. } => {
            // `NAME=value` of an environment, `--name=value` of a command.
            if let Some((name, value)) = text.split_once('=')
                && secret(name)
                && literal(value)
            {
                report(source, name.trim_start_matches('-'), node.span, sink);
            }
        }
    }
}

fn secret(name: &str) -> bool {
    let folded: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.contains(&folded.as_str())
}

/// Whether a value is more than references to the environment.
fn literal(value: &str) -> bool {
    let value = value.trim();
    // A default after `:-` is as open as a plain value.
    let reference = value.starts_with('$') && !value.contains(":-");
    !value.is_empty() && !reference
}

fn report(source: SourceId, name: &str, at: Span, sink: &mut Sink) {
    sink.push(
        Diagnostic::error(
            codes::BAD_VALUE,
            format!("a secret stands in the file as the value of {}", quote(name)),
        )
        .at(source, at, "")
        .note("everybody who can read the repository can use it: replace it where it was issued")
        .help("write a reference: `${NAME}`"),
    );
}
