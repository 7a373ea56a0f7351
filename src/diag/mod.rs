//! Diagnostics as values: what is wrong, where, what to do. Rendering is elsewhere (`render::human::diag`).

pub mod codes;
mod sink;
mod source;

pub use sink::{Code, Diagnostic, Label, Severity, Sink};
pub use source::{Source, SourceId, Sources, Span};
