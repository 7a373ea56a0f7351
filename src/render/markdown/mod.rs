//! Markdown for the comment of a pull request and for the summary of a job.
//!
//! Nothing is computed here: every fact stands in the plan. What comes from files or servers reaches the page only through
//! the methods of `escape::Markdown` and `escape::Fence`; our own words are `&'static str`, which data never is.

mod area;
mod budget;
mod drift;
mod escape;
mod findings;
mod foot;
mod head;
mod lost;
mod outcome;
mod plan;
mod step;
mod table;
mod waves;

pub use drift::drift;
pub use outcome::outcome;
pub use plan::{COMMENT, LEAST, STEP_SUMMARY, text};
