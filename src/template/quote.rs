//! Names in omnictl's words: quoted as Go quotes them (`%q`), so that what a note says can be searched for.

use std::fmt::Write as _;

use crate::untrusted::hidden;

/// Characters after which a name is cut; longer ones are no names.
const LONGEST: usize = 240;

/// `text` in double quotes, with escapes for quotes, backslashes and everything that does not print.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (i, c) in text.chars().enumerate() {
        if i == LONGEST {
            out.push('…');
            break;
        }
        let code = c as u32;
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\u{7}' => write!(out, "\\a"),
            '\u{8}' => write!(out, "\\b"),
            '\t' => write!(out, "\\t"),
            '\n' => write!(out, "\\n"),
            '\u{b}' => write!(out, "\\v"),
            '\u{c}' => write!(out, "\\f"),
            '\r' => write!(out, "\\r"),
            ' ' => write!(out, " "),
            c if !hidden(c) && !c.is_whitespace() => write!(out, "{c}"),
            _ if code < 0x80 => write!(out, "\\x{code:02x}"),
            _ if code < 0x10000 => write!(out, "\\u{code:04x}"),
            _ => write!(out, "\\U{code:08x}"),
        };
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn names_are_quoted_as_go_does() {
        for (text, want) in [
            ("a b", r#""a b""#),
            ("a\"b\\", r#""a\"b\\""#),
            ("a\nb\tc", r#""a\nb\tc""#),
            ("é\u{a0}\u{1b}[0m\u{7f}", r#""é\u00a0\x1b[0m\x7f""#),
            ("\u{202e}x", r#""\u202ex""#),
        ] {
            assert_eq!(quoted(text), want);
        }
        assert_eq!(quoted(&"x".repeat(300)).chars().count(), 243);
    }
}
