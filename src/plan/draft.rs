//! A step before it has its number.

use super::{Action, Affected, Change, Lost, Moved, Operation};
use crate::address::Address;
use crate::graph::Wave;
use crate::kinds::{Certainty, Effect};
use crate::resource::{LiveResource, Resource};

/// A step in the making.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    pub(super) address: Address,
    pub(super) action: Action,
    pub(super) wave: Wave,
    /// Number of the phase of the spec that it is done in, from 1; 0: before any.
    pub(super) phase: usize,
    pub(super) operation: Operation,
    pub(super) changes: Vec<Change>,
    pub(super) effect: Effect,
    pub(super) certainty: Certainty,
    pub(super) notes: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) record: Option<Resource>,
    /// What is there, if something is.
    pub(super) live: Option<&'a LiveResource>,
    /// What is wanted, if something is.
    pub(super) wanted: Option<&'a Resource>,
    /// Machines that it touches.
    pub(super) affects: Vec<Affected>,
    /// Machines that it deletes.
    pub(super) lost: Vec<Lost>,
    /// What `lifecycle.moved` says of it.
    pub(super) moved: Option<Moved>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(address: &Address, action: Action, operation: Operation) -> Self {
        let wave = match action {
            Action::Destroy | Action::Release => Wave::of_removal(address),
            Action::Forget => Wave::ClassesGone,
            _ => Wave::of(address),
        };
        Self {
            address: address.clone(),
            action,
            wave,
            phase: 0,
            operation,
            changes: Vec::new(),
            effect: Effect::None,
            certainty: Certainty::Derived,
            notes: Vec::new(),
            source: None,
            record: None,
            live: None,
            wanted: None,
            affects: Vec::new(),
            lost: Vec::new(),
            moved: None,
        }
    }
    /// The resource in question: what is wanted, else what is there.
    pub(super) fn subject(&self) -> Option<&'a Resource> {
        self.wanted.or(self.live.map(|l| &l.resource))
    }
    /// Short type of the resource in question.
    pub(super) fn kind(&self) -> &'a str {
        self.subject().map_or("", |r| r.id.short_kind())
    }
    /// Whether nothing is sent.
    pub(super) fn is_record_only(&self) -> bool {
        matches!(self.operation, Operation::Record(_) | Operation::Drop | Operation::Await(_))
    }
    /// Whether something goes or is only forgotten.
    pub(super) fn is_removal(&self) -> bool {
        matches!(self.action, Action::Destroy | Action::Release | Action::Forget)
    }
    /// Names the machines that go with it.
    pub(super) fn lose(&mut self, machines: Vec<Affected>) {
        self.lost = machines
            .iter()
            .map(|m| Lost {
                address: self.address.clone(),
                machine: m.machine.clone(),
                vm: m.vm.clone(),
                effect: m.effect,
                predicted: m.predicted,
            })
            .collect();
        self.affects = machines;
    }
    /// Raises the effect; of equal ones the less certain counts.
    pub(super) fn raise(&mut self, effect: Effect, certainty: Certainty) {
        if effect > self.effect {
            self.effect = effect;
            self.certainty = certainty;
        } else if effect == self.effect && effect != Effect::None {
            self.certainty = self.certainty.max(certainty);
        }
    }
}
