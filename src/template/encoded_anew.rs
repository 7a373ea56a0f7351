//! omnictl encodes every document anew before it decodes it strictly. Not everything comes through unchanged, and what it renders
//! has the changed text.
//!
//! - Folded blocks get line ends (see [`folded_anew`]).
//! - A block that begins with a blank is written with a hint of four blanks of indentation, and inside lists stands two blanks
//!   nearer: so much of it is lost, or it cannot be read again.
//! - A key of no characters (`? `) becomes the empty text; it was null.

use std::borrow::Cow;

use crate::diag::{Diagnostic, Sink, Span, codes};
use crate::yaml::{Document, Node, NodeKind, ScalarStyle, folded_anew};

/// Blanks of one level of indentation.
const LEVEL: usize = 4;
/// Blanks of an item's `- `.
const ITEM: usize = 2;

/// The documents as omnictl decodes them. Blocks that it could not read again are reported.
pub(super) fn encoded_anew<'d>(documents: &'d [Document], sink: &mut Sink) -> Cow<'d, [Document]> {
    if !documents.iter().filter_map(|d| d.root.as_ref()).any(changes) {
        return Cow::Borrowed(documents);
    }
    let mut documents = documents.to_vec();
    for document in &mut documents {
        let mut lost = Vec::new();
        if let Some(root) = &mut document.root {
            node(root, 0, &mut lost);
        }
        for span in lost {
            sink.push(
                Diagnostic::error(codes::SYNTAX, "this block begins with blanks, and Omni loses its indentation")
                    .at(document.source, span, "this block")
                    .note("omnictl writes every document anew, and cannot read this one back")
                    .help(
                        "let the first line of the block have the least indentation, or write the text in double quotes",
                    ),
            );
        }
    }
    Cow::Owned(documents)
}

/// Whether anything below is of a kind that may change; most templates have nothing of it.
fn changes(node: &Node) -> bool {
    match &node.kind {
        NodeKind::Scalar { text, style } => match style {
            ScalarStyle::Folded => true,
            ScalarStyle::Literal => text.starts_with(' '),
            _ => false,
        },
        NodeKind::Seq(items) => items.iter().any(changes),
        NodeKind::Map(pairs) => {
            pairs.iter().any(|(key, value)| key.text().is_some_and(str::is_empty) || changes(value))
        }
    }
}

/// `indent` is the column of the keys or dashes that the node would have as a mapping or sequence.
fn node(node: &mut Node, indent: usize, lost: &mut Vec<Span>) {
    match &mut node.kind {
        NodeKind::Scalar { .. } => {}
        NodeKind::Seq(items) => {
            for item in items {
                block(item, true, lost);
                self::node(item, indent + ITEM, lost);
            }
        }
        NodeKind::Map(pairs) => {
            for (key, value) in pairs {
                if let NodeKind::Scalar { text, style: style @ ScalarStyle::Plain } = &mut key.kind
                    && text.is_empty()
                    && key.tag.is_none()
                {
                    *style = ScalarStyle::Single;
                }
                block(value, !indent.is_multiple_of(LEVEL), lost);
                self::node(value, LEVEL * (indent / LEVEL + 1), lost);
            }
        }
    }
}

/// A block scalar; `nearer` is whether it stands nearer than its hint says.
fn block(node: &mut Node, nearer: bool, lost: &mut Vec<Span>) {
    let NodeKind::Scalar { text, style: style @ (ScalarStyle::Folded | ScalarStyle::Literal) } =
        &mut node.kind
    else {
        return;
    };
    if nearer && text.starts_with(' ') {
        let cut = text
            .split('\n')
            .map(|line| if line.is_empty() { Some(line) } else { line.strip_prefix("  ") })
            .collect::<Option<Vec<&str>>>()
            .map(|lines| lines.join("\n"));
        match cut {
            Some(cut) => *text = cut,
            None => lost.push(node.span),
        }
    } else if *style == ScalarStyle::Folded {
        *text = folded_anew(text);
    }
}
