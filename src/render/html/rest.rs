//! What a reviewer looks at last: drift, marks of others, what stays as it is, and by what the plan is known.

use super::findings;
use super::markup::Markup;
use super::page::Section;
use crate::plan::{ChangeCause, KEPT, Plan, Unchanged};
use crate::render::context::Context;
use crate::render::words::{count, field_name};

/// Things without a step that are listed.
const LISTED: usize = 2000;

/// Fields that were changed outside since the last apply.
pub(super) fn drift(plan: &Plan) -> Option<Section> {
    let changes = plan.steps.iter().flat_map(|s| s.changes.iter().map(move |c| (s, c)));
    let all: Vec<_> = changes.filter(|(_, c)| c.cause != ChangeCause::Files).collect();
    Section::new("drift", format!("Drift: {} changed in Omni", count(all.len() as u32, "field")), |m| {
        if all.is_empty() {
            return;
        }
        m.element("div", &[("class", "card step")], |m| {
            m.table(
                "",
                "Changed outside since the last apply",
                &["Object", "Field", "And in the files"],
                |m| {
                    for (step, change) in all {
                        m.element("tr", &[], |m| {
                            m.element("td", &[], |m| m.leaf("code", "", &step.address.to_string()));
                            m.element("td", &[], |m| m.leaf("code", "", &field_name(&change.path)));
                            m.leaf(
                                "td",
                                "",
                                if change.cause == ChangeCause::Both { "changed too" } else { "as before" },
                            );
                        });
                    }
                },
            );
        });
    })
}

/// Labels, annotations and locks of others that stay.
pub(super) fn kept(plan: &Plan) -> Option<Section> {
    Section::new("kept", "Kept", |m| {
        for warning in plan.warnings.iter().filter(|w| w.code == KEPT && !w.blocks) {
            findings::finding(warning, "kept", "quiet", m);
        }
    })
}

/// Declared things that need nothing, foreign ones, and clusters that are still on their way.
pub(super) fn unchanged(plan: &Plan) -> Option<Section> {
    Section::new("unchanged", "Without a change", |m| {
        for cluster in &plan.not_up {
            m.element("div", &[("class", "finding update")], |m| {
                m.leaf("code", "", &cluster.address.to_string());
                m.text(&format!(" is not up yet: {}", cluster.blocker));
            });
        }
        if plan.unchanged.is_empty() {
            return;
        }
        let mut counts: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
        for one in &plan.unchanged {
            *counts.entry(one.status.as_str()).or_default() += 1;
        }
        let words: Vec<String> = counts.iter().map(|(status, n)| format!("{n} {status}")).collect();
        m.element("details", &[], |m| {
            m.leaf("summary", "", &words.join(", "));
            m.element("div", &[("class", "card step")], |m| list(&plan.unchanged, m));
        });
    })
}

fn list(all: &[Unchanged], m: &mut Markup) {
    m.table("", "Nothing is done to these", &["Object", "Status", "Note"], |m| {
        for one in all.iter().take(LISTED) {
            m.element("tr", &[], |m| {
                m.element("td", &[], |m| m.leaf("code", "", &one.address.to_string()));
                m.leaf("td", "", &one.status);
                m.leaf("td", "", one.note.as_deref().unwrap_or_default());
            });
        }
    });
    let rest = all.len().saturating_sub(LISTED);
    if rest > 0 {
        m.leaf("p", "dim", &format!("… {rest} more (the JSON has all)"));
    }
}

/// By what the plan is known, and who drew the page.
pub(super) fn footer(plan: &Plan, context: &Context, m: &mut Markup) {
    m.element("p", &[], |m| {
        if let Some(digest) = &context.digest {
            m.text("Digest of the plan, which an approval names: ");
            m.leaf("code", "", digest);
            m.text(". ");
        }
        m.text("Files: ");
        m.leaf("code", "", &format!("sha256:{}", plan.files_digest));
        m.text(". ");
        if let Some(report) = &context.report {
            m.link(report, "The run that made this");
            m.text(". ");
        }
        m.text(&format!("Drawn by omni-scale {}.", env!("CARGO_PKG_VERSION")));
    });
}
