//! `schema`

use crate::cli::args::SchemaArgs;
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_args: &SchemaArgs, streams: &Streams) -> Exit {
    streams.error("`schema` is not built yet", None);
    Exit::Error
}
