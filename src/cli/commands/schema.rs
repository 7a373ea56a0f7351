//! `schema`: JSON Schemas of what the tool prints.

use crate::cli::args::{SchemaArgs, SchemaOf};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;
use crate::render::json;

pub(in crate::cli) fn run(args: &SchemaArgs, streams: &Streams) -> Exit {
    match args.what {
        SchemaOf::Plan => streams.data(&json::plan::schema()),
        SchemaOf::Doctor => streams.data(&json::doctor::schema()),
        SchemaOf::Drift => streams.data(&json::drift::schema()),
        SchemaOf::Status => streams.data(&json::status::schema()),
    }
    Exit::Done
}
