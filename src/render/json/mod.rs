//! JSON for programs: versioned views, with their schemas. A minor version only adds; consumers ignore unknown keys.

pub mod doctor;
pub mod done;
pub mod drift;
pub(super) mod escape;
pub mod explained;
pub mod files;
mod finding;
mod impact;
pub mod lease;
mod lifecycle;
pub mod plan;
pub mod schema;
mod scope;
pub mod status;
