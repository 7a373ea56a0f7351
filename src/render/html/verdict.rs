//! The first screen: may it be applied, what is lost, how much changes, and what was compared.

use super::impact::vm_words;
use super::markup::Markup;
use super::page::Section;
use crate::kinds::Effect;
use crate::plan::{Action, Plan, Step};
use crate::policy::Risk;
use crate::render::context::Context;
use crate::render::scope::{consequences, headline};
use crate::render::words::count;

/// How bad something is, as the class that colours it. A word stands beside every colour.
pub(super) fn tone_of(effect: Effect) -> &'static str {
    match effect {
        Effect::None | Effect::NoEffect => "quiet",
        Effect::Hot => "adopt",
        Effect::Reboot | Effect::Unknown => "update",
        Effect::Rebuild => "rebuild",
        Effect::Destroy => "destroy",
    }
}

/// The class that colours an action.
pub(super) fn tone_of_action(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update | Action::AdoptUpdate => "update",
        Action::Adopt | Action::Move => "adopt",
        Action::Destroy => "destroy",
        Action::Release | Action::Forget | Action::Await => "quiet",
    }
}

/// The class that colours a risk.
fn tone_of_risk(risk: Risk) -> &'static str {
    match risk {
        Risk::Low => "create",
        Risk::Medium => "update",
        Risk::High => "rebuild",
        Risk::Critical => "destroy",
    }
}

/// An effect on machines with its word.
pub(super) fn effect_tag(effect: Effect, words: &str, m: &mut Markup) {
    m.element("span", &[("class", &format!("tag {}", tone_of(effect)))], |m| m.text(words));
}

/// Symbol and word of a step.
pub(super) fn action_tag(step: &Step, m: &mut Markup) {
    let text = format!("{} {}", step.action.symbol(), step.action.word());
    m.element("span", &[("class", &format!("tag {}", tone_of_action(step.action)))], |m| m.text(&text));
}

fn blocks(plan: &Plan) -> u32 {
    plan.warnings.iter().filter(|w| w.blocks).count() as u32
}

/// The plan in one sentence.
pub(super) fn sentence(plan: &Plan) -> String {
    let s = &plan.summary;
    let totals: Vec<String> = [
        (s.create, "create"),
        (s.update, "update"),
        (s.destroy, "destroy"),
        (s.adopt, "adopt"),
        (s.release, "release"),
        (s.moved, "move (record only)"),
    ]
    .into_iter()
    .filter(|(n, _)| *n > 0)
    .map(|(n, word)| format!("{n} {word}"))
    .collect();
    let mut text = if plan.steps.iter().any(|s| s.action != Action::Await) {
        if totals.is_empty() { "record only".to_owned() } else { totals.join(", ") }
    } else {
        "no changes".to_owned()
    };
    if s.machines_lost > 0 {
        text.push_str(&format!(", {} lost", count(s.machines_lost, "machine")));
    }
    if plan.scope.is_some() {
        text.push_str(", partial");
    }
    if !plan.unknown.is_empty() {
        text.push_str(", incomplete");
    }
    if blocks(plan) > 0 {
        text.push_str(&format!(", blocked by {}", blocks(plan)));
    }
    text
}

/// What is to be done with the plan, and the class that colours it.
fn verdict(plan: &Plan) -> (String, &'static str) {
    let risk = Risk::of(plan.summary.worst);
    if blocks(plan) > 0 {
        (format!("Blocked by {}", count(blocks(plan), "finding")), "destroy")
    } else if !plan.unknown.is_empty() {
        ("Incomplete: not everything was seen".to_owned(), "update")
    } else if plan.steps.iter().any(|s| s.action.is_change()) {
        let changes = plan.steps.iter().filter(|s| s.action.is_change()).count() as u32;
        let lost = match plan.summary.machines_lost {
            0 => String::new(),
            n => format!(", {} lost", count(n, "machine")),
        };
        (format!("{} to apply{lost}", count(changes, "change")), tone_of_risk(risk))
    } else if plan.steps.iter().any(|s| s.action != Action::Await) {
        ("No changes: only the record is written".to_owned(), "create")
    } else {
        ("No changes".to_owned(), "create")
    }
}

/// Where the plan is from, and its verdict.
pub(super) fn header(plan: &Plan, context: &Context, m: &mut Markup) {
    let fact = |m: &mut Markup, name: &str, value: &str| {
        m.element("span", &[], |m| {
            m.text(name);
            m.text(" ");
            m.leaf("strong", "", value);
        });
        m.text(" ");
    };
    m.element("p", &[("class", "where")], |m| {
        fact(m, "omni-scale plan for", &plan.omni);
        fact(m, "Omni", plan.omni_version.as_deref().unwrap_or("version unknown"));
        match &plan.record {
            Some((_, serial)) => fact(m, "compared", &format!("files, record {serial}, live")),
            None => fact(m, "compared", "files, live; there is no record"),
        }
        if let Some(made) = &context.made {
            fact(m, "made", made);
        }
        if let Some(expires) = &context.expires {
            fact(m, "expires", expires);
        }
        for (name, commit) in [("base", &context.base), ("head", &context.head), ("merge", &context.merge)] {
            if let Some(commit) = commit {
                fact(m, name, commit.short());
            }
        }
    });
    let (words, tone) = verdict(plan);
    let risk = Risk::of(plan.summary.worst);
    m.element("div", &[("class", &format!("verdict {tone}"))], |m| {
        m.leaf("h1", "", &words);
        m.element("p", &[], |m| {
            m.element("span", &[("class", &format!("tag {}", tone_of_risk(risk)))], |m| {
                m.text(&format!("risk {}", risk.word()));
            });
            m.text(" worst effect on a machine: ");
            effect_tag(plan.summary.worst, plan.summary.worst.word(), m);
        });
        scope(plan, m);
        tiles(plan, m);
    });
}

/// What a partial plan leaves out, and what follows from the choice.
fn scope(plan: &Plan, m: &mut Markup) {
    let Some(scope) = &plan.scope else { return };
    m.element("p", &[], |m| m.leaf("span", "tag update wrap", &headline(scope)));
    let rows = consequences(scope);
    if rows.is_empty() {
        return;
    }
    m.element("ul", &[("class", "notes")], |m| {
        for (word, address, because) in rows {
            m.element("li", &[], |m| {
                m.text(word);
                m.text(" ");
                m.leaf("code", "", &address);
                m.text(" ");
                m.leaf("span", "dim", &because);
            });
        }
    });
}

fn tiles(plan: &Plan, m: &mut Markup) {
    let s = &plan.summary;
    m.element("dl", &[("class", "tiles")], |m| {
        for (n, word, tone, always) in [
            (s.create, "+ create", "create", true),
            (s.update, "~ update", "update", true),
            (s.destroy, "- destroy", "destroy", true),
            (s.machines_lost, "machines lost", "destroy", true),
            (s.adopt, "> adopt", "adopt", false),
            (s.release, "< release", "quiet", false),
            (s.moved, "> move", "adopt", false),
            (s.unchanged, "unchanged", "quiet", true),
            (s.foreign, "foreign", "quiet", false),
        ] {
            if n == 0 && !always {
                continue;
            }
            m.element("div", &[("class", if n == 0 { "none" } else { tone })], |m| {
                m.leaf("dt", "", word);
                m.leaf("dd", "", &n.to_string());
            });
        }
    });
}

/// Machines that will be lost, every one of them.
pub(super) fn lost(plan: &Plan) -> Option<Section> {
    let n = plan.lost.len() as u32;
    Section::new("lost", format!("{} will be lost", count(n, "machine")), |m| {
        if plan.lost.is_empty() {
            return;
        }
        m.element("div", &[("class", "finding destroy")], |m| {
            m.table(
                "",
                "The data on their disks is lost with them",
                &["Machine", "VM", "Goes with", "Effect"],
                |m| {
                    for lost in &plan.lost {
                        m.element("tr", &[], |m| {
                            m.element("th", &[("scope", "row")], |m| {
                                m.leaf(
                                    "del",
                                    "",
                                    &format!("- {}", lost.machine.as_deref().unwrap_or("Omni chooses one")),
                                );
                            });
                            m.leaf(
                                "td",
                                "",
                                &lost.vm.as_deref().map_or_else(|| "VM not known".to_owned(), vm_words),
                            );
                            m.element("td", &[], |m| m.leaf("code", "", &lost.address.to_string()));
                            m.element("td", &[], |m| {
                                effect_tag(lost.effect, lost.effect.word(), m);
                                if lost.predicted {
                                    m.text(" predicted: Omni chooses");
                                }
                            });
                        });
                    }
                },
            );
        });
    })
}
