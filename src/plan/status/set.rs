//! A machine set with its machines.

use std::collections::{BTreeMap, BTreeSet};

use super::machine::{Wanted, machine};
use super::missing::missing;
use super::model::{Check, Counts, LoadBalancer, Role, SetStatus};
use super::phase::{SetPhase, Stage};
use super::sight::{count, flag, name, number, text};
use super::vm::Vms;
use crate::plan::facts::{ClusterFacts, Wanted as Amount};
use crate::plan::scene::{Readable, Scene};
use crate::resource::{LiveResource, ResourceId};
use crate::value::Value;

/// Everything that the sets of one cluster are looked up in.
pub(super) struct Sets<'a> {
    pub(super) scene: &'a Scene<'a>,
    pub(super) vms: &'a Vms<'a>,
    pub(super) cluster: &'a str,
    pub(super) wanted: Wanted<'a>,
    /// What the files ask for; none for a cluster that no file declares.
    pub(super) files: Option<&'a ClusterFacts>,
    /// What Omni is asked for.
    pub(super) omni: &'a ClusterFacts,
}

impl<'a> Sets<'a> {
    /// All sets that the files, Omni, or machines of the cluster name.
    pub(super) fn all(&self) -> Vec<SetStatus> {
        let mut members: BTreeMap<&str, Vec<&LiveResource>> = BTreeMap::new();
        for machine in self.scene.in_cluster("ClusterMachineStatuses", self.cluster) {
            let set = machine.resource.omni_label("machine-set").unwrap_or_default();
            members.entry(set).or_default().push(machine);
        }
        let of = |facts: &'a ClusterFacts| facts.sets.keys().map(String::as_str);
        let ids: BTreeSet<&str> = self
            .scene
            .in_cluster("MachineSetStatuses", self.cluster)
            .iter()
            .map(|s| s.resource.id.id.as_str())
            .chain(of(self.omni))
            .chain(self.files.into_iter().flat_map(of))
            .chain(members.keys().copied())
            .collect();
        let mut sets: Vec<SetStatus> =
            ids.into_iter().map(|id| self.one(id, members.get(id).map_or(&[], Vec::as_slice))).collect();
        sets.sort_by(|a, b| (a.role, &a.id).cmp(&(b.role, &b.id)));
        sets
    }

    fn one(&self, id: &str, members: &[&LiveResource]) -> SetStatus {
        let status = self.status(id);
        let declared = self.files.and_then(|f| f.sets.get(id));
        let asked = self.omni.sets.get(id);
        let role = self.role(id, members);
        let wanted = declared.or(asked).map(|s| s.wanted);
        let read = |short| self.scene.readable(short) == Readable::Yes;
        // Without the machines nobody knows which requests became one.
        let missing = if read("ClusterMachineStatuses") && (asked.is_some() || status.is_some()) {
            missing(self.scene, self.vms, self.cluster, id, members)
        } else {
            Vec::new()
        };
        let told = ["ClusterMachineStatuses", "ClusterMachineRequestStatuses", "MachineRequests"]
            .into_iter()
            .all(read);
        let mut machines: Vec<_> =
            members.iter().map(|m| machine(self.scene, self.vms, &self.wanted, m)).collect();
        machines.sort_by(|a, b| a.id.cmp(&b.id));
        let stay = machines.iter().filter(|m| !matches!(m.stage, Stage::Destroying | Stage::BeforeDestroy));
        let here = stay.count() + missing.iter().filter(|m| !m.leaving).count();
        let plane = role == Role::ControlPlane;
        SetStatus {
            id: name(id),
            role,
            declared: declared.is_some(),
            in_omni: asked.is_some() || status.is_some(),
            wanted: match wanted {
                Some(Amount::Count(n)) => Some(n),
                Some(Amount::Unlimited) => None,
                None => Some(0),
            },
            phase: SetPhase::of(status.map_or(0, |s| number(s, &["phase"]))),
            ready: status.is_some_and(|s| flag(s, &["ready"])),
            counts: status.map_or_else(Counts::default, counts),
            locked_updates: status.map_or(0, |s| count(s, &["locked_updates"])),
            error: status.and_then(|s| text(s, &["error"])),
            load_balancer: if plane { self.load_balancer() } else { None },
            checks: if plane { self.checks(id) } else { Vec::new() },
            unrequested: match wanted.filter(|_| told && asked.is_some()) {
                Some(Amount::Count(n)) => n.saturating_sub(u32::try_from(here).unwrap_or(u32::MAX)),
                Some(Amount::Unlimited) | None => 0,
            },
            machines,
            missing,
        }
    }

    /// The status of a set of this cluster; the id alone does not tell, as `a-b-c` may be the set `c` of `a-b`.
    fn status(&self, id: &str) -> Option<&'a LiveResource> {
        let status = self.scene.live(&ResourceId::default_ns("MachineSetStatuses", id))?;
        (status.resource.omni_label("cluster") == Some(self.cluster)).then_some(status)
    }

    fn role(&self, id: &str, members: &[&LiveResource]) -> Role {
        let planes = |facts: &ClusterFacts| facts.sets.get(id).is_some_and(|s| s.control_plane);
        let status = self.status(id);
        let labelled = |r: &LiveResource| r.resource.omni_label("role-controlplane").is_some();
        if planes(self.omni)
            || self.files.is_some_and(planes)
            || status.is_some_and(labelled)
            || members.iter().any(|m| labelled(m))
        {
            Role::ControlPlane
        } else if id == format!("{}-workers", self.cluster) {
            Role::Workers
        } else {
            Role::AdditionalWorkers
        }
    }

    fn load_balancer(&self) -> Option<LoadBalancer> {
        let status = self.scene.live(&ResourceId::default_ns("LoadBalancerStatuses", self.cluster))?;
        Some(if flag(status, &["healthy"]) {
            LoadBalancer::Ready
        } else if flag(status, &["stopped"]) {
            LoadBalancer::Stopped
        } else {
            LoadBalancer::NotReady
        })
    }

    /// Checks by Omni's numbers: 1 etcd, 2 the WireGuard connections; status 2 is not ready.
    fn checks(&self, set: &str) -> Vec<Check> {
        let status = self.scene.live(&ResourceId::default_ns("ControlPlaneStatuses", set));
        let Some(Value::List(all)) = status.and_then(|s| s.resource.spec.get("conditions")) else {
            return Vec::new();
        };
        let int = |c: &Value, key: &str| c.get(key).and_then(Value::as_int).unwrap_or(0);
        let mut checks: Vec<(i128, Check)> = all
            .iter()
            .map(|c| {
                let kind = int(c, "type");
                let word = match kind {
                    1 => "Etcd".to_owned(),
                    2 => "WireguardConnection".to_owned(),
                    other => format!("Check{other}"),
                };
                let reason = c.get("reason").and_then(Value::as_str).filter(|r| !r.is_empty());
                (kind, Check { name: word, ok: int(c, "status") != 2, reason: reason.map(name) })
            })
            .collect();
        checks.sort_by_key(|(kind, _)| *kind);
        checks.into_iter().map(|(_, check)| check).collect()
    }
}

/// Counts of a `ClusterStatus` or `MachineSetStatus`.
pub(super) fn counts(status: &LiveResource) -> Counts {
    let of = |key| count(status, &["machines", key]);
    Counts {
        total: of("total"),
        healthy: of("healthy"),
        connected: of("connected"),
        requested: of("requested"),
    }
}
