//! The record as a file: `<omni host>-<short hash of spec path and origin>.json`, with the last five versions beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lease::Holder;
use super::model::Record;
use super::store::{Store, StoreError, Version, decode, encode, shown};
use crate::secret::{DigestKey, sha256};
use crate::world::{BoxFuture, Fs, FsError, FsLock};

/// Backups kept.
const BACKUPS: usize = 5;

/// A record in a folder of this machine.
#[derive(Clone)]
pub struct LocalStore {
    fs: Arc<dyn Fs>,
    folder: PathBuf,
    name: String,
    omni: String,
}

impl LocalStore {
    /// The record of a spec and an Omni origin in `folder`.
    pub fn new(fs: Arc<dyn Fs>, folder: &Path, spec: &str, omni: &str) -> Self {
        Self { fs, folder: folder.to_owned(), name: file_stem(spec, omni), omni: omni.to_owned() }
    }
    /// Path of the record.
    pub fn path(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }
    /// Folder of the run journals that belong to this record.
    pub fn runs(&self) -> PathBuf {
        self.folder.join("runs")
    }
    /// Takes the lease: held until dropped, gone with the process. [`StoreError::Held`] when another run has it.
    pub fn lease(&self) -> Result<Box<dyn FsLock>, StoreError> {
        Ok(self.fs.lock(&self.folder.join(format!("{}.lease", self.name)))?)
    }

    /// [`LocalStore::lease`], with a file beside it that says who we are.
    pub fn hold(&self, holder: &Holder) -> Result<Box<dyn FsLock>, StoreError> {
        let lock = self.lease()?;
        if let Ok(text) = serde_json::to_vec(holder) {
            self.fs.replace(&self.holder_path(), &text)?;
        }
        Ok(lock)
    }
    /// Who holds the lease; `None` when nobody does. The file alone says nothing: it outlives its writer.
    pub fn holder(&self) -> Result<Option<Holder>, StoreError> {
        match self.lease() {
            Ok(_) => Ok(None),
            Err(StoreError::Held(_)) => {
                let found = self.fs.read(&self.holder_path()).ok();
                Ok(Some(found.and_then(|b| serde_json::from_slice(&b).ok()).unwrap_or_default()))
            }
            Err(e) => Err(e),
        }
    }
    fn holder_path(&self) -> PathBuf {
        self.folder.join(format!("{}.holder", self.name))
    }

    /// Path of the key that makes the record's digests; it never stands in the record.
    pub fn digest_key_path(&self) -> PathBuf {
        self.folder.join(format!("{}.digest-key", self.name))
    }
    /// The key that makes the record's digests, if there is one.
    pub fn digest_key(&self) -> Result<Option<DigestKey>, StoreError> {
        let path = self.digest_key_path();
        let bytes = match self.fs.read(&path) {
            Ok(bytes) => bytes,
            Err(FsError::Missing(_)) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        std::str::from_utf8(&bytes)
            .ok()
            .and_then(|text| DigestKey::from_hex(text.trim_end()))
            .map(Some)
            .ok_or_else(|| StoreError::Key(path.display().to_string()))
    }
    /// Keeps a key for later runs, unless there is one already. For a holder of the lease.
    pub fn keep_digest_key(&self, key: &DigestKey) -> Result<(), StoreError> {
        if self.digest_key()?.is_some() {
            return Ok(());
        }
        Ok(self.fs.replace(&self.digest_key_path(), format!("{}\n", key.to_hex()).as_bytes())?)
    }

    fn backup_prefix(&self) -> String {
        format!("{}.backup-", self.name)
    }

    /// Backups, oldest first.
    fn backups(&self) -> Result<Vec<String>, FsError> {
        let prefix = self.backup_prefix();
        let mut names: Vec<String> =
            self.fs.list(&self.folder)?.into_iter().filter(|n| n.starts_with(&prefix)).collect();
        names.sort();
        Ok(names)
    }

    fn read(&self) -> Result<Option<(Record, Vec<u8>)>, StoreError> {
        let path = self.path();
        let shown = path.display().to_string();
        let bytes = match self.fs.read(&path) {
            Ok(bytes) => bytes,
            Err(FsError::Missing(_)) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        let record = decode(&shown, &bytes).map_err(|e| self.with_backup(e))?;
        if record.omni != self.omni {
            return Err(StoreError::Foreign { path: shown, found: record.omni, wanted: self.omni.clone() });
        }
        self.check_age(&shown, &record)?;
        Ok(Some((record, bytes)))
    }

    /// Refuses a record that is older than a backup of it: somebody brought it back.
    fn check_age(&self, shown: &str, record: &Record) -> Result<(), StoreError> {
        let name = |serial: u64| format!("{}{serial:012}.json", self.backup_prefix());
        let present = name(record.serial);
        for newer in self.backups()?.into_iter().rev().take_while(|n| *n > present) {
            let path = self.folder.join(newer);
            let backup = path.display().to_string();
            // Backups of a record that was here before are no business of this one.
            if let Ok(found) = self.fs.read(&path).map_err(StoreError::from).and_then(|b| decode(&backup, &b))
                && found.lineage == record.lineage
                && found.serial > record.serial
            {
                return Err(StoreError::Older {
                    path: shown.to_owned(),
                    found: super::store::shown(Some(&Version::of(record))),
                    wanted: super::store::shown(Some(&Version::of(&found))),
                    backup: Some(backup),
                });
            }
        }
        Ok(())
    }

    /// Names the newest backup that reads, so that the way back is in the message.
    fn with_backup(&self, error: StoreError) -> StoreError {
        let StoreError::Damaged { path, why, .. } = error else { return error };
        let backup = self.backups().ok().and_then(|names| {
            names.into_iter().rev().map(|n| self.folder.join(n)).find(|p| {
                let shown = p.display().to_string();
                self.fs.read(p).is_ok_and(|bytes| decode(&shown, &bytes).is_ok())
            })
        });
        StoreError::Damaged { path, why, backup: backup.map(|p| p.display().to_string()) }
    }

    fn write(&self, old: Option<&Version>, new: &Record) -> Result<Version, StoreError> {
        // The lock closes the gap between reading and writing against another process; serial and lineage decide.
        let _lock = self.fs.lock(&self.folder.join(format!("{}.lock", self.name)))?;
        let there = self.read()?;
        let found = there.as_ref().map(|(r, _)| Version::of(r));
        if found.as_ref() != old {
            return Err(StoreError::Conflict { expected: shown(old), found: shown(found.as_ref()) });
        }
        if old.is_some_and(|o| o.lineage != new.lineage || o.serial >= new.serial) {
            return Err(StoreError::Conflict { expected: shown(old), found: shown(Some(&Version::of(new))) });
        }
        if let Some((record, bytes)) = there {
            // A record without a backup of the one before is not written.
            let name = format!("{}{:012}.json", self.backup_prefix(), record.serial);
            self.fs.replace(&self.folder.join(name), &bytes)?;
            let names = self.backups()?;
            for old in names.iter().take(names.len().saturating_sub(BACKUPS)) {
                self.fs.remove(&self.folder.join(old))?;
            }
        }
        self.fs.replace(&self.path(), &encode(new)?)?;
        Ok(Version::of(new))
    }
}

/// File name without extension: the host for people, a hash so that two specs or origins never share a record.
pub(super) fn file_stem(spec: &str, omni: &str) -> String {
    let host: String = omni
        .split("://")
        .last()
        .unwrap_or(omni)
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' || c == '-' { c } else { '-' })
        .take(80)
        .collect();
    let hash = sha256(format!("{spec}\n{omni}").as_bytes());
    format!("{host}-{}", hash.get(..8).unwrap_or_default())
}

impl Store for LocalStore {
    fn load(&self) -> BoxFuture<'_, Result<Option<Record>, StoreError>> {
        Box::pin(async move { Ok(self.read()?.map(|(record, _)| record)) })
    }
    fn swap<'a>(
        &'a self,
        old: Option<&'a Version>,
        new: &'a Record,
    ) -> BoxFuture<'a, Result<Version, StoreError>> {
        Box::pin(async move { self.write(old, new) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::real::RealFs;

    const OMNI: &str = "https://omni.example.net";

    fn store(dir: &Path) -> LocalStore {
        LocalStore::new(Arc::new(RealFs::new()), dir, "spec/omni.yaml", OMNI)
    }

    fn at(serial: u64) -> Record {
        let mut r = Record::new("lineage", OMNI);
        r.serial = serial;
        r
    }

    #[test]
    fn only_the_holder_of_the_present_version_writes() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        let v1 = s.write(None, &at(1)).unwrap();
        assert!(matches!(s.write(None, &at(1)), Err(StoreError::Conflict { .. })));
        let v2 = s.write(Some(&v1), &at(2)).unwrap();
        assert!(matches!(s.write(Some(&v1), &at(3)), Err(StoreError::Conflict { .. })));
        assert!(matches!(s.write(Some(&v2), &at(2)), Err(StoreError::Conflict { .. })), "serials only rise");
        let mut other = at(9);
        other.lineage = "other".into();
        assert!(matches!(s.write(Some(&v2), &other), Err(StoreError::Conflict { .. })));
        assert_eq!(s.read().unwrap().unwrap().0, at(2));
    }

    #[test]
    fn five_backups_are_kept_and_a_damaged_record_names_the_newest() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        let mut version = None;
        for serial in 1..=9 {
            version = Some(s.write(version.as_ref(), &at(serial)).unwrap());
        }
        assert_eq!(s.backups().unwrap().len(), 5);
        let whole = std::fs::read(s.path()).unwrap();
        std::fs::write(s.path(), &whole[..whole.len() / 2]).unwrap();
        let e = s.read().unwrap_err();
        assert!(e.help().contains("backup-000000000008.json"), "{}", e.help());
        assert!(matches!(s.write(version.as_ref(), &at(10)), Err(StoreError::Damaged { .. })));
        assert_eq!(std::fs::read(s.path()).unwrap(), whole[..whole.len() / 2], "nothing is overwritten");
    }

    /// F1, F2, F3, F8, F9.
    #[test]
    fn a_record_that_is_not_whole_is_refused_with_the_way_back() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        let v1 = s.write(None, &at(1)).unwrap();
        s.write(Some(&v1), &at(2)).unwrap();
        let good = std::fs::read(s.path()).unwrap();
        let newer = b"{\"format\":9,\"record\":{}}".to_vec();
        for (bad, why) in [
            (Vec::new(), "it is cut off"),
            (good[..good.len() - 1].to_vec(), "not written as this program writes it"),
            (
                String::from_utf8(good.clone()).unwrap().replace("\"serial\":2", "\"serial\":3").into_bytes(),
                "does not match its checksum",
            ),
            (vec![b'{'; 100_000], "is not JSON"),
        ] {
            std::fs::write(s.path(), &bad).unwrap();
            let e = s.read().unwrap_err();
            assert!(e.to_string().contains(why), "{e}");
            assert!(e.help().contains("backup-000000000001.json"), "{}", e.help());
            assert_eq!(std::fs::read(s.path()).unwrap(), bad, "nothing is overwritten");
        }
        std::fs::write(s.path(), newer).unwrap();
        assert!(matches!(s.read(), Err(StoreError::Newer { found: 9, .. })));
    }

    /// F4, F18: the record of an earlier day, beside its own later backups.
    #[test]
    fn a_record_that_is_older_than_its_backups_was_brought_back() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        let (mut version, mut second) = (None, Vec::new());
        for serial in 1..=5 {
            version = Some(s.write(version.as_ref(), &at(serial)).unwrap());
            if serial == 2 {
                second = std::fs::read(s.path()).unwrap();
            }
        }
        std::fs::write(s.path(), &second).unwrap();
        let e = s.read().unwrap_err();
        assert!(
            matches!(&e, StoreError::Older { .. }) && e.help().contains("backup-000000000004.json"),
            "{e}"
        );
        let two = Version { lineage: "lineage".into(), serial: 2 };
        assert!(s.write(Some(&two), &at(3)).is_err(), "nothing is written over it");
        // What the message says helps.
        std::fs::copy(dir.path().join(s.backups().unwrap().last().unwrap()), s.path()).unwrap();
        assert_eq!(s.read().unwrap().unwrap().0, at(4));
        // A new record where an older one had been is nobody's past.
        let mut fresh = Record::new("another", OMNI);
        fresh.serial = 1;
        std::fs::remove_file(s.path()).unwrap();
        s.write(None, &fresh).unwrap();
        assert_eq!(s.read().unwrap().unwrap().0, fresh);
    }

    #[test]
    fn records_of_other_instances_are_refused_and_names_differ() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        s.write(None, &at(1)).unwrap();
        let other = LocalStore::new(
            Arc::new(RealFs::new()),
            dir.path(),
            "spec/omni.yaml",
            "https://other.example.net",
        );
        assert_ne!(s.path(), other.path());
        std::fs::copy(s.path(), other.path()).unwrap();
        assert!(matches!(other.read(), Err(StoreError::Foreign { .. })));
        assert!(s.path().file_name().unwrap().to_str().unwrap().starts_with("omni.example.net-"));
    }

    #[test]
    fn the_digest_key_is_kept_once_and_a_damaged_one_is_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        assert!(s.digest_key().unwrap().is_none());
        let key = DigestKey::new([7; 32]);
        s.keep_digest_key(&key).unwrap();
        s.keep_digest_key(&DigestKey::new([8; 32])).unwrap();
        assert_eq!(s.digest_key().unwrap().unwrap().digest("x"), key.digest("x"));
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(s.digest_key_path()).unwrap().permissions(),
        );
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(s.digest_key_path(), "half").unwrap();
        let e = s.keep_digest_key(&key).unwrap_err();
        assert!(e.help().contains("move"), "{}", e.help());
        assert_eq!(std::fs::read(s.digest_key_path()).unwrap(), b"half");
    }

    #[test]
    fn the_lease_has_one_holder() {
        let dir = tempfile::tempdir().unwrap();
        let s = store(dir.path());
        let lease = s.lease().unwrap();
        assert!(matches!(s.lease(), Err(StoreError::Held(_))));
        drop(lease);
        assert!(s.lease().is_ok());
    }
}
