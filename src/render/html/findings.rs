//! What speaks about the plan: what was not seen, blocks, guards that somebody lifted, warnings, and what a policy tells.

use super::markup::Markup;
use super::page::Section;
use crate::plan::{KEPT, Plan, Warning};
use crate::render::scope::not_applyable;
use crate::render::words::count;

/// What could not be read.
pub(super) fn unknown(plan: &Plan) -> Option<Section> {
    Section::new("unknown", "Not seen, so not planned", |m| {
        for line in &plan.unknown {
            m.element("div", &[("class", "finding update")], |m| {
                m.element("span", &[("class", "tag update")], |m| m.text("? unknown"));
                m.text(" ");
                m.text(line);
            });
        }
        if !plan.unknown_subtrees.is_empty() {
            m.element("ul", &[], |m| {
                for subtree in &plan.unknown_subtrees {
                    m.element("li", &[], |m| {
                        m.leaf("code", "", &subtree.address.to_string());
                        m.text(&match subtree.not_planned {
                            0 => ": planned without that".to_owned(),
                            n => format!(": {} not planned", count(n, "thing")),
                        });
                    });
                }
            });
        }
        if let Some(end) = not_applyable(plan) {
            m.leaf("p", "", &end);
        }
    })
}

/// What apply refuses for.
pub(super) fn blocked(plan: &Plan) -> Option<Section> {
    let all: Vec<&Warning> = plan.warnings.iter().filter(|w| w.blocks).collect();
    section(
        "blocked",
        format!("Blocked by {}", count(all.len() as u32, "finding")),
        &all,
        ("block", "destroy"),
    )
}

/// What would block if nobody had lifted it.
pub(super) fn lifted(plan: &Plan) -> Option<Section> {
    let all: Vec<&Warning> = plan.warnings.iter().filter(|w| !w.blocks && w.lifted.is_some()).collect();
    section("lifted", format!("{} lifted", count(all.len() as u32, "guard")), &all, ("lifted", "rebuild"))
}

/// What is to be known before applying.
pub(super) fn warnings(plan: &Plan) -> Option<Section> {
    let plain = |w: &&Warning| !w.blocks && w.lifted.is_none() && !w.info && w.code != KEPT;
    let all: Vec<&Warning> = plan.warnings.iter().filter(plain).collect();
    section("warnings", count(all.len() as u32, "warning"), &all, ("warning", "update"))
}

/// What a policy only tells.
pub(super) fn told(plan: &Plan) -> Option<Section> {
    let plain = |w: &&Warning| !w.blocks && w.lifted.is_none() && w.info && w.code != KEPT;
    let all: Vec<&Warning> = plan.warnings.iter().filter(plain).collect();
    section("told", "Told", &all, ("info", "adopt"))
}

fn section(
    id: &'static str,
    title: impl Into<String>,
    all: &[&Warning],
    (word, tone): (&str, &str),
) -> Option<Section> {
    Section::new(id, title, |m| {
        for warning in all {
            finding(warning, word, tone, m);
        }
    })
}

/// One finding, with what was looked at and what lifts it.
pub(super) fn finding(w: &Warning, word: &str, tone: &str, m: &mut Markup) {
    m.element("article", &[("class", &format!("finding {tone}"))], |m| {
        m.element("p", &[], |m| {
            m.element("span", &[("class", &format!("tag {tone}"))], |m| {
                let by = w.guard.as_deref().or(w.rule.as_deref());
                m.text(&by.map_or_else(|| word.to_owned(), |by| format!("{word} {by}")));
            });
            m.text(" ");
            m.leaf("code", "dim", &w.code);
            m.text(" ");
            m.text(&w.message);
        });
        m.element("dl", &[], |m| {
            let mut row = |name: &str, value: &str, code: bool| {
                m.leaf("dt", "", name);
                m.element("dd", &[], |m| if code { m.leaf("code", "", value) } else { m.text(value) });
            };
            if let Some(address) = &w.address {
                row("about", &address.to_string(), true);
            }
            for (name, value) in &w.evidence {
                row(name, value, false);
            }
            if let Some(help) = &w.help {
                row("what to do", help, false);
            }
            if let Some(rule) = w.rule.as_ref().filter(|_| w.guard.is_some()) {
                row("rule", rule, false);
            }
            if let Some(lift) = &w.lift {
                row("what lifts it", lift, true);
            }
            if let Some(lifted) = &w.lifted {
                row("was lifted by", &lifted.by, true);
                for (name, value) in
                    [("owner", &lifted.owner), ("reason", &lifted.reason), ("until", &lifted.expires)]
                {
                    if let Some(value) = value {
                        row(name, value, false);
                    }
                }
            }
        });
    });
}
