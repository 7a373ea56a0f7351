//! One way to write YAML: what `fmt` does to a text. Comments, values, quoting, the order of keys and the notation of each
//! collection stay; indentation, blanks and blank lines become regular.
//!
//! - Two blanks for each level, dashes one level deeper than the key that holds them, one blank behind a dash.
//! - No blanks at line ends, one blank line at most, none at the beginning and the end, one line end at the end, `\n` everywhere.
//! - A comment in a line of its own stands as deep as what it is about; one behind a value has one blank before it, or stays
//!   aligned with those above and below.
//!
//! What a text of lines (`|`, `>`) says is never changed: its lines move as one with their key. The result is read again; it is
//! refused if anything but places differs.

mod lines;
mod walk;

use super::shape::{Shape, shape};
use super::{Document, Limits, Node, NodeKind, parse};
use crate::diag::{Diagnostic, SourceId};

/// Why a text was not formatted.
#[derive(Clone, Debug, PartialEq)]
pub enum FormatError {
    /// It is not YAML.
    Invalid(Vec<Diagnostic>),
    /// It is written in a way that could not be made regular without changing what it says.
    Notation,
}

/// Formats a text; places of problems are those of `source`.
///
/// # Errors
/// Text that is not YAML; a result that would say something else, which is not given out.
pub fn format(source: SourceId, text: &str, limits: &Limits) -> Result<String, FormatError> {
    let before = parse(source, text, limits).map_err(FormatError::Invalid)?;
    let written = shape(text, limits).ok_or(FormatError::Notation)?;
    let mut now = text.to_owned();
    // Once is enough for all but a few odd texts; what does not settle is refused.
    for _ in 0..4 {
        let next = once(&now, limits).ok_or(FormatError::Notation)?;
        if next == now {
            let after = parse(source, &now, limits).map_err(|_| FormatError::Notation)?;
            let rewritten = shape(&now, limits).ok_or(FormatError::Notation)?;
            let same = same_documents(&before, &after)
                && comments(text, &written) == comments(&now, &rewritten)
                && written.aliases == rewritten.aliases;
            return if same { Ok(now) } else { Err(FormatError::Notation) };
        }
        now = next;
    }
    Err(FormatError::Notation)
}

fn once(text: &str, limits: &Limits) -> Option<String> {
    // A line end is `\n` to every reader of YAML, inside of scalars too.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    let shape = shape(&text, limits)?;
    let plan = walk::walk(&text, &shape);
    Some(lines::write(&text, &shape, &plan))
}

/// All comments in their order, without the blanks at their ends.
fn comments<'a>(text: &'a str, shape: &Shape) -> Vec<&'a str> {
    shape.comments.iter().filter_map(|c| text.get(c.start..c.end)).map(str::trim_end).collect()
}

fn same_documents(a: &[Document], b: &[Document]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| match (&a.root, &b.root) {
            (None, None) => true,
            (Some(a), Some(b)) => same(a, b),
            _ => false,
        })
}

/// Whether two nodes differ in nothing but their places.
fn same(a: &Node, b: &Node) -> bool {
    a.tag == b.tag
        && match (&a.kind, &b.kind) {
            (NodeKind::Seq(x), NodeKind::Seq(y)) => {
                x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y))
            }
            (NodeKind::Map(x), NodeKind::Map(y)) => {
                x.len() == y.len() && x.iter().zip(y).all(|((k, v), (l, w))| same(k, l) && same(v, w))
            }
            (x, y) => x == y,
        }
}

#[cfg(test)]
mod tests;
