//! Diagnostics and their collection: all problems of a run, not the first.

use super::fix::Fix;
use super::rule::{self, Rule};
use super::{SourceId, Span};

/// Stable code `OS0123`: 01 files, 02 references, 03 auth and transport, 04 plan, 05 apply, 06 record, 09 internal.
/// A code is never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u16);

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OS{:04}", self.0)
    }
}

/// How bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The run cannot go on.
    Error,
    /// It can, but somebody will be hurt.
    Warning,
    /// Worth knowing.
    Note,
}

/// A marked place with a short text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Which text.
    pub source: SourceId,
    /// Where in it.
    pub span: Span,
    /// What about it; may be empty.
    pub text: String,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong: a sentence without final period.
    pub message: String,
    /// Places, the main one first.
    pub labels: Vec<Label>,
    /// Facts, one line each.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Option<String>,
    /// Whether the text around the places is shown. What is meant for a machine but is no configuration may be a key or a password
    /// that got into the wrong file, under no name that would tell.
    pub quoted: bool,
    /// A change of the files that mends it and can do no harm.
    pub fix: Option<Box<Fix>>,
}

impl Diagnostic {
    /// What a rule about files found, as bad as the rule says.
    pub fn of(rule: &Rule, message: impl Into<String>) -> Self {
        let severity = match rule.severity {
            rule::Severity::Critical | rule::Severity::Error => Severity::Error,
            rule::Severity::Warning => Severity::Warning,
            rule::Severity::Info => Severity::Note,
        };
        Self { severity, ..Self::error(rule.number(), message) }
    }
    /// An error without a place yet.
    pub fn error(code: u16, message: impl Into<String>) -> Self {
        Self {
            code: Code(code),
            severity: Severity::Error,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            quoted: true,
            fix: None,
        }
    }
    /// A warning without a place yet.
    pub fn warning(code: u16, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }
    /// Adds a place.
    #[must_use]
    pub fn at(mut self, source: SourceId, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { source, span, text: text.into() });
        self
    }
    /// Names the places without showing the text there.
    #[must_use]
    pub fn unquoted(mut self) -> Self {
        self.quoted = false;
        self
    }
    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// Says which change of the files mends it; nothing where there is none that is safe here.
    #[must_use]
    pub fn fix(mut self, fix: Option<Fix>) -> Self {
        self.fix = fix.map(Box::new);
        self
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}

/// Collects diagnostics.
#[derive(Clone, Debug, Default)]
pub struct Sink {
    all: Vec<Diagnostic>,
}

impl Sink {
    /// Takes one in.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.all.push(diagnostic);
    }
    /// Takes several in.
    pub fn push_all(&mut self, diagnostics: impl IntoIterator<Item = Diagnostic>) {
        self.all.extend(diagnostics);
    }
    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.all.iter().any(|d| d.severity == Severity::Error)
    }
    /// All, in the order they came.
    pub fn all(&self) -> &[Diagnostic] {
        &self.all
    }
    /// Takes all of another sink, in the order of their places.
    pub fn extend_by_place(&mut self, mut other: Sink) {
        other.all.sort_by_key(|d| d.labels.first().map(|l| (l.source, l.span.start)));
        self.all.extend(other.all);
    }
    /// Takes all of another sink.
    pub fn extend(&mut self, other: Sink) {
        self.all.extend(other.all);
    }
}
