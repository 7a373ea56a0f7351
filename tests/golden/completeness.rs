//! Nothing that the JSON tells is kept from people: every change stands in the text, in the whole text and in the page, or
//! in a line that counts what is left out.

use omni_scale::plan::{Action, Plan};
use omni_scale::render::context::Context;
use omni_scale::render::human::diag::Look;
use omni_scale::render::human::plan::{Detail, View, brief, shown};
use omni_scale::render::{html, json};
use omni_scale::untrusted::Untrusted;
use proptest::prelude::*;
use serde_json::Value;

use crate::cases::{Case, all};
use crate::pages::{dom, poison};
use crate::properties::mixed;

/// Text without blanks: lines are broken where they do not fit.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// A text with differences of words in it, as it was or as it will be.
fn side(text: &str, drop: (&str, &str), keep: (&str, &str)) -> String {
    let mut out = text.replace(keep.0, "").replace(keep.1, "");
    while let Some(from) = out.find(drop.0) {
        let Some(to) = out[from..].find(drop.1) else { break };
        out.replace_range(from..from + to + drop.1.len(), "");
    }
    out
}

/// A renderer's words, in every way in which they can be read.
struct Words {
    all: String,
    before: String,
    after: String,
    /// How many fields its stubs count.
    stubs: usize,
}

impl Words {
    fn of(text: &str) -> Self {
        let stubs = text
            .match_indices("… ")
            .filter_map(|(i, s)| {
                let rest = &text[i + s.len()..];
                let (n, what) = rest.split_once(' ')?;
                what.starts_with("more field").then(|| n.parse::<usize>().ok())?
            })
            .sum();
        let all = dense(text);
        let before = side(&all, ("{+", "+}"), ("[-", "-]"));
        let after = side(&all, ("[-", "-]"), ("{+", "+}"));
        Self { all, before, after, stubs }
    }
    fn says(&self, words: &str) -> bool {
        let words = dense(words);
        [&self.all, &self.before, &self.after].iter().any(|t| t.contains(&words))
    }
    /// Whether a value is told; `raw`: with the very number.
    fn tells(&self, value: &Value, raw: bool) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) if text.contains('\n') && !raw => self.says("text of"),
            Value::String(text) => text.lines().all(|l| {
                self.says(&Untrusted::new(l).line(2000)) || self.says(&Untrusted::new(l).verbatim(2000))
            }),
            Value::Array(all) => all.iter().all(|v| self.tells(v, raw)),
            Value::Object(all) => {
                all.iter().all(|(k, v)| self.says(&Untrusted::new(k).line(2000)) && self.tells(v, raw))
            }
            Value::Number(n) => {
                let unit = |n: i64| self.says(&format!("{n} GiB")) || self.says(&format!("{n} MiB"));
                self.says(&n.to_string())
                    || (!raw
                        && (["Rolling", "Unset", "unlimited"].iter().any(|w| self.says(w))
                            || n.as_i64().is_some_and(|n| unit(n) || unit(n / 1024))))
            }
            Value::Bool(b) => self.says(&b.to_string()),
        }
    }
}

fn name(field: &Value) -> String {
    let path: Vec<&str> = field["path"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    let skip = usize::from(path.len() > 1 && matches!(path[0], "providerdata" | "data"));
    Untrusted::new(path[skip..].join(".")).line(2000)
}

/// What of a plan one renderer does not say, but for what its stubs count.
fn missing(view: &Value, words: &Words, raw: bool) -> Vec<String> {
    let mut missing = Vec::new();
    let mut fields = 0;
    let safe = |v: &Value| Untrusted::new(v.as_str().unwrap_or_default()).line(2000);
    for step in view["steps"].as_array().unwrap() {
        let address = safe(&step["address"]);
        let folded = step["action"] == "forget";
        if step["action"] != "await" && !folded && !words.says(&address) {
            missing.push(format!("step {address}"));
        }
        // The line of a wave says in short what is special about a wait.
        let short = step["action"] == "await" && !raw;
        for note in step["notes"].as_array().unwrap().iter().filter(|_| !short) {
            if !words.says(&safe(note)) {
                missing.push(format!("{address}: {note}"));
            }
        }
        for field in step["fields"].as_array().unwrap() {
            let formatting = field["formatting"] == true;
            if formatting && !raw {
                continue;
            }
            let values = [&field["before"], &field["after"]];
            let told = if field["sensitive"] == true {
                words.says("(not shown)")
            } else {
                formatting || values.iter().all(|v| words.tells(v, raw))
            };
            if !told || !words.says(&name(field)) {
                fields += 1;
                if fields > words.stubs {
                    missing.push(format!("{address}: {field}"));
                }
            }
        }
    }
    for lost in view["lost"].as_array().unwrap() {
        if !words.says(&safe(&lost["machine"])) {
            missing.push(format!("lost {lost}"));
        }
    }
    for warning in view["warnings"].as_array().unwrap() {
        let grouped = !raw && warning["blocks"] == false && words.says("of this code");
        if !grouped && !words.says(&safe(&warning["message"])) {
            missing.push(format!("{warning}"));
        }
        if let Some(lifted) = warning["lifted"].as_object()
            && !lifted.values().all(|v| v.is_null() || words.says(&safe(v)))
        {
            missing.push(format!("{warning}"));
        }
    }
    for gap in view["unknown"].as_array().unwrap() {
        if !words.says(&safe(gap)) {
            missing.push(format!("unknown {gap}"));
        }
    }
    if view["partial"] == true && !words.says("PARTIAL") {
        missing.push("that it is partial".to_owned());
    }
    missing
}

/// Every renderer against the JSON.
fn complete(plan: &Plan, what: &str) {
    let view: Value = serde_json::from_str(&json::plan::text(plan)).unwrap();
    let quiet = plan.steps.iter().all(|s| s.action == Action::Await)
        && plan.unknown.is_empty()
        && !plan.warnings.iter().any(|w| w.blocks);
    for width in [60, 200] {
        let look = Look { colour: false, ascii: false, width };
        let detail = |detail| View { detail, ..View::default() };
        if !quiet {
            let words = Words::of(&shown(plan, look, detail(Detail::Default)));
            assert_eq!(missing(&view, &words, false), Vec::<String>::new(), "{what}, text at {width}");
        }
        let words = Words::of(&shown(plan, look, detail(Detail::Full)));
        assert_eq!(words.stubs, 0, "{what}: the whole text leaves nothing out");
        assert_eq!(missing(&view, &words, true), Vec::<String>::new(), "{what}, whole text at {width}");
    }
    let page = dom::census(&html::body(plan, &Context::default()));
    let words = Words::of(&page.text);
    assert_eq!(missing(&view, &words, false), Vec::<String>::new(), "{what}, page");
    let short = dense(&brief(plan, Look { colour: false, ascii: false, width: 80 }));
    for step in plan.steps.iter().filter(|s| s.action.is_change()) {
        assert!(
            short.contains(&dense(&Untrusted::new(step.address.to_string()).line(2000))),
            "{what}, brief"
        );
    }
}

#[test]
fn golden_plans_are_told_completely() {
    for case in all() {
        complete(&case.plan(), &case.name);
    }
}

#[test]
fn a_plan_of_everything_is_told_completely() {
    let mut n = 0;
    let (plan, _) = poison::plan(9, || {
        n += 1;
        format!("text-{n}")
    });
    complete(&plan, "everything");
    let view: Value = serde_json::from_str(&json::plan::text(&plan)).unwrap();
    let words = Words::of(&dom::census(&html::body(&plan, &Context::default())).text);
    // Whatever stands in the plan stands in the page, but for what nobody may see and what only tells plans apart.
    let mut silent = Vec::new();
    texts(&view, &mut Vec::new(), &mut |path, text| {
        let known = [
            "lineage",
            "action",
            "effect",
            "certainty",
            "cause",
            "disruption",
            "format",
            "format_version",
            "risk",
            "worst",
        ];
        let hidden = path.contains(&"unknown_subtrees".to_owned())
            || known.iter().any(|k| path.iter().any(|p| p == k));
        // A VM is named by its number and its node, a cluster's voters by the cluster's name.
        let parts: Vec<&str> = match path.last().map(String::as_str) {
            Some("vm") => text.split('/').collect(),
            Some("cluster") => text.rsplit('/').take(1).collect(),
            _ => vec![text],
        };
        if !hidden && !parts.iter().all(|p| words.says(p)) {
            silent.push(format!("{}: {text}", path.join(".")));
        }
    });
    assert_eq!(silent, Vec::<String>::new());
}

/// All texts of a document.
fn texts(value: &Value, path: &mut Vec<String>, found: &mut impl FnMut(&[String], &str)) {
    match value {
        Value::String(text) => found(path, text),
        Value::Array(all) => all.iter().for_each(|v| texts(v, path, found)),
        Value::Object(all) => {
            for (key, value) in all {
                path.push(key.clone());
                texts(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_plans_are_told_completely(
        files in 0usize..46,
        world in 0usize..46,
        dropped in proptest::collection::btree_set(0usize..8, 0..4),
        with_record in any::<bool>(),
    ) {
        let cases = all();
        let (files, world): (&Case, &Case) = (&cases[files % cases.len()], &cases[world % cases.len()]);
        let mut case = mixed(files, world, &dropped);
        if !with_record {
            case.record = None;
        }
        complete(&case.plan(), &case.name);
    }
}

#[test]
fn context_shows_what_stays_beside_a_change_and_counts_the_rest() {
    let case = all().iter().find(|c| c.name.starts_with("003")).unwrap();
    let at = |context| {
        let look = Look { colour: false, ascii: false, width: 100 };
        shown(&case.plan(), look, View { context, ..View::default() })
    };
    assert!(!at(0).contains(" = "), "{}", at(0));
    let one = at(1);
    assert_eq!(one.lines().filter(|l| l.trim_start().starts_with("= ")).count(), 2, "{one}");
    assert!(one.contains("as it is"), "{one}");
    let many = at(1000);
    assert!(!many.contains("as it is") && many.contains("= "), "{many}");
}

#[test]
fn whole_texts_are_as_committed() {
    let named = ["003", "008", "011", "015", "023", "029", "035"];
    let wrong: Vec<String> = all()
        .iter()
        .filter(|c| named.iter().any(|n| c.name.starts_with(n)))
        .filter_map(|case| {
            let look = Look { colour: false, ascii: false, width: 120 };
            let full = View { detail: Detail::Full, ..View::default() };
            crate::cases::expect(&case.folder.join("full.txt"), &shown(&case.plan(), look, full))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
