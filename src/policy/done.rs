//! `definition_of_done`: what has to be so, and whether it is.

use std::sync::Arc;

use super::cel::{Documents, evaluate};
use super::expressions::Expressions;

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
    let check = |(item, program): &(crate::spec::DoneItem, Option<Arc<super::cel::Program>>)| {
        let result = program.as_ref().and_then(|program| evaluate(program, documents, None).pop());
        let (standing, seen) = match result {
            None => (Standing::Unchecked, Vec::new()),
            Some(Ok(found)) if found.holds => (Standing::Holds, found.seen),
            Some(Ok(found)) => (Standing::Fails, found.seen),
            Some(Err(fault)) => (Standing::Unclear(fault.message), Vec::new()),
        };
        Checked { text: item.text.clone(), standing, seen }
    };
    expressions.done.iter().map(check).collect()
}
