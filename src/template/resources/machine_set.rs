//! `kind: ControlPlane` and `kind: Workers`: the set, its nodes (and their kernel arguments), patches, extensions.

use super::Builder;
use super::builder::{Marks, map, texts};
use super::patch;
use crate::kinds::{EXTENSIONS_CONFIGURATIONS, MACHINE_SET_NODES, MACHINE_SETS};
use crate::template::model::{ClassRef, MachineSet, Role, Size, Strategy, Text};
use crate::value::Value;

/// The label of a role.
fn role_label(role: Role) -> &'static str {
    match role {
        Role::ControlPlane => "role-controlplane",
        Role::Workers => "role-worker",
    }
}

pub(super) fn render(builder: &mut Builder<'_>, model: &MachineSet) {
    let id = model.id(builder.cluster);
    machine_set(builder, model, &id);
    for machine in &model.machines {
        node(builder, model, &id, machine);
        builder.kernel_args_of_node(model, machine);
    }
    builder.patches(&model.patches, patch::BELOW, &id, Some(("machine-set", &id)));
    if let Some(list) = &model.extensions {
        let name = format!("schematic-{id}");
        let spec = map([("extensions", texts(&list.value))]);
        let marks = builder.marks().label("machine-set", &id);
        builder.add(&EXTENSIONS_CONFIGURATIONS, &name, &name, marks, spec, list.span);
    }
}

fn machine_set(builder: &mut Builder<'_>, model: &MachineSet, id: &str) {
    let mut marks = builder.marks().label(role_label(model.role), "");
    let Marks { labels, annotations } = &mut marks;
    model.descriptors.apply(labels, annotations);
    let rolling_unless_unset = model.update.and_then(|s| s.rolling_type).unwrap_or(true);
    let rolling_if_said =
        |strategy: Option<Strategy>| u32::from(strategy.and_then(|s| s.rolling_type).unwrap_or(false));
    let bootstrap = model.bootstrap.as_ref().map_or(Value::Null, |b| {
        map([
            ("cluster_uuid", b.cluster_uuid.value.as_str().into()),
            ("snapshot", b.snapshot.value.as_str().into()),
        ])
    });
    let spec = map([
        ("update_strategy", u32::from(rolling_unless_unset).into()),
        ("bootstrap_spec", bootstrap),
        ("delete_strategy", rolling_if_said(model.delete).into()),
        ("update_strategy_config", config(model.update)),
        ("delete_strategy_config", config(model.delete)),
        ("machine_allocation", model.class.as_ref().map_or(Value::Null, allocation)),
        ("upgrade_strategy", rolling_if_said(model.upgrade).into()),
        ("upgrade_strategy_config", config(model.upgrade)),
    ]);
    builder.add(&MACHINE_SETS, id, model.short_id(), marks, spec, model.span);
}

/// A block with `rolling`, even an empty one, sets the configuration, whatever the type.
fn config(strategy: Option<Strategy>) -> Value {
    strategy
        .and_then(|s| s.rolling)
        .map_or(Value::Null, |parallel| map([("rolling", map([("max_parallelism", parallel.into())]))]))
}

fn allocation(class: &ClassRef) -> Value {
    let (count, kind) = match class.size.value {
        Size::Count(n) => (n, 0u32),
        Size::Unlimited => (0, 1),
    };
    map([
        ("name", class.name.value.as_str().into()),
        ("machine_count", count.into()),
        ("allocation_type", kind.into()),
    ])
}

/// Labels and annotations of a Machine document land here; of several documents for one machine the last one's, and it is
/// locked if any says so.
fn node(builder: &mut Builder<'_>, set: &MachineSet, set_id: &str, machine: &Text) {
    let mut marks = builder.marks().label(role_label(set.role), "").label("machine-set", set_id);
    let mut locked = false;
    let mut last = None;
    for document in builder.template.machines().filter(|m| m.name.value == machine.value) {
        locked |= document.locked;
        last = Some(document);
    }
    if let Some(document) = last {
        let Marks { labels, annotations } = &mut marks;
        document.descriptors.apply(labels, annotations);
    }
    if locked {
        marks = marks.omni_annotation("locked");
    }
    builder.add(&MACHINE_SET_NODES, &machine.value, &machine.value, marks, Value::map(), machine.span);
}
