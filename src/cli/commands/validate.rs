//! `validate`: the files alone; no network, no credentials.

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_global: &Global, streams: &Streams) -> Exit {
    streams.error("`validate` is not built yet", None);
    Exit::Error
}
