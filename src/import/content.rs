//! How the text of a patch, manifest or health check is written: as a mapping, as it is, or in a file of its own.

use crate::diag::SourceId;
use crate::yaml::{self, Document, Limits, NodeKind, Out};

/// Lines from which on a text stands in a file of its own.
const LONG: usize = 40;
/// Indent of mappings that a template's engine encodes.
const ENCODED: usize = 4;

/// What to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// In the template.
    Here(Out),
    /// In a file.
    File,
}

/// The form that reads best and gives these very bytes.
pub(super) fn choose(text: &str) -> Content {
    if text.lines().count() > LONG {
        return Content::File;
    }
    if let Some(out) = mapping(text) {
        return Content::Here(out);
    }
    let out = Out::from(text);
    let written = yaml::write(&Out::Map(vec![("inline".to_owned(), out.clone())]), 2);
    // omnictl cannot read a block back whose first line is indented more than the rest may be.
    let block = written.starts_with("inline: |") && !text.trim_start_matches('\n').starts_with([' ', '\t']);
    // Escapes are no reading; a file holds any text.
    if block || !text.trim_end_matches('\n').contains('\n') { Content::Here(out) } else { Content::File }
}

/// The mapping, or list of mappings, that is encoded to `text`.
fn mapping(text: &str) -> Option<Out> {
    let documents = yaml::parse(SourceId(0), text, &Limits::default()).ok()?;
    let all: Vec<Out> = documents.iter().map(tree).collect::<Option<_>>()?;
    let encoded: Vec<String> = all.iter().map(|out| yaml::write(out, ENCODED)).collect();
    if all.is_empty() || encoded.join("---\n") != text {
        return None;
    }
    match <[Out; 1]>::try_from(all) {
        Ok([one]) => Some(one),
        Err(all) => Some(Out::List(all)),
    }
}

fn tree(document: &Document) -> Option<Out> {
    let root = document.root.as_ref()?;
    match &root.kind {
        NodeKind::Map(pairs) if !pairs.is_empty() && pairs.iter().all(|(k, _)| k.text().is_some()) => {
            Some(Out::from_node(root))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> String {
        match choose(text) {
            Content::Here(out) => yaml::write(&Out::Map(vec![("inline".to_owned(), out)]), 2),
            Content::File => "file".to_owned(),
        }
    }

    #[test]
    fn the_form_that_reads_best() {
        assert_eq!(
            written("cluster:\n    proxy:\n        disabled: true\n"),
            "inline:\n  cluster:\n    proxy:\n      disabled: true\n"
        );
        assert_eq!(written("a: 1\n---\nb: 2\n"), "inline:\n  - a: 1\n  - b: 2\n");
        // Comments, another indent, another order of keys.
        assert_eq!(written("# why\na: 1\n"), "inline: |\n  # why\n  a: 1\n");
        assert_eq!(written("b: 1\na: 2\n"), "inline: |\n  b: 1\n  a: 2\n");
        assert_eq!(written("a: 1"), "inline: 'a: 1'\n");
        assert_eq!(written("a: 1\r\nb: 2\r\n"), "file");
        assert_eq!(written("  a: 1\n  b: 2\n"), "file");
        assert_eq!(written(&"# x\n".repeat(41)), "file");
    }
}
