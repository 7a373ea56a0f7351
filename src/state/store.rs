//! Where the record is kept: compare-and-set by lineage and serial. The one who loses a race writes nothing.

use super::envelope::{self, Broken};
use super::model::{FORMAT, Record};
use crate::secret::hex;
use crate::world::{BoxFuture, FsError};

/// The key of compare-and-set: which record of which chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Identity of the chain.
    pub lineage: String,
    /// Place in it.
    pub serial: u64,
}

impl Version {
    /// The version of a record.
    pub fn of(record: &Record) -> Self {
        Self { lineage: record.lineage.clone(), serial: record.serial }
    }
}

/// Who holds a lease, in words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupant {
    /// `github run 8123 (main @ 77aa001)`.
    pub who: String,
    /// `apply`.
    pub purpose: String,
    /// Page of the pipeline's run.
    pub url: Option<String>,
    /// Names this holding.
    pub id: String,
    /// Since when, Unix seconds by its own clock.
    pub since: u64,
    /// How long ago it last wrote, by the store's clock if that is known, else as long as it was watched.
    pub quiet: std::time::Duration,
    /// When it may be taken over, if it does not write again.
    pub left: std::time::Duration,
}

/// A version for people.
pub(super) fn shown(version: Option<&Version>) -> String {
    version.map_or_else(
        || "missing".to_owned(),
        |v| format!("serial {} of {}", v.serial, v.lineage.get(..8).unwrap_or(&v.lineage)),
    )
}

/// Why a record cannot be read or written. Nothing was changed.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StoreError {
    /// The bytes are not a record: cut off, edited or damaged.
    #[error("the record `{path}` is not readable: {why}")]
    Damaged {
        /// Where.
        path: String,
        /// What is wrong with it.
        why: String,
        /// Newest backup that reads, if there is one.
        backup: Option<String>,
    },
    /// A newer program wrote it.
    #[error("the record `{path}` has format {found}, this program knows {FORMAT}")]
    Newer {
        /// Where.
        path: String,
        /// Its format.
        found: u64,
    },
    /// It belongs to another Omni instance.
    #[error("the record `{path}` belongs to `{found}`, not to `{wanted}`")]
    Foreign {
        /// Where.
        path: String,
        /// Origin in the record.
        found: String,
        /// Origin in the spec.
        wanted: String,
    },
    /// Somebody else wrote in between.
    #[error("the record was written by somebody else in between: it is {found}, not {expected}")]
    Conflict {
        /// What we had read.
        expected: String,
        /// What is there.
        found: String,
    },
    /// Another run holds the lock.
    #[error("another run holds the lock `{0}`")]
    Held(String),
    /// The key of the record's digests is not one.
    #[error("the digest key `{0}` is not readable: it is not 64 hexadecimal digits")]
    Key(String),
    /// It is older than the one that was last written: somebody brought it back.
    #[error("the record `{path}` is {found}, and was {wanted} already: somebody brought back an older one")]
    Older {
        /// Where.
        path: String,
        /// What is there.
        found: String,
        /// What was there.
        wanted: String,
        /// A backup that is newer, where that is how it is known.
        backup: Option<String>,
    },
    /// It is the present one by its number, and holds something else: somebody wrote it without the lease.
    #[error("the record `{path}` is {found}, and does not hold what was stored as that: somebody changed it")]
    Changed {
        /// Where.
        path: String,
        /// What is there.
        found: String,
    },
    /// It is sealed and cannot be opened, or is not sealed and should be.
    #[error("{what}")]
    Sealed {
        /// What, and why.
        what: String,
        /// What to do.
        help: String,
    },
    /// Another run holds the lease, and may be alive.
    #[error("another run holds the lease of the record: {}", .0.who)]
    Leased(Box<Occupant>),
    /// The lease itself is not readable.
    #[error("the lease `{path}` is not readable: {why}")]
    Lease {
        /// Where.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// The right to write was lost while the run was under way.
    #[error("{0}")]
    Lost(String),
    /// An object store accepts no request of ours.
    #[error("the record's store refuses: {0}")]
    Refused(String),
    /// An object store does not do what it says.
    #[error("the record's store cannot be trusted with a record: {0}")]
    Lies(String),
    /// An object store cannot be reached.
    #[error("the record's store cannot be reached: {0}")]
    Unreachable(String),
    /// The disk or the service fails.
    #[error("{0}")]
    Unavailable(String),
}

impl StoreError {
    /// What to do.
    pub fn help(&self) -> String {
        match self {
            Self::Damaged { path, backup: Some(backup), .. } => {
                format!(
                    "copy `{backup}` over `{path}`, then run `omni-scale plan`; what was applied since that backup shows up as `adopt`"
                )
            }
            Self::Damaged { path, backup: None, .. } => {
                format!(
                    "move `{path}` away; without a record nothing is pruned, and what is live and declared is adopted again"
                )
            }
            Self::Newer { .. } => "use the version of omni-scale that wrote it, or a newer one".to_owned(),
            Self::Foreign { path, .. } => {
                format!(
                    "move `{path}` away if it was copied here; records are never shared between Omni instances"
                )
            }
            Self::Conflict { .. } => "run `omni-scale plan` again".to_owned(),
            Self::Key(path) => {
                format!(
                    "bring it back, or move `{path}` away: then a new one is made, and secrets in the record are remembered anew"
                )
            }
            Self::Held(_) => "wait until it is done".to_owned(),
            Self::Older { path, backup: Some(backup), .. } => format!(
                "copy `{backup}` over `{path}`; to go on with this one, move the newer backups away"
            ),
            Self::Older { backup: None, .. } => {
                "bring back the newest version of the object; to go on with this one, run `omni-scale lock break ID --allow lock:ID`, which also forgets what the lease remembers".to_owned()
            }
            Self::Changed { .. } => {
                "bring back the object's version before that change; to go on with this one, run `omni-scale lock break ID --allow lock:ID`, which also forgets what the lease remembers".to_owned()
            }
            Self::Sealed { help, .. } => help.clone(),
            Self::Lease { .. } => {
                "`omni-scale lock break damaged --allow lock:damaged` replaces it; what its holder was about to send is then not known, so read the next plan with care".to_owned()
            }
            Self::Leased(_) => "wait for it with `--lock-timeout 20m`".to_owned(),
            Self::Lost(_) => "run `omni-scale plan`; the next apply looks up what is in doubt first".to_owned(),
            Self::Refused(_) => {
                "nothing was sent to Omni; check the store's credentials, its bucket and its region".to_owned()
            }
            Self::Lies(_) => {
                "nothing was written but probes; use a store that honours conditional writes (`If-None-Match: *` and `If-Match`), or `store: local`".to_owned()
            }
            Self::Unreachable(_) => "nothing was sent to Omni; try again, or check `state.store` and the network".to_owned(),
            Self::Unavailable(_) => {
                "nothing was sent without a durable note of it; repair this, then apply again".to_owned()
            }
        }
    }
}

impl From<FsError> for StoreError {
    fn from(e: FsError) -> Self {
        match e {
            FsError::Held(path) => Self::Held(path),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Keeps one record.
pub trait Store: Send + Sync {
    /// The record, if there is one.
    fn load(&self) -> BoxFuture<'_, Result<Option<Record>, StoreError>>;
    /// Replaces the record of version `old` (`None`: there is none yet) by `new`, whose serial must be higher. Durable
    /// when it returns. [`StoreError::Conflict`] when the record is not `old` any more.
    fn swap<'a>(
        &'a self,
        old: Option<&'a Version>,
        new: &'a Record,
    ) -> BoxFuture<'a, Result<Version, StoreError>>;
}

/// A new random identity, 128 bits as hex.
pub fn identity(rng: &dyn crate::world::Rng) -> String {
    let mut bytes = [0u8; 16];
    rng.fill(&mut bytes);
    hex(&bytes)
}

/// A record's bytes, in their envelope (`state::envelope`).
pub fn encode(record: &Record) -> Result<Vec<u8>, StoreError> {
    envelope::wrap("record", FORMAT, record).map_err(unwritable)
}

fn unwritable(e: serde_json::Error) -> StoreError {
    StoreError::Unavailable(format!("the record cannot be written down: {e}"))
}

/// The SHA-256 of a record's content, as it stands beside it.
pub fn digest(record: &Record) -> Result<String, StoreError> {
    envelope::digest(record).map_err(unwritable)
}

/// Reads what [`encode`] wrote. `path` is for messages only.
pub fn decode(path: &str, bytes: &[u8]) -> Result<Record, StoreError> {
    envelope::open("record", FORMAT, bytes).map_err(|broken| match broken {
        Broken::Newer(found) => StoreError::Newer { path: path.to_owned(), found },
        Broken::Damaged(why) => StoreError::Damaged { path: path.to_owned(), why, backup: None },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::resource::{Resource, ResourceId};
    use crate::state::model::{Entry, Origin};
    use crate::value::Value;

    fn record() -> Record {
        let mut record = Record::new("l1", "https://omni.example.net");
        let mut resource = Resource::new(ResourceId::default_ns("MachineClasses", "w"));
        resource.spec.set("cores", Value::Int(8));
        resource.spec.set("share", Value::Float(1.0));
        record.entries.insert(
            Address::class("w"),
            Entry { id: Some(resource.id.clone()), applied: Some(resource), origin: Origin::Created },
        );
        record
    }

    #[test]
    fn what_is_written_is_read_and_equal_records_have_equal_bytes() {
        let bytes = encode(&record()).unwrap();
        assert_eq!(decode("r", &bytes).unwrap(), record());
        assert_eq!(bytes, encode(&record()).unwrap());
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let bytes = encode(&record()).unwrap();
        for n in 0..bytes.len() {
            assert!(matches!(decode("r", &bytes[..n]), Err(StoreError::Damaged { .. })), "cut at {n}");
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[n] ^= 1 << bit;
                match decode("r", &flipped) {
                    Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {}
                    other => panic!("byte {n}, bit {bit}: {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_newer_format_is_refused_before_anything_else_is_looked_at() {
        let e = decode("r", br#"{"format":9,"whatever":1}"#).unwrap_err();
        assert_eq!(e, StoreError::Newer { path: "r".into(), found: 9 });
    }
}
