//! G11: locks. The planner's findings carry its code.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G11",
    name: "locked",
    built: true,
    when: "A cluster or a machine that somebody locked in Omni would change or go.",
    does: "Blocks what lies below the lock. A machine that only takes no part in an update is a warning.",
    lift: "Nothing here: whoever locked it unlocks it in Omni. Locks are never stripped.",
    why: "A lock is somebody's word that it must not be touched now.",
    codes: &["OS0402", "OS0419"],
    acknowledged: false,
};
