//! Where new machines will be, as lines.

use super::layout::{Page, Tone, columns};
use crate::plan::Plan;
use crate::render::placement::{lines, predicted};

/// What new machines make of nodes and storages, and what the loss of a node costs.
pub(super) fn placement(plan: &Plan, full: bool, page: &mut Page) {
    let lines = lines(&plan.placement, full);
    if lines.is_empty() {
        return;
    }
    page.blank();
    let title = if predicted(&plan.placement) { "Placement (predicted)" } else { "Placement" };
    page.line(&[(Tone::Title, title)]);
    let width = lines.iter().map(|l| columns(&l.label)).max().unwrap_or(0).min(40);
    for line in &lines {
        let pad = " ".repeat(width.saturating_sub(columns(&line.label)) + 3);
        let lead = format!("  {}{pad}", line.label);
        page.hanging(&[(Tone::Plain, &lead)], if line.bad { Tone::Warning } else { Tone::Plain }, &line.text);
    }
}
