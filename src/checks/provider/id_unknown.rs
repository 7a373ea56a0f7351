//! Requests and classes of a provider id that nobody serves.

use std::collections::BTreeMap;

use super::{ids, unknown};
use crate::address::Address;
use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{shown, word};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `provider-id-unknown`
pub(super) static RULE: Rule = Rule {
    code: "OS0571",
    name: "provider-id-unknown",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "Omni compares provider ids exactly, case included, and says nothing about one that nobody serves",
    stage: Stage::Doctor,
    title: "machines are asked of a provider that is not there",
    means: "Machine requests name a provider id that no provider in Omni has. They wait for ever with `Waiting for the infra provider to start provision`. Ids are compared exactly: `Proxmox` is not `proxmox`.",
    bad: "providerid: Proxmox in the class; the provider runs as proxmox",
    good: "providerid: proxmox",
    act: "Correct `providerid` in the class. Requests that exist keep the old id: make them anew.",
};

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    let mut waiting: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for machine in inventory.machines.iter().filter(|m| m.request.is_some() && !m.going() && !m.provisioned())
    {
        if unknown(inventory, machine.provider) {
            waiting.entry(machine.provider).or_default().push(machine.id);
        }
    }
    for (id, machines) in waiting {
        let all = ids(inventory);
        let near = all.iter().find(|other| other.eq_ignore_ascii_case(id)).or_else(|| {
            let near = crate::diag::closest(id, all.iter().copied());
            all.iter().find(|other| Some(**other) == near)
        });
        let names: Vec<String> = machines.iter().take(5).map(|m| shown(m)).collect();
        let mut finding = Finding::new(
            &RULE,
            Address::provider(id),
            format!(
                "{} wait for this provider, and Omni has none of this id",
                if machines.len() == 1 {
                    "1 machine request".to_owned()
                } else {
                    format!("{} machine requests", machines.len())
                }
            ),
        )
        .fact("requests", names.join(", "))
        .fact(
            "providers in Omni",
            if all.is_empty() {
                "none".to_owned()
            } else {
                all.iter().map(|i| shown(i)).collect::<Vec<_>>().join(", ")
            },
        );
        finding = match near {
            Some(near) => finding.act(format!(
                "the class means `providerid: {}`: ids are compared exactly, case included",
                shown(near)
            )),
            None => finding.act(format!(
                "start a provider with this id: `omnictl infraprovider create {}` makes its key",
                word(id)
            )),
        };
        out.push(finding.act("requests keep the id that they were made with: scale the set to 0 and back, or up by one and down").cost("nothing is lost: these machines were never made"));
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;

    #[test]
    fn a_request_of_an_id_in_another_case_is_told_with_the_right_one() {
        let mut world = World::new();
        let labels = [("infra-provider-id", "P"), ("machine-request-set", "c-workers")];
        world.add("MachineRequests", "c-workers-zzzzz9", &labels, serde_json::json!({}));
        let found = world.found(super::check);
        assert_eq!(found[0].subject.to_string(), "provider/P");
        assert!(found[0].act[0].contains("providerid: p"), "{:?}", found[0].act);
    }

    #[test]
    fn providers_that_are_there_or_not_read_are_not() {
        assert!(World::new().subjects(super::check).is_empty());
        let mut world = World::new();
        world.add(
            "MachineRequests",
            "c-workers-zzzzz9",
            &[("infra-provider-id", "P")],
            serde_json::json!({}),
        );
        world.snapshot.omni.types.remove("InfraProviderStatuses.omni.sidero.dev");
        assert!(world.subjects(super::check).is_empty());
    }
}
