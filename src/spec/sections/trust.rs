//! `tls:` — by what a certificate is believed.

use crate::diag::{Sink, SourceId};
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::files::below_root;
use crate::spec::model::Trust;

/// Reads `tls` of a section; the system's roots if it is absent.
pub(super) fn read(source: SourceId, section: &Fields<'_>, sink: &mut Sink) -> Trust {
    let Some(node) = section.get("tls") else { return Trust::System };
    let name = format!("{}.tls", section.name);
    let Some(fields) = Fields::open(source, node, &name, node.span, &["sha256", "ca_file"], sink) else {
        return Trust::System;
    };
    let pin = fields.text("sha256", sink);
    let file = fields.text("ca_file", sink);
    if pin.is_some() && file.is_some() {
        sink.push(
            bad_value(source, node.span, format!("`{name}` has both `sha256` and `ca_file`"))
                .help("keep one"),
        );
    }
    if let Some((text, span)) = pin {
        match fingerprint(text) {
            Some(bytes) => return Trust::Sha256(bytes),
            None => sink.push(
                bad_value(source, span, format!("{} is no SHA-256 fingerprint", quote(text)))
                    .help("it is 32 pairs of hexadecimal digits, with or without colons"),
            ),
        }
    } else if let Some((text, span)) = file {
        match below_root(text) {
            Ok(path) => return Trust::CaFile(path),
            Err(why) => sink.push(
                crate::diag::Diagnostic::error(
                    crate::diag::codes::PATH_ESCAPES,
                    format!("the path {} {why}", quote(text)),
                )
                .at(source, span, "")
                .help("paths are relative to the repository and stay below it"),
            ),
        }
    }
    Trust::System
}

/// 32 bytes in hexadecimal, with or without colons.
fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let pairs: Vec<&str> = if text.contains(':') {
        text.split(':').collect()
    } else {
        (0..text.len()).step_by(2).map(|i| text.get(i..i + 2).unwrap_or_default()).collect()
    };
    let bytes: Option<Vec<u8>> = pairs
        .into_iter()
        .map(|p| {
            (p.len() == 2 && p.bytes().all(|b| b.is_ascii_hexdigit()))
                .then(|| u8::from_str_radix(p, 16).ok())?
        })
        .collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn fingerprints_have_32_bytes() {
        let colons = vec!["AB"; 32].join(":");
        assert_eq!(fingerprint(&colons), Some([0xab; 32]));
        assert_eq!(fingerprint(&"ab".repeat(32)), Some([0xab; 32]));
        for text in ["AB:CD", &"ab".repeat(31), &"zz".repeat(32), &format!("{colons}:AB"), "…", ""] {
            assert_eq!(fingerprint(text), None, "{text}");
        }
    }
}
