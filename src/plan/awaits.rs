//! Waiting steps: after a change that machines take up, apply waits for the cluster; after a set shrank, for its machines
//! to be gone. A cluster that needs no change and is not up is waited for too: the run that changed it may not have seen
//! it come up.

use std::collections::BTreeMap;

use super::facts::{SetFacts, Wanted, allocation, facts};
use super::scene::Scene;
use super::unread::Unread;
use super::{Action, Draft, Goal, NotUp, Operation, goal, scope};
use crate::address::Address;
use crate::graph::Wave;
use crate::resource::{Phase, ResourceId};

/// Waiting steps for the given steps, and what is not up without one. What is `left` out is not waited for.
pub(super) fn awaits<'a>(
    scene: &Scene<'a>,
    unread: &Unread,
    drafts: &[Draft<'a>],
    left: &[Draft<'a>],
) -> (Vec<Draft<'a>>, Vec<NotUp>) {
    let (mut out, mut not_up) = (Vec::new(), Vec::new());
    let mut changes: BTreeMap<&str, Vec<&Draft<'_>>> = BTreeMap::new();
    for draft in drafts.iter().filter(|d| d.action.is_change()) {
        changes.entry(draft.address.cluster_name().unwrap_or_default()).or_default().push(draft);
    }
    for cluster in &scene.input.desired.clusters {
        let address = Address::cluster(&cluster.name);
        let below: &[&Draft<'_>] = changes.get(cluster.name.as_str()).map_or(&[], Vec::as_slice);
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
        let removal = scene.input.desired.removal.is_some();
        let asked = || cluster.resources.iter().any(|d| scene.takes(&d.address));
        if !moves && !asked() {
            continue;
        }
        if !moves && (removal || !stands(scene, unread, &cluster.name)) {
            continue;
        }
        let facts = facts(&scope::effective(cluster, left));
        let asks = |s: &SetFacts| matches!(s.wanted, Wanted::Count(n) if n > 0);
        if !facts.sets.values().any(asks) {
            continue;
        }
        let goal = goal::of_cluster(&cluster.name, &facts);
        if !moves {
            let sets = facts.sets.keys().map(|id| (id.clone(), 0)).collect();
            let seen = scene.only(&cluster.name, &sets, goal::types(&goal));
            let Some(blocker) = goal::blocker(&goal, &seen) else { continue };
            not_up.push(NotUp { address: address.clone(), blocker });
        }
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
    (out, not_up)
}

/// Whether a declared cluster is there, is a user's, and is fully seen.
fn stands(scene: &Scene<'_>, unread: &Unread, cluster: &str) -> bool {
    let live = scene.live(&ResourceId::default_ns("Clusters", cluster));
    !unread.skips(&Address::cluster(cluster))
        && live.is_some_and(|l| l.owner.is_empty() && l.phase == Phase::Running)
}
