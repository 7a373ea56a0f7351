//! What people do in Omni beside the files: objects made, changed and removed as with its own client.
//!
//! An object is JSON: `type` (short, as `ConfigPatches`), `id`, `labels`, `annotations`, `spec` (the gateway's names). A change
//! gives only what differs; `null` takes away.

use serde_json::{Map, Value};

use super::omni::{Event, Key, Resource, Store};
use super::serve::LabError;

/// Who does it, as Omni's audit log has it.
const SOMEBODY: &str = "somebody@example.org";

struct Order {
    key: Key,
    content: Map<String, Value>,
}

fn order(text: &str) -> Result<Order, LabError> {
    let wrong = |why: &str| {
        LabError::NoTarget(format!(
            "an object is written as {{\"type\": \"ConfigPatches\", \"id\": \"…\", \"labels\": {{…}}, \"spec\": {{…}}}}: {why}"
        ))
    };
    let Ok(Value::Object(content)) = serde_json::from_str::<Value>(text) else {
        return Err(wrong("this is no JSON object"));
    };
    let word = |key: &str| content.get(key).and_then(Value::as_str).filter(|w| !w.is_empty());
    let (Some(kind), Some(id)) = (word("type"), word("id")) else {
        return Err(wrong("`type` and `id` are texts"));
    };
    Ok(Order { key: Key::of(kind, id), content })
}

/// Puts a change over a value: mappings are merged, `null` removes, all else replaces.
fn merge(value: &mut Value, change: &Value) {
    let Value::Object(fields) = change else {
        value.clone_from(change);
        return;
    };
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    let Value::Object(map) = value else { return };
    for (key, field) in fields {
        if field.is_null() {
            map.remove(key);
        } else {
            merge(map.entry(key.clone()).or_insert(Value::Null), field);
        }
    }
}

fn change(resource: &mut Resource, content: &Map<String, Value>) {
    if let Some(spec) = content.get("spec") {
        merge(&mut resource.spec, spec);
    }
    for (name, map) in [("labels", &mut resource.labels), ("annotations", &mut resource.annotations)] {
        for (key, value) in content.get(name).and_then(Value::as_object).into_iter().flatten() {
            match value {
                Value::Null => drop(map.remove(key)),
                value => {
                    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                    map.insert(key.clone(), text);
                }
            }
        }
    }
}

/// Makes an object.
pub fn make(store: &Store, text: &str, now: i64) -> Result<(), LabError> {
    let Order { key, content } = order(text)?;
    let mut resource = Resource::new(key.clone(), Value::Object(Map::new()));
    change(&mut resource, &content);
    let there = |_| LabError::NoTarget(format!("the world has `{}` already", key.id));
    store.create(resource, now).map_err(there)?;
    store.note_audit(Event::new("create", &key, SOMEBODY, now));
    Ok(())
}

/// Changes an object.
pub fn edit(store: &Store, text: &str, now: i64) -> Result<(), LabError> {
    let Order { key, content } = order(text)?;
    let missing = |_| LabError::NoTarget(format!("the world has no `{}`", key.id));
    store.modify(&key, now, |resource| change(resource, &content)).map_err(missing)?;
    store.note_audit(Event::new("update", &key, SOMEBODY, now));
    Ok(())
}

/// Removes an object, `TYPE/ID`: it tears down, as with a client's deletion.
pub fn remove(store: &Store, text: &str, now: i64) -> Result<(), LabError> {
    let (kind, id) = text.split_once('/').unwrap_or((text, ""));
    let key = Key::of(kind, id);
    let missing = |_| LabError::NoTarget(format!("the world has no `{text}`"));
    store.teardown(&key, now).map_err(missing)?;
    store.note_audit(Event::new("teardown", &key, SOMEBODY, now));
    Ok(())
}
