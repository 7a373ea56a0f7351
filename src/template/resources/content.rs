//! The text of a patch, manifest or health check.

use super::Builder;
use crate::template::model::{Inline, Text};
use crate::yaml::{self, Node, NodeKind, Out};

/// Indent of encoded mappings.
const INDENT: usize = 4;

impl Builder<'_> {
    /// The text of `inline`, or of the file; empty if the file is not readable.
    pub(super) fn text(&self, inline: Option<&Inline>, file: &Text) -> String {
        match inline {
            Some(inline) => text(inline),
            None => self
                .contents
                .get(&file.value)
                .ok()
                .and_then(|id| self.sources.get(id))
                .map(|source| source.text.clone())
                .unwrap_or_default(),
        }
    }
}

/// What Omni stores for content written in the template: a text byte for byte, a mapping encoded anew, a list as documents.
fn text(inline: &Inline) -> String {
    match inline {
        Inline::Text(node) => node.text().unwrap_or_default().to_owned(),
        Inline::Mapping(node) => mapping(node),
        Inline::List(items, _) => {
            let documents: Vec<String> =
                items.iter().map(|item| item.as_ref().map_or_else(|| "{}\n".to_owned(), mapping)).collect();
            documents.join("---\n")
        }
    }
}

/// The keys of the outermost mapping are texts whatever they look like (`1:` becomes `"1":`); further in, Go keeps what they
/// are.
fn mapping(node: &Node) -> String {
    let NodeKind::Map(pairs) = &node.kind else { return String::new() };
    let mut entries: Vec<(String, Out)> =
        // The outer keys are texts to Go; one that is null it passes over, and its value.
        pairs
            .iter()
            .filter(|(k, _)| !yaml::is_null(k))
            .map(|(k, v)| (k.text().unwrap_or_default().to_owned(), Out::from_node(v)))
            .collect();
    entries.sort_by(|a, b| yaml::natural(&a.0, &b.0));
    yaml::write(&Out::Map(entries), INDENT)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::diag::SourceId;
    use crate::value::Value;
    use crate::yaml::Limits;

    fn read(text: &str) -> Node {
        let mut documents = yaml::parse(SourceId(0), text, &Limits::default()).unwrap();
        documents.remove(0).root.unwrap()
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i32>().prop_map(|i| Value::Int(i.into())),
            "[ -~é∞]{0,12}".prop_map(Value::Str),
            "([a-z#:-]{0,6}\n){1,3}".prop_map(Value::Str),
            prop_oneof![
                Just("yes"),
                Just("0x10"),
                Just("1e3"),
                Just("~"),
                Just("2024-01-02"),
                Just(".5"),
                Just("on")
            ]
            .prop_map(Value::from),
        ]
    }

    fn tree() -> impl Strategy<Value = Value> {
        let inner = scalar().prop_recursive(3, 24, 4, |value| {
            prop_oneof![
                prop::collection::vec(value.clone(), 0..4).prop_map(Value::List),
                prop::collection::btree_map("[a-zA-Z0-9._/ -]{1,8}", value, 0..4).prop_map(Value::Map),
            ]
        });
        prop::collection::btree_map("[a-zA-Z]{1,8}", inner, 1..4).prop_map(Value::Map)
    }

    proptest! {
        /// What is stored says what was written, and writing it once more changes nothing.
        #[test]
        fn an_encoded_mapping_says_the_same(value in tree()) {
            let text = yaml::write(&Out::from(&value), INDENT);
            let node = read(&text);
            prop_assert_eq!(yaml::to_value(&node), value);
            prop_assert_eq!(mapping(&node), text);
        }
    }

    #[test]
    fn lists_are_documents_and_outer_keys_are_texts() {
        let odd = read("a: {~: x, 1.5: y, b: z, true: q, 1: d}\n~: gone\n");
        assert_eq!(
            text(&Inline::Mapping(odd)),
            "a:\n    true: q\n    1: d\n    1.5: \"y\"\n    null: x\n    b: z\n"
        );
        let node = read("a: [{x: 1}, ~, {}]\nb: {2: {3: c}}\n");
        let NodeKind::Seq(items) = &node.get("a").unwrap().kind else { panic!() };
        let list = items.iter().map(|n| Some(n.clone()).filter(|n| !yaml::is_null(n))).collect();
        assert_eq!(text(&Inline::List(list, node.span)), "x: 1\n---\n{}\n---\n{}\n");
        assert_eq!(text(&Inline::Mapping(node.get("b").unwrap().clone())), "\"2\":\n    3: c\n");
    }
}
