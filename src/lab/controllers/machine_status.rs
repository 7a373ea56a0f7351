//! The status of a machine.

use serde_json::json;

use super::super::labels;
use super::super::machine::Doing;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::is_control_plane;

const FINALIZERS: [&str; 8] = [
    "SchematicConfigurationController",
    "MachineUpgradeStatusController",
    "KernelArgsStatusController",
    "LabelsExtractor[MachineStatuses.omni.sidero.dev]",
    "MachineConfigGenOptionsController",
    "MachineInstallDiskStatusController",
    "MachineConfigExtractionController",
    "MachineTeardownController",
];

/// One status, one snapshot for each Machine.
pub fn run(pass: &mut Pass<'_>) {
    let now = pass.world.now;
    for machine in pass.all("Machines") {
        let id = machine.key.id.clone();
        if machine.tearing_down() {
            continue;
        }
        let Some(model) = pass.world.machines.get(&id).cloned() else { continue };
        let connected = model.connected(now);
        let member = pass.get("ClusterMachines", &id);
        let node = pass.get("MachineSetNodes", &id);
        let role = member.as_ref().map_or(0, |m| if is_control_plane(m) { 1 } else { 2 });
        let size = model.disk_gb * (1 << 30);
        let spec = json!({
            "talos_version": format!("v{}", model.talos),
            "hardware": {
                "processors": [{
                    "core_count": model.cores, "thread_count": model.cores, "frequency": 2000,
                    "description": "QEMU Virtual CPU", "manufacturer": "QEMU",
                }],
                "memory_modules": [{ "size_mb": model.memory_mb, "description": "QEMU" }],
                "blockdevices": [{
                    "size": size.to_string(), "model": "QEMU HARDDISK", "linux_name": "/dev/sda", "type": "SSD",
                    "system_disk": model.config.is_some(), "dev_path": "/dev/sda",
                }],
                "arch": "amd64",
            },
            "network": { "hostname": model.hostname, "addresses": [format!("192.168.3.{}/24", 100 + model.vmid % 100)],
                "default_gateways": ["192.168.3.1"] },
            "management_address": model.address,
            "connected": connected,
            "maintenance": model.doing == Doing::Maintenance,
            "cluster": member.as_ref().and_then(|m| m.labelled(labels::CLUSTER)).unwrap_or_default(),
            "role": role,
            "platform_metadata": { "platform": "nocloud", "hostname": model.request },
            "schematic": {
                "full_id": model.schematic, "extensions": model.extensions, "initial_state": {},
            },
            "initial_talos_version": format!("v{}", model.first_talos),
            "power_state": 2,
            "security_state": {},
        });
        let mut status = Resource::new(Key::of("MachineStatuses", &id), lean(spec))
            .owned_by("MachineStatusController")
            .label("omni.sidero.dev/arch", "amd64")
            .label("omni.sidero.dev/cores", &model.cores.to_string())
            .label("omni.sidero.dev/cpu", "qemu")
            .label("omni.sidero.dev/mem", &format!("{}GiB", model.memory_mb / 1024))
            .label("omni.sidero.dev/no-manual-allocation", "")
            .label("omni.sidero.dev/platform", "nocloud")
            .label("omni.sidero.dev/ready-to-use", "")
            .label("omni.sidero.dev/reporting-events", "")
            .label("omni.sidero.dev/storage", &format!("{}GB", size / 1_000_000_000))
            .label("omni.sidero.dev/talos-version", &format!("v{}", model.talos))
            .label(if connected { labels::CONNECTED } else { labels::DISCONNECTED }, "")
            .annotation("omni.sidero.dev/kernel-args-initialized", "")
            .annotation("omni.sidero.dev/platform-tag-labels-initialized", "");
        for name in [labels::PROVIDER, labels::REQUEST, labels::REQUEST_SET] {
            if let Some(value) = machine.labelled(name) {
                status = status.label(name, value);
            }
        }
        if model.config.is_some() {
            status = status.label("omni.sidero.dev/installed", "");
        }
        status = match node.as_deref() {
            Some(node) => super::view::place(status, node),
            None => status.label("omni.sidero.dev/available", ""),
        };
        pass.put(status);
        pass.put(
            Resource::new(
                Key::of("MachineStatusSnapshots", &id),
                json!({ "machine_status": { "stage": model.doing.stage(), "status": { "ready": true } } }),
            )
            .owned_by("MachineStatusSnapshotController"),
        );
        if let Some(status) = pass.get("MachineStatuses", &id) {
            pass.hold(&status, &FINALIZERS);
        }
    }
}
