//! What people do to VMs behind Omni's back.

use serde_json::{Map, Value, json};

use super::super::proxmox::{Guest, GuestKind, Image};
use super::super::world::World;
use super::{Broken, Target, halves};

/// Who does it.
const SOMEBODY: &str = "root@pam";

/// Does it, if it is one of them.
pub fn act(world: &mut World, target: &Target<'_>) -> Broken {
    let now = world.now;
    let (first, rest) = target.what.split_once([':', '@', '=']).unwrap_or((target.what, ""));
    match target.name {
        "orphan-vm" => return orphan(world, target),
        "orphan-iso" => return image(world, target, first, rest),
        _ => {}
    }
    let vmid: u32 = first.parse().map_err(|_| target.missing("VM"))?;
    let cluster = &mut world.proxmox;
    let guest = cluster.guests.get_mut(&vmid).ok_or_else(|| target.none("VM", first))?;
    let node = guest.node.clone();
    // Kind of the task that tells of it, and whether the machine is heard afterwards.
    let (mut task, mut heard) = ("", None);
    match target.name {
        "vm-stopped" => (guest.started, task, heard) = (None, "qmstop", Some(false)),
        "vm-started" => {
            (guest.started, guest.uptime, guest.emulator) = (Some(now), 0, None);
            (task, heard) = ("qmstart", Some(true));
        }
        "vm-deleted" | "vm-reused" => {
            let old = cluster.guests.remove(&vmid);
            cluster.ha.remove(&vmid);
            (task, heard) = ("qmdestroy", Some(false));
            if let Some(old) = old.filter(|_| target.name == "vm-reused") {
                cluster.task(&node, (task, first, SOMEBODY), (now, 0), "OK");
                task = "qmcreate";
                let uuid = world.random.uuid();
                world.proxmox.guests.insert(vmid, foreign(old, &uuid, now));
            }
        }
        "vm-migrated" => {
            if cluster.nodes.iter().all(|n| n.name != rest) {
                return Err(target.none("node", rest));
            }
            rest.clone_into(&mut guest.node);
            task = "qmigrate";
        }
        "vm-paused" => (guest.emulator, task, heard) = (Some("paused".to_owned()), "qmpause", Some(false)),
        "vm-io-error" => (guest.emulator, heard) = (Some("io-error".to_owned()), Some(false)),
        "vm-resumed" => (guest.emulator, task, heard) = (None, "qmresume", Some(true)),
        "vm-edited" | "vm-pending" => {
            let (key, value) = rest.split_once('=').ok_or_else(|| target.missing("key and value"))?;
            edit(guest, key, value, target.name == "vm-pending");
            task = "qmconfig";
        }
        "vm-protected" | "vm-unprotected" => guest.protected = target.name == "vm-protected",
        "vm-locked" => guest.lock = Some(if rest.is_empty() { "backup" } else { rest }.to_owned()),
        "vm-unlocked" => guest.lock = None,
        "vm-in-ha" => drop(cluster.ha.insert(vmid, "started".to_owned())),
        "vm-out-of-ha" => drop(cluster.ha.remove(&vmid)),
        "vm-duplicated" => {
            let mut copy = guest.clone();
            copy.vmid = cluster.next_id();
            let id = copy.vmid.to_string();
            for value in copy.config.values_mut() {
                if let Some(text) =
                    value.as_str().map(|t| t.replace(&format!("vm-{vmid}-disk"), &format!("vm-{id}-disk")))
                {
                    *value = Value::from(text);
                }
            }
            (copy.started, copy.uptime) = (Some(now), 0);
            cluster.guests.insert(copy.vmid, copy);
            cluster.task(&node, ("qmrestore", &id, SOMEBODY), (now, 0), "OK");
        }
        _ => return Err(super::unknown(target.name)),
    }
    if !task.is_empty() {
        world.proxmox.task(&node, (task, first, SOMEBODY), (now, 0), "OK");
    }
    for machine in world.machines.values_mut().filter(|m| m.vmid == vmid) {
        match heard {
            Some(true) => machine.silent_since = None,
            Some(false) => machine.silent_since = Some(now),
            None => {}
        }
    }
    Ok(())
}

/// Another VM under the same VMID.
fn foreign(old: Guest, uuid: &str, now: u64) -> Guest {
    let mut config = old.config.clone();
    config.remove("ide0");
    config.insert("ide2".into(), json!("none,media=cdrom"));
    config.insert("smbios1".into(), json!(format!("uuid={uuid}")));
    config.insert("net0".into(), json!("virtio=BC:24:11:77:00:01,bridge=vmbr0,firewall=1"));
    config.insert("ostype".into(), json!("l26"));
    Guest {
        name: "postgres-01".to_owned(),
        tags: Vec::new(),
        started: Some(now),
        uptime: 0,
        lock: None,
        protected: false,
        emulator: None,
        pending: Map::new(),
        config,
        ..old
    }
}

/// A value as configuration files have it: plain numbers are numbers, but for memory.
fn value(key: &str, text: &str) -> Value {
    let number = text.parse::<u64>().ok().filter(|_| key != "memory");
    number.map_or_else(|| json!(text), |n| json!(n))
}

fn edit(guest: &mut Guest, key: &str, text: &str, waits: bool) {
    if waits {
        guest.pending.insert(key.to_owned(), if text.is_empty() { Value::Null } else { value(key, text) });
        return;
    }
    match key {
        "name" => return text.clone_into(&mut guest.name),
        "tags" => {
            guest.tags = text.split(';').filter(|t| !t.is_empty()).map(str::to_owned).collect();
            return guest.tags.sort();
        }
        "protection" => return guest.protected = text == "1",
        "lock" => return guest.lock = (!text.is_empty()).then(|| text.to_owned()),
        _ => {}
    }
    if text.is_empty() {
        guest.config.remove(key);
    } else {
        guest.config.insert(key.to_owned(), value(key, text));
    }
    let number = |key: &str, other: u64| {
        let value = guest.config.get(key);
        value.and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok())).unwrap_or(other)
    };
    guest.cpus = u32::try_from(number("cores", 1) * number("sockets", 1)).unwrap_or(u32::MAX);
    guest.memory = number("memory", 512) << 20;
}

/// A VM that looks like the provider's, for a request that nobody knows.
fn orphan(world: &mut World, target: &Target<'_>) -> Broken {
    let (set, at) = halves(target.what);
    if set.is_empty() || world.proxmox.node(at).is_none() {
        return Err(target.missing("place"));
    }
    let (uuid, letters) = (world.random.uuid(), world.random.letters(6));
    let vmid = world.proxmox.next_id();
    let (now, unix) = (world.now, world.unix());
    let given = json!({
        "vmid": vmid, "name": format!("{set}-{letters}"), "smbios1": format!("uuid={uuid}"), "cores": 4, "sockets": 1,
        "memory": 8192, "cpu": "x86-64-v2-AES", "scsihw": "virtio-scsi-single", "onboot": 1, "agent": "enabled=true",
        "cdrom": "local:iso/orphan.iso", "scsi0": "vm_ssd:40", "net0": "virtio,bridge=vmbr0,firewall=1",
        "tags": format!("machine-request.{set};go-proxmox+cloud-init"),
    });
    world.proxmox.put_vm(at, given.as_object().unwrap_or(&Map::new()), unix);
    if let Some(guest) = world.proxmox.guests.get_mut(&vmid).filter(|g| g.kind == GuestKind::Qemu) {
        guest.started = Some(now);
    }
    Ok(())
}

fn image(world: &mut World, target: &Target<'_>, vmid: &str, at: &str) -> Broken {
    let (vmid, created): (u32, i64) = (vmid.parse().map_err(|_| target.missing("VMID"))?, world.unix());
    let node = world.proxmox.node_mut(at).ok_or_else(|| target.none("node", at))?;
    node.images.push(Image {
        storage: "local".to_owned(),
        name: format!("user-data-{vmid}.iso"),
        size: 51_200,
        created,
    });
    Ok(())
}
