//! Names that sound like secrets, and texts that hold one.

use std::ops::Range;

/// Parts of names that sound like secrets.
const WORDS: [&str; 12] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "authkey",
    "privatekey",
    "private_key",
    "apikey",
    "api_key",
    "presharedkey",
];

/// Whether a name sounds like the name of a secret. `key` alone or at the end counts, `keys` does not; the name of a
/// secret (`secretName`) is none.
pub fn names_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    (WORDS.iter().any(|word| lower.contains(word)) && !lower.contains("secretname") && lower != "secrets")
        || matches!(lower.as_str(), "key" | "auth" | "stringdata")
        || lower.ends_with("_key")
        || lower.ends_with("-key")
        || name.ends_with("Key")
}

/// Whether a text shows a secret somewhere: a value under a name that sounds like one, a long opaque word, a private key,
/// a Kubernetes Secret, an address with a password.
pub fn reveals(text: &str) -> bool {
    text.contains("PRIVATE KEY-----")
        || text.lines().any(|line| {
            line.trim() == "kind: Secret" || opens_secret_block(line) || !covered(line).is_empty()
        })
}

/// Where names and passwords stand in the addresses of a line, in bytes.
fn passwords_in_addresses(line: &str) -> impl Iterator<Item = Range<usize>> {
    line.match_indices("://").filter_map(|(at, mark)| {
        let start = at + mark.len();
        let rest = line.get(start..)?;
        let authority = rest.split(['/', '?', '#', ' ', '"', '\'']).next().unwrap_or("");
        let (user, _) = authority.rsplit_once('@').filter(|(user, _)| user.contains(':'))?;
        Some(start..start + user.len())
    })
}

/// The name that ends at byte `end` of a line.
fn name_before(line: &str, end: usize) -> &str {
    let head = line.get(..end).unwrap_or_default().trim_end_matches(['"', '\'', ' ']);
    let start = head
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
        .last()
        .map_or(head.len(), |(i, _)| i);
    head.get(start..).unwrap_or_default()
}

/// How a cover begins, behind which a number and a bracket follow.
const COVER: &str = "(hidden ";

/// Where covers stand in a text, in bytes: `(hidden 1)`, in the place of what was covered before. They are covered again, so
/// that a text without its secrets is treated as the text itself was.
fn covers(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.match_indices(COVER).filter_map(|(start, _)| {
        let digits = text.get(start + COVER.len()..)?;
        let end = digits.find(|c: char| !c.is_ascii_digit())?;
        (end > 0 && digits.get(end..)?.starts_with(')')).then(|| start..start + COVER.len() + end + 1)
    })
}

/// Whether a text is a cover and nothing else.
pub fn is_cover(text: &str) -> bool {
    covers(text).next() == Some(0..text.len())
}

/// Whether a line begins a block of text under a name that sounds like a secret: `token: |`.
pub fn opens_secret_block(line: &str) -> bool {
    let Some((head, value)) = line.split_once(':') else { return false };
    names_secret(name_before(head, head.len())) && value.trim_start().starts_with(['|', '>'])
}

/// The pieces of a line, in bytes, that must not be shown.
pub fn covered(line: &str) -> Vec<Range<usize>> {
    let mut out = Vec::new();
    for (i, c) in line.char_indices().filter(|(_, c)| matches!(c, ':' | '=')) {
        let value = line.get(i + 1..).unwrap_or_default();
        let start = i + 1 + (value.len() - value.trim_start().len());
        let value = value.trim_start();
        // A reference to the environment is no secret; neither is the `//` of an address.
        if value.is_empty()
            || ["${", "$(", "|", ">", "{", "[", "//"].iter().any(|p| value.starts_with(p))
            || (c == '=' && value.starts_with('='))
            || !names_secret(name_before(line, i))
        {
            continue;
        }
        let end = if c == '=' { value.find([' ', '"', '\'']) } else { value.find([',', '}']) };
        let end = match covers(value).next() {
            Some(cover) if cover.start == 0 => cover.end,
            _ => end.unwrap_or(value.len()),
        };
        out.push(start..start + end);
    }
    out.extend(covers(line));
    out.extend(passwords_in_addresses(line));
    let mut run = 0;
    for (i, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-') {
            continue;
        }
        let word = line.get(run..i).unwrap_or_default();
        if opaque(word) {
            out.push(run..i);
        }
        run = i + c.len_utf8();
    }
    out
}

/// A long word of upper case, lower case and digits: what keys and tokens look like, and names do not.
fn opaque(word: &str) -> bool {
    word.len() >= 40
        && word.bytes().any(|b| b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_lowercase())
        && word.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_told_from_names_of_other_things() {
        for name in
            ["password", "adminPassword", "auth", "key", "tls-key", "aescbcEncryptionSecret", "joinToken"]
        {
            assert!(names_secret(name), "{name}");
        }
        for name in ["keys", "crt", "ca", "secretName", "certSANs", "authorized", "net.core.somaxconn"] {
            assert!(!names_secret(name), "{name}");
        }
    }

    #[test]
    fn passwords_in_addresses_are_covered() {
        let shown = |line: &str| {
            let mut text = line.to_owned();
            for range in covered(line).into_iter().rev() {
                text.replace_range(range, "*");
            }
            text
        };
        assert_eq!(shown("proxy: http://me:p@w@proxy:3128/x"), "proxy: http://*@proxy:3128/x");
        assert_eq!(shown("a: [https://u:p@a, https://u:q@b]"), "a: [https://*@a, https://*@b]");
        for line in ["a: https://a.example:8006/x@y", "git: ssh://git@host/x", "a: https://a/b:c@d"] {
            assert_eq!(shown(line), line);
        }
    }

    #[test]
    fn texts_that_hold_secrets_are_known() {
        for text in [
            "a: 1\n  token: abc",
            "TS_AUTHKEY=tskey-abc",
            "{\"auths\": {\"ghcr.io\": {\"auth\": \"YWJj\"}}}",
            "https://me:pw@proxy:3128",
            "https://omni.example.net:8090?jointoken=abc",
            "# old password: hunter2",
            "token: |\n  abc",
            "-----BEGIN EC PRIVATE KEY-----",
            "kind: Secret",
        ] {
            assert!(reveals(text), "{text}");
        }
        for text in
            ["name == \"vm_ssd\"", "token: ${TOKEN}", "https://a.example.net:8006/x", "secretName: tls"]
        {
            assert!(!reveals(text), "{text}");
        }
    }
}
