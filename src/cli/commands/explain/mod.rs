//! `explain`: codes, storage selectors, provider data.

mod code;
mod provider_data;
mod selector;

use clap::{Args, Subcommand, ValueEnum};

pub use provider_data::DataArgs;
pub use selector::SelectorArgs;

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::streams::Streams;

/// `explain`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct ExplainArgs {
    /// Code, as messages show it: `OS0401`, `G05`
    #[arg(required = true)]
    pub code: Option<String>,
    /// Something else than a code.
    #[command(subcommand)]
    pub what: Option<Explained>,
}

/// What can be explained besides codes.
#[derive(Debug, Subcommand)]
pub enum Explained {
    /// Which storage a `storage_selector` finds on each Proxmox node
    Selector(SelectorArgs),
    /// What the provider reads in `providerdata`, what it asks of Proxmox, and what Proxmox answers
    Providerdata(DataArgs),
}

/// Format of an explanation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ExplainFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

pub(in crate::cli) fn run(global: &Global, args: &ExplainArgs, streams: &Streams) -> Exit {
    let done = match (&args.what, &args.code) {
        (Some(Explained::Selector(args)), _) => selector::run(global, args, streams),
        (Some(Explained::Providerdata(args)), _) => provider_data::run(global, args, streams),
        (None, Some(code)) => return code::run(code, streams),
        (None, None) => return Exit::Usage,
    };
    done.unwrap_or_else(|fail| fail.tell(streams))
}
