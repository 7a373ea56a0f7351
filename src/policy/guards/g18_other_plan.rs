//! G18: a saved plan of another world. It speaks when a saved plan is read.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G18",
    name: "other-plan",
    built: true,
    when: "A saved plan is of a newer format, or was made for another Omni instance.",
    does: "Refuses the file before anything is sent.",
    lift: "Nothing: plan again.",
    why: "A plan is true for the world that it was made from.",
    codes: &[],
    acknowledged: false,
};
