//! Signing requests.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::key::SigningKey;
use crate::secret::Secret;
use crate::wire::omni::{Call, Signed, payload};

/// Signs `call` as of `unix` (seconds). Omni accepts a difference of five minutes either way, so a call is signed right
/// before it is sent, and anew for every attempt.
pub fn sign(key: &SigningKey, call: &Call, unix: u64) -> Signed {
    let payload = payload(call, unix);
    let signature = detached(key, payload.as_bytes(), unix);
    Signed { timestamp: unix, signature: Secret::new(signature_header(key, &signature)), payload }
}

/// `siderov1 <identity> <fingerprint> <base64 signature>`: always four fields.
fn signature_header(key: &SigningKey, signature: &[u8]) -> String {
    format!("siderov1 {} {} {}", key.identity(), key.fingerprint(), STANDARD.encode(signature))
}

/// A detached binary OpenPGP signature packet over `data`: version 4, type 0x00, EdDSA, SHA-256.
pub fn detached(key: &SigningKey, data: &[u8], unix: u64) -> Vec<u8> {
    let fingerprint = key.fingerprint_bytes();
    // The format counts seconds in 32 bits.
    let made = u32::try_from(unix).unwrap_or(u32::MAX).to_be_bytes();
    let mut hashed = vec![5, 2];
    hashed.extend(made);
    hashed.extend([22, 33, 4]);
    hashed.extend(fingerprint);
    let mut unhashed = vec![9, 16];
    unhashed.extend(fingerprint.iter().skip(12));

    let mut head = vec![4, 0x00, 22, 8];
    head.extend((hashed.len() as u16).to_be_bytes());
    head.extend(&hashed);

    let mut context = digest::Context::new(&digest::SHA256);
    context.update(data);
    context.update(&head);
    context.update(&[4, 0xff]);
    context.update(&(head.len() as u32).to_be_bytes());
    let digest = context.finish();
    let signature = key.sign_digest(digest.as_ref());

    let mut body = head;
    body.extend((unhashed.len() as u16).to_be_bytes());
    body.extend(&unhashed);
    body.extend(digest.as_ref().iter().take(2));
    for half in signature.as_ref().chunks(32) {
        integer(half, &mut body);
    }
    // Tag 2 in the new format; the body is always shorter than 192 bytes.
    let mut packet = vec![0xc2, body.len() as u8];
    packet.append(&mut body);
    packet
}

/// A multi-precision integer: its length in bits, then its bytes without leading zeros.
fn integer(bytes: &[u8], out: &mut Vec<u8>) {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    let first = bytes.get(zeros).copied().unwrap_or(0);
    let bits = ((bytes.len() - zeros) * 8).saturating_sub(first.leading_zeros() as usize);
    let bits = if first == 0 { 0 } else { bits };
    out.extend((bits as u16).to_be_bytes());
    out.extend(bytes.iter().skip(zeros));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_drop_leading_zeros() {
        for (bytes, want) in
            [(&[0x80, 0][..], vec![0, 16, 0x80, 0]), (&[0, 1, 0], vec![0, 9, 1, 0]), (&[0, 0], vec![0, 0])]
        {
            let mut out = Vec::new();
            integer(bytes, &mut out);
            assert_eq!(out, want);
        }
    }
}
