//! Waiting steps: after a change that machines take up, apply waits for the cluster; after a set shrank, for its machines
//! to be gone.

use std::collections::BTreeMap;

use super::facts::{Wanted, allocation, facts};
use super::scene::Scene;
use super::{Action, Draft, Goal, Operation};
use crate::address::Address;
use crate::graph::Wave;

/// Waiting steps for the given steps.
pub(super) fn awaits<'a>(scene: &Scene<'a>, drafts: &[Draft<'a>]) -> Vec<Draft<'a>> {
    let mut out = Vec::new();
    for cluster in &scene.input.desired.clusters {
        let address = Address::cluster(&cluster.name);
        let below: Vec<&Draft<'_>> = drafts
            .iter()
            .filter(|d| d.address.cluster_name() == Some(&cluster.name) && d.action.is_change())
            .collect();
        let moves = below.iter().any(|d| {
            matches!(
                d.kind(),
                "MachineSets"
                    | "MachineSetNodes"
                    | "ConfigPatches"
                    | "ExtensionsConfigurations"
                    | "KernelArgs"
                    | "Clusters"
            ) && d.action != Action::Release
        });
        if !moves {
            continue;
        }
        let facts = facts(cluster);
        let machine_sets: BTreeMap<String, u32> = facts
            .sets
            .iter()
            .filter_map(|(id, set)| match set.wanted {
                Wanted::Count(n) => Some((id.clone(), n)),
                Wanted::Unlimited => None,
            })
            .collect();
        if machine_sets.values().all(|n| *n == 0) {
            continue;
        }
        let goal = Goal::ClusterUp {
            cluster: cluster.name.clone(),
            machine_sets,
            kubernetes: facts.kubernetes.clone(),
            talos: facts.talos.clone(),
            ready: facts.cni,
        };
        let machines_change = |removal: bool| {
            below
                .iter()
                .any(|d| matches!(d.kind(), "MachineSets" | "MachineSetNodes") && d.is_removal() == removal)
        };
        let mut draft = Draft::new(&address, Action::Await, Operation::Await(goal));
        // Replacements first: where machines come and go, the new ones are up before the old ones go.
        draft.wave = if machines_change(false) && machines_change(true) { Wave::Up } else { Wave::Settled };
        if !facts.cni {
            draft.notes.push("no CNI comes with the patches: nodes stay NotReady until one is installed, and `ready` is not awaited".to_owned());
        }
        out.push(draft);
    }
    for draft in drafts
        .iter()
        .filter(|d| d.kind() == "MachineSets" && matches!(d.action, Action::Update | Action::AdoptUpdate))
    {
        let (Some(live), Some(wanted)) = (draft.live, draft.wanted) else { continue };
        if let (Some(Wanted::Count(before)), Some(Wanted::Count(after))) =
            (allocation(&live.resource), allocation(wanted))
            && after < before
        {
            let goal = Goal::MachinesGone { machine_set: wanted.id.id.clone(), machines: after };
            let mut wait = Draft::new(&draft.address, Action::Await, Operation::Await(goal));
            wait.wave = Wave::MachinesGone;
            out.push(wait);
        }
    }
    out
}
