//! `schema`: JSON Schemas of what the tool prints.

use crate::cli::args::{SchemaArgs, SchemaOf};
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;
use crate::render::{self, json};

pub(in crate::cli) fn run(args: &SchemaArgs, streams: &Streams) -> Exit {
    match args.what {
        SchemaOf::Plan => streams.data(&json::plan::schema()),
        SchemaOf::Doctor => streams.data(&json::doctor::schema()),
        SchemaOf::Drift => streams.data(&json::drift::schema()),
        SchemaOf::Status => streams.data(&json::status::schema()),
        SchemaOf::Validate => streams.data(&json::files::schema()),
        SchemaOf::ExplainSelector => streams.data(&json::explained::selector_schema()),
        SchemaOf::ExplainProviderdata => streams.data(&json::explained::provider_data_schema()),
        SchemaOf::Verify => streams.data(&json::done::schema()),
        SchemaOf::Graph => streams.data(&render::graph::schema()),
        SchemaOf::Lock => streams.data(&json::lease::schema()),
    }
    Exit::Done
}
