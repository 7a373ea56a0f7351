//! Expressions over plans (CEL), fenced: whatever stands in a spec ends in a value or an error, in bounded time and memory.
//!
//! The text is read by [`crate::cel`], brought into a tree of our own, checked against the shape of the documents, and evaluated
//! by our own interpreter, whose steps are counted, on the thread of that module.
//!
//! What is offered is the standard language without bytes, unsigned numbers, times, types as values and messages: texts, whole
//! numbers, fractions, truth values, null, lists, mappings with texts as keys; all operators; `has`, `all`, `exists`,
//! `exists_one`, `map`, `filter`; `size`, `contains`, `startsWith`, `endsWith`, `matches`, `int`, `double`, `string`.

mod ast;
mod check;
mod datum;
mod eval;
mod lower;
mod meter;
mod observe;
mod shape;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use crate::cel::Fault;
use crate::cel::{PATIENCE, fence, on_thread, parse, unanswered};
use crate::diag::Span;
use crate::value::Value;

use datum::Datum;
use eval::{Evaluation, Stop};
use meter::Meter;
pub use shape::{Field, Of, Shape};

/// An expression that can be evaluated.
#[derive(Debug)]
pub struct Program {
    text: String,
    root: ast::Expr,
}

/// Named documents.
pub type Documents = BTreeMap<&'static str, Value>;

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The value of the condition.
    pub holds: bool,
    /// What it looked at, in its own words: `c.provider_data.memory` was `4096`. Safe to print in one line.
    pub seen: Vec<(String, String)>,
}

impl Program {
    /// Whether it takes the document `name` into account.
    pub fn mentions(&self, name: &str) -> bool {
        self.root.free_names().contains(name)
    }
}

/// Reads a condition over the documents in `names`.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text: not the language, too large, names and fields that are not
/// there, comparisons that always end the same way.
pub fn compile(
    text: &str,
    names: &'static [(&'static str, &'static Shape)],
) -> Result<Arc<Program>, Vec<Fault>> {
    fence(text).map_err(|unfit| vec![unfit.into_fault()])?;
    let everything = Span::new(0, text.len());
    let text = text.to_owned();
    let results = on_thread(move |send| {
        send(parsed(&text).and_then(|root| {
            let mut faults = check::check(&root, names);
            faults.sort_by_key(|f| f.at);
            if faults.is_empty() { Ok(Arc::new(Program { text, root })) } else { Err(faults) }
        }));
    });
    match results.recv_timeout(PATIENCE) {
        Ok(result) => result,
        Err(why) => Err(vec![unanswered(everything, why)]),
    }
}

/// Evaluates a condition over documents; with `steps`, once for each of these entries of `plan.steps`, which is then `step`.
/// One result for each evaluation, in order.
///
/// # Errors
/// A part that has no value: a key that is not there, null where a text is needed, a number too large. Also work without end.
pub fn evaluate(
    program: &Arc<Program>,
    documents: &Arc<Documents>,
    steps: Option<Vec<usize>>,
) -> Vec<Result<Finding, Fault>> {
    let everything = Span::new(0, program.text.len());
    let wanted = steps.as_ref().map_or(1, Vec::len);
    let (program, documents) = (Arc::clone(program), Arc::clone(documents));
    let results = on_thread(move |send| {
        let meter = Meter::default();
        let mut evaluation = Evaluation {
            documents: documents.iter().map(|(name, value)| (*name, Datum::of(value))).collect(),
            meter: &meter,
        };
        let Some(steps) = steps else {
            send(once(&evaluation, &program));
            return;
        };
        let all =
            documents.get("plan").and_then(|p| p.get("steps")).and_then(Value::as_list).unwrap_or_default();
        for at in steps {
            evaluation.documents.insert("step", all.get(at).map_or(Datum::Null, Datum::of));
            send(once(&evaluation, &program));
        }
    });
    let mut found = Vec::with_capacity(wanted);
    while found.len() < wanted {
        match results.recv_timeout(PATIENCE) {
            Ok(result) => found.push(result),
            Err(why) => {
                found.resize(wanted, Err(unanswered(everything, why)));
            }
        }
    }
    found
}

fn parsed(text: &str) -> Result<ast::Expr, Vec<Fault>> {
    let program = parse(text).map_err(|unreadable| vec![unreadable.fault])?;
    lower::lower(program.expression(), program.source_info(), text).map_err(|fault| vec![fault])
}

fn once<'d>(evaluation: &Evaluation<'d>, program: &'d Program) -> Result<Finding, Fault> {
    let holds = evaluation.truth(&program.root, &mut Vec::new()).map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Spent => Fault::new(
            Span::new(0, program.text.len()),
            "the expression takes too much work on this plan",
        )
        .help(
            "loops within loops cost the product of their lists; filter first, or make several rules of it",
        ),
    })?;
    Ok(Finding { holds, seen: observe::Seen::of(evaluation, &program.text, &program.root, holds).all })
}

#[cfg(test)]
mod tests;
