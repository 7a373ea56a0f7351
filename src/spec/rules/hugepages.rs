//! `hugepages`: Proxmox lets only a password login of `root@pam` set it.

use crate::diag::{Diagnostic, Sink, codes};
use crate::spec::fields::quote;

use super::recipe::Recipe;

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    let Some(node) = recipe.get("hugepages") else { return };
    let Some(text) = node.text().filter(|t| !t.is_empty()) else { return };
    if !matches!(text, "2" | "2MB" | "1024" | "1GB" | "any") {
        sink.push(
            Diagnostic::error(codes::PROVIDER_VALUE, format!("`hugepages` cannot be {}", quote(text)))
                .at(recipe.source, node.span, "")
                .help("it is `2MB`, `1GB` or `any`"),
        );
        return;
    }
    sink.push(
        Diagnostic::warning(
            codes::PROVIDER_RISK,
            "`hugepages` works only if the provider logs in as `root@pam` with a password",
        )
        .at(recipe.source, node.span, "")
        .note("Proxmox refuses it to every API token, those of root included")
        .help("leave it out"),
    );
}
