//! Against recorded output of Go's YAML: what scalars mean, what is written, what a document is read as.

use super::*;
use crate::diag::SourceId;
use crate::value::Value;
use serde_json::Value as Json;

const SCALARS: &str = include_str!("../../tests/golden/yaml/scalars.json");
const EMIT: &str = include_str!("../../tests/golden/yaml/emit.json");
const DOCUMENTS: &str = include_str!("../../tests/golden/yaml/documents.json");

/// Documents that Go reads and the parser refuses: continuation lines of quoted text at the margin or after a tab, and
/// binary data that is no text. Nobody is hurt by the stricter reading.
const STRICTER: [&str; 4] = ["a: \"x\n\ty\"\n", "a: 'x\ny'", "a:\n  'x\ny'\n", "a: !!binary /////w=="];
/// A reserved directive, which Go refuses and YAML wants to be ignored.
const LAXER: [&str; 1] = ["%FOO\n---\na: 1"];

fn rows(text: &str) -> Vec<Json> {
    serde_json::from_str(text).unwrap()
}

fn scalar(text: &str) -> Node {
    let documents = parse(SourceId(0), &format!("v: {text}\n"), &Limits::default()).unwrap();
    documents.into_iter().next().unwrap().root.unwrap().get("v").unwrap().clone()
}

/// The recorded form of a meaning: numbers as tagged texts, floats by their bits.
fn recorded(node: &Node) -> Json {
    match resolve(node) {
        Scalar::Null => Json::Null,
        Scalar::Bool(b) => b.into(),
        Scalar::Int(i) => serde_json::json!({"i": i.to_string()}),
        Scalar::Float(f) if f.is_nan() => serde_json::json!({"f": "nan"}),
        Scalar::Float(f) => serde_json::json!({"f": format!("{:x}", f.to_bits())}),
        Scalar::Timestamp(t) => serde_json::json!({"t": t}),
        Scalar::Str => node.text().unwrap().into(),
    }
}

#[test]
fn scalars_mean_what_go_reads() {
    for row in rows(SCALARS) {
        let text = row["scalar"].as_str().unwrap();
        let node = scalar(text);
        assert_eq!(recorded(&node), row["untyped"], "{text} without a type");
        let typed = |name: &str, value: Result<Json, Mismatch>| {
            let ours = value.map_or_else(|_| "refused".into(), |v| serde_json::json!({"value": v}));
            assert_eq!(ours, row[name], "{text} as {name}");
        };
        typed("bool", as_bool(&node).map(Json::from));
        typed("string", as_string(&node).map(Json::from));
        typed("int", as_i64(&node).map(Json::from));
        typed("uint", as_u32(&node).map(Json::from));
    }
}

/// Numbers of the recorded values are Go's floats.
fn floats(json: &Json) -> Value {
    match json {
        Json::Number(n) => Value::Float(n.as_f64().unwrap()),
        Json::Array(items) => Value::List(items.iter().map(floats).collect()),
        Json::Object(map) => Value::Map(map.iter().map(|(k, v)| (k.clone(), floats(v))).collect()),
        other => Value::from_json(other),
    }
}

#[test]
fn values_are_written_as_go_writes_them() {
    for row in rows(EMIT) {
        let value = floats(&row["value"]);
        for (indent, name) in [(4, "indent4"), (2, "indent2")] {
            assert_eq!(write(&Out::from(&value), indent), row[name].as_str().unwrap(), "{value:?}");
        }
    }
}

#[test]
fn what_is_written_reads_back_the_same() {
    for row in rows(EMIT) {
        let value = floats(&row["value"]);
        let text = write(&Out::from(&value), 2);
        // A wide indicator on a nested block is Go's own mistake, as is a separator that only YAML 1.1 takes for a line end.
        if text.contains("|2") || text.contains('\u{2028}') {
            continue;
        }
        let back = parse(SourceId(0), &text, &Limits::default()).unwrap_or_else(|e| panic!("{text:?} {e:?}"));
        let back = back.first().and_then(|d| d.root.as_ref()).map_or(Value::Null, to_value);
        assert_eq!(
            Value::from_json(&back.to_json()).canonical().replace(".0", ""),
            value.canonical().replace(".0", ""),
            "{text}"
        );
    }
}

#[test]
fn documents_are_read_as_go_reads_them() {
    for row in rows(DOCUMENTS) {
        let text = row["text"].as_str().unwrap();
        let ours = parse(SourceId(0), text, &Limits::default());
        if STRICTER.contains(&text) {
            assert!(ours.is_err(), "{text:?}");
            continue;
        }
        if LAXER.contains(&text) {
            assert!(ours.is_ok(), "{text:?}");
            continue;
        }
        match (row.get("again").and_then(Json::as_str), ours) {
            (None, Err(_)) => {}
            (Some(again), Ok(documents)) => {
                let ours: String = documents
                    .iter()
                    .map(|d| {
                        d.root.as_ref().map_or("null\n".into(), |n| write(&Out::from_node(n), 4)) + "====\n"
                    })
                    .collect();
                assert_eq!(ours, again, "{text:?}");
            }
            (None, Ok(documents)) => panic!("{text:?} is refused by Go, read as {documents:?}"),
            (Some(_), Err(problems)) => panic!("{text:?} is read by Go: {problems:?}"),
        }
    }
}

/// What omnictl 1.9.3 makes of patches in templates; null keeps its name.
#[test]
fn nothing_in_flow_style_is_text_in_files_of_omnictl_only() {
    for (text, omnictl, yaml) in [
        ("{a: }", "{\"a\":\"\"}", "{\"a\":null}"),
        ("{a: 1, b}", "{\"a\":1,\"b\":\"\"}", "{\"a\":1,\"b\":null}"),
        ("{? a}", "{\"a\":\"\"}", "{\"a\":null}"),
        ("{\"a\":, b: 2}", "{\"a\":\"\",\"b\":2}", "{\"a\":null,\"b\":2}"),
        ("[a: ]", "[{\"a\":\"\"}]", "[{\"a\":null}]"),
        ("[? a]", "[{\"a\":\"\"}]", "[{\"a\":null}]"),
        ("{a: &x , b: *x}", "{\"a\":\"\",\"b\":\"\"}", "{\"a\":null,\"b\":null}"),
        ("{a: !!str }", "{\"a\":\"\"}", "{\"a\":\"\"}"),
        (
            "{a: ~, b: null, c: !!null }",
            "{\"a\":null,\"b\":null,\"c\":null}",
            "{\"a\":null,\"b\":null,\"c\":null}",
        ),
        ("a:\nb:\n  - \n", "{\"a\":null,\"b\":[null]}", "{\"a\":null,\"b\":[null]}"),
        (
            "a: {b: [{c: }]}\nd:",
            "{\"a\":{\"b\":[{\"c\":\"\"}]},\"d\":null}",
            "{\"a\":{\"b\":[{\"c\":null}]},\"d\":null}",
        ),
    ] {
        for (limits, expected) in [(Limits::omnictl(), omnictl), (Limits::default(), yaml)] {
            let documents = parse(SourceId::default(), text, &limits).unwrap();
            let value = to_value(documents[0].root.as_ref().unwrap());
            assert_eq!(serde_json::to_string(&value).unwrap(), expected, "{text}");
        }
    }
}
