//! The waves in their order: what is done, what that disturbs, and how many voters each etcd keeps.

use super::changes::place;
use super::markup::Markup;
use super::page::Section;
use super::verdict::{effect_tag, tone_of_action};
use crate::kinds::Effect;
use crate::plan::{Action, Operation, Plan, Step};
use crate::render::placement::{lines, predicted};
use crate::render::words::{count, gate_words, goal_words, voters, wave_title};

/// Steps of one wave that are named before the rest is counted.
const NAMED: usize = 30;

/// Where new machines will be.
pub(super) fn placement(plan: &Plan) -> Option<Section> {
    let title = if predicted(&plan.placement) { "Placement, predicted" } else { "Placement" };
    Section::new("placement", title, |m| {
        let lines = lines(&plan.placement, true);
        if lines.is_empty() {
            return;
        }
        m.table(
            "",
            "New machines, nodes, storages, and what the loss of a node costs",
            &["what", "then"],
            |m| {
                for line in &lines {
                    m.element("tr", &[], |m| {
                        m.leaf("td", "", &line.label);
                        m.element("td", &[], |m| {
                            if line.bad {
                                m.leaf("strong", "", &line.text);
                            } else {
                                m.text(&line.text);
                            }
                        });
                    });
                }
            },
        );
    })
}

/// The waves.
pub(super) fn section(plan: &Plan) -> Option<Section> {
    Section::new("waves", "Waves", |m| {
        if plan.waves.is_empty() {
            return;
        }
        m.leaf("p", "dim", "Apply goes wave by wave, and begins none before the one above it is done.");
        gates(plan, 0, m);
        m.element("ol", &[("class", "waves")], |m| {
            for (number, wave) in (1u32..).zip(&plan.waves) {
                let steps: Vec<&Step> = plan.steps.iter().filter(|s| s.wave == number).collect();
                m.element("li", &[("id", &format!("wave-{number}"))], |m| {
                    m.leaf("span", "number", &number.to_string());
                    m.text(" ");
                    m.leaf("strong", "", &wave_title(wave));
                    m.text(" ");
                    if wave.disruption >= Effect::Hot {
                        effect_tag(wave.disruption, wave.disruption.word(), m);
                        m.text(&match wave.machines {
                            0 => " no machine disturbed".to_owned(),
                            n => format!(" {} disturbed", count(n, "machine")),
                        });
                    }
                    named(&steps, m);
                    etcd(plan, number, m);
                    gates(plan, number, m);
                });
            }
        });
    })
}

/// What stands between a wave and the next one.
fn gates(plan: &Plan, after: u32, m: &mut Markup) {
    for gate in plan.gates.iter().filter(|g| g.after == after) {
        m.element("p", &[], |m| {
            m.leaf("span", "tag update", "gate");
            m.text(" at the ");
            m.text(&gate_words(gate));
            if let Some(source) = &gate.source {
                m.text(" ");
                m.leaf("span", "dim", &format!("declared in {source}"));
            }
        });
    }
}

fn named(steps: &[&Step], m: &mut Markup) {
    m.element("ul", &[], |m| {
        for step in steps.iter().take(NAMED) {
            m.element("li", &[], |m| match &step.operation {
                Operation::Await(goal) => {
                    m.text(&format!("wait for {}", goal_words(goal)));
                    for note in &step.notes {
                        m.text("; ");
                        m.leaf("span", "dim", note);
                    }
                }
                _ => {
                    let tone = format!("tag plain {}", tone_of_action(step.action));
                    m.leaf("span", &tone, &format!("{} {}", step.action.symbol(), step.action.word()));
                    m.text(" ");
                    m.jump(&place(step), &step.address.to_string());
                }
            });
        }
        let rest = steps.iter().skip(NAMED);
        let waiting = rest.clone().filter(|s| s.action == Action::Await).count() as u32;
        let doing = rest.count() as u32 - waiting;
        for (n, what) in [(doing, "more step"), (waiting, "more wait")] {
            if n > 0 {
                m.leaf("li", "dim", &format!("… {}", count(n, what)));
            }
        }
    });
}

fn etcd(plan: &Plan, number: u32, m: &mut Markup) {
    let Some(wave) = plan.waves.get(number as usize - 1) else { return };
    for etcd in &wave.etcd {
        let short = etcd.lowest.is_some_and(|lowest| lowest < etcd.quorum);
        m.element("p", &[], |m| {
            let tone = if short { "tag destroy" } else { "tag quiet" };
            m.leaf("span", tone, if short { "etcd below quorum" } else { "etcd" });
            m.text(" ");
            m.text(&voters(etcd));
        });
    }
}
