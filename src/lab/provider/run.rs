//! Whose turn it is: one request after another, from one wait to the next.

use serde_json::json;

use super::super::labels;
use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::client::Client;
use super::log::{Said, say};
use super::state::{Progress, Step, record};
use super::steps::{self, End};
use super::{data, remove};

/// Milliseconds between attempts.
const RETRY: u64 = 60_000;
/// Milliseconds of work on a step: more than a second, so that no two machines are of the same age.
const WORK: u64 = 1_500;
/// Milliseconds until work that a change asks for begins.
const AT_ONCE: u64 = 30;

/// One look at the requests.
pub fn run(pass: &mut Pass<'_>) {
    if !alive(pass) {
        return;
    }
    take(pass);
    let now = pass.world.now;
    if pass.world.provider.busy > now {
        let busy = pass.world.provider.busy;
        pass.wake_at(busy);
        return;
    }
    let Some(id) = next(pass) else { return };
    // Others may be due as well, and working on this one need not change anything that anybody sees.
    pass.wake_at(now + 1);
    let request = pass.get("MachineRequests", &id);
    match request {
        None => {
            pass.world.provider.requests.remove(&id);
        }
        Some(request) if request.tearing_down() => remove::remove(pass, &id),
        Some(request) => {
            let done = pass.world.provider.requests.get(&id).is_none_or(|p| p.step == Step::Done);
            if !done {
                advance(pass, &request);
            }
        }
    }
}

/// Whether the provider runs: with its container and the node below it.
pub fn alive(pass: &Pass<'_>) -> bool {
    let world = &pass.world;
    let Some(guest) = world.proxmox.guests.get(&world.provider.container) else { return false };
    world.provider.published
        && guest.started.is_some()
        && world.proxmox.node(&guest.node).is_some_and(|n| n.online)
}

/// Notices new requests and those that are to go.
fn take(pass: &mut Pass<'_>) {
    let (id, controller) = (pass.world.provider.id.clone(), pass.world.provider.controller());
    let now = pass.world.now;
    for request in pass.labelled("MachineRequests", labels::PROVIDER, &id) {
        let name = request.key.id.clone();
        if request.tearing_down() {
            if !pass.world.provider.requests.contains_key(&name) {
                pass.release("MachineRequests", &name, &[controller.as_str()]);
            }
            continue;
        }
        if !pass.world.provider.requests.contains_key(&name) {
            pass.world.provider.seen += 1;
            let number = pass.world.provider.seen;
            pass.world.provider.requests.insert(name, Progress { number, due: now, ..Progress::default() });
        }
    }
}

/// The request to work on now: the current one until it waits, then the first that is due.
fn next(pass: &mut Pass<'_>) -> Option<String> {
    let now = pass.world.now;
    if let Some(current) = pass.world.provider.current.clone() {
        if pass.world.provider.requests.get(&current).is_some_and(|p| p.due <= now) {
            return Some(current);
        }
        pass.world.provider.current = None;
    }
    let mut best: Option<(u64, u64, String)> = None;
    let mut wakes = Vec::new();
    for (name, progress) in &pass.world.provider.requests {
        let request = pass.store.get(&Key::of("MachineRequests", name));
        let going = request.as_ref().is_none_or(|r| r.tearing_down());
        if progress.step == Step::Done && !going {
            continue;
        }
        let held = |s: std::sync::Arc<Resource>| s.tearing_down() && !s.finalizers.is_empty();
        if going && progress.removal.is_none() && pass.get("MachineRequestStatuses", name).is_some_and(held) {
            // Omni holds the status until the machine has left its cluster; its release is a write that wakes us.
            continue;
        }
        let due = if going && progress.removal.is_none() { now } else { progress.due };
        if due > now {
            wakes.push(due);
            continue;
        }
        let rank = (due, progress.number, name.clone());
        if best.as_ref().is_none_or(|b| rank < *b) {
            best = Some(rank);
        }
    }
    for at in wakes {
        pass.wake_at(at);
    }
    best.map(|(_, _, name)| name)
}

/// Writes the request's status.
pub fn publish(pass: &Pass<'_>, request: &Resource, stage: u32, text: &str) {
    let provider = &pass.world.provider;
    // The machine's id is told with the order of its VM.
    let ordered = provider.requests.get(&request.key.id).filter(|p| p.vmid != 0).map(|p| p.uuid.clone());
    let id = ordered.unwrap_or_else(|| {
        let known = pass.get("MachineRequestStatuses", &request.key.id);
        known.map(|s| s.text("/id").to_owned()).unwrap_or_default()
    });
    let mut status = Resource::new(
        Key::of("MachineRequestStatuses", &request.key.id),
        lean(json!({ "id": id, "stage": stage, "status": text })),
    )
    .owned_by(&provider.controller())
    .label(labels::PROVIDER, &provider.id);
    if let Some(set) = request.labelled(labels::REQUEST_SET) {
        status = status.label(labels::REQUEST_SET, set);
    }
    pass.put(status);
}

fn advance(pass: &mut Pass<'_>, request: &Resource) {
    let id = request.key.id.clone();
    let controller = pass.world.provider.controller();
    if !request.finalizers.contains(&controller) {
        pass.hold(request, &[controller.as_str()]);
        publish(pass, request, 1, "");
        pass.world.provider.current = Some(id.clone());
        say(pass, &id, &Said::Started);
        begin(pass, &id, 700);
        return;
    }
    let Some(known) = pass.world.provider.requests.get(&id).cloned() else { return };
    let talos = request.text("/talos_version").to_owned();
    match step(pass, request, &known) {
        End::Passed => {
            let next = known.step.next();
            if let Some(progress) = pass.world.provider.requests.get_mut(&id) {
                (progress.step, progress.stored) = (next, Some(known.step));
            }
            record(pass, &id, &talos);
            if next == Step::Done {
                publish(pass, request, 2, &next.text());
                say(pass, &id, &Said::Finished);
                say(pass, &id, &Said::Succeeded(None));
                pass.world.provider.current = None;
            } else {
                publish(pass, request, 1, &known.step.text());
                begin(pass, &id, WORK);
            }
        }
        End::Again(after) => {
            if let Some(progress) = pass.world.provider.requests.get_mut(&id) {
                progress.stored = Some(known.step);
            }
            publish(pass, request, 1, &known.step.text());
            record(pass, &id, &talos);
            say(pass, &id, &Said::Succeeded(Some(after as f64 / 1000.0)));
            wait(pass, &id, after);
        }
        End::Failed(why) => {
            say(pass, &id, &Said::Failed(known.step.name(), &why));
            say(pass, &id, &Said::Unsuccessful(&why, RETRY as f64 / 1000.0, true));
            if let Some(progress) = pass.world.provider.requests.get_mut(&id) {
                progress.step = known.stored.unwrap_or_default();
            }
            wait(pass, &id, RETRY);
        }
    }
}

fn step(pass: &mut Pass<'_>, request: &Resource, known: &Progress) -> End {
    let id = request.key.id.as_str();
    say(pass, id, &Said::Step(known.step.name()));
    let data = match data::read(request.text("/provider_data")) {
        Ok(data) => data,
        Err(why) => return End::Failed(why),
    };
    let mut client = Client { pass, id };
    let tried = match known.step {
        Step::PickNode => steps::pick_node(&mut client, request, &data, known),
        Step::CreateSchematic => steps::create_schematic(&mut client, request),
        Step::UploadIso => steps::upload_iso(&mut client, request, known),
        Step::SyncVm => steps::sync_vm(&mut client, request, &data, known),
        Step::StartVm | Step::Done => steps::start_vm(&mut client, request, &data, known),
    };
    tried.unwrap_or_else(End::Failed)
}

/// Works for some time.
fn begin(pass: &mut Pass<'_>, id: &str, takes: u64) {
    let until = pass.world.now + takes;
    pass.world.provider.busy = until;
    pass.world.provider.current = Some(id.to_owned());
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.due = until;
    }
    pass.wake_at(until);
}

/// Leaves a request for this many milliseconds; for none the first time, since taking it changed it.
fn wait(pass: &mut Pass<'_>, id: &str, after: u64) {
    let mut until = pass.world.now + after;
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        if !progress.again {
            (progress.again, until) = (true, pass.world.now + AT_ONCE);
        }
        progress.due = until;
    }
    pass.world.provider.current = None;
    pass.wake_at(until);
}
