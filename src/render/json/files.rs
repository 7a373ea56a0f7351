//! What is wrong with files, as JSON (`omni-scale.validate`).

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::visible;
use super::finding::WarningView;
use super::plan::ToolView;
use crate::diag::fix::{Edit, Fix};
use crate::diag::{Diagnostic, Label, Severity, Sources};
use crate::plan::Warning;

/// Value of `format`.
pub const FORMAT: &str = "omni-scale.validate";
/// Value of `format_version`.
pub const FORMAT_VERSION: &str = "1.1";

/// What `validate` found.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "omni-scale validate")]
pub struct FilesView {
    /// Always `omni-scale.validate`.
    pub format: String,
    /// Version of this format: a minor version only adds keys.
    pub format_version: String,
    /// The program that wrote it.
    pub tool: ToolView,
    /// Whether nothing keeps a plan from being made, as far as files alone can tell.
    pub valid: bool,
    /// What is wrong, in the order of the files.
    pub problems: Vec<ProblemView>,
    /// What rules and locked decisions say that look at the files alone.
    pub findings: Vec<WarningView>,
}

/// One problem.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ProblemView {
    /// Stable code, as `OS0123`.
    pub code: String,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// What is wrong.
    pub message: String,
    /// Where, the main place first.
    pub places: Vec<PlaceView>,
    /// Facts.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// The change with which `validate --fix` mends it; null where it does not. All changes of one document can be made
    /// together, none touches another; where two problems name the same change, it is made once. Mended files may show more that
    /// can be mended.
    pub fix: Option<FixView>,
}

/// A change of files that mends a problem.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FixView {
    /// What it does, as an order.
    pub title: String,
    /// Its edits; all of them or none. Their places are those of the file as it is, before any edit.
    pub edits: Vec<EditView>,
}

/// Text in place of text, so that everything else in the file stays as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct EditView {
    /// Path from the root of the repository.
    pub path: String,
    /// First line, from 1; a line ends with a line feed.
    pub line: usize,
    /// First column in characters (Unicode code points, a byte order mark is one), from 1.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column behind the last character that goes; with the first line and column, nothing goes.
    pub end_column: usize,
    /// The same place in bytes from the beginning of the file, from 0.
    pub byte: usize,
    /// Byte behind the last that goes.
    pub end_byte: usize,
    /// What comes.
    pub replacement: String,
}

/// A place in a file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PlaceView {
    /// Path from the root of the repository.
    pub path: String,
    /// First line, from 1.
    pub line: usize,
    /// First column in characters, from 1.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column behind the last character.
    pub end_column: usize,
    /// What about it; may be empty.
    pub text: String,
}

/// The document, indented, with a line end. `mended`: which of the problems `validate --fix` would mend.
pub fn text(sources: &Sources, all: &[Diagnostic], mended: &BTreeSet<usize>, found: &[Warning]) -> String {
    let errors = all.iter().any(|d| d.severity == Severity::Error) || found.iter().any(|w| w.blocks);
    let view = FilesView {
        format: FORMAT.to_owned(),
        format_version: FORMAT_VERSION.to_owned(),
        tool: ToolView {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        valid: !errors,
        problems: all.iter().enumerate().map(|(i, d)| problem(d, mended.contains(&i), sources)).collect(),
        findings: found.iter().map(WarningView::from).collect(),
    };
    let mut text = serde_json::to_string_pretty(&view).unwrap_or_default();
    text.push('\n');
    visible(text)
}

/// The JSON Schema of [`text`], indented, with a line end.
pub fn schema() -> String {
    super::schema::of::<FilesView>()
}

fn change(fix: &Fix, sources: &Sources) -> Option<FixView> {
    let edit = |edit: &Edit| {
        let source = sources.get(edit.source)?;
        let ((line, column), (end_line, end_column)) =
            (source.line_col(edit.span.start), source.line_col(edit.span.end));
        Some(EditView {
            path: source.path.clone(),
            line,
            column,
            end_line,
            end_column,
            byte: edit.span.start,
            end_byte: edit.span.end,
            replacement: edit.text.clone(),
        })
    };
    // Half a change is none.
    let edits: Option<Vec<EditView>> = fix.edits.iter().map(edit).collect();
    Some(FixView { title: fix.title.clone(), edits: edits? })
}

fn problem(d: &Diagnostic, mended: bool, sources: &Sources) -> ProblemView {
    let place = |label: &Label| {
        let source = sources.get(label.source)?;
        let ((line, column), (end_line, end_column)) =
            (source.line_col(label.span.start), source.line_col(label.span.end));
        Some(PlaceView {
            path: source.path.clone(),
            line,
            column,
            end_line,
            end_column,
            text: label.text.clone(),
        })
    };
    let severity = match d.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    ProblemView {
        code: d.code.to_string(),
        severity: severity.to_owned(),
        message: d.message.clone(),
        places: d.labels.iter().filter_map(place).collect(),
        notes: d.notes.clone(),
        help: d.help.clone(),
        fix: d.fix.as_deref().filter(|_| mended).and_then(|fix| change(fix, sources)),
    }
}
