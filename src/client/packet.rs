//! OpenPGP packets and ASCII armour: framing only. No cipher, no passphrase, no trust decision.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// Largest armoured text read, in bytes; a key has about one thousand.
const ARMOUR_LIMIT: usize = 256 << 10;

/// Why a text is not the packets that were expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacketError {
    /// No `-----BEGIN PGP …-----` block.
    #[error("it is not an armoured OpenPGP key (`-----BEGIN PGP PRIVATE KEY BLOCK-----` is missing)")]
    NoArmour,
    /// Another kind of block.
    #[error("it is an armoured {0}, not a private key")]
    WrongBlock(&'static str),
    /// The block is cut or changed.
    #[error("the armoured key is cut or changed: {0}")]
    Damaged(&'static str),
}

/// One packet.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    /// Tag: 5 secret key, 13 user id, 2 signature, 7 secret subkey.
    pub(super) tag: u8,
    /// Body.
    pub(super) body: &'a [u8],
}

/// A cursor over bytes; every read says whether there was enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }
    pub(super) fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }
    pub(super) fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
    /// A multi-precision integer without its length.
    pub(super) fn mpi(&mut self) -> Option<&'a [u8]> {
        let bits = usize::from(self.u16()?);
        self.take(bits.div_ceil(8))
    }
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The bytes inside a private key's armour. White space around it and in front of lines is tolerated.
pub(super) fn dearmour(text: &str) -> Result<Zeroizing<Vec<u8>>, PacketError> {
    const DAMAGED: fn(&'static str) -> PacketError = PacketError::Damaged;
    if text.len() > ARMOUR_LIMIT {
        return Err(DAMAGED("it is far too long"));
    }
    let mut lines = text.lines().map(str::trim).skip_while(|l| !l.starts_with("-----BEGIN PGP "));
    let begin = lines.next().ok_or(PacketError::NoArmour)?;
    match begin.trim_start_matches("-----BEGIN PGP ").trim_end_matches('-') {
        "PRIVATE KEY BLOCK" => {}
        "PUBLIC KEY BLOCK" => return Err(PacketError::WrongBlock("public key")),
        "MESSAGE" => return Err(PacketError::WrongBlock("message")),
        "SIGNATURE" | "SIGNED MESSAGE" => return Err(PacketError::WrongBlock("signature")),
        _ => return Err(PacketError::WrongBlock("block of another kind")),
    }
    let mut encoded = Zeroizing::new(String::new());
    let mut checksum = None;
    let mut ended = false;
    for line in lines {
        if line == "-----END PGP PRIVATE KEY BLOCK-----" {
            ended = true;
            break;
        }
        if line.is_empty() || line.contains(": ") {
            continue;
        }
        match line.strip_prefix('=') {
            Some(sum) if sum.len() == 4 => checksum = Some(sum.to_owned()),
            _ => encoded.push_str(line),
        }
    }
    if !ended {
        return Err(DAMAGED("its last line is missing"));
    }
    let bytes =
        Zeroizing::new(STANDARD.decode(encoded.as_bytes()).map_err(|_| DAMAGED("its text is not base64"))?);
    if let Some(sum) = checksum {
        let want = STANDARD.decode(sum).map_err(|_| DAMAGED("its checksum is not base64"))?;
        let [_, got @ ..] = crc24(&bytes).to_be_bytes();
        if want != got {
            return Err(DAMAGED("its checksum does not fit its content"));
        }
    }
    Ok(bytes)
}

/// Splits a stream into packets, in old and new format.
pub(super) fn packets(bytes: &[u8]) -> Result<Vec<Packet<'_>>, PacketError> {
    let mut rest = Bytes(bytes);
    let mut out = Vec::new();
    while !rest.is_empty() {
        out.push(packet(&mut rest).ok_or(PacketError::Damaged("its packets do not fit together"))?);
    }
    Ok(out)
}

fn packet<'a>(rest: &mut Bytes<'a>) -> Option<Packet<'a>> {
    let head = rest.u8()?;
    if head & 0x80 == 0 {
        return None;
    }
    let (tag, length) = if head & 0x40 == 0 {
        // Old format; a length type of 3 (until the end) does not occur in keys.
        let length = match head & 3 {
            0 => usize::from(rest.u8()?),
            1 => usize::from(rest.u16()?),
            2 => usize::try_from(rest.u32()?).ok()?,
            _ => return None,
        };
        ((head >> 2) & 15, length)
    } else {
        (head & 0x3f, new_length(rest)?)
    };
    Some(Packet { tag, body: rest.take(length)? })
}

/// A length of the new packet format and of signature subpackets. Partial lengths do not occur in keys.
pub(super) fn new_length(rest: &mut Bytes<'_>) -> Option<usize> {
    match rest.u8()? {
        n @ 0..=191 => Some(usize::from(n)),
        n @ 192..=223 => Some(((usize::from(n) - 192) << 8) + usize::from(rest.u8()?) + 192),
        255 => usize::try_from(rest.u32()?).ok(),
        224..=254 => None,
    }
}

/// Fingerprint of a version 4 key: SHA-1 over its public part. (SHA-1 is the format's; nothing here relies on it being
/// collision resistant.)
pub(super) fn fingerprint(public: &[u8]) -> Option<[u8; 20]> {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    context.update(&[0x99]);
    context.update(&u16::try_from(public.len()).ok()?.to_be_bytes());
    context.update(public);
    context.finish().as_ref().try_into().ok()
}

fn crc24(bytes: &[u8]) -> u32 {
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
    crc & 0x00ff_ffff
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_both_formats() {
        let mut bytes = vec![0xc5, 3, 1, 2, 3, 0x95, 0, 2, 9, 9, 0xcd, 192, 8];
        bytes.extend([7; 200]);
        let found = packets(&bytes).unwrap();
        let shape: Vec<_> = found.iter().map(|p| (p.tag, p.body.len())).collect();
        assert_eq!(shape, [(5, 3), (5, 2), (13, 200)]);
        for cut in [1, 2, 4, 6, 9, 11, 12, 50] {
            assert!(packets(&bytes[..cut]).is_err(), "{cut}");
        }
        assert!(packets(&[0xc5, 0xe1, 0, 0]).is_err(), "partial length");
        assert!(packets(&[0x05]).is_err(), "no packet");
    }

    #[test]
    fn crc_is_the_formats() {
        assert_eq!(crc24(b""), 0x00b7_04ce);
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }
}
