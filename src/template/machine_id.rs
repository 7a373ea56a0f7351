//! Machine ids: a UUID in any of four spellings, used as written.

/// Why a text is no machine id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum MachineIdError {
    /// No spelling has this many bytes.
    #[error("invalid UUID length: {0}")]
    Length(usize),
    /// The right length, but not hexadecimal digits and dashes in their places.
    #[error("invalid UUID format")]
    Format,
    /// 45 bytes that do not begin with `urn:uuid:`.
    #[error("invalid urn prefix")]
    Urn,
}

/// Checks a machine id: 36 characters with dashes in any letter case, the same in braces (of which only the 36 characters
/// inside are looked at) or after `urn:uuid:`, or 32 digits.
pub(super) fn check(id: &str) -> Result<(), MachineIdError> {
    let bytes = id.as_bytes();
    let dashed = match bytes.len() {
        36 => bytes,
        38 => bytes.get(1..37).unwrap_or_default(),
        45 => {
            let (prefix, rest) = bytes.split_at(9);
            if !prefix.eq_ignore_ascii_case(b"urn:uuid:") {
                return Err(MachineIdError::Urn);
            }
            rest
        }
        32 => {
            let hex = bytes.iter().all(u8::is_ascii_hexdigit);
            return if hex { Ok(()) } else { Err(MachineIdError::Format) };
        }
        n => return Err(MachineIdError::Length(n)),
    };
    let fits = dashed.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    });
    if fits { Ok(()) } else { Err(MachineIdError::Format) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_spellings() {
        for id in [
            "a0000001-0000-4000-8000-000000000001",
            "A0000001-0000-4000-8000-00000000000F",
            "{a0000001-0000-4000-8000-000000000001}",
            "urn:uuid:a0000001-0000-4000-8000-000000000001",
            "URN:UUID:a0000001-0000-4000-8000-000000000001",
            "a0000001000040008000000000000001",
        ] {
            assert_eq!(check(id), Ok(()), "{id}");
        }
        assert_eq!(check("abc").unwrap_err().to_string(), "invalid UUID length: 3");
        assert_eq!(check("").unwrap_err().to_string(), "invalid UUID length: 0");
        for id in [
            "a0000001_0000-4000-8000-000000000001",
            "g0000001-0000-4000-8000-000000000001",
            "urn:ouid:a0000001-0000-4000-8000-000000000001",
            "a000000100004000800000000000000g",
            "é0000001-0000-4000-8000-0000000000012",
        ] {
            assert!(check(id).is_err(), "{id}");
        }
    }
}
