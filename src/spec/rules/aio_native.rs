//! `disk_aio: native` wants a cache that bypasses the host's.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};

use super::recipe::{Recipe, get};

pub(super) static RULE: Rule = Rule {
    code: "OS0153",
    name: "aio-native-cache",
    severity: Severity::Warning,
    basis: Basis::Source,
    source: "QEMU, start of a VM: native asynchronous access needs `cache=none` or `cache=directsync`.",
    stage: Stage::Validate,
    title: "`disk_aio: native` with a cache of the host",
    means: "Native asynchronous access works on disks that bypass the host's cache; with another cache the machine does not start, or falls back to threads.",
    bad: "disk_aio: native\ndisk_cache: writeback",
    good: "disk_aio: native\ndisk_cache: none",
    act: "Write `disk_cache: none`, or another `disk_aio`.",
};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for disk in recipe.disks() {
        if let (Some(aio), Some(cache)) = (get(disk, "disk_aio"), get(disk, "disk_cache"))
            && aio.text() == Some("native")
            && matches!(cache.text(), Some("writeback" | "writethrough" | "unsafe"))
        {
            sink.push(
                Diagnostic::of(&RULE, "`disk_aio: native` wants a cache that bypasses the host's")
                    .at(recipe.source, cache.span, "this one does not")
                    .help("write `disk_cache: none`, or another `disk_aio`"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn each_disk_is_judged_by_its_own_words() {
        for (cache, want) in [("directsync", 0), ("unsafe", 1), ("writethrough", 1)] {
            let data = format!(
                "disk_aio: io_uring\ndisk_cache: writeback\nadditional_disks:\n  - disk_size: 9\n    storage_selector: name == \"a\"\n    disk_aio: native\n    disk_cache: {cache}\n"
            );
            assert_eq!(testing::data(&data).len(), want, "{cache}");
        }
        assert_eq!(testing::data("disk_aio: native\n"), [""; 0], "Proxmox's default is none");
    }
}
