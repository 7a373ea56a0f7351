//! Manifests and health checks: they concern what runs in the cluster, not its machines.

use super::table::{Subject, When, row};
use super::{raise_changes, raise_whole};
use crate::plan::{Action, Draft};

pub(super) fn judge(subject: Subject, draft: &mut Draft<'_>) {
    match draft.action {
        Action::Create => raise_whole(draft, row(subject, &[], When::Added)),
        Action::Destroy => raise_whole(draft, row(subject, &[], When::Removed)),
        Action::Update | Action::AdoptUpdate => raise_changes(draft, |change| {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            let row = row(subject, &path, When::Changes);
            (row.effect, row.certainty)
        }),
        _ => {}
    }
}
