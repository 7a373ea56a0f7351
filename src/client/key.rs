//! Keys that sign requests: service-account keys and interactive users' keys.
//!
//! A service account's key is base64 of `{"name": …, "pgp_key": <armoured private key>}`; a user's key is an armoured file.
//! Both hold an unencrypted OpenPGP version 4 key whose primary key is Ed25519 ("EdDSA legacy"). Nothing here ever prints
//! key material.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::packet::{Bytes, PacketError, dearmour, fingerprint, new_length, packets};
use crate::secret::Secret;
use crate::untrusted::Untrusted;

/// Object identifier of the curve Ed25519 in OpenPGP, with its length: 1.3.6.1.4.1.11591.15.1.
const ED25519_OID: [u8; 10] = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
/// EdDSA with a curve identifier ("legacy").
const EDDSA: u8 = 22;

/// Variables that may hold a service account's key; the first one set wins.
pub const VARIABLES: [&str; 2] = ["SIDERO_SERVICE_ACCOUNT_KEY", "OMNI_SERVICE_ACCOUNT_KEY"];

/// Why a key cannot be used; complete messages for people, without any of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
    /// Not base64.
    #[error(
        "it is not base64; use the whole value that `omnictl serviceaccount create` printed, without the variable's name and without quotes"
    )]
    NotBase64,
    /// The JSON document itself, not its base64.
    #[error(
        "it is the decoded JSON document; use its base64 form, as `omnictl serviceaccount create` printed it"
    )]
    Decoded,
    /// An armoured key alone.
    #[error(
        "it is an armoured key alone; a service account's key is base64 of a JSON document with its name"
    )]
    ArmourOnly,
    /// The decoded text is not the expected document.
    #[error("its decoded text is not a JSON document with `name` and `pgp_key`; the value is probably cut")]
    NotDocument,
    /// A field is missing or no text.
    #[error("its document has no `{0}`")]
    Missing(&'static str),
    /// The name goes into a header of four words.
    #[error("its name is not one word of printable ASCII")]
    Name,
    /// Armour or packets.
    #[error("{0}")]
    Packets(#[from] PacketError),
    /// A protected key would need a passphrase, which an unattended tool has not.
    #[error(
        "the private key is protected by a passphrase; export it without one, or make a new service account key"
    )]
    Protected,
    /// The private part is missing.
    #[error("the private key is a stub without its secret part (it is on a card or kept elsewhere)")]
    Stub,
    /// Another algorithm.
    #[error(
        "the key is {0}, but only Ed25519 (EdDSA) keys can be used here; `omnictl serviceaccount create` makes such a key"
    )]
    Algorithm(String),
    /// Another format version.
    #[error("the key is an OpenPGP version {0} key, but only version 4 can be used here")]
    Version(u8),
    /// Secret and public part do not belong together.
    #[error("its secret and its public part do not belong together: the key is damaged")]
    Inconsistent,
}

/// A remark about a key that works nevertheless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyWarning {
    /// White space or line breaks in the value; they were ignored.
    Whitespace,
}

impl std::fmt::Display for KeyWarning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whitespace => f.write_str("the key holds white space or line breaks, which were ignored"),
        }
    }
}

/// A key that can sign.
pub struct SigningKey {
    identity: String,
    fingerprint: [u8; 20],
    created: u64,
    lifetime: Option<u64>,
    pair: Ed25519KeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("identity", &self.identity)
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads the value of a service account's variable.
    pub fn service_account(value: &Secret<String>) -> Result<(Self, Vec<KeyWarning>), KeyError> {
        let raw = value.expose();
        let compact: Zeroizing<String> = Zeroizing::new(raw.chars().filter(|c| !c.is_whitespace()).collect());
        if compact.is_empty() {
            return Err(KeyError::Empty);
        }
        if compact.starts_with('{') {
            return Err(KeyError::Decoded);
        }
        if raw.trim_start().starts_with("-----BEGIN") {
            return Err(KeyError::ArmourOnly);
        }
        let warnings = if compact.len() == raw.len() { vec![] } else { vec![KeyWarning::Whitespace] };
        let json = Zeroizing::new(STANDARD.decode(compact.as_bytes()).map_err(|_| KeyError::NotBase64)?);
        let document: Document = serde_json::from_slice(&json).map_err(|_| KeyError::NotDocument)?;
        let name = document.name.ok_or(KeyError::Missing("name"))?;
        let armour = document.pgp_key.map(Zeroizing::new).ok_or(KeyError::Missing("pgp_key"))?;
        Ok((Self::armoured(&armour, &name)?, warnings))
    }

    /// Reads an armoured private key; `identity` is the user's e-mail address or the account's name.
    pub fn armoured(text: &str, identity: &str) -> Result<Self, KeyError> {
        if identity.is_empty() || !identity.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(KeyError::Name);
        }
        let bytes = dearmour(text)?;
        let packets = packets(&bytes)?;
        let Some((first, rest)) = packets.split_first() else {
            return Err(PacketError::Damaged("it holds nothing").into());
        };
        if first.tag != 5 {
            return Err(PacketError::WrongBlock("block without a private key").into());
        }
        let primary = primary(first.body)?;
        // Self-signatures stand before the first subkey; the newest one counts.
        let lifetime = rest
            .iter()
            .take_while(|p| p.tag != 7)
            .filter(|p| p.tag == 2)
            .filter_map(|p| certification(p.body))
            .max_by_key(|c| c.made)
            .and_then(|c| c.lifetime);
        Ok(Self { identity: identity.to_owned(), lifetime, ..primary })
    }

    /// Account name or e-mail address, the second field of the signature header.
    pub fn identity(&self) -> &str {
        &self.identity
    }
    /// Key id: the fingerprint in 40 lower-case hex digits.
    pub fn fingerprint(&self) -> String {
        self.fingerprint.iter().fold(String::with_capacity(40), |mut out, byte| {
            out.push_str(&format!("{byte:02x}"));
            out
        })
    }
    /// Raw fingerprint.
    pub(super) fn fingerprint_bytes(&self) -> &[u8; 20] {
        &self.fingerprint
    }
    /// The public key, 32 bytes.
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }
    /// Unix time in seconds at which the key was made; signatures from before are refused.
    pub fn created(&self) -> u64 {
        self.created
    }
    /// Unix time in seconds after which Omni refuses the key, if the key has a lifetime.
    pub fn expires(&self) -> Option<u64> {
        self.lifetime.map(|l| self.created.saturating_add(l))
    }
    /// Signs a digest.
    pub(super) fn sign_digest(&self, digest: &[u8]) -> aws_lc_rs::signature::Signature {
        self.pair.sign(digest)
    }
}

#[derive(serde::Deserialize)]
struct Document {
    name: Option<String>,
    pgp_key: Option<String>,
}

/// The primary key packet: version, time, algorithm, curve, public point, and the unprotected secret.
fn primary(body: &[u8]) -> Result<SigningKey, KeyError> {
    const SHORT: KeyError = KeyError::Packets(PacketError::Damaged("its key packet ends too early"));
    let mut rest = Bytes(body);
    match rest.u8().ok_or(SHORT)? {
        4 => {}
        other => return Err(KeyError::Version(other)),
    }
    let created = u64::from(rest.u32().ok_or(SHORT)?);
    let algorithm = rest.u8().ok_or(SHORT)?;
    if algorithm != EDDSA {
        return Err(KeyError::Algorithm(algorithm_name(algorithm)));
    }
    if rest.take(ED25519_OID.len()).ok_or(SHORT)? != ED25519_OID {
        return Err(KeyError::Algorithm("EdDSA on another curve".into()));
    }
    let point = rest.mpi().ok_or(SHORT)?;
    let Some((0x40, public_key)) = point.split_first().filter(|(_, p)| p.len() == 32).map(|(h, p)| (*h, p))
    else {
        return Err(KeyError::Inconsistent);
    };
    let public = body.get(..body.len() - rest.0.len()).ok_or(SHORT)?;
    match rest.u8().ok_or(SHORT)? {
        0 => {}
        // S2K kind 101 is GnuPG's stub: usage octet, cipher, kind, …
        253..=255 if rest.0.get(1) == Some(&101) => return Err(KeyError::Stub),
        _ => return Err(KeyError::Protected),
    }
    let start = rest;
    let secret = rest.mpi().ok_or(SHORT)?;
    let covered = start.0.get(..start.0.len() - rest.0.len()).ok_or(SHORT)?;
    let sum = covered.iter().fold(0_u16, |sum, b| sum.wrapping_add(u16::from(*b)));
    if rest.u16() != Some(sum) || !rest.is_empty() {
        return Err(PacketError::Damaged("the checksum of its secret part does not fit").into());
    }
    // An integer drops leading zeros, the seed does not.
    let mut seed = Zeroizing::new([0_u8; 32]);
    let pad = 32_usize.checked_sub(secret.len()).ok_or(KeyError::Inconsistent)?;
    seed.iter_mut().skip(pad).zip(secret).for_each(|(to, from)| *to = *from);
    let pair = Ed25519KeyPair::from_seed_and_public_key(&seed[..], public_key)
        .map_err(|_| KeyError::Inconsistent)?;
    Ok(SigningKey {
        identity: String::new(),
        fingerprint: fingerprint(public).ok_or(SHORT)?,
        created,
        lifetime: None,
        pair,
    })
}

fn algorithm_name(algorithm: u8) -> String {
    match algorithm {
        1..=3 => "RSA".into(),
        16 | 20 => "ElGamal".into(),
        17 => "DSA".into(),
        18 => "ECDH".into(),
        19 => "ECDSA".into(),
        25 => "X25519".into(),
        26 => "X448".into(),
        27 => "Ed25519 in the newer encoding (algorithm 27)".into(),
        28 => "Ed448".into(),
        other => format!("of algorithm {other}"),
    }
}

struct Certification {
    made: u32,
    lifetime: Option<u64>,
}

/// Time and key lifetime of a version 4 self-signature over a user id or the key itself. It is not verified: it only tells
/// people when the server will stop accepting the key.
fn certification(body: &[u8]) -> Option<Certification> {
    let mut rest = Bytes(body);
    if rest.u8()? != 4 || !matches!(rest.u8()?, 0x10..=0x13 | 0x1f) {
        return None;
    }
    rest.take(2)?;
    let length = usize::from(rest.u16()?);
    let mut area = Bytes(rest.take(length)?);
    let (mut made, mut lifetime) = (None, None);
    while !area.is_empty() {
        let length = new_length(&mut area)?;
        let mut packet = Bytes(area.take(length)?);
        match packet.u8()? & 0x7f {
            2 => made = packet.u32(),
            9 => lifetime = packet.u32().filter(|l| *l != 0).map(u64::from),
            _ => {}
        }
    }
    Some(Certification { made: made?, lifetime })
}

/// Which variable holds the key, and its value: the alias wins if both are set. Empty ones count as unset.
pub fn choose(lookup: impl Fn(&str) -> Option<Secret<String>>) -> Option<(&'static str, Secret<String>)> {
    VARIABLES
        .into_iter()
        .find_map(|name| lookup(name).filter(|v| !v.expose().trim().is_empty()).map(|value| (name, value)))
}

/// A message about a key from a variable or file.
pub fn explain(source: &str, error: &KeyError) -> String {
    format!("`{}` cannot be used: {error}", Untrusted::new(source).line(200))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(field: &str) -> String {
        let file = include_str!("../../tests/fixtures/omni/captures/_signing-vectors.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        file[field].as_str().unwrap().to_owned()
    }

    fn account(value: &str) -> Result<(SigningKey, Vec<KeyWarning>), KeyError> {
        SigningKey::service_account(&Secret::new(value.to_owned()))
    }

    fn raw() -> Vec<u8> {
        dearmour(&recorded("armored_private_key")).unwrap().to_vec()
    }

    /// The armour of `bytes`, without checksum.
    fn armour(bytes: &[u8]) -> String {
        format!(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{}\n-----END PGP PRIVATE KEY BLOCK-----\n",
            STANDARD.encode(bytes)
        )
    }

    /// Changes one byte of the primary key packet's body (after a header of two bytes).
    fn with(at: usize, byte: u8) -> Result<SigningKey, KeyError> {
        let mut bytes = raw();
        bytes[2 + at] = byte;
        SigningKey::armoured(&armour(&bytes), "x")
    }

    #[test]
    fn the_value_may_be_wrapped_but_not_otherwise_changed() {
        let value = recorded("service_account_key_base64");
        let (key, warnings) = account(&value).unwrap();
        assert_eq!(key.fingerprint(), recorded("fingerprint"));
        assert!(warnings.is_empty());
        let (head, tail) = value.split_at(76);
        let wrapped = format!(
            "{head}
{tail}
"
        );
        assert_eq!(account(&wrapped).unwrap().1, [KeyWarning::Whitespace]);
        let json = String::from_utf8(STANDARD.decode(&value).unwrap()).unwrap();
        for (text, want) in [
            (String::new(), KeyError::Empty),
            (" \n".into(), KeyError::Empty),
            (json, KeyError::Decoded),
            (recorded("armored_private_key"), KeyError::ArmourOnly),
            (format!("\"{value}\""), KeyError::NotBase64),
            (format!("OMNI_SERVICE_ACCOUNT_KEY={value}"), KeyError::NotBase64),
            (value[..value.len() / 8 * 4].to_owned(), KeyError::NotDocument),
            (STANDARD.encode("{\"pgp_key\":\"\"}"), KeyError::Missing("name")),
            (STANDARD.encode("{\"name\":\"a\"}"), KeyError::Missing("pgp_key")),
            (STANDARD.encode("{\"name\":\"a b\",\"pgp_key\":\"\"}"), KeyError::Name),
            (STANDARD.encode("{\"name\":\"a\",\"pgp_key\":\"x\"}"), KeyError::Packets(PacketError::NoArmour)),
        ] {
            assert_eq!(account(&text).unwrap_err(), want);
        }
    }

    #[test]
    fn unusable_keys_are_refused_by_name() {
        assert!(with(0, 4).is_ok());
        assert_eq!(with(0, 6).unwrap_err(), KeyError::Version(6));
        assert_eq!(with(5, 1).unwrap_err(), KeyError::Algorithm("RSA".into()));
        assert_eq!(with(5, 19).unwrap_err(), KeyError::Algorithm("ECDSA".into()));
        assert_eq!(with(7, 0x2a).unwrap_err(), KeyError::Algorithm("EdDSA on another curve".into()));
        // After version, time, algorithm, curve and point comes the usage octet of the secret part.
        let usage = 1 + 4 + 1 + 10 + 2 + 33;
        for protected in [9, 253, 254, 255] {
            assert_eq!(with(usage, protected).unwrap_err(), KeyError::Protected);
        }
        assert!(matches!(with(usage + 5, 0).unwrap_err(), KeyError::Packets(PacketError::Damaged(_))));
        assert!(matches!(
            SigningKey::armoured(&recorded("armored_public_key"), "x").unwrap_err(),
            KeyError::Packets(PacketError::WrongBlock("public key"))
        ));
    }

    #[test]
    fn a_secret_that_does_not_fit_is_refused() {
        let mut bytes = raw();
        let point = 2 + 1 + 4 + 1 + 10 + 2 + 1;
        bytes[point] ^= 1;
        assert_eq!(SigningKey::armoured(&armour(&bytes), "x").unwrap_err(), KeyError::Inconsistent);
    }

    #[test]
    fn no_cut_key_is_accepted_and_nothing_panics() {
        let bytes = raw();
        let first = 2 + usize::from(bytes[1]);
        for cut in 0..bytes.len() {
            let whole_packets = packets(&bytes[..cut]).is_ok_and(|p| !p.is_empty());
            let outcome = SigningKey::armoured(&armour(&bytes[..cut]), "x");
            assert_eq!(outcome.is_ok(), whole_packets && cut >= first, "{cut}");
        }
        let text = recorded("armored_private_key");
        let end = text.trim_end().len();
        for cut in 0..end {
            assert!(SigningKey::armoured(&text[..cut], "x").is_err(), "{cut}");
        }
        for at in 0..bytes.len() {
            for byte in [0, 0x7f, 0xff] {
                let mut changed = bytes.clone();
                changed[at] = byte;
                let _ = SigningKey::armoured(&armour(&changed), "x");
            }
        }
    }

    #[test]
    fn the_alias_wins_and_nothing_is_printed() {
        let set = |name: &str| match name {
            "SIDERO_SERVICE_ACCOUNT_KEY" => Some(Secret::new("a".to_owned())),
            _ => Some(Secret::new("b".to_owned())),
        };
        assert_eq!(choose(set).unwrap().0, "SIDERO_SERVICE_ACCOUNT_KEY");
        assert_eq!(
            choose(|n| (n.starts_with("OMNI")).then(|| Secret::new("b".into()))).unwrap().0,
            VARIABLES[1]
        );
        assert!(choose(|_| Some(Secret::new(" \n".into()))).is_none());
        let (key, _) = account(&recorded("service_account_key_base64")).unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains("vector") && !shown.contains("pair"), "{shown}");
    }

    #[test]
    fn the_expiry_is_that_of_the_self_signature() {
        let (key, _) = account(&recorded("service_account_key_base64")).unwrap();
        assert_eq!(key.expires(), Some(1_795_212_083 + 31_536_000));
    }
}
