//! An image that a node tries to fetch again and again.

use crate::checks::inventory::Inventory;
use crate::checks::inventory::sight::{said, shown};
use crate::checks::{Basis, Finding, Rule, Severity, Stage};

/// `image-download-fails`
pub(super) static RULE: Rule = Rule {
    code: "OS0585",
    name: "image-download-fails",
    severity: Severity::Error,
    basis: Basis::Observed,
    source: "the Proxmox node fetches the image, not the provider; a failed download is begun anew every second, without an error in the log",
    stage: Stage::Doctor,
    title: "a node cannot fetch the image of a machine",
    means: "The download of Talos' image fails on the Proxmox node, and the provider begins it again each second, for ever. The node has no way to the image factory, no name resolution, or no room.",
    bad: "the log says `retrying download` and nothing else",
    good: "the image is on the storage",
    act: "Read the log of one of the download tasks on that node.",
};

/// So many attempts are no accident.
const MANY: u32 = 3;

pub(super) fn check(inventory: &Inventory<'_>, out: &mut Vec<Finding>) {
    for machine in inventory.machines.iter().filter(|m| m.request.is_some() && !m.provisioned() && !m.going())
    {
        let story = inventory.logs.and_then(|l| l.of(machine.id));
        let downloads = story.map_or(0, |s| s.downloads);
        let node = machine.record.as_ref().and_then(|r| r.node).or(story.and_then(|s| s.node.as_deref()));
        let failed: Vec<_> = machine
            .proxmox
            .and_then(|(_, seen)| seen.evidence.tasks.known())
            .into_iter()
            .flatten()
            .filter(|t| {
                matches!(t.kind.as_str(), "download" | "imgdownload") && Some(t.node.as_str()) == node
            })
            .filter(|t| t.ended.is_some() && t.status.as_deref().is_some_and(|s| s != "OK"))
            .filter(|t| inventory.scene.now.saturating_sub(t.started) < 600)
            .collect();
        if downloads < MANY && failed.len() < MANY as usize {
            continue;
        }
        let node = node.map_or_else(|| "its node".to_owned(), |n| format!("node {}", shown(n)));
        let mut finding = Finding::new(
            &RULE,
            machine.address.clone(),
            format!("{node} cannot fetch the image, and the provider begins anew every second"),
        );
        if downloads > 0 {
            finding = finding.fact("attempts in the log", downloads.to_string());
        }
        if let Some(task) = failed.first() {
            finding = finding
                .fact("last download", said(task.status.as_deref().unwrap_or_default()))
                .act(format!("`pvenode task log {}` on {node}", shown(&task.upid)));
        }
        out.push(
            finding
                .act(format!("check on {node} that factory.talos.dev is resolved and reached, and that the storage of the images has room"))
                .act("the provider goes on by itself once the download works"),
        );
    }
}

#[cfg(test)]
mod tests {
    use crate::checks::inventory::tests::World;
    use crate::checks::logs::Logs;

    fn with(lines: usize) -> World {
        let mut world = World::new();
        world.spec("MachineRequestStatuses", "c-workers-bbbbb2", serde_json::json!({"stage": 1}));
        world.logs =
            Some(Logs::read(&"{\"msg\":\"retrying download\",\"id\":\"c-workers-bbbbb2\"}\n".repeat(lines)));
        world
    }

    #[test]
    fn endless_downloads_are_told_and_one_retry_is_not() {
        assert_eq!(with(9).subjects(super::check), ["machine/c-workers-bbbbb2"]);
        assert!(with(1).subjects(super::check).is_empty());
        let mut world = with(9);
        world.spec("MachineRequestStatuses", "c-workers-bbbbb2", serde_json::json!({"stage": 2}));
        assert!(world.subjects(super::check).is_empty());
    }
}
