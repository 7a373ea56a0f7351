//! `explain providerdata`: what the provider makes of it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ExplainFormat;
use crate::checks::explain::{DataReport, data_report};
use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::given;
use crate::cli::streams::Streams;
use crate::diag::SourceId;
use crate::provider::Generation;
use crate::render::human::explained as human;
use crate::render::json::explained as json;
use crate::yaml::{Limits, Node, parse};

/// `explain providerdata`
#[derive(Debug, Args)]
#[command(after_help = "\
The file is a machine class, or the text of `providerdata` alone. The provider reads it without its own schema: unknown keys
are ignored, absent numbers are 0, and only Proxmox refuses.

Exit codes: 0 a machine can be made as far as the text alone tells, 65 the provider cannot read it or Proxmox refuses it")]
pub struct DataArgs {
    /// Machine class or provider data; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Release of the provider that reads it
    #[arg(long, value_enum, default_value_t)]
    pub provider: Release,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

/// A release line of the provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Release {
    /// Sources before the first release.
    #[default]
    Early,
    /// 0.1
    #[value(name = "0.1")]
    V0_1,
    /// 0.2
    #[value(name = "0.2")]
    V0_2,
    /// 0.3 and newer
    #[value(name = "0.3")]
    V0_3,
}

impl Release {
    fn generation(self) -> Generation {
        match self {
            Self::Early => Generation::Early,
            Self::V0_1 => Generation::V0_1,
            Self::V0_2 => Generation::V0_2,
            Self::V0_3 => Generation::V0_3,
        }
    }
}

pub(super) fn run(global: &Global, args: &DataArgs, streams: &Streams) -> Result<Exit, Fail> {
    let text = given::text(global, &args.file)?;
    let generation = args.provider.generation();
    let mut reports: Vec<DataReport> =
        classes(&text).iter().map(|(id, data)| data_report(Some(id.as_str()), data, generation)).collect();
    if reports.is_empty() {
        reports.push(data_report(None, &text, generation));
    }
    match args.format {
        ExplainFormat::Text => streams.data(&human::provider_data(&reports, streams.out.words())),
        ExplainFormat::Json => streams.data(&json::provider_data(&reports)),
    }
    let fine = reports.iter().all(|r| r.unreadable.is_empty() && r.answers.is_empty());
    Ok(if fine { Exit::Done } else { Exit::Files })
}

/// The provider data of the machine classes in a text, by id; nothing where it holds none.
fn classes(text: &str) -> Vec<(String, String)> {
    let documents = parse(SourceId::default(), text, &Limits::omnictl()).unwrap_or_default();
    let class = |root: &Node| {
        let id = root.get("metadata")?.get("id")?.text()?;
        let data = root.get("spec")?.get("autoprovision")?.get("providerdata")?.text()?;
        Some((id.to_owned(), data.to_owned()))
    };
    documents.iter().filter_map(|d| class(d.root.as_ref()?)).collect()
}
