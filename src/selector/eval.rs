//! Evaluation of a selector for one storage.

use std::cell::Cell;
use std::sync::Arc;

use super::calls::call;
use super::declared::Variable;
use super::tree::{Each, Expr};
use super::value::{Value, entry};
use crate::cel::Loop;

/// Steps for one storage. Nothing that chooses a storage comes near.
const STEPS: u32 = 1_000_000;
/// Steps that a pattern of `matches` costs.
const PATTERN: usize = 2_000;
/// What is said instead of a value that would need more.
const SPENT: &str = "the selector takes too much work";

/// One storage of a node, as Proxmox lists it there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Storage {
    /// Id.
    pub name: String,
    /// Type of the plug-in: `rbd`, `lvmthin`, `dir`, …
    pub kind: String,
    /// Bytes that are free; 0 for one that is not active.
    pub available: u64,
}

/// What the variables stand for.
pub(super) struct Evaluation<'a> {
    pub(super) node: &'a str,
    pub(super) storage: &'a Storage,
    left: Cell<u32>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(node: &'a str, storage: &'a Storage) -> Self {
        Self { node, storage, left: Cell::new(STEPS) }
    }

    fn charge(&self, steps: usize) -> Result<(), String> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let left = self.left.get().checked_sub(steps);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| SPENT.to_owned())
    }

    /// The value of `expr`; the error is in cel-go's words.
    pub(super) fn value(&self, expr: &Expr, locals: &mut Vec<Value>) -> Result<Value, String> {
        self.charge(1)?;
        Ok(match expr {
            Expr::Literal(value) => value.clone(),
            Expr::Variable(variable) => match variable {
                Variable::Name => Value::text(self.storage.name.as_str()),
                Variable::Node => Value::text(self.node),
                Variable::StorageType => Value::text(self.storage.kind.as_str()),
                Variable::AvailableSpace => Value::Uint(self.storage.available),
            },
            Expr::Local(at) => locals.get(*at).cloned().unwrap_or(Value::Null),
            Expr::Field(on, field) => match self.value(on, locals)? {
                Value::Map(entries) => match entry(&entries, &Value::text(field.as_str())) {
                    Some(found) => found.clone(),
                    None => return Err(format!("no such key: {field}")),
                },
                _ => return Err(no_overload()),
            },
            Expr::Has(on, field) => match self.value(on, locals)? {
                Value::Map(entries) => Value::Bool(entry(&entries, &Value::text(field.as_str())).is_some()),
                _ => return Err(no_overload()),
            },
            Expr::List(items) => {
                let items: Result<Vec<Value>, String> = items.iter().map(|i| self.value(i, locals)).collect();
                Value::List(items?.into())
            }
            Expr::Map(entries) => {
                let mut made: Vec<(Value, Value)> = Vec::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.value(key, locals)?;
                    if entry(&made, &key).is_some() {
                        return Err(format!("Failed with repeated key {}", super::calls::shown(&key)));
                    }
                    made.push((key, self.value(value, locals)?));
                }
                Value::Map(made.into())
            }
            Expr::And(a, b) => return self.either(a, b, false, locals),
            Expr::Or(a, b) => return self.either(a, b, true, locals),
            Expr::If(all) => {
                let [condition, then, otherwise] = all.as_ref();
                match self.value(condition, locals)? {
                    Value::Bool(true) => return self.value(then, locals),
                    Value::Bool(false) => return self.value(otherwise, locals),
                    _ => return Err(no_overload()),
                }
            }
            Expr::Call(name, args) => {
                let values: Result<Vec<Value>, String> = args.iter().map(|a| self.value(a, locals)).collect();
                let values = values?;
                // A pattern is compiled for each call.
                self.charge(if name == "matches" { PATTERN } else { 0 })?;
                self.charge(values.iter().map(cost).sum())?;
                return call(name, &values);
            }
            Expr::Each(each) => return self.each(each, locals),
        })
    }

    /// `&&` and `||`: one side that decides is enough, even beside one that has no value.
    fn either(&self, a: &Expr, b: &Expr, decides: bool, locals: &mut Vec<Value>) -> Result<Value, String> {
        let truth = |value: Result<Value, String>| match value {
            Ok(Value::Bool(b)) => Ok(b),
            Ok(_) => Err(no_overload()),
            Err(error) => Err(error),
        };
        let left = truth(self.value(a, locals));
        if left == Ok(decides) {
            return Ok(Value::Bool(decides));
        }
        let right = truth(self.value(b, locals));
        match (left, right) {
            (_, Ok(right)) if right == decides => Ok(Value::Bool(decides)),
            (Err(error), _) | (Ok(_), Err(error)) => Err(error),
            (Ok(_), Ok(right)) => Ok(Value::Bool(right)),
        }
    }

    fn each(&self, each: &Each, locals: &mut Vec<Value>) -> Result<Value, String> {
        let range: Arc<[Value]> = match self.value(&each.range, locals)? {
            Value::List(items) => items,
            Value::Map(entries) => entries.iter().map(|(k, _)| k.clone()).collect(),
            _ => return Err(no_overload()),
        };
        let (mut made, mut count) = (Vec::new(), 0usize);
        let mut pending = None;
        for item in range.iter() {
            locals.push(item.clone());
            let outcome = self.once(each, locals);
            locals.pop();
            match (each.how, outcome) {
                (Loop::All, Ok(Some(Value::Bool(false)))) => return Ok(Value::Bool(false)),
                (Loop::Exists, Ok(Some(Value::Bool(true)))) => return Ok(Value::Bool(true)),
                (Loop::All | Loop::Exists, Ok(Some(Value::Bool(_)))) => {}
                // As with `&&` and `||`, a later entry may still decide.
                (Loop::All | Loop::Exists, Ok(_)) => pending = pending.or(Some(no_overload())),
                (Loop::All | Loop::Exists, Err(error)) => pending = pending.or(Some(error)),
                (Loop::ExistsOne, Ok(Some(Value::Bool(one)))) => count += usize::from(one),
                (Loop::Filter, Ok(Some(Value::Bool(keep)))) => {
                    if keep {
                        made.push(item.clone());
                    }
                }
                (Loop::ExistsOne | Loop::Filter, Ok(_)) => return Err(no_overload()),
                (Loop::Map, Ok(value)) => made.extend(value),
                (_, Err(error)) => return Err(error),
            }
        }
        match pending {
            Some(error) => Err(error),
            None => Ok(match each.how {
                Loop::All => Value::Bool(true),
                Loop::Exists => Value::Bool(false),
                Loop::ExistsOne => Value::Bool(count == 1),
                Loop::Map | Loop::Filter => Value::List(made.into()),
            }),
        }
    }

    /// The body for one entry; `None` where `map` leaves the entry out.
    fn once(&self, each: &Each, locals: &mut Vec<Value>) -> Result<Option<Value>, String> {
        if let Some(guard) = &each.guard {
            match self.value(guard, locals)? {
                Value::Bool(true) => {}
                Value::Bool(false) => return Ok(None),
                _ => return Err(no_overload()),
            }
        }
        self.value(&each.body, locals).map(Some)
    }
}

pub(super) fn no_overload() -> String {
    "no such overload".to_owned()
}

/// What it takes to look at a value.
fn cost(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() / 16,
        Value::Bytes(bytes) => bytes.len() / 16,
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => 0,
    }
}
