//! `disk_cache`, `disk_aio` and `placement_strategy` take a few words each; `native` wants a cache that bypasses the host's.

use crate::diag::{Diagnostic, Sink, closest, codes};
use crate::spec::fields::{list, quote};

use super::recipe::{Recipe, get};

const WORDS: [(&str, &[&str]); 3] = [
    ("disk_cache", &["none", "writeback", "writethrough", "directsync", "unsafe"]),
    ("disk_aio", &["native", "io_uring", "threads"]),
    ("placement_strategy", &["spread", "fewer-vms", "round-robin", "binpack"]),
];

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for disk in recipe.disks() {
        for (field, words) in WORDS {
            let Some(node) = get(disk, field) else { continue };
            let Some(text) = node.text().filter(|t| !t.is_empty() && !words.contains(t)) else { continue };
            let d = Diagnostic::error(codes::PROVIDER_VALUE, format!("`{field}` cannot be {}", quote(text)))
                .at(recipe.source, node.span, "");
            sink.push(match closest(text, words.iter().copied()) {
                Some(near) => d.help(format!("did you mean `{near}`?")),
                None => d.help(format!("it is {}", list(words))),
            });
        }
        if let (Some(aio), Some(cache)) = (get(disk, "disk_aio"), get(disk, "disk_cache"))
            && aio.text() == Some("native")
            && !matches!(cache.text(), Some("none" | "directsync" | ""))
        {
            sink.push(
                Diagnostic::warning(
                    codes::PROVIDER_RISK,
                    "`disk_aio: native` wants a cache that bypasses the host's",
                )
                .at(recipe.source, cache.span, "this one does not")
                .help("write `disk_cache: none`, or another `disk_aio`"),
            );
        }
    }
}
