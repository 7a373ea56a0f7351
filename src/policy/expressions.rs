//! The expressions of a spec, read once for all plans.

use std::sync::Arc;

use super::cel::{Fault, Program, Shape, compile};
use super::document::{NAMES, STEP_NAMES};
use crate::diag::{Diagnostic, Sink, Sources, codes};
use crate::spec::{DoneItem, Expression, LockedDecision, PolicyRule, Spec};

/// Expressions that can be evaluated, with what they belong to.
#[derive(Clone, Debug, Default)]
pub struct Expressions {
    /// Rules of the policy, in the file's order.
    pub rules: Vec<(PolicyRule, Arc<Program>)>,
    /// Decisions that bind every plan, in the file's order.
    pub decisions: Vec<(LockedDecision, Arc<Program>)>,
    /// What has to be so when all is done, in the file's order; without a program nobody can check it.
    pub done: Vec<(DoneItem, Option<Arc<Program>>)>,
    /// Exit criteria of phases that can be checked, by the key of the phase, in the file's order.
    pub gates: Vec<(String, DoneItem, Arc<Program>)>,
}

impl Expressions {
    /// Reads all expressions of a spec. What is wrong with them goes to `sink`, with its place in the file.
    pub fn read(spec: &Spec, sources: &Sources, sink: &mut Sink) -> Self {
        let mut read = |what: &str, expression: &Expression, names| {
            compile(expression.text(), names)
                .map_err(|faults| {
                    sink.push_all(faults.into_iter().map(|f| problem(what, expression, f, sources)));
                })
                .ok()
        };
        let mut whole =
            |what: &str, expression| read(what, expression, &NAMES as &'static [(&str, &'static Shape)]);
        let decisions = spec
            .locked_decisions
            .iter()
            .filter_map(|d| Some((d.clone(), whole("assertion", &d.assert)?)))
            .collect();
        let done = spec
            .definition_of_done
            .iter()
            .map(|d| (d.clone(), d.check.as_ref().and_then(|check| whole("check", check))))
            .collect();
        let mut gates = Vec::new();
        for phase in &spec.phases {
            for item in &phase.criteria {
                if let Some(program) = item.check.as_ref().and_then(|check| whole("check", check)) {
                    gates.push((phase.key.clone(), item.clone(), program));
                }
            }
        }
        let rules = spec
            .rules
            .iter()
            .filter_map(|r| {
                let names: &'static [(&str, &Shape)] =
                    if r.applies_to.is_some() { &STEP_NAMES } else { &NAMES };
                Some((r.clone(), read("rule", &r.assert, names)?))
            })
            .collect();
        Self { rules, decisions, done, gates }
    }

    /// Whether any of them says something about plans.
    pub fn judge_plans(&self) -> bool {
        !self.rules.is_empty() || !self.decisions.is_empty()
    }
}

fn problem(what: &str, expression: &Expression, fault: Fault, sources: &Sources) -> Diagnostic {
    let place = expression.place_of(fault.at, sources);
    let diagnostic = Diagnostic::error(codes::EXPRESSION, format!("in this {what}: {}", fault.message)).at(
        place.source,
        place.span,
        "",
    );
    match fault.help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
