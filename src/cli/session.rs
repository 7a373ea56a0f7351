//! What plan and apply have in common: files, connection, record, plan.

use super::args::{Global, World};
use super::connect::{self, Connection};
use super::dialect::{self, Unsettled};
use super::exit::Exit;
use super::fail::Fail;
use super::repository::{self, Repository};
use super::streams::Streams;
use crate::diag::Sink;
use crate::engine::recover;
use crate::plan::{Plan, PlanInput, plan};
use crate::state::model::Record;
use crate::state::remote::RemoteStore;
use crate::state::store::Store as _;

/// Runs something that waits for sockets and timers.
pub(super) fn block_on<T>(work: impl Future<Output = Result<T, Fail>>) -> Result<T, Fail> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Fail::new(Exit::Error, format!("the program cannot start: {e}")))?;
    let done = runtime.block_on(work);
    // A question that an interrupt answered still waits for a line; the program does not.
    runtime.shutdown_background();
    done
}

/// Connects to the lab or to what the spec names.
pub(super) async fn connect(
    repository: &Repository,
    world: &World,
    streams: &Streams,
) -> Result<Connection, Fail> {
    let connection = open(repository, world, streams).await?;
    for line in &connection.blind {
        streams.say(&format!("note: {line}"));
    }
    Ok(connection)
}

/// [`connect`] for a command that shows itself what it cannot see.
pub(super) async fn open(
    repository: &Repository,
    world: &World,
    streams: &Streams,
) -> Result<Connection, Fail> {
    let root = repository.root.folder();
    match &world.lab {
        Some(name) => connect::lab(root, name, &repository.targets, streams).await,
        None => connect::real(root, &repository.targets, streams),
    }
}

/// Reads the record.
pub(super) async fn record(connection: &Connection) -> Result<Option<Record>, Fail> {
    Ok(connection.memory.store().load().await?)
}

/// What earlier runs left on disk, without touching it: the record, and how many calls are in doubt.
pub(super) struct Memory {
    pub(super) record: Option<Record>,
    in_doubt: usize,
}

/// Reads [`Memory`] beside the network: with hundreds of clusters it takes as long as a fifth of a round of requests.
pub(super) async fn memory(connection: &Connection) -> Result<Memory, Fail> {
    if let Some(store) = &connection.memory.remote {
        let (record, lease) = futures::future::try_join(store.load(), store.lease()).await?;
        if let Some(found) = &lease {
            RemoteStore::check_age(&found.lease, record.as_ref(), &store.shown())?;
        }
        // What a live holder is doing right now is not in doubt.
        let in_doubt = lease.filter(|l| !l.lease.held || l.idle.is_none_or(|i| i > l.lease.life()));
        return Ok(Memory { record, in_doubt: in_doubt.map_or(0, |l| l.lease.open.len()) });
    }
    let (fs, store, name) = (connection.fs.clone(), connection.memory.home.clone(), connection.name.clone());
    let runtime = tokio::runtime::Handle::current();
    let read = tokio::task::spawn_blocking(move || -> Result<Memory, Fail> {
        let in_doubt = recover::in_doubt(fs.as_ref(), &store.runs(), &name)?;
        Ok(Memory { record: runtime.block_on(store.load())?, in_doubt })
    });
    read.await.map_err(|e| Fail::new(Exit::Bug, format!("reading the record ended early: {e}")))?
}

/// Says, in a pipeline, that a record beside the files does not outlive its runner.
pub(super) fn warn_local(connection: &Connection, streams: &Streams) {
    if connection.world.is_none() && connection.memory.remote.is_none() && std::env::var_os("CI").is_some() {
        streams.say("note: the record is local (`state/`): on runners that are thrown away, keep that folder between runs, or keep the record in a bucket with `state: { store: s3://BUCKET/PREFIX }`");
    }
}

/// Says what an interrupted run left.
pub(super) fn warn_in_doubt(memory: &Memory, streams: &Streams) {
    let n = memory.in_doubt;
    if n > 0 {
        let what = if n == 1 { "1 call" } else { &format!("{n} calls") };
        streams.say(&format!(
            "note: an earlier run was interrupted with {what} in doubt; the next apply looks them up first"
        ));
    }
}

/// Plans from what was seen.
pub(super) fn make_plan(
    repository: &Repository,
    input: &PlanInput<'_>,
    streams: &Streams,
) -> Result<Plan, Fail> {
    plan(input).map_err(|problems| {
        let mut sink = Sink::default();
        for problem in problems {
            sink.push(problem);
        }
        repository::judge(&repository.sources, &sink, streams)
            .err()
            .unwrap_or_else(|| Fail::said(Exit::Files))
    })
}

/// Loads the files of a command that asks no server.
pub(super) fn load(global: &Global, streams: &Streams) -> Result<Repository, Fail> {
    repository::load(global, streams)
}

/// Loads the files of a command that asks the server, which then settles for what version of Omni they are read.
pub(super) fn load_for_server(global: &Global, streams: &Streams) -> Result<Unsettled, Fail> {
    dialect::load(global, streams)
}
