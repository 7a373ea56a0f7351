//! The status as JSON (`omni-scale.status`), and its JSON Schema 2020-12.

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::plan::{OmniView, ToolView};
use crate::plan::status::{ClusterStatus, ProxmoxStatus, Status, Up};

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.status";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.0";

/// A status of omni-scale.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale status")]
pub struct StatusView<'a> {
    /// Always `omni-scale.status`.
    pub format: &'static str,
    /// Version of this format: a minor version only adds keys.
    pub format_version: &'static str,
    /// The program that wrote it.
    pub tool: ToolView,
    /// The Omni that was read.
    pub omni: OmniView,
    /// Whether every cluster below is up.
    pub up: Up,
    /// Chosen clusters, by name.
    pub clusters: &'a [ClusterStatus],
    /// Clusters in Omni that no file declares and nobody asked for, by name.
    pub others: &'a [String],
    /// Proxmox clusters that the spec names.
    pub proxmox: &'a [ProxmoxStatus],
    /// What could not be read, in words.
    pub unread: &'a [String],
}

/// The status as indented JSON with a line end.
pub fn text(status: &Status) -> String {
    let view = StatusView {
        format: FORMAT,
        format_version: FORMAT_VERSION,
        tool: ToolView {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        omni: OmniView { endpoint: status.omni.clone(), version: status.omni_version.clone() },
        up: status.up(),
        clusters: &status.clusters,
        others: &status.others,
        proxmox: &status.proxmox,
        unread: &status.unread,
    };
    let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<StatusView<'_>>()
}
