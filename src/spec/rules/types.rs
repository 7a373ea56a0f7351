//! Values of another type than the provider's field: it would fail in its first step, for ever.

use crate::diag::{Diagnostic, Sink, codes};
use crate::spec::provider_data::check as fits;

use super::recipe::Recipe;
use super::{boolean_numbers, quoted_number};

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for field in &recipe.fields() {
        // Two slips that many make have rules of their own.
        if quoted_number::speaks(field) || boolean_numbers::meant(field).is_some() {
            continue;
        }
        if let Err(why) = fits(field.kind, field.value) {
            sink.push(
                Diagnostic::error(
                    codes::WRONG_TYPE,
                    format!("`{}` takes {}, not {}", field.path, why.wanted, why.found),
                )
                .at(recipe.source, field.value.span, "")
                .note("the provider could not read its data and would make no machine"),
            );
        }
    }
}
