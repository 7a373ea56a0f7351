//! What becomes of a folded block when Go's encoder writes it and its parser reads it again.

use super::scalar_style;

/// The text of a folded block (`>`) after Go has written and read it again. Where a line follows or precedes a more indented one,
/// and at the end of a block that keeps its line ends, the encoder writes a line end too many.
pub fn folded_anew(text: &str) -> String {
    let facts = scalar_style::facts(text);
    let body = text.trim_start_matches('\n');
    if !facts.block() || body.is_empty() {
        return text.to_owned();
    }
    let led = |line: &str| line.starts_with([' ', '\t']);
    // The encoder looks at the beginning of the text where it should look behind the line end.
    let plain_start = !led(body);
    let mut out = text.get(..text.len() - body.len()).unwrap_or_default().to_owned();
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.find('\n').unwrap_or(rest.len()));
        let next = after.trim_start_matches('\n');
        let ends = after.len() - next.len();
        let written = ends + usize::from(ends > 0 && plain_start && !led(line));
        out.push_str(line);
        match (next.is_empty(), ends) {
            (true, 0 | 1) => out.push_str(after),
            (true, _) => out.push_str(&"\n".repeat(written)),
            _ if led(line) || led(next) => out.push_str(&"\n".repeat(written)),
            _ if written == 1 => out.push(' '),
            _ => out.push_str(&"\n".repeat(written - 1)),
        }
        rest = next;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::folded_anew;

    #[test]
    fn line_ends_beside_indented_lines_and_at_the_end() {
        for (text, want) in [
            ("x\n", "x\n"),
            ("x", "x"),
            ("a b\n\nc\n", "a b\n\nc\n"),
            ("\n\nx\n", "\n\nx\n"),
            ("x\n\n", "x\n\n\n"),
            ("x\n  y\nz\n", "x\n\n  y\nz\n"),
            ("x\n\n  y\n\nz\n", "x\n\n\n  y\n\nz\n"),
            ("a\n\tb\nc\n", "a\n\n\tb\nc\n"),
            (" a\nb\nc\n", " a\nb c\n"),
            ("\n\n", "\n\n"),
            ("", ""),
        ] {
            assert_eq!(folded_anew(text), want, "{text:?}");
        }
    }
}
