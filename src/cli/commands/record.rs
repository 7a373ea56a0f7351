//! `record …`: from an open record in a bucket to a sealed one, from an old key to a new one, and back.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::args::{Global, World};
use crate::cli::connect::Connection;
use crate::cli::credentials;
use crate::cli::exit::Exit;
use crate::cli::fail::Fail;
use crate::cli::session;
use crate::cli::streams::Streams;
use crate::state::seal::Seal;
use crate::state::store::Version;

/// What `record` does.
#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    /// Seal the record, its backups and its lease with the first key of `OMNI_SCALE_SEAL_KEY`; also from an older key
    Seal(RecordArgs),
    /// Write them without a seal again; the key is still needed to read them
    Unseal(RecordArgs),
}

/// `record seal`, `record unseal`
#[derive(Debug, Args)]
pub struct RecordArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
}

pub(in crate::cli) fn run(global: &Global, command: &RecordCommand, streams: &Streams) -> Exit {
    let (args, sealed) = match command {
        RecordCommand::Seal(args) => (args, true),
        RecordCommand::Unseal(args) => (args, false),
    };
    let done = session::load(global, streams).and_then(|repository| {
        session::block_on(async {
            let mut connection = session::open(&repository, &args.world, streams).await?;
            let exit = change(&mut connection, sealed, streams).await;
            let closed = connection.close().await;
            let exit = exit?;
            closed.map(|()| exit)
        })
    });
    done.unwrap_or_else(|fail| fail.tell(streams))
}

async fn change(connection: &mut Connection, sealed: bool, streams: &Streams) -> Result<Exit, Fail> {
    let Some(store) = &connection.memory.remote else {
        return Err(Fail::new(Exit::Usage, "the record is not in a bucket")
            .help("a record of this machine is protected by its file's mode; `state.store: s3://…` puts it into a bucket"));
    };
    let Some(seal) = Seal::moving(credentials::seal_keys()?, sealed) else {
        return Err(Fail::new(Exit::Usage, "there is no key: `OMNI_SCALE_SEAL_KEY` is not set")
            .help("make one with `openssl rand -hex 32`, and keep it where the record is not"));
    };
    let moving = store.sealed_by(seal);
    connection.memory.remote = Some(moving);
    let connection = &*connection;
    let purpose = if sealed { "record seal" } else { "record unseal" };
    // Whoever holds the lease writes in the old form.
    let hold = connection.memory.hold(connection, purpose, Duration::ZERO, streams).await?;
    let done = rewrite(connection, hold.as_ref()).await;
    let released = hold.release().await;
    let written = done?;
    released?;
    let what = match written {
        Some((shown, backups)) => {
            let backups = if backups == 1 { "1 backup".to_owned() } else { format!("{backups} backups") };
            format!("{shown} and {backups} are {} now", if sealed { "sealed" } else { "not sealed" })
        }
        None => "There is no record yet".to_owned(),
    };
    streams.say(&format!("{what}. A store that keeps old versions of objects still has the old ones."));
    if !sealed {
        streams
            .say("note: leave `OMNI_SCALE_SEAL_KEY` out from now on: with it only sealed records are read");
    }
    Ok(Exit::Done)
}

async fn rewrite(
    connection: &Connection,
    hold: &dyn crate::state::hold::Hold,
) -> Result<Option<(String, usize)>, Fail> {
    let Some(store) = &connection.memory.remote else { return Ok(None) };
    let Some(record) = connection.memory.store().load().await? else { return Ok(None) };
    let mut next = record.clone();
    next.serial += 1;
    connection.memory.store().swap(Some(&Version::of(&record)), &next).await?;
    hold.stored(&next);
    let backups = store.rewrite_backups().await?;
    Ok(Some((store.shown(), backups)))
}
