//! What is done to VMs: started, stopped, changed, removed.

use serde_json::{Map, Value, json};

use super::access::Token;
use super::model::{Cluster, Effect, Guest, Node};
use super::parameters;
use super::reply::Reply;

/// Milliseconds of starting a VM.
const START: u64 = 900;
/// Milliseconds of a hard stop.
const STOP: u64 = 3_000;
/// Milliseconds of removing a VM.
const DESTROY: u64 = 4_000;

fn locked(guest: &Guest) -> Option<Reply> {
    guest.lock.as_ref().map(|lock| Reply::failed(&format!("VM is locked ({lock})")))
}

fn lacks(token: &Token, vmid: u32, privilege: &str) -> Option<Reply> {
    let path = format!("/vms/{vmid}");
    (!token.may(&path, privilege)).then(|| Reply::forbidden(&path, privilege))
}

/// `POST …/status/start` and `…/stop`.
pub fn act(cluster: &mut Cluster, node: &Node, vmid: u32, action: &str, token: &Token, now: u64) -> Reply {
    if let Some(refusal) = lacks(token, vmid, "VM.PowerMgmt") {
        return refusal;
    }
    if cluster.quorum_lost {
        return Reply::failed("cluster not ready - no quorum?");
    }
    let Some(guest) = cluster.guests.get(&vmid) else { return Reply::failed("no such VM") };
    if let Some(refusal) = locked(guest) {
        return refusal;
    }
    let id = vmid.to_string();
    let what = |kind| (kind, id.as_str(), token.id.as_str());
    match action {
        "start" if guest.started.is_some() => Reply::failed(&format!("VM {vmid} already running")),
        "start" => {
            let status = trouble(cluster, node, guest).unwrap_or_else(|| "OK".to_owned());
            let effect = Some(Effect::Started(vmid));
            Reply::data(cluster.task_with(&node.name, what("qmstart"), (now, START), &status, effect))
        }
        "stop" => {
            let effect = Some(Effect::Stopped(vmid));
            Reply::data(cluster.task_with(&node.name, what("qmstop"), (now, STOP), "OK", effect))
        }
        _ => Reply::not_implemented("POST", &format!("/nodes/{}/qemu/{vmid}/status/{action}", node.name)),
    }
}

/// Why a VM cannot start on its node.
fn trouble(cluster: &Cluster, node: &Node, guest: &Guest) -> Option<String> {
    if let Some(bridge) =
        parameters::bridges(&guest.config).find(|b| node.bridges.iter().all(|n| n.name != *b))
    {
        return Some(format!("bridge '{bridge}' does not exist"));
    }
    if guest.memory > node.memory {
        return Some("start failed: QEMU exited with code 1".to_owned());
    }
    if let Some(why) = parameters::mappings(&guest.config)
        .find_map(|m| super::mapping::trouble(cluster, &node.name, m))
        .filter(|_| !cluster.unchecked)
    {
        return Some(why);
    }
    let storage = cluster.storage(&guest.storage);
    if storage.is_none_or(|s| !cluster.usable(s, &node.name)) {
        return Some(format!("storage '{}' is not available on node '{}'", guest.storage, node.name));
    }
    None
}

/// `POST …/config`: keys are set; `cdrom` images get their size.
pub fn change(
    cluster: &mut Cluster,
    node: &Node,
    vmid: u32,
    given: &Map<String, Value>,
    token: &Token,
    now: u64,
) -> Reply {
    for privilege in parameters::privileges(given) {
        if let Some(refusal) = lacks(token, vmid, privilege) {
            return refusal;
        }
    }
    if cluster.quorum_lost {
        return Reply::failed(&format!(
            "unable to open file '/etc/pve/nodes/{}/qemu-server/{vmid}.conf.tmp.1229' - Permission denied",
            node.name
        ));
    }
    let Some(guest) = cluster.guests.get_mut(&vmid) else { return Reply::failed("no such VM") };
    if let Some(refusal) = locked(guest) {
        return refusal;
    }
    for (key, value) in given {
        let text = value.as_str().unwrap_or_default();
        match key.as_str() {
            "digest" | "delete" => {}
            "tags" => {
                guest.tags =
                    text.split([';', ',', ' ']).filter(|t| !t.is_empty()).map(str::to_lowercase).collect();
                guest.tags.sort();
                guest.tags.dedup();
            }
            "name" => text.clone_into(&mut guest.name),
            _ if text.ends_with("media=cdrom") => {
                guest.config.insert(key.clone(), json!(format!("{text},size=50K")));
            }
            _ => drop(guest.config.insert(key.clone(), value.clone())),
        }
    }
    Reply::data(cluster.task(&node.name, ("qmconfig", &vmid.to_string(), &token.id), (now, 0), "OK"))
}

/// `DELETE /nodes/<n>/qemu/<id>`.
pub fn destroy(cluster: &mut Cluster, node: &Node, vmid: u32, token: &Token, purge: bool, now: u64) -> Reply {
    if let Some(refusal) = lacks(token, vmid, "VM.Allocate") {
        return refusal;
    }
    if cluster.quorum_lost {
        return Reply::failed("cluster not ready - no quorum?");
    }
    let Some(guest) = cluster.guests.get(&vmid) else { return Reply::failed("no such VM") };
    if guest.protected {
        return Reply::failed(&format!("can't remove VM {vmid} - protection mode enabled"));
    }
    if cluster.ha.contains_key(&vmid) && !purge {
        return Reply::failed(&format!(
            "unable to remove VM {vmid} - used in HA resources and purge parameter not set."
        ));
    }
    if let Some(refusal) = locked(guest) {
        return refusal;
    }
    if guest.started.is_some() {
        return Reply::failed(&format!("VM {vmid} is running - destroy failed"));
    }
    let (id, effect) = (vmid.to_string(), Some(Effect::Destroyed(vmid)));
    cluster.ha.remove(&vmid);
    Reply::data(cluster.task_with(&node.name, ("qmdestroy", &id, &token.id), (now, DESTROY), "OK", effect))
}
