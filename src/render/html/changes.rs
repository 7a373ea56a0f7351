//! What changes: a card for each cluster, in it a step for each object, in it the fields.

use super::impact;
use super::markup::Markup;
use super::page::Section;
use super::verdict::{action_tag, effect_tag};
use crate::diff::lines::{Line, hunks, lines};
use crate::kinds::Effect;
use crate::plan::{Action, Change, ChangeCause, Operation, Plan, Step};
use crate::render::areas::{Area, areas};
use crate::render::context::Context;
use crate::render::value::show;
use crate::render::word_diff::{Piece, word_diff};
use crate::render::words::{count, effect_words, field_name};
use crate::value::Value;

/// Fields of one object that are shown at once; the others are folded.
const OPEN: usize = 12;
/// Fields of one object that the page has at all, and lines of one text.
const FIELDS: usize = 400;
/// Steps that are shown with their fields; of the others only their lines, and how many fields they have.
const STEPS: usize = 1500;
/// Equal lines around lines that differ.
const CONTEXT: usize = 3;

/// The place of a step in the page.
pub(super) fn place(step: &Step) -> String {
    format!("step-{}", step.id.0)
}

/// All that changes.
pub(super) fn section(plan: &Plan, context: &Context) -> Option<Section> {
    Section::new("changes", "Changes", |m| {
        let mut left = STEPS;
        for area in areas(plan) {
            card(plan, &area, context, &mut left, m);
        }
    })
}

fn card(plan: &Plan, area: &Area<'_>, context: &Context, left: &mut usize, m: &mut Markup) {
    let title = match area.topic.name() {
        Some(name) => format!("{} {name}", area.topic.word()),
        None => area.topic.word().to_owned(),
    };
    m.element("article", &[("class", "card")], |m| {
        m.element("header", &[], |m| {
            m.leaf("h3", "", &title);
            m.leaf("span", "dim", &count(area.steps.len() as u32, "step"));
            m.text(" ");
            let (effect, certainty) = area.worst();
            m.element("span", &[], |m| {
                m.text("worst effect: ");
                effect_tag(effect, &effect_words(effect, certainty), m);
            });
        });
        let (whole, short) = area.steps.split_at(area.steps.len().min(*left));
        *left -= whole.len();
        for one in whole {
            step(plan, one, context, m);
        }
        if !short.is_empty() {
            brief(short, m);
        }
    });
}

/// Steps beyond what a page can hold: each by name, with the number of its fields.
fn brief(steps: &[&Step], m: &mut Markup) {
    let caption =
        format!("{} without their fields, which the JSON has", count(steps.len() as u32, "more step"));
    m.element("div", &[("class", "step")], |m| {
        m.table("", &caption, &["Step", "Object", "Effect", "Fields"], |m| {
            for step in steps {
                m.element("tr", &[], |m| {
                    m.element("td", &[], |m| action_tag(step, m));
                    m.element("td", &[], |m| m.leaf("code", "", &step.address.to_string()));
                    m.leaf("td", "", &effect_words(step.effect, step.certainty));
                    m.leaf("td", "", &step.changes.len().to_string());
                });
            }
        });
    });
}

fn step(plan: &Plan, step: &Step, context: &Context, m: &mut Markup) {
    m.element("article", &[("class", "step"), ("id", &place(step))], |m| {
        m.element("h4", &[], |m| {
            action_tag(step, m);
            m.text(" ");
            m.leaf("span", "address", &step.address.to_string());
            m.text(" ");
            match step.action {
                Action::Adopt | Action::Move | Action::Forget => {
                    effect_tag(Effect::None, "record only", m);
                }
                _ => effect_tag(step.effect, &effect_words(step.effect, step.certainty), m),
            }
        });
        fields(step, m);
        if !step.notes.is_empty() {
            m.element("ul", &[("class", "notes")], |m| {
                for note in &step.notes {
                    m.leaf("li", "", note);
                }
            });
        }
        impact::chain(step, m);
        from(plan, step, context, m);
    });
}

/// Where it is declared, in which wave it runs, and what it waits for.
fn from(plan: &Plan, step: &Step, context: &Context, m: &mut Markup) {
    m.element("p", &[("class", "from")], |m| {
        m.text("in ");
        m.element("a", &[("href", &format!("#wave-{}", step.wave))], |m| {
            m.text(&format!("wave {}", step.wave));
        });
        if let Some(source) = &step.source {
            m.text(", declared in ");
            match &context.sources {
                Some(sources) => {
                    let (path, line) = context.place(source);
                    m.link(&sources.below(&path, line), source);
                }
                None => m.leaf("code", "", source),
            }
        }
        if let Operation::Teardown { before, .. } | Operation::Update { before, .. } = &step.operation {
            m.text(", in Omni ");
            m.leaf("code", "", &format!("{} {}", before.id.short_kind(), before.id.id));
        }
    });
    needs(plan, step, m);
}

/// Steps that come before, with the reasons.
fn needs(plan: &Plan, step: &Step, m: &mut Markup) {
    if step.after.is_empty() {
        return;
    }
    m.element("details", &[("class", "from")], |m| {
        m.leaf("summary", "", &format!("after {}", count(step.after.len() as u32, "other step")));
        m.element("ul", &[("class", "notes")], |m| {
            for (id, reason) in &step.after {
                m.element("li", &[], |m| {
                    match plan.steps.iter().find(|s| s.id == *id) {
                        Some(first) if first.action != Action::Await => {
                            m.jump(&place(first), &first.address.to_string());
                        }
                        Some(first) => m.text(&format!("waiting for {}", first.address)),
                        None => m.text(&format!("step {}", id.0)),
                    }
                    m.text(": ");
                    m.text(reason);
                });
            }
        });
    });
}

fn fields(step: &Step, m: &mut Markup) {
    let (all, formatting): (Vec<&Change>, Vec<&Change>) = step.changes.iter().partition(|c| !c.formatting);
    let (shown, rest) = all.split_at(all.len().min(FIELDS));
    if !shown.is_empty() {
        let caption = match step.action {
            Action::Create => format!("{} set", count(shown.len() as u32, "field")),
            _ => format!("{} changed", count(shown.len() as u32, "field")),
        };
        if step.action == Action::Create && shown.len() > OPEN {
            m.element("details", &[], |m| {
                m.leaf("summary", "", &caption);
                table(step, shown, &caption, m);
            });
        } else {
            table(step, shown, &caption, m);
        }
    }
    if !rest.is_empty() {
        m.leaf("p", "dim", &format!("… {} (the JSON has all)", count(rest.len() as u32, "more field")));
    }
    if !formatting.is_empty() {
        let text = format!(
            "The text of {} is written anew; what it means stays the same",
            count(formatting.len() as u32, "field")
        );
        m.leaf("p", "dim", &text);
    }
}

fn table(step: &Step, changes: &[&Change], caption: &str, m: &mut Markup) {
    let why = changes.iter().any(|c| !remark(step, c).is_empty());
    let heads: &[&str] = if why { &["Field", "Change", "Remark"] } else { &["Field", "Change"] };
    m.table("fields", caption, heads, |m| {
        for change in changes {
            m.element("tr", &[], |m| {
                m.element("th", &[("scope", "row")], |m| m.leaf("code", "", &field_name(&change.path)));
                m.element("td", &[], |m| value(change, m));
                if why {
                    m.leaf("td", "why", &remark(step, change));
                }
            });
        }
    });
}

/// Why a field differs, where it is not the files, and what it does, where that is not what the whole step does.
fn remark(step: &Step, change: &Change) -> String {
    let mut parts = Vec::new();
    match change.cause {
        ChangeCause::Files => {}
        ChangeCause::Drift => parts.push("drift: changed in Omni since the last apply".to_owned()),
        ChangeCause::Both => parts.push("drift, and the files changed too".to_owned()),
    }
    if matches!(change.effect, Effect::Rebuild | Effect::Destroy) {
        parts.push(format!("forces {}", effect_words(change.effect, change.certainty)));
    } else if step.changes.len() > 1 && change.effect != Effect::None && change.effect != step.effect {
        parts.push(effect_words(change.effect, change.certainty));
    }
    parts.join("; ")
}

fn value(change: &Change, m: &mut Markup) {
    let words = |v: &Value| {
        if change.sensitive { "(not shown)".to_owned() } else { show(&change.path, v) }
    };
    let texts =
        change.before.as_ref().and_then(Value::as_str).zip(change.after.as_ref().and_then(Value::as_str));
    match (&change.before, &change.after) {
        (Some(before), Some(after)) => {
            match texts.filter(|_| !change.sensitive) {
                Some((b, a)) if b.contains('\n') || a.contains('\n') => return many_lines(b, a, m),
                Some((b, a)) => {
                    if let Some(pieces) = word_diff(b, a) {
                        return in_words(&pieces, m);
                    }
                }
                None => {}
            }
            m.leaf("del", "", &format!("- {}", words(before)));
            m.text(" ");
            m.leaf("ins", "", &format!("+ {}", words(after)));
        }
        (None, Some(after)) => match after.as_str().filter(|t| t.contains('\n') && !change.sensitive) {
            Some(text) => many_lines("", text, m),
            None => m.leaf("ins", "", &format!("+ {}", words(after))),
        },
        (Some(before), None) => m.leaf("del", "", &format!("- {}", words(before))),
        (None, None) => {}
    }
}

/// Two long lines that differ in some words.
fn in_words(pieces: &[Piece<'_>], m: &mut Markup) {
    for (tag, sign) in [("del", "- "), ("ins", "+ ")] {
        m.element(tag, &[], |m| {
            m.text(sign);
            for piece in pieces {
                match (piece, tag) {
                    (Piece::Same(text), _) => m.text(text),
                    (Piece::Gone(text), "del") | (Piece::New(text), "ins") => m.leaf("b", "", text),
                    _ => {}
                }
            }
        });
        m.text(" ");
    }
}

fn many_lines(before: &str, after: &str, m: &mut Markup) {
    m.element("pre", &[("class", "lines")], |m| {
        let mut left = FIELDS;
        let mut rest = 0u32;
        for hunk in hunks(&lines(before, after), CONTEXT) {
            for line in hunk.lines {
                let (tag, sign, text) = match line {
                    Line::Same(text) => ("span", " ", text),
                    Line::Gone(text) => ("del", "-", text),
                    Line::New(text) => ("ins", "+", text),
                };
                if left == 0 {
                    rest += u32::from(tag != "span");
                    continue;
                }
                left -= 1;
                m.leaf(tag, "", &format!("{sign} {}", text.trim_end_matches('\n')));
            }
        }
        if rest > 0 {
            m.leaf("span", "", &format!("… {} (the JSON has all)", count(rest, "more line")));
        }
    });
}
