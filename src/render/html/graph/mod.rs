//! The order of the steps as a drawing: what has to be done before what, and why.
//!
//! Columns are waves, so the drawing reads as apply runs. A plan with more steps than an eye can follow is folded: steps
//! of one kind in one cluster become one box, then whole clusters do. The list below the drawing has every edge.

mod draw;
mod fold;
mod layout;

use super::changes::place;
use super::markup::Markup;
use super::page::Section;
use crate::plan::{Action, Plan};
use crate::render::words::count;

/// Edges that are listed.
const LISTED: usize = 3000;

/// The drawing, and the same as a list.
pub(super) fn section(plan: &Plan) -> Option<Section> {
    Section::new("graph", "Order and reasons", |m| {
        let edges: usize = plan.steps.iter().map(|s| s.after.len()).sum();
        if edges == 0 {
            return;
        }
        let folded = fold::fold(plan);
        m.leaf("p", "dim", &folded.caption);
        let laid = layout::lay(&folded);
        m.element(
            "div",
            &[
                ("class", "card scroll graph"),
                ("tabindex", "0"),
                ("role", "group"),
                ("aria-label", "Drawing of the order of steps"),
            ],
            |m| {
                draw::svg(plan, &folded, &laid, m);
            },
        );
        list(plan, edges, m);
    })
}

fn list(plan: &Plan, edges: usize, m: &mut Markup) {
    m.element("details", &[], |m| {
        m.leaf("summary", "", &format!("The same as a list: {}", count(edges as u32, "reason")));
        let name = |id| plan.steps.iter().position(|s| s.id == id).and_then(|i| plan.steps.get(i));
        let mut left = LISTED;
        m.element("ul", &[], |m| {
            for step in plan.steps.iter().filter(|s| !s.after.is_empty()) {
                if left == 0 {
                    break;
                }
                m.element("li", &[], |m| {
                    if step.action == Action::Await {
                        m.leaf("code", "", &format!("await {}", step.address));
                    } else {
                        m.jump(&place(step), &format!("{} {}", step.action.word(), step.address));
                    }
                    m.text(" after");
                    m.element("ul", &[], |m| {
                        for (id, reason) in step.after.iter().take(left) {
                            let first = name(*id)
                                .map_or_else(String::new, |s| format!("{} {}", s.action.word(), s.address));
                            m.element("li", &[], |m| {
                                m.leaf("code", "", &first);
                                m.text(&format!(": {reason}"));
                            });
                        }
                        left = left.saturating_sub(step.after.len());
                    });
                });
            }
        });
        if edges > LISTED {
            m.leaf("p", "dim", &format!("… {} more (the JSON has all)", edges - LISTED));
        }
    });
}
