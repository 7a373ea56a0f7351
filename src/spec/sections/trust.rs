//! `tls:` — by what a certificate is believed.

use crate::diag::{Sink, SourceId};
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::files::below_root;
use crate::spec::model::Trust;
use crate::wire::Fingerprint;
use crate::yaml::NodeKind;

/// Reads `tls` of a section; the system's roots if it is absent.
pub(super) fn read(source: SourceId, section: &Fields<'_>, sink: &mut Sink) -> Trust {
    let Some(node) = section.get("tls") else { return Trust::System };
    let name = format!("{}.tls", section.name);
    let Some(fields) = Fields::open(source, node, &name, node.span, &["sha256", "ca_file"], sink) else {
        return Trust::System;
    };
    let pins = pins(source, &fields, sink);
    let file = fields.text("ca_file", sink);
    if pins.is_some() && file.is_some() {
        sink.push(
            bad_value(source, node.span, format!("`{name}` has both `sha256` and `ca_file`"))
                .help("keep one"),
        );
    }
    if let Some(pins) = pins {
        // Without a usable one the sink has an error; nothing is ever sent with such a spec.
        return if pins.is_empty() { Trust::System } else { Trust::Sha256(pins) };
    }
    if let Some((text, span)) = file {
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

/// The fingerprints of `sha256`, one or a list; `None` if the field is absent.
fn pins(source: SourceId, fields: &Fields<'_>, sink: &mut Sink) -> Option<Vec<Fingerprint>> {
    let node = fields.get("sha256")?;
    let texts = if let NodeKind::Seq(items) = &node.kind {
        if items.is_empty() {
            sink.push(
                bad_value(source, node.span, format!("`{}.sha256` has no fingerprint", fields.name))
                    .help("name at least one, or leave `sha256` out to use the authorities of the system"),
            );
        }
        fields.texts("sha256", sink)
    } else {
        fields.text("sha256", sink).into_iter().collect()
    };
    let mut pins = Vec::new();
    for (text, span) in texts {
        match Fingerprint::parse(text) {
            Ok(pin) if pins.contains(&pin) => {
                sink.push(bad_value(source, span, format!("the fingerprint {} stands twice", quote(text))));
            }
            Ok(pin) => pins.push(pin),
            Err(_) => sink.push(
                bad_value(source, span, format!("{} is no SHA-256 fingerprint", quote(text)))
                    .help("it is 32 pairs of hexadecimal digits, with or without colons"),
            ),
        }
    }
    Some(pins)
}
