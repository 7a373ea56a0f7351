//! Source text made fit to be shown: no control characters, no secrets.

use crate::diag::Span;
use crate::untrusted::hidden;

/// A text to show, and where the bytes of the original are in it.
pub(super) struct Excerpt {
    pub(super) text: String,
    /// For each changed piece: offset in the original after it, offset in the text after it.
    moved: Vec<(usize, usize)>,
}

impl Excerpt {
    /// Replaces characters that change how other text is shown, and covers values under keys that sound like secrets, and
    /// long opaque tokens, by stars.
    pub(super) fn new(original: &str) -> Self {
        let mut excerpt = Self { text: String::with_capacity(original.len()), moved: Vec::new() };
        let mut at = 0;
        let mut block: Option<usize> = None;
        for line in original.split_inclusive('\n') {
            let body = line.trim_end_matches(['\n', '\r']);
            let indent = body.len() - body.trim_start().len();
            let inside = block.is_some_and(|outer| indent > outer || body.trim().is_empty());
            let covered = if inside {
                vec![Span::new(indent, body.len())]
            } else {
                block = opens_secret_block(body).then_some(indent);
                covered(body)
            };
            for (i, c) in line.char_indices() {
                let shown = if c == '\r' {
                    None
                } else if covered.iter().any(|s| (s.start..s.end).contains(&i)) && !c.is_whitespace() {
                    Some('*')
                } else if hidden(c) && !matches!(c, '\n' | '\t') {
                    Some('\u{FFFD}')
                } else {
                    Some(c)
                };
                if let Some(shown) = shown {
                    excerpt.text.push(shown);
                }
                if shown != Some(c) {
                    excerpt.moved.push((at + i + c.len_utf8(), excerpt.text.len()));
                }
            }
            at += line.len();
        }
        excerpt
    }

    /// A place of the original in the text.
    pub(super) fn map(&self, span: Span) -> Span {
        Span::new(self.offset(span.start), self.offset(span.end))
    }

    fn offset(&self, original: usize) -> usize {
        let before = self.moved.partition_point(|(from, _)| *from <= original);
        let mapped = match before.checked_sub(1).and_then(|i| self.moved.get(i)) {
            Some((from, to)) => to + (original - from),
            None => original,
        };
        let mut mapped = mapped.min(self.text.len());
        while !self.text.is_char_boundary(mapped) {
            mapped -= 1;
        }
        mapped
    }
}

/// Whether a name sounds like the name of a secret. `key` alone or at the end counts, `keys` does not.
fn secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["password", "passwd", "secret", "token", "credential", "authkey", "private_key", "privatekey"]
        .iter()
        .any(|word| lower.contains(word))
        || lower == "key"
        || lower.ends_with("_key")
        || lower.ends_with("-key")
        || name.ends_with("Key")
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

/// `token: |`
fn opens_secret_block(line: &str) -> bool {
    let Some((head, value)) = line.split_once(':') else { return false };
    secret_name(name_before(head, head.len())) && value.trim_start().starts_with(['|', '>'])
}

/// The pieces of a line that are covered.
fn covered(line: &str) -> Vec<Span> {
    let mut out = Vec::new();
    for (i, c) in line.char_indices().filter(|(_, c)| matches!(c, ':' | '=')) {
        let value = line.get(i + 1..).unwrap_or_default();
        let start = i + 1 + (value.len() - value.trim_start().len());
        let value = value.trim_start();
        // A reference to the environment is no secret; neither is the `//` of an address.
        if value.is_empty()
            || value.starts_with(['$', '|', '>', '{', '['])
            || value.starts_with("//")
            || (c == '=' && value.starts_with('='))
            || !secret_name(name_before(line, i))
        {
            continue;
        }
        let end = if c == '=' { value.find([' ', '"', '\'']) } else { value.find([',', '}']) };
        out.push(Span::new(start, start + end.unwrap_or(value.len())));
    }
    let mut run = 0;
    for (i, c) in line.char_indices().chain([(line.len(), ' ')]) {
        if c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-') {
            continue;
        }
        let word = line.get(run..i).unwrap_or_default();
        if opaque(word) {
            out.push(Span::new(run, i));
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
    fn secrets_and_controls_are_covered_and_places_follow() {
        let key = "eyJuYW1lIjoieCIsInBncF9rZXkiOiJaZ3ZGMWEyYjNj";
        let original = format!(
            "password: hunter2 # c\r\nname: a\u{202e}b\nca:\n  key: |\n    LS0t\n    xyz\n  crt: ok\nTS_AUTHKEY=abc\nd: {{token: t1, id: 2}}\nx: {key}\nref: ${{TOKEN}}\ntoken: ${{TOKEN}}\nurl: https://a\n"
        );
        let shown = Excerpt::new(&original);
        for gone in ["hunter2", "LS0t", "xyz", "abc", "t1", key, "\u{202e}", "\r"] {
            assert!(!shown.text.contains(gone), "{gone}: {}", shown.text);
        }
        for kept in ["name: a", "crt: ok", "id: 2", "token: ${TOKEN}", "url: https://a", "ca:"] {
            assert!(shown.text.contains(kept), "{kept}: {}", shown.text);
        }
        let at = original.find("crt").unwrap();
        let span = shown.map(Span::new(at, at + 3));
        assert_eq!(&shown.text[span.start..span.end], "crt");
    }
}
