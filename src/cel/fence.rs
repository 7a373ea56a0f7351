//! What an expression may be before anything recurses over it.

use super::Fault;
use crate::diag::Span;

/// Longest text, in bytes.
const MOST_BYTES: usize = 4096;
/// Deepest nesting of brackets.
const DEEPEST: usize = 24;
/// Most operators.
const MOST_OPERATORS: usize = 256;
/// Most selections, calls and indices: `a.b(c)[d]` has three.
const MOST_SELECTIONS: usize = 512;
/// Macros within the body of macros.
pub const MOST_MACROS: usize = 3;

/// Why a text is not for the parser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is larger or deeper than any condition needs to be.
    TooLarge(Fault),
    /// A text in quotes does not end. What follows was not measured; the parser, which has bounds of its own, can say what it
    /// makes of it.
    Unclosed(Fault),
}

impl Unfit {
    /// What is wrong.
    pub fn into_fault(self) -> Fault {
        match self {
            Self::TooLarge(fault) | Self::Unclosed(fault) => fault,
        }
    }
}

/// Refuses a text that is larger or deeper than any condition needs to be. Brackets and operators inside quotes do not count.
///
/// The parser and everything behind it recurse once for each bracket and each operator; a stack that overflows ends the
/// program, and nothing can catch that.
///
/// # Errors
/// What is too large or does not end, and where.
pub fn check(text: &str) -> Result<(), Unfit> {
    let too_large = |at: Span, message: String| {
        Err(Unfit::TooLarge(Fault::new(at, message).help("make several rules of it")))
    };
    if text.len() > MOST_BYTES {
        let message = format!("the expression has {} bytes; at most {MOST_BYTES} are read", text.len());
        return too_large(Span::new(0, text.len()), message);
    }
    let mut open: Vec<usize> = Vec::new();
    let (mut operators, mut selections) = (0, 0);
    let mut tokens = Tokens { text, at: 0 };
    while let Some((at, token)) = tokens.next().map_err(Unfit::Unclosed)? {
        match token {
            "(" | "[" | "{" => {
                open.push(at);
                selections += 1;
                if open.len() > DEEPEST {
                    let message = format!("brackets are nested more than {DEEPEST} deep");
                    return too_large(Span::new(at, at + 1), message);
                }
            }
            ")" | "]" | "}" => {
                open.pop();
            }
            "." => selections += 1,
            "," | ":" => {}
            _ if token.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''))
                && token != "in" => {}
            _ => operators += 1,
        }
        let (many, most) = if operators > MOST_OPERATORS {
            ("operators", MOST_OPERATORS)
        } else {
            ("selections and calls", MOST_SELECTIONS)
        };
        if operators > MOST_OPERATORS || selections > MOST_SELECTIONS {
            let message = format!("the expression has more than {most} {many}");
            return too_large(Span::new(at, at + token.len()), message);
        }
    }
    Ok(())
}

/// The words, texts and signs of an expression; comments and blanks are left out.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    fn next(&mut self) -> Result<Option<(usize, &'a str)>, Fault> {
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(first) = rest.chars().next() else { return Ok(None) };
            let start = self.at;
            let length = if first.is_whitespace() {
                self.at += first.len_utf8();
                continue;
            } else if rest.starts_with("//") {
                self.at += rest.find('\n').unwrap_or(rest.len());
                continue;
            } else if let Some(raw) = quoted(rest) {
                closed(rest, raw).ok_or_else(|| {
                    Fault::new(Span::new(start, self.text.len()), "a text has no closing quote")
                        .help("close it")
                })?
            } else if first.is_alphanumeric() || first == '_' {
                word(rest, first)
            } else {
                ["==", "!=", "<=", ">=", "&&", "||"]
                    .iter()
                    .find(|sign| rest.starts_with(**sign))
                    .map_or(first.len_utf8(), |sign| sign.len())
            };
            self.at = start + length;
            return Ok(Some((start, self.text.get(start..self.at).unwrap_or_default())));
        }
    }
}

/// Whether a text in quotes begins here, and whether it is raw. `r` stands right before the quote, `b` before both.
fn quoted(rest: &str) -> Option<bool> {
    let body = rest.strip_prefix(['b', 'B']).unwrap_or(rest);
    let (body, raw) = body.strip_prefix(['r', 'R']).map_or((body, false), |body| (body, true));
    body.starts_with(['"', '\'']).then_some(raw)
}

/// Length of the text in quotes at the beginning, with its prefix and quotes; `None` if it does not end.
fn closed(rest: &str, raw: bool) -> Option<usize> {
    let prefix = rest.find(['"', '\''])?;
    let body = rest.get(prefix..)?;
    let quote = body.get(..1)?;
    let triple = quote.repeat(3);
    let end = if body.starts_with(&triple) { triple.as_str() } else { quote };
    let mut at = end.len();
    while let Some(left) = body.get(at..).filter(|l| !l.is_empty()) {
        if left.starts_with(end) {
            return Some(prefix + at + end.len());
        }
        let mut chars = left.chars();
        let c = chars.next()?;
        at += c.len_utf8();
        if c == '\\' && !raw {
            at += chars.next()?.len_utf8();
        } else if matches!(c, '\n' | '\r') && end.len() == 1 {
            return None;
        }
    }
    None
}

/// Length of the name or number at the beginning.
fn word(rest: &str, first: char) -> usize {
    let number = first.is_ascii_digit();
    let mut length = 0;
    for c in rest.chars() {
        // A number ends where a text in quotes begins: `1r"…"` is a number and a text.
        let inside = if number {
            c.is_ascii_hexdigit() || matches!(c, '.' | 'x' | 'u' | 'U')
        } else {
            c.is_alphanumeric() || c == '_'
        };
        if !inside {
            break;
        }
        length += c.len_utf8();
    }
    length.max(first.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        check(text).err().map(|unfit| unfit.into_fault().message)
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(refusal(&format!("'{}'", "a".repeat(4094))), None);
        assert!(refusal(&format!("'{}'", "a".repeat(4095))).unwrap().contains("4097 bytes"));
        let nested = |n: usize| format!("{}1{}", "(".repeat(n), ")".repeat(n));
        assert_eq!(refusal(&nested(24)), None);
        assert!(refusal(&nested(25)).unwrap().contains("24 deep"));
        let sum = |n: usize| format!("1{}", "+1".repeat(n));
        assert_eq!(refusal(&sum(256)), None);
        assert!(refusal(&sum(257)).unwrap().contains("256 operators"));
        assert!(refusal(&"!".repeat(257)).unwrap().contains("256 operators"));
        assert!(refusal(&format!("a{}", ".b".repeat(513))).unwrap().contains("512 selections"));
        assert!(refusal(&format!("a{}", "[0]".repeat(513))).unwrap().contains("512 selections"));
    }

    #[test]
    fn what_stands_in_quotes_or_comments_does_not_count() {
        for quotes in ["'", "\"", "'''", "\"\"\""] {
            assert_eq!(refusal(&format!("{quotes}{}{quotes} == 'a'", "((+".repeat(300))), None, "{quotes}");
        }
        assert_eq!(refusal(&format!("1 // {}\n + 1", "(".repeat(300))), None);
        assert_eq!(refusal(&format!(r"r'\' + '{}'", "(".repeat(300))), None, "a raw text ends at its quote");
        assert_eq!(refusal(&format!(r"'\'{}'", "(".repeat(300))), None, "an escaped quote ends nothing");
        assert!(refusal(&format!(r"1r'\' + {}", "(".repeat(30))).is_some());
        for open in ["'a", "\"a", "'''a''", "'a\nb'", r"'\'"] {
            assert!(refusal(open).unwrap().contains("closing quote"), "{open}");
        }
    }
}
