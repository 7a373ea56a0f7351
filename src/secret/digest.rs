//! Keyed digests: what stands for a secret where it must not stand itself, and still tells "the same" from "another".

use std::fmt::Write as _;

use aws_lc_rs::{digest, hmac};

use super::Secret;

/// How a digest begins.
const PREFIX: &str = "hmac:";
/// Hexadecimal digits that name the key, in front of those of the digest.
const NAME: usize = 8;
/// Hexadecimal digits of the digest: 128 bits.
const TAG: usize = 32;

/// The key of digests. Without it nobody can try out short secrets, as everybody could with a bare hash.
#[derive(Clone, Debug)]
pub struct DigestKey {
    key: Secret<[u8; 32]>,
    name: String,
}

impl DigestKey {
    /// A key of 256 random bits.
    pub fn new(bytes: [u8; 32]) -> Self {
        let name = first(&hmac(&bytes, b"omni-scale digest key"), NAME);
        Self { key: Secret::new(bytes), name }
    }

    /// The key that a text of the operator's choice stands for.
    pub fn from_text(text: &str) -> Self {
        Self::new(hmac(b"omni-scale digest key from text", text.as_bytes()))
    }

    /// The key as 64 hexadecimal digits, for the file that keeps it.
    pub fn to_hex(&self) -> String {
        hex(self.key.expose())
    }

    /// Reads [`DigestKey::to_hex`].
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let mut key = [0u8; 32];
        for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self::new(key))
    }

    /// What names the key in its digests: 8 hexadecimal digits, from which nobody can tell the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of a text: `hmac:` and 40 hexadecimal digits, of which the first 8 name the key.
    pub fn digest(&self, text: &str) -> String {
        format!("{PREFIX}{}{}", self.name, first(&hmac(self.key.expose(), text.as_bytes()), TAG))
    }

    /// Whether this key made a digest. One that another key made says nothing about what it stands for.
    pub fn made(&self, digest: &str) -> bool {
        digest.strip_prefix(PREFIX).is_some_and(|hex| hex.starts_with(&self.name))
    }
}

/// Whether a text is a digest, of whichever key.
pub fn is_digest(text: &str) -> bool {
    text.strip_prefix(PREFIX)
        .is_some_and(|hex| hex.len() == NAME + TAG && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    tag.as_ref().try_into().unwrap_or_default()
}

/// Lower-case hexadecimal digits of some bytes.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 2);
    for b in bytes {
        let _ = write!(out, "{b:02x}");
    }
    out
}

/// Lower-case hexadecimal digits of the SHA-256 of some bytes. It does not stand for a secret: short ones can be guessed
/// from it; [`DigestKey`] is for those.
pub fn sha256(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// The first hexadecimal digits of some bytes.
fn first(bytes: &[u8], digits: usize) -> String {
    let mut out = hex(bytes);
    out.truncate(digits);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_names_its_key_and_tells_texts_apart() {
        let (one, two) = (DigestKey::new([1; 32]), DigestKey::from_text("another one"));
        let digest = one.digest("hunter2");
        assert!(is_digest(&digest) && !is_digest("hmac:") && !is_digest("hunter2"));
        assert_eq!(digest, one.clone().digest("hunter2"));
        assert_ne!(digest, one.digest("hunter3"));
        assert!(one.made(&digest) && !two.made(&digest));
        assert_eq!(format!("{one:?}").find("1, 1"), None);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn it_is_hmac_sha256() {
        let tag = hmac(b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}
