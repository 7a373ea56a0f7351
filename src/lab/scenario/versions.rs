//! What this Omni offers: Talos versions with the Kubernetes versions that they support, and extensions.

use serde_json::{Value, json};

use super::super::omni::{Key, Resource, ServerVersion, Store};

/// Talos minors with their last patch and the oldest and newest Kubernetes minor.
const TALOS: [(u64, u64, u64, u64); 3] = [(11, 6, 29, 34), (12, 5, 30, 35), (13, 7, 31, 36)];
/// Kubernetes minors with their last patch.
const KUBERNETES: [(u64, u64); 8] =
    [(29, 15), (30, 14), (31, 14), (32, 12), (33, 8), (34, 8), (35, 6), (36, 3)];

/// Official extensions that are offered.
const EXTENSIONS: [(&str, &str); 14] = [
    ("siderolabs/amd-ucode", "AMD microcode"),
    ("siderolabs/btrfs", "btrfs"),
    ("siderolabs/drbd", "DRBD kernel modules"),
    ("siderolabs/gvisor", "gVisor runtime"),
    ("siderolabs/i915", "Intel GPU firmware"),
    ("siderolabs/intel-ucode", "Intel microcode"),
    ("siderolabs/iscsi-tools", "iSCSI tools"),
    ("siderolabs/nfs-utils", "NFS utilities"),
    ("siderolabs/nfsd", "NFS server"),
    ("siderolabs/nvidia-container-toolkit-production", "NVIDIA container toolkit"),
    ("siderolabs/nvidia-open-gpu-kernel-modules-production", "NVIDIA kernel modules"),
    ("siderolabs/qemu-guest-agent", "QEMU guest agent"),
    ("siderolabs/tailscale", "Tailscale"),
    ("siderolabs/util-linux-tools", "util-linux tools"),
];

/// Puts the lists into a store.
pub fn fill(store: &Store, version: ServerVersion, now: i64) {
    let owned = |kind: &str, id: &str, spec: Value, owner: &str| {
        store.put(Resource::new(Key::of(kind, id), spec).owned_by(owner), now);
    };
    let talos: Vec<(u64, String)> = TALOS
        .iter()
        .flat_map(|(minor, last, ..)| (0..=*last).map(move |p| (*minor, format!("1.{minor}.{p}"))))
        .collect();
    for (minor, last) in KUBERNETES {
        for patch in 0..=last {
            let id = format!("1.{minor}.{patch}");
            owned("KubernetesVersions", &id, json!({ "version": id }), "VersionsController");
        }
    }
    for (minor, _, oldest, newest) in TALOS {
        for (_, id) in talos.iter().filter(|(m, _)| *m == minor) {
            let compatible: Vec<String> = KUBERNETES
                .iter()
                .filter(|(m, _)| (oldest..=newest).contains(m))
                .flat_map(|(m, last)| (0..=*last).map(move |p| format!("1.{m}.{p}")))
                .collect();
            let upgradable: Vec<&str> = talos
                .iter()
                .filter(|(m, other)| other != id && m.abs_diff(minor) <= 1)
                .map(|(_, other)| other.as_str())
                .collect();
            let mut spec = json!({
                "version": id, "compatible_kubernetes_versions": compatible, "upgradable_talos_versions": upgradable,
            });
            if let Some(fields) = spec.as_object_mut().filter(|_| version.knows_new()) {
                fields.insert("image_factory_url".to_owned(), "https://factory.talos.dev".into());
            }
            owned("TalosVersions", id, spec, "VersionsController");
            let items: Vec<Value> = EXTENSIONS
                .iter()
                .map(|(name, text)| json!({ "name": name, "description": text, "version": format!("v{id}") }))
                .collect();
            owned("TalosExtensions", id, json!({ "items": items }), "TalosExtensionsController");
        }
    }
}
