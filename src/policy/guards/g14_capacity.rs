//! G14: room on nodes and storages. Not built.

use super::Guard;

pub(super) const GUARD: Guard = Guard {
    code: "G14",
    name: "capacity",
    built: false,
    when: "A Proxmox node or storage would go over its limit.",
    does: "Nothing yet: capacity is not added up in this version. A machine that the provider cannot place at all is the warning OS0420.",
    lift: "nothing, since it does not speak",
    why: "A full node stops more than the new machine.",
    codes: &[],
    acknowledged: false,
};
