//! Ids of providers are case-sensitive.

use crate::diag::fix::Fix;
use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::class::Class;
use crate::spec::fields::quote;
use crate::spec::model::Spec;

pub(super) static RULE: Rule = Rule {
    code: "OS0203",
    name: "provider-id-case",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "Omni compares the ids letter by letter: a request for `proxmox` is none for `Proxmox`.",
    stage: Stage::Validate,
    title: "the id of a provider in another case",
    means: "Omni accepts requests for a provider that nobody runs, without an error, and they wait for ever.",
    bad: "==> machine-classes/worker.yaml <==\nmetadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: worker\nspec:\n  autoprovision:\n    providerid: Matrix\n    providerdata: |\n      cores: 4\n      sockets: 1\n      memory: 8192\n      disk_size: 40\n      storage_selector: name == \"vm_ssd\"",
    good: "==> machine-classes/worker.yaml <==\nmetadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: worker\nspec:\n  autoprovision:\n    providerid: matrix\n    providerdata: |\n      cores: 4\n      sockets: 1\n      memory: 8192\n      disk_size: 40\n      storage_selector: name == \"vm_ssd\"",
    act: "Write the id as the section `providers` does; `validate --fix` does it. Machines that were asked for under the other id must be asked for again.",
};

/// The provider of the spec that differs from this id in case only.
pub(super) fn meant<'a>(id: &str, spec: &'a Spec) -> Option<&'a str> {
    if spec.providers.contains_key(id) {
        return None;
    }
    spec.providers.keys().map(String::as_str).find(|known| known.eq_ignore_ascii_case(id))
}

pub(super) fn check(class: &Class, spec: &Spec, text: &str, sink: &mut Sink) {
    let Some((id, place)) = &class.provider else { return };
    let Some(meant) = meant(id, spec) else { return };
    let raw = text.get(place.span.start..place.span.end).unwrap_or_default();
    // As it stands, with or without quotes; an alias shows text that stands elsewhere.
    let before = text.get(..place.span.start).unwrap_or_default().trim_end();
    let plain = before.ends_with("providerid:") && raw.trim_matches(['"', '\'']) == id;
    let fix = plain.then(|| {
        Fix::one(format!("write `{meant}`"), place.source, place.span, raw.replace(id.as_str(), meant))
    });
    sink.push(
        Diagnostic::of(&RULE, format!("the spec has no infrastructure provider {}", quote(id)))
            .at(place.source, place.span, "not in the section `providers`")
            .note(format!("`{meant}` is another one: ids of providers are case-sensitive"))
            .note("Omni would accept a request for a provider that nobody runs, and wait for ever")
            .help(format!("did you mean `{meant}`?"))
            .fix(fix),
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
    fn the_fix_keeps_the_quotes() {
        let class = testing::class("'MATRIX'", "");
        let found = testing::deployment(&[("machine-classes/worker.yaml", &class)]);
        assert_eq!(found.codes(), ["OS0203"]);
        assert_eq!(found.fixed("machine-classes/worker.yaml"), class.replace("'MATRIX'", "'matrix'"));
    }
}
