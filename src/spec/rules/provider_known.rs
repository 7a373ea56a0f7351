//! A class names a provider that the spec describes, letter by letter.
//!
//! A wrong id gives no error in Omni: requests are made for a provider that nobody runs, and wait forever.

use crate::diag::{Diagnostic, Sink, closest, codes};
use crate::spec::class::Class;
use crate::spec::fields::{list, quote};
use crate::spec::model::Spec;

pub(super) fn check(class: &Class, spec: &Spec, sink: &mut Sink) {
    let Some((id, place)) = class.provider.as_ref().filter(|(id, _)| !id.is_empty()) else { return };
    if spec.providers.contains_key(id) || super::provider_case::meant(id, spec).is_some() {
        return;
    }
    let known: Vec<&str> = spec.providers.keys().map(String::as_str).collect();
    let mut d = Diagnostic::error(
        codes::UNKNOWN_REFERENCE,
        format!("the spec has no infrastructure provider {}", quote(id)),
    )
    .at(place.source, place.span, "not in the section `providers`");
    d = d.note("Omni would accept a request for a provider that nobody runs, and wait for ever");
    sink.push(match closest(id, known.iter().copied()) {
        Some(near) => d.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => d.help("describe it in the section `providers`"),
        None => d.help(format!("it has {}; describe this one there, or name one of them", list(&known))),
    });
}
