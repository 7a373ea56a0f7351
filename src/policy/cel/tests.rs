use std::time::Duration;

use super::*;

static STEP: Shape = Shape {
    name: "step",
    fields: &[
        Field { name: "address", of: Of::Text, about: "" },
        Field { name: "effect", of: Of::Word(&["none", "reboot", "destroy"]), about: "" },
        Field { name: "kind", of: Of::Maybe(&Of::Text), about: "" },
        Field { name: "wave", of: Of::Whole, about: "" },
        Field { name: "data", of: Of::Any, about: "" },
        Field { name: "tags", of: Of::List(&Of::Text), about: "" },
    ],
};
static PLAN: Shape =
    Shape { name: "plan", fields: &[Field { name: "steps", of: Of::List(&Of::Shape(&STEP)), about: "" }] };
static NAMES: [(&str, &Shape); 2] = [("plan", &PLAN), ("step", &STEP)];

fn documents() -> Arc<Documents> {
    let plan = serde_json::json!({"steps": [
        {"address": "class/a", "effect": "none", "kind": null, "wave": 1, "data": {"memory": 4096, "ratio": 1.5, "x-y": "é"}, "tags": []},
        {"address": "class/b", "effect": "reboot", "kind": "K", "wave": 2, "data": {"memory": 8192, "big": u64::MAX}, "tags": ["t", "u"]},
    ]});
    Arc::new(BTreeMap::from([("plan", Value::from_json(&plan))]))
}

fn run(text: &str) -> Result<Finding, Fault> {
    let program = compile(text, &NAMES).map_err(|faults| faults.into_iter().next().unwrap())?;
    evaluate(&program, &documents(), None).remove(0)
}

/// The condition's value, or the marked words with the message.
fn outcome(text: &str) -> String {
    match run(text) {
        Ok(found) => found.holds.to_string(),
        Err(fault) => format!("{}: {}", text.get(fault.at.start..fault.at.end).unwrap_or("?"), fault.message),
    }
}

/// All differences of a table at once.
fn agrees(table: &[(&str, &str)]) {
    let wrong: Vec<String> = table
        .iter()
        .map(|(text, wanted)| (text, outcome(text), wanted))
        .filter(|(_, got, wanted)| got != *wanted)
        .map(|(text, got, wanted)| format!("{text}\n  got    {got}\n  wanted {wanted}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_language_as_specified() {
    let mut table = Vec::new();
    for text in [
        "true",
        "!false",
        "1 + 2 * 3 == 7",
        "(1 + 2) * 3 == 9",
        "7 / 2 == 3",
        "-7 / 2 == -3",
        "-7 % 3 == -1",
        "1.5 * 2.0 == 3.0",
        "1 == 1.0",
        "1 < 1.5",
        "2 > 1.5",
        "9007199254740993 > 9007199254740992.0",
        "'a' < 'b'",
        "false < true",
        "'a' + 'b' == 'ab'",
        "[1] + [2] == [1, 2]",
        "1 in [1, 2]",
        "1.0 in [1]",
        "!('a' in ['b'])",
        "'a' in {'a': 1}",
        "{'a': [1]} == {'a': [1.0]}",
        "[1, 2][1] == 2",
        "{'a': 1}['a'] == 1",
        "{'a': 1}.a == 1",
        "has({'a': 1}.a) && !has({'a': 1}.b)",
        "size('é') == 1",
        "'abc'.size() == 3",
        "size([1, 2]) == 2",
        "size({'a': 1}) == 1",
        "'abc'.contains('b')",
        "'abc'.startsWith('ab')",
        "'abc'.endsWith('bc')",
        "'abc'.matches('^a.c$')",
        r"'a1'.matches(r'^\w\d$')",
        "int('7') == 7",
        "int(7.9) == 7",
        "double(1) == 1.0",
        "string(7) == '7'",
        "string(true) == 'true'",
        "true ? true : false",
        "false || true",
        "true || 1 / 0 == 1",
        "1 / 0 == 1 || true",
        "!(false && 1 / 0 == 1)",
        "!(1 / 0 == 1 && false)",
        "[1, 2].all(x, x > 0)",
        "[1, 2].exists(x, x > 1)",
        "[1, 2].exists_one(x, x > 1)",
        "[1, 2].existsOne(x, x > 1)",
        "[1, 2].map(x, x * 2) == [2, 4]",
        "[1, 2].map(x, x > 1, x * 2) == [4]",
        "[1, 2].filter(x, x > 1) == [2]",
        "{'b': 1, 'a': 2}.map(k, k) == ['a', 'b']",
        "[].all(x, x > 0)",
        "![].exists(x, x > 0)",
        "[0, 1].exists(x, 1 / x == 1)",
        "[1, 2].all(x, [3].all(y, x < y))",
        "[1].all(x, [2].all(x, x == 2) && x == 1)",
        "plan.steps.size() == 2",
        "plan.steps[0].kind == null",
        "plan.steps[1].data.memory == 8192",
        "plan.steps[0].data['x-y'] == 'é'",
        "plan.steps.map(s, s.address) == ['class/a', 'class/b']",
        "plan.steps[1].data.big > 9000000000000000000",
        "plan.steps.exists(s, s.data.memory + 1 == 8193)",
        "1 - 1 == 0 // a comment",
        "null == null",
        "plan.steps[0] == plan.steps[0]",
        "plan.steps[0] != plan.steps[1]",
        "'\\u00e9' == 'é'",
        "\"a\" == 'a'",
        "'''a''' == 'a'",
        "0x10 == 16",
        "1e3 == 1000.0",
    ] {
        table.push((text, "true"));
    }
    agrees(&table);
}

#[test]
fn faults_name_the_part_and_what_is_wrong() {
    agrees(&[
        ("1 / 0 == 1", "1 / 0: this divides by zero"),
        ("9223372036854775807 + 1 > 0", "9223372036854775807 + 1: this number is too large"),
        ("[1][3] == 1", "[1][3]: there is no entry 3 in a list of 1"),
        ("plan.steps[0].data.memry == 1", "plan.steps[0].data.memry: there is no `memry` in a mapping"),
        ("plan.steps[0].data.memory == 1 && plan.steps[0].data.memory", "false"),
        (
            "plan.steps.all(s, s.kind.startsWith('K'))",
            "s.kind.startsWith('K'): there is no `startsWith` of null",
        ),
        ("int('x') == 1", "int('x'): `x` is no number"),
        (
            "'a'.matches(plan.steps[0].address)",
            "plan.steps[0].address: a pattern of `matches` is written out as a text",
        ),
        ("plan.steps[0].data.memory.x == 1", "plan.steps[0].data.memory.x: a whole number has no field `x`"),
        ("plan.steps[0].data > 1", "plan.steps[0].data > 1: there is no `>` of a mapping and a whole number"),
        ("[1, 0].all(x, 1 / x > 0)", "1 / x: this divides by zero"),
        ("{'a': 1, 'a': 2}.a == 1", "'a': this key stands twice"),
    ]);
}

#[test]
fn mistakes_are_seen_without_a_plan() {
    agrees(&[
        ("plann.steps == []", "plann: there is no `plann`"),
        ("plan.stepz == []", "plan.stepz: a plan has no field `stepz`"),
        ("plan.steps.all(s, s.adress != '')", "s.adress: a step has no field `adress`"),
        ("plan.steps[0].adress == ''", "plan.steps[0].adress: a step has no field `adress`"),
        ("plan.steps.map(s, s.address).all(a, a.x == 1)", "a.x: a text has no field `x`"),
        ("plan.steps.all(s, s.effect == 'rebot')", "'rebot': this is never \"rebot\""),
        ("plan.steps.all(s, s.effect in ['none', 'rebot'])", "'rebot': this is never \"rebot\""),
        (
            "plan.steps.all(s, s.wave == '1')",
            "s.wave == '1': `==` compares a whole number with a text, which are never the same",
        ),
        ("plan.steps.all(s, s.address == null)", "s.address == null: this is a text and never null"),
        (
            "plan.steps.all(s, 1 in s.tags)",
            "1 in s.tags: `in` looks for a whole number among a text, which are never the same",
        ),
        ("plan.steps", "plan.steps: the expression is a list, not a condition"),
        ("plan.steps.size()", "plan.steps.size(): the expression is a whole number, not a condition"),
        ("plan.steps.size() && true", "plan.steps.size(): this is a whole number, not a condition"),
        (
            "plan.steps.size() + 1.5 > 2.0",
            "plan.steps.size() + 1.5: whole numbers and fractions are not mixed",
        ),
        ("plan.steps.all(s, s.wave.contains('a'))", "s.wave: a whole number has no `contains`"),
        ("plan.steps.any(s, true)", "any: there is no function `any`"),
        ("timestamp('2020') == 1", "timestamp: `timestamp` is not offered here"),
        ("plan.steps.all(s.x, true)", "s.x: this is no name for the entries of the list"),
        ("1u == 1", "1u: there are no unsigned numbers here"),
        ("b'a' == 'a'", "b'a': there are no bytes here"),
        ("a = b", "=: a single `=` compares nothing"),
        ("true and false", "and: `and`, `or` and `not` are no operators"),
        ("plan.steps ==", ": the expression ends too early"),
        ("", ": the expression ends too early"),
        ("true) && false", "): the expression is not understood at `)`"),
        ("plan.?steps == []", ".: `.?steps` is not offered here"),
        ("'a'.matches('(')", "'(': this is no pattern: unclosed group"),
        ("[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))", "all: macros are nested more than 3 deep"),
        ("Foo{a: 1} == 1", "{: there are no messages here"),
        ("'é' == 'é' && plann == 1", "plann: there is no `plann`"),
    ]);
    let fault = run("plan.stepz == []").unwrap_err();
    assert_eq!(fault.help.as_deref(), Some("did you mean `steps`?"));
    let both = compile("plan.x == 1 || plan.y == 1", &NAMES).unwrap_err();
    assert_eq!(both.len(), 2, "all mistakes are told");
}

#[test]
fn a_result_tells_what_it_looked_at() {
    let seen = |text: &str| {
        let all: Vec<String> =
            run(text).unwrap().seen.into_iter().map(|(w, v)| format!("{w} = {v}")).collect();
        all.join("; ")
    };
    assert_eq!(seen("plan.steps.all(s, s.data.memory >= 8192)"), "s = class/a; s.data.memory = 4096");
    assert_eq!(seen("plan.steps.all(s, s.data.memory >= 1)"), "plan.steps = 2 entries: [class/a, class/b]");
    assert_eq!(seen("plan.steps.exists(s, s.wave == 2)"), "s = class/b; s.wave = 2");
    assert_eq!(seen("plan.steps.size() == 2 && plan.steps[0].kind == 'K'"), "plan.steps[0].kind = null");
    assert_eq!(seen("!(plan.steps.size() == 2)"), "plan.steps.size() = 2");
    assert_eq!(
        seen("plan.steps.filter(s, s.wave > 5).size() > 0"),
        "plan.steps.filter(s, s.wave > 5).size() = 0"
    );
    assert_eq!(seen("plan.steps[1].tags == ['t']"), "plan.steps[1].tags = [\"t\", \"u\"]");
}

#[test]
fn steps_are_judged_one_by_one() {
    let program = compile("step.wave == 1", &NAMES).unwrap();
    let all = evaluate(&program, &documents(), Some(vec![1, 0]));
    assert_eq!(all.iter().map(|r| r.as_ref().unwrap().holds).collect::<Vec<_>>(), [false, true]);
    assert!(evaluate(&program, &documents(), Some(Vec::new())).is_empty());
    assert!(program.mentions("step") && !program.mentions("plan"));
}

/// Time that anything may take: the patience, and what a busy machine needs to tell.
const BOUND: Duration = Duration::from_millis(1800);

/// Reads and, if that works, evaluates; asserts that both end in time.
fn ends(text: &str, documents: &Arc<Documents>) -> Result<Finding, Fault> {
    let shown: String = text.chars().take(80).collect();
    let begun = std::time::Instant::now();
    let compiled = compile(text, &NAMES);
    let read = begun.elapsed();
    assert!(read < BOUND, "{shown}: read in {read:?}");
    let program = compiled.map_err(|faults| faults.into_iter().next().unwrap())?;
    let begun = std::time::Instant::now();
    let result = evaluate(&program, documents, None).remove(0);
    assert!(begun.elapsed() < BOUND, "{shown}: evaluated in {:?}", begun.elapsed());
    result
}

/// A plan with many steps and long texts.
fn large() -> Arc<Documents> {
    let step = |i: usize| {
        serde_json::json!({"address": format!("class/{i}"), "effect": "none", "kind": null, "wave": i, "tags": ["a", "b"],
            "data": {"text": "a".repeat(2000), "list": [1, 2, 3]}})
    };
    let steps: Vec<_> = (0..5000).map(step).collect();
    Arc::new(BTreeMap::from([("plan", Value::from_json(&serde_json::json!({ "steps": steps })))]))
}

#[test]
fn whatever_is_written_ends_in_time() {
    let large = large();
    let chain = |start: &str, link: &str, n: usize| format!("{start}{}", link.repeat(n));
    let nested = |open: &str, inner: &str, close: &str, n: usize| {
        format!("{}{inner}{}", open.repeat(n), close.repeat(n))
    };
    for text in [
        chain("1", "+1", 20_000),
        chain("1", "+1", 2000),
        chain("1", "+1", 256),
        chain("", "!", 4000),
        chain("", "-", 4000),
        chain("plan", ".a", 2000),
        chain("plan", "[0]", 1300),
        chain("true", "?true:true", 250),
        nested("(", "1", ")", 2000),
        nested("(", "1 == 1", ")", 24),
        nested("[", "1", "]", 2000),
        nested("{'a':", "1", "}", 800),
        nested("{'a':", "1", "} == 1", 24),
        nested("has(plan.", "a", ")", 24),
        "(".repeat(4096),
        "[".repeat(24),
        "'".repeat(4095),
        "\"\\".repeat(2000),
        "\u{1F600}".repeat(1000),
        "\u{0}".to_owned(),
        "é".repeat(2048),
        format!("'{}' == ''", "x".repeat(4000)),
        format!("'{}' == ''", "x".repeat(1 << 20)),
    ] {
        let _either = ends(&text, &large);
    }
    // What is well formed and too much work is told as that, or does its work in time.
    for (text, enough) in [
        (
            "plan.steps.all(a, plan.steps.all(b, plan.steps.all(c, a.wave + b.wave + c.wave >= 0)))"
                .to_owned(),
            false,
        ),
        ("plan.steps.all(a, plan.steps.exists(b, b == a))".to_owned(), false),
        ("plan.steps.all(a, a in plan.steps)".to_owned(), false),
        ("plan.steps.all(a, a.wave >= 0 && a.effect != 'destroy')".to_owned(), true),
        ("plan.steps.filter(a, a.wave % 2 == 0).map(a, a.address).size() == 2500".to_owned(), true),
        (format!("[['x']]{}.size() > 0", ".map(a, [a, a, a, a])".repeat(40)), true),
        (format!("['xxxxxxxx']{}[0] != ''", ".map(a, a + a)".repeat(40)), false),
        (format!("[[1]]{}[0] != []", ".map(a, a + a)".repeat(40)), false),
        (
            format!("[[1]]{}[0] == [[1]]{}[0]", ".map(a, [a, a])".repeat(40), ".map(a, [a, a])".repeat(40)),
            false,
        ),
        (r"plan.steps.all(a, a.data.text.matches('^(a*)*b?(a|aa)*$'))".to_owned(), true),
        (r"plan.steps.all(a, !a.data.text.matches('((a{1,20}){1,20}){1,20}b'))".to_owned(), true),
        (r"plan.steps.all(a, a.data.text.matches('(\\w{1,30}a){1,30}'))".to_owned(), true),
    ] {
        let result = ends(&text, &large);
        match &result {
            Ok(found) => assert!(enough && found.holds, "{text}"),
            Err(fault) => {
                let told = [
                    "too much work",
                    "more than 65536 bytes",
                    "more than 20000 entries",
                    "it is too large",
                    "no result within",
                ];
                assert!(told.iter().any(|t| fault.message.contains(t)), "{text}: {fault:?}");
            }
        }
    }
}

#[test]
fn the_stack_holds_whatever_fits_into_the_longest_text() {
    // The fence refuses these; here the parser meets them.
    for (start, link, end) in [
        ("1", "+1", ""),
        ("", "!", "true"),
        ("", "-", "1"),
        ("a", ".b", ""),
        ("a", "[0]", ""),
        ("", "(", ""),
        ("", "[", ""),
        ("", "{1:", ""),
        ("true", "?true:true", ""),
        ("", "a(", ""),
    ] {
        let text = format!("{start}{}{end}", link.repeat((4096 - 8) / link.len()));
        let results = on_thread(move |send| send(parse(&text).is_ok()));
        // An abort would end this process; how it ends otherwise is not the point.
        let _either = results.recv_timeout(Duration::from_mins(2)).expect("it ends");
    }
}

mod random {
    use proptest::prelude::*;

    use super::*;

    fn soup() -> impl Strategy<Value = String> {
        let words = [
            "plan",
            "steps",
            "step",
            "s",
            "a",
            ".",
            "..",
            "(",
            ")",
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "?",
            "!",
            "-",
            "+",
            "*",
            "/",
            "%",
            "==",
            "!=",
            "<",
            ">=",
            "&&",
            "||",
            " in ",
            "all",
            "exists",
            "map",
            "filter",
            "has",
            "size",
            "matches",
            "contains",
            "int",
            "1",
            "0",
            "-1",
            "1.5",
            "1u",
            "9223372036854775807",
            "'a'",
            "\"b\"",
            "'",
            "\"",
            "r'\\'",
            "'''",
            "b'x'",
            "true",
            "false",
            "null",
            "\\",
            "`",
            "$",
            "=",
            "&",
            "|",
            "é",
            "\n",
            "//",
            "\u{0}",
            "\u{202e}",
            "e5",
            ".5",
            "0x",
        ];
        prop::collection::vec(prop::sample::select(words.to_vec()), 0..60).prop_map(|w| w.concat())
    }

    /// Well-formed expressions of any type over `d`, and over `x` within macros.
    fn formed() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "true",
            "false",
            "null",
            "0",
            "1",
            "2",
            "-1",
            "1.0",
            "1.5",
            "-0.5",
            "''",
            "'a'",
            "'b'",
            "'ab'",
            "[]",
            "{}",
            "d",
            "d.n",
            "d.s",
            "d.l",
            "d.m",
            "d.t",
            "d.z",
            "d.none",
            "x",
            "9223372036854775807",
        ])
        .prop_map(str::to_owned);
        leaf.prop_recursive(4, 40, 3, |inner| {
            let operator = prop::sample::select(vec![
                "==", "!=", "<", "<=", ">", ">=", "-", "*", "/", "%", "&&", "||", "in",
            ]);
            let macros = prop::sample::select(vec!["all", "exists", "exists_one", "map", "filter"]);
            let method = prop::sample::select(vec!["contains", "startsWith", "endsWith"]);
            prop_oneof![
                (inner.clone(), operator, inner.clone()).prop_map(|(a, o, b)| format!("({a} {o} {b})")),
                // Lists are added to lists: that interpreter takes any collection on the right.
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("([{a}] + [{b}])")),
                (inner.clone(), prop::sample::select(vec!["1", "'a'", "1.5", "[]"]))
                    .prop_map(|(a, b)| format!("({a} + {b})")),
                (inner.clone(), macros, inner.clone()).prop_map(|(a, m, b)| format!("{a}.{m}(x, {b})")),
                (inner.clone(), method, inner.clone()).prop_map(|(a, m, b)| format!("{a}.{m}({b})")),
                (inner.clone(), inner.clone(), inner.clone())
                    .prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}]")),
                (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'k': {a}, 'l': {b}}}")),
                inner.clone().prop_map(|a| format!("!({a})")),
                inner.clone().prop_map(|a| format!("-({a})")),
                inner.clone().prop_map(|a| format!("size({a})")),
                inner.clone().prop_map(|a| format!("{a}.k")),
                inner.prop_map(|a| format!("has({a}.k)")),
            ]
        })
    }

    fn document() -> Value {
        Value::from_json(
            &serde_json::json!({"n": 2, "s": "ab", "l": [1, 2, 3], "m": {"k": 1}, "t": true, "z": 1.5, "none": null}),
        )
    }

    fn theirs(value: &Value) -> cel_interpreter::Value {
        use cel_interpreter::Value as V;
        match value {
            Value::Null => V::Null,
            Value::Bool(b) => V::Bool(*b),
            Value::Int(i) => V::Int(*i as i64),
            Value::Float(f) => V::Float(*f),
            Value::Str(s) => V::String(Arc::new(s.clone())),
            Value::List(l) => V::List(Arc::new(l.iter().map(theirs).collect())),
            Value::Map(m) => m
                .iter()
                .map(|(k, v)| (k.clone(), theirs(v)))
                .collect::<std::collections::HashMap<_, _>>()
                .into(),
        }
    }

    /// The value as the crate's interpreter has it; mappings sorted.
    fn oracle(text: &str) -> Option<String> {
        let program = cel_interpreter::Program::compile(text).ok()?;
        let mut context = cel_interpreter::Context::default();
        context.add_variable_from_value("d", theirs(&document()));
        context.add_variable_from_value("x", 7);
        program.execute(&context).ok()?.json().ok().map(|v| Value::from_json(&v).canonical())
    }

    fn plain(datum: &Datum<'_>) -> Value {
        match datum {
            Datum::Null => Value::Null,
            Datum::Truth(b) => (*b).into(),
            Datum::Whole(i) => (*i).into(),
            Datum::Real(f) => Value::Float(*f),
            Datum::Text(_) | Datum::Made(_) => datum.text().unwrap().into(),
            Datum::Given(_) | Datum::List(_) => {
                Value::List(datum.entries().unwrap().map(|e| plain(&e)).collect())
            }
            Datum::Mapping(_) | Datum::Map(_) => {
                let keys = datum.keys().unwrap();
                Value::Map(keys.iter().map(|k| ((*k).to_owned(), plain(&datum.get(k).unwrap()))).collect())
            }
        }
    }

    fn ours(text: &str) -> Option<String> {
        let root = parsed(text).ok()?;
        let (meter, document) = (Meter::default(), document());
        let documents = BTreeMap::from([("d", Datum::of(&document)), ("x", Datum::Whole(7))]);
        let evaluation = Evaluation { documents, meter: &meter };
        evaluation
            .value(&root, &mut Vec::new())
            .ok()
            .map(|d| Value::from_json(&plain(&d).to_json()).canonical())
    }

    /// Both readings of each text, on a stack that suffices.
    fn readings(texts: Vec<String>) -> Vec<(String, Option<String>, Option<String>)> {
        let results = on_thread(move |send| {
            for text in texts {
                let both = (oracle(&text), ours(&text));
                send((text, both.0, both.1));
            }
        });
        results.iter().collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 250, max_shrink_iters: 0, ..ProptestConfig::default() })]

        #[test]
        fn soup_ends_in_a_value_or_an_error(text in soup()) {
            let _either = ends(&text, &documents());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

        #[test]
        fn values_are_those_of_another_interpreter(texts in prop::collection::vec(formed(), 20)) {
            let texts: Vec<String> = texts.into_iter().filter(|t| fence(t).is_ok()).collect();
            let count = texts.len();
            let all = readings(texts);
            prop_assert_eq!(all.len(), count, "nobody panicked");
            for (text, oracle, ours) in all {
                prop_assert_eq!(&oracle, &ours, "{}", text);
            }
        }
    }
}
