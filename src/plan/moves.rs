//! `lifecycle.moved`: what the record knows under another address.
//!
//! An id in Omni never changes. So a move is one of two things. Where both addresses name one object (a machine, or what hangs
//! on it by UUID, that stands below another cluster now), the entry of the record gets the new address and nothing is sent.
//! Where the name is the id (a class, a patch), the object is made under its new id and the old one goes after it: the plan
//! shows both requests, ties them together, and does not count the old one as lost. What would lose machines is refused where
//! the section is read.

use std::collections::{BTreeMap, BTreeSet};

use super::scene::Scene;
use super::{Action, Draft, Moved, Operation, PlanInput, Unchanged, Warning, codes};
use crate::address::Address;
use crate::diff::remembered;
use crate::graph::Move;
use crate::resource::Resource;
use crate::state::model::Record;
use crate::untrusted::Untrusted;

/// The moves of one plan, settled against record and files.
pub(super) struct Moves<'a> {
    /// The record with the entries under their new addresses; `None` where none moves.
    record: Option<Record>,
    /// Old address by new one: entries of the record.
    entries: BTreeMap<Address, Address>,
    /// Old address by new one: objects that are made under another id.
    anew: BTreeMap<Address, Address>,
    /// What is wrong with others.
    refused: Vec<Warning>,
    /// Moves without anything to move, with whether the new address is known.
    idle: Vec<(&'a Move, bool)>,
}

impl<'a> Moves<'a> {
    /// Settles what the spec declares. Without a record nothing is known under any address, and a removal by address moves
    /// nothing.
    pub(super) fn new(input: &PlanInput<'a>) -> Self {
        let mut out = Self {
            record: None,
            entries: BTreeMap::new(),
            anew: BTreeMap::new(),
            refused: Vec::new(),
            idle: Vec::new(),
        };
        let desired = input.desired;
        let Some(record) = input.record.filter(|_| desired.removal.is_none()) else { return out };
        let clusters = desired.clusters.iter().flat_map(|c| &c.resources);
        let declared: BTreeMap<&Address, &Resource> =
            desired.classes.iter().chain(clusters).map(|d| (&d.address, &d.resource)).collect();
        let by_from: BTreeMap<&Address, &Move> =
            desired.lifecycle.moved.iter().map(|m| (&m.from, m)).collect();
        let mut taken: BTreeSet<&Address> = BTreeSet::new();
        for entry in &desired.lifecycle.moved {
            // Two moves in a row are one: environments may be at any of the three addresses.
            let to = last(entry, &by_from);
            let Some(old) = record.entries.get(&entry.from) else {
                out.idle.push((entry, record.entries.contains_key(to)));
                continue;
            };
            let Some(wanted) = declared.get(to) else {
                out.refused.push(refusal(entry, to, "the files do not declare it", "declare it under its new address, or take the entry out; what the record holds is otherwise removed as any other thing"));
                continue;
            };
            if declared.contains_key(&entry.from) {
                out.refused.push(refusal(
                    entry,
                    &entry.from,
                    "the files still declare it under its old address",
                    "an object has one address: declare it once",
                ));
                continue;
            }
            if !taken.insert(to) {
                out.refused.push(refusal(
                    entry,
                    to,
                    "the record knows two things that would both get this address",
                    "take the entry of the older one out; it is then removed as any other thing",
                ));
                continue;
            }
            if old.id.as_ref() == Some(&wanted.id) {
                out.entries.insert(to.clone(), entry.from.clone());
            } else if let Some(why) = old.applied.as_ref().and_then(|was| elsewhere(was, wanted)) {
                out.refused.push(refusal(
                    entry,
                    to,
                    why,
                    "take the entry out: it is another object, and the old one is removed as any other thing",
                ));
            } else {
                out.anew.insert(to.clone(), entry.from.clone());
            }
        }
        if !out.entries.is_empty() {
            let mut moved = record.clone();
            for (to, from) in &out.entries {
                if let Some(entry) = moved.entries.remove(from) {
                    // A run that was stopped between the write and its record may have left both.
                    moved.entries.entry(to.clone()).or_insert(entry);
                }
            }
            out.record = Some(moved);
        }
        out
    }

    /// The record to plan with.
    pub(super) fn record<'s>(&'s self, input: &PlanInput<'s>) -> Option<&'s Record> {
        self.record.as_ref().or(input.record)
    }

    /// Marks the steps that carry a move out. An entry whose object needs nothing else gets a step of its own.
    pub(super) fn mark<'d>(
        &self,
        scene: &Scene<'d>,
        drafts: &mut Vec<Draft<'d>>,
        unchanged: &mut Vec<Unchanged>,
    ) {
        for (to, from) in &self.entries {
            let step = drafts.iter_mut().find(|d| d.address == *to && !d.is_removal());
            if let Some(draft) = step {
                draft.moved = Some(Moved::EntryFrom(from.clone()));
                draft.notes.push(format!("the record knows it as `{from}` until now"));
                if draft.action == Action::Adopt {
                    draft.action = Action::Move;
                }
                continue;
            }
            let Some(at) = unchanged.iter().position(|u| u.address == *to && u.status == "unchanged") else {
                continue;
            };
            let Some(declared) = scene.desired.get(to).copied() else { continue };
            unchanged.remove(at);
            let wanted = &declared.resource;
            let mut draft = Draft::new(to, Action::Move, Operation::Record(wanted.clone()));
            draft.live = scene.live(&wanted.id);
            draft.wanted = Some(wanted);
            draft.record = Some(remembered(wanted, scene.input.key));
            draft.source.clone_from(&declared.source);
            draft.moved = Some(Moved::EntryFrom(from.clone()));
            draft.notes.push(format!("the record knows it as `{from}` until now; nothing is sent"));
            drafts.push(draft);
        }
        for (to, from) in &self.anew {
            if let Some(new) = drafts.iter_mut().find(|d| d.address == *to && !d.is_removal()) {
                new.moved = Some(Moved::MadeFor(from.clone()));
                new.notes.push(format!(
                    "moved from `{from}`: Omni changes no ids, so it is made under its new one, and the old one goes after it"
                ));
            }
            let goes = |d: &&mut Draft<'_>| d.address == *from && d.is_removal();
            if let Some(old) = drafts.iter_mut().find(goes) {
                old.moved = Some(Moved::MadeAs(to.clone()));
                old.notes.push(format!("moved to `{to}`"));
            }
        }
    }

    /// What people must know of moves: those that cannot be, and those that have nothing left to do.
    pub(super) fn findings(&self, input: &PlanInput<'_>, drafts: &[Draft<'_>]) -> Vec<Warning> {
        let mut out = self.refused.clone();
        for (entry, known) in &self.idle {
            let (from, to) = (&entry.from, &entry.to);
            let place = place(entry);
            let there = input.desired.lifecycle.moved.iter().any(|m| m.from == *to);
            let (message, help) = if *known || there {
                (
                    format!("`lifecycle.moved` takes `{from}` to `{to}`{place}, and that is done"),
                    "take the entry out of the spec, unless another record still has the old address",
                )
            } else {
                // A typing error here would end in a removal that nobody meant.
                let goes = drafts.iter().any(|d| d.is_removal() && d.address.kind() == from.kind());
                (
                    format!(
                        "`lifecycle.moved` takes `{from}` to `{to}`{place}, and the record knows neither"
                    ),
                    if goes {
                        "look for a typing error: this plan removes things of that kind"
                    } else {
                        "look for a typing error, or take the entry out"
                    },
                )
            };
            out.push(Warning {
                code: codes::NOT_MOVED.to_owned(),
                address: Some(to.clone()),
                message,
                help: Some(help.to_owned()),
                info: *known || there,
                ..Warning::default()
            });
        }
        out
    }
}

/// Where a chain of moves ends. The reader refuses circles.
fn last<'m>(first: &'m Move, by_from: &BTreeMap<&Address, &'m Move>) -> &'m Address {
    let mut to = &first.to;
    for _ in 0..by_from.len() {
        match by_from.get(to) {
            Some(next) => to = &next.to,
            None => break,
        }
    }
    to
}

/// Why a configuration is not the same under another id: it is for other machines.
fn elsewhere(was: &Resource, wanted: &Resource) -> Option<&'static str> {
    let of = |r: &Resource| {
        ["cluster", "machine-set", "cluster-machine"].map(|label| r.omni_label(label).map(str::to_owned))
    };
    (of(was) != of(wanted)).then_some("it is for other machines than the one that the record has")
}

fn place(entry: &Move) -> String {
    entry.source.as_deref().map_or(String::new(), |s| format!(" ({})", Untrusted::new(s).line(200)))
}

fn refusal(entry: &Move, address: &Address, why: &str, help: &str) -> Warning {
    let (from, to) = (&entry.from, &entry.to);
    Warning {
        code: codes::NOT_MOVED.to_owned(),
        address: Some(address.clone()),
        message: format!("`{from}` cannot move to `{to}`{}: {why}", place(entry)),
        blocks: true,
        help: Some(help.to_owned()),
        ..Warning::default()
    }
}
