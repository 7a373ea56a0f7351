//! Values of an expression: parts of the document by reference, and what the expression makes itself.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::meter::{Meter, Spent};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Cheap to copy: what is large is shared.
#[derive(Clone, Debug)]
pub(super) enum Datum<'d> {
    Null,
    Truth(bool),
    Whole(i64),
    Real(f64),
    Text(&'d str),
    Made(Rc<str>),
    Given(&'d [Value]),
    List(Rc<[Datum<'d>]>),
    Mapping(&'d BTreeMap<String, Value>),
    Map(Rc<BTreeMap<String, Datum<'d>>>),
}

impl<'d> Datum<'d> {
    /// A part of a document. Whole numbers beyond 64 bits lose their last digits, as in JSON elsewhere.
    pub(super) fn of(value: &'d Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Truth(*b),
            Value::Int(i) => i64::try_from(*i).map_or(Self::Real(*i as f64), Self::Whole),
            Value::Float(f) => Self::Real(*f),
            Value::Str(s) => Self::Text(s),
            Value::List(l) => Self::Given(l),
            Value::Map(m) => Self::Mapping(m),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(t) => Some(t),
            Self::Made(t) => Some(t),
            _ => None,
        }
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(b) => Some(*b),
            _ => None,
        }
    }

    /// What it is, with its article.
    pub(super) fn noun(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Truth(_) => "a truth value",
            Self::Whole(_) => "a whole number",
            Self::Real(_) => "a fraction",
            Self::Text(_) | Self::Made(_) => "a text",
            Self::Given(_) | Self::List(_) => "a list",
            Self::Mapping(_) | Self::Map(_) => "a mapping",
        }
    }

    /// Entries of a list, keys of a mapping, characters of a text.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Text(_) | Self::Made(_) => self.text().map(|t| t.chars().count()),
            Self::Given(l) => Some(l.len()),
            Self::List(l) => Some(l.len()),
            Self::Mapping(m) => Some(m.len()),
            Self::Map(m) => Some(m.len()),
            Self::Null | Self::Truth(_) | Self::Whole(_) | Self::Real(_) => None,
        }
    }

    /// The entry `key` of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<Self> {
        match self {
            Self::Mapping(m) => m.get(key).map(Self::of),
            Self::Map(m) => m.get(key).cloned(),
            _ => None,
        }
    }

    /// Keys of a mapping, in order.
    pub(super) fn keys(&self) -> Option<Vec<&str>> {
        match self {
            Self::Mapping(m) => Some(m.keys().map(String::as_str).collect()),
            Self::Map(m) => Some(m.keys().map(String::as_str).collect()),
            _ => None,
        }
    }

    /// Entry `i` of a list; of a mapping, its key `i` in order.
    pub(super) fn nth(&self, i: usize) -> Option<Self> {
        match self {
            Self::Given(l) => l.get(i).map(Self::of),
            Self::List(l) => l.get(i).cloned(),
            _ => None,
        }
    }

    /// What a macro runs over: the entries of a list, or the keys of a mapping in order.
    pub(super) fn entries(&self) -> Option<Entries<'d>> {
        Some(match self {
            Self::Given(l) => Entries { from: From::Given(l.iter()) },
            Self::List(l) => Entries { from: From::List(Rc::clone(l), 0) },
            Self::Mapping(m) => Entries { from: From::Keys(m.keys()) },
            Self::Map(m) => {
                let keys: Vec<Self> = m.keys().map(|k| Self::Made(k.as_str().into())).collect();
                Entries { from: From::List(keys.into(), 0) }
            }
            _ => return None,
        })
    }

    /// Whether both are the same: numbers by value, lists and mappings by their entries, anything else by kind and value.
    pub(super) fn same(&self, other: &Self, meter: &Meter) -> Result<bool, Spent> {
        meter.charge(1)?;
        if let (Some(a), Some(b)) = (self.text(), other.text()) {
            meter.charge(a.len().min(b.len()) as u64 / 16)?;
            return Ok(a == b);
        }
        if let (Some(a), Some(b)) = (self.keys(), other.keys()) {
            if a != b {
                return Ok(false);
            }
            for key in a {
                let (Some(a), Some(b)) = (self.get(key), other.get(key)) else { return Ok(false) };
                if !a.same(&b, meter)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        if let (Self::Given(_) | Self::List(_), Self::Given(_) | Self::List(_)) = (self, other) {
            if self.size() != other.size() {
                return Ok(false);
            }
            let (Some(a), Some(b)) = (self.entries(), other.entries()) else { return Ok(false) };
            for (a, b) in a.zip(b) {
                if !a.same(&b, meter)? {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        Ok(match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Truth(a), Self::Truth(b)) => a == b,
            _ => self.number_order(other) == Some(Ordering::Equal),
        })
    }

    /// Which of two numbers, texts or truth values is the greater; `None` if they have no order.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        if let (Some(a), Some(b)) = (self.text(), other.text()) {
            return Some(a.cmp(b));
        }
        match (self, other) {
            (Self::Truth(a), Self::Truth(b)) => Some(a.cmp(b)),
            _ => self.number_order(other),
        }
    }

    fn number_order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(a), Self::Whole(b)) => Some(a.cmp(b)),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(b),
            (Self::Whole(a), Self::Real(b)) => whole_and_real(*a, *b),
            (Self::Real(a), Self::Whole(b)) => whole_and_real(*b, *a).map(Ordering::reverse),
            _ => None,
        }
    }

    /// For people, in one line; what hides a secret stays hidden.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Truth(b) => b.to_string(),
            Self::Whole(i) => i.to_string(),
            Self::Real(f) => f.to_string(),
            Self::Text(_) | Self::Made(_) => {
                let text = Untrusted::new(self.text().unwrap_or_default()).line(60);
                if text.contains('"') { format!("'{text}'") } else { format!("\"{text}\"") }
            }
            Self::Given(_) | Self::List(_) => {
                let all: Vec<Self> = self.entries().into_iter().flatten().take(7).collect();
                let mut parts: Vec<String> = all.iter().take(6).map(Self::entry_shown).collect();
                if all.len() > 6 {
                    parts.push(format!("… {} in all", self.size().unwrap_or_default()));
                }
                format!("[{}]", parts.join(", "))
            }
            Self::Mapping(_) | Self::Map(_) => self.entry_shown(),
        }
    }

    /// Within a list, mappings are named by what names them.
    pub(super) fn entry_shown(&self) -> String {
        if self.keys().is_none() {
            return match self {
                Self::Given(_) | Self::List(_) => format!("a list of {}", self.size().unwrap_or_default()),
                _ => self.shown(),
            };
        }
        if self.get("$hidden").is_some() {
            return "(hidden)".to_owned();
        }
        let name = ["address", "name", "id", "machine"].iter().find_map(|key| {
            let named = self.get(key)?;
            Some(Untrusted::new(named.text()?).line(120))
        });
        name.unwrap_or_else(|| "a mapping".to_owned())
    }
}

/// Exactly: no whole number is rounded to a fraction that happens to be near.
fn whole_and_real(whole: i64, real: f64) -> Option<Ordering> {
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if real.is_nan() {
        return None;
    }
    if real >= ABOVE {
        return Some(Ordering::Less);
    }
    if real < -ABOVE {
        return Some(Ordering::Greater);
    }
    let truncated = real.trunc() as i64;
    Some(whole.cmp(&truncated).then_with(|| 0.0_f64.partial_cmp(&real.fract()).unwrap_or(Ordering::Equal)))
}

/// Entries, one after the other.
pub(super) struct Entries<'d> {
    from: From<'d>,
}

enum From<'d> {
    Given(std::slice::Iter<'d, Value>),
    List(Rc<[Datum<'d>]>, usize),
    Keys(std::collections::btree_map::Keys<'d, String, Value>),
}

impl<'d> Iterator for Entries<'d> {
    type Item = Datum<'d>;
    fn next(&mut self) -> Option<Datum<'d>> {
        match &mut self.from {
            From::Given(all) => all.next().map(Datum::of),
            From::List(all, at) => {
                *at += 1;
                all.get(*at - 1).cloned()
            }
            From::Keys(all) => all.next().map(|k| Datum::Text(k)),
        }
    }
}
