//! Locks found live are respected: they block updates and removals of what they protect, and are never stripped.

use super::codes;
use crate::diff::{LOCKS, is_locked};
use crate::kinds::Effect;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Warning};
use crate::resource::LiveResource;
use crate::untrusted::Untrusted;

pub(super) fn rule(scene: &Scene<'_>, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    for cluster in scene.snapshot().omni.list("Clusters").iter().filter(|c| is_locked(&c.resource)) {
        clusters(scene, cluster, drafts, out);
    }
    for node in scene.snapshot().omni.list("MachineSetNodes").iter().filter(|n| is_locked(&n.resource)) {
        nodes(scene, node, drafts, out);
    }
}

/// A step that Omni refuses, or holds back, while the cluster is locked.
fn changes(draft: &Draft<'_>) -> bool {
    draft.action.is_change()
}

fn clusters(scene: &Scene<'_>, cluster: &LiveResource, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    let name = cluster.resource.id.id.as_str();
    let below: Vec<&Draft<'_>> =
        drafts.iter().filter(|d| d.address.cluster_name() == Some(name) && changes(d)).collect();
    let Some(first) = below.first() else { return };
    let address = crate::address::Address::cluster(name);
    // Our own file set the lock and no longer does: removing it is what was asked for, and comes first.
    let ours = scene.entry(&address).and_then(|e| e.applied.as_ref()).is_some_and(is_locked);
    let wanted = scene.desired.get(&address).is_some_and(|d| is_locked(&d.resource));
    let stripped = below.iter().any(|d| {
        d.address == address
            && d.changes
                .iter()
                .any(|c| c.after.is_none() && c.path.get(1).is_some_and(|k| LOCKS.contains(&k.as_str())))
    });
    if ours && !wanted {
        return;
    }
    let what = match below.len() {
        1 => format!("`{}` may not change", first.address),
        n => format!("{n} steps below it may not run"),
    };
    let message = if stripped {
        format!(
            "cluster `{}` is locked in Omni, and `clusters.prune: template` would take the lock off",
            Untrusted::new(name).line(80)
        )
    } else {
        format!("cluster `{}` is locked in Omni: {what}", Untrusted::new(name).line(80))
    };
    let help = "unlock the cluster in Omni first, when whoever locked it agrees";
    out.push(Warning {
        code: codes::LOCKED.to_owned(),
        guard: Some("G11".to_owned()),
        address: Some(address),
        message,
        blocks: true,
        help: Some(if stripped {
            format!("{help}; with `clusters.prune: record` the lock would stay")
        } else {
            help.to_owned()
        }),
        ..Warning::default()
    });
}

fn nodes(scene: &Scene<'_>, node: &LiveResource, drafts: &[Draft<'_>], out: &mut Vec<Warning>) {
    let uuid = node.resource.id.id.as_str();
    let shown = Untrusted::new(scene.machine_name(uuid)).line(120);
    let Some(cluster) = node.resource.omni_label("cluster") else { return };
    let address = crate::address::Address::cluster(cluster).child("node", uuid);
    let ours = scene.entry(&address).and_then(|e| e.applied.as_ref()).is_some_and(is_locked);
    let wanted = scene.desired.get(&address).is_some_and(|d| is_locked(&d.resource));
    let removed = drafts.iter().find(|d| d.lost.iter().any(|l| l.machine.as_deref() == Some(shown.as_str())));
    if let Some(draft) = removed {
        out.push(Warning {
            code: codes::LOCKED.to_owned(),
            guard: Some("G11".to_owned()),
            address: Some(draft.address.clone()),
            message: format!("machine `{shown}` is locked in Omni and would be lost"),
            blocks: true,
            help: Some(
                "unlock it first; Omni itself does not spare locked machines when a set shrinks".to_owned(),
            ),
            ..Warning::default()
        });
        return;
    }
    let own = drafts.iter().find(|d| {
        d.address == address && matches!(d.action, Action::Update | Action::AdoptUpdate | Action::Destroy)
    });
    if let Some(draft) = own.filter(|_| !ours || wanted) {
        let stripped = draft
            .changes
            .iter()
            .any(|c| c.after.is_none() && c.path.get(1).is_some_and(|k| LOCKS.contains(&k.as_str())));
        let (message, help) = if stripped {
            (
                format!(
                    "machine `{shown}` is locked in Omni, and `clusters.prune: template` would take the lock off"
                ),
                "keep the lock with `locked: true` in its `kind: Machine` document, or unlock the machine in Omni first",
            )
        } else {
            (
                format!("machine `{shown}` is locked in Omni: `{}` may not change", draft.address),
                "unlock the machine in Omni first",
            )
        };
        out.push(Warning {
            code: codes::LOCKED.to_owned(),
            guard: Some("G11".to_owned()),
            address: Some(draft.address.clone()),
            message,
            blocks: true,
            help: Some(help.to_owned()),
            ..Warning::default()
        });
        return;
    }
    let held = drafts.iter().find(|d| {
        matches!(d.effect, Effect::Hot | Effect::Reboot | Effect::Unknown)
            && d.address.cluster_name() == Some(cluster)
            && match d.kind() {
                "ConfigPatches" | "ExtensionsConfigurations" => d
                    .subject()
                    .is_some_and(|s| scene.machines_in_scope(s).iter().any(|m| m.resource.id.id == uuid)),
                "Clusters" => true,
                _ => false,
            }
    });
    if let Some(draft) = held {
        out.push(Warning {
            code: codes::HELD_BACK.to_owned(),
            guard: Some("G11".to_owned()),
            evidence: [("machine".to_owned(), shown.clone())].into(),
            address: Some(draft.address.clone()),
            message: format!(
                "machine `{shown}` is locked in Omni and does not take this change until it is unlocked"
            ),
            blocks: false,
            help: None,
            ..Warning::default()
        });
    }
}
