//! `explain`

use crate::cli::args::ExplainArgs;
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_args: &ExplainArgs, streams: &Streams) -> Exit {
    streams.error("`explain` is not built yet", None);
    Exit::Error
}
