//! `validate`: the files alone; no network, no credentials.

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::repository::{self, Repository};
use crate::cli::review;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::diag::{Diagnostic, Sink};
use crate::graph::Graph;
use crate::plan::{codes, phases};
use crate::render::human::{diag, plan as human};
use crate::world::Clock as _;
use crate::world::real::RealClock;

/// That nothing needs itself, and that phases are in an order in which they can be done.
fn order(repository: &Repository, streams: &Streams) -> Result<(), Fail> {
    let problems = match Graph::build(&repository.desired) {
        Err(circle) => vec![Diagnostic::error(codes::CIRCLE, circle.to_string())],
        Ok(graph) => phases(&repository.desired, &graph).err().unwrap_or_default(),
    };
    let mut sink = Sink::default();
    sink.push_all(problems);
    repository::judge(&repository.sources, &sink, streams)
}

pub(in crate::cli) fn run(global: &Global, streams: &Streams) -> Exit {
    let repository = match session::load(global, streams) {
        Ok(repository) => repository,
        Err(fail) => return fail.tell(streams),
    };
    if let Err(fail) = order(&repository, streams) {
        return fail.tell(streams);
    }
    // What rules say of the files alone needs no server.
    let found = review::files(&repository, RealClock::new().unix() as i64);
    if !found.is_empty() {
        let look =
            diag::Look { colour: streams.err.color, ascii: streams.err.ascii, width: streams.err.width };
        streams.tell(&human::findings(&found, look));
        if found.iter().any(|f| f.blocks) {
            return Exit::Blocked;
        }
    }
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
