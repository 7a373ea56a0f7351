//! All figures of the project, printed by one run.
fn main() {}
