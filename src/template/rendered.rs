//! One resource that a template asks for, with its address and its place in the file.

use crate::address::Address;
use crate::diag::{SourceId, Span};
use crate::resource::Resource;

/// One resource that a template asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Rendered {
    /// Address in graph, plan and output.
    pub address: Address,
    /// The resource in normal form.
    pub resource: Resource,
    /// The template.
    pub source: SourceId,
    /// What in the template asks for it.
    pub span: Span,
}
