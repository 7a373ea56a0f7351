//! Reading fields of what was seen, escaped.

use crate::resource::{LiveResource, OMNI_PREFIX};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Longest text of a status or an error that is shown.
const LONG: usize = 400;
/// Longest name.
const NAME: usize = 160;

/// A name from outside.
pub(super) fn name(text: &str) -> String {
    Untrusted::new(text).line(NAME)
}

/// A text field, if it says something.
pub(super) fn text(live: &LiveResource, path: &[&str]) -> Option<String> {
    let text = live.resource.spec.at(path).and_then(Value::as_str).filter(|t| !t.is_empty())?;
    Some(Untrusted::new(text).line(LONG))
}

/// A version without its `v`.
pub(super) fn version(live: &LiveResource, path: &[&str]) -> Option<String> {
    text(live, path).map(|v| v.trim_start_matches('v').to_owned())
}

/// A number or an enum; zero if it is left out.
pub(super) fn number(live: &LiveResource, path: &[&str]) -> i128 {
    live.resource.spec.at(path).and_then(Value::as_int).unwrap_or(0)
}

/// A count; zero if it is left out.
pub(super) fn count(live: &LiveResource, path: &[&str]) -> u32 {
    u32::try_from(number(live, path)).unwrap_or(0)
}

/// A flag; false if it is left out.
pub(super) fn flag(live: &LiveResource, path: &[&str]) -> bool {
    live.resource.spec.at(path).and_then(Value::as_bool) == Some(true)
}

/// Whether a label of Omni's is there, whatever its value.
pub(super) fn labelled(live: &LiveResource, key: &str) -> bool {
    live.resource.omni_label(key).is_some()
}

/// Whether an annotation of Omni's is there, whatever its value.
pub(super) fn annotated(live: &LiveResource, key: &str) -> bool {
    live.resource.annotations.contains_key(&format!("{OMNI_PREFIX}{key}"))
}
