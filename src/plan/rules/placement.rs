//! Where new machines will be, by the provider's own rule, and whether the control plane then survives the loss of one node.

use std::collections::BTreeMap;

use super::codes;
use crate::address::Address;
use crate::diff::documents;
use crate::live::placement::{NewMachine, Placement, Scheduler, predict, survival};
use crate::plan::facts::{SetFacts, Wanted, facts};
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};
use crate::resource::{Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// The machines of one set: where existing ones are, and where new ones are expected.
#[derive(Default)]
struct Where {
    nodes: BTreeMap<String, usize>,
    unplaced: usize,
    new: usize,
}

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for cluster in &scene.input.desired.clusters {
        let address = Address::cluster(&cluster.name);
        for (id, set) in facts(cluster).sets {
            let at = address.child("machineset", &set.name);
            let place = locate(scene, drafts, &cluster.name, &id, &set, &at, out);
            // A plan speaks up when it makes machines, and when it takes over or changes a cluster that is so already.
            let touched = drafts.iter().any(|d| {
                (d.address == at || d.address == address)
                    && matches!(d.action, Action::Adopt | Action::AdoptUpdate | Action::Update)
            });
            if !set.control_plane || (place.new == 0 && !touched) {
                continue;
            }
            let predicted = if place.new > 0 { "predicted for " } else { "" };
            if let Some(text) = survival(&place.nodes, place.unplaced).warning() {
                out.push(Warning {
                    code: codes::NO_SURVIVAL.to_owned(),
                    address: Some(at),
                    message: format!("{predicted}`{}`: {}", cluster.name, Untrusted::new(text).line(200)),
                    blocks: false,
                    help: Some(
                        "the provider spreads a set over the nodes from its version 0.2 on; do not migrate VMs instead, since it removes them only where it made them"
                            .to_owned(),
                    ), ..Warning::default() });
            }
        }
    }
}

fn locate(
    scene: &Scene<'_>,
    drafts: &[Draft<'_>],
    cluster: &str,
    id: &str,
    set: &SetFacts,
    at: &Address,
    out: &mut Vec<Warning>,
) -> Where {
    let mut place = Where::default();
    let going: Vec<&str> = drafts.iter().flat_map(|d| &d.lost).filter_map(|l| l.machine.as_deref()).collect();
    let mut existing = 0;
    for node in scene.machines_of_set(cluster, id) {
        let name = scene.machine_name(&node.resource.id.id);
        if going.contains(&name) {
            continue;
        }
        existing += 1;
        match scene.vm(name) {
            Some(vm) => *place.nodes.entry(vm.node.clone()).or_default() += 1,
            None => place.unplaced += 1,
        }
    }
    let Wanted::Count(wanted) = set.wanted else { return place };
    place.new = (wanted as usize).saturating_sub(existing);
    let Some(class) = set.class.as_deref().filter(|_| place.new > 0) else {
        place.unplaced += place.new;
        return place;
    };
    let Some(predicted) = expected(scene, class, id, place.new) else {
        place.unplaced += place.new;
        return place;
    };
    let mut failure = None;
    for placement in predicted {
        match placement {
            Placement::Node(node) => *place.nodes.entry(node).or_default() += 1,
            Placement::Fails(why) => {
                failure = Some(why);
                place.unplaced += 1;
            }
            Placement::Unknown(_) => place.unplaced += 1,
        }
    }
    if let Some(why) = failure {
        out.push(Warning {
            code: codes::PLACEMENT.to_owned(),
            address: Some(at.clone()),
            message: format!(
                "the provider will not be able to make machines of class `{class}`: {}",
                Untrusted::new(why).line(300)
            ),
            blocks: false,
            help: None,
            ..Warning::default()
        });
    }
    place
}

/// Where the provider of a class puts `count` new machines of a set; `None` if Proxmox was not read.
fn expected(scene: &Scene<'_>, class: &str, set: &str, count: usize) -> Option<Vec<Placement>> {
    let class = class_resource(scene, class)?;
    let auto = class.spec.get("auto_provision")?;
    let provider = auto.get("provider_id")?.as_str()?;
    let proxmox = scene.input.desired.providers.iter().find(|p| p.id == provider)?.proxmox.as_deref()?;
    let seen = scene.snapshot().proxmox.get(proxmox)?;
    let data = documents(auto.get("provider_data")?.as_str()?)?.into_iter().next()?;
    let text = |key: &str| data.get(key).and_then(Value::as_str).filter(|t| !t.is_empty()).map(str::to_owned);
    let memory = data.get("memory").and_then(Value::as_int).and_then(|m| u64::try_from(m).ok()).unwrap_or(0);
    let strategy = text("placement_strategy");
    let machine = NewMachine { set: set.to_owned(), pinned: text("node"), memory_mib: memory };
    let machines = vec![machine; count.min(1000)];
    Some(predict(
        scheduler(scene, provider, strategy.as_deref()),
        seen.nodes.known()?,
        seen.guests.known().map(Vec::as_slice),
        &machines,
    ))
}

fn class_resource<'a>(scene: &Scene<'a>, class: &str) -> Option<&'a Resource> {
    let declared = scene.desired.get(&Address::class(class)).map(|d| &d.resource);
    declared.or_else(|| scene.live(&ResourceId::default_ns("MachineClasses", class)).map(|l| &l.resource))
}

/// The provider's generation, by the version and the schema that it publishes.
fn scheduler(scene: &Scene<'_>, provider: &str, strategy: Option<&str>) -> Scheduler {
    let status = scene.snapshot().omni.find("InfraProviderStatuses", provider);
    let text =
        |key: &str| status.and_then(|s| s.resource.spec.get(key)).and_then(Value::as_str).unwrap_or_default();
    let schema: serde_json::Value = serde_json::from_str(text("schema")).unwrap_or_default();
    let properties: Vec<&str> = schema
        .get("properties")
        .and_then(serde_json::Value::as_object)
        .map(|p| p.keys().map(String::as_str).collect())
        .unwrap_or_default();
    Scheduler::detect(text("version"), &properties, strategy)
}
