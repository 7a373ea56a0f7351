//! What an update sends: the files' content, and what belongs to others on the live object.

use std::collections::BTreeMap;

use crate::graph::Prune;
use crate::kinds::fields::{Field, FieldKind, by_json};
use crate::kinds::{self, normalise};
use crate::resource::Resource;
use crate::value::Value;

/// Annotations by which people freeze a cluster or a machine. They are respected and never stripped, unless our own file
/// set them and no longer does.
pub const LOCKS: [&str; 2] = ["omni.sidero.dev/cluster-locked", "omni.sidero.dev/locked"];

/// Whether a cluster or a machine is locked. Any value counts.
pub fn is_locked(resource: &Resource) -> bool {
    LOCKS.iter().any(|lock| resource.annotations.contains_key(*lock))
}

/// What is sent when `live` is to become `desired`: an Update replaces spec, labels and annotations as a whole, so what
/// others put there is carried along.
///
/// Labels and annotations that we applied earlier and that the files no longer name go; all others stay. With
/// [`Prune::Template`] the maps are exact, as in `omnictl cluster template sync`. Spec fields that no table of ours knows
/// (newer servers) and fields that the server owns are carried in either mode.
pub fn carry(live: &Resource, desired: &Resource, applied: Option<&Resource>, prune: Prune) -> Resource {
    let map = |live: &BTreeMap<String, String>,
               desired: &BTreeMap<String, String>,
               applied: Option<&BTreeMap<String, String>>| {
        let mut out = desired.clone();
        if prune == Prune::Record {
            for (key, value) in live {
                if !applied.is_some_and(|a| a.contains_key(key)) {
                    out.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        out
    };
    let mut spec = desired.spec.clone();
    if let Some(kind) = kinds::by_type(&live.id.kind) {
        spec = normalise(kind, &spec);
        carry_unknown(kind.fields, &live.spec, &mut spec);
    }
    Resource {
        id: live.id.clone(),
        labels: map(&live.labels, &desired.labels, applied.map(|a| &a.labels)),
        annotations: map(&live.annotations, &desired.annotations, applied.map(|a| &a.annotations)),
        spec,
    }
}

fn carry_unknown(fields: &'static [Field], live: &Value, out: &mut Value) {
    let Some(map) = live.as_map() else { return };
    for (key, value) in map {
        match by_json(fields, key) {
            None => {
                if out.get(key).is_none() {
                    out.set(key, value.clone());
                }
            }
            Some(field) if field.server_owned => {
                if out.get(field.json).is_none() {
                    out.set(field.json, value.clone());
                }
            }
            Some(Field { json, kind: FieldKind::Message(inner), .. }) => {
                if let Some(mut nested) = out.get(json).cloned() {
                    carry_unknown(inner, value, &mut nested);
                    out.set(json, nested);
                }
            }
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn cluster(annotations: &[&str], spec: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns("Clusters", "c"));
        r.annotations = annotations.iter().map(|a| ((*a).to_owned(), String::new())).collect();
        r.spec = serde_json::from_str(spec).unwrap();
        r
    }

    #[test]
    fn a_lock_found_live_stays_and_one_that_we_set_goes_with_the_file() {
        let live = cluster(&["omni.sidero.dev/cluster-locked", "note"], "{}");
        let desired = cluster(&[], "{}");
        let kept = carry(&live, &desired, None, Prune::Record);
        assert!(is_locked(&kept) && kept.annotations.contains_key("note"));
        let ours = carry(&live, &desired, Some(&live), Prune::Record);
        assert!(!is_locked(&ours));
        assert_eq!(carry(&live, &desired, None, Prune::Template).annotations.len(), 0);
    }

    #[test]
    fn fields_of_newer_servers_survive_an_update() {
        let live = cluster(
            &[],
            r#"{"talos_version":"1.11.6","features":{"brave_new":true,"disk_encryption":true},"x":1}"#,
        );
        let desired = cluster(&[], r#"{"talos_version":"1.12.0","features":{}}"#);
        assert_eq!(
            carry(&live, &desired, None, Prune::Record).spec.canonical(),
            r#"{"features":{"brave_new":true},"talos_version":"1.12.0","x":1}"#
        );
    }
}
