//! Judgement: may this plan be applied.
//!
//! Some findings are the planner's, where live state is at hand; [`review`] adds those of the guards, lifts what somebody
//! answers for, and lets a second checker, which shares no code with the planner, look at the whole. [`judge`] makes a verdict
//! of it.

mod broken;
pub mod cel;
mod circumstances;
pub mod codes;
pub mod document;
mod done;
mod exceptions;
mod expressions;
pub mod guards;
mod lifecycle;
mod loosened;
mod overrides;
pub mod pages;
mod review;
pub mod second;
mod verdict;

pub use broken::{Bench, broken, broken_by_files};
pub use circumstances::{Circumstances, Exception, Settings};
pub use done::{Checked, Standing, criteria, done};
pub use expressions::Expressions;
pub use loosened::{kept, lift_loosened, still_binding};
pub use overrides::{Override, OverrideError, Scope};
pub use review::{ReviewError, review};
pub use verdict::{Risk, Verdict, judge};
