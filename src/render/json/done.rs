//! The definition of done as JSON (`omni-scale.verify`).

use serde::Serialize;

use super::plan::ToolView;
use crate::policy::{Checked, Standing};

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.verify";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct View<'a> {
    format: &'static str,
    format_version: &'static str,
    tool: ToolView,
    /// Whether every entry that has a check holds.
    holds: bool,
    entries: Vec<EntryView<'a>>,
}

#[derive(Serialize)]
struct EntryView<'a> {
    text: &'a str,
    standing: &'static str,
    /// Why it is unclear; null otherwise.
    why: Option<&'a str>,
    seen: Vec<SeenView<'a>>,
}

#[derive(Serialize)]
struct SeenView<'a> {
    what: &'a str,
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
    text
}
