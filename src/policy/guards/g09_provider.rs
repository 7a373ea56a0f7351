//! G09: a class gets another infrastructure provider while the old one has machines to look after.

use std::collections::BTreeSet;

use super::{Guard, View, codes, count};
use crate::plan::{Action, Operation, Warning};
use crate::resource::Resource;
use crate::untrusted::Untrusted;
use crate::value::Value;

pub(super) const GUARD: Guard = Guard {
    code: "G09",
    name: "provider-changed",
    built: true,
    when: "The provider of a machine class changes while machine sets that draw from it have machines or open requests; or the spec no longer names a provider.",
    does: "Blocks the first. The second is a warning: the provider stays in Omni.",
    lift: "Nothing: make a new class for the new provider, and give it to the machine sets.",
    why: "Requests that are torn down after their provider is gone lose their finalizer, and their VMs stay behind.",
    codes: &["OS0421", codes::PROVIDER_CHANGED],
    acknowledged: false,
};

pub(super) fn find(view: &View<'_>, out: &mut Vec<Warning>) {
    let omni = &view.input.snapshot.omni;
    for step in &view.plan.steps {
        if step.address.kind() != "class" || !matches!(step.action, Action::Update | Action::AdoptUpdate) {
            continue;
        }
        let Operation::Update { before, after } = &step.operation else { continue };
        let (Some(before), Some(after)) = (provider(before), provider(after)) else { continue };
        if before == after {
            continue;
        }
        let draws = |set: &Resource| {
            ["machine_allocation", "machine_class"]
                .iter()
                .any(|f| set.spec.at(&[f, "name"]).and_then(Value::as_str) == Some(step.address.name()))
        };
        let sets: BTreeSet<&str> = omni
            .list("MachineSets")
            .iter()
            .filter(|s| draws(&s.resource))
            .map(|s| s.resource.id.id.as_str())
            .collect();
        let of_set = |kind: &str, label: &str| -> Vec<&Resource> {
            let all = omni.list(kind).iter().map(|r| &r.resource);
            all.filter(|r| r.omni_label(label).is_some_and(|s| sets.contains(s))).collect()
        };
        let requests = of_set("MachineRequests", "machine-request-set");
        // A request keeps its provider: putting a class back to the one that made its machines harms nobody.
        let machines = if requests.is_empty() {
            of_set("MachineSetNodes", "machine-set").len()
        } else {
            requests.iter().filter(|r| r.omni_label("infra-provider-id") != Some(after)).count()
        };
        if machines == 0 {
            continue;
        }
        out.push(Warning {
            code: codes::PROVIDER_CHANGED.to_owned(),
            address: Some(step.address.clone()),
            message: format!(
                "`{}` changes its provider from `{}` to `{}` while {} of the old one {} there",
                step.address,
                Untrusted::new(before).line(80),
                Untrusted::new(after).line(80),
                count(machines, "machine"),
                if machines == 1 { "is" } else { "are" }
            ),
            blocks: true,
            help: Some("make a new class for the new provider, and give it to the machine sets".to_owned()),
            guard: Some(GUARD.code.to_owned()),
            evidence: [("machines".to_owned(), machines.to_string())].into(),
            ..Warning::default()
        });
    }
}

/// The provider that makes the machines of a class.
fn provider(class: &Resource) -> Option<&str> {
    class.spec.at(&["auto_provision", "provider_id"]).and_then(Value::as_str)
}
