//! G13: data on disks. Not built.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G13",
    name: "local-data",
    built: false,
    when: "A machine with data on its own disks goes.",
    does: "Nothing yet: which machines hold such data is not known in this version. Every lost machine is named in the first lines of a plan.",
    lift: "nothing, since it does not speak",
    why: "The provider deletes a VM with its disks.",
    codes: &[],
    acknowledged: false,
};
