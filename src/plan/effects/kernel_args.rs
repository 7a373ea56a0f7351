//! Kernel arguments: how and when machines take them up is not pinned, so the effect is unknown.

use super::table::{Subject, When, row};
use super::{raise_changes, raise_whole};
use crate::kinds::Effect;
use crate::plan::{Action, Draft};

pub(super) fn judge(draft: &mut Draft<'_>) {
    match draft.action {
        Action::Create => raise_whole(draft, row(Subject::KernelArgs, &[], When::Added)),
        Action::Release => raise_whole(draft, row(Subject::KernelArgs, &[], When::Removed)),
        Action::Update | Action::AdoptUpdate => raise_changes(draft, |change| {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            let row = row(Subject::KernelArgs, &path, When::Changes);
            (row.effect, row.certainty)
        }),
        _ => return,
    }
    if draft.effect == Effect::Unknown {
        draft
            .notes
            .push("whether the machine reboots for other kernel arguments is not predicted".to_owned());
    }
}
