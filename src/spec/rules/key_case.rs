//! A key in another spelling is another key.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;

use super::recipe::{Recipe, Stray};

pub(super) static RULE: Rule = Rule {
    code: "OS0205",
    name: "key-spelling",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider: keys are lower case with underscores, and every other key is passed over without a word.",
    stage: Stage::Validate,
    title: "a key in another spelling",
    means: "The provider ignores `storageSelector` and `Cores`, which examples on the web use: the field counts as absent.",
    bad: "diskSsd: true",
    good: "disk_ssd: true",
    act: "Write the key as the provider does; `validate --fix` does it where the right one is not there too.",
};

/// The key that is meant, if it differs in case and separators only.
pub(super) fn meant(stray: &Stray<'_>) -> Option<&'static str> {
    let fold = |t: &str| -> String {
        t.chars().filter(|c| !matches!(c, '_' | '-')).map(|c| c.to_ascii_lowercase()).collect()
    };
    let name = fold(stray.key.text()?);
    stray.fields.iter().map(|(f, _)| *f).find(|f| fold(f) == name)
}

pub(super) fn check(recipe: &Recipe<'_>, sink: &mut Sink) {
    for stray in &recipe.strays() {
        let Some(meant) = meant(stray) else { continue };
        let name = stray.key.text().unwrap_or_default();
        let alone = !stray.beside.iter().any(|(k, _)| k.text() == Some(meant))
            && stray
                .beside
                .iter()
                .filter(|(k, _)| k.text().is_some_and(|t| t.eq_ignore_ascii_case(name)))
                .count()
                == 1;
        let place = if stray.within.is_empty() { String::new() } else { format!(" in `{}`", stray.within) };
        sink.push(
            Diagnostic::of(&RULE, format!("the provider ignores {}{place}", quote(name)))
                .at(recipe.source, stray.key.span, "has no effect")
                .note(format!("its key is `{meant}`, letter by letter"))
                .help(format!("did you mean `{meant}`?"))
                .fix(if alone { recipe.rename(stray.key, meant) } else { None }),
        );
    }
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
    fn fields_that_are_needed_are_missing_besides() {
        let codes = testing::whole(
            "Cores: 4\nsockets: 1\nmemory: 8192\ndiskSize: 40\nstorage-selector: name == \"a\"\n",
        );
        assert_eq!(codes, ["OS0142", "OS0142", "OS0142", "OS0205", "OS0205", "OS0205"]);
        let fixed = testing::fixed(
            "Cores: 4\nsockets: 1\nmemory: 8192\ndiskSize: 40\nstorage-selector: name == \"a\"\n",
        );
        assert_eq!(
            fixed,
            "cores: 4\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"a\"\n"
        );
    }

    #[test]
    fn where_the_right_key_is_there_too_nothing_is_renamed() {
        let data =
            "cores: 4\nCores: 8\nsockets: 1\nmemory: 8192\ndisk_size: 40\nstorage_selector: name == \"a\"\n";
        assert_eq!(testing::whole(data), ["OS0205"]);
        assert_eq!(testing::fixed(data), data);
    }
}
