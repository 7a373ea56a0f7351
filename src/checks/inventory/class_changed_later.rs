//! Machines that were made of an older class.

use std::collections::BTreeMap;

use super::Inventory;
use super::sight::{raw, shown};
use crate::address::Address;
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::diff::documents;
use crate::graph::edges::class_of_set;
use crate::value::Value;

/// `class-changed-later`
pub(super) static RULE: Rule = Rule {
    code: "OS0547",
    name: "class-changed-later",
    severity: Severity::Info,
    basis: Basis::Observed,
    source: "provider data is copied into the machine request when the request is made, and never again",
    stage: Stage::Doctor,
    title: "machines were made of an older class",
    means: "The class was changed after these machines were made. They go on with what they were made of: nothing updates them.",
    bad: "memory of the class: 16384; of three machines made of it: 8192",
    good: "the class and the requests of its machines have the same provider data",
    act: "Replace the machines where the change matters: scale their set up, then down.",
};

/// Texts of provider data are the same when they mean the same.
fn same(a: &str, b: &str) -> bool {
    a == b || matches!((documents(a), documents(b)), (Some(a), Some(b)) if a.first() == b.first())
}

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let omni = &inventory.scene.snapshot.omni;
    let classes: BTreeMap<&str, &str> = omni
        .list("MachineSets")
        .iter()
        .filter_map(|s| Some((s.resource.id.id.as_str(), class_of_set(&s.resource)?)))
        .collect();
    let mut older: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for machine in inventory.machines.iter().filter(|m| !m.going()) {
        let Some(class) = machine.set.and_then(|s| classes.get(s)) else { continue };
        let auto = omni.find("MachineClasses", class).and_then(|c| c.resource.spec.get("auto_provision"));
        let text = auto.and_then(|a| a.get("provider_data")).and_then(Value::as_str);
        let (Some(now), Some(then)) =
            (text, machine.request.map(|r| raw(r, &["provider_data"]).unwrap_or_default()))
        else {
            continue;
        };
        let (all, machines) = older.entry(class).or_default();
        *all += 1;
        if !same(now, then) {
            machines.push(machine.id);
        }
    }
    for (class, (all, machines)) in older.into_iter().filter(|(_, (_, m))| !m.is_empty()) {
        let names: Vec<String> = machines.iter().take(5).map(|m| shown(m)).collect();
        let more = machines.len().saturating_sub(5);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.push(
            Finding::new(
                &RULE,
                Address::class(class),
                format!("{} of {all} machines were made of an older version of this class", machines.len()),
            )
            .fact("machines", format!("{}{more}", names.join(", ")))
            .act("where the change matters, replace them: scale their set up, then down")
            .cost("a replaced machine loses its disk and joins as a new node"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    fn class(world: &mut World, data: &str) {
        let spec = serde_json::json!({"auto_provision": {"provider_id": "p", "provider_data": data}});
        world.spec("MachineClasses", "w", spec);
    }

    #[test]
    fn machines_of_an_older_class_are_counted() {
        let mut world = World::new();
        class(&mut world, "cores: 16\n");
        let found = world.found(super::check);
        assert_eq!(found[0].subject.to_string(), "class/w");
        assert!(found[0].cause.starts_with("2 of 2 machines"), "{}", found[0].cause);
    }

    #[test]
    fn another_way_to_write_the_same_is_no_change() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        class(&mut world, &format!("# a comment\n{}", crate::checks::inventory::tests::DATA));
        assert!(world.subjects(super::check).is_empty());
    }
}
