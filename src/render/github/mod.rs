//! What a job of GitHub Actions reads: annotations on the files of a pull request, and outputs for later steps.

mod annotations;
mod drift;
pub mod escape;
mod files;
mod output;

pub use annotations::text;
pub use drift::{annotations as drift_annotations, drift_outputs};
pub use files::file_annotations;
pub use output::{Outcome, outputs};
