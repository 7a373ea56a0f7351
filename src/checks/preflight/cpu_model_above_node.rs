//! Processor models and the nodes that are to run them.

use crate::address::Address;
use crate::checks::preflight::survey::{Survey, list, name};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};
use crate::live::Observation;
use crate::provider::DEFAULT_CPU;

pub(super) static RULE: Rule = Rule {
    code: "OS0524",
    name: "cpu-model-above-node",
    severity: Severity::Error,
    basis: Basis::Source,
    source: "QEMU: a processor model whose features the host lacks is refused or runs without them",
    stage: Stage::Plan,
    title: "a processor model asks for more than a node has",
    means: "The model of the class needs processor features that the node does not list. The VM does not start, or its programs end with illegal instructions.",
    bad: "cpu_type: x86-64-v4 on a node without avx512f",
    good: "cpu_type: x86-64-v2-AES",
    act: "Take a lower model; `x86-64-v2-AES` is the default and enough for Talos.",
};

/// What each family of models needs beyond the one before it, by the flag that tells them apart.
const NEEDS: [(&[&str], &[&str]); 4] = [
    (&["x86-64-v2-AES"], &["sse4_2", "popcnt", "aes"]),
    (&["x86-64-v2", "Nehalem", "Westmere"], &["sse4_2", "popcnt"]),
    (&["x86-64-v3", "Haswell", "Broadwell", "Skylake-Client", "EPYC"], &["avx2"]),
    (
        &[
            "x86-64-v4",
            "Skylake-Server",
            "Cascadelake",
            "Cooperlake",
            "Icelake",
            "SapphireRapids",
            "EPYC-Genoa",
            "EPYC-Turin",
        ],
        &["avx2", "avx512f"],
    ),
];

/// Flags that a model needs; none for one that is not known, and for the host's own.
fn needs(model: &str) -> &'static [&'static str] {
    let model = model.split(',').next().unwrap_or_default().trim();
    let mut best: Option<(usize, &'static [&'static str])> = None;
    for (names, flags) in NEEDS {
        for family in names {
            let fits =
                model == *family || model.strip_prefix(family).is_some_and(|rest| rest.starts_with('-'));
            if fits && best.is_none_or(|(n, _)| family.len() > n) {
                best = Some((family.len(), flags));
            }
        }
    }
    best.map_or(&[], |(_, flags)| flags)
}

pub(super) fn check(survey: &Survey<'_>, out: &mut Vec<Finding>) {
    for landing in &survey.landings {
        let model = landing.class.text("cpu_type").unwrap_or(DEFAULT_CPU);
        let wanted = needs(model);
        let mut bad = Vec::new();
        let mut lacks = Vec::new();
        for node in landing.nodes.iter().copied().filter(|_| !wanted.is_empty()) {
            let flags = landing.seen.evidence.cpu_flags.get(node).and_then(Observation::known);
            let Some(flags) = flags.filter(|f| !f.is_empty()) else { continue };
            let missing: Vec<&str> =
                wanted.iter().copied().filter(|w| flags.iter().all(|f| f != w)).collect();
            if !missing.is_empty() {
                bad.push(node);
                lacks.push((node, missing));
            }
        }
        if bad.is_empty() {
            continue;
        }
        let cause =
            format!("processor model `{}` asks for more than there is {}", name(model), landing.on(&bad));
        let mut finding = Finding::new(&RULE, Address::class(&landing.class.id), cause);
        for (node, missing) in lacks.iter().take(3) {
            finding = finding.fact(format!("flags that node {} lacks", name(node)), list(missing));
        }
        finding.severity = landing.severity(bad.len());
        out.push(
            finding
                .act("take a lower model (`cpu_type`); `x86-64-v2-AES` is the default and enough for Talos"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::preflight::rehearsal::World;
    use crate::live::Observation;

    #[test]
    fn a_model_needs_the_flags_of_its_family() {
        let mut world = World::new();
        world.class("worker", "{cores: 1, sockets: 1, memory: 2048, cpu_type: x86-64-v4}");
        world.seen().evidence.cpu_flags.clear();
        assert_eq!(world.found(&super::RULE), Vec::<String>::new());
        let flags = |all: &str| Observation::Known(all.split(' ').map(str::to_owned).collect());
        world.seen().evidence.cpu_flags.insert("golf".to_owned(), flags("sse4_2 popcnt aes avx2"));
        assert_eq!(world.found(&super::RULE), ["class/worker"]);
        for (model, tells) in [
            ("host", false),
            ("x86-64-v3", false),
            ("EPYC-Rome", false),
            ("EPYC-Genoa", true),
            ("Icelake-Server", true),
            ("kvm64", false),
        ] {
            world.class("worker", &format!("{{cores: 1, sockets: 1, memory: 2048, cpu_type: {model}}}"));
            assert_eq!(world.found(&super::RULE).len(), usize::from(tells), "{model}");
        }
    }
}
