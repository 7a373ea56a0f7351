//! Infrastructure providers: the id, and that nothing runs on one that goes.

use super::{Context, Reasons, Write};

pub(super) fn check(context: &Context<'_>, write: &Write<'_>, reasons: &mut Reasons) {
    match write {
        // 1.9 takes any id; its real limit is the service account.
        Write::Create(new) if context.version.knows_new() && !label(&new.key.id) => {
            let id = &new.key.id;
            reasons.push(format!(
                "invalid infra provider name: \"{id}\" is not a valid DNS-1123 label (lowercase alphanumeric and hyphens, starting and ending with alphanumeric, max 63 characters)"
            ));
        }
        Write::Teardown(old) => {
            let mine = context.store.labelled("Machines", "omni.sidero.dev/infra-provider-id", &old.key.id);
            if !mine.is_empty() {
                reasons.push(format!(
                    "cannot delete the infra provider \"{}\" as it still has {} machines",
                    old.key.id,
                    mine.len()
                ));
            }
        }
        _ => {}
    }
}

/// Whether a name is a DNS label.
fn label(id: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !id.is_empty() && id.len() <= 63 && id.chars().all(inner) && !id.starts_with('-') && !id.ends_with('-')
}
