//! The dependency graph as DOT, Mermaid, JSON and text.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::address::Address;
use crate::graph::{Graph, Wave};
use crate::render::json::escape::visible;
use crate::untrusted::Untrusted;

fn label(text: &str) -> String {
    Untrusted::new(text).line(300)
}

/// Text between double quotes in DOT.
fn dot_quoted(text: &str) -> String {
    format!("\"{}\"", label(text).replace('\\', "\\\\").replace('"', "\\\""))
}

/// Graphviz: arrows go from who needs to what is needed.
pub fn dot(graph: &Graph) -> String {
    let mut out = String::from("digraph omni_scale {\n  rankdir=LR;\n  node [shape=box];\n");
    for address in graph.order() {
        out.push_str(&format!("  {};\n", dot_quoted(&address.to_string())));
    }
    for edge in graph.edges() {
        let (from, to) = (dot_quoted(&edge.from.to_string()), dot_quoted(&edge.to.to_string()));
        out.push_str(&format!("  {from} -> {to} [label={}];\n", dot_quoted(&edge.reason)));
    }
    out.push_str("}\n");
    out
}

/// Text inside a quoted Mermaid label.
fn mermaid_quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in label(text).chars() {
        match c {
            '"' => out.push_str("#quot;"),
            '#' => out.push_str("#35;"),
            '<' => out.push_str("#lt;"),
            '>' => out.push_str("#gt;"),
            '`' => out.push('\''),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Mermaid flow chart, as forges render it in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let ids: BTreeMap<&Address, usize> = graph.order().iter().enumerate().map(|(i, a)| (a, i)).collect();
    let mut out = String::from("flowchart LR\n");
    for (i, address) in graph.order().iter().enumerate() {
        out.push_str(&format!("  n{i}[{}]\n", mermaid_quoted(&address.to_string())));
    }
    for edge in graph.edges() {
        if let (Some(from), Some(to)) = (ids.get(&edge.from), ids.get(&edge.to)) {
            out.push_str(&format!("  n{from} -->|{}| n{to}\n", mermaid_quoted(&edge.reason)));
        }
    }
    out
}

/// The graph for programs (`omni-scale.graph`).
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale graph")]
pub struct GraphView {
    /// Always `omni-scale.graph`.
    pub format: String,
    /// Version of this format.
    pub format_version: String,
    /// Addresses, each after everything that it needs.
    pub nodes: Vec<NodeView>,
    /// Who needs what.
    pub edges: Vec<EdgeView>,
}

/// One address.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NodeView {
    /// Address.
    pub address: String,
    /// The wave in which it is made or changed.
    pub wave: String,
}

/// One need.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EdgeView {
    /// Who needs.
    pub from: String,
    /// What is needed.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// JSON, indented, with a line end.
pub fn json(graph: &Graph) -> String {
    let view = GraphView {
        format: "omni-scale.graph".to_owned(),
        format_version: "1.0".to_owned(),
        nodes: graph
            .order()
            .iter()
            .map(|a| NodeView { address: a.to_string(), wave: Wave::of(a).title().to_owned() })
            .collect(),
        edges: graph
            .edges()
            .into_iter()
            .map(|e| EdgeView { from: e.from.to_string(), to: e.to.to_string(), reason: e.reason })
            .collect(),
    };
    let mut out = serde_json::to_string_pretty(&view).unwrap_or_default();
    out.push('\n');
    visible(out)
}

/// The JSON Schema of [`json`], indented, with a line end.
pub fn schema() -> String {
    super::json::schema::of::<GraphView>()
}

/// Every address with what it needs below it.
pub fn text(graph: &Graph) -> String {
    let mut out = String::new();
    for address in graph.order() {
        out.push_str(&label(&address.to_string()));
        out.push('\n');
        for (need, reason) in graph.needs(address) {
            out.push_str(&format!("    needs {}: {}\n", label(&need.to_string()), label(reason)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Edge;

    fn graph() -> Graph {
        let (a, b) = (Address::class("x\"]y"), Address::provider("P"));
        let edge = Edge { from: a, to: b, reason: "x is provisioned by <b>P</b>\u{202e}".into() };
        Graph::from_edges([], vec![edge]).unwrap()
    }

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(
            dot(&graph()),
            "digraph omni_scale {\n  rankdir=LR;\n  node [shape=box];\n  \"provider/P\";\n  \"class/x\\\"]y\";\n  \
             \"class/x\\\"]y\" -> \"provider/P\" [label=\"x is provisioned by <b>P</b>\u{FFFD}\"];\n}\n"
        );
        assert_eq!(
            mermaid(&graph()),
            "flowchart LR\n  n0[\"provider/P\"]\n  n1[\"class/x#quot;]y\"]\n  \
             n1 -->|\"x is provisioned by #lt;b#gt;P#lt;/b#gt;\u{FFFD}\"| n0\n"
        );
    }

    #[test]
    fn text_and_json_name_every_need() {
        let text = text(&graph());
        assert!(
            text.starts_with("provider/P\nclass/x\"]y\n    needs provider/P: x is provisioned by"),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_str(&json(&graph())).unwrap();
        assert_eq!(json["edges"][0]["to"], "provider/P");
        assert_eq!(json["nodes"][0]["wave"], "infrastructure providers");
    }
}
