//! Judgement: may this plan be applied.
//!
//! Guards are found by the planner, where live state is at hand, and stand in the plan; here they become a verdict.

mod broken;
pub mod cel;
pub mod codes;
pub mod document;
mod done;
mod expressions;
mod verdict;

pub use broken::{Bench, broken, broken_by_files};
pub use done::{Checked, Standing, done};
pub use expressions::Expressions;
pub use verdict::{Risk, Verdict, judge};
