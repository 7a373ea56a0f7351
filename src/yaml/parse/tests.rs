use super::*;
use crate::value::Value;
use crate::yaml::to_value;

fn ok(text: &str) -> Vec<Document> {
    parse(SourceId(0), text, &Limits::default()).unwrap_or_else(|e| panic!("{text:?}: {e:#?}"))
}

fn err(text: &str) -> Vec<Diagnostic> {
    parse(SourceId(0), text, &Limits::default()).expect_err(text)
}

fn json(text: &str) -> String {
    let all: Vec<Value> = ok(text).iter().map(|d| d.root.as_ref().map_or(Value::Null, to_value)).collect();
    Value::List(all).canonical()
}

#[test]
fn streams_and_documents() {
    assert_eq!(ok("").len(), 0);
    assert_eq!(ok("# nothing\n\n# more\n").len(), 0);
    assert_eq!(json("a: 1\n---\nb: 2\n"), r#"[{"a":1},{"b":2}]"#);
    assert_eq!(json("# c\n---\na: 1\n...\n"), r#"[{"a":1}]"#);
    let docs = ok("a: 1\n---\n---\nb: 2\n---\n");
    let roots: Vec<bool> = docs.iter().map(|d| d.root.is_some()).collect();
    assert_eq!(roots, [true, false, true, false], "an empty document is null");
    assert_eq!(docs[1].span.start, 5, "the place of an empty document is its `---`");
    assert_eq!(docs[3].span.start, 18);
    assert_eq!(json("--- ~\n"), "[null]");
}

#[test]
fn a_document_begins_at_its_first_key_or_separator() {
    let text = "# head\n\n\nkind: Cluster\n---\n# c\nkind: X\n";
    let docs = ok(text);
    assert!(text[docs[0].span.start..].starts_with("kind: Cluster"));
    assert!(text[docs[1].span.start..].starts_with("---"));
}

#[test]
fn spans_are_bytes_also_after_wide_characters_marks_and_crlf() {
    for text in ["\u{feff}ä: ö\r\nkey: \"wärt\"\r\n", "ä: ö\nkey: \"wärt\"\n"] {
        let docs = ok(text);
        let node = docs[0].root.as_ref().unwrap().get("key").unwrap();
        assert_eq!(&text[node.span.start..node.span.end], "\"wärt\"");
    }
    let text = "a: |\n  one\n  two\n\nb: >-\n  x\n  y\nc: [1, {d: 2}]\n";
    let docs = ok(text);
    let root = docs[0].root.as_ref().unwrap();
    let slice = |key: &str| {
        let s = root.get(key).unwrap().span;
        &text[s.start..s.end]
    };
    assert_eq!(slice("a"), "|\n  one\n  two");
    assert_eq!(slice("b"), ">-\n  x\n  y");
    assert_eq!(slice("c"), "[1, {d: 2}]");
}

#[test]
fn aliases_are_replayed_and_merges_resolved() {
    assert_eq!(
        json("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\nc: {q: 4, <<: [{q: 0, r: 5}, *x]}\n"),
        r#"[{"a":{"p":1,"q":2},"b":{"p":1,"q":3},"c":{"p":1,"q":4,"r":5}}]"#
    );
    assert_eq!(json("a: &s [1]\nb: *s\n"), r#"[{"a":[1],"b":[1]}]"#);
    assert_eq!(json("\"<<\": {a: 1}\n"), r#"[{"<<":{"a":1}}]"#, "quoted, it is a key like others");
    assert_eq!(err("<<: 5\n")[0].code.0, codes::ALIAS);
    assert_eq!(err("a: *gone\n")[0].code.0, codes::ALIAS);
    assert_eq!(err("a: &a [*a]\n")[0].code.0, codes::ALIAS);
    assert_eq!(err("a: &a 1\n---\nb: *a\n")[0].code.0, codes::ALIAS, "anchors end with their document");
}

#[test]
fn duplicate_keys_are_told_with_both_places() {
    let text = "name: a\nx: {k: 1, k: 2}\nname: b\n\"1\": x\n1: y\n";
    let problems = err(text);
    assert_eq!(problems.len(), 3, "{problems:#?}");
    let places: Vec<(usize, usize)> =
        problems.iter().map(|p| (p.labels[0].span.start, p.labels[1].span.start)).collect();
    assert_eq!(places, [(18, 12), (24, 0), (39, 32)]);
    assert!(problems.iter().all(|p| p.code.0 == codes::DUPLICATE_KEY));
}

#[test]
fn a_spec_has_no_aliases() {
    let problems = parse(SourceId(0), "a: &x {b: 1}\nc: *x\nd: {<<: {e: 1}}\n", &Limits::spec()).unwrap_err();
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|p| p.code.0 == codes::ALIAS_REFUSED));
}

#[test]
fn what_go_refuses_is_refused() {
    for text in [
        "\ta: 1\n",
        "a:\n\tb: 1\n",
        "-\ta\n",
        "a: 1\n\t# c\nb: 2\n",
        "a: 1 # x\n\t# c\nb: 2\n",
        "...\na: 1\n",
        "a: \"\\uD83D\\uDE00\"\n",
        "cores: 4\n\tmemory: 5\n",
        "cores: 4\n  memory: 3\n",
        "s: \"name\" == \"x\"\n",
        "a: !!int four\n",
        "a: \"b\\/c\"\n",
        "x: 1\n...\ny: 2\n",
        "? [a]\n: b\n",
        "a: |\n  \tx\n",
        "a: >\n\n  \tx\n",
        "--- |\ntext\n",
        "...\n",
        ": a\n",
        "%YAML 1.3\n---\na: 1\n",
        "a: x\u{2028}y\n",
        "a: \u{1}\n",
        "a: [1\n",
    ] {
        assert!(parse(SourceId(0), text, &Limits::default()).is_err(), "{text:?}");
    }
    for text in [
        "s:\ta\n",
        "# a\n\t# b\nc: d\n",
        "a: \"\tx\"\n",
        "a: |\n  b\n  \tx\n",
        "a: |2\n  \tx\n",
        "[1,\t2]\n",
        "{a: 1,\n\tb: 2}\n",
        "a: b\tc\n",
    ] {
        assert!(parse(SourceId(0), text, &Limits::default()).is_ok(), "{text:?}");
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let started = std::time::Instant::now();
    let laughs = {
        let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..9 {
            let items = vec![format!("*a{}", i - 1); 9].join(",");
            text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
        }
        text
    };
    let wide = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 1000].join(","));
    for text in [
        "[".repeat(20_000),
        "a: |\n  x\nb: ".to_owned() + &"[".repeat(100),
        "{a: ".repeat(20_000),
        "- ".repeat(20_000),
        "? ".repeat(20_000),
        (0..3000).map(|i| format!("{}a:\n", " ".repeat(i))).collect::<String>(),
        "---\n".repeat(20_000),
        laughs,
        wide,
        "x".repeat(5 << 20),
    ] {
        let problems = err(&text);
        assert!(!problems.is_empty());
    }
    assert_eq!(json("a: |\n  x"), r#"[{"a":"x"}]"#, "no final line end");
    assert!(started.elapsed().as_secs() < 20, "took {:?}", started.elapsed());
}
