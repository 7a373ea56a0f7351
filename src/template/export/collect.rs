//! What of everything live belongs into the template of one cluster, and on which level.

use std::collections::BTreeMap;

use super::install_disk::install_disk;
use super::{ExportError, Fidelity, Options};
use crate::kinds::{
    CLUSTERS, CONFIG_PATCHES, EXTENSIONS_CONFIGURATIONS, KERNEL_ARGS, KUBERNETES_HEALTH_CHECKS,
    KUBERNETES_MANIFEST_GROUPS, Kind, MACHINE_INSTALL_DISK_CONFIGS, MACHINE_SET_NODES, MACHINE_SETS,
};
use crate::resource::{LiveResource, OMNI_PREFIX, Phase};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Longest id or label shown in a message, in characters.
const SHOWN: usize = 200;

/// Resources of one kind by level: their labels say which.
#[derive(Debug, Default)]
pub(super) struct Layers<'a> {
    /// For the whole cluster.
    pub(super) cluster: Vec<&'a LiveResource>,
    /// By id of the machine set.
    pub(super) machine_set: BTreeMap<&'a str, Vec<&'a LiveResource>>,
    /// By id of the machine.
    pub(super) machine: BTreeMap<&'a str, Vec<&'a LiveResource>>,
}

impl<'a> Layers<'a> {
    /// Those of a machine set.
    pub(super) fn of_machine_set(&self, id: &str) -> &[&'a LiveResource] {
        self.machine_set.get(id).map_or(&[], Vec::as_slice)
    }
    /// Those of a machine.
    pub(super) fn of_machine(&self, id: &str) -> &[&'a LiveResource] {
        self.machine.get(id).map_or(&[], Vec::as_slice)
    }
}

/// What is exported, all lists sorted by id.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) options: Options,
    /// Name of the cluster.
    pub(super) name: &'a str,
    pub(super) cluster: &'a LiveResource,
    pub(super) control_plane: Option<&'a LiveResource>,
    pub(super) workers: Vec<&'a LiveResource>,
    /// Static machines by id of their set.
    pub(super) nodes: BTreeMap<&'a str, Vec<&'a LiveResource>>,
    pub(super) patches: Layers<'a>,
    /// Disks by machine, of the patches that become `install.disk`.
    pub(super) disks: BTreeMap<&'a str, String>,
    pub(super) extensions: Layers<'a>,
    pub(super) health_checks: Layers<'a>,
    pub(super) manifests: Vec<&'a LiveResource>,
    /// By machine.
    pub(super) kernel_args: BTreeMap<&'a str, &'a LiveResource>,
    /// Install disks that are resources, by machine: on servers newer than Omni 1.10.
    pub(super) disk_configs: BTreeMap<&'a str, &'a LiveResource>,
    /// Everything of the cluster that users own, exported or not.
    pub(super) owned_by_users: Vec<&'a LiveResource>,
}

/// The set's class and size, in the older field if that is set.
pub(super) fn allocation(set: &LiveResource) -> Option<&Value> {
    let spec = &set.resource.spec;
    spec.get("machine_class").or_else(|| spec.get("machine_allocation"))
}

/// Whether a set has a role's label (`role-controlplane`, `role-worker`).
pub(super) fn has_role(set: &LiveResource, role: &str) -> bool {
    set.resource.omni_label(role).is_some()
}

/// An id or label for a message.
pub(super) fn shown(text: &str) -> String {
    Untrusted::new(text).line(SHOWN)
}

fn id(live: &LiveResource) -> &str {
    &live.resource.id.id
}

/// Made by a user: no controller owns it, and it was not made for a machine of a class.
fn by_user(live: &LiveResource) -> bool {
    live.owner.is_empty() && live.resource.omni_label("managed-by-machine-set-node-controller").is_none()
}

/// Everything live, sorted, in search of one cluster.
struct Search<'a> {
    all: Vec<&'a LiveResource>,
    name: &'a str,
    options: Options,
}

impl<'a> Search<'a> {
    fn kind(&self, kind: &'static Kind) -> impl Iterator<Item = &'a LiveResource> {
        self.all.iter().copied().filter(move |r| {
            r.resource.id.short_kind() == kind.short && r.resource.id.namespace == kind.namespace
        })
    }

    /// Those of the cluster. The full form leaves out what controllers own and what is on its way out: it is nothing that a
    /// template could keep.
    fn of_cluster(&self, kind: &'static Kind) -> impl Iterator<Item = &'a LiveResource> {
        let full = self.options.fidelity == Fidelity::Full;
        self.kind(kind)
            .filter(|r| r.resource.omni_label("cluster") == Some(self.name))
            .filter(move |r| !full || (by_user(r) && r.phase == Phase::Running))
    }

    fn layers(&self, kind: &'static Kind, mut take: impl FnMut(&'a LiveResource) -> bool) -> Layers<'a> {
        let mut layers = Layers::default();
        for live in self.of_cluster(kind).filter(|r| by_user(r)) {
            if take(live) {
                continue;
            }
            if let Some(machine) = live.resource.omni_label("cluster-machine") {
                layers.machine.entry(machine).or_default().push(live);
            } else if let Some(set) = live.resource.omni_label("machine-set") {
                layers.machine_set.entry(set).or_default().push(live);
            } else {
                layers.cluster.push(live);
            }
        }
        layers
    }
}

/// Picks the resources of the cluster `name`.
pub(super) fn collect<'a>(
    live: impl IntoIterator<Item = &'a LiveResource>,
    name: &str,
    options: Options,
) -> Result<Scope<'a>, ExportError> {
    let mut all: Vec<&LiveResource> = live.into_iter().collect();
    all.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    let is_cluster = |r: &&&LiveResource| {
        r.resource.id.short_kind() == CLUSTERS.short
            && r.resource.id.namespace == CLUSTERS.namespace
            && id(r) == name
    };
    let cluster = *all.iter().find(is_cluster).ok_or_else(|| ExportError::NoCluster(shown(name)))?;
    let search = Search { all, name: id(cluster), options };
    let sets: Vec<&LiveResource> = search.of_cluster(&MACHINE_SETS).collect();
    let nodes = nodes(&search, &sets)?;
    let kernel_args = if options.fidelity == Fidelity::Full || options.kernel_args {
        of_machines(&search, &KERNEL_ARGS, &nodes)
    } else {
        BTreeMap::new()
    };
    let disk_configs = of_machines(&search, &MACHINE_INSTALL_DISK_CONFIGS, &nodes);
    let mut disks = BTreeMap::new();
    let patches = search.layers(&CONFIG_PATCHES, |patch| {
        let disk = install_disk(&patch.resource, options.fidelity);
        let (Some(machine), Some(disk)) = (patch.resource.omni_label("cluster-machine"), disk) else {
            return false;
        };
        disks.insert(machine, disk);
        true
    });
    let extensions = search.layers(&EXTENSIONS_CONFIGURATIONS, |_| false);
    let health_checks = search.layers(&KUBERNETES_HEALTH_CHECKS, |_| false);
    let manifests = manifests(&search)?;
    let (control_plane, workers) = roles(&search, &sets)?;
    let owned_by_users = owned_by_users(&search, &nodes);
    let name = search.name;
    Ok(Scope {
        options,
        name,
        cluster,
        control_plane,
        workers,
        nodes,
        patches,
        disks,
        extensions,
        health_checks,
        manifests,
        kernel_args,
        disk_configs,
        owned_by_users,
    })
}

/// Machines of static sets; those of classes come and go without a template.
fn nodes<'a>(
    search: &Search<'a>,
    sets: &[&'a LiveResource],
) -> Result<BTreeMap<&'a str, Vec<&'a LiveResource>>, ExportError> {
    let exact = search.options.fidelity == Fidelity::Omnictl;
    let mut nodes: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
    for node in search.of_cluster(&MACHINE_SET_NODES) {
        let Some(label) = node.resource.omni_label("machine-set") else {
            if exact {
                return Err(ExportError::Unfit {
                    message: format!("the machine `{}` belongs to no machine set", shown(id(node))),
                    note: format!("machine set node {:?} has no machine set label", shown(id(node))),
                });
            }
            continue;
        };
        let Some(set) = sets.iter().find(|s| id(s) == label) else {
            if exact {
                return Err(ExportError::Unfit {
                    message: format!(
                        "the machine `{}` belongs to the machine set `{}`, which the cluster does not have",
                        shown(id(node)),
                        shown(label)
                    ),
                    note: format!("unexpected machine set label {:?}", shown(label)),
                });
            }
            continue;
        };
        if allocation(set).is_none() {
            nodes.entry(label).or_default().push(node);
        }
    }
    Ok(nodes)
}

/// Resources that carry the id of a static machine instead of a cluster's label. The full form takes those that cluster templates
/// manage: what was set by hand stays as it is without any template.
fn of_machines<'a>(
    search: &Search<'a>,
    kind: &'static Kind,
    nodes: &BTreeMap<&'a str, Vec<&'a LiveResource>>,
) -> BTreeMap<&'a str, &'a LiveResource> {
    let full = search.options.fidelity == Fidelity::Full;
    let managed = format!("{OMNI_PREFIX}managed-by-cluster-templates");
    search
        .kind(kind)
        .filter(|r| nodes.values().flatten().any(|node| id(node) == id(r)))
        .filter(|r| {
            !full
                || (by_user(r) && r.phase == Phase::Running && r.resource.annotations.contains_key(&managed))
        })
        .map(|r| (id(r), r))
        .collect()
}

fn manifests<'a>(search: &Search<'a>) -> Result<Vec<&'a LiveResource>, ExportError> {
    let all: Vec<&LiveResource> =
        search.of_cluster(&KUBERNETES_MANIFEST_GROUPS).filter(|m| m.owner.is_empty()).collect();
    let nameless = all.iter().find(|m| !m.resource.annotations.contains_key("name"));
    match nameless {
        Some(manifest) if search.options.fidelity == Fidelity::Omnictl => Err(ExportError::Unfit {
            message: format!("the manifest `{}` has no annotation `name`", shown(id(manifest))),
            note: format!("manifest {:?} has no name annotation", shown(id(manifest))),
        }),
        _ => Ok(all),
    }
}

/// The control plane (of several the last one, as omnictl has it) and the Workers by name.
fn roles<'a>(
    search: &Search<'a>,
    sets: &[&'a LiveResource],
) -> Result<(Option<&'a LiveResource>, Vec<&'a LiveResource>), ExportError> {
    let full = search.options.fidelity == Fidelity::Full;
    let mut control_plane = None;
    let mut workers = Vec::new();
    for set in sets {
        // Under another id the file would ask for a new set.
        let foreign_id = !id(set).starts_with(&format!("{}-", search.name));
        if has_role(set, "role-controlplane") {
            if !full || id(set) == format!("{}-control-planes", search.name) {
                control_plane = Some(*set);
            }
        } else if full && foreign_id {
        } else if has_role(set, "role-worker") {
            workers.push(*set);
        } else if !full {
            return Err(ExportError::Unfit {
                message: format!("the machine set `{}` is neither control plane nor workers", shown(id(set))),
                note: format!("machine set {:?} has no role label", shown(id(set))),
            });
        }
    }
    workers.sort_by(|a, b| worker_name(search.name, a).cmp(worker_name(search.name, b)));
    Ok((control_plane, workers))
}

/// The name of Workers: the id without the cluster's name; empty for the default set.
pub(super) fn worker_name<'a>(cluster: &str, set: &'a LiveResource) -> &'a str {
    let name =
        id(set).strip_prefix(cluster).and_then(|rest| rest.strip_prefix('-')).unwrap_or_else(|| id(set));
    if id(set) == format!("{cluster}-workers") { "" } else { name }
}

fn owned_by_users<'a>(
    search: &Search<'a>,
    nodes: &BTreeMap<&'a str, Vec<&'a LiveResource>>,
) -> Vec<&'a LiveResource> {
    search
        .all
        .iter()
        .copied()
        .filter(|r| by_user(r))
        .filter(|r| match r.resource.id.short_kind() {
            kind if kind == CLUSTERS.short => id(r) == search.name,
            kind if kind == KERNEL_ARGS.short || kind == MACHINE_INSTALL_DISK_CONFIGS.short => {
                nodes.values().flatten().any(|node| id(node) == id(r))
            }
            kind => {
                crate::kinds::SYNC_ORDER.iter().any(|k| k.short == kind)
                    && r.resource.omni_label("cluster") == Some(search.name)
            }
        })
        .collect()
}
