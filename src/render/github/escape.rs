//! The escapers of what the runner reads: the message and the properties of a workflow command, and the value of an output.
//!
//! The rules are those of GitHub's own toolkit: `%`, carriage return and line feed are escaped in a message, and in a
//! property also `:` and `,`. What would not be seen is replaced before.

use crate::untrusted::Untrusted;

/// Longest text, in characters.
const LONGEST: usize = 2_000;

/// A message. Each element becomes a line of it.
pub fn message<'t>(lines: impl IntoIterator<Item = &'t str>) -> String {
    let lines: Vec<String> =
        lines.into_iter().map(|l| Untrusted::new(l).line(LONGEST).replace('%', "%25")).collect();
    lines.join("%0A")
}

/// The value of a property.
pub fn property(text: &str) -> String {
    Untrusted::new(text).line(LONGEST).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}

/// One output of a step, over several lines, each an element of `lines`, between delimiters.
///
/// `random` must be drawn anew for each file that is written: whoever wrote a line of the value cannot have known it, so no
/// line ends the value early. `key` is one of ours.
pub fn output<'t>(key: &'static str, lines: impl IntoIterator<Item = &'t str>, random: &[u8; 16]) -> String {
    let mut delimiter = String::from("omni_scale_");
    for byte in random {
        delimiter.push_str(&format!("{byte:02x}"));
    }
    let mut out = format!("{key}<<{delimiter}\n");
    for line in lines {
        out.push_str(&Untrusted::new(line).line(LONGEST));
        out.push('\n');
    }
    out.push_str(&delimiter);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_command_or_a_value_early() {
        assert_eq!(message(["a%0A::b", "c\r\nd"]), "a%250A::b%0Ac d");
        assert_eq!(property("a::b,c=d%"), "a%3A%3Ab%2Cc=d%25");
        let text = output("summary", ["a\nEOF", "b=c"], &[0xab; 16]);
        let delimiter = format!("omni_scale_{}", "ab".repeat(16));
        assert_eq!(text, format!("summary<<{delimiter}\na EOF\nb=c\n{delimiter}\n"));
    }
}
