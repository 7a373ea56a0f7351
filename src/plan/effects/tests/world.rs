//! One small world that the tests of effects plan against: three control planes and two workers that run, made from classes or
//! given by UUID.

use std::collections::BTreeMap;

use crate::address::Address;
use crate::graph::{Desired, DesiredCluster, DesiredResource, Prune, address_of};
use crate::kinds::Effect;
use crate::live::{Observation, OmniSnapshot, Snapshot};
use crate::plan::{Affected, Plan, PlanInput, PlanOptions, Step, plan};
use crate::resource::{LiveResource, Phase, Resource, ResourceId, TYPE_SUFFIX};
use crate::value::Value;

pub(super) const O: &str = "omni.sidero.dev/";
pub(super) const DATA: &str = "cores: 2\nsockets: 1\nmemory: 4096\ndisk_size: 20\nstorage_selector: a\n";

pub(super) fn value(json: serde_json::Value) -> Value {
    Value::from_json(&json)
}

pub(super) fn resource(kind: &str, id: &str, labels: &[(&str, &str)], spec: serde_json::Value) -> Resource {
    let mut out = Resource::new(ResourceId::default_ns(kind, id));
    if matches!(kind, "MachineRequests" | "MachineRequestStatuses") {
        "infra-provider".clone_into(&mut out.id.namespace);
    }
    out.labels = labels.iter().map(|(k, v)| (format!("{O}{k}"), (*v).to_owned())).collect();
    out.spec = value(spec);
    out
}

pub(super) fn machine(n: usize) -> String {
    format!("0000000{n}-0000-4000-8000-000000000000")
}

/// What the files ask for, what Omni has, and which of that only Omni has.
#[derive(Clone)]
pub(super) struct World {
    pub(super) wanted: Vec<Resource>,
    pub(super) live: Vec<Resource>,
    pub(super) version: &'static str,
}

impl World {
    /// The files and Omni agree.
    pub(super) fn new() -> Self {
        let class = |id: &str| {
            resource(
                "MachineClasses",
                id,
                &[],
                serde_json::json!({"auto_provision": {"provider_id": "p", "provider_data": DATA}}),
            )
        };
        let set = |name: &str, role: &str, class: &str, n: u32| {
            let labels = [("cluster", "c"), (role, "")];
            let spec = serde_json::json!({"update_strategy": 1, "machine_allocation": {"name": class, "machine_count": n}});
            resource("MachineSets", &format!("c-{name}"), &labels, spec)
        };
        let patch = |id: &str, data: &str| {
            resource("ConfigPatches", id, &[("cluster", "c")], serde_json::json!({"data": data}))
        };
        let c = [("cluster", "c")];
        let wanted = vec![
            class("cp"),
            class("w"),
            resource(
                "Clusters",
                "c",
                &[],
                serde_json::json!({"kubernetes_version": "1.34.3", "talos_version": "1.11.6", "features": {}}),
            ),
            patch("200-cluster-c-a", "machine:\n  sysctls:\n    a: \"1\"\n"),
            resource(
                "ExtensionsConfigurations",
                "schematic-c",
                &c,
                serde_json::json!({"extensions": ["siderolabs/a"]}),
            ),
            resource(
                "KubernetesManifestGroups",
                "200-cluster-c-m",
                &c,
                serde_json::json!({"data": "a: 1\n", "mode": 1}),
            ),
            resource(
                "KubernetesHealthChecks",
                "cluster-c-h",
                &c,
                serde_json::json!({"job": "a: 1\n", "interval": "30s"}),
            ),
            set("control-planes", "role-controlplane", "cp", 3),
            set("workers", "role-worker", "w", 2),
        ];
        let mut live = wanted.clone();
        for n in 1..=5 {
            let (set, role) =
                if n <= 3 { ("c-control-planes", "role-controlplane") } else { ("c-workers", "role-worker") };
            let (uuid, request) = (machine(n), format!("{set}-{n}"));
            live.push(resource(
                "MachineSetNodes",
                &uuid,
                &[
                    ("cluster", "c"),
                    ("machine-set", set),
                    (role, ""),
                    ("managed-by-machine-set-node-controller", ""),
                ],
                serde_json::json!({}),
            ));
            live.push(resource(
                "MachineStatuses",
                &uuid,
                &[("machine-request", &request)],
                serde_json::json!({"connected": true}),
            ));
            live.push(resource(
                "ClusterMachineStatuses",
                &uuid,
                &[("cluster", "c"), ("machine-set", set), (role, ""), ("connected", "")],
                serde_json::json!({"stage": 4, "config_up_to_date": true}),
            ));
            live.push(resource(
                "MachineRequests",
                &request,
                &[("machine-request-set", set), ("machine-request-in-use", "")],
                serde_json::json!({}),
            ));
        }
        live.push(resource(
            "ClusterBootstrapStatuses",
            "c",
            &[("cluster", "c")],
            serde_json::json!({"bootstrapped": true}),
        ));
        live.push(resource(
            "ControlPlaneStatuses",
            "c-control-planes",
            &[("cluster", "c")],
            serde_json::json!({"conditions": [{"type": 2, "status": 1}, {"type": 1, "status": 1}]}),
        ));
        Self { wanted, live, version: "v1.10.0" }
    }

    /// The same with machines that people gave by UUID.
    pub(super) fn with_static_machines() -> Self {
        let mut out = Self::new();
        for list in [&mut out.wanted, &mut out.live] {
            for set in list.iter_mut().filter(|r| r.id.short_kind() == "MachineSets") {
                set.spec = value(serde_json::json!({"update_strategy": 1}));
            }
        }
        for node in out.live.iter_mut().filter(|r| r.id.short_kind() == "MachineSetNodes") {
            node.labels.remove(&format!("{O}managed-by-machine-set-node-controller"));
            out.wanted.push(node.clone());
        }
        for n in 1..=5 {
            let mut args = resource("KernelArgs", &machine(n), &[], serde_json::json!({"args": ["a"]}));
            args.annotations.insert(format!("{O}managed-by-cluster-templates"), String::new());
            out.wanted.push(args.clone());
            out.live.push(args);
        }
        out
    }

    pub(super) fn of<'r>(list: &'r mut [Resource], kind: &str, id: &str) -> &'r mut Resource {
        list.iter_mut()
            .find(|r| r.id.short_kind() == kind && r.id.id == id)
            .unwrap_or_else(|| panic!("{kind} {id}"))
    }
    pub(super) fn wanted(&mut self, kind: &str, id: &str) -> &mut Resource {
        Self::of(&mut self.wanted, kind, id)
    }
    pub(super) fn live(&mut self, kind: &str, id: &str) -> &mut Resource {
        Self::of(&mut self.live, kind, id)
    }
    pub(super) fn forget(&mut self, kind: &str, id: &str) {
        self.wanted.retain(|r| !(r.id.short_kind() == kind && r.id.id == id));
    }
    pub(super) fn not_read(&mut self, kind: &str) {
        self.live.retain(|r| r.id.short_kind() != kind);
    }

    pub(super) fn plan(&self) -> Plan {
        let mut types: BTreeMap<String, Observation<Vec<LiveResource>>> = crate::kinds::written()
            .map(|k| (format!("{}{TYPE_SUFFIX}", k.short), Observation::Known(vec![])))
            .collect();
        for resource in &self.live {
            let seen = LiveResource {
                version: 3,
                phase: Phase::Running,
                owner: String::new(),
                finalizers: vec![],
                // The older ones have the higher numbers.
                created: format!("2026-01-01T00:00:{:02}Z", 99 - resource.id.id.len().min(40)),
                updated: String::new(),
                resource: resource.clone(),
            };
            match types.entry(resource.id.kind.clone()).or_insert_with(|| Observation::Known(vec![])) {
                Observation::Known(all) => all.push(seen),
                _ => unreachable!(),
            }
        }
        let snapshot = Snapshot {
            omni: OmniSnapshot {
                endpoint: "https://omni.example.com".into(),
                version: Observation::Known(self.version.into()),
                types,
            },
            proxmox: BTreeMap::new(),
        };
        let declared = |r: &Resource| DesiredResource {
            address: match r.id.short_kind() {
                "KernelArgs" => Address::cluster("c").child("kernelargs", &r.id.id),
                _ => address_of(r).unwrap(),
            },
            resource: r.clone(),
            source: None,
        };
        let (classes, resources): (Vec<_>, Vec<_>) =
            self.wanted.iter().map(declared).partition(|d| d.address.kind() == "class");
        let desired = Desired {
            classes,
            clusters: vec![DesiredCluster {
                name: "c".into(),
                prune: Prune::Template,
                resources,
                ..DesiredCluster::default()
            }],
            ..Desired::default()
        };
        plan(&PlanInput {
            desired: &desired,
            snapshot: &snapshot,
            record: None,
            key: None,
            options: PlanOptions::default(),
        })
        .unwrap_or_else(|problems| panic!("{problems:?}"))
    }
}

pub(super) fn step<'p>(plan: &'p Plan, address: &str) -> &'p Step {
    let found = plan.steps.iter().find(|s| s.address.to_string() == address && s.action.is_change());
    found.unwrap_or_else(|| {
        panic!(
            "no step for {address} among {:?}",
            plan.steps.iter().map(|s| s.address.to_string()).collect::<Vec<_>>()
        )
    })
}

/// Effect of the one field that differs, with its path.
pub(super) fn field(plan: &Plan, address: &str) -> (String, Effect) {
    let step = step(plan, address);
    let [change] = step.changes.as_slice() else { panic!("{:?}", step.changes) };
    (change.path.join("/"), change.effect)
}

pub(super) fn named(affected: &[Affected]) -> Vec<(String, Effect)> {
    affected.iter().map(|a| (a.machine.clone().unwrap_or_default(), a.effect)).collect()
}

/// Sets one field of a resource and says what the plan makes of it.
pub(super) fn edited(
    base: &World,
    kind: &str,
    id: &str,
    path: &[&str],
    to: serde_json::Value,
    address: &str,
) -> (String, Effect) {
    let mut world = base.clone();
    let spec = &mut world.wanted(kind, id).spec;
    let mut whole = spec.to_json();
    let mut at = &mut whole;
    for key in path {
        at = &mut at[*key];
    }
    *at = to;
    *spec = value(whole);
    field(&world.plan(), address)
}
