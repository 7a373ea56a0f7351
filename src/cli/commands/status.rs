//! `status`: how the clusters stand, once or until they are up.

use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::args::{Global, World};
use crate::cli::connect::Connection;
use crate::cli::dialect::Unsettled;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::interrupt;
use crate::cli::progress::{seconds, time};
use crate::cli::repository::Repository;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::diag::closest;
use crate::engine::refresh::StatusLook;
use crate::engine::wait::{Watched, watch};
use crate::live::Snapshot;
use crate::plan::status::{Status, StatusInput, Up, status};
use crate::render::human::status as human;
use crate::render::json::status as json;
use crate::untrusted::Untrusted;

/// A wait without anything to say says at least this often what it waits for.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Format of a status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StatusFormat {
    /// Tree for people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `status`
#[derive(Debug, Args)]
#[command(after_help = "\
A cluster is up when it is bootstrapped and all its machines are there, connected, running, with their configuration
and in the versions that the files ask for; and ready, where its patches leave a CNI. What a lock holds back does not
count.

Exit codes: 0 all are up, 9 one is not (with --wait: not in time), 1 a name that neither the files nor Omni know,
69 not everything that tells could be read, 8 stopped by Ctrl-C")]
pub struct StatusArgs {
    /// Clusters to show [default: all that the files declare]
    #[arg(value_name = "CLUSTER")]
    pub clusters: Vec<String>,
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Wait until all of them are up, at most this long: `90s`, `5m`, `1h30m`
    #[arg(short, long, value_name = "DUR", value_parser = span)]
    pub wait: Option<Duration>,
    /// Show the clusters in Omni that no file declares, too
    #[arg(long, conflicts_with = "clusters")]
    pub all: bool,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: StatusFormat,
}

pub(in crate::cli) fn run(global: &Global, args: &StatusArgs, streams: &Streams) -> Exit {
    let done = session::load_for_server(global, streams).and_then(|mut files| {
        // How things stand does not depend on what was applied.
        files.repository.targets.store = None;
        session::block_on(async {
            let connection = session::open(&files.repository, &args.world, streams).await?;
            let exit = show(files, &connection, args, streams).await;
            // A lab in which time has passed keeps its world whatever became of the wait.
            let closed = connection.close().await;
            let exit = exit?;
            closed.map(|()| exit)
        })
    });
    match done {
        Ok(exit) => exit,
        Err(fail) => fail.tell(streams),
    }
}

async fn show(
    files: Unsettled,
    connection: &Connection,
    args: &StatusArgs,
    streams: &Streams,
) -> Result<Exit, Fail> {
    let declared = |name: &String| files.repository.desired.clusters.iter().any(|c| c.name == *name);
    let undeclared = args.all || !args.clusters.iter().all(declared);
    let clock = connection.clock.clone();
    let mut look = StatusLook::new(&connection.omni, &connection.proxmox, clock.as_ref(), undeclared);
    let seen = look.look().await;
    connection.usable(&seen).await?;
    let repository = files.settle(&seen.omni, streams)?;
    known(&repository, &seen, args)?;
    let judge = |mut seen: Snapshot| {
        connection.rename(&mut seen);
        status(&StatusInput {
            desired: &repository.desired,
            snapshot: &seen,
            chosen: &args.clusters,
            all: args.all,
            blind: &connection.blind,
        })
    };
    let mut last = judge(seen);
    let mut ended = None;
    if let Some(deadline) = args.wait.filter(|d| !d.is_zero() && !last.clusters.is_empty()) {
        let stop = interrupt::watch(streams, interrupt::LOOK);
        let mut follower = Follower::new(streams, clock.now(), &last);
        let watched = watch(&mut look, &stop, deadline, last.up() == Up::Yes, &mut |seen| {
            let status = judge(seen.clone());
            let up = status.up();
            if up == Up::Unknown && !status.unread.is_empty() {
                // Nothing is told by what was not seen: the last answer stands.
                follower.unread(&status);
                return false;
            }
            follower.follow(&status, clock.now());
            last = status;
            up == Up::Yes
        })
        .await;
        follower.finish();
        ended = Some((watched, deadline));
    }
    if !streams.quiet {
        let flag = connection.world.as_ref().map_or(String::new(), |w| format!(" --lab={w}"));
        streams.data(&match args.format {
            StatusFormat::Text => human::text(&last, &flag, streams.out.words()),
            StatusFormat::Json => json::text(&last),
        });
    }
    Ok(match (last.up(), ended) {
        (_, Some((Watched::Up, _))) | (Up::Yes, None) => Exit::Done,
        (_, Some((Watched::Stopped, _))) => Exit::Stopped,
        (_, Some((Watched::TimedOut, deadline))) => {
            if !streams.quiet {
                let message = format!("not up within {}: {}", seconds(deadline), human::waiting(&last, 400));
                streams.error(&message, None);
            }
            Exit::Unhealthy
        }
        (Up::No, None) => Exit::Unhealthy,
        (Up::Unknown, None) => Exit::Unreachable,
    })
}

/// A name that nobody knows is a slip of the pen, not a cluster that is down.
fn known(repository: &Repository, seen: &Snapshot, args: &StatusArgs) -> Result<(), Fail> {
    if seen.omni.unreadable("Clusters").is_some() {
        return Ok(());
    }
    let all: Vec<&str> = repository
        .desired
        .clusters
        .iter()
        .map(|c| c.name.as_str())
        .chain(seen.omni.list("Clusters").iter().map(|c| c.resource.id.id.as_str()))
        .collect();
    let Some(wrong) = args.clusters.iter().find(|c| !all.contains(&c.as_str())) else { return Ok(()) };
    let shown = |name: &str| Untrusted::new(name).line(160);
    let fail =
        Fail::new(Exit::Error, format!("neither the files nor Omni have a cluster `{}`", shown(wrong)));
    Err(match closest(wrong, all.iter().copied()) {
        Some(near) => fail.help(format!("did you mean `{}`?", shown(near))),
        None if all.is_empty() => fail.help("there is no cluster at all"),
        None => {
            let names = all.iter().collect::<std::collections::BTreeSet<_>>();
            let some: Vec<String> = names.iter().take(10).map(|n| format!("`{}`", shown(n))).collect();
            fail.help(format!("there are: {}", some.join(", ")))
        }
    })
}

/// Shows what changes during a wait: a tree that is redrawn on terminals, plain lines that are only appended elsewhere.
struct Follower<'a> {
    streams: &'a Streams,
    bar: Option<ProgressBar>,
    last: Status,
    started: Duration,
    spoke: Duration,
    /// Whether it was said that Omni does not answer.
    blind: bool,
}

impl<'a> Follower<'a> {
    fn new(streams: &'a Streams, now: Duration, first: &Status) -> Self {
        let bar = streams.tree().map(|tree| {
            let bar = tree.add(ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("{msg}") {
                bar.set_style(style);
            }
            bar
        });
        let follower = Self { streams, bar, last: first.clone(), started: now, spoke: now, blind: false };
        follower.draw(first);
        if follower.bar.is_none() {
            follower.lines(&human::changes(None, first));
        }
        follower
    }

    fn draw(&self, status: &Status) {
        if let Some(bar) = &self.bar {
            bar.set_message(human::text(status, "", self.streams.err.words()));
            bar.tick();
        }
    }

    fn lines(&self, lines: &[String]) {
        for line in lines {
            self.streams.say(&format!("{} {line}", time()));
        }
    }

    fn follow(&mut self, status: &Status, now: Duration) {
        self.blind = false;
        let changes = human::changes(Some(&self.last), status);
        if self.bar.is_some() {
            if !changes.is_empty() {
                self.draw(status);
            }
        } else if !changes.is_empty() {
            self.lines(&changes);
            self.spoke = now;
        } else if now.saturating_sub(self.spoke) >= HEARTBEAT {
            let waited = seconds(now.saturating_sub(self.started));
            self.lines(&[format!("still waiting ({waited}): {}", human::waiting(status, 400))]);
            self.spoke = now;
        }
        self.last = status.clone();
    }

    fn unread(&mut self, status: &Status) {
        if !self.blind {
            let why = status.unread.first().map_or("", String::as_str);
            self.streams.say(&format!("{} not read, looking again: {why}", time()));
        }
        self.blind = true;
    }

    /// Ends the redrawing, so that what follows is not overwritten.
    fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A duration as Go writes it: `90s`, `5m`, `1h30m`, `500ms`.
fn span(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as `90s`, `5m` or `1h30m`".to_owned();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let mut rest = text;
    let mut all = Duration::ZERO;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(millis).map(Duration::from_millis);
        all = part.and_then(|p| all.checked_add(p)).ok_or_else(wrong)?;
        rest = tail;
    }
    // A week is longer than anybody waits, and keeps sums of times far from their end.
    if text.is_empty() || all > Duration::from_hours(7 * 24) {
        return Err(if text.is_empty() { wrong() } else { "at most a week".to_owned() });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_written_as_go_writes_them() {
        for (text, seconds) in [("90s", 90.0), ("5m", 300.0), ("1h30m", 5400.0), ("500ms", 0.5), ("0", 0.0)] {
            assert_eq!(span(text).map(|d| d.as_secs_f64()), Ok(seconds), "{text}");
        }
        for text in ["", "5", "m", "5 m", "-1s", "1d", "200h", "99999999999999999999s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }
}
