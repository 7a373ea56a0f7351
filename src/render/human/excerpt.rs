//! Source text made fit to be shown: no control characters, no secrets.

use std::ops::Range;

use crate::diag::Span;
use crate::secret::{covered, opens_secret_block};
use crate::untrusted::hidden;

/// Most bytes of a line around a place.
const LONGEST: usize = 160;
/// Of them, those before the place.
const BEFORE: usize = 60;
/// Bytes of a line from which on nothing of it is shown: what must be covered in it would have to be looked for in all of it.
const TOO_LONG: usize = 64 << 10;
/// Lines around a place that may be shown. One is; the second keeps neighbouring excerpts whole.
const AROUND: usize = 2;

/// The lines around places, in their order, without overlaps.
fn neighbourhoods(text: &str, places: &[usize]) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut all: Vec<Range<usize>> = Vec::new();
    let mut places = places.to_vec();
    places.sort_unstable();
    for place in places {
        let place = place.min(bytes.len());
        let (before, after) = bytes.split_at(place);
        let first = before.iter().enumerate().rev().filter(|(_, b)| **b == b'\n').nth(AROUND);
        let last = after.iter().enumerate().filter(|(_, b)| **b == b'\n').nth(AROUND);
        let near = first.map_or(0, |(i, _)| i + 1)..last.map_or(bytes.len(), |(i, _)| place + i + 1);
        match all.last_mut().filter(|last| last.end >= near.start) {
            Some(last) => last.end = last.end.max(near.end),
            None => all.push(near),
        }
    }
    all
}

/// A text to show, and where the bytes of the original are in it.
#[derive(Default)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// For each changed piece: offset in the original after it, offset in the text after it.
    moved: Vec<(usize, usize)>,
}

impl Excerpt {
    /// [`Excerpt::new`] of the lines around these places; other lines are empty, so that each keeps its number. Long lines
    /// are cut around the first place in them, or at their beginning.
    ///
    /// What is done for a line that is not shown is next to nothing: a report may show a place of a large text thousands of times.
    pub(super) fn around(original: &str, places: &[usize]) -> Self {
        let mut excerpt = Self::default();
        let mut begun = 0;
        for near in neighbourhoods(original, places) {
            let skipped = original.get(begun..near.start).unwrap_or_default();
            excerpt.text.extend(skipped.bytes().filter(|b| *b == b'\n').map(char::from));
            excerpt.moved.push((near.start, excerpt.text.len()));
            begun = near.end;
            let block = secret_block_around(original, near.start);
            excerpt.take(original, near, block, &|line| {
                let long = line.end - line.start > LONGEST;
                long.then(|| {
                    let place = places.iter().copied().find(|p| line.contains(p)).unwrap_or(line.start);
                    let start = place.saturating_sub(BEFORE).max(line.start);
                    start..(start + LONGEST).min(line.end)
                })
            });
        }
        excerpt
    }

    /// Replaces characters that change how other text is shown, and covers values under keys that sound like secrets, and
    /// long opaque tokens, by stars.
    pub(super) fn new(original: &str) -> Self {
        let mut excerpt = Self::default();
        excerpt.take(original, 0..original.len(), None, &|_| None);
        excerpt
    }

    /// Takes whole lines in. `block`: the indentation of the key above whose value is a block of secrets and goes on here.
    /// `window`: the part of a line, by its bytes in the text, that is shown; none: all of it.
    fn take(
        &mut self,
        original: &str,
        lines: Range<usize>,
        mut block: Option<usize>,
        window: &dyn Fn(&Range<usize>) -> Option<Range<usize>>,
    ) {
        let mut at = lines.start;
        for line in original.get(lines).unwrap_or_default().split_inclusive('\n') {
            let body = line.trim_end_matches(['\n', '\r']);
            if body.len() > TOO_LONG {
                self.leave_out(at, line);
                at += line.len();
                continue;
            }
            let indent = indent(body);
            let inside = block.is_some_and(|outer| indent > outer || body.trim().is_empty());
            let covered = if inside {
                std::iter::once(indent..body.len()).collect()
            } else {
                block = opens_secret_block(body).then_some(indent);
                covered(body)
            };
            let shown_part = window(&(at..at + body.len()));
            let (mut unseen, mut cut) = (false, false);
            for (i, c) in line.char_indices() {
                let outside = shown_part.as_ref().filter(|part| c != '\n' && !part.contains(&(at + i)));
                let shown = if let Some(part) = outside {
                    // One sign at either end for all that is not shown.
                    let after = at + i >= part.end;
                    let first = i == 0 || (after && !cut);
                    cut |= after;
                    first.then_some('…')
                } else if c == '\r' || (unseen && illegible(c)) {
                    None
                } else if covered.iter().any(|s| s.contains(&i)) && !c.is_whitespace() {
                    Some('*')
                } else if illegible(c) {
                    Some('\u{FFFD}')
                } else {
                    Some(c)
                };
                unseen = illegible(c);
                if let Some(shown) = shown {
                    self.text.push(shown);
                }
                if shown != Some(c) {
                    self.moved.push((at + i + c.len_utf8(), self.text.len()));
                }
            }
            at += line.len();
        }
    }

    /// One sign for a whole line.
    fn leave_out(&mut self, at: usize, line: &str) {
        self.moved.push((at, self.text.len()));
        self.text.push('…');
        self.moved.push((at + line.len() - usize::from(line.ends_with('\n')), self.text.len()));
        self.text.extend(line.ends_with('\n').then_some('\n'));
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
        // A place in what is left out is at the sign for it.
        let end = self.moved.get(before).map_or(self.text.len(), |(_, to)| *to);
        let mut mapped = mapped.min(end);
        while !self.text.is_char_boundary(mapped) {
            mapped -= 1;
        }
        mapped
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The indentation of the nearest key above a line whose value is a block of secrets that reaches down to it.
fn secret_block_around(text: &str, line: usize) -> Option<usize> {
    // A line is in the block of a key above when no line from there on is indented as little as the key is.
    let mut least = usize::MAX;
    for above in text.get(..line).unwrap_or_default().rsplit('\n').skip(1) {
        let above = above.trim_end_matches('\r');
        let indent = indent(above);
        if above.trim().is_empty() || indent >= least {
            continue;
        }
        least = indent;
        if opens_secret_block(above) {
            return Some(indent);
        }
        if indent == 0 {
            return None;
        }
    }
    None
}

/// What cannot be shown; a run of it, as in a file that is no text, is shown as one sign.
fn illegible(c: char) -> bool {
    c == '\u{FFFD}' || (hidden(c) && !matches!(c, '\n' | '\t' | '\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_binary_lines_are_cut_around_the_place() {
        let original =
            format!("a: {}here{}\nb: 1\n{}\n", "x ".repeat(4_000), "y ".repeat(4_000), "z".repeat(500));
        let at = original.find("here").unwrap();
        let shown = Excerpt::around(&original, &[at]);
        let span = shown.map(Span::new(at, at + 4));
        assert_eq!(&shown.text[span.start..span.end], "here");
        let lines: Vec<&str> = shown.text.lines().collect();
        assert!(lines.iter().all(|l| l.chars().count() <= LONGEST + 2), "{}", shown.text);
        assert!(lines[0].starts_with('…') && lines[0].ends_with('…'), "{}", lines[0]);
        assert_eq!((lines[1], lines[2].ends_with('…')), ("b: 1", true));
        let b = original.find("b: 1").unwrap();
        let span = shown.map(Span::new(b, b + 1));
        assert_eq!(&shown.text[span.start..span.end], "b");
        let flow = format!("a: 1\nb: {{{}}}\nc: 1\n", "token: hunter2, ".repeat(10_000));
        let shown = Excerpt::around(&flow, &[flow.find("hunter2").unwrap() + 70_000, flow.len() - 3]);
        assert_eq!(shown.text, "a: 1\n…\nc: 1\n");
        let span = shown.map(Span::new(70_000, 70_003));
        assert!((5..=8).contains(&span.start) && span.end <= 8, "{span:?}");
        let c = shown.map(Span::new(flow.len() - 5, flow.len() - 4));
        assert_eq!(&shown.text[c.start..c.end], "c");
        let binary = Excerpt::new("x\u{0}\u{1}\u{FFFD}\u{2}y\n");
        assert_eq!(binary.text, "x\u{FFFD}y\n");
    }

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

    #[test]
    fn the_lines_around_any_place_are_those_of_the_whole_text_under_the_same_numbers() {
        let original = "a: 1\ntls:\n  key: |\n    one\n\n    two\n      three\n    four\n  crt: five\nb:\n  token: >\n\n   six\n\n seven: 7\nprivate_key: |\n  x\n   key: |\n  y\nz: last";
        let whole = Excerpt::new(original);
        let whole: Vec<&str> = whole.text.lines().collect();
        let mut line = 0;
        for (at, c) in original.char_indices() {
            let shown = Excerpt::around(original, &[at]);
            let lines: Vec<&str> = shown.text.lines().collect();
            let first = line - line.min(AROUND);
            let last = (line + AROUND + 1).min(whole.len());
            assert_eq!(&lines[first..], &whole[first..last], "line {line}");
            assert!(lines[..first].iter().all(|l| l.is_empty()), "line {line}");
            let span = shown.map(Span::new(at, at + 1));
            assert!(c == '\n' || shown.text[span.start..].starts_with([c, '*']), "{at}");
            line += usize::from(c == '\n');
        }
        let far = Excerpt::around(original, &[0, original.len() - 1]);
        let lines: Vec<&str> = far.text.lines().collect();
        assert_eq!(
            (lines.len(), lines[0], lines[5], lines[lines.len() - 1]),
            (whole.len(), "a: 1", "", "z: last")
        );
    }
}
