//! SHA-256 fingerprints of certificates, as Proxmox prints them.

use std::fmt;

/// SHA-256 of a leaf certificate. Shown as Proxmox shows it: upper-case hex with colons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

/// Why a text is not a fingerprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a fingerprint is the SHA-256 of the certificate: 64 hex digits, with or without colons between the pairs"
)]
pub struct FingerprintError;

impl Fingerprint {
    /// From the digest itself.
    pub fn from_digest(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Parses `AB:CD:…` or `abcd…`: either case, colons between all pairs or none. An optional `sha256:` in front is
    /// accepted, since some tools print it.
    pub fn parse(text: &str) -> Result<Self, FingerprintError> {
        let text = text.trim();
        let text = match text.split_at_checked(7) {
            Some((head, tail)) if head.eq_ignore_ascii_case("sha256:") => tail,
            _ => text,
        };
        let digits: String = if text.contains(':') {
            let pairs: Vec<&str> = text.split(':').collect();
            if pairs.iter().any(|p| p.len() != 2) {
                return Err(FingerprintError);
            }
            pairs.concat()
        } else {
            text.to_owned()
        };
        let nibbles: Vec<u32> =
            digits.chars().map(|c| c.to_digit(16)).collect::<Option<_>>().ok_or(FingerprintError)?;
        let bytes: Vec<u8> = nibbles
            .chunks_exact(2)
            .map(|pair| pair.iter().fold(0, |byte: u32, nibble| byte * 16 + nibble) as u8)
            .collect();
        if nibbles.len() != 64 {
            return Err(FingerprintError);
        }
        bytes.try_into().map(Self).map_err(|_| FingerprintError)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_usual_spellings_are_one_fingerprint() {
        let colons = (0..32).map(|i| format!("{:02X}", i * 7)).collect::<Vec<_>>().join(":");
        let plain = colons.replace(':', "").to_lowercase();
        let parsed = Fingerprint::parse(&colons).unwrap();
        assert_eq!(parsed.to_string(), colons);
        assert_eq!(Fingerprint::parse(&plain), Ok(parsed));
        assert_eq!(Fingerprint::parse(&format!("SHA256:{plain}")), Ok(parsed));
        for wrong in [
            "",
            "AB:CD",
            &plain[1..],
            &colons.replacen(':', "", 1),
            &plain.replace('7', "g"),
            &format!("{plain}00"),
        ] {
            assert_eq!(Fingerprint::parse(wrong), Err(FingerprintError), "{wrong}");
        }
    }
}
