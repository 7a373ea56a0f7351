//! A set that wants more machines than Omni asks a provider for.

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{number, seconds, shown, span, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::graph::address_of;
use crate::graph::edges::class_of_set;
use crate::resource::Phase;
use crate::value::Value;

/// `scale-up-without-request`
pub(super) static RULE: Rule = Rule {
    code: "OS0594",
    name: "scale-up-without-request",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "`MachineRequestSets.machine_count` is the larger of the wanted size and the machines that exist: one that cannot go keeps the next one from being asked for",
    stage: Stage::Doctor,
    title: "a set wants machines that nobody is asked for",
    means: "The set is smaller than it should be, and Omni makes no request for the rest: a machine that is stuck in its removal still counts, the cluster is locked, or the class makes no machines.",
    bad: "size 3, two machines, one of them stuck in its removal",
    good: "as many requests as the set wants machines",
    act: "Mend what holds it up: the stuck machine first.",
};

/// Requests are made within a second; this is far longer, in seconds.
const PATIENCE: u64 = 120;

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let omni = &inventory.scene.snapshot.omni;
    if omni.unreadable("MachineRequests").is_some()
        || !omni.types.contains_key("MachineRequests.omni.sidero.dev")
    {
        return;
    }
    for set in omni.list("MachineSets").iter().filter(|s| s.phase == Phase::Running) {
        let id = set.resource.id.id.as_str();
        let wanted = number(set, &["machine_allocation", "machine_count"]);
        let Some(class) = class_of_set(&set.resource) else { continue };
        let own: Vec<_> =
            inventory.machines.iter().filter(|m| m.set == Some(id) && m.request.is_some()).collect();
        // A machine that leaves its cluster still has its request, and is none that the set has.
        let leaving: Vec<_> = own
            .iter()
            .filter(|m| m.going() || m.member.is_some_and(|c| c.phase == Phase::TearingDown))
            .collect();
        let have = own.len() - leaving.len();
        let status = omni.find("MachineSetStatuses", id);
        let age = [Some(set), status].into_iter().flatten().filter_map(|s| seconds(&s.updated)).max();
        let age = age.map(|at| inventory.scene.now.saturating_sub(at));
        if i128::try_from(have).is_ok_and(|h| h >= wanted) || age.is_none_or(|a| a < PATIENCE) {
            continue;
        }
        let cluster = set.resource.omni_label("cluster").unwrap_or_default();
        let locked = omni.find("Clusters", cluster).is_some_and(|c| crate::diff::is_locked(&c.resource));
        let makes = omni
            .find("MachineClasses", class)
            .map(|c| c.resource.spec.get("auto_provision").is_some_and(|a| *a != Value::Null));
        let (why, act) = if let Some(stuck) = leaving.first() {
            (
                format!("{} is stuck in its removal and still counts", shown(stuck.id)),
                format!("finish the removal of {} first: see what is told of it", shown(stuck.id)),
            )
        } else if locked {
            (
                "the cluster is locked".to_owned(),
                format!("take the lock off: `omnictl cluster unlock {}`", word(cluster)),
            )
        } else if makes == Some(false) {
            (
                format!("class {} makes no machines: it picks from machines that are there", shown(class)),
                "add machines that the class matches, or use a class with autoprovision".to_owned(),
            )
        } else if makes.is_none() && omni.types.contains_key("MachineClasses.omni.sidero.dev") {
            (format!("class {} does not exist", shown(class)), "make the class".to_owned())
        } else {
            (
                "nothing in Omni tells why".to_owned(),
                format!("`omnictl get machinerequestset {} -o yaml`", word(id)),
            )
        };
        let subject = address_of(&set.resource).unwrap_or_else(|| Address::new("machineset", id));
        out.push(
            Finding::new(
                &RULE,
                subject,
                format!("it wants {wanted} machines, has {have}, and no more are asked for: {why}"),
            )
            .fact("wanted", wanted.to_string())
            .fact("requests", format!("{} of them leaving: {}", own.len(), leaving.len()))
            .fact("for", span(age.unwrap_or_default()))
            .act(act),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::{World, uuid};

    fn wants(n: u8) -> World {
        let mut world = World::new();
        world.spec(
            "MachineSets",
            "c-workers",
            serde_json::json!({"machine_allocation": {"name": "w", "machine_count": n}}),
        );
        world
    }

    #[test]
    fn what_holds_a_set_up_is_told() {
        let mut world = wants(2);
        world.tearing_down("ClusterMachines", &uuid(1));
        assert!(world.found(super::check)[0].cause.contains("c-workers-bbbbb2 is stuck in its removal"));
        let mut world = wants(3);
        world.add("Clusters", "c", &[], serde_json::json!({}));
        world
            .live("Clusters", "c")
            .resource
            .annotations
            .insert("omni.sidero.dev/cluster-locked".into(), String::new());
        assert!(world.found(super::check)[0].cause.contains("locked"));
        let mut world = wants(3);
        world.spec("MachineClasses", "w", serde_json::json!({"match_labels": ["a"]}));
        assert!(world.found(super::check)[0].cause.contains("makes no machines"));
    }

    #[test]
    fn a_set_that_has_its_requests_or_was_just_changed_is_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = wants(3);
        world.written("MachineSets", "c-workers", 5);
        assert!(world.subjects(super::check).is_empty());
        // Scaled down: the one that leaves is not missing.
        let mut world = wants(1);
        world.tearing_down("ClusterMachines", &uuid(1));
        assert!(world.subjects(super::check).is_empty());
    }
}
