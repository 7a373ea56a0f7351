//! Judgement: may this plan be applied.
//!
//! Guards are found by the planner, where live state is at hand, and stand in the plan; here they become a verdict.

pub mod cel;
mod verdict;

pub use verdict::{Risk, Verdict, judge};
