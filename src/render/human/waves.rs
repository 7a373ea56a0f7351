//! The waves as lines.

use super::layout::{Page, Tone, columns, safe};
use super::machines;
use crate::plan::{Action, Operation, Plan, Step};
use crate::render::words::{COUNTED, gate_words, goal_words, wave_title};

/// What is done wave by wave.
pub(super) fn waves(plan: &Plan, full: bool, page: &mut Page) {
    if plan.waves.is_empty() {
        return;
    }
    page.blank();
    page.line(&[(Tone::Title, "Waves")]);
    // The key of the phase stands before the title, where the spec has phases.
    let titles: Vec<String> = plan.waves.iter().map(|w| safe(&wave_title(w))).collect();
    gates(plan, 0, page);
    let width = titles.iter().map(|t| columns(t)).max().unwrap_or(0);
    for (i, (wave, title)) in plan.waves.iter().zip(&titles).enumerate() {
        let steps: Vec<&Step> = plan.steps.iter().filter(|s| s.wave as usize == i + 1).collect();
        let mut parts: Vec<String> = Vec::new();
        for action in COUNTED {
            let n = steps.iter().filter(|s| s.action == action).count();
            if n > 0 {
                parts.push(format!("{n} {}", action.word()));
            }
        }
        parts.extend(steps.iter().filter_map(|s| match &s.operation {
            Operation::Await(goal) => Some(format!("wait for {}", goal_words(goal))),
            _ => None,
        }));
        let lead = format!("  {:>2}  {title}{}", i + 1, " ".repeat(width - columns(title) + 3));
        page.hanging(&[(Tone::Plain, &lead)], Tone::Plain, &parts.join("; "));
        // What is special about a wait; its line says it in short.
        for note in steps.iter().filter(|s| full && s.action == Action::Await).flat_map(|s| &s.notes) {
            page.hanging(&[(Tone::Plain, &" ".repeat(columns(&lead)))], Tone::Dim, &safe(note));
        }
        machines::disruption(wave, &" ".repeat(columns(&lead)), page);
        gates(plan, i + 1, page);
    }
}

/// What stands between a wave and the next one.
fn gates(plan: &Plan, after: usize, page: &mut Page) {
    for gate in plan.gates.iter().filter(|g| g.after as usize == after) {
        page.hanging(
            &[(Tone::Plain, "      ")],
            Tone::Title,
            &safe(&format!("gate at the {}", gate_words(gate))),
        );
    }
}
