//! Values of another type than the provider's field: it would fail in its first step, for ever.

use crate::diag::{Diagnostic, Sink, SourceId, codes};
use crate::spec::provider_data::{FIELDS, Type, check as fits};
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
        let Some((name, kind)) = fields.iter().find(|(f, _)| key.text() == Some(f)) else { continue };
        let path = if within.is_empty() { (*name).to_owned() } else { format!("{within}.{name}") };
        if let Err(why) = fits(*kind, value) {
            let mut d = Diagnostic::error(
                codes::WRONG_TYPE,
                format!("`{path}` takes {}, not {}", why.wanted, why.found),
            )
            .at(source, value.span, "")
            .note("the provider could not read its data and would make no machine");
            let quoted_number = value.text().is_some_and(|t| t.parse::<f64>().is_ok()) && why.found == "text";
            if quoted_number {
                d = d.help("write the number without quotes");
            }
            sink.push(d);
            continue;
        }
        match (kind, &value.kind) {
            (Type::Table(inner), NodeKind::Map(pairs)) => table(source, pairs, inner, &path, sink),
            (Type::Tables(inner), NodeKind::Seq(items)) => {
                for (i, item) in items.iter().enumerate() {
                    if let NodeKind::Map(pairs) = &item.kind {
                        table(source, pairs, inner, &format!("{path}[{i}]"), sink);
                    }
                }
            }
            _ => {}
        }
    }
}
