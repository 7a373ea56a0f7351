//! Where the record is kept: compare-and-set by lineage and serial. The one who loses a race writes nothing.

use super::model::{FORMAT, Record};
use crate::secret::{hex, sha256};
use crate::wire::omni::parse_json;
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
            Self::Older { .. } => {
                "bring back the newest version of the object; to go on with this one, run `omni-scale lock break ID --allow lock:ID`, which also forgets what the lease remembers".to_owned()
            }
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

/// A record's bytes: canonical JSON (sorted keys, no blanks) with the SHA-256 of the record's own canonical bytes.
pub fn encode(record: &Record) -> Result<Vec<u8>, StoreError> {
    let body = canonical(record)?;
    let digest = sha256(body.as_bytes());
    Ok(format!("{{\"format\":{FORMAT},\"record\":{body},\"sha256\":\"{digest}\"}}\n").into_bytes())
}

fn canonical(record: &Record) -> Result<String, StoreError> {
    let json = serde_json::to_value(record)
        .map_err(|e| StoreError::Unavailable(format!("the record cannot be written down: {e}")))?;
    Ok(crate::value::Value::from_json(&json).canonical())
}

/// Reads what [`encode`] wrote. `path` is for messages only.
pub fn decode(path: &str, bytes: &[u8]) -> Result<Record, StoreError> {
    let damaged =
        |why: &str| StoreError::Damaged { path: path.to_owned(), why: why.to_owned(), backup: None };
    let json: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| {
        damaged(&if e.is_eof() { "it is cut off".to_owned() } else { format!("it is not JSON ({e})") })
    })?;
    // The format comes first: the rest of a newer one need not look like ours.
    let format = json
        .get("format")
        .and_then(serde_json::Value::as_u64)
        .ok_or_else(|| damaged("it has no `format`"))?;
    if format > u64::from(FORMAT) {
        return Err(StoreError::Newer { path: path.to_owned(), found: format });
    }
    if format == 0 {
        return Err(damaged("its `format` is not one that was ever written"));
    }
    // Of a key that stands twice one reader takes the first value, another the last.
    if parse_json(bytes).is_err() {
        return Err(damaged("it repeats a key, or is deeper or larger than this program writes"));
    }
    let body = json.get("record").ok_or_else(|| damaged("it has no `record`"))?;
    let wanted = json
        .get("sha256")
        .and_then(serde_json::Value::as_str)
        .ok_or_else(|| damaged("it has no `sha256`"))?;
    if sha256(crate::value::Value::from_json(body).canonical().as_bytes()) != wanted {
        return Err(damaged("its content does not match its checksum"));
    }
    serde_json::from_value(body.clone()).map_err(|e| damaged(&format!("it is not a record ({e})")))
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
        // The last byte is the line end, without which the record is still whole.
        for n in 0..bytes.len() - 1 {
            assert!(matches!(decode("r", &bytes[..n]), Err(StoreError::Damaged { .. })), "cut at {n}");
            let mut flipped = bytes.clone();
            flipped[n] ^= 0x01;
            match decode("r", &flipped) {
                Err(StoreError::Damaged { .. } | StoreError::Newer { .. }) => {}
                other => panic!("byte {n}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_newer_format_is_refused_before_anything_else_is_looked_at() {
        let e = decode("r", br#"{"format":9,"whatever":1}"#).unwrap_err();
        assert_eq!(e, StoreError::Newer { path: "r".into(), found: 9 });
    }
}
