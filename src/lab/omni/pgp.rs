//! OpenPGP as far as Omni's accounts need it: reading v4 public keys, checking detached signatures, making the lab's own key.
//!
//! Formats are those of RFC 4880 with its EdDSA extension. Nothing here is shared with the client's signing code.

use aws_lc_rs::agreement;
use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;

const ED25519_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
const CURVE25519_OID: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01];
const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/// A signature may have been made this many seconds ahead of the server's clock: 280 s are accepted, 400 s refused.
const AHEAD: i64 = 300;

/// Why a key is not read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not an armored block, or not base64.
    #[error("openpgp: invalid data: tag byte does not have MSB set")]
    Armor,
    /// The packets are cut off or of an unknown kind.
    #[error("openpgp: invalid data: {0}")]
    Packets(&'static str),
}

/// The public half of an account's key.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicKey {
    /// Version 4 fingerprint of the primary key, 40 lower-case hexadecimal digits.
    pub fingerprint: String,
    /// Unix seconds.
    pub created: i64,
    /// Unix seconds; `None` for a key without a lifetime.
    pub expires: Option<i64>,
    /// `<name> (<comment>) <e-mail>`.
    pub user_id: String,
    numbers: Numbers,
}

#[derive(Clone, Debug, PartialEq)]
enum Numbers {
    Ed25519(Vec<u8>),
    P256(Vec<u8>),
    Rsa { n: Vec<u8>, e: Vec<u8> },
}

impl PublicKey {
    /// Reads an armored key block: one primary key, its user id and the self-signature, which must verify.
    pub fn read(armored: &str) -> Result<Self, KeyError> {
        let bytes = dearmor(armored).ok_or(KeyError::Armor)?;
        let packets = packets(&bytes).ok_or(KeyError::Packets("unexpected EOF"))?;
        let mut found = packets.iter();
        let (_, body) = found
            .find(|(tag, _)| *tag == 6)
            .ok_or(KeyError::Packets("first packet was not a public/private key"))?;
        let (mut key, hashed) = primary(body).ok_or(KeyError::Packets("unsupported key"))?;
        let user = packets
            .iter()
            .position(|(tag, _)| *tag == 13)
            .ok_or(KeyError::Packets("entity without any identities"))?;
        let (_, user_id) = packets.get(user).ok_or(KeyError::Packets("entity without any identities"))?;
        key.user_id = String::from_utf8_lossy(user_id).into_owned();
        let mut over = hashed;
        over.push(0xb4);
        over.extend((user_id.len() as u32).to_be_bytes());
        over.extend(*user_id);
        for (tag, body) in packets.iter().skip(user + 1) {
            let Some(signature) = (*tag == 2).then(|| SignaturePacket::read(body)).flatten() else { break };
            if (0x10..=0x13).contains(&signature.kind) && signature.checks(&key, &over) {
                let lifetime = signature.lifetime.filter(|l| *l > 0);
                key.expires = lifetime.map(|l| key.created + i64::from(l));
                return Ok(key);
            }
        }
        Err(KeyError::Packets("no self-signature verifies"))
    }

    /// Whether `signature` (binary, not armored) is this key's detached signature over `payload`, by `now`.
    pub fn verifies(&self, payload: &[u8], signature: &[u8], now: i64) -> bool {
        let Some(packets) = packets(signature) else { return false };
        let [(2, body)] = packets.as_slice() else { return false };
        let Some(signature) = SignaturePacket::read(body) else { return false };
        let in_time = signature.created <= now + AHEAD
            && signature.created >= self.created - AHEAD
            && signature.expiry.is_none_or(|e| e == 0 || signature.created + i64::from(e) > now);
        let payload = match signature.kind {
            0 => payload.to_vec(),
            1 => canonical(payload),
            _ => return false,
        };
        in_time && signature.issuer_fits(&self.fingerprint) && signature.checks(self, &payload)
    }
}

/// Line ends as a text signature sees them.
fn canonical(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut before = 0;
    for byte in text {
        if *byte == b'\n' && before != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        before = *byte;
    }
    out
}

/// A primary key without user id, and what its signatures hash first.
fn primary(body: &[u8]) -> Option<(PublicKey, Vec<u8>)> {
    let mut at = Cursor(body);
    if at.byte()? != 4 {
        return None;
    }
    let created = i64::from(at.number(4)?);
    let numbers = match at.byte()? {
        1 | 3 => Numbers::Rsa { n: at.mpi()?.to_vec(), e: at.mpi()?.to_vec() },
        19 => {
            let size = at.byte()?;
            (at.take(usize::from(size))? == P256_OID).then_some(())?;
            Numbers::P256(at.mpi()?.to_vec())
        }
        22 => {
            let size = at.byte()?;
            (at.take(usize::from(size))? == ED25519_OID).then_some(())?;
            Numbers::Ed25519(at.mpi()?.strip_prefix(&[0x40])?.to_vec())
        }
        _ => return None,
    };
    let used = body.get(..body.len() - at.0.len())?;
    let mut hashed = vec![0x99];
    hashed.extend((used.len() as u16).to_be_bytes());
    hashed.extend(used);
    let fingerprint = hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &hashed).as_ref());
    Some((PublicKey { fingerprint, created, expires: None, user_id: String::new(), numbers }, hashed))
}

struct SignaturePacket<'a> {
    kind: u8,
    algorithm: u8,
    hash: u8,
    created: i64,
    expiry: Option<u32>,
    lifetime: Option<u32>,
    issuer: Option<String>,
    /// Everything from the version to the end of the hashed subpackets.
    hashed: &'a [u8],
    numbers: &'a [u8],
}

impl<'a> SignaturePacket<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut at = Cursor(body);
        if at.byte()? != 4 {
            return None;
        }
        let (kind, algorithm, hash) = (at.byte()?, at.byte()?, at.byte()?);
        let size = at.number(2)? as usize;
        let mut subs = Cursor(at.take(size)?);
        let hashed = body.get(..6 + size)?;
        let mut packet = Self {
            kind,
            algorithm,
            hash,
            created: 0,
            expiry: None,
            lifetime: None,
            issuer: None,
            hashed,
            numbers: &[],
        };
        let mut dated = false;
        while !subs.0.is_empty() {
            let size = subs.length()?;
            let mut sub = Cursor(subs.take(size)?);
            match sub.byte()? & 0x7f {
                2 => {
                    packet.created = i64::from(sub.number(4)?);
                    dated = true;
                }
                3 => packet.expiry = Some(sub.number(4)?),
                9 => packet.lifetime = Some(sub.number(4)?),
                33 => packet.issuer = Some(hex(sub.0.get(1..)?)),
                _ => {}
            }
        }
        let size = at.number(2)? as usize;
        at.take(size)?;
        at.take(2)?;
        packet.numbers = at.0;
        dated.then_some(packet)
    }

    fn issuer_fits(&self, fingerprint: &str) -> bool {
        self.issuer.as_deref().is_none_or(|i| i == fingerprint)
    }

    fn checks(&self, key: &PublicKey, over: &[u8]) -> bool {
        let mut message = over.to_vec();
        message.extend(self.hashed);
        message.extend([4, 0xff]);
        message.extend((self.hashed.len() as u32).to_be_bytes());
        self.checks_message(key, &message).is_some()
    }

    /// SHA-1 is refused, SHA-256, -384 and -512 are accepted (of P-256 keys only SHA-256, their default).
    fn checks_message(&self, key: &PublicKey, message: &[u8]) -> Option<()> {
        let mut at = Cursor(self.numbers);
        match (&key.numbers, self.algorithm) {
            (Numbers::Ed25519(point), 22) => {
                let hash = match self.hash {
                    8 => &digest::SHA256,
                    9 => &digest::SHA384,
                    10 => &digest::SHA512,
                    _ => return None,
                };
                let mut both = padded(at.mpi()?, 32)?;
                both.extend(padded(at.mpi()?, 32)?);
                let digest = digest::digest(hash, message);
                UnparsedPublicKey::new(&ED25519, point).verify(digest.as_ref(), &both).ok()
            }
            (Numbers::P256(point), 19) => {
                (self.hash == 8).then_some(())?;
                let mut both = padded(at.mpi()?, 32)?;
                both.extend(padded(at.mpi()?, 32)?);
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &both).ok()
            }
            (Numbers::Rsa { n, e }, 1 | 3) => {
                let algorithm = match self.hash {
                    8 => &RSA_PKCS1_2048_8192_SHA256,
                    9 => &RSA_PKCS1_2048_8192_SHA384,
                    10 => &RSA_PKCS1_2048_8192_SHA512,
                    _ => return None,
                };
                let signature = padded(at.mpi()?, n.len())?;
                RsaPublicKeyComponents { n, e }.verify(algorithm, message, &signature).ok()
            }
            _ => None,
        }
    }
}

fn padded(number: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; size.checked_sub(number.len())?];
    out.extend(number);
    Some(out)
}

struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(head)
    }
    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
    fn number(&mut self, count: usize) -> Option<u32> {
        Some(self.take(count)?.iter().fold(0, |n, b| (n << 8) | u32::from(*b)))
    }
    fn mpi(&mut self) -> Option<&'a [u8]> {
        let bits = self.number(2)? as usize;
        self.take(bits.div_ceil(8))
    }
    /// A length of one, two or five bytes; partial lengths are not taken.
    fn length(&mut self) -> Option<usize> {
        match self.byte()? {
            n @ 0..=191 => Some(usize::from(n)),
            n @ 192..=223 => Some(((usize::from(n) - 192) << 8) + usize::from(self.byte()?) + 192),
            255 => Some(self.number(4)? as usize),
            _ => None,
        }
    }
}

/// Tag and body of every packet.
fn packets(bytes: &[u8]) -> Option<Vec<(u8, &[u8])>> {
    let mut at = Cursor(bytes);
    let mut out = Vec::new();
    while !at.0.is_empty() {
        let head = at.byte()?;
        let (tag, size) = match head {
            0xc0..=0xff => (head & 0x3f, at.length()?),
            0x80..=0xbf => {
                let size = match head & 3 {
                    0 => at.number(1)?,
                    1 => at.number(2)?,
                    2 => at.number(4)?,
                    _ => return None,
                };
                ((head >> 2) & 0x0f, size as usize)
            }
            _ => return None,
        };
        out.push((tag, at.take(size)?));
    }
    Some(out)
}

/// The bytes of an armored block; its checksum is not looked at, as is usual today.
fn dearmor(text: &str) -> Option<Vec<u8>> {
    let mut lines = text.lines().map(str::trim_end);
    lines.find(|l| l.starts_with("-----BEGIN PGP ") && l.ends_with("KEY BLOCK-----"))?;
    let mut body = String::new();
    let mut headers = true;
    for line in lines {
        if line.starts_with("-----END PGP ") {
            return STANDARD.decode(body).ok();
        }
        if headers {
            headers = !line.is_empty();
        } else if !line.starts_with('=') {
            body.push_str(line);
        }
    }
    None
}

fn armor(kind: &str, bytes: &[u8]) -> String {
    let mut crc: u32 = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc <<= 1;
            if crc & 0x0100_0000 != 0 {
                crc ^= 0x0186_4cfb;
            }
        }
    }
    let mut out = format!("-----BEGIN PGP {kind} KEY BLOCK-----\n\n");
    let text = STANDARD.encode(bytes);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    let [_, sum @ ..] = (crc & 0x00ff_ffff).to_be_bytes();
    out.push_str(&format!("={}\n-----END PGP {kind} KEY BLOCK-----", STANDARD.encode(sum)));
    out
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// SHA-256 of a text, lower-case hexadecimal.
pub(super) fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

/// A key made by the lab for an account of its own.
pub struct KeyPair {
    pair: Ed25519KeyPair,
    seed: Secret<[u8; 32]>,
    ecdh: Secret<[u8; 32]>,
    created: u32,
    lifetime: u32,
    user_id: String,
}

impl KeyPair {
    /// A key in the form of Omni's own command line: Ed25519 primary key, one user id, one Curve25519 subkey.
    /// `random` gives the secrets of both; `created` in Unix seconds, `lifetime` in seconds. `None` when `random` is no key.
    pub fn new(random: &[u8; 64], user_id: &str, created: i64, lifetime: u32) -> Option<Self> {
        let (seed, ecdh) = random.split_at_checked(32)?;
        let seed: [u8; 32] = seed.try_into().ok()?;
        let mut ecdh: [u8; 32] = ecdh.try_into().ok()?;
        let [first, .., last] = &mut ecdh;
        *first &= 0xf8;
        *last = (*last & 0x7f) | 0x40;
        Some(Self {
            pair: Ed25519KeyPair::from_seed_unchecked(&seed).ok()?,
            seed: Secret::new(seed),
            ecdh: Secret::new(ecdh),
            created: u32::try_from(created).ok()?,
            lifetime,
            user_id: user_id.to_owned(),
        })
    }

    fn primary_body(&self) -> Vec<u8> {
        let mut body = vec![4];
        body.extend(self.created.to_be_bytes());
        body.extend([22, ED25519_OID.len() as u8]);
        body.extend(ED25519_OID);
        let mut point = vec![0x40];
        point.extend(self.pair.public_key().as_ref());
        body.extend(mpi(&point));
        body
    }

    fn subkey_body(&self) -> Option<Vec<u8>> {
        let secret = agreement::PrivateKey::from_private_key(&agreement::X25519, self.ecdh.expose()).ok()?;
        let public = secret.compute_public_key().ok()?;
        let mut body = vec![4];
        body.extend(self.created.to_be_bytes());
        body.extend([18, CURVE25519_OID.len() as u8]);
        body.extend(CURVE25519_OID);
        let mut point = vec![0x40];
        point.extend(public.as_ref());
        body.extend(mpi(&point));
        // Key derivation with SHA-512, key wrap with AES-256.
        body.extend([3, 1, 10, 9]);
        Some(body)
    }

    fn hashed(body: &[u8]) -> Vec<u8> {
        let mut out = vec![0x99];
        out.extend((body.len() as u16).to_be_bytes());
        out.extend(body);
        out
    }

    /// Version 4 fingerprint, lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &Self::hashed(&self.primary_body())).as_ref())
    }

    fn signature(&self, kind: u8, over: &[u8], created: u32, more: &[u8]) -> Vec<u8> {
        let fingerprint =
            digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &Self::hashed(&self.primary_body()));
        let mut subs = vec![5, 2];
        subs.extend(created.to_be_bytes());
        subs.extend(more);
        subs.extend([22, 33, 4]);
        subs.extend(fingerprint.as_ref());
        let mut body = vec![4, kind, 22, 8];
        body.extend((subs.len() as u16).to_be_bytes());
        body.extend(subs);
        let mut message = over.to_vec();
        message.extend(&body);
        message.extend([4, 0xff]);
        message.extend((body.len() as u32).to_be_bytes());
        let digest = digest::digest(&digest::SHA256, &message);
        body.extend([0, 0]);
        body.extend(digest.as_ref().iter().take(2));
        let signed = self.pair.sign(digest.as_ref());
        let (r, s) = signed.as_ref().split_at_checked(32).unwrap_or_default();
        body.extend(mpi(r));
        body.extend(mpi(s));
        packet(2, &body)
    }

    /// A detached binary signature over `payload`, made at `now` (Unix seconds).
    pub fn sign(&self, payload: &[u8], now: i64) -> Vec<u8> {
        self.signature(0, payload, u32::try_from(now).unwrap_or(0), &[])
    }

    fn block(&self, private: bool) -> Option<Vec<u8>> {
        let (primary, sub) = (self.primary_body(), self.subkey_body()?);
        let with_secret = |body: &[u8], secret: &[u8]| {
            let mut out = body.to_vec();
            if private {
                let number = mpi(secret);
                let sum = number.iter().fold(0u16, |n, b| n.wrapping_add(u16::from(*b)));
                out.push(0);
                out.extend(number);
                out.extend(sum.to_be_bytes());
            }
            out
        };
        let mut over = Self::hashed(&primary);
        over.push(0xb4);
        over.extend((self.user_id.len() as u32).to_be_bytes());
        over.extend(self.user_id.as_bytes());
        let mut more = vec![5, 9];
        more.extend(self.lifetime.to_be_bytes());
        // Key flags: certify and sign.
        more.extend([2, 27, 3]);
        let mut bind = Self::hashed(&primary);
        bind.extend(Self::hashed(&sub));
        let reversed: Vec<u8> = self.ecdh.expose().iter().rev().copied().collect();
        let mut out = packet(if private { 5 } else { 6 }, &with_secret(&primary, self.seed.expose()));
        out.extend(packet(13, self.user_id.as_bytes()));
        out.extend(self.signature(0x13, &over, self.created, &more));
        out.extend(packet(if private { 7 } else { 14 }, &with_secret(&sub, &reversed)));
        // Key flags: encrypt.
        out.extend(self.signature(0x18, &bind, self.created, &[2, 27, 12]));
        Some(out)
    }

    /// The armored public key.
    pub fn public(&self) -> String {
        armor("PUBLIC", &self.block(false).unwrap_or_default())
    }

    /// What `OMNI_SERVICE_ACCOUNT_KEY` holds: base64 of the account's name and the armored private key as JSON.
    pub fn service_account_key(&self, name: &str) -> Secret<String> {
        let private = armor("PRIVATE", &self.block(true).unwrap_or_default());
        let document = serde_json::json!({ "name": name, "pgp_key": private });
        Secret::new(STANDARD.encode(document.to_string()))
    }
}

fn mpi(bytes: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = bytes.iter().copied().skip_while(|b| *b == 0).collect();
    let bits = significant.first().map_or(0, |b| significant.len() * 8 - b.leading_zeros() as usize);
    let mut out = (bits as u16).to_be_bytes().to_vec();
    out.extend(significant);
    out
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![0xc0 | tag];
    match body.len() {
        n @ 0..=191 => out.push(n as u8),
        n @ 192..=8383 => out.extend([((n - 192) >> 8) as u8 + 192, ((n - 192) & 0xff) as u8]),
        n => {
            out.push(255);
            out.extend((n as u32).to_be_bytes());
        }
    }
    out.extend(body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_212_083;

    fn pair(byte: u8) -> KeyPair {
        KeyPair::new(&[byte; 64], "lab (lab) <lab@serviceaccount.omni.sidero.dev>", NOW - 10, 3600).unwrap()
    }

    #[test]
    fn the_labs_own_key_reads_back_and_verifies() {
        for byte in 0..20 {
            let pair = pair(byte);
            let key = PublicKey::read(&pair.public()).unwrap();
            assert_eq!((key.fingerprint.clone(), key.expires), (pair.fingerprint(), Some(NOW + 3590)));
            let signature = pair.sign(b"payload", NOW);
            assert!(key.verifies(b"payload", &signature, NOW));
            assert!(!key.verifies(b"payloae", &signature, NOW));
            assert!(key.verifies(b"payload", &pair.sign(b"payload", NOW + 280), NOW));
            assert!(!key.verifies(b"payload", &pair.sign(b"payload", NOW + 400), NOW));
        }
        let other = PublicKey::read(&pair(77).public()).unwrap();
        assert!(!other.verifies(b"payload", &pair(1).sign(b"payload", NOW), NOW));
    }

    #[test]
    fn broken_blocks_are_refused() {
        assert_eq!(PublicKey::read("nope"), Err(KeyError::Armor));
        let block = pair(3).block(false).unwrap();
        for cut in [1, 20, 60, 100, 150] {
            assert!(PublicKey::read(&armor("PUBLIC", &block[..cut])).is_err(), "{cut}");
        }
        // One flipped bit of the user id breaks the self-signature.
        let mut bad = block.clone();
        let at = bad.windows(3).position(|w| w == b"lab").unwrap();
        bad[at] ^= 1;
        assert!(PublicKey::read(&armor("PUBLIC", &bad)).is_err());
    }
}
