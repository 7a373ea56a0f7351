//! Rules of `kind: ControlPlane` and `kind: Workers`.

use super::{Rules, content, descriptors};
use crate::diag::{Diagnostic, Span, codes};
use crate::template::machine_id;
use crate::template::model::{MachineSet, Role, Text};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;

pub(super) fn check(rules: &mut Rules<'_>, set: &MachineSet) {
    match set.role {
        Role::ControlPlane => control_plane(rules, set),
        Role::Workers => workers(rules, set),
    }
    if !set.machines.is_empty()
        && let Some(class) = &set.class
    {
        let machines = set.machines.first().map_or(set.span, |m| m.span);
        rules.sink.push(
            Diagnostic::error(codes::TWO_SOURCES, "a machine set has either machines or a machine class")
                .at(rules.source, class.name.span, "a class here")
                .at(rules.source, machines, "and machines here")
                .note("omnictl: machine set can not have both machines and machine class defined")
                .help("remove `machines` or `machineClass`; a second Workers document can have the other"),
        );
    }
    if let (Some(args), Some(_)) = (&set.kernel_args, &set.class) {
        refuse(
            rules,
            codes::KERNEL_ARGS_CLASS,
            args.span,
            "a machine set with a machine class cannot have `kernelArgs`",
            "kernelArgs cannot be defined for machine set since it uses machine class",
            "put them into the machine class (`kernelargs` of its provision)",
        );
    }
    for id in &set.machines {
        machine(rules, id);
    }
    descriptors::check(rules, &set.descriptors);
    content::patches(rules, &set.patches);
}

fn control_plane(rules: &mut Rules<'_>, set: &MachineSet) {
    if !set.name.value.is_empty() {
        refuse(
            rules,
            codes::MACHINE_SET_FIELD,
            set.name.span,
            "the ControlPlane cannot have a name",
            "custom name is not allowed in the controlplane",
            "remove `name`",
        );
    }
    if let Some(bootstrap) = &set.bootstrap {
        for (field, text) in [("clusterUUID", &bootstrap.cluster_uuid), ("snapshot", &bootstrap.snapshot)] {
            if text.value.is_empty() {
                refuse(
                    rules,
                    codes::MACHINE_SET_FIELD,
                    text.span,
                    &format!("`bootstrapSpec` needs `{field}`"),
                    &format!("{field} is required in bootstrapSpec"),
                    "a restore needs the cluster's UUID and the snapshot's name; remove the block for a new cluster",
                );
            }
        }
    }
    for (field, strategy) in [("updateStrategy", set.update), ("deleteStrategy", set.delete)] {
        if let Some(strategy) = strategy {
            refuse(
                rules,
                codes::MACHINE_SET_FIELD,
                strategy.span,
                &format!("the ControlPlane cannot have `{field}`"),
                &format!("{field} is not allowed in the controlplane"),
                "remove it: control planes are always changed one at a time",
            );
        }
    }
}

fn workers(rules: &mut Rules<'_>, set: &MachineSet) {
    if set.name.value == "control-planes" {
        refuse(
            rules,
            codes::MACHINE_SET_FIELD,
            set.name.span,
            "Workers cannot be named `control-planes`: that is the control plane's id",
            "name \"control-planes\" cannot be used in workers",
            "choose another name",
        );
    }
    if let Some(bootstrap) = &set.bootstrap {
        refuse(
            rules,
            codes::MACHINE_SET_FIELD,
            bootstrap.span,
            "Workers cannot have `bootstrapSpec`",
            "bootstrapSpec is not allowed in workers",
            "move it to the ControlPlane",
        );
    }
}

fn refuse(rules: &mut Rules<'_>, code: u16, span: Span, message: &str, omnictl: &str, help: &str) {
    rules.sink.push(
        Diagnostic::error(code, message)
            .at(rules.source, span, "here")
            .note(format!("omnictl: {omnictl}"))
            .help(help),
    );
}

/// A machine id must be a UUID.
pub(super) fn machine(rules: &mut Rules<'_>, id: &Text) {
    if let Err(why) = machine_id::check(&id.value) {
        let shown = Untrusted::new(&id.value).line(80);
        rules.sink.push(
            Diagnostic::error(codes::MACHINE_ID, format!("`{shown}` is no machine id"))
                .at(rules.source, id.span, "not a UUID")
                .note(format!("omnictl: invalid machine ID {}: {why}", quoted(&id.value)))
                .help("machine ids are UUIDs, as `omnictl get machines` lists them"),
        );
    }
}
