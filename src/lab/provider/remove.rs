//! Deprovisioning. The VM is known by node and VMID alone; whoever has that VMID now is removed.

use super::super::proxmox::GuestKind;
use super::super::world::Pass;

/// Milliseconds of a hard stop.
const STOP: u64 = 3_000;
/// Milliseconds of a removal, with the poll that notices its end.
const DESTROY: u64 = 5_000;
/// Milliseconds until a failed removal is tried again.
const RETRY: u64 = 30_000;

/// One reconciliation of a request that is to go: first its status goes (and with it the machine in Omni), then the VM.
pub fn remove(pass: &mut Pass<'_>, id: &str) {
    let now = pass.world.now;
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
    let (node, vmid) = (progress.node.clone(), progress.vmid);
    let principal = pass.world.provider.principal.clone();
    let present =
        pass.world.proxmox.guests.get(&vmid).is_some_and(|g| g.kind == GuestKind::Qemu && g.node == node);
    match stage {
        0 if vmid != 0 && present => {
            if pass.world.proxmox.node(&node).is_none_or(|n| !n.online) {
                return fail(pass, id, "unexpected end of JSON input");
            }
            if let Some(guest) = pass.world.proxmox.guests.get_mut(&vmid) {
                guest.started = None;
            }
            pass.world.proxmox.task(&node, ("qmstop", &vmid.to_string(), &principal), (now, STOP), "OK");
            work(pass, id, 1, STOP);
        }
        1 if present => {
            let guest = pass.world.proxmox.guests.get(&vmid);
            if guest.is_some_and(|g| g.protected) {
                return fail(pass, id, &format!("500 can't remove VM {vmid} - protection mode enabled"));
            }
            if let Some(node) = pass.world.proxmox.node_mut(&node) {
                node.images.retain(|i| i.name != format!("user-data-{vmid}.iso"));
            }
            pass.world.proxmox.guests.remove(&vmid);
            pass.world.proxmox.task(
                &node,
                ("qmdestroy", &vmid.to_string(), &principal),
                (now, DESTROY - 1_000),
                "OK",
            );
            work(pass, id, 2, DESTROY);
        }
        _ => {
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
        }
    }
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
    let until = pass.world.now + RETRY;
    pass.world.provider.current = None;
    if let Some(progress) = pass.world.provider.requests.get_mut(id) {
        progress.error = Some(why.to_owned());
        progress.removal.get_or_insert(0);
        progress.due = until;
    }
    pass.wake_at(until);
}
