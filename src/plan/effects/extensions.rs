//! System extensions: another list is another installation image, so every machine whose list changes reboots.
//!
//! Omni takes the most specific list and no other: that of the machine, else of its machine set, else of the cluster; of
//! several on one level the one with the last id. So a list of the cluster does not reach a machine that has its own.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{Subject, When, row};
use super::{Going, machines_do, raise_changes, raise_whole};
use crate::kinds::Effect;
use crate::plan::scene::Scene;
use crate::plan::{Action, Draft, Operation};
use crate::resource::{LiveResource, Phase, Resource, ResourceId};
use crate::value::Value;

/// A list with the id of what holds it.
type List<'a> = (&'a str, Option<&'a Value>);

/// The lists of one cluster by level.
#[derive(Default)]
struct Levels<'a> {
    machines: BTreeMap<&'a str, List<'a>>,
    sets: BTreeMap<&'a str, List<'a>>,
    cluster: Option<List<'a>>,
}

impl<'a> Levels<'a> {
    /// Takes resources in the order of their ids.
    fn new(mut all: Vec<&'a Resource>) -> Self {
        all.sort_by(|a, b| a.id.id.cmp(&b.id.id));
        let mut out = Self::default();
        for one in all {
            let entry = (one.id.id.as_str(), one.spec.get("extensions"));
            match (one.omni_label("cluster-machine"), one.omni_label("machine-set")) {
                (Some(machine), _) => {
                    out.machines.insert(machine, entry);
                }
                (None, Some(set)) => {
                    out.sets.insert(set, entry);
                }
                (None, None) => out.cluster = Some(entry),
            }
        }
        out
    }
    fn of(&self, node: &LiveResource) -> Option<List<'a>> {
        let set = node.resource.omni_label("machine-set").unwrap_or_default();
        let own = self.machines.get(node.resource.id.id.as_str());
        own.or_else(|| self.sets.get(set)).copied().or(self.cluster)
    }
}

/// For each step, in order, the machines whose list it changes: it held before, or holds after, and is another one.
pub(super) fn images<'a>(
    scene: &Scene<'a>,
    drafts: &[Draft<'a>],
    going: &Going,
) -> Vec<Vec<&'a LiveResource>> {
    let lists = |d: &Draft<'_>| d.kind() == "ExtensionsConfigurations" && !d.is_record_only();
    let mut steps: BTreeMap<&str, Vec<&Draft<'_>>> = BTreeMap::new();
    for draft in drafts.iter().filter(|d| lists(d)) {
        steps.entry(draft.address.cluster_name().unwrap_or_default()).or_default().push(draft);
    }
    let levels: BTreeMap<&str, (Levels<'_>, Levels<'_>)> = steps
        .into_iter()
        .map(|(cluster, steps)| {
            let live = scene.in_cluster("ExtensionsConfigurations", cluster);
            let live: Vec<&Resource> =
                live.iter().filter(|l| l.phase == Phase::Running).map(|l| &l.resource).collect();
            let written: BTreeSet<&ResourceId> =
                steps.iter().filter_map(|d| Some(&d.subject()?.id)).collect();
            let mut then: Vec<&Resource> =
                live.iter().copied().filter(|r| !written.contains(&r.id)).collect();
            then.extend(steps.iter().filter_map(|d| match &d.operation {
                Operation::Create(after) | Operation::Update { after, .. } => Some(after),
                _ => None,
            }));
            (cluster, (Levels::new(live), Levels::new(then)))
        })
        .collect();
    let of_step = |draft: &Draft<'_>| {
        let found = draft.address.cluster_name().and_then(|c| levels.get(c)).filter(|_| lists(draft));
        let Some((before, after)) = found else { return Vec::new() };
        let id = draft.subject().map_or("", |s| s.id.id.as_str());
        let mut nodes = going.touched(scene, draft);
        nodes.retain(|n| {
            let (was, will) = (before.of(n), after.of(n));
            let holds = |list: Option<List<'_>>| list.is_some_and(|(i, _)| i == id);
            (holds(was) || holds(will)) && was.map(|(_, l)| l) != will.map(|(_, l)| l)
        });
        nodes
    };
    drafts.iter().map(of_step).collect()
}

/// Judges the step of one list, by the number of machines whose list it changes.
pub(super) fn judge(scene: &Scene<'_>, draft: &mut Draft<'_>, touched: usize, going: &Going) {
    if going.touched(scene, draft).is_empty() {
        return;
    }
    match draft.action {
        Action::Create => raise_whole(draft, row(Subject::Extensions, &[], When::Added)),
        Action::Destroy => raise_whole(draft, row(Subject::Extensions, &[], When::Removed)),
        Action::Update | Action::AdoptUpdate => raise_changes(draft, |change| {
            let path: Vec<&str> = change.path.iter().map(String::as_str).collect();
            let row = row(Subject::Extensions, &path, When::Changes);
            (row.effect, row.certainty)
        }),
        _ => return,
    }
    if draft.effect != Effect::Reboot {
        return;
    }
    if touched > 0 {
        draft
            .notes
            .push(format!("predicted: {} into a new image, one at a time", machines_do(touched, "reboot")));
        return;
    }
    for change in draft.changes.iter_mut().filter(|c| c.effect == Effect::Reboot) {
        change.effect = Effect::None;
    }
    draft.effect = Effect::None;
    draft.notes.push(
        "predicted: no machine changes; the list that holds for each of them, the most specific one, stays the same"
            .to_owned(),
    );
}
