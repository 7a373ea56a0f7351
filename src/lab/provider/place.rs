//! The choice of the node.

use serde_json::Value;

use super::client::Client;
use super::data::Data;
use super::log::{Said, say};

/// The node for a machine. The counting of the set's machines that the provider means to do first never works, so that the
/// node with the most free memory wins; a machine that just boots has used none of it yet. Every node is asked, silent ones
/// too, and the first that does not answer ends it.
pub fn pick(client: &mut Client<'_, '_>, data: &Data, in_set: bool) -> Result<String, String> {
    let nodes = client.get("/nodes")?;
    let nodes = nodes.as_array().cloned().unwrap_or_default();
    let word = |node: &Value, key: &str| node.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if !data.node.is_empty() {
        let Some(node) = nodes.iter().find(|n| word(n, "node") == data.node) else {
            return Err(format!("specified node \"{}\" not found in cluster", data.node));
        };
        let status = word(node, "status");
        if status != "online" {
            return Err(format!("specified node \"{}\" is not online (status: {status})", data.node));
        }
        say(client.pass, client.id, &Said::Pinned(&data.node));
        return Ok(data.node.clone());
    }
    let mut best: Option<(String, f64)> = None;
    for node in &nodes {
        let name = word(node, "node");
        if in_set {
            client
                .glance(&format!("/nodes/{name}/status"))
                .map_err(|why| format!("failed to get node \"{name}\", {why}"))?;
            client.get(&format!("/nodes/{name}/qemu"))?;
        }
        let bytes = |key: &str| node.get(key).and_then(Value::as_f64).unwrap_or(0.0);
        // Nothing of nothing is no number: then nobody is better than the first.
        let fraction = (bytes("maxmem") - bytes("mem")) / bytes("maxmem");
        if best.as_ref().is_none_or(|(_, most)| fraction > *most) {
            best = Some((name, fraction));
        }
    }
    let (name, _) = best.ok_or_else(|| "no nodes available".to_owned())?;
    say(client.pass, client.id, &Said::Picked(&name));
    Ok(name)
}
