//! One row for each cluster, and one each for classes and providers.

use std::collections::{BTreeMap, BTreeSet};

use super::area;
use super::escape::Markdown;
use super::step;
use crate::kinds::Effect;
use crate::plan::{Action, Plan, Warning};
use crate::render::areas::{Area, Topic};

/// Steps by what they do. Every step is counted in exactly one column.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    create: u64,
    update: u64,
    rebuild: u64,
    destroy: u64,
    no_effect: u64,
    record: u64,
    lost: u64,
}

impl Row {
    fn add(&mut self, other: Self) {
        self.create += other.create;
        self.update += other.update;
        self.rebuild += other.rebuild;
        self.destroy += other.destroy;
        self.no_effect += other.no_effect;
        self.record += other.record;
        self.lost += other.lost;
    }
    fn numbers(self, out: &mut Markdown) {
        for n in
            [self.create, self.update, self.rebuild, self.destroy, self.no_effect, self.record, self.lost]
        {
            out.own(" ").number(n).own(" |");
        }
    }
}

fn row(area: &Area<'_>) -> Row {
    let mut row = Row::default();
    for step in &area.steps {
        let column = match (step.action, step.effect) {
            (Action::Destroy, _) => &mut row.destroy,
            (Action::Adopt | Action::Move | Action::Forget | Action::Release | Action::Await, _) => {
                &mut row.record
            }
            (_, Effect::Rebuild) => &mut row.rebuild,
            (_, Effect::NoEffect) => &mut row.no_effect,
            (Action::Create, _) => &mut row.create,
            (Action::Update | Action::AdoptUpdate, _) => &mut row.update,
        };
        *column += 1;
    }
    row
}

/// What stands for a finding in the table and in counts: the guard, else the code.
pub(super) fn name(warning: &Warning) -> &str {
    warning.guard.as_deref().unwrap_or(&warning.code)
}

/// The table, with at most `most` rows; the others are one row with their sums.
pub(super) fn table(plan: &Plan, areas: &[Area<'_>], most: usize, out: &mut Markdown) {
    if areas.is_empty() {
        return;
    }
    out.own("| | `+` create | `~` update | `!` rebuild | `-` destroy | `=` no effect | `<` `>` record | machines lost | worst effect | blocked by |\n");
    out.own("|---|--:|--:|--:|--:|--:|--:|--:|---|---|\n");
    let mut lost: BTreeMap<Topic<'_>, u64> = BTreeMap::new();
    for one in &plan.lost {
        *lost.entry(Topic::of(&one.address)).or_default() += 1;
    }
    let mut guards: BTreeMap<Topic<'_>, BTreeSet<&str>> = BTreeMap::new();
    for warning in plan.warnings.iter().filter(|w| w.blocks) {
        if let Some(address) = &warning.address {
            guards.entry(Topic::of(address)).or_default().insert(name(warning));
        }
    }
    let numbers = |area: &Area<'_>| {
        let mut row = row(area);
        row.lost = lost.get(&area.topic).copied().unwrap_or(0);
        row
    };
    for one in areas.iter().take(most) {
        out.own("| ");
        area::cell(one.topic, out);
        out.own(" |");
        numbers(one).numbers(out);
        out.own(" ");
        let (effect, certainty) = one.worst();
        step::effect(out, effect, certainty);
        out.own(" |");
        let names = guards.get(&one.topic).into_iter().flatten();
        for (i, name) in names.clone().take(5).enumerate() {
            out.own(if i > 0 { ", " } else { " " }).cell(name);
        }
        if let Some(more) = names.count().checked_sub(5).filter(|n| *n > 0) {
            out.own(", ").number(more as u64).own(" more");
        }
        out.own(" |\n");
    }
    if let Some(rest) = areas.get(most..).filter(|rest| !rest.is_empty()) {
        let mut sum = Row::default();
        for one in rest {
            sum.add(numbers(one));
        }
        out.own("| ").number(rest.len() as u64).own(" more |");
        sum.numbers(out);
        out.own(" ");
        let (effect, certainty) = rest.iter().map(Area::worst).max().unwrap_or_default();
        step::effect(out, effect, certainty);
        out.own(" | |\n");
    }
    out.own("\n");
}
