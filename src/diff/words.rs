//! Paths in the words of the files: the spec of a Cluster says `kubernetes_version`, its template `kubernetes.version`.

use crate::kinds::fields::camel;

/// The path of a spec field as the file of its kind writes it.
pub(super) fn words(kind: &str, path: &[String]) -> Vec<String> {
    let parts: Vec<&str> = path.iter().map(String::as_str).collect();
    let own = |words: &[&str], rest: &[String]| {
        words.iter().map(|w| (*w).to_owned()).chain(rest.iter().cloned()).collect()
    };
    match (kind, parts.as_slice()) {
        ("Clusters", ["kubernetes_version"]) => own(&["kubernetes", "version"], &[]),
        ("Clusters", ["talos_version"]) => own(&["talos", "version"], &[]),
        ("Clusters", ["features", feature]) => own(&["features", &camel(feature)], &[]),
        ("Clusters", ["backup_configuration", ..]) => {
            own(&["features", "backupConfiguration"], path.get(1..).unwrap_or_default())
        }
        ("MachineSets", ["machine_allocation", "name"]) => own(&["machineClass", "name"], &[]),
        ("MachineSets", ["machine_allocation", "machine_count"]) => own(&["machineClass", "size"], &[]),
        ("MachineSets", ["machine_allocation", "allocation_type"]) => {
            own(&["machineClass", "allocation"], &[])
        }
        ("MachineSets", ["update_strategy"]) => own(&["updateStrategy", "type"], &[]),
        ("MachineSets", ["delete_strategy"]) => own(&["deleteStrategy", "type"], &[]),
        ("MachineSets", ["upgrade_strategy"]) => own(&["upgradeStrategy", "type"], &[]),
        ("MachineSets", [strategy, "rolling", "max_parallelism"]) => own(
            &[&camel(strategy.strip_suffix("_config").unwrap_or(strategy)), "rolling", "maxParallelism"],
            &[],
        ),
        ("MachineSets", ["bootstrap_spec", "cluster_uuid"]) => own(&["bootstrapSpec", "clusterUUID"], &[]),
        ("MachineSets", ["bootstrap_spec", "snapshot"]) => own(&["bootstrapSpec", "snapshot"], &[]),
        ("ExtensionsConfigurations", ["extensions"]) => own(&["systemExtensions"], &[]),
        ("MachineInstallDiskConfigs", ["disk"]) => own(&["install", "disk"], &[]),
        ("MachineInstallDiskConfigs", ["disk_selector"]) => own(&["install", "diskSelector"], &[]),
        ("KernelArgs", ["args"]) => own(&["kernelArgs"], &[]),
        ("MachineClasses", ["auto_provision", "provider_data", ..]) => {
            own(&["providerdata"], path.get(2..).unwrap_or_default())
        }
        ("MachineClasses", [first, ..]) => {
            let rest: Vec<String> = path.iter().skip(1).map(|p| p.replace('_', "")).collect();
            own(&[&first.replace('_', "")], &rest)
        }
        _ => path.to_vec(),
    }
}
