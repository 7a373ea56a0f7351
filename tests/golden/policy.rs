//! What expressions see: as documented, as the JSON plan says, and in the shape that they are checked against.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use omni_scale::policy::cel::{Of, Shape, compile, evaluate};
use omni_scale::policy::document::{DESIRED, NAMES, PLAN, documents};
use omni_scale::render::json;
use omni_scale::value::Value;

use crate::cases::{all, expect};

const PAGE: &str = "docs/reference/policy.md";
const GENERATED: &str = "## What expressions see\n";

/// All shapes, each once, in the order in which they are met.
fn shapes() -> Vec<&'static Shape> {
    fn add(shape: &'static Shape, all: &mut Vec<&'static Shape>) {
        if all.iter().any(|s| std::ptr::eq(*s, shape)) {
            return;
        }
        all.push(shape);
        shape.fields.iter().for_each(|f| of(&f.of, all));
    }
    fn of(kind: &'static Of, all: &mut Vec<&'static Shape>) {
        match kind {
            Of::Shape(shape) => add(shape, all),
            Of::Maybe(inner) | Of::List(inner) | Of::Map(inner) => of(inner, all),
            Of::Any | Of::Text | Of::Word(_) | Of::Whole | Of::Truth => {}
        }
    }
    let mut all = Vec::new();
    add(&PLAN, &mut all);
    add(&DESIRED, &mut all);
    all
}

#[test]
fn the_reference_has_every_field() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    let page = std::fs::read_to_string(&path).unwrap();
    let (written, _) = page.split_once(GENERATED).unwrap();
    let mut text = format!(
        "{written}{GENERATED}\n`plan`, `desired`, and `step` in rules with `applies_to`. Generated from the shapes that expressions are checked against.\n"
    );
    for shape in shapes() {
        write!(text, "\n### {}\n\n| field | value | what |\n|---|---|---|\n", shape.name).unwrap();
        for field in shape.fields {
            writeln!(text, "| `{}` | {} | {} |", field.name, field.of.words(), field.about).unwrap();
        }
    }
    assert_eq!(expect(&path, &text), None);
}

/// Where a value has another shape than it is said to have.
fn misfits(value: &Value, of: &Of, at: &str, out: &mut Vec<String>) {
    let fits = match (of, value) {
        (Of::Any, _)
        | (Of::Maybe(_), Value::Null)
        | (Of::Text, Value::Str(_))
        | (Of::Whole, Value::Int(_))
        | (Of::Truth, Value::Bool(_)) => true,
        (Of::Word(words), Value::Str(text)) => words.contains(&text.as_str()),
        (Of::Maybe(inner), _) => return misfits(value, inner, at, out),
        (Of::List(inner), Value::List(items)) => {
            return items.iter().for_each(|v| misfits(v, inner, &format!("{at}[]"), out));
        }
        (Of::Map(inner), Value::Map(map)) => {
            return map.values().for_each(|v| misfits(v, inner, &format!("{at}.*"), out));
        }
        (Of::Shape(shape), Value::Map(map)) => {
            for name in map.keys().filter(|k| shape.field(k).is_none()) {
                out.push(format!("{at}.{name} is in no shape"));
            }
            for field in shape.fields {
                match map.get(field.name) {
                    Some(value) => misfits(value, &field.of, &format!("{at}.{}", field.name), out),
                    None => out.push(format!("{at}.{} is not there", field.name)),
                }
            }
            true
        }
        _ => false,
    };
    if !fits {
        out.push(format!("{at} is {}, not {}", value.canonical(), of.words()));
    }
}

/// Names that both have and that say something else.
fn differences(ours: &Value, json: &serde_json::Value, at: &str, out: &mut Vec<String>) {
    match (ours, json) {
        (Value::Map(map), serde_json::Value::Object(object)) => {
            for (key, value) in map {
                if let Some(other) = object.get(key) {
                    differences(value, other, &format!("{at}.{key}"), out);
                }
            }
        }
        (Value::List(ours), serde_json::Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (a, b) in ours.iter().zip(theirs) {
                differences(a, b, &format!("{at}[]"), out);
            }
        }
        _ if *ours == Value::from_json(json) => {}
        // Whether there is a record, and which.
        _ if at == "plan.record" => {}
        _ => out.push(format!("{at}: {} here, {json} in JSON", ours.canonical())),
    }
}

#[test]
fn documents_have_the_shape_and_say_what_the_json_plan_says() {
    for case in all() {
        let plan = case.plan();
        let documents = documents(Some(&plan), &case.desired, None);
        let mut wrong = Vec::new();
        misfits(&documents["plan"], &Of::Shape(&PLAN), "plan", &mut wrong);
        misfits(&documents["desired"], &Of::Shape(&DESIRED), "desired", &mut wrong);
        let json: serde_json::Value = serde_json::from_str(&json::plan::text(&plan)).unwrap();
        differences(&documents["plan"], &json, "plan", &mut wrong);
        assert!(wrong.is_empty(), "{}:\n{}", case.name, wrong.join("\n"));
    }
}

#[test]
fn secrets_are_covered_in_both_documents() {
    let case = all().iter().find(|c| c.name == "023-secret-in-patch").unwrap();
    let text: String =
        documents(Some(&case.plan()), &case.desired, None).values().map(Value::canonical).collect();
    let raw = serde_json::to_string(&case.desired).unwrap();
    assert!(raw.contains("new-hunter2"), "the case has a secret");
    for secret in ["new-hunter2", "hunter2"] {
        assert!(!text.contains(secret), "{secret}");
    }
    assert!(text.contains("$hidden"), "{text}");
}

#[test]
fn the_examples_of_the_reference_are_evaluated() {
    let page = include_str!("../../docs/reference/policy.md");
    let examples: Vec<&str> =
        page.split("```cel\n").skip(1).map(|e| e.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 8);
    for case in all().iter().filter(|c| {
        ["001-fresh-deployment", "006-workers-2-to-3", "002-no-changes"].contains(&c.name.as_str())
    }) {
        let documents = Arc::new(documents(Some(&case.plan()), &case.desired, None));
        for example in &examples {
            let program = compile(example, &NAMES).unwrap_or_else(|f| panic!("{example}{f:?}"));
            for result in evaluate(&program, &documents, None) {
                result.unwrap_or_else(|f| panic!("{}: {example}{f:?}", case.name));
            }
        }
    }
}
