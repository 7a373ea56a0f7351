//! Expressions over plans (CEL), fenced: whatever stands in a spec ends in a value or an error, in bounded time and memory.
//!
//! The text is bounded before anything recurses over it, parsed by the parser of the `cel` crate, brought into a tree of our
//! own, checked against the shape of the documents, and evaluated by our own interpreter, whose steps are counted. Parsing and
//! evaluation have a thread of their own with a large stack, because both recurse over what people write, and a stack that
//! overflows cannot be caught. This thread is the one exception to "no threads below layer 5"; nothing leaves it but a result.
//!
//! What is offered is the standard language without bytes, unsigned numbers, times, types as values and messages: texts, whole
//! numbers, fractions, truth values, null, lists, mappings with texts as keys; all operators; `has`, `all`, `exists`,
//! `exists_one`, `map`, `filter`; `size`, `contains`, `startsWith`, `endsWith`, `matches`, `int`, `double`, `string`.

mod ast;
mod check;
mod datum;
mod eval;
mod fence;
mod lower;
mod meter;
mod observe;
mod shape;

use std::collections::BTreeMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use cel_interpreter::Env;

use crate::diag::Span;
use crate::untrusted::Untrusted;
use crate::value::Value;

use datum::Datum;
use eval::{Evaluation, Stop};
use meter::Meter;
pub use shape::{Field, Of, Shape};

/// Stack of the thread: the parser alone takes 90 KiB for each bracket in a build without optimisation.
const STACK: usize = 64 << 20;
/// Longest wait for a result. What is bounded by counting needs a small part of it.
const PATIENCE: Duration = Duration::from_secs(1);

/// What is wrong with an expression, or went wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the expression's text.
    pub at: Span,
    /// A sentence without final period.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

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
    fence::check(text).map_err(|fault| vec![fault])?;
    let everything = Span::new(0, text.len());
    let text = text.to_owned();
    let results = on_thread(move |send| {
        send(parse(&text).and_then(|root| {
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

fn parse(text: &str) -> Result<ast::Expr, Vec<Fault>> {
    let whole = Span::new(0, text.len());
    match Env::default().with_optional_support(false).compile(text) {
        Ok(program) => {
            lower::lower(program.expression(), program.source_info(), text).map_err(|fault| vec![fault])
        }
        Err(problems) => {
            // The first is the mistake; those behind it are what the parser makes of the rest.
            let first = problems.errors.into_iter().next();
            let Some(first) = first else { return Err(vec![Fault::new(whole, "this is no expression")]) };
            let at = place(text, first.pos);
            Err(vec![syntax(at, text, &first.msg)])
        }
    }
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

/// Runs something that recurses, on a stack that suffices. It sends any number of results; one that is not waited for any more
/// ends by itself, since all that it does is bounded.
fn on_thread<T: Send + 'static>(work: impl FnOnce(&dyn Fn(T)) + Send + 'static) -> mpsc::Receiver<T> {
    let (send, receive) = mpsc::channel();
    let thread = std::thread::Builder::new().name("expression".to_owned()).stack_size(STACK);
    // Without a thread nobody sends, and whoever waits is told.
    let _detached = thread.spawn(move || {
        work(&|result| {
            // Nobody listening any more is no error.
            let _unheard = send.send(result);
        });
    });
    receive
}

fn unanswered(at: Span, why: mpsc::RecvTimeoutError) -> Fault {
    match why {
        mpsc::RecvTimeoutError::Timeout => {
            Fault::new(at, format!("there was no result within {} s", PATIENCE.as_secs()))
                .help("make it smaller, or try again when the machine has less to do")
        }
        mpsc::RecvTimeoutError::Disconnected => {
            Fault::new(at, "the expression cannot be evaluated").help("write it in another way")
        }
    }
}

#[cfg(test)]
mod tests;
