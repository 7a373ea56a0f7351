//! The provider's own command names the id that the spec and the classes use.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{self, Diagnostic, Sink, SourceId, Span};
use crate::spec::fields::quote;
use crate::spec::model::Spec;
use crate::yaml::Node;

use super::compose::{self, Value};
use super::texts::{self, Text};

pub(super) static RULE: Rule = Rule {
    code: "OS0218",
    name: "provider-id-differs",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "The provider: `--id`, by default `proxmox`, letter by letter as in the classes.",
    stage: Stage::Validate,
    title: "a provider that runs under another id",
    means: "The provider serves requests of its own id. Requests of the classes are for another one: Omni accepts them without an error, and they wait for ever.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=Matrix]",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=matrix]",
    act: "Give `--id`, the section `providers` and `providerid` of the classes one spelling. A key of Omni belongs to one id too: a new id needs `omnictl infraprovider create <id>`.",
};

/// The id of a provider that is started without one.
const DEFAULT: &str = "proxmox";

/// Compares the command of a provider with its id in the spec; `beside` are the environment files of its folder.
pub(super) fn check(id: &str, source: SourceId, root: &Node, beside: &[Text<'_>], sink: &mut Sink) {
    let Some(service) = compose::provider(root) else { return };
    let Some((value, span)) = service.flag("--id") else {
        if id != DEFAULT && !service.words().is_empty() {
            let at = service.node.get("command").map_or(service.at, |n| n.span);
            tell(id, DEFAULT, (source, at), "without `--id` it is", sink);
        }
        return;
    };
    match compose::value(value) {
        Value::Written(other) => {
            if other != id {
                tell(id, other, (source, span), "", sink);
            }
        }
        Value::Default(name, default) => {
            let set = variable(name, beside);
            match set {
                Some((other, at)) if other != id => tell(id, other, at, "", sink),
                None if default != id => {
                    tell(id, default, (source, span), "unless the variable says otherwise", sink);
                }
                _ => {}
            }
        }
        Value::Variable(name) => {
            if let Some((other, at)) = variable(name, beside)
                && other != id
            {
                tell(id, other, at, "", sink);
            }
        }
        Value::Mixed => {}
    }
}

fn variable<'a>(name: &str, beside: &[Text<'a>]) -> Option<(&'a str, (SourceId, Span))> {
    beside.iter().find_map(|text| {
        let (value, span) = texts::variable(text.content, name)?;
        Some((value, (text.source, span)))
    })
}

fn tell(id: &str, other: &str, (source, span): (SourceId, Span), label: &str, sink: &mut Sink) {
    let mut d = Diagnostic::of(
        &RULE,
        format!("the provider runs as {}, and the spec calls it {}", quote(other), quote(id)),
    )
    .at(source, span, label);
    if other.eq_ignore_ascii_case(id) {
        d = d.note("ids of providers are case-sensitive");
    }
    sink.push(
        d.note("it would serve requests of its own id only; the others wait for ever")
            .help("use one spelling in `--id`, in the section `providers` and in the classes"),
    );
}

/// What the spec tells people about ids, beside what it says to this program.
pub(super) fn narrative(spec: &Spec, source: SourceId, node: &Node, sink: &mut Sink) {
    texts::walk(node, &mut |key, value| {
        let (Some("provider_id" | "providerid"), Some(id)) = (key.text(), value.text()) else { return };
        if spec.providers.is_empty() || spec.providers.contains_key(id) || id.is_empty() {
            return;
        }
        let known: Vec<&str> = spec.providers.keys().map(String::as_str).collect();
        let d = Diagnostic::of(
            &RULE,
            format!(
                "the spec calls the provider {} here, and {} in the section `providers`",
                quote(id),
                crate::spec::fields::list(&known)
            ),
        );
        let d = Diagnostic { severity: diag::Severity::Warning, ..d }.at(source, value.span, "");
        let d = if known.iter().any(|k| k.eq_ignore_ascii_case(id)) {
            d.note("ids of providers are case-sensitive")
        } else {
            d
        };
        sink.push(d.help("use one spelling everywhere"));
    });
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
    fn defaults_and_variables_are_followed() {
        let with = |command: &str, env: &str| {
            let compose = format!(
                "services: {{p: {{image: 'x/omni-infra-provider-proxmox:v0.2.0', command: {command}}}}}\n"
            );
            testing::deployment(&[
                ("proxmox-provider/compose.yml", &compose),
                ("proxmox-provider/.env.example", env),
            ])
            .codes()
        };
        assert_eq!(with("['--id=matrix']", ""), [""; 0]);
        assert_eq!(with("['--config-file=/c']", ""), ["OS0218"], "its default is another id");
        assert_eq!(with("['--id', other]", ""), ["OS0218"]);
        assert_eq!(with("['--id=${ID:-other}']", ""), ["OS0218"]);
        assert_eq!(with("['--id=${ID:-other}']", "ID=matrix\n"), [""; 0]);
        assert_eq!(with("['--id=${ID:-matrix}']", "# ID=matrix\nexport ID='Matrix' # x\n"), ["OS0218"]);
        assert_eq!(with("['--id=${ID}']", ""), [""; 0], "nobody knows");
    }

    #[test]
    fn the_story_of_the_spec_is_read_too() {
        let spec = format!(
            "{}locked_decisions:\n  host:\n    decision: here\n    deployed: {{ provider_id: Proxmox }}\n",
            testing::base("spec/omni.yaml")
        );
        assert_eq!(testing::deployment(&[("spec/omni.yaml", &spec)]).codes(), ["OS0218"]);
        assert_eq!(
            testing::deployment(&[("spec/omni.yaml", &spec.replace("Proxmox }", "matrix }"))]).codes(),
            [""; 0]
        );
    }
}
