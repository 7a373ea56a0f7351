//! `omni:` — the Omni instance.

use crate::diag::{Sink, SourceId};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::files::below_root;
use crate::spec::model::{Omni, Place, StatedVersion};
use crate::template::Dialect;

use super::{address, trust};

/// Reads the section; `None` without a usable endpoint.
pub(in crate::spec) fn read(source: SourceId, section: &Section<'_>, sink: &mut Sink) -> Option<Omni> {
    let known = ["endpoint", "lan_address", "version", "tls", "compose"];
    let fields = Fields::open(source, section.node, "omni", section.at, &known, sink)?;
    let lan_address = fields.text("lan_address", sink).and_then(|(text, span)| {
        let ip = address::ip(text);
        if ip.is_none() {
            sink.push(bad_value(source, span, format!("{} is no IP address", quote(text))));
        }
        ip
    });
    let version = fields.text("version", sink).and_then(|(text, span)| {
        // A patch version says nothing about templates, and goes stale.
        let dialect = Dialect::named(text).filter(|_| text == "newest" || text.split('.').count() == 2);
        if dialect.is_none() {
            sink.push(
                bad_value(source, span, format!("`omni.version` cannot be {}", quote(text))).help(
                    "write the major and minor number in quotes, as in `version: \"1.10\"`, or `newest` for a development version",
                ),
            );
        }
        Some(StatedVersion { text: text.to_owned(), dialect: dialect?, place: Place { source, span } })
    });
    let compose = fields.text("compose", sink).and_then(|(text, span)| match below_root(text) {
        Ok(path) => Some((path, Place { source, span })),
        Err(why) => {
            sink.push(super::providers::escapes(source, span, text, why));
            None
        }
    });
    let trust = trust::read(source, &fields, sink);
    let (text, span) = fields.need_text("endpoint", sink)?;
    match address::endpoint(text, true) {
        Ok(endpoint) => Some(Omni {
            endpoint,
            lan_address,
            compose,
            version,
            trust,
            place: Place { source, span: section.at },
        }),
        Err(why) => {
            sink.push(
                address::refused(source, span, text, &why)
                    .help("write `https://host` or `https://host:port`"),
            );
            None
        }
    }
}
