//! New values as text, in the manner of the file that they go into.

use super::super::emit::quoted;
use super::super::{Out, ScalarStyle, scalar_style, write};
use crate::value::Value;

/// How a file is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// Blanks of one level.
    pub(super) step: usize,
    /// Whether the dashes of a list stand deeper than the key that holds it.
    pub(super) deeper_dashes: bool,
    /// How neighbours quote their texts, where they do.
    pub(super) quotes: Option<ScalarStyle>,
    /// Whether a text of lines becomes a block (`|`); else it is quoted.
    pub(super) blocks: bool,
    /// Line end.
    pub(super) end: &'static str,
}

/// A value as it stands behind a colon or dash: the rest of that line, and the lines below it, the latter with their indentation.
pub(super) struct Composed {
    /// In the line of the colon or dash; empty where the value begins in the next line.
    pub(super) first: String,
    /// Further lines, without line ends.
    pub(super) lines: Vec<String>,
    /// Whether the last line is text of a block scalar, so that it needs its line end.
    pub(super) open: bool,
}

/// What a value is for the purpose of writing it.
enum Kind<'a> {
    Scalar(&'a Out),
    List(Vec<Out>),
    Map(Vec<(Out, Out)>),
}

fn kind(out: &Out) -> Kind<'_> {
    match out {
        Out::Scalar(value @ (Value::List(_) | Value::Map(_))) => match Out::from(value) {
            Out::List(items) => Kind::List(items),
            Out::Map(pairs) => Kind::Map(named(&pairs)),
            _ => Kind::Scalar(out),
        },
        Out::Scalar(_) | Out::Raw(_) | Out::Literal(_) | Out::Quoted(_) => Kind::Scalar(out),
        Out::List(items) => Kind::List(items.clone()),
        Out::Map(pairs) => Kind::Map(named(pairs)),
        Out::Pairs(pairs) => Kind::Map(pairs.clone()),
    }
}

fn named(pairs: &[(String, Out)]) -> Vec<(Out, Out)> {
    pairs.iter().map(|(k, v)| (Out::from(k.as_str()), v.clone())).collect()
}

/// Whether a value takes lines of its own in block notation.
pub(super) fn is_tall(out: &Out, manner: Manner) -> bool {
    match kind(out) {
        Kind::Scalar(out) => literal(out, manner).is_some(),
        Kind::List(items) => !items.is_empty(),
        Kind::Map(pairs) => !pairs.is_empty(),
    }
}

/// The text of a value that is written as `|`.
fn literal(out: &Out, manner: Manner) -> Option<&str> {
    let (Out::Scalar(Value::Str(text)) | Out::Literal(text)) = out else { return None };
    let facts = scalar_style::facts(text);
    let visible = text.chars().any(|c| !c.is_whitespace());
    (manner.blocks
        && (text.contains('\n') || matches!(out, Out::Literal(_)))
        && facts.block
        && visible
        && !text.contains('\r'))
    .then_some(text)
}

/// A scalar in one line.
pub(super) fn one_line(out: &Out, manner: Manner, in_flow: bool) -> String {
    if let Out::Literal(text) = out {
        return quoted(text, false);
    }
    if let Out::Scalar(Value::Str(text)) = out {
        if let Some(style @ (ScalarStyle::Single | ScalarStyle::Double)) = manner.quotes {
            return quoted(text, style == ScalarStyle::Single);
        }
        if text.contains('\n') {
            return quoted(text, false);
        }
    }
    let text = write(out, 2);
    let text = text.trim_end_matches('\n');
    let plain = !text.starts_with(['"', '\'']);
    if in_flow
        && plain
        && matches!(out, Out::Scalar(Value::Str(_)))
        && text.contains(['[', ']', '{', '}', ','])
    {
        return quoted(text, false);
    }
    if text.contains('\n') || (text.is_empty() && in_flow) {
        return match out {
            Out::Scalar(Value::Str(text)) => quoted(text, false),
            _ => "null".to_owned(),
        };
    }
    text.to_owned()
}

/// A key.
pub(super) fn key(out: &Out, in_flow: bool) -> String {
    match out {
        Out::Scalar(Value::Str(text))
            if text.contains(['\n', '\r']) || (in_flow && text.contains(['[', ']', '{', '}', ','])) =>
        {
            quoted(text, false)
        }
        // Written as a key would be: an empty text needs quotes.
        Out::Scalar(Value::Str(text)) if text.is_empty() => "\"\"".to_owned(),
        _ => one_line(
            out,
            Manner { step: 2, deeper_dashes: true, quotes: None, blocks: false, end: "\n" },
            in_flow,
        ),
    }
}

/// A value in brackets, for a place inside of brackets.
pub(super) fn flow(out: &Out, manner: Manner) -> String {
    match kind(out) {
        Kind::Scalar(out) => one_line(out, manner, true),
        Kind::List(items) => {
            let items: Vec<String> = items.iter().map(|i| flow(i, manner)).collect();
            format!("[{}]", items.join(", "))
        }
        Kind::Map(pairs) => {
            let pairs: Vec<String> =
                pairs.iter().map(|(k, v)| format!("{}: {}", key(k, true), flow(v, manner))).collect();
            if pairs.is_empty() { "{}".to_owned() } else { format!("{{{}}}", pairs.join(", ")) }
        }
    }
}

/// A value behind the colon of a key that stands at column `column`, or behind a dash at that column.
pub(super) fn value(out: &Out, column: usize, behind_dash: bool, manner: Manner) -> Composed {
    let inner = if behind_dash { column + 2 } else { column + manner.step };
    let pad = |n: usize| " ".repeat(n);
    match kind(out) {
        Kind::Scalar(out) => match literal(out, manner) {
            None => Composed { first: one_line(out, manner, false), lines: Vec::new(), open: false },
            Some(text) => {
                let (body, chomp) = match text.strip_suffix('\n') {
                    None => (text, "-"),
                    Some(body) if body.ends_with('\n') => (body, "+"),
                    Some(body) => (body, ""),
                };
                let hint =
                    if text.starts_with([' ', '\n']) { (inner - column).to_string() } else { String::new() };
                let lines = body
                    .split('\n')
                    .map(|l| if l.is_empty() { String::new() } else { format!("{}{l}", pad(inner)) })
                    .collect();
                Composed { first: format!("|{hint}{chomp}"), lines, open: chomp != "-" }
            }
        },
        Kind::List(items) if items.is_empty() => Composed::short("[]"),
        Kind::Map(pairs) if pairs.is_empty() => Composed::short("{}"),
        Kind::List(items) => {
            let at = if behind_dash || manner.deeper_dashes { inner } else { column };
            let mut lines = Vec::new();
            let mut open = false;
            for item in &items {
                let item = value(item, at, true, manner);
                open = item.open;
                lines.push(format!("{}- {}", pad(at), item.first));
                lines.extend(item.lines);
            }
            Composed::tall(lines, at, behind_dash, open)
        }
        Kind::Map(pairs) => {
            let mut lines = Vec::new();
            let mut open = false;
            for (k, v) in &pairs {
                let v = value(v, inner, false, manner);
                open = v.open;
                let gap = if v.first.is_empty() { "" } else { " " };
                lines.push(format!("{}{}:{gap}{}", pad(inner), key(k, false), v.first));
                lines.extend(v.lines);
            }
            Composed::tall(lines, inner, behind_dash, open)
        }
    }
}

impl Composed {
    fn short(text: &str) -> Self {
        Self { first: text.to_owned(), lines: Vec::new(), open: false }
    }
    /// Behind a dash the first line follows it at once.
    fn tall(mut lines: Vec<String>, column: usize, behind_dash: bool, open: bool) -> Self {
        if !behind_dash || lines.is_empty() {
            return Self { first: String::new(), lines, open };
        }
        let first = lines.remove(0);
        Self { first: first.get(column..).unwrap_or_default().to_owned(), lines, open }
    }
}

/// A collection of lines at a column, as a document has it at its root.
pub(super) fn lines(out: &Out, column: usize, manner: Manner) -> (Vec<String>, bool) {
    // Written as if its key stood one level before the margin.
    let shifted = Manner { deeper_dashes: true, ..manner };
    match kind(out) {
        Kind::List(items) if !items.is_empty() => {
            let composed = value(&Out::List(items), 0, true, manner);
            let mut all = vec![format!("  {}", composed.first)];
            all.extend(composed.lines);
            (dedent(all, 2, column), composed.open)
        }
        Kind::Map(pairs) if !pairs.is_empty() => {
            let mut all = Vec::new();
            let mut open = false;
            for (k, v) in &pairs {
                let v = value(v, column, false, manner);
                open = v.open;
                let gap = if v.first.is_empty() { "" } else { " " };
                all.push(format!("{}{}:{gap}{}", " ".repeat(column), key(k, false), v.first));
                all.extend(v.lines);
            }
            (all, open)
        }
        _ => {
            let composed = value(out, column, false, shifted);
            let mut all = vec![format!("{}{}", " ".repeat(column), composed.first)];
            all.extend(composed.lines);
            (all, composed.open)
        }
    }
}

fn dedent(lines: Vec<String>, from: usize, to: usize) -> Vec<String> {
    lines
        .into_iter()
        .map(|l| match l.get(from..) {
            Some(rest) if !l.is_empty() => format!("{}{rest}", " ".repeat(to)),
            _ => l,
        })
        .collect()
}
