//! The words for partial plans and for what is not known, the same in every renderer. What they return holds names from
//! outside: it goes through the escaper of its sink.

use crate::address::Glob;
use crate::plan::{Plan, Scope};

/// What a partial plan was restricted to, and how much it leaves out.
pub fn headline(scope: &Scope) -> String {
    format!("PARTIAL plan: {}; {}", choice(scope), left_out(scope))
}

/// What was chosen.
pub(super) fn choice(scope: &Scope) -> String {
    let quoted = |texts: &[String]| texts.iter().map(|t| format!("`{t}`")).collect::<Vec<_>>().join(", ");
    let mut parts = Vec::new();
    if !scope.clusters.is_empty() {
        let noun = if scope.clusters.len() == 1 { "cluster" } else { "clusters" };
        parts.push(format!("only {noun} {}", quoted(&scope.clusters)));
    }
    if !scope.targets.is_empty() {
        parts.push(format!("only {}", quoted(&scope.targets)));
    }
    if !scope.excludes.is_empty() {
        parts.push(format!("without {}", quoted(&scope.excludes)));
    }
    parts.join(", ")
}

/// How many steps of the whole plan are not in a partial one.
pub fn left_out(scope: &Scope) -> String {
    match scope.left_out {
        0 => "it leaves nothing out".to_owned(),
        1 => "1 step of the whole plan is left out".to_owned(),
        n => format!("{n} steps of the whole plan are left out"),
    }
}

/// What follows from the choice, one line each: a sign, the address, why.
pub fn consequences(scope: &Scope) -> Vec<(&'static str, String, String)> {
    let brought = scope.brought.iter().map(|r| ("comes along", r));
    let left = scope.left_too.iter().map(|r| ("left out too", r));
    brought.chain(left).map(|(word, r)| (word, r.address.to_string(), r.because.clone())).collect()
}

/// What keeps an incomplete plan from being applied, and how the rest can be; `None` for a complete one.
pub fn not_applyable(plan: &Plan) -> Option<String> {
    if plan.unknown.is_empty() {
        return None;
    }
    let n = plan.unknown_subtrees.len();
    let what = match n {
        0 => "not everything is known".to_owned(),
        1 => "1 subtree unknown".to_owned(),
        n => format!("{n} subtrees unknown"),
    };
    Some(match without_unknown(plan) {
        Some(flags) => format!("Not applyable: {what}. Retry, or apply the rest with {flags}"),
        None => format!("Not applyable: {what}. Retry when it can be read"),
    })
}

/// The options that leave out what is not known; `None` where nothing would be left to do.
pub fn without_unknown(plan: &Plan) -> Option<String> {
    let known = |address| !plan.unknown_subtrees.iter().any(|u| u.address.contains(address));
    let rest = plan.steps.iter().any(|s| s.action.is_change() && known(&s.address));
    if plan.unknown_subtrees.is_empty() || !rest {
        return None;
    }
    let none = Scope::default();
    let scope = plan.scope.as_ref().unwrap_or(&none);
    let subtrees = plan.unknown_subtrees.iter().map(|u| Glob::subtree(&u.address).to_string());
    let excludes: Vec<String> = scope.excludes.iter().cloned().chain(subtrees).collect();
    let mut flags = Vec::new();
    for (flag, texts) in
        [("--cluster", &scope.clusters), ("--target", &scope.targets), ("--exclude", &excludes)]
    {
        flags.extend(texts.iter().map(|text| format!("{flag} {}", shell(text))));
    }
    Some(flags.join(" "))
}

/// One word of a shell.
fn shell(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
