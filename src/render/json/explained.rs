//! Explanations as JSON: `omni-scale.explain-selector`, `omni-scale.explain-providerdata`.

use serde::Serialize;

use super::escape::visible;
use crate::checks::explain::{DataReport, SelectorReport};

/// Value of `format_version` of both.
pub const FORMAT_VERSION: &str = "1.0";

#[derive(Serialize)]
struct SelectorView<'a> {
    format: &'static str,
    format_version: &'static str,
    #[serde(flatten)]
    report: &'a SelectorReport,
}

#[derive(Serialize)]
struct DataView<'a> {
    format: &'static str,
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

fn write(view: &impl Serialize) -> String {
    visible(serde_json::to_string_pretty(view).unwrap_or_default()) + "\n"
}
