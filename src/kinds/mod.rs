//! What exists: one file per kind, and the facts about its fields.
//!
//! A kind is a table of fields ([`fields::Kind`]). Everything that differs between kinds only by names and types is a
//! walk over that table: [`normalise`], [`from_yaml_keys`], [`to_yaml_tree`].

mod clusters;
mod config_patches;
mod duration;
mod effect;
mod extensions_configurations;
pub mod fields;
mod kernel_args;
mod kubernetes_health_checks;
mod kubernetes_manifest_groups;
mod machine_classes;
mod machine_install_disk_configs;
mod machine_set_nodes;
mod machine_sets;
mod normal;
mod printed;

pub use clusters::CLUSTERS;
pub use config_patches::CONFIG_PATCHES;
pub use duration::Span as DurationSpan;
pub use effect::{Certainty, Effect};
pub use extensions_configurations::EXTENSIONS_CONFIGURATIONS;
pub use fields::{Field, FieldKind, Kind};
pub use kernel_args::KERNEL_ARGS;
pub use kubernetes_health_checks::KUBERNETES_HEALTH_CHECKS;
pub use kubernetes_manifest_groups::{KUBERNETES_MANIFEST_GROUPS, MODE};
pub use machine_classes::MACHINE_CLASSES;
pub use machine_install_disk_configs::MACHINE_INSTALL_DISK_CONFIGS;
pub use machine_set_nodes::MACHINE_SET_NODES;
pub use machine_sets::MACHINE_SETS;
pub use normal::{from_yaml_keys, normalise};
pub use printed::to_yaml_tree;

/// The kinds that a cluster template makes, in the order in which `omnictl cluster template sync` creates and updates
/// them: all configuration is in place before machines are allocated.
pub static SYNC_ORDER: [&Kind; 9] = [
    &CLUSTERS,
    &EXTENSIONS_CONFIGURATIONS,
    &CONFIG_PATCHES,
    &MACHINE_INSTALL_DISK_CONFIGS,
    &KUBERNETES_MANIFEST_GROUPS,
    &KUBERNETES_HEALTH_CHECKS,
    &MACHINE_SETS,
    &MACHINE_SET_NODES,
    &KERNEL_ARGS,
];

/// The kinds that plans write: those of templates, and machine classes.
pub fn written() -> impl Iterator<Item = &'static Kind> {
    SYNC_ORDER.into_iter().chain([&MACHINE_CLASSES])
}

/// The kind of a type name, with or without the suffix `.omni.sidero.dev`.
pub fn by_type(name: &str) -> Option<&'static Kind> {
    let short = name.strip_suffix(crate::resource::TYPE_SUFFIX).unwrap_or(name);
    written().find(|kind| kind.short == short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_found_by_either_name() {
        assert_eq!(by_type("Clusters.omni.sidero.dev"), Some(&CLUSTERS));
        assert_eq!(by_type("MachineClasses"), Some(&MACHINE_CLASSES));
        assert_eq!(by_type("Machines"), None);
        assert_eq!(CLUSTERS.id("x").to_string(), "Clusters.omni.sidero.dev(default/x)");
    }
}
