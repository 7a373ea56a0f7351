//! The provider's log: JSON lines, as its container writes them.

use serde_json::{Map, Value, json};

use super::super::world::{EPOCH, Pass};

/// Lines that are kept.
const KEPT: usize = 500;
/// Seconds of work that a line of the log tells of.
const BUSY: f64 = 0.002;

/// What happened, with the place in the provider's source that says so.
pub enum Said<'a> {
    /// A request was seen for the first time.
    Started,
    /// A step begins.
    Step(&'a str),
    /// The node is that of the provider data.
    Pinned(&'a str),
    /// The node was chosen.
    Picked(&'a str),
    /// The image factory is asked.
    Schematic(&'a [String]),
    /// A node is told to download an image: image and task.
    Uploading(&'a str, &'a str),
    /// A download failed.
    Retrying,
    /// A step failed.
    Failed(&'a str, &'a str),
    /// The VM runs.
    Finished,
    /// The VM is gone.
    Deprovisioned,
    /// Work on a request ended for now; seconds until it is looked at again.
    Succeeded(Option<f64>),
    /// Work on a request failed: error, seconds until it is tried again, whether provisioning did.
    Unsuccessful(&'a str, f64, bool),
}

/// Writes a line about a request.
pub fn say(pass: &mut Pass<'_>, id: &str, what: &Said<'_>) {
    let provider = &mut pass.world.provider;
    let (level, caller, message) = head(what);
    let mut line = Map::new();
    let mut set = |key: &str, value: Value| {
        line.insert(key.to_owned(), value);
    };
    set("level", json!(level));
    set("ts", json!(EPOCH as f64 + pass.world.now as f64 / 1000.0));
    set("caller", json!(caller));
    set("msg", json!(message));
    set("controller", json!(provider.controller()));
    set("namespace", json!("infra-provider"));
    set("type", json!("MachineRequests.omni.sidero.dev"));
    set("id", json!(id));
    set("job", json!("reconcile"));
    match what {
        Said::Started | Said::Deprovisioned => set("request_id", json!(id)),
        Said::Step(step) => set("step", json!(step)),
        Said::Pinned(node) | Said::Picked(node) => set("node", json!(node)),
        Said::Schematic(extensions) => set("schematic", schematic(extensions)),
        Said::Uploading(image, task) => {
            set("volumeID", json!(image));
            set("task", json!(task));
        }
        Said::Failed(step, why) => {
            set("error", json!(why));
            set("step", json!(step));
        }
        Said::Succeeded(interval) => {
            set("busy", json!(BUSY));
            if let Some(interval) = interval {
                set("interval", seconds(*interval));
                set("requeued", json!(true));
            }
        }
        Said::Unsuccessful(why, interval, provision) => {
            set("error", json!(why));
            set("interval", seconds(*interval));
            set("busy", json!(BUSY));
            if *provision {
                set("requeued", json!(true));
            }
        }
        Said::Retrying | Said::Finished => {}
    }
    provider.log.push_back(line);
    while provider.log.len() > KEPT {
        provider.log.pop_front();
    }
}

/// Whole seconds are integers.
fn seconds(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as u64) } else { json!(value) }
}

fn head(what: &Said<'_>) -> (&'static str, &'static str, &'static str) {
    match what {
        Said::Started => ("info", "controllers/provision.go:403", "machine provision started"),
        Said::Step(_) => ("info", "controllers/provision.go:309", "running provision step"),
        Said::Pinned(_) => ("info", "provider/provision.go:77", "using configured node for the Proxmox VM"),
        Said::Picked(_) => ("info", "provider/provision.go:119", "auto-selected node for the Proxmox VM"),
        Said::Schematic(_) => ("info", "provision/context.go:241", "creating schematic"),
        Said::Uploading(..) => ("info", "provider/provision.go:205", "uploading new ISO image"),
        Said::Retrying => ("info", "provider/provision.go:148", "retrying download"),
        Said::Failed(..) => ("error", "controllers/provision.go:339", "machine provision failed"),
        Said::Finished => ("info", "controllers/provision.go:360", "machine provision finished"),
        Said::Deprovisioned => ("info", "controllers/provision.go:533", "machine deprovisioned"),
        Said::Succeeded(_) => ("info", "qruntime/qruntime.go:310", "reconcile succeeded"),
        Said::Unsuccessful(..) => ("error", "qruntime/qruntime.go:295", "reconcile failed"),
    }
}

fn schematic(extensions: &[String]) -> Value {
    json!({
        "Overlay": { "Image": "", "Name": "", "Options": null },
        "Customization": {
            "ExtraKernelArgs": null,
            "Meta": null,
            "SystemExtensions": { "OfficialExtensions": extensions },
            "Bootloader": "none",
            "SecureBoot": { "IncludeWellKnownCertificates": false },
        },
    })
}
