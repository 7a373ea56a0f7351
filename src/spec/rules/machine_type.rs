//! `machine_type: i440fx`: in the provider's schema, refused by Proxmox.

use crate::diag::{Diagnostic, Sink, codes};
use crate::spec::fields::quote;

use super::recipe::Recipe;

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("machine_type") else { return };
    let Some(text) = node.text() else { return };
    if text == "i440fx" {
        sink.push(
            Diagnostic::error(codes::PROVIDER_VALUE, "Proxmox refuses `machine_type: i440fx`")
                .at(recipe.source, node.span, "the provider sends this word as it is")
                .note("Proxmox knows `pc`, `pc-i440fx-<version>`, `q35` and `pc-q35-<version>`")
                .help("leave `machine_type` out to get i440fx, or write `q35`"),
        );
        return;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '+' | ',' | '=' | '_');
    let known =
        ["pc", "q35", "virt"].iter().any(|head| text == *head || text.starts_with(&format!("{head}-")))
            || text.contains(',');
    if !text.is_empty() && (!text.chars().all(plain) || !known) {
        sink.push(
            Diagnostic::warning(
                codes::PROVIDER_VALUE,
                format!("{} is no machine type that Proxmox is known to take", quote(text)),
            )
            .at(recipe.source, node.span, "")
            .help("Proxmox knows `pc`, `pc-i440fx-<version>`, `q35` and `pc-q35-<version>`"),
        );
    }
}
