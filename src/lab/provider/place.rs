//! The choice of the node.

use super::super::proxmox::Cluster;
use super::data::Data;

/// The node for a machine. The counting of the set's machines that the provider means to do first never works, so that the
/// node with the most free memory wins; a machine that just boots has used none of it yet.
pub fn pick(cluster: &Cluster, data: &Data, now: u64) -> Result<String, String> {
    if !data.node.is_empty() {
        return match cluster.node(&data.node) {
            None => Err(format!("specified node \"{}\" not found in cluster", data.node)),
            Some(node) if !node.online => {
                Err(format!("specified node \"{}\" is not online (status: offline)", data.node))
            }
            Some(node) => Ok(node.name.clone()),
        };
    }
    if let Some(silent) = cluster.nodes.iter().find(|n| !n.online) {
        return Err(format!("failed to get node \"{}\", unexpected end of JSON input", silent.name));
    }
    let mut best: Option<(&str, f64)> = None;
    for node in &cluster.nodes {
        let free = node.memory.saturating_sub(cluster.used_memory(node, now));
        let fraction = free as f64 / node.memory.max(1) as f64;
        if best.is_none_or(|(_, most)| fraction > most) {
            best = Some((&node.name, fraction));
        }
    }
    best.map(|(name, _)| name.to_owned()).ok_or_else(|| "no nodes".to_owned())
}
