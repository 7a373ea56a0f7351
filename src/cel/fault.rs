//! What is wrong with an expression, and where.

use crate::diag::Span;

/// What is wrong with an expression, or went wrong in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Bytes of the expression's text.
    pub at: Span,
    /// A sentence without final period.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    /// One at `at`.
    pub fn new(at: Span, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), help: None }
    }
    /// The same with what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}
