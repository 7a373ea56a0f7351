//! JSON for programs: versioned views, with their schemas. A minor version only adds; consumers ignore unknown keys.

pub mod doctor;
pub mod done;
pub mod drift;
mod escape;
pub mod explained;
pub mod files;
mod finding;
mod impact;
mod lifecycle;
pub mod plan;
mod scope;
pub mod status;
