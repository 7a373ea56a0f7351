//! Evaluation, as the CEL specification has it, over plain data.
//!
//! Not the parser's own interpreter: it cannot be bounded from outside, copies a list once for each entry of a loop over it,
//! runs over mappings in an order of chance, and does not say where in the text an error is.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::Fault;
use super::ast::{Each, Expr, Function, Kind, Operator};
use super::datum::Datum;
use super::meter::{Meter, Spent};
use crate::cel::Loop;
use crate::diag::{Span, closest};
use crate::untrusted::Untrusted;

/// Longest text that an expression makes, in bytes.
const LONGEST_TEXT: usize = 1 << 16;
/// Longest list that an expression makes.
const LONGEST_LIST: usize = 20_000;

/// Why there is no value.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// An error of the expression; `false &&` and `true ||` beside it make up for it.
    Fault(Fault),
    /// Too much work; nothing makes up for that.
    Spent,
}

impl From<Spent> for Stop {
    fn from(_: Spent) -> Self {
        Self::Spent
    }
}

/// Names within macros, innermost last.
pub(super) type Scope<'d> = Vec<(&'d str, Datum<'d>)>;

/// One evaluation over one set of documents.
pub(super) struct Evaluation<'d> {
    /// Names that stand for something from the beginning.
    pub(super) documents: BTreeMap<&'d str, Datum<'d>>,
    pub(super) meter: &'d Meter,
}

fn fault<T>(at: Span, message: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Fault(Fault::new(at, message)))
}

impl<'d> Evaluation<'d> {
    /// The value of a condition.
    pub(super) fn truth(&self, expr: &'d Expr, scope: &mut Scope<'d>) -> Result<bool, Stop> {
        let value = self.value(expr, scope)?;
        value.truth().map_or_else(|| fault(expr.at, format!("this is {}, not a condition", value.noun())), Ok)
    }

    /// The value of a part.
    pub(super) fn value(&self, expr: &'d Expr, scope: &mut Scope<'d>) -> Result<Datum<'d>, Stop> {
        self.meter.charge(1)?;
        Ok(match &expr.kind {
            Kind::Null => Datum::Null,
            Kind::Truth(b) => Datum::Truth(*b),
            Kind::Whole(i) => Datum::Whole(*i),
            Kind::Real(f) => Datum::Real(*f),
            Kind::Text(t) => Datum::Text(t),
            Kind::Name(name) => {
                let inner = scope.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone());
                match inner.or_else(|| self.documents.get(name.as_str()).cloned()) {
                    Some(value) => value,
                    None => return fault(expr.at, format!("there is no `{name}`")),
                }
            }
            Kind::Field(on, field) => {
                let from = self.value(on, scope)?;
                match from.get(field) {
                    Some(value) => value,
                    None => return missing(expr.at, &from, field),
                }
            }
            Kind::Has(on, field) => {
                let from = self.value(on, scope)?;
                if from.keys().is_none() {
                    return fault(expr.at, format!("{} has no fields", from.noun()));
                }
                Datum::Truth(from.get(field).is_some())
            }
            Kind::Entry(on, key) => self.entry(expr.at, on, key, scope)?,
            Kind::List(items) => {
                let items = items.iter().map(|i| self.value(i, scope)).collect::<Result<Vec<_>, _>>()?;
                Datum::List(items.into())
            }
            Kind::Map(entries) => {
                let mut map = BTreeMap::new();
                for (key, value) in entries {
                    let name = self.value(key, scope)?;
                    let Some(name) = name.text() else {
                        return fault(key.at, format!("keys are texts here, and this is {}", name.noun()));
                    };
                    if map.insert(name.to_owned(), self.value(value, scope)?).is_some() {
                        return fault(key.at, "this key stands twice");
                    }
                }
                Datum::Map(Rc::new(map))
            }
            Kind::Not(on) => Datum::Truth(!self.truth(on, scope)?),
            Kind::Negate(on) => match self.value(on, scope)? {
                Datum::Whole(i) => match i.checked_neg() {
                    Some(i) => Datum::Whole(i),
                    None => return fault(expr.at, "this number is too large"),
                },
                Datum::Real(f) => Datum::Real(-f),
                other => return fault(on.at, format!("{} has no negative", other.noun())),
            },
            Kind::And(a, b) => Datum::Truth(self.either(a, b, false, scope)?),
            Kind::Or(a, b) => Datum::Truth(self.either(a, b, true, scope)?),
            Kind::If(all) => {
                let [condition, then, otherwise] = all.as_ref();
                let branch = if self.truth(condition, scope)? { then } else { otherwise };
                self.value(branch, scope)?
            }
            Kind::Binary(operator, a, b) => {
                let (a, b) = (self.value(a, scope)?, self.value(b, scope)?);
                self.binary(expr.at, *operator, &a, &b)?
            }
            Kind::Each(each) => self.each(each, scope)?,
            Kind::Call(function, args) => self.call(expr.at, *function, args, scope)?,
            Kind::Matches(on, pattern) => {
                let on_value = self.value(on, scope)?;
                let Some(text) = on_value.text() else {
                    return fault(on.at, format!("{} has no `matches`", on_value.noun()));
                };
                // In the worst case each byte meets each state of the pattern.
                let states = pattern.as_str().len() as u64 / 4 + 1;
                self.meter.charge((text.len() as u64 + 1).saturating_mul(states) / 4)?;
                Datum::Truth(pattern.is_match(text))
            }
        })
    }

    /// `&&` and `||`: `decisive` on either side decides, whatever is wrong on the other.
    fn either(&self, a: &'d Expr, b: &'d Expr, decisive: bool, scope: &mut Scope<'d>) -> Result<bool, Stop> {
        let first = self.truth(a, scope);
        match first {
            Ok(value) if value == decisive => return Ok(decisive),
            Err(Stop::Spent) => return Err(Stop::Spent),
            Ok(_) | Err(Stop::Fault(_)) => {}
        }
        let second = self.truth(b, scope)?;
        if second == decisive { Ok(decisive) } else { first }
    }

    fn entry(&self, at: Span, on: &'d Expr, key: &'d Expr, scope: &mut Scope<'d>) -> Result<Datum<'d>, Stop> {
        let (from, key) = (self.value(on, scope)?, self.value(key, scope)?);
        if from.keys().is_some() {
            let Some(name) = key.text() else {
                return fault(at, format!("keys are texts here, and this is {}", key.noun()));
            };
            return from.get(name).map_or_else(|| missing(at, &from, name), Ok);
        }
        match (&from, &key) {
            (Datum::Given(_) | Datum::List(_), Datum::Whole(_) | Datum::Real(_)) => {
                let i = match key {
                    Datum::Whole(i) => i,
                    // As the specification has it, 1.0 is 1; nothing is between two entries.
                    Datum::Real(f) if f.fract() == 0.0 && f.abs() < 1e15 => f as i64,
                    _ => return fault(at, "entries of a list are numbered, and this is a fraction"),
                };
                let entry = usize::try_from(i).ok().and_then(|i| from.nth(i));
                let size = from.size().unwrap_or_default();
                entry.map_or_else(|| fault(at, format!("there is no entry {i} in a list of {size}")), Ok)
            }
            (Datum::Given(_) | Datum::List(_), _) => {
                fault(at, format!("entries of a list are numbered, and this is {}", key.noun()))
            }
            _ => fault(on.at, format!("{} has no entries", from.noun())),
        }
    }

    fn binary(&self, at: Span, operator: Operator, a: &Datum<'d>, b: &Datum<'d>) -> Result<Datum<'d>, Stop> {
        let no = || fault(at, format!("there is no `{}` of {} and {}", operator.sign(), a.noun(), b.noun()));
        let compared = |good: fn(Ordering) -> bool| {
            let size = |d: &Datum<'_>| d.text().map_or(0, str::len) as u64;
            self.meter.charge(size(a).min(size(b)) / 16)?;
            let ordered =
                matches!(a, Datum::Real(f) if f.is_nan()) || matches!(b, Datum::Real(f) if f.is_nan());
            match a.order(b) {
                Some(order) => Ok(Datum::Truth(good(order))),
                None if ordered => Ok(Datum::Truth(false)),
                None => no(),
            }
        };
        match operator {
            Operator::Equal => Ok(Datum::Truth(a.same(b, self.meter)?)),
            Operator::NotEqual => Ok(Datum::Truth(!a.same(b, self.meter)?)),
            Operator::Less => compared(Ordering::is_lt),
            Operator::LessEqual => compared(Ordering::is_le),
            Operator::Greater => compared(Ordering::is_gt),
            Operator::GreaterEqual => compared(Ordering::is_ge),
            Operator::In => {
                if b.keys().is_some() {
                    return match a {
                        Datum::Null
                        | Datum::Given(_)
                        | Datum::List(_)
                        | Datum::Mapping(_)
                        | Datum::Map(_) => no(),
                        _ => Ok(Datum::Truth(a.text().is_some_and(|key| b.get(key).is_some()))),
                    };
                }
                let Some(entries) = b.entries() else { return no() };
                for entry in entries {
                    if a.same(&entry, self.meter)? {
                        return Ok(Datum::Truth(true));
                    }
                }
                Ok(Datum::Truth(false))
            }
            Operator::Plus if a.text().is_some() && b.text().is_some() => {
                let text = [a.text().unwrap_or_default(), b.text().unwrap_or_default()];
                let length = text.iter().map(|t| t.len()).sum::<usize>();
                if length > LONGEST_TEXT {
                    return fault(at, format!("this makes a text of more than {LONGEST_TEXT} bytes"));
                }
                self.meter.charge(length as u64 / 16)?;
                Ok(Datum::Made(text.concat().into()))
            }
            Operator::Plus
                if matches!((a, b), (Datum::Given(_) | Datum::List(_), Datum::Given(_) | Datum::List(_))) =>
            {
                let length = a.size().unwrap_or_default() + b.size().unwrap_or_default();
                if length > LONGEST_LIST {
                    return fault(at, format!("this makes a list of more than {LONGEST_LIST} entries"));
                }
                self.meter.charge(length as u64)?;
                let all: Vec<Datum<'d>> = a.entries().into_iter().chain(b.entries()).flatten().collect();
                Ok(Datum::List(all.into()))
            }
            Operator::Plus | Operator::Minus | Operator::Times | Operator::Over | Operator::Modulo => {
                match (a, b) {
                    (Datum::Whole(a), Datum::Whole(b)) => whole(at, operator, *a, *b),
                    (Datum::Real(a), Datum::Real(b)) if operator != Operator::Modulo => {
                        Ok(Datum::Real(match operator {
                            Operator::Plus => a + b,
                            Operator::Minus => a - b,
                            Operator::Times => a * b,
                            _ => a / b,
                        }))
                    }
                    (Datum::Whole(_), Datum::Real(_)) | (Datum::Real(_), Datum::Whole(_)) => {
                        Err(Stop::Fault(
                            Fault::new(at, "whole numbers and fractions are not mixed")
                                .help("write `double(a)` or `int(a)`"),
                        ))
                    }
                    _ => no(),
                }
            }
        }
    }

    fn each(&self, each: &'d Each, scope: &mut Scope<'d>) -> Result<Datum<'d>, Stop> {
        let range = self.value(&each.range, scope)?;
        let Some(entries) = range.entries() else {
            return fault(each.range.at, format!("{} has no entries to go through", range.noun()));
        };
        let depth = scope.len();
        let mut made = Vec::new();
        let mut count = 0_usize;
        let mut pending = None;
        for entry in entries {
            self.meter.charge(1)?;
            scope.truncate(depth);
            scope.push((&each.variable, entry.clone()));
            let kept = match &each.guard {
                Some(guard) => self.truth(guard, scope),
                None => Ok(true),
            };
            let result = kept.and_then(|kept| match each.how {
                Loop::Map if !kept => Ok(()),
                Loop::Map => {
                    made.push(self.value(&each.body, scope)?);
                    Ok(())
                }
                _ => {
                    if self.truth(&each.body, scope)? {
                        count += 1;
                        if each.how == Loop::Filter {
                            made.push(entry);
                        }
                    } else if each.how == Loop::All {
                        // What decides.
                        count = usize::MAX;
                    }
                    Ok(())
                }
            });
            scope.truncate(depth);
            match result {
                Ok(()) => {}
                // As with `&&` and `||`, an entry that decides makes up for one that cannot be judged.
                Err(Stop::Fault(f)) if matches!(each.how, Loop::All | Loop::Exists) => {
                    pending = pending.or(Some(f));
                }
                Err(stop) => return Err(stop),
            }
            if (each.how == Loop::All && count == usize::MAX) || (each.how == Loop::Exists && count > 0) {
                return Ok(Datum::Truth(each.how == Loop::Exists));
            }
            if made.len() > LONGEST_LIST {
                return fault(
                    each.range.at,
                    format!("this makes a list of more than {LONGEST_LIST} entries"),
                );
            }
        }
        if let Some(pending) = pending {
            return Err(Stop::Fault(pending));
        }
        Ok(match each.how {
            Loop::All => Datum::Truth(true),
            Loop::Exists => Datum::Truth(false),
            Loop::ExistsOne => Datum::Truth(count == 1),
            Loop::Map | Loop::Filter => Datum::List(made.into()),
        })
    }

    fn call(
        &self,
        at: Span,
        function: Function,
        args: &'d [Expr],
        scope: &mut Scope<'d>,
    ) -> Result<Datum<'d>, Stop> {
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.value(arg, scope)?);
        }
        let no = |value: &Datum<'_>| {
            Stop::Fault(Fault::new(at, format!("there is no `{}` of {}", function.name(), value.noun())))
        };
        let [first, rest @ ..] = values.as_slice() else { return fault(at, "an argument is missing") };
        self.meter.charge(first.text().map_or(0, str::len) as u64 / 16)?;
        let texts = || match rest {
            [second] => match (first.text(), second.text()) {
                (Some(a), Some(b)) => Ok((a, b)),
                (Some(_), None) => Err(no(second)),
                (None, _) => Err(no(first)),
            },
            _ => Err(no(first)),
        };
        let unreadable = |text: &str| fault(at, format!("`{}` is no number", Untrusted::new(text).line(40)));
        match function {
            Function::Size => first.size().map_or_else(|| Err(no(first)), |n| Ok(Datum::Whole(n as i64))),
            Function::Contains => texts().map(|(a, b)| Datum::Truth(a.contains(b))),
            Function::StartsWith => texts().map(|(a, b)| Datum::Truth(a.starts_with(b))),
            Function::EndsWith => texts().map(|(a, b)| Datum::Truth(a.ends_with(b))),
            Function::ToWhole => match first {
                Datum::Whole(i) => Ok(Datum::Whole(*i)),
                Datum::Real(f) if f.abs() < 9.2e18 => Ok(Datum::Whole(*f as i64)),
                Datum::Real(_) => fault(at, "this number is too large"),
                Datum::Text(_) | Datum::Made(_) => {
                    let text = first.text().unwrap_or_default();
                    text.parse().map_or_else(|_| unreadable(text), |i| Ok(Datum::Whole(i)))
                }
                other => Err(no(other)),
            },
            Function::ToReal => match first {
                Datum::Whole(i) => Ok(Datum::Real(*i as f64)),
                Datum::Real(f) => Ok(Datum::Real(*f)),
                Datum::Text(_) | Datum::Made(_) => {
                    let text = first.text().unwrap_or_default();
                    text.parse().map_or_else(|_| unreadable(text), |f| Ok(Datum::Real(f)))
                }
                other => Err(no(other)),
            },
            Function::ToText => match first {
                Datum::Whole(i) => Ok(Datum::Made(i.to_string().into())),
                Datum::Real(f) => Ok(Datum::Made(f.to_string().into())),
                Datum::Truth(b) => Ok(Datum::Made(b.to_string().into())),
                Datum::Text(_) | Datum::Made(_) => Ok(first.clone()),
                other => Err(no(other)),
            },
        }
    }
}

fn whole<'d>(at: Span, operator: Operator, a: i64, b: i64) -> Result<Datum<'d>, Stop> {
    let divides = matches!(operator, Operator::Over | Operator::Modulo);
    if divides && b == 0 {
        return fault(at, "this divides by zero");
    }
    let result = match operator {
        Operator::Plus => a.checked_add(b),
        Operator::Minus => a.checked_sub(b),
        Operator::Times => a.checked_mul(b),
        Operator::Over => a.checked_div(b),
        _ => a.checked_rem(b),
    };
    result.map_or_else(|| fault(at, "this number is too large"), |n| Ok(Datum::Whole(n)))
}

fn missing<T>(at: Span, from: &Datum<'_>, key: &str) -> Result<T, Stop> {
    let shown = Untrusted::new(key).line(60);
    let Some(keys) = from.keys() else {
        return fault(at, format!("{} has no field `{shown}`", from.noun()));
    };
    let mut fault = Fault::new(at, format!("there is no `{shown}` in {}", from.entry_shown()));
    fault.help = Some(match closest(key, keys) {
        Some(near) => format!("did you mean `{}`?", Untrusted::new(near).line(60)),
        None => format!("ask first whether it is there: `has(….{shown})`"),
    });
    Err(Stop::Fault(fault))
}
