//! `labels` and `annotations`.

use super::fields::{Context, Fields};
use crate::template::model::{Descriptors, Text};
use crate::yaml;

pub(super) fn decode(cx: &mut Context<'_>, fields: &Fields<'_>) -> Descriptors {
    Descriptors { labels: map(cx, fields, "labels"), annotations: map(cx, fields, "annotations") }
}

fn map(cx: &mut Context<'_>, fields: &Fields<'_>, key: &str) -> Vec<(Text, Text)> {
    let Some(node) = fields.get(key) else { return Vec::new() };
    let Ok(pairs) = yaml::as_pairs(node) else {
        cx.wrong(&format!("`{key}`"), node, "a mapping", "map[string]string");
        return Vec::new();
    };
    // Go passes over a key that is null, and over its value.
    pairs
        .iter()
        .filter(|(k, _)| !yaml::is_null(k))
        .map(|(k, v)| (cx.text(&format!("a key of `{key}`"), k), cx.text(&format!("a value of `{key}`"), v)))
        .collect()
}
