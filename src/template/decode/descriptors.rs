//! `labels` and `annotations`.

use super::fields::{Context, Fields};
use crate::template::model::{Descriptors, Placed, Text};
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
    pairs
        .iter()
        .map(|(k, v)| {
            let date =
                cx.dialect.refuses_dates_as_text() && matches!(yaml::resolve(k), yaml::Scalar::Timestamp(_));
            let name = match yaml::as_string(k) {
                Ok(_) if !date => Placed::new(k.text().unwrap_or_default().to_owned(), k.span),
                _ => cx.text(&format!("a key of `{key}`"), k),
            };
            (name, cx.text(&format!("a value of `{key}`"), v))
        })
        .collect()
}
