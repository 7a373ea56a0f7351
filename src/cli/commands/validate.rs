//! `validate`: the files alone; no network, no credentials.

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::session;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(global: &Global, streams: &Streams) -> Exit {
    let repository = match session::load(global, streams) {
        Ok(repository) => repository,
        Err(fail) => return fail.tell(streams),
    };
    let desired = &repository.desired;
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    let resources: usize = desired.clusters.iter().map(|c| c.resources.len()).sum();
    streams.data(&format!(
        "Valid: {}, {}, {} with {}.",
        count(desired.providers.len(), "provider", "providers"),
        count(desired.classes.len(), "machine class", "machine classes"),
        count(desired.clusters.len(), "cluster", "clusters"),
        count(resources, "resource", "resources"),
    ));
    Exit::Done
}
