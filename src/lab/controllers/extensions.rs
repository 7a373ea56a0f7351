//! Extension configurations: held while they are in use, and which of them a machine has.

use serde_json::Value;

use super::super::labels;
use super::super::omni::Resource;
use super::super::world::Pass;

/// Holds them, and lets go of those that are to be deleted.
pub fn run(pass: &mut Pass<'_>) {
    const NAME: &str = "MachineExtensionsController";
    for config in pass.all("ExtensionsConfigurations") {
        if config.tearing_down() {
            pass.release("ExtensionsConfigurations", &config.key.id, &[NAME]);
        } else {
            pass.hold(&config, &[NAME]);
        }
    }
}

/// Extensions that a cluster machine is to have: of the most specific level that has any, the last by id; levels are not merged.
pub fn of_machine(pass: &Pass<'_>, machine: &Resource) -> Vec<String> {
    let cluster = machine.labelled(labels::CLUSTER).unwrap_or_default();
    let set = machine.labelled(labels::SET).unwrap_or_default();
    let mut best: Option<(u8, Vec<String>)> = None;
    for config in pass.labelled("ExtensionsConfigurations", labels::CLUSTER, cluster) {
        if config.tearing_down() {
            continue;
        }
        let level = match (config.labelled(labels::CLUSTER_MACHINE), config.labelled(labels::SET)) {
            (Some(m), _) if m == machine.key.id => 3,
            (None, Some(s)) if s == set => 2,
            (None, None) => 1,
            _ => continue,
        };
        if best.as_ref().is_none_or(|(l, _)| level >= *l) {
            let list = config.spec.get("extensions").and_then(Value::as_array).cloned().unwrap_or_default();
            best = Some((level, list.iter().filter_map(Value::as_str).map(str::to_owned).collect()));
        }
    }
    // The guest agent is in every image that the provider asks for, and stays in what Omni installs.
    let mut extensions = best.map(|(_, list)| list).unwrap_or_default();
    extensions.push("siderolabs/qemu-guest-agent".to_owned());
    extensions.sort();
    extensions.dedup();
    extensions
}
