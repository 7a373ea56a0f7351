//! Provider data as the provider before 0.1 read it when it ran: each text with what came of it, or the error in its words.

use std::collections::BTreeMap;

use omni_scale::provider::{Disk, Generation, ProviderData, Unreadable, read};
use serde_json::Value;

use crate::support::{Facts, Tally, present};

/// Fields that are not zero, as texts. `balloon` alone tells absent from false.
fn not_zero(data: &ProviderData) -> BTreeMap<String, String> {
    let number = |n: i128| n.to_string();
    let truth = |b: bool| if b { "true" } else { "" }.to_owned();
    let disk = |d: &Disk| {
        format!(
            "{{StorageSelector:{} DiskCache:{} DiskAIO:{} DiskSize:{} DiskSSD:{} DiskDiscard:{} DiskIOThread:{}}}",
            d.selector, d.cache, d.aio, d.size, d.ssd, d.discard, d.iothread
        )
    };
    let list =
        |items: Vec<String>| if items.is_empty() { String::new() } else { format!("[{}]", items.join(" ")) };
    let fields = [
        ("cores", number(data.cores.into())),
        ("sockets", number(data.sockets.into())),
        ("memory", number(data.memory.into())),
        ("cpu_type", data.cpu_type.clone()),
        ("machine_type", data.machine_type.clone()),
        ("numa", truth(data.numa)),
        ("hugepages", data.hugepages.clone()),
        ("balloon", data.balloon.map(|b| b.to_string()).unwrap_or_default()),
        ("disk_size", number(data.disk.size.into())),
        ("storage_selector", data.disk.selector.clone()),
        ("disk_ssd", truth(data.disk.ssd)),
        ("disk_discard", truth(data.disk.discard)),
        ("disk_iothread", truth(data.disk.iothread)),
        ("disk_cache", data.disk.cache.clone()),
        ("disk_aio", data.disk.aio.clone()),
        ("additional_disks", list(data.additional_disks.iter().map(disk).collect())),
        ("network_bridge", data.network_bridge.clone()),
        ("vlan", number(data.vlan.into())),
        (
            "additional_nics",
            list(
                data.additional_nics
                    .iter()
                    .map(|n| format!("{{Bridge:{} Vlan:{} Firewall:{}}}", n.bridge, n.vlan, n.firewall))
                    .collect(),
            ),
        ),
        (
            "pci_devices",
            list(
                data.pci_devices
                    .iter()
                    .map(|d| {
                        format!(
                            "{{Mapping:{} PCIExpress:{} PrimaryGPU:{} ROMBar:{}}}",
                            d.mapping, d.pcie, d.primary_gpu, d.rombar
                        )
                    })
                    .collect(),
            ),
        ),
        ("node", data.node.clone()),
    ];
    fields.into_iter().filter(|(_, v)| !v.is_empty() && v != "0").map(|(k, v)| (k.to_owned(), v)).collect()
}

#[test]
fn contract_providerdata() {
    let Some(path) = present("providerdata", "proxmox/provider/providerdata-yaml-cases.json") else { return };
    let mut tally = Tally::new("providerdata");
    let all: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for case in all["cases"].as_array().unwrap() {
        let text = case["providerdata"].as_str().unwrap();
        tally.case(&format!("{text:?}"), &Facts::new(), || {
            let ours = read(text, Generation::Early);
            match (case.get("error").and_then(Value::as_str), ours) {
                // Its YAML reader's own words about text that is no YAML name places that we name better.
                (Some(error), Err(Unreadable::Syntax(_)))
                    if !error.starts_with("yaml: construct errors:") =>
                {
                    Ok(())
                }
                (Some(error), Err(ours)) if ours.logged().as_deref() == Some(error) => Ok(()),
                (Some(error), ours) => Err(format!("it fails with {error:?}, ours: {ours:?}")),
                (None, Err(ours)) => Err(format!("refused with {ours:?}, but the provider reads it")),
                (None, Ok(data)) => {
                    let wanted: BTreeMap<String, String> = case["parsed_nonzero"]
                        .as_object()
                        .unwrap()
                        .iter()
                        .map(|(k, v)| (k.clone(), v.as_str().map_or_else(|| v.to_string(), str::to_owned)))
                        .collect();
                    let ours = not_zero(&data);
                    if ours == wanted { Ok(()) } else { Err(format!("read as {ours:?}, wanted {wanted:?}")) }
                }
            }
        });
    }
    tally.finish();
}
