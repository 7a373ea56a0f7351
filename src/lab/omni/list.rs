//! List: selectors, search, order, pages.

use std::cmp::Ordering;
use std::sync::Arc;

use serde_json::{Value, json};

use super::access::{self, Verb};
use super::errors::{Code, Refusal};
use super::gateway::{Call, Outcome};
use super::selectors::Selector;
use super::server::{message, shown};
use super::shifted::shifted;
use super::store::{Key, Resource};

/// Whether the caller sees the resource: a provider sees only what carries its own label.
pub(super) fn visible(call: &Call<'_>, resource: &Resource) -> bool {
    let Some(id) = call.account.provider() else { return true };
    match resource.key.kind.as_str() {
        "MachineRequests.omni.sidero.dev"
        | "InfraMachines.omni.sidero.dev"
        | "InfraMachineRegistrations.omni.sidero.dev"
        | "MachineRequestStatuses.omni.sidero.dev" => {
            resource.labelled("omni.sidero.dev/infra-provider-id") == Some(id)
        }
        _ => true,
    }
}

/// Answers a List.
pub(super) fn list(call: &Call<'_>) -> Result<Outcome, Refusal> {
    let key = Key::new(call.text("namespace"), call.text("type"), "");
    access::check(&call.account, Verb::Read, &key, call.server.store(), call.server.version())?;
    if call.server.hides(&key.kind) {
        return Err(Refusal::denied("unauthorized: access denied: insufficient role: \"Reader\""));
    }
    let mut selectors = Vec::new();
    for text in call.metadata.all("selectors") {
        selectors.push(Selector::parse(text).map_err(|e| Refusal::new(Code::InvalidArgument, e))?);
    }
    if key.kind == "EtcdBackups.omni.sidero.dev"
        && !selectors.iter().any(|s| s.names("omni.sidero.dev/cluster"))
    {
        return Err(Refusal::new(Code::Unknown, "cluster label selector is required"));
    }
    if key.namespace == "virtual" {
        return Err(Refusal::not_modelled(&format!("List of {}", key.kind)));
    }
    let search: Vec<&str> = call.body.get("search_for").map(texts).unwrap_or_default();
    let mut items = call.server.store().list(&key.namespace, &key.kind);
    items.retain(|r| {
        visible(call, r)
            && (selectors.is_empty() || selectors.iter().any(|s| s.matches(&r.labels)))
            && (search.is_empty() || search.iter().all(|term| mentions(r, term)))
    });
    if call.body.get("sort_descending") == Some(&Value::Bool(true)) || !call.text("sort_by_field").is_empty()
    {
        sort(&mut items, call)?;
    }
    let number = |name: &str| {
        call.body.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0)
    };
    let total = items.len();
    let limit = match number("limit") {
        0 => usize::MAX,
        n => n,
    };
    let ahead = call.wall.saturating_sub(call.now);
    let page = items.iter().skip(number("offset")).take(limit);
    let page: Vec<Value> = page.map(|r| shown(&shifted(r, ahead))).collect();
    let mut body = json!({});
    if let Some(map) = body.as_object_mut() {
        if !page.is_empty() {
            map.insert("items".to_owned(), page.into());
        }
        if total > 0 {
            map.insert("total".to_owned(), total.into());
        }
    }
    Ok(Outcome::Reply(message(&body)))
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether the id or a label contains the term.
fn mentions(resource: &Resource, term: &str) -> bool {
    resource.key.id.contains(term)
        || resource.labels.iter().any(|(k, v)| k.contains(term) || v.contains(term))
}

fn sort(items: &mut [Arc<Resource>], call: &Call<'_>) -> Result<(), Refusal> {
    let compare: fn(&Resource, &Resource) -> Ordering = match call.text("sort_by_field") {
        "" | "id" => |a, b| a.key.id.cmp(&b.key.id),
        "created" => |a, b| a.created.cmp(&b.created),
        "updated" => |a, b| a.updated.cmp(&b.updated),
        "version" => |a, b| a.version.cmp(&b.version),
        other => {
            return Err(Refusal::new(Code::Unknown, format!("unsupported sort field \"{other}\"")));
        }
    };
    items.sort_by(|a, b| compare(a, b).then_with(|| a.key.cmp(&b.key)));
    if call.body.get("sort_descending") == Some(&Value::Bool(true)) {
        items.reverse();
    }
    Ok(())
}
