//! Diagnostics as values: what is wrong, where, what to do. Rendering is elsewhere (`render::human::diag`).

pub mod codes;
pub mod fix;
mod page;
pub mod pages;
pub mod rule;
mod sink;
mod source;
mod suggest;

pub use page::Page;
pub use sink::{Code, Diagnostic, Label, Severity, Sink};
pub use source::{Source, SourceId, Sources, Span};
pub use suggest::closest;
