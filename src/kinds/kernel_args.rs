//! `KernelArgs`: id is the machine's UUID; no cluster label; released by removing the annotation, never destroyed.

use super::fields::{Field, Kind};

/// The kind.
pub static KERNEL_ARGS: Kind = Kind {
    short: "KernelArgs",
    namespace: "default",
    fields: &[Field::texts("args")],
    sensitive: false,
    address: "kernelargs",
};
