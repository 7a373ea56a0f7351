//! YAML texts inside resources (patches, provider data) as plain trees.

use serde_json::{Map, Value};

use crate::diag::SourceId;
use crate::yaml::{Limits, Node, NodeKind, ScalarStyle, parse};

/// The documents of a text; `Err` has the first problem in one line. Plain scalars keep their text: the reader of a field
/// decides what it means. Plain `null`, `~` and nothing become null.
pub fn documents(text: &str) -> Result<Vec<Value>, String> {
    let parsed = parse(SourceId(0), text, &Limits::default())
        .map_err(|problems| problems.first().map_or_else(|| "not YAML".to_owned(), |d| d.message.clone()))?;
    Ok(parsed.iter().filter_map(|d| d.root.as_ref()).map(value).collect())
}

fn value(node: &Node) -> Value {
    match &node.kind {
        NodeKind::Scalar { text, style } => {
            if *style == ScalarStyle::Plain && matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL") {
                Value::Null
            } else {
                Value::String(text.clone())
            }
        }
        NodeKind::Seq(items) => Value::Array(items.iter().map(value).collect()),
        NodeKind::Map(entries) => {
            let mut map = Map::new();
            for (key, entry) in entries {
                map.insert(key.text().unwrap_or_default().to_owned(), value(entry));
            }
            Value::Object(map)
        }
    }
}
