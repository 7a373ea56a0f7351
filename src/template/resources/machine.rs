//! `kind: Machine`: install disk, patches, kernel arguments, extensions.

use super::Builder;
use super::builder::{MANAGED, Marks, map, texts};
use super::patch::{self, id};
use crate::kinds::{CONFIG_PATCHES, EXTENSIONS_CONFIGURATIONS, MACHINE_INSTALL_DISK_CONFIGS};
use crate::template::model::Machine;
use crate::value::Value;
use crate::yaml::{self, Out};

/// Name of the patch that holds the install disk.
const INSTALL_DISK: &str = "install-disk";

pub(super) fn render(builder: &mut Builder<'_>, model: &Machine) {
    let machine = model.name.value.as_str();
    let prefix = format!("cm-{machine}");
    install_disk(builder, model, &prefix);
    builder.patches(&model.patches, patch::BELOW, &prefix, Some(("cluster-machine", machine)));
    builder.kernel_args_of_machine(model);
    if let Some(list) = &model.extensions {
        let name = format!("schematic-{machine}");
        let marks = builder.marks().label("cluster-machine", machine);
        let spec = map([("extensions", texts(&list.value))]);
        builder.add(&EXTENSIONS_CONFIGURATIONS, &name, &name, marks, spec, list.span);
    }
}

/// Up to Omni 1.10 the install disk is a config patch, marked as a system patch; later it is a property of the machine.
fn install_disk(builder: &mut Builder<'_>, model: &Machine, prefix: &str) {
    let disk = &model.install_disk;
    if builder.dialect.has_install_disks() {
        let selector = &model.disk_selector;
        let span = if disk.value.is_empty() { selector.span } else { disk.span };
        if disk.value.is_empty() && selector.value.is_empty() {
            return;
        }
        let spec =
            map([("disk_selector", selector.value.as_str().into()), ("disk", disk.value.as_str().into())]);
        let (id, marks) = (model.name.value.as_str(), Marks::default().omni_annotation(MANAGED));
        builder.add(&MACHINE_INSTALL_DISK_CONFIGS, id, id, marks, spec, span);
        return;
    }
    if disk.value.is_empty() {
        return;
    }
    let id = id(0, prefix, INSTALL_DISK);
    let tree: Value = map([("machine", map([("install", map([("disk", disk.value.as_str().into())]))]))]);
    let data = yaml::write(&Out::from(tree), 4);
    let marks = builder
        .marks()
        .named(INSTALL_DISK)
        .label("cluster-machine", &model.name.value)
        .label("system-patch", "");
    builder.add(&CONFIG_PATCHES, &id, &id, marks, map([("data", data.into())]), disk.span);
}
