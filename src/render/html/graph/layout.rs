//! Where boxes stand: in columns, so that every arrow leads to the right, and in an order with few crossings.
//!
//! The usual layered drawing: columns by the longest way to a box (no box stands left of an earlier wave), places for
//! arrows in every column that they pass, an order by the mean place of the neighbours, and rows near the neighbours' rows.

use petgraph::algo::greedy_feedback_arc_set;
use petgraph::graph::NodeIndex;
use petgraph::stable_graph::StableDiGraph;
use petgraph::visit::EdgeRef as _;

use super::fold::Folded;

/// Width of a box.
pub(super) const WIDTH: f64 = 214.0;
/// Height of a box.
pub(super) const HEIGHT: f64 = 58.0;
/// Room between columns, for arrows.
const GAP: f64 = 42.0;
/// Room between boxes of a column.
const ROW: f64 = 16.0;
/// Room that a passing arrow takes.
const LANE: f64 = 14.0;
/// Room above the boxes, for the heads of columns.
pub(super) const TOP: f64 = 44.0;
/// Room around everything.
pub(super) const EDGE: f64 = 12.0;

/// Where everything is.
#[derive(Clone, Debug, Default)]
pub(super) struct Laid {
    /// Upper left corner of each box.
    pub(super) boxes: Vec<(f64, f64)>,
    /// Of each arrow the points that it passes through: end of a box, lanes, begin of a box.
    pub(super) arrows: Vec<Vec<(f64, f64)>>,
    /// Wave, left end and right end.
    pub(super) bands: Vec<(u32, f64, f64)>,
    /// Width of all.
    pub(super) width: f64,
    /// Height of all.
    pub(super) height: f64,
}

/// A place in a column: a box, or the lane of an arrow.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Slot {
    /// Index of the box, where it is one.
    node: Option<usize>,
    /// Middle.
    y: f64,
}

/// Lays boxes and arrows out.
pub(super) fn lay(folded: &Folded) -> Laid {
    let columns = columns(folded);
    let count = columns.iter().max().map_or(0, |c| c + 1);
    let mut grid: Vec<Vec<Slot>> = vec![Vec::new(); count];
    let mut place: Vec<(usize, usize)> = Vec::new();
    for (node, &column) in columns.iter().enumerate() {
        if let Some(slots) = grid.get_mut(column) {
            place.push((column, slots.len()));
            slots.push(Slot { node: Some(node), y: 0.0 });
        }
    }
    // Chains of slots, one for each arrow; one that leads to the left (a circle of folded boxes) has no lanes.
    let chains: Vec<Vec<(usize, usize)>> = folded
        .edges
        .iter()
        .filter_map(|edge| {
            let (from, to) = (*place.get(edge.from)?, *place.get(edge.to)?);
            let mut chain = vec![from];
            for column in from.0 + 1..to.0 {
                let slots = grid.get_mut(column)?;
                chain.push((column, slots.len()));
                slots.push(Slot { node: None, y: 0.0 });
            }
            chain.push(to);
            Some(chain)
        })
        .collect();
    let links = Links::new(&grid, &chains);
    arrange(&mut grid, &links);
    finish(folded, &columns, &grid, &place, &chains)
}

/// The column of each box.
fn columns(folded: &Folded) -> Vec<usize> {
    let mut graph: StableDiGraph<(), ()> = StableDiGraph::new();
    let indices: Vec<NodeIndex> = folded.nodes.iter().map(|_| graph.add_node(())).collect();
    for edge in &folded.edges {
        if let (Some(&from), Some(&to)) = (indices.get(edge.from), indices.get(edge.to)) {
            graph.add_edge(from, to, ());
        }
    }
    // Boxes of many steps may wait for each other; arrows that close a circle do not count for columns.
    let circle: Vec<_> = greedy_feedback_arc_set(&graph).map(|e| e.id()).collect();
    for edge in circle {
        graph.remove_edge(edge);
    }
    let order = petgraph::algo::toposort(&graph, None).unwrap_or_else(|_| indices.clone());
    let mut column = vec![0usize; folded.nodes.len()];
    let waves: std::collections::BTreeSet<u32> = folded.nodes.iter().map(|n| n.wave).collect();
    let mut first = 0;
    for wave in waves {
        let mut end = first;
        for node in &order {
            let at = node.index();
            if folded.nodes.get(at).is_none_or(|n| n.wave != wave) {
                continue;
            }
            let before = graph.neighbors_directed(*node, petgraph::Direction::Incoming);
            let own =
                before.filter_map(|b| column.get(b.index()).map(|c| c + 1)).max().unwrap_or(0).max(first);
            if let Some(slot) = column.get_mut(at) {
                *slot = own;
            }
            end = end.max(own);
        }
        first = end + 1;
    }
    column
}

/// Which slots an arrow connects.
struct Links {
    /// By column and slot: slots of the column to the left.
    left: Vec<Vec<Vec<usize>>>,
    /// By column and slot: slots of the column to the right.
    right: Vec<Vec<Vec<usize>>>,
}

impl Links {
    fn new(grid: &[Vec<Slot>], chains: &[Vec<(usize, usize)>]) -> Self {
        let empty: Vec<Vec<Vec<usize>>> = grid.iter().map(|c| vec![Vec::new(); c.len()]).collect();
        let mut links = Self { left: empty.clone(), right: empty };
        for chain in chains {
            for pair in chain.windows(2) {
                let [(a, i), (b, j)] = *pair else { continue };
                if a + 1 != b {
                    continue;
                }
                if let Some(all) = links.right.get_mut(a).and_then(|c| c.get_mut(i)) {
                    all.push(j);
                }
                if let Some(all) = links.left.get_mut(b).and_then(|c| c.get_mut(j)) {
                    all.push(i);
                }
            }
        }
        links
    }
}

fn room(slot: &Slot) -> f64 {
    if slot.node.is_some() { HEIGHT + ROW } else { LANE }
}

/// Gives every slot its middle: sweeps to the right and to the left, each slot drawn towards its neighbours.
fn arrange(grid: &mut [Vec<Slot>], links: &Links) {
    for slots in grid.iter_mut() {
        stack(slots, None);
    }
    for sweep in 0..12 {
        let right = sweep % 2 == 0;
        let order: Vec<usize> =
            if right { (0..grid.len()).collect() } else { (0..grid.len()).rev().collect() };
        for column in order {
            let (neighbours, other) = if right {
                (links.left.get(column), column.checked_sub(1))
            } else {
                (links.right.get(column), Some(column + 1))
            };
            let near: Vec<f64> =
                other.and_then(|o| grid.get(o)).map(|c| c.iter().map(|s| s.y).collect()).unwrap_or_default();
            let Some(slots) = grid.get_mut(column) else { continue };
            let wanted: Vec<f64> = slots
                .iter()
                .enumerate()
                .map(|(i, slot)| {
                    let all: Vec<f64> = neighbours
                        .and_then(|n| n.get(i))
                        .into_iter()
                        .flatten()
                        .filter_map(|j| near.get(*j).copied())
                        .collect();
                    if all.is_empty() { slot.y } else { all.iter().sum::<f64>() / all.len() as f64 }
                })
                .collect();
            stack(slots, Some(&wanted));
        }
    }
}

/// Puts slots below each other in the order of what they want, none over another, and as near to it as that allows.
fn stack(slots: &mut [Slot], wanted: Option<&[f64]>) {
    let want = |i: usize| wanted.and_then(|w| w.get(i)).copied().unwrap_or(0.0);
    let mut order: Vec<usize> = (0..slots.len()).collect();
    order.sort_by(|a, b| want(*a).total_cmp(&want(*b)));
    // Runs of slots that touch stand around the mean of what they want (pool adjacent violators).
    let mut runs: Vec<(Vec<usize>, f64, f64)> = Vec::new();
    for i in order {
        let Some(height) = slots.get(i).map(room) else { continue };
        runs.push((vec![i], want(i) - height / 2.0, height));
        while let [.., (_, top, height), (_, next, _)] = runs.as_slice()
            && top + height > *next
        {
            let (Some(last), Some(first)) = (runs.pop(), runs.pop()) else { break };
            let (n, k) = (first.0.len() as f64, last.0.len() as f64);
            // What the last wants of the beginning of both.
            let top = (first.1 * n + (last.1 - first.2) * k) / (n + k);
            let members = first.0.into_iter().chain(last.0).collect();
            runs.push((members, top, first.2 + last.2));
        }
    }
    for (members, mut y, _) in runs {
        for i in members {
            if let Some(slot) = slots.get_mut(i) {
                slot.y = y + room(slot) / 2.0;
                y += room(slot);
            }
        }
    }
}

fn finish(
    folded: &Folded,
    columns: &[usize],
    grid: &[Vec<Slot>],
    place: &[(usize, usize)],
    chains: &[Vec<(usize, usize)>],
) -> Laid {
    let least = grid.iter().flatten().map(|s| s.y - room(s) / 2.0).fold(f64::INFINITY, f64::min);
    let most = grid.iter().flatten().map(|s| s.y + room(s) / 2.0).fold(0.0, f64::max);
    let shift = if least.is_finite() { TOP - least } else { TOP };
    let left = |column: usize| EDGE + column as f64 * (WIDTH + GAP);
    let middle = |(column, slot): (usize, usize)| {
        grid.get(column).and_then(|c| c.get(slot)).map_or(0.0, |s| s.y + shift)
    };
    let boxes = place.iter().map(|p| (left(p.0), middle(*p) - HEIGHT / 2.0)).collect();
    let arrows = chains
        .iter()
        .map(|chain| {
            let last = chain.len().saturating_sub(1);
            let mut points = Vec::new();
            for (i, slot) in chain.iter().enumerate() {
                let (x, y) = (left(slot.0), middle(*slot));
                if i > 0 {
                    points.push((x, y));
                }
                if i < last {
                    points.push((x + WIDTH, y));
                }
            }
            points
        })
        .collect();
    let mut bands: Vec<(u32, f64, f64)> = Vec::new();
    let mut ends: std::collections::BTreeMap<u32, (usize, usize)> = std::collections::BTreeMap::new();
    for (node, &column) in folded.nodes.iter().zip(columns) {
        let (first, last) = ends.entry(node.wave).or_insert((column, column));
        (*first, *last) = ((*first).min(column), (*last).max(column));
    }
    for (wave, (first, last)) in ends {
        bands.push((wave, left(first) - EDGE / 2.0, left(last) + WIDTH + EDGE / 2.0));
    }
    Laid {
        boxes,
        arrows,
        bands,
        width: left(grid.len().saturating_sub(1)) + WIDTH + EDGE,
        height: most + shift + EDGE,
    }
}
