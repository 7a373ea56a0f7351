//! The escaper of JSON: what could steer a terminal that prints it is written as `\u` and digits, which says the same.

use crate::untrusted::hidden;

/// `json`, which is valid, without a character that is not seen. Such characters stand only within its strings.
pub(in crate::render) fn visible(json: String) -> String {
    if !json.chars().any(|c| hidden(c) && c != '\n') {
        return json;
    }
    let mut out = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if hidden(c) && c != '\n' {
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_written_with_digits() {
        let value = serde_json::json!({"a\u{202e}": "\u{9b}2J \u{e0041} \u{7f} é\n\u{1b}"});
        let text = visible(serde_json::to_string_pretty(&value).unwrap());
        assert!(!text.chars().any(|c| hidden(c) && c != '\n'), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
