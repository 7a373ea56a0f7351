//! Rules of `kind: Machine`.

use super::{Rules, content, descriptors, disk_selector, machine_set};
use crate::diag::{Diagnostic, codes};
use crate::template::model::Machine;

pub(super) fn check(rules: &mut Rules<'_>, machine: &Machine) {
    if machine.name.value.is_empty() {
        rules.sink.push(
            Diagnostic::error(codes::MACHINE_ID, "a Machine document has no name")
                .at(rules.source, machine.name.span, "`name` is missing")
                .note("omnictl: name is required for machine")
                .note("omnictl: invalid machine ID \"\": invalid UUID length: 0")
                .help("add `name:` with the machine's UUID"),
        );
    } else {
        machine_set::machine(rules, &machine.name);
    }
    let (disk, selector) = (&machine.install_disk, &machine.disk_selector);
    if !disk.value.is_empty() && !selector.value.is_empty() {
        rules.sink.push(
            Diagnostic::error(codes::INSTALL_DISK, "a machine's install disk is named and selected at once")
                .at(rules.source, selector.span, "selected by this expression")
                .at(rules.source, disk.span, "named here")
                .note("omnictl: install.disk and install.diskSelector are mutually exclusive")
                .help("keep one of `disk` and `diskSelector`"),
        );
    }
    disk_selector::check(rules, selector);
    descriptors::check(rules, &machine.descriptors);
    content::patches(rules, &machine.patches);
}
