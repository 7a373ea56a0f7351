//! A storage that a selector takes and that cannot do it.

use crate::checks::preflight::matching::{elsewhere, tell_taken};
use crate::checks::preflight::survey::{Landing, Survey};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::Storage;

pub(super) static RULE: Rule = Rule {
    code: "OS0514",
    name: "storage-inactive",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step syncVM: content, enabled and active are not looked at",
    stage: Stage::Plan,
    title: "a storage that a selector takes does not work",
    means: "The provider takes the first storage for which the selector is true, whether it works or not. This one is disabled or not active on the node: the disk cannot be made, and a creation that failed is never tried again.",
    bad: "a Ceph pool whose monitors do not answer",
    good: "the storage is active on every node",
    act: "Make the storage work there (`pvesm status` on the node), or select another one.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    let act = "make it work there (`pvesm status` on the node), or select another one";
    let bad = |landing: &Landing<'_>, s: &Storage| {
        (!s.active || !s.enabled) && (s.enabled || !elsewhere(landing, &s.name))
    };
    tell_taken(survey, (&RULE, "does not work", act), bad, out);
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn what_the_selector_takes_must_be_active() {
        let mut world = World::new();
        world.class("pinned", "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, node: golf, storage_selector: 'name == \"local-lvm\"'}");
        world.storage("hotel", "local-lvm").active = false;
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.storage("golf", "local-lvm").active = false;
        assert_eq!(world.found(&super::RULE), ["class/pinned"]);
        world.storage("golf", "local-lvm").active = true;
        // Not enabled on one node: it is not on that node, which is another finding. Nowhere: it does not work.
        world.storage("golf", "vm_ssd").enabled = false;
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        for node in ["foxtrot", "golf", "hotel"] {
            world.storage(node, "vm_ssd").enabled = false;
        }
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
    }
}
