//! `plan`

use crate::cli::args::{Global, PlanArgs};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

pub(in crate::cli) fn run(_global: &Global, _args: &PlanArgs, streams: &Streams) -> Exit {
    streams.error("`plan` is not built yet", None);
    Exit::Error
}
