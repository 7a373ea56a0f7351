//! Limits of ids, labels and annotations, the same for every type.

use super::Reasons;
use crate::lab::omni::store::Resource;

const ID: usize = 1024;
const ENTRIES: usize = 256;
const KEY: usize = 1024;
const VALUE: usize = 16 << 10;

pub(super) fn check(resource: &Resource, reasons: &mut Reasons) {
    let id = &resource.key.id;
    if id.is_empty() {
        reasons.push("resource ID must not be empty".to_owned());
    }
    if id.len() > ID {
        reasons.push(format!("resource ID is too long: {} bytes (max {ID})", id.len()));
    }
    if id.chars().any(char::is_control) {
        reasons.push("resource ID contains a control character".to_owned());
    }
    for (what, map) in [("label", &resource.labels), ("annotation", &resource.annotations)] {
        if map.len() > ENTRIES {
            reasons.push(format!("too many {what}s: {} (max {ENTRIES})", map.len()));
        }
        for (key, value) in map {
            if key.len() > KEY {
                reasons.push(format!("{what} key is too long: {} bytes (max {KEY})", key.len()));
            }
            if value.len() > VALUE {
                reasons
                    .push(format!("{what} \"{key}\" value is too long: {} bytes (max {VALUE})", value.len()));
            }
            if key.chars().chain(value.chars()).any(char::is_control) {
                reasons.push(format!("{what} {key:?} contains a control character"));
            }
        }
    }
}
