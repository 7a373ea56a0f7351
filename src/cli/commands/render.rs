//! `render`

use crate::cli::args::{Global, RenderArgs};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_global: &Global, _args: &RenderArgs, streams: &Streams) -> Exit {
    streams.error("`render` is not built yet", None);
    Exit::Error
}
