//! What the repository's own policies say of a plan, and of the files before any plan is made.

use std::sync::Arc;

use super::repository::Repository;
use crate::plan::{Plan, Warning};
use crate::policy::document::documents;
use crate::policy::{Bench, Checked, broken, broken_by_files, criteria, done, still_binding};
use crate::state::model::KeptPolicy;

/// Adds to a plan what rules and locked decisions say of it at `now` (Unix seconds).
pub(super) fn policies(repository: &Repository, plan: &mut Plan, now: i64) {
    if !repository.expressions.judge_plans() {
        return;
    }
    let documents = Arc::new(documents(Some(plan), &repository.desired, Some(repository.spec())));
    let found = broken(&repository.expressions, plan, &documents, bench(repository, now));
    plan.add_findings(found);
}

/// Adds to a plan what rules and locked decisions say of it that the last apply took in and the files have otherwise now.
pub(super) fn bound(repository: &Repository, plan: &mut Plan, before: &KeptPolicy, now: &KeptPolicy) {
    if before.rules == now.rules && before.decisions == now.decisions {
        return;
    }
    let documents = Arc::new(documents(Some(plan), &repository.desired, Some(repository.spec())));
    let found = still_binding(before, now, plan, &documents);
    plan.add_findings(found);
}

/// What rules and locked decisions that look at the files alone say of them.
pub(super) fn files(repository: &Repository, now: i64) -> Vec<Warning> {
    if !repository.expressions.judge_plans() {
        return Vec::new();
    }
    let documents = Arc::new(documents(None, &repository.desired, Some(repository.spec())));
    broken_by_files(&repository.expressions, &documents, bench(repository, now))
}

/// How the definition of done stands.
pub(super) fn definition_of_done(repository: &Repository, plan: &Plan) -> Vec<Checked> {
    done(
        &repository.expressions,
        &Arc::new(documents(Some(plan), &repository.desired, Some(repository.spec()))),
    )
}

/// How the exit criteria of a phase stand, by what is left to do up to its gate.
pub(super) fn exit_criteria(repository: &Repository, before: &Plan, phase: &str) -> Vec<Checked> {
    let documents = Arc::new(documents(Some(before), &repository.desired, Some(repository.spec())));
    criteria(&repository.expressions, phase, &documents)
}

fn bench(repository: &Repository, now: i64) -> Bench<'_> {
    let exceptions = repository.spec().policy.as_ref().map_or(&[] as &[_], |p| p.exceptions.as_slice());
    Bench { sources: &repository.sources, exceptions, now }
}
