//! Rules and locked decisions that a plan breaks.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::cel::{Documents, Fault, Finding, Program, evaluate};
use super::codes;
use super::expressions::Expressions;
use crate::address::{Address, Glob};
use crate::diag::Sources;
use crate::plan::{Lifted, Plan, Warning};
use crate::spec::{Excepted, Exception, LockedDecision, Place, PolicyRule, RuleSeverity};
use crate::untrusted::Untrusted;

/// Longest text of the spec in a message, in characters.
const LONGEST: usize = 300;

/// What judges a plan besides the expressions themselves.
#[derive(Clone, Copy, Debug)]
pub struct Bench<'a> {
    /// Texts, for places in messages.
    pub sources: &'a Sources,
    /// What is lifted for a while.
    pub exceptions: &'a [Exception],
    /// Unix seconds of the moment that counts for exceptions.
    pub now: i64,
}

/// Judges a plan by every rule and every locked decision. Whoever has no value for this plan is not passed.
pub fn broken(
    expressions: &Expressions,
    plan: &Plan,
    documents: &Arc<Documents>,
    bench: Bench<'_>,
) -> Vec<Warning> {
    let mut found = Vec::new();
    for (decision, program) in &expressions.decisions {
        if let Some(result) = evaluate(program, documents, None).pop() {
            found.extend(judge_decision(decision, result, bench));
        }
    }
    for (rule, program) in &expressions.rules {
        found.extend(judge_rule(rule, program, plan, documents, bench));
    }
    found
}

/// What can be said before a plan is made: decisions and rules that look at the files alone.
pub fn broken_by_files(
    expressions: &Expressions,
    documents: &Arc<Documents>,
    bench: Bench<'_>,
) -> Vec<Warning> {
    let alone = |program: &Program| !program.mentions("plan") && !program.mentions("step");
    let mut found = Vec::new();
    for (decision, program) in expressions.decisions.iter().filter(|(_, p)| alone(p)) {
        if let Some(result) = evaluate(program, documents, None).pop() {
            found.extend(judge_decision(decision, result, bench));
        }
    }
    for (rule, program) in expressions.rules.iter().filter(|(r, p)| r.applies_to.is_none() && alone(p)) {
        if let Some(result) = evaluate(program, documents, None).pop() {
            found.extend(finding(rule, None, result, program_place(rule), bench));
        }
    }
    found
}

fn judge_decision(
    decision: &LockedDecision,
    result: Result<Finding, Fault>,
    bench: Bench<'_>,
) -> Option<Warning> {
    let key = Untrusted::new(decision.key.as_str()).line(80);
    let rule = Some(format!("locked_decisions.{key}"));
    let place = decision.place.show(bench.sources);
    let prose = |text: &Option<String>| text.as_deref().map(|t| Untrusted::new(t).line(LONGEST));
    match result {
        Ok(Finding { holds: true, .. }) => None,
        Ok(found) => {
            let what = prose(&decision.decision).map_or_else(String::new, |d| format!(": {d}"));
            let mut help = String::new();
            if let Some(why) = prose(&decision.rationale) {
                help.push_str(&format!("why it was decided: {why}; "));
            }
            if let Some(cost) = prose(&decision.change_cost) {
                help.push_str(&format!("what changing it costs: {cost}; "));
            }
            help.push_str(&format!("whoever changes the decision changes its assertion too, at {place}"));
            Some(Warning {
                code: codes::DECISION.to_owned(),
                message: format!("this breaks the locked decision `{key}`{what}{}", seen(&found)),
                blocks: true,
                help: Some(help),
                rule,
                evidence: evidence(&found),
                ..Warning::default()
            })
        }
        Err(fault) => Some(Warning {
            code: codes::NOT_EVALUATED.to_owned(),
            message: format!(
                "the locked decision `{key}` cannot be checked: {}{}",
                fault.message,
                part(&fault, decision.assert.text())
            ),
            blocks: true,
            help: Some(unevaluated(&fault, &place)),
            rule,
            ..Warning::default()
        }),
    }
}

fn judge_rule(
    rule: &PolicyRule,
    program: &Arc<Program>,
    plan: &Plan,
    documents: &Arc<Documents>,
    bench: Bench<'_>,
) -> Vec<Warning> {
    let place = program_place(rule);
    let Some(glob) = &rule.applies_to else {
        return evaluate(program, documents, None)
            .into_iter()
            .filter_map(|r| finding(rule, None, r, place, bench))
            .collect();
    };
    let steps: Vec<usize> =
        plan.steps.iter().enumerate().filter(|(_, s)| glob.matches(&s.address)).map(|(i, _)| i).collect();
    let results = evaluate(program, documents, Some(steps.clone()));
    let addresses = steps.into_iter().filter_map(|i| plan.steps.get(i)).map(|s| &s.address);
    addresses
        .zip(results)
        .filter_map(|(address, result)| finding(rule, Some(address), result, place, bench))
        .collect()
}

fn program_place(rule: &PolicyRule) -> Place {
    rule.place
}

fn finding(
    rule: &PolicyRule,
    address: Option<&Address>,
    result: Result<Finding, Fault>,
    place: Place,
    bench: Bench<'_>,
) -> Option<Warning> {
    let name = Untrusted::new(rule.name.as_str()).line(80);
    let place = place.show(bench.sources);
    let denies = rule.severity == RuleSeverity::Deny;
    let mut warning = match result {
        Ok(Finding { holds: true, .. }) => return None,
        Ok(found) => {
            let (code, info) = match rule.severity {
                RuleSeverity::Deny => (codes::DENIED, false),
                RuleSeverity::Warn => (codes::WARNED, false),
                RuleSeverity::Info => (codes::TOLD, true),
            };
            let message = rule
                .message
                .as_deref()
                .map_or_else(String::new, |m| format!(": {}", Untrusted::new(m).line(LONGEST)));
            let help = denies.then(|| format!("change the files, or write an exception of rule `{name}` under `policy.exceptions`; the rule stands at {place}"));
            Warning {
                code: code.to_owned(),
                message: format!("this breaks the rule `{name}`{message}{}", seen(&found)),
                blocks: denies,
                info,
                help: help.or_else(|| Some(format!("the rule stands at {place}"))),
                evidence: evidence(&found),
                ..Warning::default()
            }
        }
        Err(fault) => Warning {
            code: codes::NOT_EVALUATED.to_owned(),
            message: format!(
                "the rule `{name}` cannot be evaluated: {}{}",
                fault.message,
                part(&fault, rule.assert.text())
            ),
            blocks: denies,
            help: Some(unevaluated(&fault, &place)),
            ..Warning::default()
        },
    };
    warning.address = address.cloned();
    warning.rule = Some(rule.name.clone());
    if warning.blocks {
        lift(&mut warning, bench);
    }
    Some(warning)
}

/// Lifts what an exception covers, and says where one has run out.
fn lift(warning: &mut Warning, bench: Bench<'_>) {
    let of = |e: &&Exception| matches!(&e.of, Excepted::Rule(name) if Some(name) == warning.rule.as_ref());
    let covering: Vec<&Exception> =
        bench.exceptions.iter().filter(of).filter(|e| covers(&e.address, warning.address.as_ref())).collect();
    if let Some(exception) = covering.iter().find(|e| bench.now < e.expires_unix) {
        warning.blocks = false;
        warning.lifted = Some(Lifted {
            by: exception.place.show(bench.sources),
            owner: Some(exception.owner.clone()),
            reason: Some(exception.reason.clone()),
            expires: Some(exception.expires.clone()),
        });
    } else if let Some(exception) = covering.first() {
        let (owner, place) =
            (Untrusted::new(exception.owner.as_str()).line(60), exception.place.show(bench.sources));
        let expired = format!(
            "the exception at {place} (owner {owner}) ran out on {}",
            Untrusted::new(exception.expires.as_str()).line(40)
        );
        warning.help = Some(warning.help.take().map_or(expired.clone(), |help| format!("{expired}; {help}")));
    }
}

/// What is about the plan as a whole has no address; only the pattern of everything covers it.
fn covers(glob: &Glob, address: Option<&Address>) -> bool {
    address.map_or_else(|| glob.as_str() == "**", |a| glob.matches(a))
}

/// What the evaluation looked at, in brackets.
fn seen(found: &Finding) -> String {
    if found.seen.is_empty() {
        return String::new();
    }
    let all: Vec<String> =
        found.seen.iter().map(|(words, value)| format!("`{}` is {value}", shortened(words))).collect();
    format!(" ({})", all.join(", "))
}

fn evidence(found: &Finding) -> BTreeMap<String, String> {
    found.seen.iter().map(|(words, value)| (shortened(words), value.clone())).collect()
}

/// The part of the expression that has no value.
fn part(fault: &Fault, text: &str) -> String {
    let words = text.get(fault.at.start..fault.at.end).unwrap_or_default();
    if words.is_empty() || words.len() == text.len() {
        String::new()
    } else {
        format!(" in `{}`", shortened(words))
    }
}

fn unevaluated(fault: &Fault, place: &str) -> String {
    let what = "what cannot be evaluated is not passed";
    fault.help.as_ref().map_or_else(
        || format!("{what}; it stands at {place}"),
        |help| format!("{help}; {what}; it stands at {place}"),
    )
}

fn shortened(words: &str) -> String {
    Untrusted::new(words).line(80)
}
