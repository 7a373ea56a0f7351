//! What the provider remembers of its requests.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::omni::{Key, Resource};
use super::super::world::{Pass, lean};
use super::client::Asked;

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
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::PickNode => "pickNode",
            Self::CreateSchematic => "createSchematic",
            Self::UploadIso => "uploadISO",
            Self::SyncVm => "syncVM",
            Self::StartVm | Self::Done => "startVM",
        }
    }
    /// The text that Omni shows for a step.
    pub fn text(self) -> String {
        if self == Self::Done {
            return "Provision Complete".to_owned();
        }
        format!("Running Step: \"{}\" ({}/5)", self.name(), self as u8 + 1)
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
    /// The step to run now.
    pub step: Step,
    /// The step that passed or waited last: the next attempt begins with it again.
    #[serde(default)]
    pub stored: Option<Step>,
    /// Whether the first work on the request has been followed by another at once: taking a request changes it.
    #[serde(default)]
    pub again: bool,
    /// When it is looked at again.
    pub due: u64,
    /// SMBIOS UUID, recorded once the VM was ordered.
    pub uuid: String,
    /// Schematic of the image.
    pub schematic: String,
    /// Chosen node.
    pub node: String,
    /// VMID, 0 before creation.
    pub vmid: u32,
    /// Boot image, once a node has it or was told to get it.
    pub image: String,
    /// Task of the download.
    #[serde(default)]
    pub upload: String,
    /// Task of the creation.
    #[serde(default)]
    pub create: String,
    /// Task of the start.
    #[serde(default)]
    pub start: String,
    /// How far removal has come.
    pub removal: Option<u64>,
    /// The task that removal waits for.
    #[serde(default)]
    pub removing: String,
    /// Attempts of removal that failed.
    #[serde(default)]
    pub failures: u32,
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
    /// Proxmox VE takes its credentials no more.
    #[serde(default)]
    pub refused: bool,
    /// It does not reach the image factory.
    #[serde(default)]
    pub factory_down: bool,
    /// Its last requests to Proxmox VE.
    #[serde(default)]
    pub asked: VecDeque<Asked>,
    /// The last lines of its log.
    #[serde(default)]
    pub log: VecDeque<Map<String, Value>>,
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
            refused: false,
            factory_down: false,
            asked: VecDeque::new(),
            log: VecDeque::new(),
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
    let known = !progress.image.is_empty();
    let spec = json!({
        "uuid": if progress.vmid == 0 { "" } else { progress.uuid.as_str() },
        "schematic": progress.schematic,
        "talos_version": if known { version(talos) } else { String::new() },
        "volume_id": progress.image,
        "node": progress.node,
        "volume_upload_task": progress.upload,
        "vm_create_task": progress.create,
        "vm_start_task": progress.start,
        // 64 bits are texts on the wire.
        "vmid": if progress.vmid == 0 { String::new() } else { progress.vmid.to_string() },
    });
    let step = progress.stored.unwrap_or(progress.step);
    let resource = Resource::new(provider.state_key(request), lean(spec))
        .owned_by(&provider.controller())
        .annotation("infra.omni.sidero.dev/step", step.name());
    pass.put(resource);
}

/// A version as the image factory has it.
pub fn version(talos: &str) -> String {
    format!("v{}", talos.trim_start_matches('v'))
}
