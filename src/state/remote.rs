//! The record as an object: `<prefix>/<omni host>-<short hash of spec path and origin>.json`, replaced only where it is still
//! the one that was read, with the record of each of the last runs beside it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::conditional::{End, Etag};
use super::heartbeat::{FoundLease, find_lease};
use super::lease::Lease;
use super::local::file_stem;
use super::model::Record;
use super::objects::{Objects, get, settle};
use super::seal::{Seal, Sealed};
use super::store::{Store, StoreError, Version, decode, encode, shown};
#[cfg(test)]
use super::tests::flaw::{self, Flaw};
use crate::secret::sha256;
use crate::world::BoxFuture;

/// Backups kept: one for each run that changed the record.
const BACKUPS: usize = 5;
/// Longest time for one write of the record.
const WITHIN: Duration = Duration::from_secs(40);

/// A record in an object store.
pub struct RemoteStore {
    bucket: Arc<dyn Objects>,
    /// The same, as it is without opening what is sealed.
    raw: Arc<dyn Objects>,
    seal: Arc<Seal>,
    spec: String,
    name: String,
    omni: String,
    seen: Mutex<Option<Seen>>,
    /// The record before this run's first write is kept.
    kept: Mutex<bool>,
}

#[derive(Clone)]
struct Seen {
    version: Version,
    etag: Etag,
    bytes: Vec<u8>,
}

impl RemoteStore {
    /// The record of a spec and an Omni origin in the bucket `raw`, sealed as `seal` asks for.
    pub fn new(raw: Arc<dyn Objects>, seal: Arc<Seal>, spec: &str, omni: &str) -> Self {
        Self {
            bucket: Arc::new(Sealed::new(Arc::clone(&raw), Arc::clone(&seal))),
            raw,
            seal,
            spec: spec.to_owned(),
            name: file_stem(spec, omni),
            omni: omni.to_owned(),
            seen: Mutex::new(None),
            kept: Mutex::new(false),
        }
    }
    /// The same record, sealed as another one asks for; nothing of it is read yet.
    pub fn sealed_by(&self, seal: Arc<Seal>) -> Self {
        Self::new(Arc::clone(&self.raw), seal, &self.spec, &self.omni)
    }
    /// Its bucket, with everything in it as it is.
    pub fn raw(&self) -> &Arc<dyn Objects> {
        &self.raw
    }
    /// Its bucket, with everything in it opened.
    pub fn bucket(&self) -> &Arc<dyn Objects> {
        &self.bucket
    }
    /// Where the record is, for people.
    pub fn shown(&self) -> String {
        self.bucket.show(&self.record_name())
    }
    /// Name of the lease's object.
    pub fn lease_name(&self) -> String {
        format!("{}.lease", self.name)
    }
    /// What probes' names begin with.
    pub fn probe_name(&self) -> String {
        format!("{}.probe-", self.name)
    }
    fn record_name(&self) -> String {
        format!("{}.json", self.name)
    }

    /// The lease, if there ever was one.
    pub async fn lease(&self) -> Result<Option<FoundLease>, StoreError> {
        find_lease(self.bucket.as_ref(), &self.lease_name()).await
    }

    /// Refuses a record that is older than the one that a lease remembers, or another one under the same number: somebody
    /// brought it back, or changed it.
    pub fn check_age(lease: &Lease, record: Option<&Record>, shown: &str) -> Result<(), StoreError> {
        let Some((lineage, serial)) = &lease.record else { return Ok(()) };
        let found = record.map(Version::of);
        let ok = found.as_ref().is_some_and(|f| f.lineage == *lineage && f.serial >= *serial);
        if ok {
            let remembered = lease.record_digest.as_ref();
            let Some((record, wanted)) = record.filter(|r| r.serial == *serial).zip(remembered) else {
                return Ok(());
            };
            if super::store::digest(record)? == *wanted {
                return Ok(());
            }
            return Err(StoreError::Changed {
                path: shown.to_owned(),
                found: super::store::shown(found.as_ref()),
            });
        }
        Err(StoreError::Older {
            path: shown.to_owned(),
            found: super::store::shown(found.as_ref()),
            wanted: super::store::shown(Some(&Version { lineage: lineage.clone(), serial: *serial })),
            backup: None,
        })
    }

    fn seen(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    fn see(&self, seen: Option<Seen>) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    async fn read(&self) -> Result<Option<Record>, StoreError> {
        let path = self.shown();
        let object = match get(self.bucket.as_ref(), &self.record_name()).await {
            Ok(Some(object)) => object,
            Ok(None) => {
                self.see(None);
                return Ok(None);
            }
            Err(e) => return Err(self.with_backup(e).await),
        };
        let record = match decode(&path, &object.bytes) {
            Ok(record) => record,
            Err(e) => return Err(self.with_backup(e).await),
        };
        if record.omni != self.omni {
            return Err(StoreError::Foreign { path, found: record.omni, wanted: self.omni.clone() });
        }
        self.see(Some(Seen { version: Version::of(&record), etag: object.etag, bytes: object.bytes }));
        Ok(Some(record))
    }

    /// Writes the backups anew that are not in the form that is asked for; how many those are.
    pub async fn rewrite_backups(&self) -> Result<usize, StoreError> {
        let mut rewritten = 0;
        for name in self.bucket.list(&self.backup_prefix()).await? {
            let shown = self.bucket.show(&name);
            let formed = async || {
                get(self.raw.as_ref(), &name).await.map(|o| o.is_none_or(|o| self.seal.formed(&o.bytes)))
            };
            if formed().await? {
                continue;
            }
            let Some(object) = get(self.bucket.as_ref(), &name).await? else { continue };
            let end = settle(self.bucket.as_ref(), &name, &object.bytes, Some(&object.etag), WITHIN).await;
            // Both forms hold the same, so only a look at the bytes themselves tells what became of it.
            if !formed().await? {
                let why = match end {
                    End::Refused(why, _) => return Err(StoreError::Refused(format!("`{shown}`: {why}"))),
                    End::GivenUp(why, _) => why,
                    End::Written(_) | End::Lost => "it is still in its old form".to_owned(),
                };
                return Err(StoreError::Unreachable(format!("`{shown}`: {why}")));
            }
            rewritten += 1;
        }
        Ok(rewritten)
    }

    fn backup_prefix(&self) -> String {
        format!("{}.backup-", self.name)
    }

    /// Names the newest backup that reads, so that the way back is in the message.
    async fn with_backup(&self, error: StoreError) -> StoreError {
        let StoreError::Damaged { path, why, .. } = error else { return error };
        let mut backup = None;
        for name in self.bucket.list(&self.backup_prefix()).await.unwrap_or_default().into_iter().rev() {
            let found = get(self.bucket.as_ref(), &name).await;
            if found.is_ok_and(|o| o.is_some_and(|o| decode(&name, &o.bytes).is_ok())) {
                backup = Some(self.bucket.show(&name));
                break;
            }
        }
        StoreError::Damaged { path, why, backup }
    }

    /// Keeps the record as it was before this run: its name holds its content's hash, so no other content can take it.
    async fn keep(&self, seen: &Seen) -> Result<(), StoreError> {
        if *self.kept.lock().unwrap_or_else(PoisonError::into_inner) {
            return Ok(());
        }
        let digest = sha256(&seen.bytes);
        let name = format!(
            "{}{:012}-{}.json",
            self.backup_prefix(),
            seen.version.serial,
            digest.get(..8).unwrap_or_default()
        );
        match settle(self.bucket.as_ref(), &name, &seen.bytes, None, WITHIN).await {
            // There already: from a run that was cut off after keeping it.
            End::Written(_) | End::Lost => {}
            End::Refused(why, _) => {
                return Err(StoreError::Refused(format!("`{}`: {why}", self.bucket.show(&name))));
            }
            End::GivenUp(why, _) => {
                return Err(StoreError::Unreachable(format!("`{}`: {why}", self.bucket.show(&name))));
            }
        }
        *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = true;
        // Credentials that may not list or delete leave more of them.
        let names = self.bucket.list(&self.backup_prefix()).await.unwrap_or_default();
        for old in names.iter().take(names.len().saturating_sub(BACKUPS)) {
            self.bucket.discard(old).await;
        }
        Ok(())
    }

    async fn write(&self, old: Option<&Version>, new: &Record) -> Result<Version, StoreError> {
        let conflict =
            |found: Option<&Version>| StoreError::Conflict { expected: shown(old), found: shown(found) };
        if self.seen().map(|s| s.version).as_ref() != old {
            self.read().await?;
        }
        let seen = self.seen();
        let found = seen.as_ref().map(|s| s.version.clone());
        if found.as_ref() != old {
            return Err(conflict(found.as_ref()));
        }
        let next = Version::of(new);
        if old.is_some_and(|o| o.lineage != new.lineage || o.serial >= new.serial) {
            return Err(conflict(Some(&next)));
        }
        if let Some(seen) = &seen {
            self.keep(seen).await?;
        }
        let bytes = encode(new)?;
        let name = self.record_name();
        let base = seen.as_ref().map(|s| &s.etag);
        match settle(self.bucket.as_ref(), &name, &bytes, base, WITHIN).await {
            End::Written(etag) => {
                // What this run wrote before needs no copy: its beginning is kept.
                *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = true;
                self.see(Some(Seen { version: next.clone(), etag, bytes }));
                Ok(next)
            }
            #[cfg(test)]
            End::Lost if flaw::on(Flaw::ConflictCountsAsWritten) => Ok(next),
            End::Lost => {
                self.see(None);
                let found = self.read().await.ok().flatten().map(|r| Version::of(&r));
                Err(conflict(found.as_ref()))
            }
            End::Refused(why, _) => {
                self.see(None);
                Err(StoreError::Refused(format!("`{}`: {why}", self.shown())))
            }
            End::GivenUp(why, _) => {
                self.see(None);
                Err(StoreError::Unreachable(format!("`{}`: {why}", self.shown())))
            }
        }
    }
}

impl Store for RemoteStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Record>, StoreError>> {
        Box::pin(self.read())
    }
    fn swap<'a>(
        &'a self,
        old: Option<&'a Version>,
        new: &'a Record,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(self.write(old, new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::state::lease::{Holder, claim};
    use crate::state::model::{Entry, Origin};
    use crate::state::store::digest;

    /// F4, F5, F6: the record beside what the lease remembers of it.
    #[test]
    fn only_the_remembered_record_and_later_ones_of_its_chain_are_read() {
        let at = |lineage: &str, serial: u64| {
            let mut record = Record::new(lineage, "omni");
            record.serial = serial;
            record
        };
        let present = at("chain", 7);
        let mut lease = claim(None, "a1".into(), Holder::default(), 60, 0);
        let check = |lease: &Lease, record: Option<&Record>| RemoteStore::check_age(lease, record, "r");
        assert_eq!(check(&lease, Some(&present)), Ok(()), "nothing is remembered");
        lease.record = Some(("chain".into(), 7));
        assert_eq!(check(&lease, Some(&at("chain", 7))), Ok(()), "by an earlier program");
        lease.record_digest = Some(digest(&present).unwrap());
        assert_eq!(check(&lease, Some(&present)), Ok(()));
        assert_eq!(check(&lease, Some(&at("chain", 8))), Ok(()), "written after the last heartbeat");
        for gone in [Some(at("chain", 6)), Some(at("fork", 7)), Some(at("fork", 9)), None] {
            assert!(matches!(check(&lease, gone.as_ref()), Err(StoreError::Older { .. })), "{gone:?}");
        }
        let mut changed = present.clone();
        let entry = Entry { id: None, applied: None, origin: Origin::Created };
        changed.entries.insert(Address::class("foreign"), entry);
        assert!(matches!(check(&lease, Some(&changed)), Err(StoreError::Changed { .. })));
    }
}
