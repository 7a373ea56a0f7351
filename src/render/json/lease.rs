//! Who holds the record's lease, as JSON (`omni-scale.lock`).

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.lock";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.0";

/// A lease. What a store on this machine does not know is null: there the operating system holds it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale lock show")]
pub struct LeaseView {
    /// Always `omni-scale.lock`.
    pub format: &'static str,
    /// Version of this format: a minor version only adds keys.
    pub format_version: &'static str,
    /// `local` or `s3`.
    pub store: &'static str,
    /// The record, as a path or an address.
    pub record: String,
    /// Whether somebody holds the lease.
    pub held: bool,
    /// Whether it is held and ran out, so that the next run takes it.
    pub expired: bool,
    /// Identity of the holding: what `lock break` takes.
    pub id: Option<String>,
    /// Raised by every run that takes it.
    pub fence: Option<u64>,
    /// Who holds it, or held it last.
    pub holder: Option<HolderView>,
    /// When it was taken, in seconds since 1970, by the holder's clock.
    pub since: Option<u64>,
    /// Age of the last sign of life, seconds.
    pub heartbeat_age_seconds: Option<u64>,
    /// How long it lives without one, seconds.
    pub ttl_seconds: Option<u64>,
    /// Addresses of what was about to be sent and is not known to be in the record.
    pub open: Vec<String>,
}

/// Who holds a lease.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HolderView {
    /// `user@host`, or a run of a pipeline.
    pub who: String,
    /// Machine.
    pub host: String,
    /// Process.
    pub pid: u32,
    /// Page of the pipeline's run.
    pub url: Option<String>,
    /// What for: `apply`.
    pub purpose: String,
}

impl LeaseView {
    /// A lease of which nothing else is known.
    pub fn new(store: &'static str, record: String, held: bool) -> Self {
        Self {
            format: FORMAT,
            format_version: FORMAT_VERSION,
            store,
            record,
            held,
            expired: false,
            id: None,
            fence: None,
            holder: None,
            since: None,
            heartbeat_age_seconds: None,
            ttl_seconds: None,
            open: Vec::new(),
        }
    }
}

/// The lease as indented JSON with a line end.
pub fn text(lease: &LeaseView) -> String {
    let mut text = serde_json::to_string_pretty(lease).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<LeaseView>()
}
