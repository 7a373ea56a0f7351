//! The words for drift, the same in every renderer. What they return may hold names from outside: it goes through the
//! escaper of its sink.

use super::value::show;
use super::words::count;
use crate::plan::drift::{Deviation, Drift, DriftField, Drifted, FilesSay};

/// The verdict in one line.
pub(super) fn verdict(drift: &Drift) -> String {
    if drift.record.is_none() {
        return "No record of earlier applies, so nothing can have drifted from it".to_owned();
    }
    let mut line = if drift.drifted.is_empty() {
        let all = if drift.unknown.is_empty() { "No drift." } else { "No drift in what could be read." };
        let verb = if drift.compared == 1 { "is as it was" } else { "are as they were" };
        format!("{all} {} {verb} applied.", count(drift.compared, "object"))
    } else {
        let of = |deviation| number(drift.drifted.iter().filter(|d| d.deviation == deviation).count());
        let all = [
            Deviation::Gone,
            Deviation::Leaving,
            Deviation::TakenOver,
            Deviation::Changed,
            Deviation::Locked,
            Deviation::Foreign,
        ];
        let parts: Vec<String> = all
            .into_iter()
            .map(|d| (of(d), d.word()))
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        format!("Drift: {} of {} compared.", parts.join(", "), count(drift.compared, "object"))
    };
    if !drift.minor.is_empty() {
        let n = number(drift.minor.len());
        let verb = if n == 1 { "does" } else { "do" };
        line.push_str(&format!(" {} {verb} not matter.", count(n, "difference")));
    }
    if drift.incomparable > 0 {
        let n = count(drift.incomparable, "secret");
        line.push_str(&format!(" {n} not compared: the record's digests are of another key."));
    }
    if drift.not_recorded > 0 {
        line.push_str(&format!(" {} not applied yet.", count(drift.not_recorded, "declared object")));
    }
    if drift.scope.is_some() {
        line.push_str(" PARTIAL: only a part was looked at.");
    }
    if !drift.unknown.is_empty() {
        line.push_str(" INCOMPLETE.");
    }
    line
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// What was looked at, where that is not everything.
pub(super) fn scope(drift: &Drift) -> Option<String> {
    let scope = drift.scope.as_ref()?;
    let head = super::scope::choice(scope);
    Some(format!("PARTIAL: {head}"))
}

/// What the files say about one thing, and what follows from that.
pub(super) fn files(item: &Drifted) -> String {
    match (item.deviation, item.files) {
        (Deviation::Foreign, _) => {
            format!("left alone; `omni-scale adopt {}` takes it into the files", item.address)
        }
        (Deviation::Locked, _) => {
            "plans that change it are blocked, or it does not take part, until it is unlocked in Omni"
                .to_owned()
        }
        (Deviation::Gone, FilesSay::NotDeclared) => {
            "the files do not declare it any more: the next apply forgets it".to_owned()
        }
        (Deviation::Gone, _) => "the files declare it: the next apply makes it again".to_owned(),
        (Deviation::Leaving, _) => "nothing can be done with it until it is gone".to_owned(),
        (Deviation::TakenOver, _) => "it is no longer ours to change".to_owned(),
        (Deviation::Changed, FilesSay::AsApplied) => {
            "the files ask for what was applied: the next apply puts it back".to_owned()
        }
        (Deviation::Changed, FilesSay::AsLive) => {
            "the files agree with it: the next apply only writes the record".to_owned()
        }
        (Deviation::Changed, FilesSay::Otherwise) => {
            "the files ask neither for what was applied nor for what is live: `omni-scale plan` shows what they ask for"
                .to_owned()
        }
        (Deviation::Changed, FilesSay::NotDeclared) => {
            "the files do not declare it any more: `omni-scale plan` shows what becomes of it".to_owned()
        }
    }
}

/// The name of a field in the words of its file.
pub(super) fn field_name(field: &DriftField) -> String {
    let embedded =
        field.path.len() > 1 && field.path.first().is_some_and(|p| p == "providerdata" || p == "data");
    field.path.iter().skip(usize::from(embedded)).cloned().collect::<Vec<_>>().join(".")
}

/// The values of a field, applied and live; a side that is absent is `None`.
pub(super) fn values(field: &DriftField) -> (Option<String>, Option<String>) {
    if field.sensitive {
        return (Some("(not shown)".to_owned()), Some("(not shown)".to_owned()));
    }
    let side = |value: &Option<crate::value::Value>| value.as_ref().map(|v| show(&field.path, v));
    (side(&field.applied), side(&field.live))
}
