//! Drift as JSON (`omni-scale.drift`), and its JSON Schema 2020-12.

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::plan::{OmniView, RecordView, ToolView};
use super::scope::{ScopeView, UnknownSubtreeView};
use crate::plan::drift::{Deviation, Drift, DriftField, Drifted, FilesSay};

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.drift";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.1";

/// A drift report of omni-scale: what is otherwise in Omni than it was applied.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale drift")]
pub struct DriftView {
    /// Always `omni-scale.drift`.
    pub format: String,
    /// Version of this format: a minor version only adds keys.
    pub format_version: String,
    /// The program that wrote it.
    pub tool: ToolView,
    /// The Omni that was read.
    pub omni: OmniView,
    /// The record that was read; null without one: then nothing can have drifted.
    pub record: Option<RecordView>,
    /// Whether everything that is recorded could be compared.
    pub complete: bool,
    /// Whether only a part was looked at: see `scope`.
    pub partial: bool,
    /// What was looked at; null for everything.
    pub scope: Option<ScopeView>,
    /// Whether anything that matters is otherwise.
    pub has_drift: bool,
    /// Totals.
    pub summary: SummaryView,
    /// What is otherwise and matters, by address.
    pub drifted: Vec<DriftedView>,
    /// What is otherwise and does not matter, by address.
    pub minor: Vec<MinorView>,
    /// What could not be read, in words.
    pub unknown: Vec<String>,
    /// Where that is.
    pub unknown_subtrees: Vec<UnknownSubtreeView>,
}

/// Totals.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SummaryView {
    /// Recorded things that were compared.
    pub compared: u32,
    /// Things that matter.
    pub drifted: u32,
    /// Differences that do not.
    pub minor: u32,
    /// Declared things that were never applied.
    pub not_recorded: u32,
    /// Secrets that cannot be compared, because the record's digests are of another key.
    pub incomparable: u32,
}

/// One thing that is otherwise.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftedView {
    /// What.
    pub address: String,
    /// Full Omni type.
    pub kind: String,
    /// Id in Omni.
    pub remote_id: String,
    /// Machine, as people know it, where it is one.
    pub machine: Option<String>,
    /// In what way.
    pub deviation: Deviation,
    /// Fields that are otherwise; only where it changed.
    pub fields: Vec<DriftFieldView>,
    /// What the files say.
    pub files: FilesSay,
    /// RFC 3339 time of its last write by anybody; of its creation for what is foreign.
    pub when: Option<String>,
    /// Who wrote it last, by the audit log; null where the key may not read that.
    pub who: Option<String>,
    /// A fact for people.
    pub note: Option<String>,
}

/// One field that is otherwise.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DriftFieldView {
    /// Path in the words of the file.
    pub path: Vec<String>,
    /// What was applied; null if absent or hidden.
    pub applied: Option<serde_json::Value>,
    /// What is live; null if absent or hidden.
    pub live: Option<serde_json::Value>,
    /// Whether the values are hidden.
    pub sensitive: bool,
    /// What the files say.
    pub files: FilesSay,
}

/// A difference that does not matter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MinorView {
    /// What.
    pub address: String,
    /// In words.
    pub what: String,
}

impl From<&DriftField> for DriftFieldView {
    fn from(field: &DriftField) -> Self {
        let json = |v: &Option<crate::value::Value>| v.as_ref().map(crate::value::Value::to_json);
        Self {
            path: field.path.clone(),
            applied: json(&field.applied),
            live: json(&field.live),
            sensitive: field.sensitive,
            files: field.files,
        }
    }
}

impl From<&Drifted> for DriftedView {
    fn from(item: &Drifted) -> Self {
        Self {
            address: item.address.to_string(),
            kind: item.id.kind.clone(),
            remote_id: item.id.id.clone(),
            machine: item.machine.clone(),
            deviation: item.deviation,
            fields: item.fields.iter().map(DriftFieldView::from).collect(),
            files: item.files,
            when: item.when.clone(),
            who: item.who.clone(),
            note: item.note.clone(),
        }
    }
}

impl From<&Drift> for DriftView {
    fn from(drift: &Drift) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION.to_owned(),
            tool: ToolView {
                name: env!("CARGO_PKG_NAME").to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
            },
            omni: OmniView { endpoint: drift.omni.clone(), version: drift.omni_version.clone() },
            record: drift.record.clone().map(|(lineage, serial)| RecordView { lineage, serial }),
            complete: drift.unknown.is_empty(),
            partial: drift.scope.is_some(),
            scope: drift.scope.as_ref().map(ScopeView::from),
            has_drift: !drift.drifted.is_empty(),
            summary: SummaryView {
                compared: drift.compared,
                drifted: number(drift.drifted.len()),
                minor: number(drift.minor.len()),
                not_recorded: drift.not_recorded,
                incomparable: drift.incomparable,
            },
            drifted: drift.drifted.iter().map(DriftedView::from).collect(),
            minor: drift
                .minor
                .iter()
                .map(|m| MinorView { address: m.address.to_string(), what: m.what.clone() })
                .collect(),
            unknown: drift.unknown.clone(),
            unknown_subtrees: drift.unknown_subtrees.iter().map(UnknownSubtreeView::from).collect(),
        }
    }
}

/// The report as indented JSON with a line end.
pub fn text(drift: &Drift) -> String {
    let mut text = serde_json::to_string_pretty(&DriftView::from(drift)).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<DriftView>()
}
