//! Faults of a Proxmox VE cluster: nodes, storages, networks, tokens, tasks.

use serde_json::Value;

use super::super::proxmox::{Bridge, Cluster, LeftDisk, Node, full_privileges};
use super::{Broken, Target, halves};

/// How tasks fail unless the fault says it.
const FAILURES: [(&str, &str, &str); 3] = [
    ("create", "qmcreate", "unable to create VM - got timeout"),
    ("start", "qmstart", "start failed: QEMU exited with code 1"),
    ("download", "download", "download failed: 500 Can't connect to factory.talos.dev:443"),
];

/// Does it, if it is one of them.
pub fn act(cluster: &mut Cluster, target: &Target<'_>, unix: i64) -> Broken {
    let (name, what) = (target.name, target.what);
    let (left, right) = halves(what);
    match name {
        "resolvers" => {
            let list = right.split(',').map(str::trim).filter(|a| !a.is_empty()).map(str::to_owned).collect();
            node(cluster, target, left)?.resolvers = list;
        }
        "cpu-flags" => right.clone_into(&mut node(cluster, target, left)?.flags),
        "memory-used" => {
            let gib: u64 = right.parse().map_err(|_| target.missing("number"))?;
            node(cluster, target, left)?.other_memory = gib << 30;
        }
        "quorum-lost" | "quorum-back" => cluster.quorum_lost = name == "quorum-lost",
        "proxmox-down" | "proxmox-back" => cluster.api_down = name == "proxmox-down",
        "tasks-instant" | "tasks-slow" => cluster.instant = name == "tasks-instant",
        "parameters-unchecked" | "parameters-checked" => cluster.unchecked = name == "parameters-unchecked",
        "create-fails" | "start-fails" | "download-fails" | "create-warns" | "start-warns" => {
            let (which, how) = name.split_once('-').unwrap_or((name, ""));
            for (_, kind, text) in FAILURES.iter().filter(|(w, ..)| *w == which) {
                let fate = match (how, what) {
                    ("warns", _) => "WARNINGS: 1",
                    (_, "") => text,
                    (_, said) => said,
                };
                cluster.fates.insert((*kind).to_owned(), fate.to_owned());
            }
        }
        "tasks-mended" => cluster.fates.clear(),
        "mapping-missing" | "mapping-present" => mapping(cluster, target, name == "mapping-present")?,
        "disk-left" | "disk-freed" => disk(cluster, target)?,
        _ if name.starts_with("storage-") => storage(cluster, target)?,
        _ if name.starts_with("bridge-") => bridge(cluster, target)?,
        _ => token(cluster, target, unix)?,
    }
    Ok(())
}

fn node<'a>(cluster: &'a mut Cluster, target: &Target<'_>, name: &str) -> Broken<&'a mut Node> {
    cluster.node_mut(name).ok_or_else(|| target.none("node", name))
}

fn storage(cluster: &mut Cluster, target: &Target<'_>) -> Broken {
    let (left, right) = halves(target.what);
    let nodes: Vec<String> = cluster.nodes.iter().map(|n| n.name.clone()).collect();
    if matches!(target.name, "storage-missing" | "storage-present") && !nodes.iter().any(|n| n == right) {
        return Err(target.none("node", right));
    }
    let found = cluster.storages.iter_mut().find(|s| s.id == left);
    let storage = found.ok_or_else(|| target.none("storage", left))?;
    match target.name {
        "storage-broken" | "storage-mended" => storage.broken = target.name == "storage-broken",
        "storage-disabled" | "storage-enabled" => storage.disabled = target.name == "storage-disabled",
        "storage-full" => storage.other_used = storage.total.saturating_sub(storage.reserved),
        "storage-emptied" => storage.other_used = storage.total / 10,
        "storage-content" => storage.content = right.split(',').map(str::to_owned).collect(),
        "storage-missing" => {
            if storage.nodes.is_empty() {
                storage.nodes = nodes;
            }
            storage.nodes.retain(|n| n != right);
        }
        "storage-present" => {
            if !storage.nodes.is_empty() && !storage.nodes.iter().any(|n| n == right) {
                storage.nodes.push(right.to_owned());
            }
        }
        _ => {
            if right.is_empty() {
                return Err(target.missing("new name"));
            }
            right.clone_into(&mut storage.id);
            for disk in cluster.left.iter_mut().filter(|disk| disk.storage == left) {
                right.clone_into(&mut disk.storage);
            }
            for guest in cluster.guests.values_mut() {
                if guest.storage == left {
                    right.clone_into(&mut guest.storage);
                }
                for value in guest.config.values_mut() {
                    let renamed = value.as_str().and_then(|t| t.strip_prefix(left)?.strip_prefix(':'));
                    if let Some(rest) = renamed.map(|rest| format!("{right}:{rest}")) {
                        *value = Value::from(rest);
                    }
                }
            }
        }
    }
    Ok(())
}

/// VMID in the name of a disk, as Proxmox VE gives it (`vm-120-disk-0`, `120/vm-120-disk-0.qcow2`).
fn owner(name: &str) -> Option<u32> {
    let own = name.rsplit('/').next()?;
    let kinds = ["vm-", "base-", "subvol-", "basevol-"];
    let (vmid, rest) = kinds.iter().find_map(|kind| own.strip_prefix(kind))?.split_once('-')?;
    vmid.parse().ok().filter(|_| !rest.is_empty())
}

/// A disk stays behind when its VM goes.
fn disk(cluster: &mut Cluster, target: &Target<'_>) -> Broken {
    let (place, gib) = target.what.split_once('=').unwrap_or((target.what, "20"));
    let (volume, at) = place.split_once('@').unwrap_or((place, ""));
    let (id, name) = volume.split_once(':').unwrap_or((volume, ""));
    let storage = cluster.storage(id).ok_or_else(|| target.none("storage", id))?;
    let vmid = owner(name).ok_or_else(|| target.none("disk", volume))?;
    let holds = storage.content.iter().any(|c| matches!(c.as_str(), "images" | "rootdir"));
    if !holds {
        return Err(target.none("storage for disks", id));
    }
    if (!storage.shared || !at.is_empty()) && cluster.node(at).is_none() {
        return Err(target.none("node", at));
    }
    let node = (!storage.shared).then(|| at.to_owned());
    let size = gib.parse::<u64>().map_err(|_| target.missing("number"))? << 30;
    let disk = LeftDisk { storage: id.to_owned(), node, name: name.to_owned(), vmid, size };
    let same = |other: &LeftDisk| {
        (&other.storage, &other.node, &other.name) == (&disk.storage, &disk.node, &disk.name)
    };
    let there = cluster.left.iter().any(same);
    if target.name == "disk-freed" && !there {
        return Err(target.none("disk", place));
    }
    cluster.left.retain(|other| !same(other));
    if target.name == "disk-left" {
        cluster.left.push(disk);
    }
    Ok(())
}

fn bridge(cluster: &mut Cluster, target: &Target<'_>) -> Broken {
    let (place, vids) = target.what.split_once('=').unwrap_or((target.what, ""));
    let (name, at) = halves(place);
    let node = node(cluster, target, at)?;
    let found = node.bridges.iter_mut().find(|b| b.name == name);
    match (target.name, found) {
        ("bridge-present", Some(_)) => {}
        ("bridge-present", None) => {
            let vids = Some("2-4094".to_owned());
            let port = if name == "vmbr0" { "enp1s0" } else { "enp2s0f0" }.to_owned();
            node.bridges.push(Bridge { name: name.to_owned(), port, active: true, vids });
            node.bridges.sort_by(|a, b| a.name.cmp(&b.name));
        }
        (_, None) => return Err(target.none("bridge", name)),
        ("bridge-missing", _) => node.bridges.retain(|b| b.name != name),
        ("bridge-vids", Some(bridge)) => bridge.vids = (!vids.is_empty()).then(|| vids.to_owned()),
        (_, Some(bridge)) => bridge.active = target.name == "bridge-up",
    }
    Ok(())
}

fn mapping(cluster: &mut Cluster, target: &Target<'_>, present: bool) -> Broken {
    let (id, at) = halves(target.what);
    let same = |m: &Value| m.get("id").and_then(Value::as_str) == Some(id);
    if at.is_empty() && !present {
        if !cluster.mappings.iter().any(same) {
            return Err(target.none("mapping", id));
        }
        cluster.mappings.retain(|m| !same(m));
        return Ok(());
    }
    node(cluster, target, at)?;
    if present && !cluster.mappings.iter().any(same) {
        cluster.mappings.push(serde_json::json!({ "id": id, "description": "", "map": [] }));
    }
    let found = cluster.mappings.iter_mut().find(|m| same(m));
    let list = found.and_then(|m| m.get_mut("map")?.as_array_mut());
    let list = list.ok_or_else(|| target.none("mapping", id))?;
    list.retain(|e| e.as_str().is_none_or(|e| !e.contains(&format!("node={at},"))));
    if present {
        list.push(Value::from(format!("node={at},path=0000:01:00.0,id=10de:2204,iommugroup=15")));
    }
    Ok(())
}

/// Privileges of a role that Proxmox VE has from the beginning, or of the provider's.
fn role(name: &str) -> Option<Vec<String>> {
    let list: &[&str] = match name {
        "OmniProvider" => return Some(full_privileges()),
        "none" => &[],
        "PVEAuditor" => &[
            "Datastore.Audit",
            "Mapping.Audit",
            "Pool.Audit",
            "SDN.Audit",
            "Sys.Audit",
            "VM.Audit",
            "VM.GuestAgent.Audit",
        ],
        "PVEVMAdmin" => &[
            "VM.Allocate",
            "VM.Audit",
            "VM.Backup",
            "VM.Clone",
            "VM.Config.CDROM",
            "VM.Config.CPU",
            "VM.Config.Cloudinit",
            "VM.Config.Disk",
            "VM.Config.HWType",
            "VM.Config.Memory",
            "VM.Config.Network",
            "VM.Config.Options",
            "VM.Console",
            "VM.GuestAgent.Audit",
            "VM.GuestAgent.FileRead",
            "VM.GuestAgent.FileSystemMgmt",
            "VM.GuestAgent.FileWrite",
            "VM.GuestAgent.Unrestricted",
            "VM.Migrate",
            "VM.PowerMgmt",
            "VM.Replicate",
            "VM.Snapshot",
            "VM.Snapshot.Rollback",
        ],
        _ => return None,
    };
    Some(list.iter().map(|p| (*p).to_owned()).collect())
}

fn token(cluster: &mut Cluster, target: &Target<'_>, unix: i64) -> Broken {
    let token = cluster.tokens.first_mut().ok_or_else(|| target.missing("token"))?;
    let (privilege, path) = halves(target.what);
    let path = if path.is_empty() { "/" } else { path };
    match target.name {
        "token-refused" | "token-accepted" => token.refused = target.name == "token-refused",
        "token-expires" if target.what == "never" => token.expires = 0,
        "token-expires" => {
            let days: i64 = target.what.parse().map_err(|_| target.missing("number of days"))?;
            token.expires = unix + if days == 0 { -3600 } else { days * 86_400 };
        }
        "token-role" => {
            let list = role(target.what).ok_or_else(|| target.missing("role"))?;
            token.privileges = [("/".to_owned(), list)].into();
        }
        "bridges-hidden" => token.take("/", &["SDN.Audit", "SDN.Use"]),
        "bridges-shown" => token.give("/", &["SDN.Audit", "SDN.Use"]),
        "privilege-missing" => token.take(path, &[privilege]),
        "privilege-given" => token.give(path, &[privilege]),
        _ => return Err(super::unknown(target.name)),
    }
    Ok(())
}
