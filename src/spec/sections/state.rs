//! `state:` — where the record is kept.

use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::spec::document::Section;
use crate::spec::fields::{Fields, bad_value, quote};
use crate::spec::model::StateStore;

/// Reads the section. Only the local store exists.
pub(in crate::spec) fn read(source: SourceId, section: Option<&Section<'_>>, sink: &mut Sink) -> StateStore {
    let Some(section) = section else { return StateStore::Local };
    let Some(fields) = Fields::open(source, section.node, "state", section.at, &["store"], sink) else {
        return StateStore::Local;
    };
    match fields.text("store", sink) {
        None | Some(("local", _)) => {}
        Some((text, span)) if text.contains("://") => sink.push(
            Diagnostic::error(codes::NOT_BUILT, "a record in an object store is not built yet")
                .at(source, span, "")
                .help("write `store: local`; on throw-away CI runners the record is then lost after each run, and plans are two-way"),
        ),
        Some((text, span)) => sink.push(
            bad_value(source, span, format!("`state.store` cannot be {}", quote(text)))
                .help("write `local`"),
        ),
    }
    StateStore::Local
}
