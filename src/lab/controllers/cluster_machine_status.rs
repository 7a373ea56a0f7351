//! The status of a machine in its cluster.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::super::labels;
use super::super::machine::{Doing, Machine, time};
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::view::{cluster_of, flag, is_control_plane, place};
use super::{config_status, patches};

const CONTROLLER: &str = "ClusterMachineStatusController";
const FINALIZERS: [&str; 2] = ["ClusterWorkloadProxyStatusController", "SecretRotationStatusController"];

/// One status for each cluster machine.
pub fn run(pass: &mut Pass<'_>) {
    let members = pass.all("ClusterMachines");
    let networks = networks(pass, &members);
    for member in members {
        let id = member.key.id.clone();
        let Some(machine) = pass.world.machines.get(&id).cloned() else { continue };
        let lag = config_status::lag(pass, &member);
        let configured = machine.config.is_some();
        let leaving = pass.get("MachineSetNodes", &id).is_none_or(|n| n.tearing_down());
        let ready = ready(pass, &member, &machine, &networks) && !leaving;
        let behind = lag.config || lag.upgrade;
        let stage = match (member.tearing_down(), leaving) {
            (true, _) => 5,
            (false, true) => 9,
            _ => machine.doing.stage(),
        };
        let connected = machine.connected(pass.world.now);
        let spec = lean(json!({
            "ready": ready,
            "stage": stage,
            "config_up_to_date": configured && !behind && !member.tearing_down(),
            "management_address": machine.address,
            "config_apply_status": if configured && !behind { 2 } else { 1 },
            "provision_status": {
                "provider_id": pass.world.provider.id, "request_id": machine.request,
            },
        }));
        let mut status = place(Resource::new(Key::of("ClusterMachineStatuses", &id), spec), &member)
            .owned_by(CONTROLLER)
            .label("omni.sidero.dev/hostname", &machine.hostname);
        if connected {
            status = status.label(labels::CONNECTED, "");
        }
        if configured
            && !matches!(machine.doing, Doing::Installing | Doing::Configuring)
            && machine.hostname != id
        {
            status = status.label("omni.sidero.dev/node-name", &machine.hostname);
        }
        if lag.locked && behind && configured {
            status = status.label(labels::LOCKED_UPDATE, "");
        }
        let node = pass.get("MachineSetNodes", &id).filter(|n| !n.tearing_down());
        let cluster_locked = super::view::cluster_locked(pass, cluster_of(&member));
        if cluster_locked || node.is_some_and(|n| n.annotations.contains_key(labels::LOCKED)) {
            status = status.annotation(labels::LOCKED, "");
        }
        pass.put(status);
        if let Some(status) = pass.get("ClusterMachineStatuses", &id).filter(|s| !s.tearing_down()) {
            pass.hold(&status, &FINALIZERS);
        }
    }
}

/// Clusters whose nodes have a network. The control planes install the plug-in that their configuration names, for the
/// workers too.
fn networks(pass: &Pass<'_>, members: &[Arc<Resource>]) -> BTreeSet<String> {
    let machines = &pass.world.machines;
    let installed = pass.world.clusters.iter().filter(|(_, c)| c.cni_installed).map(|(name, _)| name.clone());
    let configured = members
        .iter()
        .filter(|m| is_control_plane(m))
        .filter(|m| {
            let config = machines.get(&m.key.id).and_then(|machine| machine.config.as_ref());
            config.is_some_and(|c| !patches::without_cni(c))
        })
        .map(|m| cluster_of(m).to_owned());
    installed.chain(configured).collect()
}

/// Ready: waiting for its first configuration, or a node of Kubernetes with a network.
fn ready(pass: &mut Pass<'_>, member: &Resource, machine: &Machine, networks: &BTreeSet<String>) -> bool {
    let now = pass.world.now;
    if !machine.connected(now) {
        return false;
    }
    if machine.config.is_none() {
        return machine.doing == Doing::Maintenance;
    }
    let Some(since) = machine.running_since.filter(|_| machine.doing == Doing::Running) else { return false };
    if now < since + time::NODE_READY {
        pass.wake_at(since + time::NODE_READY);
        return false;
    }
    let cluster = cluster_of(member);
    let bootstrapped =
        pass.get("ClusterBootstrapStatuses", cluster).is_some_and(|b| flag(&b, "/bootstrapped"));
    networks.contains(cluster) && bootstrapped
}
