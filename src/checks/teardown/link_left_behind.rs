//! A Link whose machine was unmade.

use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{flag, shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `link-left-behind`
pub(super) static RULE: Rule = Rule {
    code: "OS0593",
    name: "link-left-behind",
    severity: Severity::Info,
    basis: Basis::Observed,
    source: "seen when a request was withdrawn while its machine was being made",
    stage: Stage::Doctor,
    title: "a Link of a machine that was unmade",
    means: "Omni has a Link of a machine request that does not exist any more, and its machine is not heard. It was unmade before it had joined; the Link stays until somebody removes it.",
    bad: "a Link with the label of request c-workers-b2, which is gone",
    good: "every Link of a request has its request",
    act: "Remove the Link.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let omni = &inventory.scene.snapshot.omni;
    if omni.unreadable("MachineRequests").is_some()
        || !omni.types.contains_key("MachineRequests.omni.sidero.dev")
    {
        return;
    }
    for link in omni.list("Links") {
        let Some(request) = link.resource.omni_label("machine-request") else { continue };
        if inventory.requests.contains(request) || flag(link, &["connected"]) {
            continue;
        }
        let id = &link.resource.id.id;
        out.push(
            Finding::new(
                &RULE,
                Address::new("link", id),
                format!("it is of request {}, which does not exist any more", shown(request)),
            )
            .fact("connected", "no")
            .act(format!("`omnictl delete link {}`", word(id))),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_link_without_its_request_is_told_unless_its_machine_is_heard() {
        let mut world = World::new();
        assert!(world.subjects(super::check).is_empty());
        world.add("Links", "left", &[("machine-request", "c-workers-zzzzz9")], serde_json::json!({}));
        world.add(
            "Links",
            "heard",
            &[("machine-request", "c-workers-zzzzz8")],
            serde_json::json!({"connected": true}),
        );
        assert_eq!(world.subjects(super::check), ["link/left"]);
    }
}
