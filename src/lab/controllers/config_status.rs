//! Rollout of configurations, extensions and Talos versions to machines.
//!
//! Configurations: one machine at a time in each set (or as many as the set's strategy allows), sets at the same time.
//! Versions and extensions: one machine at a time in the whole cluster, control planes first. Locked machines are left out.

use std::collections::BTreeMap;

use serde_json::json;

use super::super::labels;
use super::super::machine::{Config, Doing, Machine, schematic, time};
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{cluster_locked, cluster_of, is_control_plane, machine_locked, number, place};
use super::{extensions, patches};

/// Holds the slot for a configuration.
pub const UPDATING: &str = "ConfigUpdatePendingFinalizer";
/// Holds the slot for a version or extensions.
pub const UPGRADING: &str = "UpgradePendingFinalizer";
const CONTROLLER: &str = "ClusterMachineConfigStatusController";

/// What a machine lacks.
#[derive(Clone, Debug, Default)]
pub struct Lag {
    /// Its configuration differs.
    pub config: bool,
    /// Its Talos version or extensions differ.
    pub upgrade: bool,
    /// A lock holds it back.
    pub locked: bool,
}

/// What a cluster machine lacks; nothing before it has a configuration.
pub fn lag(pass: &Pass<'_>, member: &Resource) -> Lag {
    let Some(machine) = pass.world.machines.get(&member.key.id) else { return Lag::default() };
    let Some(config) = &machine.config else { return Lag { config: true, ..Lag::default() } };
    let Some((talos, image, _)) = image(pass, member) else { return Lag::default() };
    Lag {
        config: config.hash != patches::wanted(pass, member).hash,
        upgrade: machine.talos != talos || machine.schematic != image,
        locked: cluster_locked(pass, cluster_of(member)) || machine_locked(pass, &member.key.id),
    }
}

/// Talos version, schematic and extensions that a machine is to have.
fn image(pass: &Pass<'_>, member: &Resource) -> Option<(String, String, Vec<String>)> {
    let cluster = pass.get("Clusters", cluster_of(member))?;
    let list = extensions::of_machine(pass, member);
    Some((cluster.text("/talos_version").to_owned(), schematic(&list), list))
}

/// One look at all cluster machines.
pub fn run(pass: &mut Pass<'_>) {
    let members = pass.all("ClusterMachines");
    let mut busy_sets: BTreeMap<String, u64> = BTreeMap::new();
    let mut busy_clusters: BTreeMap<String, u64> = BTreeMap::new();
    for member in &members {
        if member.finalizers.iter().any(|f| f == UPDATING) {
            *busy_sets.entry(member.labelled(labels::SET).unwrap_or_default().to_owned()).or_default() += 1;
        }
        if member.finalizers.iter().any(|f| f == UPGRADING) {
            *busy_clusters.entry(cluster_of(member).to_owned()).or_default() += 1;
        }
    }
    // Control planes before workers.
    let mut ordered = members;
    ordered.sort_by_key(|m| (!is_control_plane(m), m.key.id.clone()));
    for member in ordered {
        if member.tearing_down() || pass.get("Clusters", cluster_of(&member)).is_none_or(|c| c.tearing_down())
        {
            continue;
        }
        let Some(machine) = pass.world.machines.get(&member.key.id).cloned() else { continue };
        match &machine.config {
            None => first(pass, &member, &machine),
            Some(config) => {
                let config = config.clone();
                roll(pass, &member, &machine, &config, &mut busy_sets, &mut busy_clusters);
            }
        }
        status(pass, &member);
    }
}

/// The image that each cluster machine is to run.
pub fn images(pass: &Pass<'_>) {
    for member in pass.all("ClusterMachines") {
        let known = !member.tearing_down() && pass.world.machines.contains_key(&member.key.id);
        let Some((talos, image, _)) = image(pass, &member).filter(|_| known) else { continue };
        pass.put(
            Resource::new(
                Key::of("SchematicConfigurations", &member.key.id),
                json!({ "schematic_id": image, "talos_version": talos }),
            )
            .owned_by("SchematicConfigurationController")
            .label(labels::CLUSTER, cluster_of(&member)),
        );
    }
}

/// A machine without a configuration gets its first one at once, whatever others do.
fn first(pass: &mut Pass<'_>, member: &Resource, machine: &Machine) {
    let (id, now) = (&member.key.id, pass.world.now);
    if machine.doing != Doing::Maintenance || machine.silent_since.is_some() {
        return;
    }
    let pending = format!("first:{id}");
    update(pass, member, json!({ "config_diff": "@@ -0,0 +1,72 @@\n+version: v1alpha1\n" }));
    if !pass.waited(&pending, time::APPLY) {
        return;
    }
    pass.forget(&pending);
    let wanted = patches::wanted(pass, member);
    let Some((talos, image, list)) = image(pass, member) else { return };
    if let Some(machine) = pass.world.machines.get_mut(id) {
        machine.config = Some(wanted);
        (machine.talos, machine.schematic, machine.extensions) = (talos, image, list);
        machine.begin(Doing::Installing, now, time::INSTALL);
    }
    pass.wake_at(now + time::INSTALL);
    pass.destroy("MachinePendingUpdates", id);
}

/// Writes what waits to be applied.
fn update(pass: &Pass<'_>, member: &Resource, spec: serde_json::Value) {
    pass.put(
        place(Resource::new(Key::of("MachinePendingUpdates", &member.key.id), spec), member)
            .owned_by(CONTROLLER),
    );
}

fn roll(
    pass: &mut Pass<'_>,
    member: &Resource,
    machine: &Machine,
    config: &Config,
    busy_sets: &mut BTreeMap<String, u64>,
    busy_clusters: &mut BTreeMap<String, u64>,
) {
    let id = member.key.id.clone();
    let lag = lag(pass, member);
    let Some((talos, image, list)) = image(pass, member) else { return };
    let updating = member.finalizers.iter().any(|f| f == UPDATING);
    let upgrading = member.finalizers.iter().any(|f| f == UPGRADING);
    if !lag.config && !lag.upgrade {
        if pass.get("MachinePendingUpdates", &id).is_some() {
            pass.destroy("MachinePendingUpdates", &id);
        }
        if machine.doing == Doing::Running {
            pass.release("ClusterMachines", &id, &[UPDATING, UPGRADING]);
        }
        return;
    }
    let mut spec = json!({});
    if let Some(map) = spec.as_object_mut() {
        if lag.config {
            map.insert("config_diff".into(), json!(diff(config, &patches::wanted(pass, member))));
        }
        if lag.upgrade {
            map.insert(
                "upgrade".into(),
                json!({
                    "from_schematic": machine.schematic, "to_schematic": image,
                    "from_version": machine.talos, "to_version": talos,
                }),
            );
        }
    }
    update(pass, member, spec);
    if lag.locked || machine.silent_since.is_some() {
        return;
    }
    if lag.upgrade {
        let calm = calm(pass, member);
        let slots = busy_clusters.entry(cluster_of(member).to_owned()).or_default();
        if !upgrading && *slots == 0 && calm && machine.doing == Doing::Running {
            *slots += 1;
            pass.hold(member, &[UPGRADING]);
        } else if upgrading && machine.doing == Doing::Running {
            let now = pass.world.now;
            if let Some(machine) = pass.world.machines.get_mut(&id) {
                (machine.talos, machine.schematic, machine.extensions) = (talos, image, list);
                machine.begin(Doing::Upgrading, now, time::UPGRADE);
            }
            pass.wake_at(now + time::UPGRADE);
        }
        return;
    }
    let set = member.labelled(labels::SET).unwrap_or_default().to_owned();
    let most = parallel(pass, &set);
    let slots = busy_sets.entry(set).or_default();
    if !updating {
        if *slots < most && machine.doing == Doing::Running {
            *slots += 1;
            pass.hold(member, &[UPDATING]);
        }
        return;
    }
    let mark = format!("apply:{id}");
    if machine.doing == Doing::Running && pass.waited(&mark, time::APPLY) {
        pass.forget(&mark);
        let (wanted, now) = (patches::wanted(pass, member), pass.world.now);
        let reboot = patches::needs_reboot(config, &wanted);
        if let Some(machine) = pass.world.machines.get_mut(&id) {
            machine.config = Some(wanted);
            if reboot {
                machine.begin(Doing::Rebooting, now, time::REBOOT);
            }
        }
        if reboot {
            pass.wake_at(now + time::REBOOT);
        }
        pass.destroy("MachinePendingUpdates", &id);
    }
}

/// How many machines of a set may be reconfigured at once.
fn parallel(pass: &Pass<'_>, set: &str) -> u64 {
    let Some(set) = pass.get("MachineSets", set) else { return 1 };
    if number(&set, "/update_strategy") == 0 {
        return u64::MAX;
    }
    number(&set, "/update_strategy_config/rolling/max_parallelism").max(1)
}

/// Whether every other machine of the cluster runs, so that one more may be taken down.
fn calm(pass: &Pass<'_>, member: &Resource) -> bool {
    let others = pass.labelled("ClusterMachines", labels::CLUSTER, cluster_of(member));
    others.iter().all(|m| {
        pass.world
            .machines
            .get(&m.key.id)
            .is_some_and(|m| m.doing == Doing::Running || m.silent_since.is_some())
    })
}

/// A few lines that tell what changes; a stand-in for the diff of whole configurations.
fn diff(old: &Config, new: &Config) -> String {
    let mut out = String::from("@@ -1 +1 @@\n");
    for (component, version) in &new.kubernetes {
        let before = old.kubernetes.get(component).map_or("", String::as_str);
        if before != version {
            out.push_str(&format!(
                "-        image: {component}:v{before}\n+        image: {component}:v{version}\n"
            ));
        }
    }
    for (sign, texts, others) in [('-', &old.patches, &new.patches), ('+', &new.patches, &old.patches)] {
        for text in texts.iter().filter(|t| !others.contains(t)) {
            for line in text.lines() {
                out.push_str(&format!("{sign}{line}\n"));
            }
        }
    }
    out
}

fn status(pass: &Pass<'_>, member: &Resource) {
    let id = &member.key.id;
    let Some(machine) = pass.world.machines.get(id) else { return };
    let spec = match &machine.config {
        None => json!({ "cluster_machine_config_version": "1" }),
        Some(config) => lean(json!({
            "cluster_machine_config_version": "2",
            "cluster_machine_config_sha256": config.hash,
            "talos_version": machine.talos,
            "schematic_id": machine.schematic,
        })),
    };
    if machine.config.is_none() && pass.get("MachinePendingUpdates", id).is_none() {
        return;
    }
    let status =
        place(Resource::new(Key::of("ClusterMachineConfigStatuses", id), spec), member).owned_by(CONTROLLER);
    pass.put(status);
}
