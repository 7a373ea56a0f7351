//! G10: a class in use. The planner's findings carry its code.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G10",
    name: "class-in-use",
    built: true,
    when: "A machine class is no longer in the files and machine sets draw from it.",
    does: "Blocks. (A class edit that changes no live machine is shown as `no-effect`.)",
    lift: "Nothing: Omni refuses it.",
    why: "Omni keeps a class that machine sets use.",
    codes: &["OS0418"],
    acknowledged: false,
};
