//! Machines themselves: what they were doing ends, and the next thing begins.

use super::super::machine::{Doing, time};
use super::super::world::Pass;

/// Lets every machine go on.
pub fn run(pass: &mut Pass<'_>) {
    let now = pass.world.now;
    let mut wakes = Vec::new();
    let mut names = Vec::new();
    for machine in pass.world.machines.values_mut() {
        if let Some(silent) = machine.silent_since {
            if now < silent + time::SILENCE {
                wakes.push(silent + time::SILENCE);
            }
            // A machine that nobody hears may do what it likes; nothing of it is seen.
            continue;
        }
        let Some(until) = machine.until else { continue };
        if until > now {
            wakes.push(until);
            continue;
        }
        match machine.doing {
            Doing::Booting if machine.config.is_none() => machine.rest(Doing::Maintenance, now),
            Doing::Installing => {
                machine.begin(Doing::Configuring, now, time::CONFIGURE);
                wakes.push(now + time::CONFIGURE);
            }
            Doing::Configuring => {
                machine.rest(Doing::Running, now);
                names.push(machine.uuid.clone());
            }
            Doing::Upgrading => {
                machine.begin(Doing::Rebooting, now, time::REBOOT);
                wakes.push(now + time::REBOOT);
            }
            Doing::Resetting => {
                machine.config = None;
                machine.hostname.clone_from(&machine.uuid);
                machine.rest(Doing::Maintenance, now);
            }
            Doing::Booting | Doing::Rebooting | Doing::Running | Doing::Maintenance => {
                machine.rest(Doing::Running, now);
            }
        }
    }
    for uuid in names {
        let name = format!("talos-{}-{}", pass.world.random.letters(3), pass.world.random.letters(3));
        if let Some(machine) = pass.world.machines.get_mut(&uuid) {
            machine.hostname = name;
        }
    }
    for at in wakes {
        pass.wake_at(at);
    }
}
