//! Text that came from outside (servers, machines, files): it reaches a sink only through that sink's escaper.

/// Text from outside. It has no `Display`: choose the sink.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Untrusted(String);

impl Untrusted {
    /// Marks text as coming from outside.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The raw text, for comparison and parsing only: never for output.
    pub fn raw(&self) -> &str {
        &self.0
    }
    /// One line for a terminal or log: control characters, escapes, bidirectional marks and invisible characters are
    /// replaced, line breaks become spaces, and it is cut to `max` characters.
    pub fn line(&self, max: usize) -> String {
        let mut out = String::new();
        let mut count = 0;
        let mut blank = true;
        for c in self.0.chars() {
            if count >= max {
                out.push('…');
                break;
            }
            let c = if c.is_whitespace() { ' ' } else { c };
            if c == ' ' && blank {
                continue;
            }
            blank = c == ' ';
            out.push(if hidden(c) { '\u{FFFD}' } else { c });
            count += 1;
        }
        let trimmed = out.trim_end();
        // A workflow command must not begin a line (`::set-env …`, `##[group]`).
        if trimmed.starts_with("::") || trimmed.starts_with("##[") || trimmed.starts_with("##vso[") {
            format!("\u{200A}{trimmed}").replace('\u{200A}', "'")
        } else {
            trimmed.to_owned()
        }
    }
}

/// Whether a character could change how other text is shown: controls, bidirectional and zero-width characters, tags.
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_no_control_and_no_command() {
        let t = Untrusted::new("::set-env name=X::y\u{1b}]52;c;aGk=\u{7}\n\u{202e}evil");
        let line = t.line(200);
        assert!(!line.starts_with("::") && !line.chars().any(hidden), "{line:?}");
        assert_eq!(Untrusted::new("abc").line(2), "ab…");
    }
}
