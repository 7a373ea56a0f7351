//! `graph`

use crate::cli::args::{Global, GraphArgs};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_global: &Global, _args: &GraphArgs, streams: &Streams) -> Exit {
    streams.error("`graph` is not built yet", None);
    Exit::Error
}
