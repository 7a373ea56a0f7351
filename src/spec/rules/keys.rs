//! Keys that no generation of the provider reads.

use crate::diag::{Diagnostic, Sink, SourceId, closest, codes};
use crate::spec::fields::quote;
use crate::spec::provider_data::{FIELDS, Type};
use crate::yaml::{Node, NodeKind};

use super::recipe::Recipe;

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    table(recipe.source, recipe.pairs(), FIELDS, "", sink);
}

fn table(
    source: SourceId,
    pairs: &[(Node, Node)],
    fields: &[(&'static str, Type)],
    within: &str,
    sink: &mut Sink,
) {
    for (key, value) in pairs {
        let name = key.text().unwrap_or_default();
        match fields.iter().find(|(f, _)| *f == name) {
            Some((_, Type::Table(inner))) => {
                if let NodeKind::Map(pairs) = &value.kind {
                    table(source, pairs, inner, name, sink);
                }
            }
            Some((_, Type::Tables(inner))) => {
                if let NodeKind::Seq(items) = &value.kind {
                    for item in items {
                        if let NodeKind::Map(pairs) = &item.kind {
                            table(source, pairs, inner, name, sink);
                        }
                    }
                }
            }
            Some(_) => {}
            None => {
                let place = if within.is_empty() { String::new() } else { format!(" in `{within}`") };
                let mut d = Diagnostic::warning(
                    codes::PROVIDER_KEY_IGNORED,
                    format!("the provider ignores {}{place}", quote(name)),
                )
                .at(source, key.span, "has no effect");
                if let Some(near) = closest(name, fields.iter().map(|(f, _)| *f)) {
                    d = d.help(format!("did you mean `{near}`?"));
                }
                sink.push(d);
            }
        }
    }
}
