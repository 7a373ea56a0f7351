//! `MachineSetNodes`: id is the machine's UUID as written; the spec is empty, labels say where the machine belongs.

use super::fields::Kind;

/// The kind.
pub static MACHINE_SET_NODES: Kind =
    Kind { short: "MachineSetNodes", namespace: "default", fields: &[], sensitive: false, address: "node" };
