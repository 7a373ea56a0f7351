//! G08: what Omni never changes. The planner's findings carry its code.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G08",
    name: "never-changes",
    built: true,
    when: "A field changes that Omni does not change: disk encryption of a cluster, the role of a machine set, from a class to static machines and back while there are machines, a class that selects machines into one that makes them.",
    does: "Blocks, with the way that works.",
    lift: "Nothing: Omni refuses it.",
    why: "The write would fail in the middle of the run.",
    codes: &["OS0413"],
    acknowledged: false,
};
