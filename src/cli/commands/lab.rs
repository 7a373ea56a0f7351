//! `lab …`: the embedded lab for other processes.

use crate::cli::args::{Global, LabCommand};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;
use crate::lab;

pub(in crate::cli) fn run(_global: &Global, command: &LabCommand, streams: &Streams) -> Exit {
    if let LabCommand::List = command {
        streams.data(&lab::worlds().join("\n"));
        return Exit::Done;
    }
    streams.error("this `lab` command is not built yet", None);
    Exit::Error
}
