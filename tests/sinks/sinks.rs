//! All sinks of a plan, and a hundred thousand texts through all of them.

use omni_scale::plan::Plan;
use omni_scale::render::human::diag::Look;
use omni_scale::render::{diff, github, human, json, markdown};
use omni_scale::untrusted::{hidden, inert};

use crate::filled::{Size, plan};
use crate::hostile::Hostile;
use crate::{page, runner, shown, terminal};

/// What acts in any sink of a plan.
pub(crate) fn acting(plan: &Plan) -> Vec<String> {
    let context = shown::context();
    let mut wrong = Vec::new();
    let mut add =
        |sink: &str, found: Vec<String>| wrong.extend(found.into_iter().map(|f| format!("{sink}: {f}")));
    for (width, colour) in [(80, true), (120, false)] {
        let look = Look { colour, ascii: !colour, width };
        for text in [human::plan::text(plan, look), human::plan::brief(plan, look)] {
            add("text", terminal::acts(&text));
            add("text in a log", runner::commands(&text));
        }
    }
    let differences = diff::text(plan, "2026-01-01T00:00:00Z", diff::Secrets::Covered, true);
    add("diff", terminal::acts(&differences));
    add("diff in a log", runner::commands(&inert(&differences)));
    let text = json::plan::text(plan);
    add(
        "json",
        text.chars().filter(|c| hidden(*c) && *c != '\n').take(5).map(|c| format!("{c:?}")).collect(),
    );
    add("json in a log", runner::commands(&inert(&text)));
    add(
        "json",
        serde_json::from_str::<serde_json::Value>(&text).err().map(|e| e.to_string()).into_iter().collect(),
    );
    for budget in [usize::MAX, markdown::COMMENT, markdown::LEAST] {
        let text = markdown::text(plan, &context, budget);
        add("md", page::wrong(&text, &context));
        add("md on a terminal", terminal::acts(&text));
        add("md in a log", runner::commands(&text));
        if text.len() > budget {
            add("md", vec![format!("{} bytes of {budget}", text.len())]);
        }
    }
    let text = github::text(plan, &context);
    add("annotations on a terminal", terminal::acts(&text));
    match runner::strict(&text) {
        Err(why) => add("annotations", vec![why]),
        Ok(all) => {
            let known = |c: &runner::Command| {
                ["error", "warning", "notice"].contains(&c.name.as_str())
                    && c.properties.iter().all(|(k, v)| match k.as_str() {
                        "title" | "file" => true,
                        "line" => v.parse::<u32>().is_ok(),
                        _ => false,
                    })
            };
            if all.len() > 10 || !all.iter().all(known) {
                add("annotations", vec![format!("{all:?}")]);
            }
        }
    }
    match runner::outputs(&github::outputs(plan, &context, github::Outcome { exit: 3 }, &[0x5a; 16])) {
        Err(why) => add("outputs", vec![why]),
        Ok(all) => {
            let keys: Vec<&str> = all.iter().map(|(k, _)| k.as_str()).collect();
            if keys != ["has_changes", "blocked", "complete", "risk", "digest", "exit", "summary"] {
                add("outputs", vec![format!("{keys:?}")]);
            }
        }
    }
    wrong
}

#[test]
fn nothing_of_a_hundred_thousand_hostile_texts_acts_anywhere() {
    let mut drawn = 0;
    let mut seed = 0;
    while drawn < 100_000 {
        let mut hostile = Hostile::new(seed);
        let size = Size { clusters: 5, steps: 60, findings: 40, lost: 60 };
        let plan = plan(size, &mut || hostile.text());
        let wrong = acting(&plan);
        assert!(wrong.is_empty(), "seed {seed}: {wrong:#?}");
        drawn += hostile.drawn;
        seed += 1;
    }
}
