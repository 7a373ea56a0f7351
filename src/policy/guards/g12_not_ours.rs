//! G12: what belongs to others. The planner's findings carry its code.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G12",
    name: "not-ours",
    built: true,
    when: "What the files declare belongs to one of Omni's controllers, or to another cluster.",
    does: "Blocks. (What is foreign is reported and left alone; what is declared and live is adopted without a flag.)",
    lift: "Nothing: choose another name, or free it there first.",
    why: "Two owners of one object undo each other's changes.",
    codes: &["OS0414", "OS0417"],
    acknowledged: false,
};
