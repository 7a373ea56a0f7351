//! What `doctor` found as JSON (`omni-scale.doctor`), and its JSON Schema 2020-12.

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::plan::{OmniView, ToolView};
use crate::checks::logs::Logs;
use crate::checks::{Basis, Examination, Fact, Finding, Severity};

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.doctor";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.0";

/// What is the matter, and what could not be judged.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale doctor")]
pub struct DoctorView {
    /// Always `omni-scale.doctor`.
    pub format: String,
    /// Version of this format: a minor version only adds keys.
    pub format_version: String,
    /// The program that wrote it.
    pub tool: ToolView,
    /// The Omni that was read; null if no server was asked.
    pub omni: Option<OmniView>,
    /// The cluster to which it was restricted; null for everything.
    pub cluster: Option<String>,
    /// The log that was read; null without one.
    pub log: Option<LogView>,
    /// Whether everything that was asked for was seen.
    pub complete: bool,
    /// Totals.
    pub summary: SummaryView,
    /// What was found, worst first.
    pub findings: Vec<FindingView>,
    /// What could not be judged, and why, in words.
    pub unjudged: Vec<String>,
}

/// A log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct LogView {
    /// Lines that were understood.
    pub lines: u32,
    /// Lines that were not.
    pub unread: u32,
    /// When its first line was written, in seconds since 1970.
    pub first: Option<u64>,
    /// When its last line was written.
    pub last: Option<u64>,
}

/// Totals.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct SummaryView {
    /// Findings after which something foreign or irreplaceable may be lost by an ordinary step.
    pub critical: u32,
    /// Findings of what does not work.
    pub errors: u32,
    /// Findings of what works and will hurt.
    pub warnings: u32,
    /// Findings that are good to know.
    pub infos: u32,
    /// Machines that were looked at.
    pub machines: u32,
}

/// One finding.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FindingView {
    /// Stable code: `omni-scale explain CODE` has more.
    pub code: String,
    /// Stable name of the rule.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the rule is.
    pub basis: Basis,
    /// What it is about.
    pub subject: String,
    /// What is the matter.
    pub cause: String,
    /// What was looked at.
    pub evidence: Vec<Fact>,
    /// What to do, in order.
    pub act: Vec<String>,
    /// What doing that costs; null where it costs nothing.
    pub cost: Option<String>,
}

impl From<&Finding> for FindingView {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.rule.code.to_owned(),
            rule: finding.rule.name.to_owned(),
            severity: finding.severity,
            basis: finding.rule.basis,
            subject: finding.subject.to_string(),
            cause: finding.cause.clone(),
            evidence: finding.evidence.clone(),
            act: finding.act.clone(),
            cost: finding.cost.clone(),
        }
    }
}

/// The report as indented JSON with a line end. `omni` is the server that was asked, with its version.
pub fn text(
    seen: &Examination,
    omni: Option<(&str, Option<&str>)>,
    cluster: Option<&str>,
    logs: Option<&Logs>,
) -> String {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let count = |severity: Severity| number(seen.findings.iter().filter(|f| f.severity == severity).count());
    let view = DoctorView {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION.to_owned(),
        tool: ToolView {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        omni: omni.map(|(endpoint, version)| OmniView {
            endpoint: endpoint.to_owned(),
            version: version.map(str::to_owned),
        }),
        cluster: cluster.map(str::to_owned),
        log: logs.map(|l| LogView { lines: l.lines, unread: l.unread, first: l.first, last: l.last }),
        complete: seen.unjudged.is_empty(),
        summary: SummaryView {
            critical: count(Severity::Critical),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            infos: count(Severity::Info),
            machines: number(seen.machines),
        },
        findings: seen.findings.iter().map(FindingView::from).collect(),
        unjudged: seen.unjudged.iter().map(ToString::to_string).collect(),
    };
    let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<DoctorView>()
}
