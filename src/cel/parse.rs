//! The parser of the `cel` crate, with its words in ours.

use cel_interpreter::common::ast::SourceInfo;
use cel_interpreter::{Env, Program};

use super::Fault;
use crate::diag::Span;
use crate::untrusted::Untrusted;

/// What is wrong with a text that is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// The first mistake, in our words; those behind it are what the parser makes of the rest.
    pub fault: Fault,
    /// All of them in the words of the grammar, with line and column of each, counted from one.
    pub grammar: Vec<(usize, usize, String)>,
}

/// The parser's tree with the places of its parts. To be called on the thread of [`super::on_thread`], after [`super::fence`].
///
/// # Errors
/// What the grammar does not allow.
pub fn parse(text: &str) -> Result<Program, Unreadable> {
    Env::default().with_optional_support(false).compile(text).map_err(|problems| {
        let at = |pos| place(text, pos);
        let one = |n: isize| usize::try_from(n).unwrap_or(1);
        let grammar = problems.errors.iter().map(|e| (one(e.pos.0), one(e.pos.1), e.msg.clone())).collect();
        let fault = match problems.errors.first() {
            Some(first) => syntax(at(first.pos), text, &first.msg),
            None => Fault::new(Span::new(0, text.len()), "this is no expression"),
        };
        Unreadable { fault, grammar }
    })
}

/// Where the parser says that a node is: a name or a literal as a whole, of anything else its sign. The whole text for a node
/// without a place.
pub fn place_of(info: &SourceInfo, id: u64, text: &str) -> Span {
    let end = text.len();
    // Bytes, the last one included.
    let span = |(start, last): (u32, u32)| Span::new((start as usize).min(end), (last as usize + 1).min(end));
    info.offset_for(id).map_or(Span::new(0, end), span)
}

/// Byte of a one-based line and column, in characters.
fn place(text: &str, (line, column): (isize, isize)) -> Span {
    let (line, column) = (usize::try_from(line - 1).unwrap_or(0), usize::try_from(column - 1).unwrap_or(0));
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(before..).unwrap_or_default();
    let start = before + rest.char_indices().nth(column).map_or(rest.trim_end().len(), |(i, _)| i);
    let here = text.get(start..).unwrap_or_default();
    let word = here.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(here.len());
    let length = here.chars().next().map_or(0, char::len_utf8).max(word);
    Span::new(start, start + length)
}

/// The parser's words in ours.
fn syntax(at: Span, text: &str, message: &str) -> Fault {
    let here = text.get(at.start..).unwrap_or_default();
    let shown = Untrusted::new(here.split_whitespace().next().unwrap_or_default()).line(20);
    if here.trim().is_empty() {
        return Fault::new(at, "the expression ends too early")
            .help("an operand or a closing bracket is missing");
    }
    if here.starts_with('=') {
        return Fault::new(at, "a single `=` compares nothing").help("write `==`");
    }
    if message.contains("unsupported syntax") {
        return Fault::new(at, format!("`{shown}` is not offered here")).help(
            "optional values and quoted names are left out; ask with `has(a.b)`, and write `a['b-c']`",
        );
    }
    if message.contains("invalid int") {
        return Fault::new(at, "this number is too large");
    }
    if matches!(shown.as_str(), "and" | "or" | "not")
        || text.get(..at.start).unwrap_or_default().trim_end().ends_with("not")
    {
        return Fault::new(at, "`and`, `or` and `not` are no operators").help("write `&&`, `||` and `!`");
    }
    if message.contains("token recognition") {
        return Fault::new(at, format!("`{shown}` means nothing here"))
            .help("operators are `&&`, `||`, `!` and comparisons; texts need quotes");
    }
    Fault::new(at, format!("the expression is not understood at `{shown}`"))
        .help("a bracket, an operator or an operand is missing or too many")
}
