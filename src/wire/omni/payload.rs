//! The text that is signed.

use std::collections::BTreeMap;

use super::Call;

/// Names of all metadata that the server compares with the signed text, sorted. A name that is not sent must be `null` or left out.
pub const NAMES: [&str; 10] = [
    "authorization",
    "cluster",
    "context",
    "fieldSelectors",
    "namespace",
    "nodes",
    "runtime",
    "selectors",
    "uid",
    "x-sidero-timestamp",
];

/// The signed JSON document of a call as of `timestamp`, Unix time in seconds. The signature is over these very bytes; the
/// request's body is not covered by it.
pub fn payload(call: &Call, timestamp: u64) -> String {
    signed_text(&call.rpc_method(), &call.metadata, timestamp)
}

/// The same for any method of any service (`/package.Service/Method`) and its metadata, in the reference form: all ten
/// keys, sorted, compact, ASCII.
pub fn signed_text(
    rpc_method: &str,
    metadata: &BTreeMap<&'static str, Vec<String>>,
    timestamp: u64,
) -> String {
    let mut out = String::from("{\"headers\":{");
    for (i, name) in NAMES.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        quote(name, &mut out);
        out.push(':');
        let stamp = [timestamp.to_string()];
        let values = if name == "x-sidero-timestamp" {
            Some(&stamp[..])
        } else {
            metadata.get(name).map(Vec::as_slice)
        };
        match values {
            None | Some([]) => out.push_str("null"),
            Some(values) => {
                out.push('[');
                for (j, value) in values.iter().enumerate() {
                    if j > 0 {
                        out.push(',');
                    }
                    quote(value, &mut out);
                }
                out.push(']');
            }
        }
    }
    out.push_str("},\"method\":");
    quote(rpc_method, &mut out);
    out.push('}');
    out
}

/// A JSON string in printable ASCII, because the text travels in an HTTP header. `<`, `>` and `&` are escaped as the
/// official client's encoder does.
fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            ' '..='~' if !matches!(c, '<' | '>' | '&') => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    #[test]
    fn the_reference_form() {
        let call = Call::get(&ResourceId::default_ns("Clusters", "é"));
        assert_eq!(
            payload(&call, 1_795_212_083),
            r#"{"headers":{"authorization":null,"cluster":null,"context":null,"fieldSelectors":null,"namespace":null,"nodes":null,"runtime":["Omni"],"selectors":null,"uid":null,"x-sidero-timestamp":["1795212083"]},"method":"/omni.resources.ResourceService/Get"}"#
        );
    }

    #[test]
    fn quotes_are_ascii_and_read_back() {
        for text in ["a\"b\\c", "<&>", "\u{7f}\n\t", "é😀", "k in (a, b)"] {
            let mut out = String::new();
            quote(text, &mut out);
            assert!(out.bytes().all(|b| matches!(b, 0x20..=0x7e)), "{out}");
            assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
