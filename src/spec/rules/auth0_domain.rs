//! The domain of Auth0 is a name, no address.

use crate::diag::fix::Fix;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink, Span};

use super::texts::Text;

pub(super) static RULE: Rule = Rule {
    code: "OS0221",
    name: "auth0-domain-scheme",
    severity: Severity::Error,
    basis: Basis::Reported,
    source: "Omni puts `https://` before the domain itself.",
    stage: Stage::Validate,
    title: "an Auth0 domain with a scheme",
    means: "Omni asks `https://https://…`, and nobody can log in.",
    bad: "==> omni/omni.env <==\nAUTH='--auth-auth0-enabled=true --auth-auth0-domain=https://example.us.auth0.com'",
    good: "==> omni/omni.env <==\nAUTH='--auth-auth0-enabled=true --auth-auth0-domain=example.us.auth0.com'",
    act: "Write the domain without `https://`; `validate --fix` does it.",
};

const FLAG: &str = "--auth-auth0-domain";

pub(super) fn check(file: &Text<'_>, sink: &mut Sink) {
    for (start, line) in file.lines() {
        for (at, _) in line.match_indices(FLAG) {
            let from = at + FLAG.len();
            let rest = line.get(from..).unwrap_or_default();
            let value = rest.trim_start_matches(['=', ' ', '"', '\'', ':']);
            let scheme = ["https://", "http://"].into_iter().find(|s| value.starts_with(s));
            let Some(scheme) = scheme else { continue };
            let begin = start + from + (rest.len() - value.len());
            let end = value.find([' ', '"', '\'', ',', ']', '\r', '\t']).unwrap_or(value.len());
            let whole = value.get(..end).unwrap_or_default();
            let domain = whole.strip_prefix(scheme).unwrap_or_default().trim_end_matches('/');
            let span = Span::new(begin, begin + end);
            let fix = (!domain.is_empty() && !domain.contains('/'))
                .then(|| Fix::one("write the domain without a scheme", file.source, span, domain));
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!("`{FLAG}` is a name, not an address: Omni would ask `https://{scheme}…`"),
                )
                .at(file.source, Span::new(begin, begin + scheme.len()), "")
                .unquoted()
                .help("write it without the scheme")
                .fix(fix),
            );
        }
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
    fn in_every_notation() {
        for (line, want) in [
            (
                "      - --auth-auth0-domain=https://a.auth0.com/\n",
                "      - --auth-auth0-domain=a.auth0.com\n",
            ),
            (
                "AUTH=\"--auth-auth0-domain http://a.auth0.com --x\"\n",
                "AUTH=\"--auth-auth0-domain a.auth0.com --x\"\n",
            ),
            ("AUTH='--auth-auth0-domain=https://'\n", "AUTH='--auth-auth0-domain=https://'\n"),
        ] {
            let found = testing::deployment(&[("omni/omni.env.example", line)]);
            assert_eq!(found.codes(), ["OS0221"], "{line}");
            assert_eq!(found.fixed("omni/omni.env.example"), want);
        }
        let silent = "# --auth-auth0-domain=https://a.auth0.com\nAUTH=--auth-auth0-domain=a.auth0.com\nURL=https://a\n";
        assert_eq!(testing::deployment(&[("omni/omni.env.example", silent)]).codes(), [""; 0]);
    }
}
