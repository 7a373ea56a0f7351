//! Where a command's memory is: the record in the folder `state/` or in an object store, journals always beside the files.

use std::path::PathBuf;
use std::time::Duration;

use super::connect::Connection;
use super::fail::Fail;
use super::remote;
use super::streams::Streams;
use crate::secret::DigestKey;
use crate::state::heartbeat::{Taking, take};
use crate::state::hold::{Hold, LocalHold};
use crate::state::local::LocalStore;
use crate::state::probe::probe;
use crate::state::remote::RemoteStore;
use crate::state::store::{Occupant, Store, StoreError, identity};

/// Where a command's memory is.
pub(super) struct Memory {
    /// Beside the files: journals and, without another store, the record and its digest key.
    pub(super) home: LocalStore,
    /// The record's object store.
    pub(super) remote: Option<RemoteStore>,
    /// What the record belongs to, for messages.
    pub(super) omni: String,
}

impl Memory {
    /// The record.
    pub(super) fn store(&self) -> &dyn Store {
        match &self.remote {
            Some(remote) => remote,
            None => &self.home,
        }
    }
    /// Folder of the journals.
    pub(super) fn runs(&self) -> PathBuf {
        self.home.runs()
    }
    /// The digest key beside the record. A key must not lie where the digests lie that it makes for everybody.
    pub(super) fn digest_key(&self) -> Result<Option<DigestKey>, StoreError> {
        if self.remote.is_some() { Ok(None) } else { self.home.digest_key() }
    }
    /// Keeps a key for later runs, where there is a place for it.
    pub(super) fn keep_digest_key(&self, key: &DigestKey) -> Result<(), StoreError> {
        if self.remote.is_some() { Ok(()) } else { self.home.keep_digest_key(key) }
    }

    /// Takes the right to write, for one run.
    pub(super) async fn hold(
        &self,
        connection: &Connection,
        purpose: &str,
        wait: Duration,
        streams: &Streams,
    ) -> Result<Box<dyn Hold>, Fail> {
        let holder = remote::holder(purpose);
        let Some(store) = &self.remote else {
            let start = connection.clock.now();
            loop {
                match self.home.hold(&holder) {
                    Ok(lock) => return Ok(Box::new(LocalHold::new(lock))),
                    Err(StoreError::Held(_)) if connection.clock.now().saturating_sub(start) < wait => {
                        connection.clock.sleep(Duration::from_millis(200)).await;
                    }
                    Err(e) => return Err(e.into()),
                }
            }
        };
        let name = format!("{}{}", store.probe_name(), identity(connection.rng.as_ref()));
        probe(store.bucket().as_ref(), &name).await?;
        let say = |o: &Occupant| {
            streams.say(&format!("waiting for the lease, which {} holds ({})", o.who, heard(o)));
        };
        let taking = Taking {
            holder,
            ttl: remote::ttl(),
            wait,
            say: &say,
            spawn: |heart| {
                // It ends with the hold; nobody waits for it.
                drop(tokio::spawn(heart));
            },
        };
        let held = take(store.bucket(), &store.lease_name(), connection.rng.as_ref(), taking)
            .await
            .map_err(|e| self.occupied(e))?;
        let sound = match store.load().await {
            Ok(record) => RemoteStore::check_age(&held.lease(), record.as_ref(), &store.shown()),
            Err(e) => Err(e),
        };
        if let Err(e) = sound {
            // Nothing was sent, so whoever comes next need not wait; should this fail, the lease runs out.
            let _late = held.release().await;
            return Err(e.into());
        }
        Ok(Box::new(held))
    }

    /// A lease that somebody else holds, in full.
    fn occupied(&self, e: StoreError) -> Fail {
        let StoreError::Leased(o) = &e else { return e.into() };
        let mut message = format!("OS0601: another {} holds the lease for {}\n", o.purpose, self.omni);
        message.push_str(&format!("  holder   {}, {}\n", o.who, heard(o)));
        if let Some(url) = &o.url {
            message.push_str(&format!("  page     {url}\n"));
        }
        message.push_str("  wait     --lock-timeout 20m\n");
        message.push_str(&format!(
            "  break    not safe before {} without a heartbeat: the holder may be alive",
            seconds(o.left)
        ));
        Fail::new(super::exit::Exit::Held, message).help(format!(
            "`omni-scale lock show` says more; `omni-scale lock break {}` once it is dead",
            o.id
        ))
    }
}

/// When somebody was last heard of.
pub(super) fn heard(o: &Occupant) -> String {
    format!("last heartbeat at least {} ago", seconds(o.quiet))
}

/// `45s`, `3m05s`.
pub(super) fn seconds(d: Duration) -> String {
    let s = d.as_secs();
    if s < 60 { format!("{s}s") } else { format!("{}m{:02}s", s / 60, s % 60) }
}
