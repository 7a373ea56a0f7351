//! A class that is pinned to a node, for a control plane of several machines.

use crate::diag::rule::{Basis, Rule, Severity, Stage};
use crate::diag::{Diagnostic, Sink};
use crate::spec::fields::quote;

use super::around::Around;

pub(super) static RULE: Rule = Rule {
    code: "OS0216",
    name: "control-plane-pinned",
    severity: Severity::Warning,
    basis: Basis::Design,
    source: "A template has one ControlPlane with one class, and a pinned class puts all of its machines on one node.",
    stage: Stage::Validate,
    title: "a whole control plane on one node",
    means: "The loss of that node takes all members of etcd with it: the cluster does not survive it.",
    bad: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 3 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\n==> machine-classes/control-plane.yaml <==\nmetadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: control-plane\nspec:\n  autoprovision:\n    providerid: matrix\n    providerdata: |\n      cores: 4\n      sockets: 1\n      memory: 8192\n      disk_size: 40\n      storage_selector: name == \"vm_ssd\"\n      node: golf",
    good: "==> clusters/test.yaml <==\nkind: Cluster\nname: test\nkubernetes: { version: v1.35.0 }\ntalos: { version: v1.12.0 }\n---\nkind: ControlPlane\nmachineClass: { name: control-plane, size: 3 }\n---\nkind: Workers\nmachineClass: { name: worker, size: 2 }\n==> machine-classes/control-plane.yaml <==\nmetadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: control-plane\nspec:\n  autoprovision:\n    providerid: matrix\n    providerdata: |\n      cores: 4\n      sockets: 1\n      memory: 8192\n      disk_size: 40\n      storage_selector: name == \"vm_ssd\"",
    act: "Take `node` out of the class of control planes. A provider from 0.2 on spreads the machines of a set by itself.",
};

pub(super) fn check(around: &Around<'_>, sink: &mut Sink) {
    for cluster in &around.clusters {
        for set in cluster.sets.iter().filter(|s| s.control_plane && s.machines() > 1) {
            let Some((name, span)) = set.class else { continue };
            let Some(node) = around.class(name).and_then(|c| c.node.clone()) else { continue };
            sink.push(
                Diagnostic::of(
                    &RULE,
                    format!(
                        "all {} control planes of {} would stand on {}",
                        set.machines(),
                        quote(cluster.name),
                        quote(&node.0)
                    ),
                )
                .at(cluster.source, span, "this class is pinned")
                .at(node.1.source, node.1.span, "here")
                .note("the loss of that node takes all members of etcd with it")
                .help("use a class without `node`"),
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
    fn one_control_plane_may_be_pinned() {
        let class = testing::class("matrix", "node: golf\n").replace("id: worker", "id: control-plane");
        let template = |size: u8| {
            testing::base("clusters/test.yaml")
                .replace("name: control-plane, size: 1", &format!("name: control-plane, size: {size}"))
        };
        let codes = |size| {
            testing::deployment(&[
                ("machine-classes/control-plane.yaml", &class),
                ("clusters/test.yaml", &template(size)),
            ])
            .codes()
        };
        assert_eq!(codes(1), [""; 0]);
        assert_eq!(codes(3), ["OS0216"]);
    }
}
