//! Deprovisioning. The VM is known by node and VMID alone; whoever has that VMID now is removed.

use serde_json::Value;

use super::super::world::Pass;
use super::client::Client;
use super::log::{Said, say};
use super::state::Progress;
use super::steps::{TAG, image_storage, twice};

/// Milliseconds between looks at a task.
const POLL: u64 = 5_000;
/// Milliseconds until the first new attempt; each following waits half as long again, up to a minute.
const RETRY: f64 = 500.0;
const LONGEST: f64 = 60_000.0;

enum End {
    Done,
    /// The next stage follows after this many milliseconds.
    Next(u64),
    /// The task still runs.
    Again,
}

/// One reconciliation of a request that is to go: first its status goes (and with it the machine in Omni), then the VM.
pub fn remove(pass: &mut Pass<'_>, id: &str) {
    let Some(progress) = pass.world.provider.requests.get(id).cloned() else { return };
    let stage = progress.removal.unwrap_or(0);
    if let (0, Some(status)) = (stage, pass.get("MachineRequestStatuses", id)) {
        pass.teardown("MachineRequestStatuses", id);
        let released = pass.get("MachineRequestStatuses", id).is_none_or(|s| s.finalizers.is_empty());
        if !released || !status.tearing_down() {
            // Omni holds it until the machine has left its cluster; nothing else is held up by that.
            return;
        }
        pass.destroy("MachineRequestStatuses", id);
    }
    let mut client = Client { pass, id };
    let end = match stage {
        0 => stop(&mut client, &progress),
        1 => destroy(&mut client, &progress),
        _ => finish(&mut client, &progress),
    };
    match end {
        Ok(End::Done) => forget(pass, id, &progress),
        Ok(End::Next(after)) => work(pass, id, stage + 1, after),
        Ok(End::Again) => work(pass, id, stage, POLL),
        Err(why) if why.contains("does not exist") => forget(pass, id, &progress),
        Err(why) => fail(pass, id, &why),
    }
}

fn vm(progress: &Progress) -> String {
    format!("/nodes/{}/qemu/{}", progress.node, progress.vmid)
}

fn begun(client: &mut Client<'_, '_>, upid: &Value) {
    let upid = upid.as_str().unwrap_or_default().to_owned();
    if let Some(progress) = client.pass.world.provider.requests.get_mut(client.id) {
        progress.removing = upid;
    }
}

/// Switches the VM off.
fn stop(client: &mut Client<'_, '_>, progress: &Progress) -> Result<End, String> {
    if progress.vmid == 0 {
        return Ok(End::Done);
    }
    if progress.node.is_empty() {
        return Err("VM is missing the node information".to_owned());
    }
    let vm = vm(progress);
    client.glance(&format!("/nodes/{}/status", progress.node))?;
    client.get(&format!("{vm}/status/current"))?;
    client.get(&format!("{vm}/config"))?;
    let upid = client.post(&format!("{vm}/status/stop"), Value::Null)?;
    begun(client, &upid);
    Ok(End::Next(POLL))
}

/// Removes what it joined with, then the VM.
fn destroy(client: &mut Client<'_, '_>, progress: &Progress) -> Result<End, String> {
    if client.task(&progress.removing)?.is_none() {
        return Ok(End::Again);
    }
    let (node, vmid) = (progress.node.as_str(), progress.vmid);
    let guests = &client.pass.world.proxmox.guests;
    // As it was read before the stop.
    let tagged = guests.get(&vmid).is_some_and(|g| g.tags.iter().any(|t| t == TAG));
    if tagged {
        client.glance(&format!("/nodes/{node}/status"))?;
        let storage = image_storage(client, node)?;
        let volume = format!("/nodes/{node}/storage/{storage}/content/{storage}:iso/user-data-{vmid}.iso");
        if client.get(&volume).is_ok() {
            let upid = client.delete(&volume)?;
            twice(client, &upid)?;
        }
    }
    let upid = client.delete(&vm(progress))?;
    begun(client, &upid);
    Ok(End::Next(POLL))
}

fn finish(client: &mut Client<'_, '_>, progress: &Progress) -> Result<End, String> {
    Ok(if client.task(&progress.removing)?.is_none() { End::Again } else { End::Done })
}

/// Nothing is left of the request.
fn forget(pass: &mut Pass<'_>, id: &str, progress: &Progress) {
    say(pass, id, &Said::Deprovisioned);
    say(pass, id, &Said::Succeeded(None));
    pass.world.provider.requests.remove(id);
    pass.world.provider.current = None;
    if !progress.uuid.is_empty() {
        pass.world.machines.remove(&progress.uuid);
    }
    let key = pass.world.provider.state_key(id);
    // Nothing else holds the provider's own state.
    let _gone = pass.store.destroy(&key);
    let controller = pass.world.provider.controller();
    pass.release("MachineRequests", id, &[controller.as_str()]);
    pass.forget(&super::super::labels::joined(id));
}

fn work(pass: &mut Pass<'_>, id: &str, stage: u64, takes: u64) {
    let until = pass.world.now + takes;
    pass.world.provider.busy = until;
    pass.world.provider.current = Some(id.to_owned());
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        (progress.removal, progress.due) = (Some(stage), until);
    }
    pass.wake_at(until);
}

fn fail(pass: &mut Pass<'_>, id: &str, why: &str) {
    let Some(progress) = pass.world.provider.requests.get(id) else { return };
    // The status that went changes the request, so that the second attempt follows at once.
    let wait = (RETRY * 1.5_f64.powi(i32::try_from(progress.failures).unwrap_or(30).min(30))).min(LONGEST);
    let until = pass.world.now + if progress.failures == 0 { 20 } else { wait as u64 };
    say(pass, id, &Said::Unsuccessful(why, wait / 1000.0, false));
    pass.world.provider.current = None;
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.failures += 1;
        progress.removal = Some(0);
        progress.due = until;
    }
    pass.wake_at(until);
}
