//! What a partial plan leaves out, and what a plan does not know.

use super::layout::{Page, Tone, columns, safe};
use crate::plan::{Plan, Scope};
use crate::render::scope::{consequences, headline, not_applyable};

/// That the plan is partial, and what follows from the choice.
pub(super) fn partial(scope: &Scope, page: &mut Page) {
    page.hanging(&[], Tone::Warning, &safe(&headline(scope)));
    let rows = consequences(scope);
    let width = rows.iter().map(|(word, _, _)| word.len()).max().unwrap_or(0);
    for (word, address, because) in rows {
        let lead = format!("  {word:<width$}  ");
        let text = format!("{}, because of {}", safe(&address), safe(&because));
        page.hanging(&[(Tone::Warning, &lead)], Tone::Plain, &text);
    }
}

/// What was not seen, where, and how the rest can be applied.
pub(super) fn unknown(plan: &Plan, page: &mut Page) {
    let Some(end) = not_applyable(plan) else { return };
    page.blank();
    page.line(&[(Tone::Destroy, "Plan incomplete: not everything that it needs was seen")]);
    for line in &plan.unknown {
        page.hanging(&[(Tone::Plain, "  ?  ")], Tone::Plain, &safe(line));
    }
    let names: Vec<String> = plan.unknown_subtrees.iter().map(|u| safe(&u.address.to_string())).collect();
    let width = names.iter().map(|n| columns(n)).max().unwrap_or(0);
    for (subtree, name) in plan.unknown_subtrees.iter().zip(&names) {
        let how = match subtree.not_planned {
            0 => "planned without that".to_owned(),
            1 => "1 thing is not planned".to_owned(),
            n => format!("{n} things are not planned"),
        };
        let lead = format!("  {name}{}   ", " ".repeat(width - columns(name)));
        page.hanging(&[(Tone::Plain, &lead)], Tone::Plain, &how);
    }
    page.hanging(&[], Tone::Destroy, &safe(&end));
}
