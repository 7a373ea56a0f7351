//! `type` in a selector: the name is `storageType`.

use crate::diag::fix::{Edit, Fix};
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::storage_selector::{Place, tokens};

pub(super) static RULE: Rule = Rule {
    code: "OS0154",
    name: "selector-type-word",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "CEL: `type` is the function that gives a value's type, `found no matching overload for '_==_' applied to '(type(type), string)'`. The type of a storage is `storageType`.",
    stage: Stage::Validate,
    title: "`type` for `storageType` in a selector",
    means: "The selector does not compile, and no machine is made. `type` is no reserved word, and filtering by type works: the name is another one.",
    bad: "storage_selector: type == \"rbd\"",
    good: "storage_selector: storageType == \"rbd\"",
    act: "Write `storageType`; `validate --fix` does it.",
};

/// The name that is meant.
pub(super) const NAME: &str = "storageType";

/// Where `type` stands as a name of its own: no function, no field of something.
pub(super) fn slips(text: &str) -> Vec<Span> {
    tokens(text)
        .into_iter()
        .filter(|(span, word)| {
            let before = text.get(..span.start).unwrap_or_default().trim_end();
            let behind = text.get(span.end..).unwrap_or_default().trim_start();
            matches!(*word, "type" | "storage_type" | "storagetype" | "StorageType")
                && !before.ends_with('.')
                && !behind.starts_with(['(', '.'])
        })
        .map(|(span, _)| span)
        .collect()
}

pub(super) fn tell(place: &Place<'_>, slips: &[Span], sink: &mut Sink) {
    let Some(first) = slips.first() else { return };
    let source = place.recipe.source;
    let edits: Option<Vec<Edit>> = slips
        .iter()
        .map(|at| Some(Edit { source, span: place.exact(*at)?, text: NAME.to_owned() }))
        .collect();
    sink.push(
        Diagnostic::of(
            &RULE,
            "the storage selector does not compile: the type of a storage is `storageType`",
        )
        .at(source, place.near(*first), "a function of CEL, or nothing")
        .note("the provider would find it out after it downloaded the image, and fail for ever")
        .help("write `storageType`")
        .fix(edits.map(|edits| Fix { title: format!("write `{NAME}`"), edits })),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::rules::testing;

    #[test]
    fn it_speaks_and_is_silent() {
        testing::example(&RULE);
    }

    #[test]
    fn texts_and_functions_are_left_alone() {
        assert_eq!(slips("type == \"type\" || name == 'type' // type"), [Span::new(0, 4)]);
        assert_eq!(slips("type(name) == string && a.type"), []);
        assert_eq!(testing::data("storage_selector: 'storage_type == \"rbd\"'\n"), ["OS0154"]);
    }

    #[test]
    fn the_fix_keeps_quotes_and_comments() {
        let data =
            "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: '\"rbd\" == type' # ceph\n";
        assert_eq!(testing::fixed(data), data.replace("== type", "== storageType"));
    }
}
