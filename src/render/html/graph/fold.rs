//! Which boxes a drawing has: a box for each step, or for many of them.

use std::collections::BTreeMap;

use crate::kinds::Effect;
use crate::plan::{Action, Plan, Step, StepId};
use crate::render::areas::Topic;
use crate::render::words::count;

/// Boxes that an eye can follow.
const MOST: usize = 60;

/// A box.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Wave, from 1.
    pub(super) wave: u32,
    /// Symbols and words: what is done.
    pub(super) does: String,
    /// To what.
    pub(super) to: String,
    /// Where that belongs.
    pub(super) of: String,
    /// The action that colours it; `None` where there is more than one.
    pub(super) action: Option<Action>,
    /// Worst effect.
    pub(super) effect: Effect,
    /// The steps in it.
    pub(super) steps: Vec<StepId>,
}

/// An arrow, from what is done first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Index of the box that comes first.
    pub(super) from: usize,
    /// Index of the box that waits for it.
    pub(super) to: usize,
    /// Why; of several the first, and how many more.
    pub(super) reason: String,
}

/// Boxes and arrows.
#[derive(Clone, Debug, Default)]
pub(super) struct Folded {
    /// Boxes, by wave.
    pub(super) nodes: Vec<Node>,
    /// Arrows between different boxes, without those that follow from others.
    pub(super) edges: Vec<Edge>,
    /// What the drawing shows, in a sentence.
    pub(super) caption: String,
}

/// How much a box holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Step,
    Kind,
    Cluster,
    All,
}

impl Level {
    /// The steps that share a box.
    fn key(self, step: &Step) -> (u32, String, String, u32) {
        let topic = Topic::of(&step.address);
        // What belongs to no cluster says itself what it is.
        let area = topic.name().unwrap_or_default().to_owned();
        let kind = match step.action {
            Action::Await => "await",
            _ => step.address.kind(),
        };
        match self {
            Self::Step => (step.wave, area, kind.to_owned(), step.id.0),
            Self::Kind => (step.wave, area, kind.to_owned(), 0),
            Self::Cluster => (step.wave, area, String::new(), 0),
            Self::All => (step.wave, String::new(), kind.to_owned(), 0),
        }
    }
    fn caption(self) -> &'static str {
        match self {
            Self::Step => "Each box is a step. An arrow leads from what is done first to what waits for it.",
            Self::Kind => {
                "There are too many steps to draw each: a box holds those of one kind in one cluster. The list below has every step."
            }
            Self::Cluster => {
                "There are too many steps to draw each: a box holds those of one cluster in one wave. The list below has every step."
            }
            Self::All => {
                "There are too many clusters to draw each: a box holds the steps of one kind in one wave. The list below has every step."
            }
        }
    }
}

/// The boxes of the finest level whose number an eye can follow.
pub(super) fn fold(plan: &Plan) -> Folded {
    for level in [Level::Step, Level::Kind, Level::Cluster] {
        let folded = at(plan, level);
        if folded.nodes.len() <= MOST {
            return folded;
        }
    }
    at(plan, Level::All)
}

fn at(plan: &Plan, level: Level) -> Folded {
    let mut groups: BTreeMap<(u32, String, String, u32), Vec<&Step>> = BTreeMap::new();
    for step in &plan.steps {
        groups.entry(level.key(step)).or_default().push(step);
    }
    let mut index: BTreeMap<StepId, usize> = BTreeMap::new();
    let mut nodes = Vec::new();
    for ((wave, area, kind, _), steps) in &groups {
        index.extend(steps.iter().map(|s| (s.id, nodes.len())));
        nodes.push(node(*wave, area, kind, steps));
    }
    let mut reasons: BTreeMap<(usize, usize), Vec<&str>> = BTreeMap::new();
    for step in &plan.steps {
        for (first, reason) in &step.after {
            if let (Some(&from), Some(&to)) = (index.get(first), index.get(&step.id))
                && from != to
            {
                let all = reasons.entry((from, to)).or_default();
                if !all.contains(&reason.as_str()) {
                    all.push(reason);
                }
            }
        }
    }
    let edges: Vec<Edge> = reasons
        .into_iter()
        .map(|((from, to), all)| Edge {
            from,
            to,
            reason: match all.as_slice() {
                [one] => (*one).to_owned(),
                [one, rest @ ..] => format!("{one}; and {}", count(rest.len() as u32, "more reason")),
                [] => String::new(),
            },
        })
        .collect();
    Folded { edges: direct(nodes.len(), edges), nodes, caption: level.caption().to_owned() }
}

fn node(wave: u32, area: &str, kind: &str, steps: &[&Step]) -> Node {
    let effect = steps.iter().map(|s| s.effect).max().unwrap_or_default();
    let ids = steps.iter().map(|s| s.id).collect();
    if let [one] = steps {
        return Node {
            wave,
            does: format!("{} {}", one.action.symbol(), one.action.word()),
            to: match (one.address.kind(), one.address.name()) {
                (kind, "") => kind.to_owned(),
                (kind, name) => format!("{kind}/{name}"),
            },
            of: if one.address.kind() == "cluster" { String::new() } else { area.to_owned() },
            action: Some(one.action),
            effect,
            steps: ids,
        };
    }
    let mut counts: Vec<(Action, usize)> = Vec::new();
    for step in steps {
        match counts.iter_mut().find(|(a, _)| *a == step.action) {
            Some((_, n)) => *n += 1,
            None => counts.push((step.action, 1)),
        }
    }
    let does: Vec<String> = counts.iter().map(|(a, n)| format!("{} {n} {}", a.symbol(), a.word())).collect();
    Node {
        wave,
        does: does.join(", "),
        to: match kind {
            "" => format!("{} objects", steps.len()),
            kind => format!("{} × {kind}", steps.len()),
        },
        of: area.to_owned(),
        action: match counts.as_slice() {
            [(action, _)] => Some(*action),
            _ => None,
        },
        effect,
        steps: ids,
    }
}

/// The arrows that do not follow from others: whoever waits for b, which waits for a, waits for a too.
fn direct(nodes: usize, edges: Vec<Edge>) -> Vec<Edge> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for edge in &edges {
        if let Some(all) = next.get_mut(edge.from) {
            all.push(edge.to);
        }
    }
    let longer = |from: usize, to: usize| {
        let mut seen = vec![false; nodes];
        let mut stack: Vec<usize> =
            next.get(from).into_iter().flatten().copied().filter(|n| *n != to).collect();
        while let Some(at) = stack.pop() {
            if at == to {
                return true;
            }
            if at == from || seen.get(at).copied().unwrap_or(true) {
                continue;
            }
            if let Some(mark) = seen.get_mut(at) {
                *mark = true;
            }
            stack.extend(next.get(at).into_iter().flatten());
        }
        false
    };
    let (kept, implied): (Vec<Edge>, Vec<Edge>) = edges.into_iter().partition(|e| !longer(e.from, e.to));
    // In a circle each arrow follows from the others; then all are drawn.
    if kept.is_empty() { implied } else { kept }
}
