//! Releases before 0.2 put all machines of a set on the node with most free memory.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;

use super::around::Around;

pub(super) static RULE: Rule = Rule {
    code: "OS0193",
    name: "control-planes-together",
    severity: Severity::Warning,
    basis: Basis::Observed,
    source: "The provider before 0.2: it counts machines of the set by a field that the list it reads does not fill, so that only free memory decides; a machine that boots has not used its own yet.",
    stage: Stage::Validate,
    title: "a control plane that will land on one node",
    means: "Machines that are made one after another land on the same node. Its loss takes all members of etcd with it.",
    bad: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.1.0\n    command: [--config-file=/config.yaml, --id=matrix]\n==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 3 }",
    good: "==> proxmox-provider/compose.yml <==\nservices:\n  provider:\n    image: ghcr.io/siderolabs/omni-infra-provider-proxmox:v0.2.0\n    command: [--config-file=/config.yaml, --id=matrix]\n==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 3 }",
    act: "Run the provider from 0.2 on, which spreads the machines of a set. Machines that exist stay where they are: they must be made anew, one at a time.",
};

pub(super) fn check(around: &Around<'_>, sink: &mut Sink) {
    for cluster in &around.clusters {
        for set in cluster.sets.iter().filter(|s| s.control_plane && s.machines() > 1) {
            let Some((name, span)) = set.class else { continue };
            let Some(class) = around.class(name).filter(|c| c.node.is_none() && c.nodes > 1) else {
                continue;
            };
            let provider = around.providers.get(&class.provider);
            if !provider.release.before(0, 2) {
                continue;
            }
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!(
                        "all {} control planes of {} are expected on one node",
                        set.machines(),
                        quote(cluster.name)
                    ),
                )
                .at(cluster.source, span, "made by this class")
                .note(format!(
                    "the provider is {}: before 0.2 the node with most free memory gets them all",
                    quote(&provider.tag)
                ))
                .help("run the provider from 0.2 on, which spreads the machines of a set"),
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
    fn a_provider_that_nobody_knows_is_left_alone() {
        let with = |tag: &str, size: u8| {
            let compose = format!(
                "services: {{p: {{image: 'x/omni-infra-provider-proxmox:{tag}', command: [--id=matrix]}}}}\n"
            );
            let template = testing::base("clusters/test.yaml")
                .replace("name: control-plane, size: 1", &format!("name: control-plane, size: {size}"));
            testing::deployment(&[
                ("proxmox-provider/compose.yml", &compose),
                ("clusters/test.yaml", &template),
            ])
            .codes()
        };
        assert_eq!(with("local-fix", 3), ["OS0223", "OS0193"]);
        assert_eq!(with("local-fix", 1), ["OS0223"]);
        assert_eq!(with("latest", 3), ["OS0222"]);
        assert_eq!(with("v0.3.0", 3), [""; 0]);
    }
}
