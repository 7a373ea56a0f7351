//! What high availability manages.

use serde_json::json;

use super::model::{Cluster, GuestKind};
use super::reply::Reply;

/// `GET /cluster/ha/resources`.
pub fn resources(cluster: &Cluster) -> Reply {
    let entries = cluster.ha.iter().map(|(vmid, state)| {
        let kind = match cluster.guests.get(vmid).map(|g| g.kind) {
            Some(GuestKind::Lxc) => "ct",
            _ => "vm",
        };
        json!({ "sid": format!("{kind}:{vmid}"), "type": kind, "state": state, "digest": "ab" })
    });
    Reply::data(entries.collect::<Vec<_>>())
}

/// `ha` of a guest's current status.
pub fn of(cluster: &Cluster, vmid: u32) -> serde_json::Value {
    match cluster.ha.get(&vmid) {
        Some(state) => json!({ "managed": 1, "state": state }),
        None => json!({ "managed": 0 }),
    }
}
