//! The escapers of HTML: one for text between tags, one for values of attributes.

use crate::untrusted::Untrusted;

/// Characters of one text that are shown.
const MOST: usize = 8000;

/// Text between tags, in one line. What cannot be seen is replaced, as everywhere.
pub(super) fn text(raw: &str) -> String {
    escaped(raw, MOST)
}

/// [`text`] of a whole document: its line breaks stay.
pub(super) fn block(raw: &str) -> String {
    raw.lines().map(|line| escaped(line, usize::MAX)).collect::<Vec<_>>().join("\n")
}

fn escaped(raw: &str, most: usize) -> String {
    let visible = Untrusted::new(raw).verbatim(most);
    let mut out = String::with_capacity(visible.len() + 16);
    for c in visible.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// The value of an attribute, which always stands between double quotes. Single quotes and backticks are escaped too:
/// a page that is cut and pasted may lose the quotes.
pub(super) fn attribute(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len() + 16);
    for c in text(raw).chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            '=' => out.push_str("&#61;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_means_something_is_left() {
        let raw = "a<b>&\"'`=\u{0}\u{202e}\nc";
        assert_eq!(text(raw), "a&lt;b&gt;&amp;\"'`=\u{fffd}\u{fffd} c");
        assert_eq!(attribute(raw), "a&lt;b&gt;&amp;&quot;&#39;&#96;&#61;\u{fffd}\u{fffd} c");
        assert_eq!(block("<a>\n  b\n"), "&lt;a&gt;\n  b");
    }
}
