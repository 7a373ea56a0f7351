//! Source text made fit to be shown: no control characters, no secrets.

use crate::diag::Span;
use crate::secret::{covered, opens_secret_block};
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
                std::iter::once(indent..body.len()).collect()
            } else {
                block = opens_secret_block(body).then_some(indent);
                covered(body)
            };
            for (i, c) in line.char_indices() {
                let shown = if c == '\r' {
                    None
                } else if covered.iter().any(|s| s.contains(&i)) && !c.is_whitespace() {
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
