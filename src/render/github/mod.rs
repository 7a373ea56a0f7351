//! What a job of GitHub Actions reads: annotations on the files of a pull request, and outputs for later steps.

mod annotations;
pub mod escape;
mod output;

pub use annotations::text;
pub use output::{Outcome, outputs};
