//! `doctor`: what is the matter, why, and what to do. Reads only.

use std::collections::VecDeque;
use std::io::Read;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::checks::alike::Unjudged;
use crate::checks::logs::Logs;
use crate::checks::{self, Examination, Scene, Severity};
use crate::cli::args::{Global, World};
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::diag::closest;
use crate::live::{ProxmoxFailure, Snapshot};
use crate::plan::Desired;
use crate::render::human::doctor as human;
use crate::render::json::doctor as json;
use crate::untrusted::Untrusted;

/// Most of a log that is read, in bytes; of a longer one its end.
const LONGEST_LOG: usize = 64 << 20;

/// Format of what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DoctorFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `doctor`
#[derive(Debug, Args)]
#[command(after_help = "\
Requests, machines, the provider's records and VMs are joined by UUID, and everything that is known to go wrong is looked
for: what machine classes need of Proxmox, VMs that were deleted, replaced, migrated or edited, machines that are not made,
do not join or do not go, and the provider itself. Nothing is changed, and orphans are listed, never removed.

The log of the provider is in its container only: `docker logs CONTAINER 2>&1 | omni-scale doctor --logs -`

Exit codes: 0 looked, whatever was found; 2 with --detailed-exitcode, findings from warning on; 7 or 69 a server refused
or could not be reached: what can be told without it is told all the same")]
pub struct DoctorArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Tell only what is about this cluster
    #[arg(long, value_name = "NAME")]
    pub cluster: Option<String>,
    /// Log lines of the provider (JSON), from a file or, as `-`, from standard input
    #[arg(long, value_name = "FILE")]
    pub logs: Option<PathBuf>,
    /// Ask no server and read no files: only the log
    #[arg(long, requires = "logs", conflicts_with_all = ["lab", "cluster"])]
    pub offline: bool,
    /// Exit with 2 when there are findings from warning on, instead of 0
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: DoctorFormat,
}

pub(in crate::cli) fn run(global: &Global, args: &DoctorArgs, streams: &Streams) -> Exit {
    match report(global, args, streams) {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

/// What was asked, and what came of it.
struct Seen {
    examination: Examination,
    omni: Option<(String, Option<String>)>,
    /// Why a server could not be used: told after everything else, and the exit code.
    fail: Option<Fail>,
}

fn report(global: &Global, args: &DoctorArgs, streams: &Streams) -> Result<Exit, Fail> {
    let logs = args.logs.as_ref().map(read).transpose()?;
    let seen = if args.offline {
        let findings = logs.as_ref().map(checks::examine_logs).unwrap_or_default();
        Seen { examination: Examination { findings, ..Examination::default() }, omni: None, fail: None }
    } else {
        look(global, args, logs.as_ref(), streams)?
    };
    let omni = seen.omni.as_ref().map(|(endpoint, version)| (endpoint.as_str(), version.as_deref()));
    let cluster = args.cluster.as_deref();
    streams.data(&match args.format {
        DoctorFormat::Text => {
            human::text(&seen.examination, omni, cluster, logs.as_ref(), streams.out.words())
        }
        DoctorFormat::Json => json::text(&seen.examination, omni, cluster, logs.as_ref()),
    });
    if let Some(fail) = seen.fail {
        return Ok(fail.tell(streams));
    }
    let matters = seen.examination.findings.iter().any(|f| f.severity <= Severity::Warning);
    Ok(if args.detailed_exitcode && matters { Exit::Changes } else { Exit::Done })
}

fn look(global: &Global, args: &DoctorArgs, logs: Option<&Logs>, streams: &Streams) -> Result<Seen, Fail> {
    let mut files = session::load_for_server(global, streams)?;
    // What is the matter does not depend on what was applied.
    files.repository.targets.store = None;
    session::block_on(async {
        let connection = match session::connect(&files.repository, &args.world, streams).await {
            Ok(connection) => connection,
            // The log tells what it tells without any server.
            Err(fail) => {
                let Some(logs) = logs else { return Err(fail) };
                let findings = checks::examine_logs(logs);
                let examination = Examination {
                    findings,
                    unjudged: vec![Unjudged::sentence(Untrusted::new(&fail.message).line(400))],
                    ..Examination::default()
                };
                return Ok(Seen { examination, omni: None, fail: Some(fail) });
            }
        };
        let mut seen = connection.examine().await;
        let usable = connection.usable(&seen).await;
        let now = connection.clock.unix() as u64;
        // Who did it is asked only of what something was done to.
        let asked = checks::to_ask(&Scene::new(&seen, &files.repository.desired, now), logs);
        if !asked.is_empty() {
            seen = connection.histories(seen, &asked).await;
        }
        connection.rename(&mut seen);
        let fail = usable.err().or_else(|| refused(&seen));
        let settled = if seen.omni.version.known().is_some() {
            files.settle(&seen.omni, streams).map(|r| r.desired)
        } else {
            Ok(files.repository.desired)
        };
        let name = connection.name.clone();
        let closed = connection.close().await;
        let desired = settled?;
        let examination = examine(&seen, &desired, now, logs, args.cluster.as_deref())?;
        closed?;
        let version = seen.omni.version.known().map(|v| Untrusted::new(v).line(40));
        Ok(Seen { examination, omni: Some((name, version)), fail })
    })
}

fn examine(
    seen: &Snapshot,
    desired: &Desired,
    now: u64,
    logs: Option<&Logs>,
    cluster: Option<&str>,
) -> Result<Examination, Fail> {
    let scene = Scene::new(seen, desired, now);
    let examination = checks::examine(&scene, logs);
    let Some(name) = cluster else { return Ok(examination) };
    let live = seen.omni.list("Clusters").iter().map(|c| c.resource.id.id.as_str());
    let mut all: Vec<&str> = desired.clusters.iter().map(|c| c.name.as_str()).chain(live).collect();
    all.sort_unstable();
    if seen.omni.unreadable("Clusters").is_none() && !all.contains(&name) {
        let shown = |name: &str| Untrusted::new(name).line(160);
        let fail =
            Fail::new(Exit::Error, format!("neither the files nor Omni have a cluster `{}`", shown(name)));
        return Err(match closest(name, all.iter().copied()) {
            Some(near) => fail.help(format!("did you mean `{}`?", shown(near))),
            None => fail,
        });
    }
    Ok(examination.about(name, &scene))
}

/// A Proxmox cluster that could not be asked at all, as an end.
fn refused(seen: &Snapshot) -> Option<Fail> {
    seen.proxmox.iter().find_map(|(name, cluster)| {
        let exit = match cluster.failure.as_ref()? {
            ProxmoxFailure::Unreachable { .. } => Exit::Unreachable,
            ProxmoxFailure::Untrusted { .. } | ProxmoxFailure::Unauthenticated { .. } => Exit::Auth,
        };
        let why = cluster.nodes.unknown().map_or("it does not answer", |r| r.0.as_str());
        Some(Fail::new(exit, format!("Proxmox cluster `{name}`: {why}")))
    })
}

/// Reads a log; of a long one its end.
fn read(path: &PathBuf) -> Result<Logs, Fail> {
    let shown = Untrusted::new(path.to_string_lossy()).line(200);
    let cannot = |e: std::io::Error| Fail::new(Exit::Error, format!("log `{shown}` cannot be read: {e}"));
    let bytes = if path.as_os_str() == "-" {
        tail(&mut std::io::stdin().lock())
    } else {
        std::fs::File::open(path).and_then(|mut file| tail(&mut file))
    };
    Ok(Logs::read(&String::from_utf8_lossy(&bytes.map_err(cannot)?)))
}

/// The end of a stream.
fn tail(stream: &mut dyn Read) -> std::io::Result<Vec<u8>> {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let n = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        kept.extend(buffer.get(..n).unwrap_or_default());
        let over = kept.len().saturating_sub(LONGEST_LOG);
        kept.drain(..over);
    }
    Ok(kept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_stream_is_kept() {
        let mut long = std::io::Read::chain(std::io::repeat(b'a').take(LONGEST_LOG as u64), &b"end"[..]);
        let kept = tail(&mut long).unwrap();
        assert_eq!(kept.len(), LONGEST_LOG);
        assert!(kept.ends_with(b"aend"));
    }
}
