//! Steps as lines: what is done to what, and what notices it.

use std::collections::BTreeMap;

use super::layout::{Page, Tone, columns, safe};
use super::plan::{Detail, View, effect_tone, tone};
use super::{fields, machines};
use crate::plan::{Action, Plan, Step};
use crate::render::areas::Area;
use crate::render::words::effect_words;

/// Steps of one area.
pub(super) fn block(plan: &Plan, area: &Area<'_>, view: View, page: &mut Page) {
    let full = view.detail == Detail::Full;
    page.blank();
    let (effect, certainty) = area.worst();
    let title = format!("worst effect: {}", effect_words(effect, certainty));
    let name = match area.topic.name() {
        Some(name) => format!("{} {}", area.topic.word(), safe(name)),
        None => area.topic.word().to_owned(),
    };
    page.line(&[(Tone::Title, &name), (Tone::Plain, "   "), (effect_tone(effect), &title)]);
    let folded = folded(&area.steps);
    let steps: Vec<&Step> = area.steps.iter().copied().filter(|s| !folds(&folded, s)).collect();
    let longest = steps.iter().map(|s| columns(&safe(&s.address.to_string()))).max().unwrap_or(0);
    for step in steps {
        head(step, longest, page);
        fields::fields(step, view, page);
        machines::affects(step, full, page);
        for note in &step.notes {
            page.hanging(&[(Tone::Plain, "       ")], Tone::Plain, &safe(note));
        }
        if let Some(source) = step.source.as_deref().filter(|_| step.action.is_change()) {
            page.line(&[(Tone::Plain, "       "), (Tone::Dim, &format!("in {}", safe(source)))]);
        }
        if full {
            needs(plan, step, page);
        }
    }
    for (note, n) in folded {
        let lead = format!("  {}  {:<14}", Action::Forget.symbol(), Action::Forget.word());
        page.hanging(
            &[(Tone::Dim, &lead)],
            Tone::Plain,
            &format!("{n} objects, each {}   record only", safe(note)),
        );
    }
}

/// Entries of the record that go for one reason: what lies below a cluster that goes is only counted.
pub(super) fn folded<'p>(steps: &[&'p Step]) -> BTreeMap<&'p str, usize> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for step in steps.iter().filter(|s| s.action == Action::Forget) {
        if let [note] = step.notes.as_slice() {
            *counts.entry(note).or_default() += 1;
        }
    }
    counts.retain(|_, n| *n > 1);
    counts
}

/// Whether a step is only counted.
pub(super) fn folds(folded: &BTreeMap<&str, usize>, step: &Step) -> bool {
    step.action == Action::Forget
        && matches!(step.notes.as_slice(), [note] if folded.contains_key(note.as_str()))
}

fn head(step: &Step, longest: usize, page: &mut Page) {
    let lead = format!("  {}  {:<14}", step.action.symbol(), step.action.word());
    let address = safe(&step.address.to_string());
    let effect = match step.action {
        Action::Adopt | Action::Move | Action::Forget => "record only".to_owned(),
        _ => effect_words(step.effect, step.certainty),
    };
    let tone = tone(step);
    // Effects stand in one column as far as the width allows.
    let room = page.width().saturating_sub(columns(&lead) + 3 + columns(&effect));
    let own = columns(&address);
    if own <= room {
        let gap = " ".repeat(longest.min(room).max(own) - own + 3);
        page.line(&[
            (tone, &lead),
            (Tone::Plain, &address),
            (Tone::Plain, &gap),
            (effect_tone(step.effect), &effect),
        ]);
    } else {
        page.line(&[(tone, &lead), (Tone::Plain, &address)]);
        page.line(&[(Tone::Plain, "       effect "), (effect_tone(step.effect), &effect)]);
    }
}

/// Steps that come before, with the reasons.
fn needs(plan: &Plan, step: &Step, page: &mut Page) {
    for (id, reason) in &step.after {
        let first = plan.steps.iter().find(|s| s.id == *id);
        let first = first.map_or_else(
            || format!("step {}", id.0),
            |s| format!("{} {}", s.action.word(), safe(&s.address.to_string())),
        );
        page.hanging(&[(Tone::Dim, "       after  ")], Tone::Dim, &format!("{first}: {}", safe(reason)));
    }
}
