//! A selector that is true for no storage at all.

use crate::address::Address;
use crate::checks::preflight::matching::{Verdict, verdict};
use crate::checks::preflight::survey::{Landing, Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::diag::closest;

pub(super) static RULE: Rule = Rule {
    code: "OS0511",
    name: "selector-matches-nothing",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "provider, step syncVM: failed to pick the disk: no matches for the condition",
    stage: Stage::Plan,
    title: "a selector matches no storage of any node",
    means: "The provider takes the first storage of the node, by id, for which the selector is true. It is true for none, on any node: no machine of the class can be made. This shows only after an image was made and downloaded.",
    bad: "storage_selector: name == \"vm-ssd\", where the storage is vm_ssd",
    good: "storage_selector: name == \"vm_ssd\"",
    act: "Correct the selector; `omni-scale explain selector 'EXPR'` shows what it matches on every node.",
};

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        for disk in &landing.disks {
            let Verdict::Nowhere = verdict(survey, landing, disk) else { continue };
            let near = near(landing, disk.selector);
            let mut names: Vec<&str> = landing
                .nodes
                .iter()
                .filter_map(|n| landing.storages(n))
                .flatten()
                .map(|s| s.name.as_str())
                .collect();
            names.sort_unstable();
            names.dedup();
            let cause =
                format!("`{}` ({}) is true for no storage of any node", name(disk.selector), disk.key);
            let act = near.map_or_else(
                || {
                    "correct the selector; `omni-scale explain selector 'EXPR'` shows what it matches"
                        .to_owned()
                },
                |near| format!("did you mean `{}`?", name(near)),
            );
            out.push(
                Finding::new(&RULE, Address::class(&landing.class.id), cause)
                    .fact("storages", list(&names))
                    .act(act),
            );
        }
    }
}

/// The storage for disks that is most like a name in the selector.
fn near<'a>(landing: &Landing<'a>, selector: &str) -> Option<&'a str> {
    let wanted: Vec<&str> =
        selector.split(['"', '\'']).skip(1).step_by(2).filter(|w| !w.is_empty()).collect();
    let listed = landing.nodes.iter().filter_map(|n| landing.storages(n)).flatten();
    let mut names: Vec<&str> =
        listed.filter(|s| s.content.iter().any(|c| c == "images")).map(|s| s.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    for word in wanted {
        if let Some(near) = closest(word, names.iter().copied()) {
            return Some(near);
        }
        // A storage that was renamed most often keeps a part of its name.
        let part = |n: &&&str| {
            n.split(['-', '_', '.']).any(|p| p.len() > 2 && word.split(['-', '_', '.']).any(|w| w == p))
        };
        let mut alike = names.iter().filter(part);
        if let (Some(one), None) = (alike.next(), alike.next()) {
            return Some(one);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    #[test]
    fn a_name_that_no_node_has_is_told_of_with_one_that_is_like_it() {
        let mut world = World::new();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        world.class(
            "worker",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, storage_selector: 'name == \"ceph-ssd\"'}",
        );
        let found = world.findings(&super::RULE);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].act, ["did you mean `vm_ssd`?"]);
        // A selector that does not compile is told of with the files.
        world.class(
            "worker",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, storage_selector: 'type == \"rbd\"'}",
        );
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }

    #[test]
    fn nothing_is_said_where_storages_are_not_known() {
        let mut world = World::new();
        world.class(
            "worker",
            "{cores: 1, sockets: 1, memory: 2048, disk_size: 9, storage_selector: 'name == \"nope\"'}",
        );
        world.seen().storages.clear();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
    }
}
