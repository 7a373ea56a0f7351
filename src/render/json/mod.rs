//! JSON for programs: versioned views, with their schemas. A minor version only adds; consumers ignore unknown keys.

pub mod plan;
pub mod status;
