//! Explanations as JSON: `omni-scale.explain-selector`, `omni-scale.explain-providerdata`.

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use crate::checks::explain::{DataReport, SelectorReport};

/// Value of `format_version` of both.
pub const FORMAT_VERSION: &str = "1.0";

/// What comes of a storage selector on every node that was looked at.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "omni-scale explain selector")]
struct SelectorView<'a> {
    /// Always `omni-scale.explain-selector`.
    format: &'static str,
    /// Version of this format: a minor version only adds keys.
    format_version: &'static str,
    /// What was found.
    #[serde(flatten)]
    report: &'a SelectorReport,
}

/// What the provider reads in provider data, what it asks of Proxmox, and what Proxmox answers.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "omni-scale explain providerdata")]
struct DataView<'a> {
    /// Always `omni-scale.explain-providerdata`.
    format: &'static str,
    /// Version of this format: a minor version only adds keys.
    format_version: &'static str,
    /// One for each class of the file.
    provider_data: &'a [DataReport],
}

/// A selector, as indented JSON with a line end.
pub fn selector(report: &SelectorReport) -> String {
    let format = "omni-scale.explain-selector";
    write(&SelectorView { format, format_version: FORMAT_VERSION, report })
}

/// Provider data, as indented JSON with a line end.
pub fn provider_data(reports: &[DataReport]) -> String {
    let format = "omni-scale.explain-providerdata";
    write(&DataView { format, format_version: FORMAT_VERSION, provider_data: reports })
}

/// The JSON Schema of [`selector`], indented, with a line end.
pub fn selector_schema() -> String {
    super::schema::of::<SelectorView<'_>>()
}

/// The JSON Schema of [`provider_data`], indented, with a line end.
pub fn provider_data_schema() -> String {
    super::schema::of::<DataView<'_>>()
}

fn write(view: &impl Serialize) -> String {
    visible(serde_json::to_string_pretty(view).unwrap_or_default()) + "\n"
}
