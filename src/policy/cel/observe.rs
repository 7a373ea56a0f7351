//! What an evaluation looked at: the values that made a condition true or false, for people who have to act on it.

use super::ast::{Each, Expr, Kind};
use super::datum::Datum;
use super::eval::{Evaluation, Scope, Stop};
use crate::cel::Loop;

/// Most values that are told of one condition.
const MOST: usize = 6;

/// Words of the expression with what they stood for.
pub(super) struct Seen {
    text: String,
    pub(super) all: Vec<(String, String)>,
}

impl Seen {
    pub(super) fn of<'d>(evaluation: &Evaluation<'d>, text: &str, expr: &'d Expr, holds: bool) -> Self {
        let mut seen = Self { text: text.to_owned(), all: Vec::new() };
        // What cannot be told is left out: the verdict stands.
        let _left_out = seen.condition(evaluation, expr, holds, &mut Vec::new());
        seen
    }

    fn tell(&mut self, expr: &Expr, value: String) {
        let words = self.text.get(expr.at.start..expr.at.end).unwrap_or_default();
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        if self.all.len() < MOST && !self.all.iter().any(|(w, v)| *w == words && *v == value) {
            self.all.push((words, value));
        }
    }

    /// Tells the value of a part, unless it is written out.
    fn value<'d>(
        &mut self,
        evaluation: &Evaluation<'d>,
        expr: &'d Expr,
        scope: &mut Scope<'d>,
    ) -> Result<(), Stop> {
        if !expr.is_literal() {
            let value = evaluation.value(expr, scope)?;
            self.tell(expr, value.shown());
        }
        Ok(())
    }

    fn condition<'d>(
        &mut self,
        evaluation: &Evaluation<'d>,
        expr: &'d Expr,
        holds: bool,
        scope: &mut Scope<'d>,
    ) -> Result<(), Stop> {
        match &expr.kind {
            Kind::And(a, b) | Kind::Or(a, b) => {
                // Of `&&` that fails, and of `||` that holds, one side decides.
                let decisive = matches!(expr.kind, Kind::Or(..)) == holds;
                for side in [a, b] {
                    let value = evaluation.truth(side, scope);
                    match value {
                        Ok(value) if value == holds => {
                            self.condition(evaluation, side, holds, scope)?;
                            if decisive {
                                return Ok(());
                            }
                        }
                        Err(Stop::Spent) => return Err(Stop::Spent),
                        _ => {}
                    }
                }
                Ok(())
            }
            Kind::Not(on) => match &on.kind {
                Kind::Name(_) | Kind::Field(..) => self.value(evaluation, on, scope),
                _ => self.condition(evaluation, on, !holds, scope),
            },
            Kind::If(all) => {
                let [condition, then, otherwise] = all.as_ref();
                let branch = if evaluation.truth(condition, scope)? { then } else { otherwise };
                self.condition(evaluation, condition, std::ptr::eq(branch, then), scope)?;
                self.condition(evaluation, branch, holds, scope)
            }
            Kind::Binary(_, a, b) => {
                self.value(evaluation, a, scope)?;
                self.value(evaluation, b, scope)
            }
            Kind::Call(_, args) => args.iter().try_for_each(|arg| self.value(evaluation, arg, scope)),
            Kind::Matches(on, _) | Kind::Has(on, _) => self.value(evaluation, on, scope),
            Kind::Each(each) => self.each(evaluation, each, holds, scope),
            _ => self.value(evaluation, expr, scope),
        }
    }

    /// The entry that decides and what about it; without one, how many there were.
    fn each<'d>(
        &mut self,
        evaluation: &Evaluation<'d>,
        each: &'d Each,
        holds: bool,
        scope: &mut Scope<'d>,
    ) -> Result<(), Stop> {
        let range = evaluation.value(&each.range, scope)?;
        let decides = match each.how {
            Loop::All if !holds => Some(false),
            Loop::Exists | Loop::ExistsOne if holds => Some(true),
            _ => None,
        };
        if let Some(decides) = decides {
            for (at, entry) in range.entries().into_iter().flatten().enumerate() {
                scope.push((&each.variable, entry.clone()));
                let found = matches!(evaluation.truth(&each.body, scope), Ok(value) if value == decides);
                if found {
                    let named = entry.entry_shown();
                    let named = if named == "a mapping" { format!("entry {at}") } else { named };
                    if self.all.len() < MOST {
                        self.all.push((each.variable.clone(), named));
                    }
                    let told = self.condition(evaluation, &each.body, decides, scope);
                    scope.pop();
                    return told;
                }
                scope.pop();
            }
        }
        let shown = match (&range, range.size()) {
            (_, Some(0)) => "empty".to_owned(),
            (Datum::Given(_) | Datum::List(_), Some(1)) => format!("1 entry: {}", range.shown()),
            (Datum::Given(_) | Datum::List(_), Some(n)) => format!("{n} entries: {}", range.shown()),
            _ => range.shown(),
        };
        self.tell(&each.range, shown);
        Ok(())
    }
}
