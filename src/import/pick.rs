//! The live objects of one cluster that its template may speak for, and the others with their reasons.

use std::collections::BTreeSet;

use super::left::{Left, shown};
use super::secrets;
use crate::diff::LOCKS;
use crate::kinds::SYNC_ORDER;
use crate::live::OmniSnapshot;
use crate::resource::{LiveResource, OMNI_PREFIX, Phase};

/// Objects of one cluster.
#[derive(Clone, Debug, Default)]
pub(super) struct Picked<'a> {
    /// For the template.
    pub(super) live: Vec<&'a LiveResource>,
    /// Not for it.
    pub(super) left: Vec<Left>,
    /// Objects that hold secrets, with their fields: in the template only when that was asked for.
    pub(super) secrets: Vec<(&'a LiveResource, Vec<String>)>,
}

fn label<'a>(live: &'a LiveResource, key: &str) -> Option<&'a str> {
    live.resource.omni_label(key)
}

/// Whether Omni made the node of a machine, for a set with a class.
pub(super) fn made_by_omni(live: &LiveResource) -> bool {
    live.resource.labels.contains_key(&format!("{OMNI_PREFIX}managed-by-machine-set-node-controller"))
}

/// Takes the objects of `cluster` apart.
pub(super) fn pick<'a>(omni: &'a OmniSnapshot, cluster: &str, with_secrets: bool) -> Picked<'a> {
    let mut out = Picked::default();
    for kind in SYNC_ORDER {
        for live in omni.list(kind.short) {
            let of = match kind.short {
                "Clusters" => live.resource.id.id == cluster,
                // They carry no cluster label: those of a machine go with its node, below.
                "KernelArgs" | "MachineInstallDiskConfigs" => false,
                _ => label(live, "cluster") == Some(cluster),
            };
            if of && live.resource.id.namespace == kind.namespace {
                out.sort(live, cluster, with_secrets);
            }
        }
    }
    out.of_machines(omni, cluster, with_secrets);
    out.settle(cluster);
    out
}

impl<'a> Picked<'a> {
    fn leave(&mut self, cluster: &str, live: &LiveResource, why: impl Into<String>) {
        self.left.push(Left::resource(cluster, live, why));
    }

    fn sort(&mut self, live: &'a LiveResource, cluster: &str, with_secrets: bool) {
        let short = live.resource.id.short_kind();
        if short == "MachineSetNodes" && (made_by_omni(live) || !live.owner.is_empty()) {
            if LOCKS.iter().any(|lock| live.resource.annotations.contains_key(*lock)) {
                self.leave(
                    cluster,
                    live,
                    "is locked by hand; a template can lock only machines that it lists itself",
                );
            }
            return;
        }
        if !live.owner.is_empty() {
            let owner = shown(&live.owner);
            return self.leave(cluster, live, format!("belongs to Omni's controller `{owner}`"));
        }
        if live.phase == Phase::TearingDown {
            return self.leave(cluster, live, "is being torn down");
        }
        if label(live, "system-patch").is_some() && !is_install_disk(live) {
            return self.leave(cluster, live, "is one of Omni's own patches");
        }
        let fields = secrets::fields(&live.resource);
        if !fields.is_empty() {
            self.secrets.push((live, fields));
            // Without them there is no template at all, which is decided where it is made.
            if !with_secrets {
                return;
            }
        }
        self.live.push(live);
    }

    /// Kernel arguments and install disks of the machines that the template lists.
    fn of_machines(&mut self, omni: &'a OmniSnapshot, cluster: &str, with_secrets: bool) {
        let made: BTreeSet<&str> = omni
            .list("MachineSetNodes")
            .iter()
            .filter(|n| label(n, "cluster") == Some(cluster) && made_by_omni(n))
            .map(|n| n.resource.id.id.as_str())
            .collect();
        let listed = self.ids("MachineSetNodes");
        for (short, what) in
            [("KernelArgs", "kernel arguments"), ("MachineInstallDiskConfigs", "install disk")]
        {
            for live in omni.list(short) {
                let id = live.resource.id.id.as_str();
                if made.contains(id) && live.owner.is_empty() {
                    self.leave(
                        cluster,
                        live,
                        format!("a template has no {what} for machines that a class gives"),
                    );
                } else if listed.contains(id) {
                    self.sort(live, cluster, with_secrets);
                }
            }
        }
    }

    fn ids(&self, short: &str) -> BTreeSet<String> {
        self.live
            .iter()
            .filter(|l| l.resource.id.short_kind() == short)
            .map(|l| l.resource.id.id.clone())
            .collect()
    }

    /// Takes out what hangs on something that is not there: a set on its cluster, a machine on its set, patches on either.
    pub(super) fn settle(&mut self, cluster: &str) {
        let sets = self.ids("MachineSets");
        self.keep(cluster, |live| match (live.resource.id.short_kind(), label(live, "machine-set")) {
            ("MachineSetNodes", None) => Some("says no machine set".to_owned()),
            ("Clusters" | "MachineSets", _) | (_, None) => None,
            (_, Some(set)) if sets.contains(set) => None,
            (_, Some(set)) => Some(format!("its machine set `{}` is not in the template", shown(set))),
        });
        let nodes = self.ids("MachineSetNodes");
        self.keep(cluster, |live| {
            let machine = match live.resource.id.short_kind() {
                "KernelArgs" | "MachineInstallDiskConfigs" => live.resource.id.id.as_str(),
                "Clusters" | "MachineSets" | "MachineSetNodes" => return None,
                _ => label(live, "cluster-machine")?,
            };
            let reason =
                || format!("it is for machine `{}`, which the template does not list", shown(machine));
            (!nodes.contains(machine)).then(reason)
        });
    }

    /// Takes one object out, and what hangs on it.
    pub(super) fn drop(&mut self, cluster: &str, which: &LiveResource, why: &str) {
        self.keep(cluster, |live| (live.resource.id == which.resource.id).then(|| why.to_owned()));
        self.settle(cluster);
    }

    fn keep(&mut self, cluster: &str, reason: impl Fn(&LiveResource) -> Option<String>) {
        let mut left = Vec::new();
        self.live.retain(|live| match reason(live) {
            None => true,
            Some(why) => {
                left.push(Left::resource(cluster, live, why));
                false
            }
        });
        self.left.extend(left);
    }
}

/// The patch that a template's `install.disk` makes.
fn is_install_disk(live: &LiveResource) -> bool {
    label(live, "cluster-machine")
        .is_some_and(|machine| live.resource.id.id == format!("000-cm-{machine}-install-disk"))
}
