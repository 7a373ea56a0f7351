//! Edits as a reader of the file sees them.

use super::*;
use crate::value::Value;

fn editor(text: &str) -> Editor {
    Editor::new(text, &Limits::default()).unwrap_or_else(|e| panic!("{e:?}: {text}"))
}

/// `keys[0].deep` as a path in the first document.
fn path(text: &str) -> Path {
    let mut path = Path::document(0);
    for part in text.split(['.', '[']).filter(|p| !p.is_empty()) {
        path = match part.strip_suffix(']') {
            Some(i) => path.item(i.parse().unwrap()),
            None => path.key(part),
        };
    }
    path
}

fn json(text: &str) -> Value {
    Value::from_json(&serde_json::from_str(text).unwrap())
}

fn set(before: &str, at: &str, value: &str) -> String {
    let mut e = editor(before);
    e.set(&path(at), json(value)).unwrap_or_else(|e| panic!("{e}: {before}"));
    e.text().to_owned()
}

fn remove(before: &str, at: &str) -> String {
    let mut e = editor(before);
    e.remove(&path(at)).unwrap_or_else(|e| panic!("{e}: {before}"));
    e.text().to_owned()
}

fn append(before: &str, at: &str, value: &str) -> String {
    let mut e = editor(before);
    e.append_item(&path(at), json(value)).unwrap_or_else(|e| panic!("{e}: {before}"));
    e.text().to_owned()
}

#[test]
fn a_scalar_changes_alone() {
    let text = "# top\r\na: 1   # one\r\n\r\nb:\r\n  - 'x' # ex\r\n  - y\r\nc: v1.0";
    assert_eq!(set(text, "a", "2"), text.replace("a: 1 ", "a: 2 "));
    assert_eq!(set(text, "b[0]", r#""it""#), text.replace("'x'", "'it'"));
    assert_eq!(set(text, "b[1]", r#""yes""#), text.replace("- y", "- \"yes\""));
    assert_eq!(set(text, "c", r#""v2""#), text.replace("v1.0", "v2"));
    assert_eq!(set("a: # none\nb: 1\n", "a", "3"), "a: 3 # none\nb: 1\n");
    assert_eq!(set("{a: [1, b: 2], c}\n", "a[0]", r#""x, y""#), "{a: [\"x, y\", b: 2], c}\n");
    assert_eq!(set("{a: 1, c}\n", "c", "2"), "{a: 1, c: 2}\n");
    assert_eq!(set("a: &x 1\nb: 2\n", "a", "5"), "a: &x 5\nb: 2\n");
    assert_eq!(set("a:    aligned\n", "a", r#""other""#), "a:    other\n");
}

#[test]
fn a_value_changes_its_notation_where_it_must() {
    assert_eq!(
        set("a: 1 # one\nb: 2\n", "a", r#"{"x":[1],"z":"t"}"#),
        "a: # one\n  x:\n    - 1\n  z: t\nb: 2\n"
    );
    assert_eq!(
        set("a:\n  # in\n  x: 1 # gone\n  y: 2\n# after\nb: 2\n", "a", "7"),
        "a: 7\n  # in\n# after\nb: 2\n"
    );
    assert_eq!(set("a: |\n  one\n  two\nb: 2\n", "a", "1"), "a: 1\nb: 2\n");
    assert_eq!(set("a: one # c\n", "a", r#""x\ny\n""#), "a: | # c\n  x\n  y\n");
    assert_eq!(set("a: one", "a", r#""x\ny""#), "a: |-\n  x\n  y");
    assert_eq!(set("a: one", "a", r#""x\ny\n""#), "a: |\n  x\n  y\n");
    assert_eq!(set("l:\n- one # c\n- two\n", "l[0]", r#"{"a":1,"b":2}"#), "l:\n- a: 1 # c\n  b: 2\n- two\n");
    assert_eq!(set("l:\n  - a: 1\n    b: 2\n  - two\n", "l[0]", "3"), "l:\n  - 3\n  - two\n");
    assert_eq!(set("a: [1, 2] # c\n", "a", "[]"), "a: [] # c\n");
    assert_eq!(set("a: >-\n  one\n  two\n", "a", r#""x\n  y\n""#), "a: |\n  x\n    y\n");
}

#[test]
fn keys_are_added_in_the_manner_of_their_neighbours() {
    assert_eq!(
        set("a:\n    b: 1\n    # last\n\nc: 2\n", "a.d", "[1]"),
        "a:\n    b: 1\n    # last\n    d:\n        - 1\n\nc: 2\n"
    );
    assert_eq!(set("a: {b: 1}\n", "a.c", r#"["x"]"#), "a: {b: 1, c: [x]}\n");
    assert_eq!(set("a: {}\n", "a.c", "1"), "a:\n  c: 1\n");
    assert_eq!(set("a:\n", "a.c", "1"), "a:\n  c: 1\n");
    assert_eq!(set("a: 1", "b", "2"), "a: 1\nb: 2");
    assert_eq!(set("a: |\n  text", "b", "2"), "a: |-\n  text\nb: 2");
    assert_eq!(set("a: |+\n  text\n\n", "b", "2"), "a: |+\n  text\n\nb: 2\n");
    assert_eq!(set("a:\n- x\nb:\n  c: 1\n", "b.l", "[1]"), "a:\n- x\nb:\n  c: 1\n  l:\n  - 1\n");
    let mut e = editor("- a: 1\n  c: 3\n");
    e.insert_key(&path("[0]"), &Place::First, "z", json("0")).unwrap();
    e.insert_key(&path("[0]"), &Place::After("a".into()), "b", json("2")).unwrap();
    assert_eq!(e.text(), "- z: 0\n  a: 1\n  b: 2\n  c: 3\n");
}

#[test]
fn items_are_added_and_removed() {
    assert_eq!(append("l:\n- \"a\" # one\nm: 1\n", "l", r#""b""#), "l:\n- \"a\" # one\n- \"b\"\nm: 1\n");
    assert_eq!(append("l: [a, b] # c\n", "l", r#""c""#), "l: [a, b, c] # c\n");
    assert_eq!(append("l: [\n  a, # x\n  b # y\n]\n", "l", r#""c""#), "l: [\n  a, # x\n  b, # y\n  c\n]\n");
    assert_eq!(
        append("l: []\n", "l", r#"{"a":{"b":1},"t":"x\ny\n"}"#),
        "l:\n  - a:\n      b: 1\n    t: |\n      x\n      y\n"
    );
    assert_eq!(append("l:\n  - - 1\n", "l[0]", "2"), "l:\n  - - 1\n    - 2\n");
    assert_eq!(remove("l:\n  # a\n  - a # one\n  # b\n  - b\n", "l[0]"), "l:\n  # a\n  # b\n  - b\n");
    assert_eq!(remove("l: [a, b, c]\n", "l[0]"), "l: [b, c]\n");
    assert_eq!(remove("l: [a, b, c]\n", "l[2]"), "l: [a, b]\n");
    assert_eq!(remove("l: [\n  a, # x\n  b # y\n]\n", "l[1]"), "l: [\n  a # x\n  # y\n]\n");
    assert_eq!(remove("l:\n  - a\n", "l[0]"), "l: []\n");
    assert_eq!(remove("l:\n- a: 1 # gone\n  # about b\n  b: 2\n", "l[0].a"), "l:\n- # about b\n  b: 2\n");
    assert_eq!(remove("a: 1\nb: |\n  x\n\n# c\nd: 1\n", "b"), "a: 1\n\n# c\nd: 1\n");
    assert_eq!(remove("a: 1\n", "a"), "{}\n");
}

#[test]
fn documents_are_added() {
    let mut e = editor("a: 1\n...\n# end");
    e.append_document(json(r#"{"kind":"Workers"}"#)).unwrap();
    assert_eq!(e.text(), "a: 1\n...\n# end\n---\nkind: Workers");
    let mut e = editor("# only\n");
    e.append_document(json("[1]")).unwrap();
    assert_eq!(e.text(), "# only\n- 1\n");
    let mut e = editor("---\n");
    e.set(&Path::document(0), json(r#"{"a":1}"#)).unwrap();
    assert_eq!(e.text(), "---\na: 1\n");
}

#[test]
fn what_is_shared_is_not_edited() {
    let mut e = editor("a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n");
    assert!(matches!(e.set(&path("a.b"), json("2")), Err(EditError::Shared { .. })));
    assert!(matches!(e.set(&path("c.b"), json("2")), Err(EditError::Shared { .. })));
    assert!(matches!(e.remove(&path("d.b")), Err(EditError::Shared { .. })));
    e.set(&path("c"), json("2")).unwrap();
    assert_eq!(e.text(), "a: &x {b: 1}\nc: 2\nd:\n  <<: *x\n");
}

#[test]
fn yaml_in_a_scalar_is_edited_line_by_line() {
    let text = "spec:\n  data: |  # c\n      # räume\n      cores: 4   # four\n\n      disk: 10\n  end: 1\n";
    let mut e = editor(text);
    e.inside(&path("spec.data"), |inner| {
        inner.set(&Path::document(0).key("cores"), json("8"))?;
        inner.set(&Path::document(0).key("more"), json("[1]"))
    })
    .unwrap();
    assert_eq!(
        e.text(),
        text.replace("4   # four", "8   # four").replace("10\n", "10\n      more:\n        - 1\n")
    );
    let mut e = editor("d: 'a: 1'\n");
    e.inside(&path("d"), |inner| inner.set(&Path::document(0).key("a"), json("2"))).unwrap();
    assert_eq!(e.text(), "d: 'a: 2'\n");
    let mut e = editor("d: |\n  a\n  b\n");
    e.set_text(&path("d"), "a\n").unwrap();
    assert_eq!(e.text(), "d: |\n  a\n");
}

#[test]
fn an_update_touches_what_differs() {
    let text = "a: 1 # one\nl:\n  - x # ex\n  - y # why\nm: {k: v} # em\ngone: 1\n";
    let mut e = editor(text);
    e.update(&Path::document(0), &json(r#"{"a":1,"l":["w","x","z"],"m":{"k":"v","o":2},"new":{"o":1}}"#))
        .unwrap();
    assert_eq!(
        e.text(),
        "a: 1 # one\nl:\n  - w\n  - x # ex\n  - z # why\nm: {k: v, o: 2} # em\nnew:\n  o: 1\n"
    );
}

/// Random commented documents.
pub(in crate::yaml) mod commented {
    /// A small generator of numbers, so that one number names a document.
    pub(in crate::yaml) struct Dice(pub(in crate::yaml) u64);

    impl Dice {
        pub(in crate::yaml) fn roll(&mut self, sides: usize) -> usize {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 % sides as u64) as usize
        }
        fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
            of[self.roll(of.len())]
        }
    }

    const SCALARS: [&str; 18] = [
        "1",
        "text",
        "v1.11.6",
        "\"quoted # no\"",
        "'it''s'",
        "true",
        "~",
        "a b  c",
        "http://x/y#z",
        "0x1F",
        "-1.5e3",
        "''",
        "\"\"",
        "2024-01-02",
        "null",
        "name == \"vm_ssd\"",
        "yes",
        "é ü",
    ];

    pub(in crate::yaml) struct Writer {
        pub(in crate::yaml) dice: Dice,
        comments: usize,
        keys: usize,
        out: Vec<String>,
    }

    /// A stream of documents with comments in all places where they may stand, in several manners of writing.
    pub(in crate::yaml) fn text(seed: u64) -> String {
        let mut w = Writer { dice: Dice(seed | 1), comments: 0, keys: 0, out: Vec::new() };
        for _ in 0..8 {
            w.dice.roll(2);
        }
        let documents = 1 + w.dice.roll(3);
        for i in 0..documents {
            w.filler(0);
            if i > 0 || w.dice.roll(4) == 0 {
                let tail = w.tail();
                w.out.push(format!("---{tail}"));
            }
            w.filler(0);
            let step = 1 + w.dice.roll(4);
            if w.dice.roll(4) == 0 {
                w.list(0, step, 0, String::new());
            } else {
                w.map(0, step, 0, String::new());
            }
        }
        w.filler(0);
        let end = if w.dice.roll(4) == 0 { "\r\n" } else { "\n" };
        let mut text = w.out.join(end);
        if w.dice.roll(4) > 0 {
            text.push_str(end);
        }
        text
    }

    impl Writer {
        fn comment(&mut self) -> String {
            self.comments += 1;
            format!("{}c{}", self.dice.pick(&["# ", "#", "## ", "#: - "]), self.comments)
        }
        fn tail(&mut self) -> String {
            let gap = " ".repeat(1 + self.dice.roll(3));
            match self.dice.roll(4) {
                0 => format!("{gap}{}", self.comment()),
                1 => " ".repeat(self.dice.roll(2)),
                _ => String::new(),
            }
        }
        fn filler(&mut self, indent: usize) {
            for _ in 0..self.dice.roll(3) {
                match self.dice.roll(4) {
                    0 => {
                        let odd = self.dice.roll(4);
                        let comment = self.comment();
                        let at = if odd == 0 { indent + 1 } else { indent };
                        self.out.push(format!("{}{comment}", " ".repeat(at)));
                    }
                    1 => self.out.push(String::new()),
                    _ => {}
                }
            }
        }
        fn flow(&mut self, depth: usize) -> String {
            let n = self.dice.roll(3);
            let brackets = self.dice.roll(2) == 0;
            let parts: Vec<String> = (0..n)
                .map(|_| {
                    self.keys += 1;
                    let value = if depth > 1 || self.dice.roll(3) > 0 {
                        self.dice.pick(&["1", "a", "\"q, q\"", "'s'", "true"]).to_owned()
                    } else {
                        self.flow(depth + 1)
                    };
                    if brackets { value } else { format!("k{}: {value}", self.keys) }
                })
                .collect();
            let inner = parts.join(", ");
            let comma = if n > 0 && self.dice.roll(5) == 0 { "," } else { "" };
            if brackets { format!("[{inner}{comma}]") } else { format!("{{{inner}{comma}}}") }
        }
        /// A value behind `prefix`; `column` is that of the key or dash.
        fn value(&mut self, prefix: String, column: usize, step: usize, depth: usize, dash: bool) {
            let deeper = if dash { column + 2 } else { column + step };
            match self.dice.roll(if depth > 3 { 7 } else { 11 }) {
                0 => {
                    let (flow, tail) = (self.flow(0), self.tail());
                    self.out.push(format!("{prefix} {flow}{tail}"));
                }
                1 => {
                    let style = self.dice.pick(&["|", "|-", "|+", ">", ">-", "|2"]);
                    // An indentation of its own is counted from the collection.
                    let body = if style == "|2" { column + 2 } else { deeper.max(column + 1) };
                    let tail = self.tail();
                    self.out.push(format!("{prefix} {style}{tail}"));
                    for i in 0..=self.dice.roll(3) {
                        let line = self.dice.pick(&["text: 1", "# no comment", "  deeper", "", "tail  "]);
                        let line = if i == 0 && style != "|2" { "first # line" } else { line };
                        let pad = if line.is_empty() { String::new() } else { " ".repeat(body) };
                        self.out.push(format!("{pad}{line}"));
                    }
                    if style == "|2" {
                        self.out.push(format!("{}end", " ".repeat(body)));
                    }
                }
                2 => {
                    let tail = self.tail();
                    self.out.push(format!("{prefix}{tail}"));
                }
                7 => {
                    let tail = self.tail();
                    self.out.push(format!("{prefix}{tail}"));
                    self.filler(deeper);
                    self.map(deeper, step, depth + 1, String::new());
                }
                8 if !dash => {
                    let tail = self.tail();
                    self.out.push(format!("{prefix}{tail}"));
                    let at = if self.dice.roll(2) == 0 { column } else { deeper };
                    self.filler(at);
                    self.list(at, step, depth + 1, String::new());
                }
                9 if dash => self.map(column + 2, step, depth + 1, format!("{prefix} ")),
                10 if dash => self.list(column + 2, step, depth + 1, format!("{prefix} ")),
                _ => {
                    let tail = self.tail();
                    let scalar = SCALARS[self.dice.roll(SCALARS.len())];
                    self.out.push(format!("{prefix} {scalar}{tail}"));
                }
            }
        }
        fn map(&mut self, column: usize, step: usize, depth: usize, mut prefix: String) {
            for i in 0..=self.dice.roll(3) {
                if i > 0 {
                    self.filler(column);
                }
                self.keys += 1;
                let pad = if prefix.is_empty() { " ".repeat(column) } else { std::mem::take(&mut prefix) };
                let key = match self.dice.roll(6) {
                    0 => format!("\"k {}\"", self.keys),
                    _ => format!("k{}", self.keys),
                };
                self.value(format!("{pad}{key}:"), column, step, depth, false);
            }
        }
        fn list(&mut self, column: usize, step: usize, depth: usize, mut prefix: String) {
            for i in 0..=self.dice.roll(3) {
                if i > 0 {
                    self.filler(column);
                }
                let pad = if prefix.is_empty() { " ".repeat(column) } else { std::mem::take(&mut prefix) };
                self.value(format!("{pad}-"), column, step, depth, true);
            }
        }
    }
}

mod random {
    use super::commented::{Dice, text};
    use super::*;
    use crate::yaml::to_value;
    use proptest::prelude::*;

    fn paths(node: &Node, at: &Path, out: &mut Vec<Path>) {
        out.push(at.clone());
        match &node.kind {
            NodeKind::Map(pairs) => {
                for (k, v) in pairs {
                    paths(v, &at.key(k.text().unwrap()), out);
                }
            }
            NodeKind::Seq(items) => {
                for (i, n) in items.iter().enumerate() {
                    paths(n, &at.item(i), out);
                }
            }
            NodeKind::Scalar { .. } => {}
        }
    }

    fn comments(text: &str) -> Vec<(usize, String)> {
        let shape = shape(text, &Limits::default()).unwrap();
        shape.comments.iter().map(|c| (c.start, text[c.start..c.end].to_owned())).collect()
    }

    /// Whether all of `few` are in `many`, in their order.
    fn in_order(few: &[&str], many: &[&str]) -> bool {
        let mut many = many.iter();
        few.iter().all(|f| many.any(|m| m == f))
    }

    fn wanted_len(wanted: &[Value], path: &Path) -> Option<usize> {
        let value = path.steps.iter().try_fold(&wanted[path.document], |v, step| match (step, v) {
            (Step::Key(k), Value::Map(m)) => m.get(k),
            (Step::Item(i), Value::List(l)) => l.get(*i),
            _ => None,
        })?;
        match value {
            Value::Map(m) => Some(m.len()),
            Value::List(l) => Some(l.len()),
            _ => None,
        }
    }

    const VALUES: [&str; 9] = [
        "1",
        "\"text\"",
        "\"a: b # c\"",
        "\"one\\n  two\\n\"",
        "\"no end\\nhere\"",
        "[1,{\"a\":\"b\"}]",
        "{\"k\":{\"l\":[]},\"t\":\"x\\ny\\n\"}",
        "null",
        "{}",
    ];

    fn check(seed: u64, refused: &std::cell::Cell<usize>) -> Result<(), TestCaseError> {
        let before = text(seed);
        let mut dice = Dice(seed.rotate_left(17) | 1);
        let mut editor = Editor::new(&before, &Limits::default())
            .map_err(|e| TestCaseError::fail(format!("{e:?}\n{before}")))?;
        let mut all = Vec::new();
        for (i, document) in editor.documents().iter().enumerate() {
            if let Some(root) = &document.root {
                paths(root, &Path::document(i), &mut all);
            }
        }
        let path = all[dice.roll(all.len())].clone();
        let node = editor.get(&path).unwrap().clone();
        let value = json(VALUES[dice.roll(VALUES.len())]);
        let mut wanted: Vec<Value> =
            editor.documents().iter().map(|d| d.root.as_ref().map_or(Value::Null, to_value)).collect();
        fn slot<'a>(root: &'a mut Value, steps: &[Step]) -> &'a mut Value {
            steps.iter().fold(root, |v, step| match (step, v) {
                (Step::Key(k), Value::Map(m)) => m.get_mut(k).unwrap(),
                (Step::Item(i), Value::List(l)) => &mut l[*i],
                _ => panic!(),
            })
        }
        let at = slot(&mut wanted[path.document], &path.steps);
        let add = dice.roll(3);
        let what;
        let mut inserted = false;
        let result = match (&node.kind, add) {
            (NodeKind::Map(_), 0) => {
                what = format!("add a key to {path}");
                at.set("new", value.clone());
                inserted = true;
                editor.insert_key(&path, &Place::Last, "new", value.clone())
            }
            (NodeKind::Seq(items), 0) => {
                let position = dice.roll(items.len() + 1);
                what = format!("add an item to {path} at {position}");
                let Value::List(list) = at else { panic!() };
                list.insert(position, value.clone());
                inserted = true;
                editor.insert_item(&path, position, value.clone())
            }
            (_, 1) if !path.steps.is_empty() => {
                what = format!("remove {path}");
                let (parent, last) = path.parent().unwrap();
                match (slot(&mut wanted[path.document], &parent.steps), last) {
                    (Value::Map(m), Step::Key(k)) => drop(m.remove(k)),
                    (Value::List(l), Step::Item(i)) => drop(l.remove(*i)),
                    _ => panic!(),
                }
                editor.remove(&path)
            }
            _ => {
                what = format!("set {path}");
                *at = value.clone();
                editor.set(&path, value.clone())
            }
        };
        let context = format!("{what} {}\n{before}\n=====>\n{}", value.canonical(), editor.text());
        if let Err(e) = result {
            // A text at the root of a document is not edited, and a block may take up a comment that stands as deep as it.
            prop_assert!(path.steps.is_empty() || before.contains(['|', '>']), "{e}: {context}");
            prop_assert_eq!(editor.text(), before.as_str());
            refused.set(refused.get() + usize::from(!path.steps.is_empty()));
            return Ok(());
        }
        let after: Vec<Value> =
            editor.documents().iter().map(|d| d.root.as_ref().map_or(Value::Null, to_value)).collect();
        prop_assert_eq!(&after, &wanted, "{}", context);
        // Comments that do not stand in the lines of the value (of what is removed, with its key) stay.
        let before_shape = shape(&before, &Limits::default()).unwrap();
        let (target, holder) = locate::locate(&before_shape, &path).unwrap();
        let own = match holder {
            locate::Holder::Root => target.start,
            locate::Holder::Entry { entry, .. } => entry.start,
            locate::Holder::Item { item, .. } => item.start,
        };
        let start = if what.starts_with("remove") { own } else { target.content };
        let first = lines::line_start(&before, start);
        let last = lines::behind_lines(&before, target.end.max(own + 1));
        let left: Vec<String> = comments(editor.text()).into_iter().map(|(_, c)| c).collect();
        for (at, comment) in comments(&before) {
            if inserted || at < first || at > last {
                prop_assert!(left.contains(&comment), "lost {comment}: {context}");
            }
        }
        // Lines above and below are untouched; the line of the key or dash is not above.
        let after = editor.text();
        let new: Vec<&str> = after.split_inclusive('\n').collect();
        // A list or mapping that loses its last member is written behind its own key or dash.
        let alone = path.parent().is_some_and(|(parent, _)| matches!(wanted_len(&wanted, &parent), Some(0)));
        if !inserted && !alone {
            let above = lines::line_start(&before, own);
            let above: Vec<&str> = before[..above].split_inclusive('\n').collect();
            prop_assert!(in_order(&above, &new), "above: {context}");
        }
        // The first member of a list in a list stands behind the outer dash: the next one moves up there.
        let moves = usize::from(what.starts_with("remove") && !lines::begins_line(&before, own));
        let below =
            before[last..].split_inclusive('\n').filter(|l| l.ends_with('\n') && !l.trim().is_empty());
        let below: Vec<&str> = below.skip(moves).collect();
        prop_assert!(in_order(&below, &new), "below: {context}");
        Ok(())
    }

    #[test]
    fn edits_of_random_documents_are_what_was_asked_for_and_touch_nothing_else() {
        let refused = std::cell::Cell::new(0);
        let cases = 1500;
        let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
        proptest::test_runner::TestRunner::new(config)
            .run(&any::<u64>(), |seed| check(seed, &refused))
            .unwrap_or_else(|e| panic!("{e}"));
        assert!(refused.get() * 100 < cases as usize, "{} of {cases} edits were refused", refused.get());
    }
}
