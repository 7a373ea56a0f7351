//! The whole loop, as a team lives it: a plan in the pull request, one comment, a merge, an apply of exactly that plan by
//! digest, drift at night; then a removal, a plan that went stale, and a job that was killed while it held the lease.
//!
//! The steps of `ci/github/workflows` run for real, in throw-away checkouts, against a served lab with its object store
//! between them. What comes out is kept in `docs/examples/review-loop` (`UPDATE_EXAMPLES=1` rewrites).
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod examples;
#[path = "../shipped/mod.rs"]
mod shipped;
mod story;
mod workflow;

#[test]
fn a_plan_is_reviewed_approved_applied_and_watched() {
    story::whole();
}
