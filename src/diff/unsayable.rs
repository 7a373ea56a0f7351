//! What no template can say, and what another form of says the same: it belongs to whoever set it, and stays.
//!
//! `omnictl cluster template sync` writes these over. Where only what we made or adopted is ours to prune, that would undo
//! somebody's choice that the files say nothing about.

use crate::resource::Resource;
use crate::value::Value;

/// Fields of a control plane's set that no ControlPlane can state.
const OF_CONTROL_PLANES: [&str; 4] =
    ["update_strategy", "update_strategy_config", "delete_strategy", "delete_strategy_config"];

/// Takes over into `after`, which is about to be compared with `live` and sent, what its template had no words for.
/// `newer`: the templates are those of Omni 1.10 or later, which can state more features.
pub fn keep_unsayable(live: &Resource, after: &mut Resource, newer: bool) {
    match live.id.short_kind() {
        "Clusters" => cluster(&live.spec, &mut after.spec, newer),
        "MachineSets" => {
            if live.omni_label("role-controlplane").is_some() {
                for field in OF_CONTROL_PLANES {
                    take(&live.spec, &mut after.spec, field);
                }
            }
            allocation(&live.spec, &mut after.spec);
        }
        _ => {}
    }
}

fn take(live: &Value, after: &mut Value, field: &str) {
    match (live.get(field), after) {
        (Some(value), after) => after.set(field, value.clone()),
        (None, Value::Map(after)) => drop(after.remove(field)),
        (None, _) => {}
    }
}

fn cluster(live: &Value, after: &mut Value, newer: bool) {
    let on = |path: &[&str]| live.at(path).and_then(Value::as_bool) == Some(true);
    // Backups that are switched off, with the interval that they had.
    if live.get("backup_configuration").is_some()
        && !on(&["backup_configuration", "enabled"])
        && after.get("backup_configuration").is_none()
    {
        take(live, after, "backup_configuration");
    }
    if !newer {
        for feature in ["enable_node_audit_skip", "disable_public_discovery_service"] {
            if on(&["features", feature]) && after.at(&["features", feature]).is_none() {
                let mut features = after.get("features").cloned().unwrap_or_default();
                features.set(feature, true.into());
                after.set("features", features);
            }
        }
    }
}

/// The older field for a class, and a count beside "all that fit": the same machines.
fn allocation(live: &Value, after: &mut Value) {
    let Some(wanted) = after.get("machine_allocation").cloned() else { return };
    let part = |of: &Value, key: &str| of.get(key).cloned().unwrap_or(Value::Null);
    let unlimited = part(&wanted, "allocation_type") == Value::Int(1);
    let alike = |of: &Value| {
        let count = unlimited || part(of, "machine_count") == part(&wanted, "machine_count");
        count && ["name", "allocation_type"].iter().all(|key| part(of, key) == part(&wanted, key))
    };
    match (live.get("machine_class"), live.get("machine_allocation")) {
        (Some(older), None) if alike(older) => {
            take(live, after, "machine_class");
            take(live, after, "machine_allocation");
        }
        (None, Some(now)) if alike(now) => take(live, after, "machine_allocation"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn resource(short: &str, spec: &str) -> Resource {
        let mut r = Resource::new(ResourceId::default_ns(short, "x"));
        r.spec = serde_json::from_str(spec).unwrap();
        r
    }

    fn kept(short: &str, live: &str, after: &str, newer: bool) -> String {
        let mut live = resource(short, live);
        live.labels.insert("omni.sidero.dev/role-controlplane".into(), String::new());
        let mut after = resource(short, after);
        keep_unsayable(&live, &mut after, newer);
        after.spec.canonical()
    }

    #[test]
    fn what_a_control_plane_cannot_state_stays() {
        assert_eq!(
            kept("MachineSets", r#"{"delete_strategy":1}"#, r#"{"update_strategy":1}"#, false),
            r#"{"delete_strategy":1}"#
        );
    }

    #[test]
    fn another_form_of_the_same_stays_and_a_change_is_written_in_the_new_form() {
        let older = r#"{"machine_class":{"machine_count":3,"name":"c"}}"#;
        assert_eq!(
            kept("MachineSets", older, r#"{"machine_allocation":{"machine_count":3,"name":"c"}}"#, false),
            older
        );
        let changed = r#"{"machine_allocation":{"machine_count":4,"name":"c"}}"#;
        assert_eq!(kept("MachineSets", older, changed, false), changed);
        let unlimited = r#"{"machine_allocation":{"allocation_type":1,"machine_count":2,"name":"c"}}"#;
        let wanted = r#"{"machine_allocation":{"allocation_type":1,"name":"c"}}"#;
        assert_eq!(kept("MachineSets", unlimited, wanted, false), unlimited);
    }

    #[test]
    fn features_that_the_templates_do_not_know_stay() {
        let live = r#"{"features":{"enable_node_audit_skip":true}}"#;
        assert_eq!(kept("Clusters", live, r#"{"features":{}}"#, false), live);
        assert_eq!(kept("Clusters", live, r#"{"features":{}}"#, true), r#"{"features":{}}"#);
        let off = r#"{"backup_configuration":{"interval":"60s"}}"#;
        assert_eq!(kept("Clusters", off, "{}", true), off);
        let on = r#"{"backup_configuration":{"enabled":true,"interval":"60s"}}"#;
        assert_eq!(kept("Clusters", on, "{}", true), "{}");
    }
}
