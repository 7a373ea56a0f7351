//! `graph`: what needs what, and why.

use crate::cli::args::{Global, GraphArgs, GraphFormat};
use crate::cli::exit::Exit;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::graph::Graph;
use crate::render::graph as draw;

/// The graph comes from the files alone; with `--lab` it is the same, and nothing is started for it.
pub(in crate::cli) fn run(global: &Global, args: &GraphArgs, streams: &Streams) -> Exit {
    let repository = match session::load(global, streams) {
        Ok(repository) => repository,
        Err(fail) => return fail.tell(streams),
    };
    let graph = match Graph::build(&repository.desired) {
        Ok(graph) => graph,
        Err(cycle) => {
            streams.error(&cycle.to_string(), None);
            return Exit::Files;
        }
    };
    streams.data(&match args.format {
        GraphFormat::Text => draw::text(&graph),
        GraphFormat::Dot => draw::dot(&graph),
        GraphFormat::Mermaid => draw::mermaid(&graph),
        GraphFormat::Json => draw::json(&graph),
    });
    Exit::Done
}
