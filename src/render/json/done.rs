//! The definition of done as JSON (`omni-scale.verify`).

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::plan::ToolView;
use crate::policy::{Checked, Standing};

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.verify";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.0";

/// Whether what the spec calls done is so.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "omni-scale verify")]
struct View<'a> {
    /// Always `omni-scale.verify`.
    format: &'static str,
    /// Version of this format: a minor version only adds keys.
    format_version: &'static str,
    /// The program that wrote it.
    tool: ToolView,
    /// Whether every entry that has a check holds.
    holds: bool,
    /// The list, in the order of the spec.
    entries: Vec<EntryView<'a>>,
}

/// One entry of the list.
#[derive(Serialize, JsonSchema)]
struct EntryView<'a> {
    /// Its text in the spec.
    text: &'a str,
    /// `holds`, `fails`, `unclear` or `not_checked`.
    standing: &'static str,
    /// Why it is unclear; null otherwise.
    why: Option<&'a str>,
    /// What was looked at.
    seen: Vec<SeenView<'a>>,
}

/// One thing that was looked at.
#[derive(Serialize, JsonSchema)]
struct SeenView<'a> {
    /// What.
    what: &'a str,
    /// What was seen there.
    value: &'a str,
}

/// The list as indented JSON with a line end.
pub fn text(all: &[Checked], holds: bool) -> String {
    let entry = |c: &'_ Checked| {
        let (standing, why) = match &c.standing {
            Standing::Holds => ("holds", None),
            Standing::Fails => ("fails", None),
            Standing::Unclear(why) => ("unclear", Some(why.clone())),
            Standing::Unchecked => ("not_checked", None),
        };
        (standing, why)
    };
    let told: Vec<(&'static str, Option<String>)> = all.iter().map(entry).collect();
    let entries = all.iter().zip(&told).map(|(c, (standing, why))| EntryView {
        text: &c.text,
        standing,
        why: why.as_deref(),
        seen: c.seen.iter().map(|(what, value)| SeenView { what, value }).collect(),
    });
    let view = View {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        tool: ToolView {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        holds,
        entries: entries.collect(),
    };
    let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<View<'_>>()
}
