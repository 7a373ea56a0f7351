//! Base64 as Go decodes it: the standard alphabet with padding, line ends passed over.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

pub(super) fn fits(text: &str) -> bool {
    let config = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    let compact: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
    GeneralPurpose::new(&STANDARD, config).decode(compact).is_ok()
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn padding_counts_and_line_ends_do_not() {
        for text in ["", "aGk=", "aG\nk=\r\n", "aGl=", "////"] {
            assert!(fits(text), "{text:?}");
        }
        for text in ["aGk", "aGk==", "a Gk=", "-_-_", "=", "é"] {
            assert!(!fits(text), "{text:?}");
        }
    }
}
