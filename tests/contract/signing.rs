//! Recorded keys and signatures: read by our key parser, rebuilt by our payload builder, and verified here by a second,
//! separate reading of the signature format.

use std::collections::BTreeMap;

use aws_lc_rs::{digest, signature};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use omni_scale::client::SigningKey;
use omni_scale::client::sign::detached;
use omni_scale::secret::Secret;
use omni_scale::wire::omni::{SIGNED_NAMES, signed_text};
use serde_json::Value as Json;

use crate::support::{Facts, Tally, present};

#[test]
fn contract_signing_vectors() {
    let suite = "omni/captures/_signing-vectors.json";
    let Some(path) = present(suite, "omni/captures/_signing-vectors.json") else { return };
    let file: Json = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut tally = Tally::new(suite);
    let mut entries = Vec::new();
    collect("", &file, &mut entries);
    for (name, entry) in entries {
        let form = if entry["rpc_method"].is_string() {
            "call"
        } else if entry["request_uri"].is_string() {
            "download"
        } else {
            "other"
        };
        let facts = Facts::from([("form".into(), form.into())]);
        tally.case(&name, &facts, || vector(&file, entry, form));
    }
    tally.finish();
}

/// Keys made here, among them seeds that begin with zeros, and enough texts that both numbers of a signature are short now
/// and then: all verify.
#[test]
fn contract_signing_round_trip() {
    let mut short = 0;
    for n in 0..64_u8 {
        let mut seed = [0; 32];
        let zeros = usize::from(n % 4);
        seed[zeros..].iter_mut().enumerate().for_each(|(i, b)| *b = n.wrapping_mul(37) ^ (i as u8 + 1));
        let pair = signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
        let public = signature::KeyPair::public_key(&pair).as_ref().to_vec();
        let key = SigningKey::armoured(&armoured_key(&seed, &public), "round@trip").unwrap();
        assert_eq!((key.public_key(), key.expires()), (&public[..], None));
        for text in 0..16_u8 {
            let packet = detached(&key, &[text; 40], 1_795_212_083 + u64::from(text));
            short += u32::from(packet.len() < 119);
            verify(&packet, &[text; 40], &public).unwrap();
        }
    }
    assert!(short > 0, "no short number occurred, so nothing was shown about them");
}

/// The simplest private key there is: one packet, no user id.
fn armoured_key(seed: &[u8], public: &[u8]) -> String {
    let mut body =
        vec![4, 0x6b, 0, 0xc3, 0x33, 22, 9, 0x2b, 6, 1, 4, 1, 0xda, 0x47, 0x0f, 1, 0x01, 0x07, 0x40];
    body.extend(public);
    body.push(0);
    let start = body.len();
    let digits = &seed[seed.iter().take_while(|b| **b == 0).count()..];
    let bits = digits.len() * 8 - digits[0].leading_zeros() as usize;
    body.extend(u16::try_from(bits).unwrap().to_be_bytes());
    body.extend(digits);
    let sum = body[start..].iter().fold(0_u16, |s, b| s.wrapping_add(u16::from(*b)));
    body.extend(sum.to_be_bytes());
    let mut packet = vec![0xc5, u8::try_from(body.len()).unwrap()];
    packet.extend(body);
    let text = STANDARD.encode(packet);
    format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{text}\n-----END PGP PRIVATE KEY BLOCK-----\n")
}

/// Entries of all arrays of objects, wherever they stand.
fn collect<'a>(at: &str, json: &'a Json, out: &mut Vec<(String, &'a Json)>) {
    match json {
        Json::Object(map) => map.iter().for_each(|(k, v)| collect(&format!("{at}/{k}"), v, out)),
        Json::Array(items) if items.iter().any(Json::is_object) => {
            out.extend(items.iter().enumerate().map(|(i, v)| (format!("{at}[{i}]"), v)));
        }
        _ => {}
    }
}

fn text<'a>(entry: &'a Json, file: &'a Json, key: &str) -> Option<&'a str> {
    entry[key].as_str().or_else(|| file[key].as_str())
}

fn vector(file: &Json, entry: &Json, form: &str) -> Result<(), String> {
    let account = text(entry, file, "service_account_key_base64").ok_or("no key")?;
    let (key, warnings) =
        SigningKey::service_account(&Secret::new(account.to_owned())).map_err(|e| e.to_string())?;
    check(warnings.is_empty(), "warnings")?;
    let name = text(entry, file, "service_account_name").ok_or("no name")?;
    check(key.identity() == name, "identity")?;
    let fingerprint = text(entry, file, "fingerprint").ok_or("no fingerprint")?;
    check(key.fingerprint() == fingerprint, "fingerprint")?;
    let alone = SigningKey::armoured(text(entry, file, "armored_private_key").ok_or("no armour")?, name)
        .map_err(|e| e.to_string())?;
    check(alone.fingerprint() == fingerprint, "fingerprint of the armoured key")?;
    let public = public_point(text(entry, file, "armored_public_key").ok_or("no public key")?)?;
    check(key.public_key() == public, "public key")?;
    if let (Some(made), Some(life)) = (file["created_unix"].as_u64(), file["lifetime_seconds"].as_u64()) {
        // The server allows a minute more than a year, and the key's own creation may precede the file's by seconds.
        let expires = key.expires().ok_or("no expiry")?;
        check(expires.abs_diff(made + life) <= 600, "expiry")?;
    }

    let payload = entry["payload"].as_str().ok_or("no payload")?;
    let stamp: u64 = entry["timestamp"].as_str().and_then(|t| t.parse().ok()).ok_or("no timestamp")?;
    let header = text(entry, entry, "signature_header")
        .or_else(|| entry["headers"]["x-sidero-signature"].as_str())
        .ok_or("no signature header")?;
    let fields: Vec<&str> = header.split(' ').collect();
    let [version, identity, id, encoded] = fields[..] else { return Err("not four fields".into()) };
    check(version == "siderov1" && identity == name && id == fingerprint, "header's fields")?;
    let recorded = STANDARD.decode(encoded).map_err(|e| e.to_string())?;
    let refused = ["gateway_accepted_by_server", "verified_by_reference_library"]
        .iter()
        .any(|f| entry[*f] == Json::Bool(false));
    check(verify(&recorded, payload.as_bytes(), &public).is_ok() != refused, "recorded signature")?;

    let own = detached(&key, payload.as_bytes(), stamp);
    verify(&own, payload.as_bytes(), &public)?;
    check(verify(&own, b"something else", &public).is_err(), "our signature fits anything")?;

    match form {
        "call" => {
            let mut metadata = BTreeMap::new();
            for (name, values) in entry["metadata"].as_object().into_iter().flatten() {
                let known = SIGNED_NAMES.iter().find(|n| **n == name).ok_or("unknown metadata")?;
                metadata.insert(*known, serde_json::from_value(values.clone()).map_err(|e| e.to_string())?);
            }
            let method = entry["rpc_method"].as_str().ok_or("no method")?;
            let ours: Json =
                serde_json::from_str(&signed_text(method, &metadata, stamp)).map_err(|e| e.to_string())?;
            let theirs: Json = serde_json::from_str(payload).map_err(|e| e.to_string())?;
            check(meaning(&ours) == meaning(&theirs), &format!("payload {ours} instead of {theirs}"))?;
            let request = &entry["gateway_request"];
            if request["path"].as_str().is_some_and(|p| p.starts_with("/api/omni.resources.ResourceService/"))
            {
                crate::omni_captures::legal(request)?;
            }
        }
        "download" => {
            let body = digest::digest(&digest::SHA256, entry["body"].as_str().unwrap_or("").as_bytes());
            let hex = body.as_ref().iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().concat();
            let (method, uri) = (entry["method"].as_str().unwrap(), entry["request_uri"].as_str().unwrap());
            check(payload == format!("{method}\n{uri}\n{stamp}\n{hex}"), "text of the download form")?;
        }
        _ => return Err("an entry of an unknown kind".into()),
    }
    Ok(())
}

/// What a payload means: names that are `null` count as left out, unknown names as absent.
pub(crate) fn meaning(payload: &Json) -> (BTreeMap<String, Json>, Json) {
    let headers = payload["headers"].as_object().into_iter().flatten();
    let kept = headers
        .filter(|(name, values)| !values.is_null() && SIGNED_NAMES.contains(&name.as_str()))
        .map(|(name, values)| (name.clone(), values.clone()))
        .collect();
    (kept, payload["method"].clone())
}

fn check(ok: bool, what: &str) -> Result<(), String> {
    if ok { Ok(()) } else { Err(format!("differs: {what}")) }
}

/// The 32 bytes of an Ed25519 public key: they follow the curve's identifier, a length of 263 bits and the prefix 0x40.
fn public_point(armour: &str) -> Result<Vec<u8>, String> {
    let body: String = armour
        .lines()
        .skip_while(|l| !l.is_empty())
        .take_while(|l| !l.starts_with('=') && !l.starts_with('-'))
        .collect();
    let bytes = STANDARD.decode(body).map_err(|e| e.to_string())?;
    let mark = [0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01, 0x01, 0x07, 0x40];
    let at = bytes.windows(mark.len()).position(|w| w == mark).ok_or("no Ed25519 point")? + mark.len();
    bytes.get(at..at + 32).map(<[u8]>::to_vec).ok_or_else(|| "short point".to_owned())
}

/// Verifies a detached version 4 EdDSA signature packet.
pub(crate) fn verify(packet: &[u8], data: &[u8], public: &[u8]) -> Result<(), String> {
    let body = match packet {
        [0xc2, n, rest @ ..] if *n < 192 && rest.len() == usize::from(*n) => rest,
        [0xc2, a @ 192..=223, b, rest @ ..]
            if rest.len() == ((usize::from(*a) - 192) << 8) + usize::from(*b) + 192 =>
        {
            rest
        }
        _ => return Err("not one signature packet".into()),
    };
    let [4, kind @ (0 | 1), 22, hash, rest @ ..] = body else { return Err("not version 4 EdDSA".into()) };
    let (algorithm, _) = match hash {
        8 => (&digest::SHA256, kind),
        9 => (&digest::SHA384, kind),
        10 => (&digest::SHA512, kind),
        other => return Err(format!("hash {other}")),
    };
    let short = |n: usize, b: &[u8]| b.len().checked_sub(n).map(|_| ()).ok_or("too short".to_owned());
    short(2, rest)?;
    let hashed = usize::from(rest[0]) << 8 | usize::from(rest[1]);
    short(2 + hashed + 2, rest)?;
    let covered = &body[..6 + hashed];
    let after = &rest[2 + hashed..];
    let unhashed = usize::from(after[0]) << 8 | usize::from(after[1]);
    short(2 + unhashed + 2, after)?;
    let tail = &after[2 + unhashed..];
    let mut context = digest::Context::new(algorithm);
    context.update(data);
    context.update(covered);
    context.update(&[4, 0xff]);
    context.update(&u32::try_from(covered.len()).unwrap().to_be_bytes());
    let digest = context.finish();
    if digest.as_ref()[..2] != tail[..2] {
        return Err("the digest's first bytes differ".into());
    }
    let mut numbers = &tail[2..];
    let mut raw = Vec::new();
    for _ in 0..2 {
        short(2, numbers)?;
        let bits = usize::from(numbers[0]) << 8 | usize::from(numbers[1]);
        let n = bits.div_ceil(8);
        short(2 + n, numbers)?;
        if n > 32 {
            return Err("number too long".into());
        }
        raw.extend(std::iter::repeat_n(0, 32 - n));
        raw.extend(&numbers[2..2 + n]);
        numbers = &numbers[2 + n..];
    }
    if !numbers.is_empty() {
        return Err("something follows the signature".into());
    }
    signature::UnparsedPublicKey::new(&signature::ED25519, public)
        .verify(digest.as_ref(), &raw)
        .map_err(|_| "the signature does not fit".to_owned())
}
