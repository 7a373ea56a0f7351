//! Tasks.

use serde_json::{Map, Value, json};

use super::super::world::EPOCH;
use super::access::Token;
use super::model::{Cluster, Task};
use super::reply::Reply;

fn unix(ms: u64) -> i64 {
    EPOCH + (ms / 1000) as i64
}

fn entry(task: &Task) -> Map<String, Value> {
    let (user, token) =
        task.principal.split_once('!').map_or((task.principal.as_str(), None), |(u, t)| (u, Some(t)));
    let mut entry = Map::new();
    entry.insert("upid".into(), json!(task.upid));
    entry.insert("node".into(), json!(task.node));
    entry.insert("pid".into(), json!(task.pid));
    entry.insert("pstart".into(), json!(0x188A_2F31_u64 + task.start / 10));
    entry.insert("starttime".into(), json!(unix(task.start)));
    entry.insert("type".into(), json!(task.kind));
    entry.insert("id".into(), json!(task.id));
    entry.insert("user".into(), json!(user));
    if let Some(token) = token {
        entry.insert("tokenid".into(), json!(token));
    }
    entry
}

/// Lists tasks: those of others only with `Sys.Audit`.
pub fn list(
    cluster: &Cluster,
    node: Option<&str>,
    token: &Token,
    query: &[(String, String)],
    now: u64,
) -> Reply {
    let wanted = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let limit = wanted("limit").and_then(|l| l.parse().ok()).unwrap_or(50);
    let archive = wanted("source").unwrap_or("archive");
    let entries = cluster
        .tasks
        .iter()
        .rev()
        .filter(|t| node.is_none_or(|n| n == t.node))
        .filter(|t| t.principal == token.id || token.may(&format!("/nodes/{}", t.node), "Sys.Audit"))
        .filter(|t| wanted("vmid").is_none_or(|v| v == t.id))
        .filter(|t| wanted("typefilter").is_none_or(|k| t.kind.contains(k)))
        .filter(|t| wanted("errors") != Some("1") || (t.end <= now && t.status != "OK"))
        .filter(|t| match archive {
            "active" => t.end > now,
            "all" => true,
            _ => node.is_none() || t.end <= now,
        })
        .take(limit)
        .map(|t| {
            let mut entry = entry(t);
            if t.end <= now {
                entry.insert("endtime".into(), json!(unix(t.end)));
                entry.insert("status".into(), json!(t.status));
            }
            if node.is_none() {
                entry.insert("saved".into(), json!("1"));
            }
            Value::Object(entry)
        });
    Reply::data(entries.collect::<Vec<_>>())
}

/// `…/tasks/<upid>/status` and `…/log`.
pub fn one(cluster: &Cluster, upid: &str, what: &str, now: u64) -> Reply {
    let Some(task) = cluster.tasks.iter().find(|t| t.upid == upid) else {
        return Reply::parameter("upid", "no such task");
    };
    if what == "log" {
        let text = if task.end > now { "no content".to_owned() } else { format!("TASK {}", task.status) };
        return Reply::data(json!([{ "n": 1, "t": text }]));
    }
    let mut entry = entry(task);
    if task.end > now {
        entry.insert("status".into(), json!("running"));
    } else {
        entry.insert("status".into(), json!("stopped"));
        entry.insert("exitstatus".into(), json!(task.status));
    }
    Reply::data(Value::Object(entry))
}
