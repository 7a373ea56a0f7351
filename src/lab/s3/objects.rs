//! What is stored, and what the store gets wrong.

use std::collections::BTreeMap;

use base64::Engine as _;
use serde::{Deserialize, Serialize};

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Content, base64.
    content: String,
    /// Entity tag, with its quotes.
    pub etag: String,
    /// Unix seconds of wall time.
    pub modified: i64,
}

impl Version {
    /// Content.
    pub fn bytes(&self) -> Vec<u8> {
        base64::engine::general_purpose::STANDARD.decode(&self.content).unwrap_or_default()
    }
}

/// What it gets wrong, by name; the number is how often still, or after how many requests.
pub type Faults = BTreeMap<String, u64>;

/// All objects by `bucket/key`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Objects {
    /// Secret access key, made with the world.
    #[serde(default)]
    pub secret: String,
    /// The newest version and the one before.
    #[serde(default)]
    stored: BTreeMap<String, (Version, Option<Version>)>,
    /// Faults.
    #[serde(default)]
    pub faults: Faults,
}

/// Whether a condition of a `PUT` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// Yes, or there is none.
    Yes,
    /// 412.
    No,
    /// `If-Match` without an object: 404.
    Nothing,
}

impl Objects {
    /// The newest version.
    pub fn get(&self, key: &str) -> Option<&Version> {
        self.stored.get(key).map(|(v, _)| v)
    }
    /// The version before the newest.
    pub fn before(&self, key: &str) -> Option<&Version> {
        self.stored.get(key).and_then(|(_, v)| v.as_ref())
    }
    /// Keys below a bucket, with their newest versions.
    pub fn list(&self, bucket: &str, prefix: &str) -> Vec<(String, &Version)> {
        let start = format!("{bucket}/");
        self.stored
            .iter()
            .filter_map(|(k, (v, _))| k.strip_prefix(&start).map(|k| (k.to_owned(), v)))
            .filter(|(k, _)| k.starts_with(prefix))
            .collect()
    }
    /// Whether conditions of a `PUT` hold.
    pub fn holds(&self, key: &str, if_none_match: Option<&str>, if_match: Option<&str>) -> Holds {
        let there = self.get(key);
        if if_none_match == Some("*") && there.is_some() {
            return Holds::No;
        }
        match (if_match, there) {
            (None, _) => Holds::Yes,
            (Some(_), None) => Holds::Nothing,
            (Some(tag), Some(v)) if tag == v.etag || tag.trim_matches('"') == v.etag.trim_matches('"') => {
                Holds::Yes
            }
            (Some(_), Some(_)) => Holds::No,
        }
    }
    /// Writes; gives the entity tag.
    pub fn put(&mut self, key: &str, bytes: &[u8], now: i64) -> String {
        let digest = crate::lab::machine::sha256(bytes);
        let etag = format!("\"{}\"", digest.get(..32).unwrap_or(&digest));
        let content = base64::engine::general_purpose::STANDARD.encode(bytes);
        let before = self.stored.remove(key).map(|(v, _)| v);
        let version = Version { content, etag: etag.clone(), modified: now };
        self.stored.insert(key.to_owned(), (version, before));
        etag
    }
    /// Removes.
    pub fn delete(&mut self, key: &str) {
        self.stored.remove(key);
    }
    /// Whether a fault is on.
    pub fn has(&self, fault: &str) -> bool {
        self.faults.contains_key(fault)
    }
    /// Uses up one of a counted fault: true while there is one left.
    pub fn uses(&mut self, fault: &str) -> bool {
        match self.faults.get_mut(fault) {
            None | Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
        }
    }
}
