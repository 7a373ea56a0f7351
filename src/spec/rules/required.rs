//! Fields without which no machine comes into being, and the least value that each can have.
//!
//! The provider has no defaults for numbers: what is absent is 0. `sockets` is not required by the provider's schema, but
//! Proxmox refuses a machine with 0 of them.

use crate::diag::{Diagnostic, Sink, Span, codes};
use crate::yaml::{Node, as_integer};

use super::recipe::{Recipe, get};

/// A number that must be there.
struct Least {
    field: &'static str,
    minimum: i128,
    /// Who refuses less.
    why: &'static str,
    example: &'static str,
}

const NUMBERS: [Least; 4] = [
    Least { field: "cores", minimum: 1, why: "the provider's schema asks for at least 1", example: "4" },
    Least {
        field: "sockets",
        minimum: 1,
        why: "there is no default: absent means 0, and Proxmox refuses a machine without a socket",
        example: "1",
    },
    Least {
        field: "memory",
        minimum: 2048,
        why: "the provider's schema asks for at least 2048 MiB",
        example: "8192",
    },
    Least {
        field: "disk_size",
        minimum: 5,
        why: "the provider's schema asks for at least 5 GiB",
        example: "40",
    },
];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for rule in &NUMBERS {
        number(recipe, recipe.pairs(), rule, "", recipe.at, sink);
    }
    let example = "name == \"vm_ssd\"";
    if recipe.get("storage_selector").is_none() {
        sink.push(
            missing(recipe, "storage_selector", "", recipe.at)
                .note("without it the provider finds no storage for the disk")
                .help(format!("add `storage_selector: {example}`")),
        );
    }
    for (i, (pairs, span)) in recipe.tables("additional_disks").into_iter().enumerate() {
        let within = format!("additional_disks[{i}].");
        let size = Least {
            field: "disk_size",
            minimum: 1,
            why: "the provider's schema asks for at least 1 GiB",
            example: "100",
        };
        number(recipe, pairs, &size, &within, span, sink);
        if get(pairs, "storage_selector").is_none() {
            sink.push(
                missing(recipe, "storage_selector", &within, span)
                    .help(format!("add `storage_selector: {example}`")),
            );
        }
    }
    for (i, (pairs, span)) in recipe.tables("additional_nics").into_iter().enumerate() {
        if get(pairs, "bridge").is_none() {
            sink.push(
                missing(recipe, "bridge", &format!("additional_nics[{i}]."), span)
                    .help("add `bridge: vmbr0`"),
            );
        }
    }
}

fn missing(recipe: &Recipe<'_>, field: &str, within: &str, at: Span) -> Diagnostic {
    Diagnostic::error(codes::PROVIDER_FIELD_MISSING, format!("`providerdata` has no `{within}{field}`")).at(
        recipe.source,
        at,
        "",
    )
}

fn number(
    recipe: &Recipe<'_>,
    pairs: &[(Node, Node)],
    rule: &Least,
    within: &str,
    at: Span,
    sink: &mut Sink,
) {
    let Some(node) = get(pairs, rule.field) else {
        sink.push(
            missing(recipe, rule.field, within, at)
                .note(rule.why)
                .help(format!("add `{}: {}`", rule.field, rule.example)),
        );
        return;
    };
    // Values of another type are told by their own rule.
    if let Ok(Some(n)) = as_integer(node, i128::MIN, i128::MAX)
        && n < rule.minimum
    {
        sink.push(
            Diagnostic::error(
                codes::PROVIDER_VALUE,
                format!("`{within}{}` is {n}, but must be at least {}", rule.field, rule.minimum),
            )
            .at(recipe.source, node.span, "")
            .note(rule.why),
        );
    }
}
