//! Tasks.

use serde_json::{Map, Value, json};

use super::super::world::EPOCH;
use super::access::Token;
use super::model::{Cluster, Task};
use super::reply::Reply;

fn unix(ms: i64) -> i64 {
    EPOCH + ms.div_euclid(1000)
}

/// Whether the token may look at a task: its own, or all of the node.
fn visible(task: &Task, token: &Token) -> bool {
    task.principal == token.id || token.may(&format!("/nodes/{}", task.node), "Sys.Audit")
}

fn entry(task: &Task) -> Map<String, Value> {
    let (user, token) =
        task.principal.split_once('!').map_or((task.principal.as_str(), None), |(u, t)| (u, Some(t)));
    let mut entry = Map::new();
    entry.insert("upid".into(), json!(task.upid));
    entry.insert("node".into(), json!(task.node));
    entry.insert("pid".into(), json!(task.pid));
    let boot = task.upid.split(':').nth(3).and_then(|b| u64::from_str_radix(b, 16).ok());
    entry.insert("pstart".into(), json!(boot.unwrap_or_default()));
    entry.insert("starttime".into(), json!(unix(task.start)));
    entry.insert("type".into(), json!(task.kind));
    entry.insert("id".into(), json!(task.id));
    entry.insert("user".into(), json!(user));
    if let Some(token) = token {
        entry.insert("tokenid".into(), json!(token));
    }
    entry
}

/// Lists tasks, newest first: those of others only with `Sys.Audit`.
pub fn list(
    cluster: &Cluster,
    node: Option<&str>,
    token: &Token,
    query: &[(String, String)],
    now: u64,
) -> Reply {
    let wanted = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let number = |name: &str| wanted(name).and_then(|l| l.parse::<i64>().ok());
    let limit = number("limit").and_then(|l| usize::try_from(l).ok()).unwrap_or(50);
    let skip = number("start").and_then(|l| usize::try_from(l).ok()).unwrap_or(0);
    let source = wanted("source").unwrap_or("archive");
    let now = now as i64;
    let entries = cluster
        .tasks
        .iter()
        .rev()
        .filter(|t| node.is_none_or(|n| n == t.node) && visible(t, token))
        .filter(|t| wanted("vmid").is_none_or(|v| v == t.id))
        .filter(|t| wanted("typefilter").is_none_or(|k| t.kind == k))
        .filter(|t| wanted("userfilter").is_none_or(|u| t.principal.contains(u)))
        .filter(|t| number("since").is_none_or(|at| unix(t.start) >= at))
        .filter(|t| number("until").is_none_or(|at| unix(t.start) <= at))
        .filter(|t| wanted("errors") != Some("1") || (t.end <= now && t.status != "OK"))
        .filter(|t| match source {
            "active" => t.end > now,
            "all" => true,
            _ => node.is_none() || t.end <= now,
        })
        .skip(skip)
        .take(limit)
        .map(|t| {
            let mut entry = entry(t);
            if t.end <= now {
                entry.insert("endtime".into(), json!(unix(t.end)));
                entry.insert("status".into(), json!(t.status));
            }
            if node.is_none() {
                entry.insert("saved".into(), json!(if t.end <= now { "1" } else { "0" }));
            }
            Value::Object(entry)
        });
    Reply::data(entries.collect::<Vec<_>>())
}

/// `…/tasks/<upid>/status` and `…/log`.
pub fn one(
    cluster: &Cluster,
    upid: &str,
    what: &str,
    token: &Token,
    query: &[(String, String)],
    now: u64,
) -> Reply {
    let Some(task) = cluster.tasks.iter().find(|t| t.upid == upid) else {
        return Reply::parameter("upid", "no such task");
    };
    if !visible(task, token) {
        return Reply::forbidden(&format!("/nodes/{}", task.node), "Sys.Audit");
    }
    let ended = task.end <= now as i64;
    if what == "log" {
        let number = |name: &str, other: usize| {
            query.iter().find(|(k, _)| k == name).and_then(|(_, v)| v.parse().ok()).unwrap_or(other)
        };
        let mut lines = task.log.clone();
        if ended && task.succeeded() {
            lines.push(format!("TASK {}", task.status));
        } else if ended {
            lines.push(format!("TASK ERROR: {}", task.status));
        }
        if lines.is_empty() {
            lines.push("no content".to_owned());
        }
        let shown = lines.into_iter().enumerate().skip(number("start", 0)).take(number("limit", 50));
        return Reply::data(shown.map(|(at, text)| json!({ "n": at + 1, "t": text })).collect::<Vec<_>>());
    }
    let mut entry = entry(task);
    if ended {
        entry.insert("status".into(), json!("stopped"));
        entry.insert("exitstatus".into(), json!(task.status));
    } else {
        entry.insert("status".into(), json!("running"));
    }
    Reply::data(Value::Object(entry))
}
