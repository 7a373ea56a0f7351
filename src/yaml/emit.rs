//! Data to YAML text, byte for byte as Go's encoder (and so omnictl) writes it: block style, sequences indented under their
//! key, no folding of long lines.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::order::natural;
use super::resolve::{Scalar, resolve};
use super::scalar_style::{self, Style};
use super::{Node, NodeKind};
use crate::value::Value;

/// A tree that is to be written, with its order.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// Plain data: text is quoted where it needs it; mappings inside are written in Go's natural order of keys.
    Scalar(Value),
    /// Written without asking what it reads as: times, and the metadata of rendered resources. Empty writes nothing.
    Raw(String),
    /// Text as a block (`|`), even of one line; quoted where a block cannot hold it. Templates are exported so.
    Literal(String),
    /// Text in double quotes, which hold any text.
    Quoted(String),
    /// A sequence.
    List(Vec<Out>),
    /// A mapping in this order; keys are text.
    Map(Vec<(String, Out)>),
    /// A mapping in this order whose keys may be other scalars (`1: a`).
    Pairs(Vec<(Out, Out)>),
}

impl From<Value> for Out {
    /// Mappings come in Go's natural order.
    fn from(value: Value) -> Self {
        match value {
            Value::List(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Map(map) => {
                let mut pairs: Vec<(String, Out)> =
                    map.into_iter().map(|(k, v)| (k, Self::from(v))).collect();
                pairs.sort_by(|a, b| natural(&a.0, &b.0));
                Self::Map(pairs)
            }
            scalar => Self::Scalar(scalar),
        }
    }
}

impl From<&Value> for Out {
    fn from(value: &Value) -> Self {
        Self::from(value.clone())
    }
}

impl From<&str> for Out {
    fn from(text: &str) -> Self {
        Self::Scalar(text.into())
    }
}

impl Out {
    /// What Go writes for a node that it has read without a type: comments gone, keys sorted, scalars from their meaning
    /// (`0x1F` becomes `31`, `2024-01-02` becomes `2024-01-02T00:00:00Z`).
    pub fn from_node(node: &Node) -> Self {
        match &node.kind {
            NodeKind::Scalar { text, .. } => match resolve(node) {
                Scalar::Null => Self::Scalar(Value::Null),
                Scalar::Bool(b) => Self::Scalar(Value::Bool(b)),
                Scalar::Int(i) => Self::Scalar(Value::Int(i)),
                Scalar::Float(f) => Self::Scalar(Value::Float(f)),
                Scalar::Timestamp(t) => Self::Raw(t),
                Scalar::Str => Self::Scalar(Value::Str(text.clone())),
            },
            NodeKind::Seq(items) => Self::List(items.iter().map(Self::from_node).collect()),
            NodeKind::Map(pairs) => {
                let mut pairs: Vec<(Out, Out)> =
                    pairs.iter().map(|(k, v)| (Self::from_node(k), Self::from_node(v))).collect();
                pairs.sort_by(|a, b| key_order(&a.0, &b.0));
                // Keys of one meaning in two spellings (`1`, `0x1`) are one key to Go; the last one wins.
                pairs.reverse();
                pairs.dedup_by(|earlier, later| earlier.0 == later.0);
                pairs.reverse();
                Self::Pairs(pairs)
            }
        }
    }
}

/// Numbers and truth values by size, then null, then text in natural order, then times: the order of Go's kinds.
fn key_order(a: &Out, b: &Out) -> Ordering {
    let kind = |out: &Out| match out {
        Out::Scalar(Value::Bool(b)) => (0, f64::from(u8::from(*b)), 0),
        Out::Scalar(Value::Int(i)) => (0, *i as f64, 1),
        Out::Scalar(Value::Float(f)) => (0, *f, 2),
        Out::Scalar(Value::Null) => (1, 0.0, 0),
        Out::Raw(_) => (3, 0.0, 0),
        _ => (2, 0.0, 0),
    };
    let (x, y) = (kind(a), kind(b));
    x.0.cmp(&y.0)
        .then_with(|| x.1.total_cmp(&y.1))
        .then_with(|| x.2.cmp(&y.2))
        .then_with(|| natural(&scalar_text(a).0, &scalar_text(b).0))
}

/// The text of a scalar, and whether it is text that must be read back as text.
fn scalar_text(out: &Out) -> (String, bool) {
    match out {
        Out::Raw(text) => (text.clone(), false),
        Out::Literal(text) | Out::Quoted(text) | Out::Scalar(Value::Str(text)) => (text.clone(), true),
        Out::Scalar(Value::Bool(b)) => (b.to_string(), false),
        Out::Scalar(Value::Int(i)) => (i.to_string(), false),
        Out::Scalar(Value::Float(f)) => (float(*f), false),
        _ => ("null".to_owned(), false),
    }
}

/// A number as Go prints it: the shortest digits that read back the same; with an exponent of at least two digits below 1e-4
/// and from 1e6 on.
fn float(f: f64) -> String {
    if f.is_nan() {
        return ".nan".into();
    }
    if f.is_infinite() {
        return if f > 0.0 { ".inf".into() } else { "-.inf".into() };
    }
    if f == 0.0 {
        return if f.is_sign_negative() { "-0".into() } else { "0".into() };
    }
    let scientific = format!("{f:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{f}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// Writes one document, ending with a line end. `indent` is the number of spaces of one level: 4 in patches, 2 in rendered
/// resources.
pub fn write(out: &Out, indent: usize) -> String {
    let mut writer =
        Writer { text: String::new(), best: indent.max(2), column: 0, whitespace: true, indention: true };
    writer.node(out, Place { indent: None, in_sequence: false });
    if writer.column > 0 || writer.text.is_empty() {
        writer.text.push('\n');
    }
    writer.text
}

/// A text in quotes: single ones where they can hold it and are wished for, else double ones.
pub(super) fn quoted(text: &str, single: bool) -> String {
    let mut writer = Writer { text: String::new(), best: 2, column: 0, whitespace: true, indention: true };
    let facts = scalar_style::facts(text);
    if single && facts.single && !facts.multiline {
        writer.single(text, 0);
    } else {
        writer.double(text);
    }
    writer.text
}

/// Where a node stands.
#[derive(Clone, Copy)]
struct Place {
    /// Indentation of the collection that holds it; `None` for the root.
    indent: Option<usize>,
    /// Whether that collection is a sequence.
    in_sequence: bool,
}

struct Writer {
    text: String,
    best: usize,
    column: usize,
    /// Whether the last character was a blank (or nothing was written yet).
    whitespace: bool,
    /// Whether only indentation stands in this line so far.
    indention: bool,
}

impl Writer {
    /// The indentation of what lies inside `place`: an item of a sequence skips its `- `, all else aligns to a level.
    fn deeper(&self, place: Place, flow: bool) -> usize {
        match place.indent {
            None if flow => self.best,
            None => 0,
            Some(indent) if place.in_sequence => indent + 2,
            Some(indent) => self.best * ((indent + self.best) / self.best),
        }
    }

    fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    fn put_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
        self.indention = true;
    }

    fn indent(&mut self, indent: usize) {
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
    }

    fn indicator(&mut self, text: &str, need_space: bool, indention: bool) {
        if need_space && !self.whitespace {
            self.put(' ');
        }
        for c in text.chars() {
            self.put(c);
        }
        self.whitespace = false;
        self.indention = self.indention && indention;
    }

    fn node(&mut self, out: &Out, place: Place) {
        match out {
            Out::Scalar(Value::List(_) | Value::Map(_)) => {
                if let Out::Scalar(value) = out {
                    self.node(&Out::from(value), place);
                }
            }
            Out::Scalar(_) | Out::Raw(_) | Out::Literal(_) | Out::Quoted(_) => {
                let indent = self.deeper(place, true);
                self.scalar(out, indent, false);
            }
            Out::List(items) if items.is_empty() => self.indicator("[]", true, false),
            Out::Map(pairs) if pairs.is_empty() => self.indicator("{}", true, false),
            Out::Pairs(pairs) if pairs.is_empty() => self.indicator("{}", true, false),
            Out::List(items) => {
                let indent = self.deeper(place, false);
                for item in items {
                    self.indent(indent);
                    self.indicator("-", true, true);
                    self.node(item, Place { indent: Some(indent), in_sequence: true });
                }
            }
            Out::Map(pairs) => {
                let indent = self.deeper(place, false);
                for (key, value) in pairs {
                    self.pair(&Out::Scalar(Value::Str(key.clone())), value, indent);
                }
            }
            Out::Pairs(pairs) => {
                let indent = self.deeper(place, false);
                for (key, value) in pairs {
                    self.pair(key, value, indent);
                }
            }
        }
    }

    fn pair(&mut self, key: &Out, value: &Out, indent: usize) {
        self.indent(indent);
        let inside = Place { indent: Some(indent), in_sequence: false };
        if simple_key(key) {
            self.scalar(key, indent, true);
            self.indicator(":", false, false);
        } else {
            self.indicator("?", true, true);
            self.node(key, inside);
            self.indent(indent);
            self.indicator(":", true, true);
        }
        self.node(value, inside);
    }

    fn scalar(&mut self, out: &Out, indent: usize, simple_key: bool) {
        let (text, is_text) = scalar_text(out);
        let facts = scalar_style::facts(&text);
        let style = match out {
            Out::Literal(_) => scalar_style::of_block(&text, facts, simple_key),
            Out::Quoted(_) => scalar_style::Style::Double,
            _ if is_text => scalar_style::of_text(&text, facts, simple_key),
            _ => scalar_style::of_raw(&text, facts, simple_key),
        };
        match style {
            Style::Plain => self.plain(&text),
            Style::Single => self.single(&text, indent),
            Style::Double => self.double(&text),
            Style::Literal => self.literal(&text, indent),
        }
    }

    fn plain(&mut self, text: &str) {
        if !text.is_empty() {
            self.indicator("", true, false);
            for c in text.chars() {
                self.put(c);
            }
            self.whitespace = false;
        }
        self.indention = false;
    }

    fn single(&mut self, text: &str, indent: usize) {
        self.indicator("'", true, false);
        let mut after_break = false;
        for c in text.chars() {
            if scalar_style::is_break(c) {
                // Line ends never get here: a text with one is a block or double-quoted. The rare separators do.
                self.text.push(c);
                self.column = 0;
                self.indention = true;
                after_break = true;
                continue;
            }
            if after_break && c != ' ' {
                self.indent(indent);
            }
            after_break = after_break && c == ' ';
            if c == '\'' {
                self.put('\'');
            }
            self.put(c);
            self.indention = false;
        }
        self.indicator("'", false, false);
    }

    fn double(&mut self, text: &str) {
        self.indicator("\"", true, false);
        // Go's encoder looks for a byte order mark at the beginning only, and then escapes every character.
        let all = text.starts_with('\u{feff}');
        for c in text.chars() {
            if all || !scalar_style::is_printable(c) || scalar_style::is_break(c) || matches!(c, '"' | '\\') {
                let mut escape = String::new();
                let _ = match c {
                    '\0' => write!(escape, "0"),
                    '\u{7}' => write!(escape, "a"),
                    '\u{8}' => write!(escape, "b"),
                    '\t' => write!(escape, "t"),
                    '\n' => write!(escape, "n"),
                    '\u{b}' => write!(escape, "v"),
                    '\u{c}' => write!(escape, "f"),
                    '\r' => write!(escape, "r"),
                    '\u{1b}' => write!(escape, "e"),
                    '"' | '\\' => write!(escape, "{c}"),
                    '\u{85}' => write!(escape, "N"),
                    '\u{a0}' => write!(escape, "_"),
                    '\u{2028}' => write!(escape, "L"),
                    '\u{2029}' => write!(escape, "P"),
                    c if (c as u32) <= 0xff => write!(escape, "x{:02X}", c as u32),
                    c if (c as u32) <= 0xffff => write!(escape, "u{:04X}", c as u32),
                    c => write!(escape, "U{:08X}", c as u32),
                };
                self.put('\\');
                for e in escape.chars() {
                    self.put(e);
                }
            } else {
                self.put(c);
            }
        }
        self.indicator("\"", false, false);
        self.indention = false;
    }

    fn literal(&mut self, text: &str, indent: usize) {
        self.indicator("|", true, false);
        if text.starts_with(' ') {
            let hint = self.best.to_string();
            self.indicator(&hint, false, false);
        }
        let mut back = text.chars().rev();
        match (back.next().map(scalar_style::is_break), back.next().map(scalar_style::is_break)) {
            (Some(true), Some(true) | None) => self.indicator("+", false, false),
            (Some(true), Some(false)) => {}
            _ => self.indicator("-", false, false),
        }
        self.put_break();
        self.whitespace = true;
        let mut breaks = true;
        for c in text.chars() {
            if c == '\n' {
                self.put_break();
                breaks = true;
            } else if scalar_style::is_break(c) {
                self.text.push(c);
                self.column = 0;
                self.indention = true;
                breaks = true;
            } else {
                if breaks {
                    self.indent(indent);
                }
                self.put(c);
                self.indention = false;
                breaks = false;
            }
        }
    }
}

/// A key in one line of at most 128 bytes.
fn simple_key(key: &Out) -> bool {
    match key {
        Out::Scalar(Value::List(_) | Value::Map(_)) | Out::List(_) | Out::Map(_) | Out::Pairs(_) => false,
        _ => {
            let (text, _) = scalar_text(key);
            text.len() <= 128 && !scalar_style::facts(&text).multiline
        }
    }
}
