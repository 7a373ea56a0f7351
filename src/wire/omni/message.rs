//! Omni's error texts, taken apart for people.

use crate::untrusted::Untrusted;

/// Longest message kept, in characters.
const LENGTH: usize = 400;
/// Most messages kept.
const COUNT: usize = 24;

/// The innermost messages of an error text: the items of (possibly nested) lists
/// `N error(s) occurred:\n\t* <error>\n\t* <error>\n\n`, without their frames and without `rpc error: code = X desc = `.
/// Escaped and cut; never empty.
pub fn innermost(text: &str) -> Vec<String> {
    let mut items: Vec<String> = vec![String::new()];
    for line in text.split('\n') {
        // A nested list is not indented further: every item of every level starts like this.
        if let Some(item) = line.strip_prefix("\t* ") {
            items.push(item.to_owned());
        } else if let Some(last) = items.last_mut() {
            if !last.is_empty() {
                last.push('\n');
            }
            last.push_str(line);
        }
    }
    let several = items.len() > 1;
    let mut out: Vec<String> = items
        .iter()
        .filter(|item| !(several && is_frame(item)))
        .map(|item| Untrusted::new(plain(item)).line(LENGTH))
        .filter(|item| !item.is_empty())
        .collect();
    out.dedup();
    if out.len() > COUNT {
        let more = out.len() - COUNT;
        out.truncate(COUNT);
        out.push(format!("and {more} more"));
    }
    if out.is_empty() {
        out.push("the server gave no reason".to_owned());
    }
    out
}

/// Whether an item only announces a list: it ends in `1 error occurred:` or `N errors occurred:`.
fn is_frame(item: &str) -> bool {
    let item = item.trim_end();
    let Some(head) = item.strip_suffix(" error occurred:").or_else(|| item.strip_suffix(" errors occurred:"))
    else {
        return item.is_empty();
    };
    head.bytes().last().is_some_and(|b| b.is_ascii_digit())
}

/// Drops every `rpc error: code = X desc = `, which is noise of the transport, and the dash of a one-item list.
fn plain(item: &str) -> String {
    let mut out = String::new();
    let mut rest = item.trim();
    rest = rest.strip_prefix("- ").unwrap_or(rest);
    while let Some((before, after)) = rest.split_once("rpc error: code = ") {
        let Some((code, tail)) = after.split_once(" desc = ") else { break };
        if code.is_empty() || !code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'(' || b == b')') {
            break;
        }
        out.push_str(before);
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_split_nested_ones_too() {
        assert_eq!(
            innermost("failed to validate: 2 errors occurred:\n\t* a\n\t* b is\n  c\n\n\n"),
            ["a", "b is c"]
        );
        assert_eq!(
            innermost(
                "failed to validate: 2 errors occurred:\n\t* patch: 2 errors occurred:\n\t* x\n\t* y\n\n\n\t* z\n\n"
            ),
            ["x", "y", "z"]
        );
    }

    #[test]
    fn transport_noise_goes_and_plain_texts_stay() {
        assert_eq!(
            innermost(
                "failed to validate: 1 error occurred:\n\t* failed to parse matchLabels: rpc error: code = InvalidArgument desc = unable to parse\n\n"
            ),
            ["failed to parse matchLabels: unable to parse"]
        );
        assert_eq!(innermost("missing runtime metadata"), ["missing runtime metadata"]);
        assert_eq!(innermost("rpc error: code = "), ["rpc error: code ="]);
        assert_eq!(innermost("\n"), ["the server gave no reason"]);
    }

    #[test]
    fn texts_are_escaped_and_bounded() {
        let text = format!("1 error occurred:\n\t* {}\u{1b}[31m", "x".repeat(5000));
        let out = innermost(&text);
        assert!(out[0].chars().count() <= LENGTH + 1 && !out[0].contains('\u{1b}'));
        let many = format!(
            "x: 99 errors occurred:{}",
            "
	* a
	* b"
            .repeat(50)
        );
        assert_eq!(innermost(&many).len(), COUNT + 1);
    }
}
