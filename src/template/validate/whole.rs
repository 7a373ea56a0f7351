//! Rules over the whole template: how many documents, and each machine in one place.

use std::collections::{BTreeMap, BTreeSet};

use super::Rules;
use crate::diag::{Diagnostic, Span, codes};
use crate::template::model::{MachineSet, Role, Template};
use crate::template::quote::quoted;
use crate::untrusted::Untrusted;

/// Exactly one Cluster and exactly one ControlPlane, counted also where they could not be read.
pub(super) fn counts(rules: &mut Rules<'_>, template: &Template) {
    let [clusters, planes] = &template.counted;
    for (what, word, spans) in [("Cluster", "cluster", clusters), ("ControlPlane", "controlplane", planes)] {
        let count = spans.len();
        // A document whose kind could not be read may be the missing one.
        if count == 1 || (count == 0 && template.incomplete) {
            continue;
        }
        let mut problem = Diagnostic::error(
            codes::TEMPLATE_COUNT,
            if count == 0 {
                format!("the template has no {what}")
            } else {
                format!("the template has {count} documents of kind {what}, and must have one")
            },
        )
        .note(format!("omnictl: template should contain 1 {word}, got {count}"));
        if count == 0 {
            problem = problem
                .at(rules.source, Span::new(0, 0), "in this file")
                .help(format!("add a document `kind: {what}`; a file holds one cluster"));
        } else {
            for span in spans.iter().rev() {
                problem = problem.at(rules.source, *span, "here");
            }
            problem = problem.help("keep one; a second cluster goes into a file of its own");
        }
        rules.sink.push(problem);
    }
}

/// The other rules. Gives machines and sets that were reported, so that they are not reported again as duplicate resources.
pub(super) fn check(rules: &mut Rules<'_>, template: &Template) -> BTreeSet<String> {
    let mut reported = BTreeSet::new();
    worker_names(rules, template, &mut reported);
    machines(rules, template, &mut reported);
    for cluster in template.clusters() {
        let mut seen = BTreeSet::new();
        for check in &cluster.health_checks {
            if !seen.insert(check.identifier()) {
                reported.insert(check.id_override.value.clone());
                reported.insert(format!("cluster-{}-{}", cluster.name.value, check.name.value));
            }
        }
    }
    machine_documents(rules, template);
    kernel_args(rules, template);
    reported
}

fn worker_names(rules: &mut Rules<'_>, template: &Template, reported: &mut BTreeSet<String>) {
    let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
    for set in workers(template) {
        let name = set.name.value.as_str();
        if name == "control-planes" {
            // Refused for its name already.
            report_set(template, set, reported);
        }
        let Some(first) = seen.get(name) else {
            seen.insert(name, set.name.span);
            continue;
        };
        let shown = Untrusted::new(name).line(80);
        let message = if name.is_empty() {
            "two Workers documents have no name".to_owned()
        } else {
            format!("two Workers are named `{shown}`")
        };
        rules.sink.push(
            Diagnostic::error(codes::DUPLICATE_NAME, message)
                .at(rules.source, set.name.span, "again here")
                .at(rules.source, *first, "first here")
                .note(format!("omnictl: duplicate workers with name {}", quoted(name)))
                .help("give each Workers document a name of its own; one may go without"),
        );
        report_set(template, set, reported);
    }
}

/// The set itself and its extensions.
fn report_set(template: &Template, set: &MachineSet, reported: &mut BTreeSet<String>) {
    for cluster in template.clusters() {
        let id = set.id(&cluster.name.value);
        reported.insert(format!("schematic-{id}"));
        reported.insert(id);
    }
}

fn workers(template: &Template) -> impl Iterator<Item = &MachineSet> {
    template.machine_sets().filter(|s| s.role == Role::Workers)
}

/// A machine in two Workers, twice in one, or both in the control plane and Workers.
fn machines(rules: &mut Rules<'_>, template: &Template, reported: &mut BTreeSet<String>) {
    let mut uses: BTreeMap<&str, Vec<(&MachineSet, Span)>> = BTreeMap::new();
    for set in workers(template) {
        for machine in &set.machines {
            uses.entry(&machine.value).or_default().push((set, machine.span));
        }
    }
    for (id, places) in uses.iter().filter(|(_, places)| places.len() > 1) {
        let shown = Untrusted::new(*id).line(80);
        let names: Vec<String> = places.iter().map(|(set, _)| quoted(&set.name.value)).collect();
        let mut problem = Diagnostic::error(
            codes::MACHINE_USE,
            format!("the machine `{shown}` stands {} times in Workers", places.len()),
        )
        .note(format!(
            "omnictl: machine {} is used in multiple workers: [{}]",
            quoted(id),
            names.join(" ")
        ));
        for (i, (_, span)) in places.iter().enumerate().rev() {
            problem = problem.at(rules.source, *span, if i == 0 { "first here" } else { "again here" });
        }
        rules.sink.push(problem.help("list a machine once"));
        reported.insert((*id).to_owned());
    }
    for set in template.machine_sets().filter(|s| s.role == Role::ControlPlane) {
        for machine in &set.machines {
            let Some(places) = uses.get(machine.value.as_str()) else { continue };
            if !reported.insert(machine.value.clone()) && places.len() <= 1 {
                continue;
            }
            let shown = Untrusted::new(&machine.value).line(80);
            let mut problem = Diagnostic::error(
                codes::MACHINE_USE,
                format!("the machine `{shown}` stands in the ControlPlane and in Workers"),
            )
            .at(rules.source, machine.span, "in the ControlPlane")
            .note(format!("omnictl: machines [{shown}] are used in both controlplane and workers"));
            for (_, span) in places {
                problem = problem.at(rules.source, *span, "and in Workers");
            }
            rules.sink.push(problem.help("a machine has one role: list it once"));
        }
    }
}

/// Machine documents adjust machines that some list names; control planes cannot be locked.
fn machine_documents(rules: &mut Rules<'_>, template: &Template) {
    for machine in template.machines() {
        let users =
            template.machine_sets().filter(|s| s.machines.iter().any(|m| m.value == machine.name.value));
        let roles: Vec<Role> = users.map(|s| s.role).collect();
        let shown = Untrusted::new(&machine.name.value).line(80);
        if roles.is_empty() {
            rules.sink.push(
                Diagnostic::error(codes::MACHINE_USE, format!("no machine set lists the machine `{shown}`"))
                    .at(rules.source, machine.name.span, "adjusted here, listed nowhere")
                    .note(format!("omnictl: machine {} is not used in controlplane or workers", quoted(&machine.name.value)))
                    .help(
                        "add it to `machines` of a set with the same spelling; machines of a class cannot be adjusted",
                    ),
            );
        }
        if machine.locked && roles.contains(&Role::ControlPlane) {
            rules.sink.push(
                Diagnostic::error(
                    codes::LOCKED_CONTROL_PLANE,
                    format!("the machine `{shown}` is locked and in the control plane"),
                )
                .at(rules.source, machine.name.span, "locked by this document")
                .note(format!(
                    "omnictl: machine {} is locked and used in controlplane",
                    quoted(&machine.name.value)
                ))
                .help("remove `locked`; only workers can be locked"),
            );
        }
    }
}

/// omnictl finds this only when it renders: kernel arguments of the cluster, even an empty list, cannot reach machines that a
/// class makes.
fn kernel_args(rules: &mut Rules<'_>, template: &Template) {
    for cluster in template.clusters() {
        let Some(args) = &cluster.kernel_args else { continue };
        for class in template.machine_sets().filter_map(|s| s.class.as_ref()) {
            rules.sink.push(
                Diagnostic::error(
                    codes::KERNEL_ARGS_CLASS,
                    "the Cluster's `kernelArgs` cannot reach machines of a machine class",
                )
                .at(rules.source, args.span, "for all machines")
                .at(rules.source, class.name.span, "made by this class")
                .note(
                    "omnictl: kernelArgs cannot be defined at cluster level for this machine set since it uses a machine class",
                )
                .help("put them into the machine class, or on the machine sets that list machines"),
            );
        }
    }
}
