//! `apply`

use crate::cli::args::{ApplyArgs, Global};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_global: &Global, _args: &ApplyArgs, streams: &Streams) -> Exit {
    streams.error("`apply` is not built yet", None);
    Exit::Error
}
