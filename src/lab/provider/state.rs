//! What the provider remembers of its requests.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};

/// Steps of provisioning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Choosing a node.
    #[default]
    PickNode,
    /// Asking the image factory.
    CreateSchematic,
    /// Letting the node download the image.
    UploadIso,
    /// Creating the VM.
    SyncVm,
    /// Starting it.
    StartVm,
    /// Nothing is left to do.
    Done,
}

impl Step {
    /// The text that Omni shows for a step.
    pub fn text(self) -> String {
        let (name, number) = match self {
            Self::PickNode => ("pickNode", 1),
            Self::CreateSchematic => ("createSchematic", 2),
            Self::UploadIso => ("uploadISO", 3),
            Self::SyncVm => ("syncVM", 4),
            Self::StartVm => ("startVM", 5),
            Self::Done => return "Provision Complete".to_owned(),
        };
        format!("Running Step: \"{name}\" ({number}/5)")
    }
    /// The following step.
    pub fn next(self) -> Self {
        match self {
            Self::PickNode => Self::CreateSchematic,
            Self::CreateSchematic => Self::UploadIso,
            Self::UploadIso => Self::SyncVm,
            Self::SyncVm => Self::StartVm,
            Self::StartVm | Self::Done => Self::Done,
        }
    }
}

/// One request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Order of arrival.
    pub number: u64,
    /// Current step.
    pub step: Step,
    /// When it is looked at again.
    pub due: u64,
    /// SMBIOS UUID.
    pub uuid: String,
    /// Schematic of the image.
    pub schematic: String,
    /// Chosen node.
    pub node: String,
    /// VMID, 0 before creation.
    pub vmid: u32,
    /// Boot image.
    pub image: String,
    /// The task that the current step waits for.
    pub task: Option<String>,
    /// The error of the last attempt; in the provider's log only.
    pub error: Option<String>,
    /// How far removal has come.
    pub removal: Option<u64>,
}

/// The provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProviderState {
    /// Its id.
    pub id: String,
    /// Whether it is registered, so that its status exists.
    pub published: bool,
    /// Token it uses on Proxmox, `user@realm!name`.
    pub principal: String,
    /// Container it runs in; when that stops, so does the provider.
    pub container: u32,
    /// Until when it is busy.
    pub busy: u64,
    /// Requests it has seen.
    pub requests: BTreeMap<String, Progress>,
    /// How many it has seen.
    pub seen: u64,
    /// Request it works on without a wait in between.
    pub current: Option<String>,
    /// When it was last heard of.
    pub heartbeat: Option<u64>,
}

impl ProviderState {
    /// A provider that has made nothing yet.
    pub fn new(id: &str, principal: &str, container: u32) -> Self {
        Self {
            id: id.to_owned(),
            published: true,
            principal: principal.to_owned(),
            container,
            busy: 0,
            requests: BTreeMap::new(),
            seen: 0,
            current: None,
            heartbeat: None,
        }
    }
    /// Name of the controller that owns its statuses and finalizers.
    pub fn controller(&self) -> String {
        format!("{}.ProvisionController", self.id)
    }
    /// Key of its own state of a request: the only place where VMID and node are recorded.
    pub fn state_key(&self, request: &str) -> Key {
        Key::new(
            &format!("infra-provider:{}", self.id),
            &format!("Machine.{}.infraprovider.sidero.dev", self.id),
            request,
        )
    }
}

/// Writes the provider's own state of a request.
pub fn record(pass: &Pass<'_>, request: &str, talos: &str) {
    let provider = &pass.world.provider;
    let Some(progress) = provider.requests.get(request) else { return };
    let mut spec = json!({
        "uuid": progress.uuid,
        "schematic": progress.schematic,
        "talos_version": format!("v{}", talos.trim_start_matches('v')),
        "node": progress.node,
        // 64 bits are texts on the wire.
        "vmid": if progress.vmid == 0 { String::new() } else { progress.vmid.to_string() },
        "volume_id": progress.image,
    });
    let task = match progress.step {
        Step::UploadIso => "volume_upload_task",
        Step::SyncVm => "vm_create_task",
        _ => "vm_start_task",
    };
    if let (Some(upid), Some(map)) = (&progress.task, spec.as_object_mut()) {
        map.insert(task.to_owned(), json!(upid));
    }
    let step = progress.step.text();
    let name = step.split('"').nth(1).unwrap_or("startVM").to_owned();
    let resource = Resource::new(provider.state_key(request), lean(spec))
        .owned_by(&provider.controller())
        .annotation("infra.omni.sidero.dev/step", &name);
    pass.put(resource);
}
