//! Secrets that a server sends back.

use std::collections::BTreeSet;

/// Shortest stretch of a secret that counts as shown: messages are cut, so that a whole one may not be there.
const STRETCH: usize = 12;

/// A text that a server wrote, without what it repeats of a secret that was sent to it.
pub fn scrub(text: &str, secret: &str) -> String {
    let size = STRETCH.min(secret.len());
    if size == 0 {
        return text.to_owned();
    }
    let known: BTreeSet<&[u8]> = secret.as_bytes().windows(size).collect();
    let mut out = String::with_capacity(text.len());
    let (mut shown, mut hidden) = (0, 0);
    for (at, part) in text.as_bytes().windows(size).enumerate() {
        if !known.contains(part) {
            continue;
        }
        if at >= hidden {
            out.push_str(text.get(shown..at).unwrap_or_default());
            out.push_str("[secret]");
        }
        hidden = at + size;
        shown = hidden;
    }
    out.push_str(text.get(shown..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_goes_whole_or_in_part() {
        let secret = "0123456789abcdefghij";
        for (text, want) in [
            ("bad header 0123456789abcdefghij!", "bad header [secret]!"),
            ("cut 0123456789abcdef…", "cut [secret]…"),
            ("6789abcdefghij and 0123456789ab", "[secret] and [secret]"),
            ("0123456789abcdefghij0123456789abcdefghij", "[secret][secret]"),
            ("é0123456789abcdé", "é[secret]é"),
            ("01234567 9abcdefg", "01234567 9abcdefg"),
            ("", ""),
        ] {
            assert_eq!(scrub(text, secret), want);
        }
        assert_eq!(scrub("pw: hunter2", "hunter2"), "pw: [secret]");
        assert_eq!(scrub("text", ""), "text");
    }
}
