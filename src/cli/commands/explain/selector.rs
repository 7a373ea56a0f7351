//! `explain selector`: which storage an expression finds on each node.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::ExplainFormat;
use crate::backend::{Depth, listed_storages};
use crate::checks::explain::{Outcome, SelectorReport, StoragesOf, selector_report};
use crate::cli::args::{Global, World};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::given;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::live::{Observation, Storage};
use crate::render::human::explained as human;
use crate::render::json::explained as json;

/// `explain selector`
#[derive(Debug, Args)]
#[command(after_help = "\
The provider looks at the storages of one node by name, and the first for which the expression is true is taken; what a
storage may hold and whether it works is not looked at. Variables: name, node, storageType (texts), availableSpace
(unsigned, bytes: `availableSpace > 107374182400u`).

Storages come from the Proxmox clusters of the spec, from a world of the lab (--lab), or from a file with what
`pvesh get /nodes/NODE/storage --output-format json` prints, for one node, or for several as `{\"NODE\": […]}`.

Exit codes: 0 it finds a usable storage on every node that was looked at, 65 it does not compile, or finds none on some node")]
pub struct SelectorArgs {
    /// The expression, in quotes
    #[arg(value_name = "EXPR")]
    pub expression: String,
    /// Storages of a file instead of live ones; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "lab")]
    pub storages: Option<PathBuf>,
    /// Look at this node only; names the node of a file that has one list
    #[arg(long, value_name = "NODE")]
    pub node: Option<String>,
    /// Compile it only
    #[arg(long, conflicts_with_all = ["storages", "lab", "node"])]
    pub offline: bool,
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: ExplainFormat,
}

/// Storages by Proxmox cluster and node.
type Seen = BTreeMap<(String, String), Observation<Vec<Storage>>>;

pub(super) fn run(global: &Global, args: &SelectorArgs, streams: &Streams) -> Result<Exit, Fail> {
    let mut seen = match &args.storages {
        _ if args.offline => Seen::new(),
        Some(path) => {
            let node = args.node.as_deref().unwrap_or("NODE");
            let all = listed_storages(&given::text(global, path)?, node)
                .map_err(|why| Fail::new(Exit::Files, format!("`{}`: {why}", path.display())))?;
            all.into_iter().map(|(node, list)| ((String::new(), node), Observation::Known(list))).collect()
        }
        None => live(global, args, streams)?,
    };
    if let Some(node) = &args.node {
        seen.retain(|(_, name), _| name == node);
        if seen.is_empty() {
            return Err(Fail::new(Exit::Usage, format!("there is no node `{node}`")));
        }
    }
    let nodes: Vec<StoragesOf<'_>> =
        seen.iter().map(|((proxmox, node), storages)| StoragesOf { proxmox, node, storages }).collect();
    let report = selector_report(&args.expression, &nodes);
    match args.format {
        ExplainFormat::Text => streams.data(&human::selector(&report, streams.out.words())),
        ExplainFormat::Json => streams.data(&json::selector(&report)),
    }
    Ok(if works(&report) { Exit::Done } else { Exit::Files })
}

/// Whether it finds something wherever that could be seen.
fn works(report: &SelectorReport) -> bool {
    let fine = |outcome: &Outcome| matches!(outcome, Outcome::Picks { .. } | Outcome::Unknown { .. });
    report.compiles && report.nodes.iter().all(|n| fine(&n.outcome) && n.notes.is_empty())
}

fn live(global: &Global, args: &SelectorArgs, streams: &Streams) -> Result<Seen, Fail> {
    let repository = session::load(global, streams)?;
    session::block_on(async {
        let connection = session::connect(&repository, &args.world, streams).await?;
        if connection.proxmox.is_empty() {
            return Err(Fail::new(Exit::Files, "no Proxmox cluster can be asked for its storages").help(
                "name one in `proxmox` of the spec and give a token, hand a list over with --storages, or only compile with --offline",
            ));
        }
        let mut seen = Seen::new();
        let looks = connection
            .proxmox
            .iter()
            .map(|p| async move { (p.name().to_owned(), p.snapshot(Depth::Storages).await) });
        for (name, snapshot) in futures::future::join_all(looks).await {
            if snapshot.failure.is_some() {
                let why = snapshot.nodes.unknown().map_or("it does not answer", |r| r.0.as_str());
                return Err(Fail::new(Exit::Unreachable, why));
            }
            for (node, storages) in snapshot.storages {
                seen.insert((name.clone(), node), storages);
            }
        }
        connection.close().await?;
        Ok(seen)
    })
}
