//! Sealed objects: AES-256-GCM around the bytes of a record, its backups and its lease, so that whoever reads the bucket
//! learns nothing but sizes and times, and whoever writes to it cannot make a record.
//!
//! The sealed text holds lineage, serial and the digest of the content, all under one tag. What is bound beside it is what a
//! reader knows before: the format, the key's name, whose record it is, and whether it is a record or a lease. A backup is a
//! record: it may be copied over one.
//!
//! What asks for it is the environment alone. With a key, only what a given key sealed is read; without one, only what is
//! not sealed.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::conditional::{Etag, Put};
use super::objects::{Object, Objects, Trouble};
use super::store::StoreError;
use crate::secret::{Secret, hex};
use crate::untrusted::Untrusted;
use crate::world::{BoxFuture, Clock};

/// Format of sealed objects; those that are not have 1.
const FORMAT: u64 = 2;
/// Bytes of a nonce (NIST SP 800-38D section 8.2.2).
const NONCE: usize = 12;
/// Hexadecimal digits that name a key.
const NAME: usize = 8;

/// A key: what it seals with, and what it is called.
pub struct SealKey {
    key: Secret<[u8; 32]>,
    name: String,
}

impl SealKey {
    /// Reads 64 hexadecimal digits. What is shorter, or a passphrase, could be guessed offline.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let secret = Secret::new(text.to_ascii_lowercase());
        let derive = |what: &[u8]| -> [u8; 32] {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
            hmac::sign(&key, what).as_ref().try_into().unwrap_or_default()
        };
        let mut name = hex(&derive(b"omni-scale seal key name"));
        name.truncate(NAME);
        Some(Self { key: Secret::new(derive(b"omni-scale seal key")), name })
    }
    /// 8 hexadecimal digits, from which nobody can tell the key.
    pub fn name(&self) -> &str {
        &self.name
    }
    fn cipher(&self) -> Option<RandomizedNonceKey> {
        RandomizedNonceKey::new(&AES_256_GCM, self.key.expose()).ok()
    }
}

/// The bytes of a sealed object, on one line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    format: u64,
    key: String,
    nonce: String,
    sealed: String,
}

/// What is read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// What the keys ask for.
    Steady,
    /// Both are read; written is the sealed, or else the open form.
    Moving { sealed: bool },
}

/// What is asked of objects: sealed by the first key and opened by any, or neither without a key.
pub struct Seal {
    keys: Vec<SealKey>,
    mode: Mode,
}

/// Why an object is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unread {
    /// There is no key.
    NoKey(String),
    /// There are keys, and not this one.
    OtherKey(String),
    /// It is not sealed, and there is a key.
    Open,
    /// It is not what was sealed; in words.
    Damaged(&'static str),
}

impl Seal {
    /// The first key seals; all of them open. Without a key nothing is sealed.
    pub fn new(keys: Vec<SealKey>) -> Arc<Self> {
        Arc::new(Self { keys, mode: Mode::Steady })
    }
    /// For one run that changes from one form to the other: both are read. `None` without a key.
    pub fn moving(keys: Vec<SealKey>, sealed: bool) -> Option<Arc<Self>> {
        (!keys.is_empty()).then(|| Arc::new(Self { keys, mode: Mode::Moving { sealed } }))
    }

    fn close(&self, about: &str, bytes: &[u8]) -> Option<Vec<u8>> {
        let Some(key) = self.keys.first().filter(|_| self.mode != Mode::Moving { sealed: false }) else {
            return Some(bytes.to_vec());
        };
        let mut sealed = bytes.to_vec();
        let nonce =
            key.cipher()?.seal_in_place_append_tag(Aad::from(bound(&key.name, about)), &mut sealed).ok()?;
        let line = Line {
            format: FORMAT,
            key: key.name.clone(),
            nonce: hex(nonce.as_ref()),
            sealed: STANDARD.encode(&sealed),
        };
        line_bytes(&line)
    }

    fn open(&self, about: &str, bytes: Vec<u8>) -> Result<Vec<u8>, Unread> {
        let found = serde_json::from_slice::<Line>(&bytes).ok().filter(|l| l.format == FORMAT);
        let Some(line) = found else {
            let plain = self.keys.is_empty() || self.mode != Mode::Steady;
            if plain {
                // Whether it is what it should be is for its reader to say.
                return Ok(bytes);
            }
            // What begins like an open one is one; all else was damaged.
            let open = bytes.starts_with(b"{\"format\":1,");
            return Err(if open { Unread::Open } else { Unread::Damaged("it is not a sealed object") });
        };
        let named = |name: &str| Untrusted::new(name).line(NAME * 2);
        if self.keys.is_empty() {
            return Err(Unread::NoKey(named(&line.key)));
        }
        let Some(key) = self.keys.iter().find(|k| k.name == line.key) else {
            return Err(Unread::OtherKey(named(&line.key)));
        };
        // One content has one form: no other bytes read alike.
        if line_bytes(&line).as_deref() != Some(bytes.as_slice()) {
            return Err(Unread::Damaged("it is not written as this program writes it"));
        }
        let damaged = || Unread::Damaged("it is not what was sealed, or it was sealed for another place");
        let nonce = nonce(&line.nonce).ok_or_else(damaged)?;
        let mut sealed = STANDARD.decode(&line.sealed).map_err(|_| damaged())?;
        let cipher = key.cipher().ok_or_else(damaged)?;
        let open = cipher
            .open_in_place(nonce, Aad::from(bound(&key.name, about)), &mut sealed)
            .map_err(|_| damaged())?;
        Ok(open.to_vec())
    }

    /// Whether an object's own bytes are in the form that is written.
    pub(super) fn formed(&self, bytes: &[u8]) -> bool {
        let found = serde_json::from_slice::<Line>(bytes).ok().filter(|l| l.format == FORMAT);
        let wanted = self.keys.first().filter(|_| self.mode != Mode::Moving { sealed: false });
        match (found, wanted) {
            (Some(line), Some(key)) => line.key == key.name,
            (None, None) => true,
            _ => false,
        }
    }

    fn keys(&self) -> String {
        let names: Vec<String> = self.keys.iter().map(|k| format!("`{}`", k.name)).collect();
        names.join(", ")
    }
}

/// What a tag binds beside the content.
fn bound(key: &str, about: &str) -> String {
    format!("omni-scale sealed\n{FORMAT}\n{key}\n{about}")
}

/// Whose object it is and which: `STEM record` or `STEM lease`. Names are those of `remote`.
fn about(name: &str) -> String {
    let record = name.split(".backup-").next().unwrap_or(name);
    match name.strip_suffix(".lease") {
        Some(stem) => format!("{stem} lease"),
        None => format!("{} record", record.strip_suffix(".json").unwrap_or(record)),
    }
}

fn line_bytes(line: &Line) -> Option<Vec<u8>> {
    let mut bytes = serde_json::to_vec(line).ok()?;
    bytes.push(b'\n');
    Some(bytes)
}

fn nonce(text: &str) -> Option<Nonce> {
    let mut bytes = [0u8; NONCE];
    if text.len() != 2 * NONCE {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    // Digits have one form.
    (hex(&bytes) == text).then(|| Nonce::assume_unique_for_key(bytes))
}

/// A store whose objects are sealed, or are not, as is asked for.
pub struct Sealed {
    inner: Arc<dyn Objects>,
    seal: Arc<Seal>,
}

impl Sealed {
    /// Above `inner`.
    pub fn new(inner: Arc<dyn Objects>, seal: Arc<Seal>) -> Self {
        Self { inner, seal }
    }

    fn trouble(&self, unread: Unread) -> Trouble {
        let sealed = |why: String, help: &str| Trouble::Sealed { why, help: help.to_owned() };
        match unread {
            Unread::NoKey(name) => sealed(
                format!("is sealed with the key `{name}`, and there is no key"),
                "set `OMNI_SCALE_SEAL_KEY`, or `OMNI_SCALE_SEAL_KEY_FILE`",
            ),
            Unread::OtherKey(name) => sealed(
                format!("is sealed with the key `{name}`, which is not among {}", self.seal.keys()),
                "add that key behind a comma: the first key seals, all of them open",
            ),
            Unread::Open => sealed(
                "is not sealed, although there is a key: somebody may have put it there".to_owned(),
                "if it has never been sealed, run `omni-scale record seal` once; else bring back the sealed one",
            ),
            Unread::Damaged(why) => Trouble::Damaged(why.to_owned()),
        }
    }
}

impl Objects for Sealed {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>> {
        Box::pin(async move {
            let Some(object) = self.inner.read(name).await? else { return Ok(None) };
            match self.seal.open(&about(name), object.bytes) {
                Ok(bytes) => Ok(Some(Object { bytes, ..object })),
                Err(unread) => Err(self.trouble(unread)),
            }
        })
    }
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put> {
        Box::pin(async move {
            match self.seal.close(&about(name), bytes) {
                Some(bytes) => self.inner.put(name, &bytes, base).await,
                None => Put::Refused("it cannot be sealed".to_owned()),
            }
        })
    }
    fn list<'a>(&'a self, start: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        self.inner.list(start)
    }
    fn discard<'a>(&'a self, name: &'a str) -> BoxFuture<'a, ()> {
        self.inner.discard(name)
    }
    fn show(&self, name: &str) -> String {
        self.inner.show(name)
    }
    fn clock(&self) -> &Arc<dyn Clock> {
        self.inner.clock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(digit: char) -> SealKey {
        SealKey::parse(&digit.to_string().repeat(64)).unwrap()
    }
    const RECORD: &[u8] = b"{\"format\":1,\"record\":{\"serial\":7},\"sha256\":\"\"}\n";

    #[test]
    fn what_is_sealed_is_opened_and_says_nothing() {
        let seal = Seal::new(vec![key('a')]);
        let sealed = seal.close("x record", RECORD).unwrap();
        assert_eq!(seal.open("x record", sealed.clone()).unwrap(), RECORD);
        let text = String::from_utf8(sealed.clone()).unwrap();
        assert!(text.contains(key('a').name()) && !text.contains("serial"), "{text}");
        assert!(!text.contains(&STANDARD.encode(RECORD)[..20]));
        assert_ne!(seal.close("x record", RECORD).unwrap(), sealed, "no nonce is used twice");
    }

    #[test]
    fn only_long_random_keys_are_keys() {
        for bad in ["", "secret", &"g".repeat(64), &"a".repeat(63), &"a".repeat(65), &"é".repeat(32)] {
            assert!(SealKey::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(SealKey::parse(&"A".repeat(64)).unwrap().name(), key('a').name());
        assert_ne!(key('a').name(), key('b').name());
    }

    /// F3, F2: every bit and every cut.
    #[test]
    fn every_cut_and_every_flipped_bit_of_a_sealed_object_is_refused() {
        let seal = Seal::new(vec![key('a')]);
        let sealed = seal.close("x record", RECORD).unwrap();
        for n in 0..sealed.len() {
            assert!(seal.open("x record", sealed[..n].to_vec()).is_err(), "cut at {n}");
            for bit in 0..8 {
                let mut flipped = sealed.clone();
                flipped[n] ^= 1 << bit;
                assert!(seal.open("x record", flipped).is_err(), "byte {n}, bit {bit}");
            }
        }
        let longer = [sealed.as_slice(), b"\n"].concat();
        assert!(seal.open("x record", longer).is_err());
    }

    /// F7: another key, an unknown one, none at all, and a plain object where a key asks for a sealed one.
    #[test]
    fn other_keys_no_keys_and_plain_objects_are_told_apart() {
        let sealed = Seal::new(vec![key('a')]).close("x record", RECORD).unwrap();
        let name = key('a').name().to_owned();
        let open = |keys| Seal::new(keys).open("x record", sealed.clone());
        assert_eq!(open(vec![key('b')]), Err(Unread::OtherKey(name.clone())));
        assert_eq!(open(vec![]), Err(Unread::NoKey(name.clone())));
        assert_eq!(Seal::new(vec![key('a')]).open("x record", RECORD.to_vec()), Err(Unread::Open));
        assert_eq!(Seal::new(vec![]).open("x record", RECORD.to_vec()), Ok(RECORD.to_vec()));
        // The name is only a name: whoever writes another one there does not make the key fit.
        let renamed = String::from_utf8(sealed.clone()).unwrap().replace(&name, key('b').name());
        let opened = Seal::new(vec![key('b')]).open("x record", renamed.into_bytes());
        assert!(matches!(opened, Err(Unread::Damaged(_))), "{opened:?}");
        // Changing keys: the new one seals, the old one still opens.
        let both = Seal::new(vec![key('b'), key('a')]);
        assert_eq!(both.open("x record", sealed).unwrap(), RECORD);
        let new = both.close("x record", RECORD).unwrap();
        assert_eq!(Seal::new(vec![key('b')]).open("x record", new).unwrap(), RECORD);
    }

    #[test]
    fn a_lease_is_no_record_and_no_record_fits_another_spec() {
        let seal = Seal::new(vec![key('a')]);
        let sealed = seal.close(&about("host-12.json"), RECORD).unwrap();
        assert_eq!(about("host-12.backup-000000000007-ab.json"), about("host-12.json"));
        for other in ["host-12.lease", "host-34.json", "host-34.lease"] {
            let opened = seal.open(&about(other), sealed.clone());
            assert!(matches!(opened, Err(Unread::Damaged(_))), "{other}: {opened:?}");
        }
    }

    #[test]
    fn both_forms_are_read_only_while_one_becomes_the_other() {
        let sealed = Seal::new(vec![key('a')]).close("x record", RECORD).unwrap();
        assert!(Seal::moving(vec![], true).is_none());
        for to in [true, false] {
            let moving = Seal::moving(vec![key('a')], to).unwrap();
            assert_eq!(moving.open("x record", sealed.clone()).unwrap(), RECORD);
            assert_eq!(moving.open("x record", RECORD.to_vec()).unwrap(), RECORD);
            let written = moving.close("x record", RECORD).unwrap();
            assert_eq!(written != RECORD, to);
            assert!(moving.formed(&written) && moving.formed(RECORD) != to && moving.formed(&sealed) == to);
        }
    }
}
