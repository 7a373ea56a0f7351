//! C: YAML that is too much, too clever, or not what it looks like.

use crate::entries::{Entry, Failures, run};
use crate::judge::finish;
use crate::scene::{CANARY, CLASS, SPEC, Scene, TEMPLATE, template};

/// Each text is refused in place of the template, the class and the spec.
fn everywhere(f: &mut Failures, texts: &[(&str, Vec<u8>)]) {
    for (name, text) in texts {
        for file in [TEMPLATE, CLASS, SPEC] {
            let s = Scene::new();
            s.write(file, text);
            s.refused(&format!("{name} at {file}"), true, &[file], f);
        }
    }
}

/// Each text is refused as a template.
fn templates(f: &mut Failures, texts: &[&str]) {
    for text in texts {
        let s = Scene::new();
        s.write(TEMPLATE, text);
        s.refused(&text.chars().take(60).collect::<String>(), true, &[TEMPLATE], f);
    }
}

/// Each is refused as what a valid template's cluster also has.
fn more(f: &mut Failures, texts: &[&str]) {
    for text in texts {
        let s = Scene::new();
        s.write(TEMPLATE, template(text));
        s.refused(text, true, &[TEMPLATE], f);
    }
}

fn taken(f: &mut Failures, texts: &[&str]) {
    for text in texts {
        let s = Scene::new();
        s.write(TEMPLATE, text);
        s.taken(&text.chars().take(60).collect::<String>(), f);
    }
}

fn named<'a>(texts: &[(&'a str, &str)]) -> Vec<(&'a str, Vec<u8>)> {
    texts.iter().map(|(name, text)| (*name, text.as_bytes().to_vec())).collect()
}

fn c1(f: &mut Failures) {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..9 {
        let items = vec![format!("*a{}", i - 1); 9].join(",");
        text.push_str(&format!("a{i}: &a{i} [{items}]\n"));
    }
    everywhere(f, &named(&[("laughs", &text)]));
}

fn c2(f: &mut Failures) {
    for n in [26, 30] {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for i in 1..n {
            text.push_str(&format!("a{i}: &a{i} [*a{}, *a{}]\n", i - 1, i - 1));
        }
        everywhere(f, &named(&[("doubling", &text)]));
    }
}

fn c3(f: &mut Failures) {
    let deep: String = (0..2500).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
    everywhere(
        f,
        &named(&[
            ("lists", &"[".repeat(20_000)),
            ("maps and lists", &"{\"\":[".repeat(32_000)),
            ("dashes", &"- ".repeat(20_000)),
            ("blocks", &deep),
            ("JSON", &"[".repeat(1_000_000)),
        ]),
    );
    let s = Scene::new();
    s.r.edit(CLASS, "      cores: 8\n", &format!("      cores: {}\n", "[".repeat(20_000)));
    s.refused("in the block of a class", true, &[CLASS], f);
}

fn c4(f: &mut Failures) {
    everywhere(f, &named(&[("recursive", "a: &a [*a]\n"), ("recursive map", "&a a: {b: *a}\n")]));
}

fn c5(f: &mut Failures) {
    everywhere(f, &named(&[("top", "kind: Cluster\nname: a\nname: b\n"), ("nested", "a: {b: 1, b: 2}\n")]));
    more(f, &["labels: {a: x, a: y}\n", "labels: {<<: {a: x}, <<: {a: y}}\n"]);
}

fn c6(f: &mut Failures) {
    let s = Scene::new();
    s.r.edit(SPEC, "initiative:\n", "initiative: &i\n");
    s.r.edit(SPEC, "omni:\n", "omni:\n  <<: {lan_address: 10.0.0.1}\n");
    s.refused("in a spec", true, &[SPEC, "merge"], f);
    // What stands beside wins, as in omnictl.
    let s = Scene::new();
    s.write(TEMPLATE, template("").replacen("name: c\n", "<<: {name: other}\nname: c\n", 1));
    s.taken("in a template", f);
    let run = finish(s.command(&["render", TEMPLATE]));
    f.check(run.out.contains("id: c\n") && !run.out.contains("other"), || run.start());
}

fn c7(f: &mut Failures) {
    let s = Scene::new();
    s.r.edit(SPEC, "name: omni-scale", "name: !!python/object:os.system omni-scale");
    s.refused("in a spec", true, &[SPEC, "tag"], f);
    let s = Scene::new();
    s.r.edit(SPEC, "name: omni-scale", &format!("name: !include {}", s.secret().display()));
    s.refused("an include in a spec", true, &[SPEC, "tag"], f);
    // In a template they are what omnictl takes them for: a mark on a text, which opens nothing.
    let s = Scene::new();
    s.write(TEMPLATE, template(&format!("labels: {{a: !include {}}}\n", s.secret().display())));
    let run = finish(s.command(&["render", TEMPLATE]));
    run.sound("an include in a template", f);
    more(f, &["labels: {a: !!binary \"%%%\"}\n", "labels: {a: !!int four}\n", "features: !!bool maybe\n"]);
}

fn c8(f: &mut Failures) {
    let sizes = ["no", "on", "1e3", ".inf", ".nan", "60:30", "1.5", "0x"];
    for size in sizes {
        let s = Scene::new();
        s.write(TEMPLATE, template("").replacen("size: 3", &format!("size: {size}"), 1));
        s.refused(&format!("size {size}"), true, &[TEMPLATE], f);
    }
    let s = Scene::new();
    s.r.edit(SPEC, "vmid: 200", "vmid: no");
    s.refused("vmid no", true, &[SPEC], f);
}

fn c9(f: &mut Failures) {
    let plain = template("");
    let wide = |text: &str, big: bool| -> Vec<u8> {
        let one = |u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() };
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(one).collect()
    };
    let wider = |text: &str| -> Vec<u8> {
        std::iter::once('\u{feff}').chain(text.chars()).flat_map(|c| u32::from(c).to_le_bytes()).collect()
    };
    everywhere(
        f,
        &[
            ("tab", b"a:\n\tb: 1\n".to_vec()),
            ("UTF-16 LE", wide(&plain, false)),
            ("UTF-16 BE", wide(&plain, true)),
            ("UTF-32", wider(&plain)),
        ],
    );
    taken(f, &[&plain.replace('\n', "\r\n"), &format!("\u{feff}{plain}")]);
    more(f, &["labels: {\u{feff}a: \"\u{1}\"}\n", "labels:\n\ta: b\n"]);
}

fn c10(f: &mut Failures) {
    let bytes: [(&str, &[u8]); 5] = [
        ("overlong", b"\xc0\xaf"),
        ("surrogate", b"\xed\xa0\x80"),
        ("cut", b"\xe2\x82"),
        ("too large", b"\xf5\x80\x80\x80"),
        ("noncharacter", "a: \u{fffe}".as_bytes()),
    ];
    let texts: Vec<(&str, Vec<u8>)> =
        bytes.iter().map(|(name, b)| (*name, [b"a: 1\nb: ", *b, b"\n"].concat())).collect();
    everywhere(f, &texts);
}

fn c11(f: &mut Failures) {
    everywhere(
        f,
        &named(&[("documents", &"---\n".repeat(100_000)), ("with texts", &"---\na: 1\n".repeat(100_000))]),
    );
}

fn c12(f: &mut Failures) {
    templates(f, &["", "# nothing\n", "...\n", "---\n", "null\n", "\n\n\n"]);
    for text in ["", "# nothing\n", "---\n"] {
        let s = Scene::new();
        s.write(SPEC, text);
        s.refused("an empty spec", false, &[SPEC], f);
    }
}

fn c13(f: &mut Failures) {
    let plain = template("");
    templates(
        f,
        &[
            &plain.replacen("kind: Workers", "kind: Wokers", 1),
            &plain.replacen("machineClass:", "machineClas:", 1),
            &plain.replacen("name: c", "naem: c", 1),
            &plain.replacen("size: 3", "Size: 3", 1),
        ],
    );
}

fn c14(f: &mut Failures) {
    for size in ["\"3\"x", "3.5", "-1", "1e99", "[3]", "{a: 1}", "18446744073709551616", "3 3"] {
        let s = Scene::new();
        s.write(TEMPLATE, template("").replacen("size: 3", &format!("size: {size}"), 1));
        s.refused(&format!("size: {size}"), true, &[TEMPLATE], f);
    }
}

fn c15(f: &mut Failures) {
    let count = if cfg!(debug_assertions) { 100_000 } else { 1_000_000 };
    let keys: String = (0..count).map(|n| format!("k{n}: 1\n")).collect();
    // A spec that is too large has no line to point at.
    let s = Scene::new();
    s.write(SPEC, format!("a: {}\n", "x".repeat(100 << 20)));
    s.refused("100 MiB of a spec", false, &["`spec/omni.yaml` is larger than 4 MiB"], f);
    templates(
        f,
        &[&format!("a: {}\n", "x".repeat(100 << 20)), &format!("{}: 1\n", "x".repeat(100 << 20)), &keys],
    );
}

fn c16(f: &mut Failures) {
    templates(
        f,
        &["%YAML 2.0\n---\nkind: Cluster\n", "%TAG ! tag:evil.example,2026:\n---\nkind: !x Cluster\n"],
    );
}

fn c17(f: &mut Failures) {
    templates(f, &["? [a]\n: b\n", "? {a: b}\n: c\n", "{[a]: b}\n"]);
}

fn c18(f: &mut Failures) {
    templates(f, &["&a kind: Clustre\nname: *a\n", "*a : b\n"]);
}

fn c19(f: &mut Failures) {
    for text in
        ["{{ env.SECRET }}", "${{ secrets.X }}", "$SECRET", "${SECRET}", "--- not a document", "$(id)"]
    {
        let s = Scene::new();
        s.write(TEMPLATE, template(&format!("labels: {{a: \"{text}\"}} # --- {{{{ env.SECRET }}}}\n")));
        s.taken(text, f);
        let run = finish(s.command(&["render", TEMPLATE]));
        run.sound(text, f);
        f.check(run.out.contains(text), || format!("{text}: not literal: {}", run.start()));
    }
}

fn c20(f: &mut Failures) {
    let keys: String = (0..100_000).map(|n| format!("k{n}: 1\n")).collect();
    for file in [TEMPLATE, CLASS] {
        let s = Scene::new();
        s.write(file, &keys);
        s.refused(file, true, &[file], f);
    }
}

fn c21(f: &mut Failures) {
    let s = Scene::new();
    s.write("clusters/a.yaml", template(""));
    s.write("clusters/b.yaml", template(""));
    s.refused("one cluster in two files", true, &["clusters/b.yaml"], f);
    let s = Scene::new();
    s.write("machine-classes/again.yaml", std::fs::read(s.r.path(CLASS)).unwrap());
    s.refused("one class in two files", true, &["machine-classes/"], f);
    let s = Scene::new();
    s.write(TEMPLATE, [template(""), "---\n".to_owned(), template("")].concat());
    s.refused("two clusters in a file", true, &[TEMPLATE], f);
}

fn c22(f: &mut Failures) {
    // omnictl sets no length, and neither does Omni.
    taken(f, &[&template("").replacen("name: c\n", &format!("name: {}\n", "n".repeat(254)), 1)]);
    for name in [
        "\"\"",
        "..",
        "/",
        "a/b",
        "a%2Fb",
        "\"a?x=1\"",
        "\"a#f\"",
        "\"a\\nb\"",
        "\"\\u202eevil\"",
        "\".\"",
        "\"\u{1f600}\"",
        "\"\\e[2J\"",
        "\"a b\"",
        "\"\\0\"",
    ] {
        let s = Scene::new();
        s.write(TEMPLATE, template("").replacen("name: c\n", &format!("name: {name}\n"), 1));
        s.refused(&format!("name: {name}"), true, &[TEMPLATE], f);
    }
}

/// A canary in a file that is no YAML is not quoted, wherever it stands.
fn quoted(f: &mut Failures) {
    let s = Scene::new();
    s.patch("patches/p.yaml");
    s.write("clusters/patches/p.yaml", format!("password: {CANARY}\n  x: [\n"));
    s.refused("a patch that is no YAML", true, &["p.yaml"], f);
}

#[test]
fn yaml() {
    let mut f = Failures::default();
    quoted(&mut f);
    assert!(f.0.is_empty(), "{:#?}", f.0);
    run('C', 23, TABLE);
}

const REFUSED: &str = "refused with its place";
const PARSE: &str = "src/yaml/parse/tests.rs";

pub const TABLE: &[Entry] = &[
    Entry {
        id: "C1",
        what: "a billion laughs",
        expected: REFUSED,
        here: Some(c1),
        there: &[(PARSE, "hostile_texts_are_refused_quickly")],
    },
    Entry { id: "C2", what: "doubling aliases", expected: REFUSED, here: Some(c2), there: &[] },
    Entry {
        id: "C3",
        what: "depth",
        expected: REFUSED,
        here: Some(c3),
        there: &[(PARSE, "hostile_texts_are_refused_quickly")],
    },
    Entry { id: "C4", what: "recursive aliases", expected: REFUSED, here: Some(c4), there: &[] },
    Entry {
        id: "C5",
        what: "duplicate keys",
        expected: REFUSED,
        here: Some(c5),
        there: &[(PARSE, "duplicate_keys_are_told_with_both_places")],
    },
    Entry {
        id: "C6",
        what: "merge keys",
        expected: "refused in a spec; in a template what stands beside wins, as in omnictl",
        here: Some(c6),
        there: &[(PARSE, "a_spec_has_no_aliases"), (PARSE, "aliases_are_replayed_and_merges_resolved")],
    },
    Entry {
        id: "C7",
        what: "tags",
        expected: "refused in a spec, nothing is made or opened in a template",
        here: Some(c7),
        there: &[("src/template/tests.rs", "keys_and_tags_as_omnictl_sees_them")],
    },
    Entry {
        id: "C8",
        what: "scalars of YAML 1.1",
        expected: "refused where another type is wanted, and read as Go reads them elsewhere",
        here: Some(c8),
        there: &[("src/yaml/tests.rs", "scalars_mean_what_go_reads")],
    },
    Entry {
        id: "C9",
        what: "tabs, line ends, marks of encodings",
        expected: "refused, but for CRLF and the mark of UTF-8, which Go takes too",
        here: Some(c9),
        there: &[("tests/cli/wrong_inputs.rs", "tabs_for_indentation_are_named_as_such")],
    },
    Entry {
        id: "C10",
        what: "bytes that are no text",
        expected: REFUSED,
        here: Some(c10),
        there: &[("tests/cli/wrong_inputs.rs", "bytes_that_are_not_utf_8_are_shown_where_they_are")],
    },
    Entry { id: "C11", what: "a hundred thousand documents", expected: REFUSED, here: Some(c11), there: &[] },
    Entry { id: "C12", what: "nothing in a file", expected: REFUSED, here: Some(c12), there: &[] },
    Entry {
        id: "C13",
        what: "unknown kinds and fields",
        expected: REFUSED,
        here: Some(c13),
        there: &[("src/spec/load/tests.rs", "unknown_fields_have_places_and_suggestions")],
    },
    Entry {
        id: "C14",
        what: "wrong types",
        expected: REFUSED,
        here: Some(c14),
        there: &[("src/spec/load/tests.rs", "values_of_the_spec_are_strict")],
    },
    Entry {
        id: "C15",
        what: "100 MiB of one text, many keys",
        expected: REFUSED,
        here: Some(c15),
        there: &[],
    },
    Entry {
        id: "C16",
        what: "directives",
        expected: REFUSED,
        here: Some(c16),
        there: &[(PARSE, "what_go_refuses_is_refused")],
    },
    Entry { id: "C17", what: "collections as keys", expected: REFUSED, here: Some(c17), there: &[] },
    Entry { id: "C18", what: "anchors in keys", expected: REFUSED, here: Some(c18), there: &[] },
    Entry {
        id: "C19",
        what: "what looks like a variable or a document",
        expected: "taken as the letters that stand there",
        here: Some(c19),
        there: &[],
    },
    Entry {
        id: "C20",
        what: "a flood of keys",
        expected: "refused with its place; in a spec not tried, where each unknown key is shown and that takes too long",
        here: Some(c20),
        there: &[],
    },
    Entry {
        id: "C21",
        what: "the same twice",
        expected: REFUSED,
        here: Some(c21),
        there: &[("src/template/together.rs", "one_template_for_a_cluster_and_one_cluster_for_a_machine")],
    },
    Entry {
        id: "C22",
        what: "names",
        expected: "refused with its place, but for a long one",
        here: Some(c22),
        there: &[("src/template/tests.rs", "ids_labels_and_bytes")],
    },
    Entry {
        id: "C23",
        what: "what Go reads otherwise",
        expected: "nothing: what Go was recorded to read is read the same",
        here: None,
        there: &[
            ("src/yaml/tests.rs", "documents_are_read_as_go_reads_them"),
            ("src/yaml/tests.rs", "values_are_written_as_go_writes_them"),
        ],
    },
];
