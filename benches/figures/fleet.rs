//! The files of the lab's world `fleet-N`: a repository whose plan against that world is empty.

use std::fmt::Write as _;
use std::path::Path;

/// Classes of every fleet, of which each cluster uses two.
pub const CLASSES: usize = 1000;
/// Machines of each cluster.
pub const MACHINES: usize = 25;

fn class_id(number: usize) -> String {
    format!("class-{:04}", number % CLASSES)
}

/// A file of one class.
fn class(number: usize, memory: usize) -> String {
    format!(
        "metadata:\n  namespace: default\n  type: MachineClasses.omni.sidero.dev\n  id: {}\nspec:\n  autoprovision:\n    \
         providerid: proxmox\n    providerdata: |\n      cores: {}\n      sockets: 1\n      memory: {memory}\n      \
         disk_size: {}\n      network_bridge: vmbr0\n      storage_selector: name == \"vm_ssd\"\n",
        class_id(number),
        2 + number % 5,
        20 + 10 * (number % 5),
    )
}

fn memory(number: usize) -> usize {
    4096 + 1024 * (number % 5)
}

fn cluster(number: usize) -> String {
    let mut text = format!(
        "kind: Cluster\nname: fleet-{number:04}\nlabels:\n  environment: production\nkubernetes:\n  version: v1.34.3\n\
         talos:\n  version: v1.11.6\nsystemExtensions:\n  - siderolabs/qemu-guest-agent\n  - siderolabs/iscsi-tools\n\
         patches:\n  - name: cilium-prep\n    inline:\n      cluster:\n        network:\n          cni:\n            \
         name: none\n        proxy:\n          disabled: true\n"
    );
    for (nth, (kind, size)) in [("ControlPlane", 3), ("Workers", 22)].into_iter().enumerate() {
        write!(
            text,
            "---\nkind: {kind}\nmachineClass:\n  name: {}\n  size: {size}\n",
            class_id(5 * number + nth)
        )
        .unwrap();
    }
    text
}

/// Writes all files.
pub fn write(dir: &Path, clusters: usize) {
    let file = |name: String, text: &str| {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    file(
        "spec/omni.yaml".to_owned(),
        "omni: { endpoint: https://omni.spaceships.work }\n\
         proxmox: { matrix: { endpoints: ['https://192.168.3.5:8006'], nodes: [foxtrot, golf, hotel] } }\n\
         providers: { proxmox: { proxmox: matrix } }\n\
         machine_classes: [classes]\nclusters: { paths: [clusters], prune: record }\n",
    );
    for number in 0..CLASSES {
        file(format!("classes/{}.yaml", class_id(number)), &class(number, memory(number)));
    }
    for number in 0..clusters {
        file(format!("clusters/fleet-{number:04}.yaml"), &cluster(number));
    }
}

/// Gives the workers' class of the first cluster more memory, or what it had.
pub fn edit(dir: &Path, edited: bool) {
    let more = if edited { 1024 } else { 0 };
    std::fs::write(dir.join("classes/class-0001.yaml"), class(1, memory(1) + more)).unwrap();
}
