//! A VM that was started: a machine begins to boot, and reaches Omni if its network lets it.

use serde_json::Value;

use super::super::machine::{Doing, Machine, time};
use super::super::omni::Resource;
use super::super::proxmox::{Guest, Node};
use super::super::world::Pass;
use super::data::Data;
use super::state::Progress;

/// The VM runs: a machine begins to boot.
pub fn power_on(pass: &mut Pass<'_>, id: &str, request: &Resource, data: &Data, progress: &Progress) {
    let now = pass.world.now;
    pass.world.proxmox.settle(now);
    let address = address(&mut pass.world.random);
    let talos = request.text("/talos_version").trim_start_matches('v').to_owned();
    let joins = pass.world.proxmox.guests.get(&progress.vmid).is_some_and(|guest| {
        let node = pass.world.proxmox.node(&guest.node);
        node.is_some_and(|node| reaches(guest, node))
    });
    let mut machine = Machine {
        uuid: progress.uuid.clone(),
        request: id.to_owned(),
        vmid: progress.vmid,
        address,
        first_talos: talos.clone(),
        talos,
        schematic: progress.schematic.clone(),
        extensions: vec!["siderolabs/qemu-guest-agent".to_owned()],
        doing: Doing::Booting,
        until: None,
        running_since: None,
        silent_since: None,
        unheard: pass.world.unheard || !joins,
        config: None,
        hostname: progress.uuid.clone(),
        cores: (data.cores * data.sockets).max(0) as u32,
        memory_mb: data.memory,
        disk_gb: data.disk.size.max(0) as u64,
    };
    machine.begin(Doing::Booting, now, time::BOOT);
    pass.world.machines.insert(machine.uuid.clone(), machine);
}

/// Whether a VM has an image to join with, and a network to join through.
fn reaches(guest: &Guest, node: &Node) -> bool {
    let word = |key: &str| guest.config.get(key).and_then(Value::as_str).unwrap_or_default();
    let image = word("ide0").split(',').next().and_then(|v| v.split_once(":iso/"));
    let there = image.is_some_and(|(storage, name)| {
        node.images.iter().any(|i| (i.storage.as_str(), i.name.as_str()) == (storage, name))
    });
    let part = |name: &str| word("net0").split(',').find_map(|p| p.strip_prefix(name));
    let tag: u64 = part("tag=").and_then(|t| t.parse().ok()).unwrap_or(0);
    let bridge = part("bridge=").and_then(|b| node.bridges.iter().find(|n| n.name == b));
    there && bridge.is_some_and(|b| b.active && b.carries(tag))
}

/// An address in the tunnel.
pub fn address(random: &mut super::super::random::Random) -> String {
    let digits = random.hex(16);
    let group = |from: usize| digits.get(from..from + 4).unwrap_or("1").trim_start_matches('0').to_owned();
    let groups: Vec<String> =
        [0, 4, 8, 12].into_iter().map(group).map(|g| if g.is_empty() { "1".to_owned() } else { g }).collect();
    format!("fdae:41e4:649b:9303:{}", groups.join(":"))
}
