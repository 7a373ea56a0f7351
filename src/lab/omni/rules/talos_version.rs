//! Versions: which exist, which fit, how they compare.

use serde_json::Value;

use super::{Context, Reasons};
use crate::lab::omni::store::{Key, Resource};

/// Major, minor, patch; what cannot be read counts as zero.
pub(super) fn parts(version: &str) -> (u64, u64, u64) {
    let core = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or("");
    let mut numbers = core.split('.').map(|p| p.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Major and minor.
pub(super) fn minor(version: &str) -> (u64, u64) {
    let (major, minor, _) = parts(version);
    (major, minor)
}

/// The Talos version must exist and be usable; one that is deprecated only where it is used already.
pub(super) fn usable(
    context: &Context<'_>,
    version: &str,
    present: Option<&str>,
    reasons: &mut Reasons,
) -> Option<std::sync::Arc<Resource>> {
    let key = Key::of("TalosVersions", version);
    let Some(found) = context.store.get(&key) else {
        let at = key.at("undefined");
        reasons
            .push(format!("invalid talos version \"{version}\": failed to get: resource {at} doesn't exist"));
        return None;
    };
    let flag = |r: &Resource, name: &str| r.spec.get(name).and_then(Value::as_bool) == Some(true);
    let present = present.and_then(|v| context.store.get(&Key::of("TalosVersions", v)));
    if flag(&found, "deprecated") && !present.is_some_and(|p| flag(&p, "deprecated")) {
        reasons.push(format!("talos version \"{version}\" is no longer supported"));
    }
    if flag(&found, "unsupported") {
        reasons.push(format!("talos version \"{version}\" is not supported by this Omni release"));
    }
    Some(found)
}

/// A duration as Go prints it: `1h0m0s`, `0s`.
pub(super) fn go_duration(seconds: u64) -> String {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (h, m) {
        (0, 0) => format!("{s}s"),
        (0, _) => format!("{m}m{s}s"),
        _ => format!("{h}h{m}m{s}s"),
    }
}
