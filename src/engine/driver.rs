//! The executor as a state machine without any IO: which steps may run now, and what an outcome means for the others.

use std::collections::BTreeMap;

use super::event::{Ending, Event, Failure};
use crate::address::Address;
use crate::plan::{Operation, Plan, StepId};

/// How a started step came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// The effect is proved and remembered.
    Done,
    /// It did not happen.
    Failed(Failure),
    /// In doubt.
    Unknown(String),
    /// Left off because of an interrupt, before anything of it was sent.
    Stopped(String),
}

#[derive(Clone, Debug, PartialEq)]
enum State {
    Waiting,
    Running,
    Ended(Ending),
}

#[derive(Clone, Debug)]
struct Node {
    address: Address,
    needs: Vec<StepId>,
    wave: u32,
    /// Waits only read, and may last long: they take no place among the steps that may run at once.
    waits: bool,
    state: State,
}

/// Runs a plan's steps in an order that its edges allow.
#[derive(Clone, Debug)]
pub struct Driver {
    nodes: BTreeMap<StepId, Node>,
    limit: usize,
    halted: Option<String>,
    /// Gates in order: the phase, and the last wave before it.
    gates: Vec<(String, u32)>,
    /// How many of them are passed.
    passed: usize,
}

impl Driver {
    /// All steps of a plan, at most `limit` of those that write at the same time.
    pub fn new(plan: &Plan, limit: usize) -> Self {
        let nodes = plan
            .steps
            .iter()
            .map(|step| {
                let node = Node {
                    address: step.address.clone(),
                    needs: step.after.iter().map(|(id, _)| *id).collect(),
                    wave: step.wave,
                    waits: matches!(step.operation, Operation::Await(_)),
                    state: State::Waiting,
                };
                (step.id, node)
            })
            .collect();
        let gates = plan.gates.iter().map(|g| (g.phase.clone(), g.after)).collect();
        Self { nodes, limit: limit.max(1), halted: None, gates, passed: 0 }
    }

    /// The last wave whose steps may start: the next gate stands behind it.
    fn last_wave(&self) -> u32 {
        self.gates.get(self.passed).map_or(u32::MAX, |(_, after)| *after)
    }

    /// The next gate, as its position in the plan, once everything before it is done.
    pub fn gate(&self) -> Option<usize> {
        let (_, after) = self.gates.get(self.passed).filter(|_| self.halted.is_none())?;
        let before = self.nodes.values().filter(|n| n.wave <= *after);
        before.clone().all(|n| n.state == State::Ended(Ending::Done)).then_some(self.passed)
    }

    /// What its gate asks for is so: the steps behind it may start.
    pub fn pass(&mut self) {
        self.passed += 1;
    }

    fn done(&self, id: StepId) -> bool {
        self.nodes.get(&id).is_some_and(|n| n.state == State::Ended(Ending::Done))
    }

    /// Steps that may start now, in plan order; they count as running from here on.
    pub fn ready(&mut self) -> Vec<StepId> {
        if self.halted.is_some() {
            return Vec::new();
        }
        let mut free = self
            .limit
            .saturating_sub(self.nodes.values().filter(|n| n.state == State::Running && !n.waits).count());
        let mut ready = Vec::new();
        for (id, node) in &self.nodes {
            if node.state != State::Waiting
                || node.wave > self.last_wave()
                || !node.needs.iter().all(|n| self.done(*n))
            {
                continue;
            }
            if node.waits {
                ready.push(*id);
            } else if free > 0 {
                free -= 1;
                ready.push(*id);
            }
        }
        for id in &ready {
            if let Some(node) = self.nodes.get_mut(id) {
                node.state = State::Running;
            }
        }
        ready
    }

    /// Takes in how a running step came out. Steps that need it, directly or not, and cannot start any more end too.
    pub fn on(&mut self, step: StepId, outcome: StepOutcome) -> Vec<Event> {
        let ending = match outcome {
            StepOutcome::Done => Ending::Done,
            StepOutcome::Failed(failure) => Ending::Failed(failure),
            StepOutcome::Unknown(why) => Ending::Unknown(why),
            StepOutcome::Stopped(why) => Ending::NotStarted(why),
        };
        let mut events = Vec::new();
        if self.nodes.get(&step).is_some_and(|n| n.state == State::Running) {
            self.end(step, ending, &mut events);
            self.spread(&mut events);
        }
        events
    }

    /// Starts nothing from now on; what runs may end. Steps that have not started end with this reason.
    pub fn halt(&mut self, why: &str) -> Vec<Event> {
        let mut events = Vec::new();
        if self.halted.is_none() {
            self.halted = Some(why.to_owned());
            self.spread(&mut events);
        }
        events
    }

    fn end(&mut self, id: StepId, ending: Ending, events: &mut Vec<Event>) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.state = State::Ended(ending.clone());
            events.push(Event::StepEnded { step: id, address: node.address.clone(), ending });
        }
    }

    /// Ends waiting steps that can never start: because of a halt, of a step that did not get done, or because nothing
    /// runs and nothing is ready (an edge to nowhere, a circle: a bug of the planner that must not hang a run).
    fn spread(&mut self, events: &mut Vec<Event>) {
        loop {
            let next = self.nodes.iter().filter(|(_, n)| n.state == State::Waiting).find_map(|(id, node)| {
                if let Some(why) = &self.halted {
                    return Some((*id, why.clone()));
                }
                if let Some(why) = self.behind(node.wave) {
                    return Some((*id, why));
                }
                node.needs.iter().find_map(|needed| match self.nodes.get(needed) {
                    None => Some((*id, "needs a step that is not in the plan".to_owned())),
                    Some(n) => match &n.state {
                        State::Ended(Ending::Done) | State::Waiting | State::Running => None,
                        State::Ended(ending) => {
                            Some((*id, format!("needs `{}`, which is {}", n.address, ending.word())))
                        }
                    },
                })
            });
            let next = next.or_else(|| self.stuck());
            let Some((id, why)) = next else { return };
            self.end(id, Ending::NotStarted(why), events);
        }
    }

    /// Why a wave can never begin: a gate before it waits for a step that did not get done.
    fn behind(&self, wave: u32) -> Option<String> {
        let (phase, after) = self.gates.get(self.passed).filter(|(_, after)| wave > *after)?;
        self.nodes.values().filter(|n| n.wave <= *after).find_map(|n| match &n.state {
            State::Ended(Ending::Done) | State::Waiting | State::Running => None,
            State::Ended(ending) => Some(format!(
                "phase `{phase}` comes before it and is not done: `{}` is {}",
                n.address,
                ending.word()
            )),
        })
    }

    fn stuck(&self) -> Option<(StepId, String)> {
        // Whoever holds the gate decides.
        if self.gate().is_some() {
            return None;
        }
        let moving = self.nodes.values().any(|n| {
            n.state == State::Running
                || (n.state == State::Waiting && n.needs.iter().all(|needed| self.done(*needed)))
        });
        if moving {
            return None;
        }
        self.nodes
            .iter()
            .find(|(_, n)| n.state == State::Waiting)
            .map(|(id, _)| (*id, "needs itself through other steps".to_owned()))
    }

    /// How every step ended, once all have; in plan order.
    pub fn finished(&mut self) -> Option<Vec<(StepId, Ending)>> {
        let mut events = Vec::new();
        if !self.nodes.values().any(|n| n.state == State::Running) {
            self.spread(&mut events);
        }
        self.nodes
            .iter()
            .map(|(id, n)| match &n.state {
                State::Ended(ending) => Some((*id, ending.clone())),
                State::Waiting | State::Running => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
