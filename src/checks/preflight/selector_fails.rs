//! A selector that fails on a storage.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::selector::Pick;

pub(super) static RULE: Rule = Rule {
    code: "OS0512",
    name: "selector-fails",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step syncVM: an error of the expression ends the walk over the storages",
    stage: Stage::Plan,
    title: "a selector has no value for a storage",
    means: "The selector compiles, and evaluating it fails for a storage that comes before the first match: an unsigned overflow, a division by zero, a pattern that is no regular expression. The provider stops there, and no machine is made.",
    bad: "storage_selector: availableSpace - 1u > 0u, where a storage is inactive",
    good: "storage_selector: availableSpace > 1u",
    act: "Write the selector so that it has a value for every storage; `omni-scale explain selector 'EXPR'` shows it for every node.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        for disk in &landing.disks {
            let mut failed = Vec::new();
            let mut what = None;
            for node in &landing.nodes {
                if let Some(Pick::Failed { storage, error }) = survey.pick(landing, node, disk.selector) {
                    failed.push(*node);
                    what.get_or_insert((storage, error));
                }
            }
            let Some((storage, error)) = what else { continue };
            let cause = format!(
                "`{}` ({}) has no value for storage {} {}",
                name(disk.selector),
                disk.key,
                name(&storage),
                landing.on(&failed)
            );
            let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause)
                .fact("error", name(&error))
                .act("write it so that it has a value for every storage; `omni-scale explain selector 'EXPR'` shows it for every node");
            finding.severity = landing.severity(failed.len());
            out.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn an_overflow_on_an_inactive_storage_ends_the_walk() {
        let mut world = World::new();
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, storage_selector: 'availableSpace - 1u > 0u'}");
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.storage("golf", "local").active = false;
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
    }
}
