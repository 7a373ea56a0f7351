//! `definition_of_done`: what has to be so, and whether it is.

use std::sync::Arc;

use super::cel::{Documents, Program, evaluate};
use super::expressions::Expressions;
use crate::spec::DoneItem;

/// How an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its check holds.
    Holds,
    /// Its check does not hold.
    Fails,
    /// Its check has no value; why.
    Unclear(String),
    /// Nobody wrote a check.
    Unchecked,
}

/// One entry, as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// The entry in words, as written.
    pub text: String,
    /// How it stands.
    pub standing: Standing,
    /// What its check looked at. Safe to print in one line.
    pub seen: Vec<(String, String)>,
}

/// Checks every entry, in the file's order.
pub fn done(expressions: &Expressions, documents: &Arc<Documents>) -> Vec<Checked> {
    expressions.done.iter().map(|(item, program)| check(item, program.as_ref(), documents)).collect()
}

/// Checks the exit criteria of a phase that can be checked, in the file's order.
pub fn criteria(expressions: &Expressions, phase: &str, documents: &Arc<Documents>) -> Vec<Checked> {
    let of = expressions.gates.iter().filter(|(key, ..)| key == phase);
    of.map(|(_, item, program)| check(item, Some(program), documents)).collect()
}

fn check(item: &DoneItem, program: Option<&Arc<Program>>, documents: &Arc<Documents>) -> Checked {
    let result = program.and_then(|program| evaluate(program, documents, None).pop());
    let (standing, seen) = match result {
        None => (Standing::Unchecked, Vec::new()),
        Some(Ok(found)) if found.holds => (Standing::Holds, found.seen),
        Some(Ok(found)) => (Standing::Fails, found.seen),
        Some(Err(fault)) => (Standing::Unclear(fault.message), Vec::new()),
    };
    Checked { text: item.text.clone(), standing, seen }
}
