//! `lock …`: who holds the record's lease, and breaking that of a run that is dead.

use std::fmt::Write as _;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::{Global, World};
use crate::cli::connect::Connection;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::memory::{Memory, seconds};
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::render::json::lease::{self as json, HolderView, LeaseView};
use crate::state::conditional::End;
use crate::state::heartbeat::FoundLease;
use crate::state::lease::{self, Holder, Lease, Verdict, Watch, claim, shown};
use crate::state::objects::{get, settle};
use crate::state::remote::RemoteStore;
use crate::state::store::{StoreError, identity};
use crate::untrusted::Untrusted;

/// What `lock` does.
#[derive(Debug, Subcommand)]
pub enum LockCommand {
    /// Show who holds the lease, since when, and what was about to be sent
    Show(ShowArgs),
    /// Take the lease away from a run that is dead; refuses while it may be alive
    Break(BreakArgs),
}

/// Format of a lease.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LockFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// `lock show`
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: LockFormat,
}

/// `lock break`
#[derive(Debug, Args)]
pub struct BreakArgs {
    /// The id that `lock show` prints; `damaged` for a lease that cannot be read
    #[arg(value_name = "ID")]
    pub id: String,
    /// `lock:ID`: break it although its holder may be alive
    #[arg(long, value_name = "lock:ID")]
    pub allow: Vec<String>,
    /// Which world.
    #[command(flatten)]
    pub world: World,
}

pub(in crate::cli) fn run(global: &Global, command: &LockCommand, streams: &Streams) -> Exit {
    let world = match command {
        LockCommand::Show(args) => &args.world,
        LockCommand::Break(args) => &args.world,
    };
    let done = session::load(global, streams).and_then(|repository| {
        session::block_on(async {
            let connection = session::open(&repository, world, streams).await?;
            let exit = match command {
                LockCommand::Show(args) => show(&connection.memory, args.format, streams).await,
                LockCommand::Break(args) => break_it(&connection, args, streams).await,
            };
            let closed = connection.close().await;
            let exit = exit?;
            closed.map(|()| exit)
        })
    });
    done.unwrap_or_else(|fail| fail.tell(streams))
}

async fn show(memory: &Memory, format: LockFormat, streams: &Streams) -> Result<Exit, Fail> {
    match &memory.remote {
        None => {
            let holder = memory.home.holder()?;
            let path = memory.home.path().display().to_string();
            match format {
                LockFormat::Json => streams.data(&local_json(&path, holder.as_ref())),
                LockFormat::Text => streams.data(&local_text(&path, holder.as_ref())),
            }
        }
        Some(store) => {
            let found = store.lease().await?;
            match format {
                LockFormat::Json => streams.data(&remote_json(store, found.as_ref())),
                LockFormat::Text => streams.data(&remote_text(store, found.as_ref())),
            }
        }
    }
    Ok(Exit::Done)
}

fn local_text(path: &str, holder: Option<&Holder>) -> String {
    match holder {
        None => format!("Nobody holds the lease of {path}."),
        Some(holder) => format!(
            "lease    {path}\nholder   {}, {}, process {} on {}\nbreak    not needed: the operating system takes it back when that process ends",
            who(holder),
            Untrusted::new(holder.purpose.as_str()).line(40),
            holder.pid,
            Untrusted::new(holder.host.as_str()).line(80)
        ),
    }
}

/// Holders of this machine may not have written who they are yet.
fn who(holder: &Holder) -> String {
    if holder.who.is_empty() { "a run of this machine".to_owned() } else { shown(holder) }
}

fn holder_view(holder: &Holder) -> HolderView {
    HolderView {
        who: holder.who.clone(),
        host: holder.host.clone(),
        pid: holder.pid,
        url: holder.url.clone(),
        purpose: holder.purpose.clone(),
    }
}

fn local_json(path: &str, holder: Option<&Holder>) -> String {
    let mut view = LeaseView::new("local", path.to_owned(), holder.is_some());
    view.holder = holder.map(holder_view);
    json::text(&view)
}

fn remote_json(store: &RemoteStore, found: Option<&FoundLease>) -> String {
    let record = store.shown();
    json::text(&match found {
        None => LeaseView::new("s3", record, false),
        Some(FoundLease { lease, idle, .. }) => LeaseView {
            expired: idle.is_some_and(|i| lease.held && i > lease.life()),
            id: Some(lease.id.clone()),
            fence: Some(lease.fence),
            holder: Some(holder_view(&lease.holder)),
            since: Some(lease.since),
            heartbeat_age_seconds: idle.map(|i| i.as_secs()),
            ttl_seconds: Some(lease.ttl),
            open: lease.open.iter().map(|i| i.address.to_string()).collect(),
            ..LeaseView::new("s3", record, lease.held)
        },
    })
}

fn remote_text(store: &RemoteStore, found: Option<&FoundLease>) -> String {
    let path = store.bucket().show(&store.lease_name());
    let Some(FoundLease { lease, idle, .. }) = found else {
        return format!("Nobody has ever held the lease {path}.");
    };
    let mut out = String::new();
    if lease.held {
        let holder = &lease.holder;
        let _ = writeln!(out, "lease    {path}");
        let _ = writeln!(
            out,
            "holder   {}, {}, process {} on {}",
            shown(holder),
            Untrusted::new(holder.purpose.as_str()).line(40),
            holder.pid,
            Untrusted::new(holder.host.as_str()).line(80)
        );
        if let Some(url) = &holder.url {
            let _ = writeln!(out, "page     {}", Untrusted::new(url.as_str()).line(200));
        }
        let beat = idle.map_or("the store does not say when".to_owned(), |i| format!("{} ago", seconds(i)));
        let _ = writeln!(out, "heart    last beat {beat}; it runs out after {}", seconds(lease.life()));
    } else {
        let _ = writeln!(out, "Nobody holds the lease {path}.");
    }
    let _ = writeln!(out, "id       {}", Untrusted::new(lease.id.as_str()).line(64));
    for intent in &lease.open {
        let _ = writeln!(out, "open     {}: the next apply looks it up first", intent.address);
    }
    if lease.held {
        let dead = idle.is_some_and(|i| i > lease.life() + Duration::from_secs(3));
        let text = if dead {
            "not needed: the heart has stopped, and the next apply takes over".to_owned()
        } else {
            "not safe: the holder may be alive".to_owned()
        };
        let _ = writeln!(out, "break    {text}");
    }
    out.trim_end().to_owned()
}

async fn break_it(connection: &Connection, args: &BreakArgs, streams: &Streams) -> Result<Exit, Fail> {
    let allowed = args.allow.iter().any(|a| *a == format!("lock:{}", args.id));
    if !allowed && !args.allow.is_empty() {
        return Err(Fail::new(Exit::Usage, format!("`--allow` must be `lock:{}`", args.id)));
    }
    let Some(store) = &connection.memory.remote else {
        return match connection.memory.home.holder()? {
            None => {
                streams.say("Nobody holds the lease.");
                Ok(Exit::Done)
            }
            Some(holder) => Err(Fail::new(
                Exit::Held,
                format!("{} holds the lease, and its process {} is alive", who(&holder), holder.pid),
            )
            .help("a lease of this machine ends with its process: end that")),
        };
    };
    let clock = &connection.clock;
    let id = identity(connection.rng.as_ref());
    let (old, etag) = match store.lease().await {
        Ok(None) => {
            streams.say("Nobody holds the lease.");
            return Ok(Exit::Done);
        }
        Ok(Some(found)) if found.lease.id != args.id => {
            return Err(Fail::new(
                Exit::Held,
                format!("the lease has the id `{}`", Untrusted::new(found.lease.id).line(64)),
            )
            .help("it changed hands, or the id is mistyped: `omni-scale lock show` says who holds it"));
        }
        Ok(Some(found)) => {
            if !allowed {
                wait_for_the_end(connection, store, &found, streams).await?;
            }
            if !found.lease.held && !allowed {
                streams.say("Nobody holds the lease.");
                return Ok(Exit::Done);
            }
            (Some(found.lease), found.etag)
        }
        Err(e @ StoreError::Lease { .. }) if args.id == "damaged" && allowed => {
            streams.say(&format!("note: {e}"));
            let Some(object) = get(store.raw().as_ref(), &store.lease_name()).await? else {
                return Ok(Exit::Done);
            };
            (None, object.etag)
        }
        Err(e) => return Err(e.into()),
    };
    let now = clock.unix() as u64;
    let mut lease: Lease = claim(old.as_ref(), id, Holder::default(), lease::TTL, now);
    lease.held = false;
    if old.is_none() {
        // Higher than any number that counts takings.
        lease.fence = now;
    }
    if allowed {
        // The record as it stands is what is gone on with.
        (lease.record, lease.record_digest) = (None, None);
    }
    let bytes = lease::encode(&lease)?;
    match settle(store.bucket().as_ref(), &store.lease_name(), &bytes, Some(&etag), lease.life() / 2).await {
        End::Written(_) => {
            let open = lease.open.len();
            let what = if open == 1 { "1 call".to_owned() } else { format!("{open} calls") };
            streams.say(&format!(
                "The lease is free. What its holder was about to send stays noted ({what}); the next apply looks it up first."
            ));
            Ok(Exit::Done)
        }
        End::Lost => Err(Fail::new(Exit::Held, "the lease was written meanwhile: its holder is alive")
            .help("`omni-scale lock show` says who holds it")),
        End::Refused(why, _) => Err(StoreError::Refused(why).into()),
        End::GivenUp(why, _) => Err(StoreError::Unreachable(why).into()),
    }
}

/// Watches until the lease has run out, where the store does not say how old it is; else says at once that it has not.
async fn wait_for_the_end(
    connection: &Connection,
    store: &RemoteStore,
    found: &FoundLease,
    streams: &Streams,
) -> Result<(), Fail> {
    let clock = &connection.clock;
    let mut watch = Watch::default();
    let mut now = FoundLease::clone(found);
    loop {
        let Verdict::Held { quiet, left } = watch.judge(clock.now(), &now.etag, &now.lease, now.idle) else {
            return Ok(());
        };
        if now.idle.is_some() || now.etag != found.etag {
            return Err(Fail::new(
                Exit::Held,
                format!(
                    "{} holds the lease, and may be alive: its last heartbeat was {} ago, and it runs out in {}",
                    shown(&now.lease.holder),
                    seconds(quiet),
                    seconds(left)
                ),
            )
            .help(format!("wait, or if you know that it is dead: `--allow lock:{}`", now.lease.id)));
        }
        streams.say(&format!("watching the lease for {}", seconds(left)));
        clock.sleep(left.min(Duration::from_secs(5))).await;
        now = match store.lease().await? {
            Some(now) => now,
            None => return Ok(()),
        };
    }
}
