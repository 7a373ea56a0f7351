//! G17: what could not be read. It speaks through what a plan calls unknown.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G17",
    name: "not-read",
    built: true,
    when: "Something that the plan would write, or needs to know, could not be read.",
    does: "The plan says `Plan incomplete`, ends with exit 69, and is not applied.",
    lift: "Nothing: make it readable, or leave that part out with `--exclude`.",
    why: "What was not seen is neither there nor gone; acting on it would be a guess.",
    codes: &[],
    acknowledged: false,
};
