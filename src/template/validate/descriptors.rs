//! Labels and annotations of users must not use Omni's own prefix.

use super::Rules;
use crate::diag::{Diagnostic, codes};
use crate::resource::OMNI_PREFIX;
use crate::template::model::Descriptors;
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;

pub(super) fn check(rules: &mut Rules<'_>, descriptors: &Descriptors) {
    for (what, map) in [("label", &descriptors.labels), ("annotation", &descriptors.annotations)] {
        for (key, _) in map {
            if !key.value.starts_with(OMNI_PREFIX) {
                continue;
            }
            let name = Untrusted::new(&key.value).line(80);
            rules.sink.push(
                Diagnostic::error(
                    codes::RESERVED_PREFIX,
                    format!("the {what} `{name}` has the prefix `{OMNI_PREFIX}`, which is Omni's own"),
                )
                .at(rules.source, key.span, "reserved prefix")
                .note(format!(
                    "omnictl: {what} {} is invalid: prefix \"{OMNI_PREFIX}\" is reserved for internal use",
                    quoted(&key.value)
                ))
                .help(format!("use a prefix of your own; Omni sets its {what}s by itself")),
            );
        }
    }
}
