//! What infrastructure providers remember: which VM they made for which machine request.
//!
//! It is the only place where a VMID and a node are written down in Omni, and what a provider goes by when it removes a machine.

use super::{Observation, OmniSnapshot, Reason};
use crate::resource::LiveResource;
use crate::value::Value;

/// Annotation that names the last step that was run.
const STEP: &str = "infra.omni.sidero.dev/step";

/// A provider's record of one machine (`Machine.<provider>.infraprovider.sidero.dev`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProviderRecord<'a> {
    /// Provider id.
    pub provider: &'a str,
    /// Id of the machine request: the VM's name.
    pub request: &'a str,
    /// Machine identity, lower case: `uuid` of the VM's `smbios1`, id of the machine in Omni.
    pub uuid: Option<String>,
    /// Node that was chosen.
    pub node: Option<&'a str>,
    /// VMID; `None` before a VM was made.
    pub vmid: Option<u32>,
    /// Task that makes the VM.
    pub vm_create_task: Option<&'a str>,
    /// Task that starts it.
    pub vm_start_task: Option<&'a str>,
    /// Task that fetches the installation medium.
    pub volume_upload_task: Option<&'a str>,
    /// Last step that was run (`startVM`).
    pub step: Option<&'a str>,
}

impl<'a> ProviderRecord<'a> {
    /// Full type and namespace of a provider's records.
    pub fn kind(provider: &str) -> (String, String) {
        (format!("Machine.{provider}.infraprovider.sidero.dev"), format!("infra-provider:{provider}"))
    }

    /// The provider of a full type of records; nothing for another type.
    pub fn provider_of(kind: &str) -> Option<&str> {
        kind.strip_prefix("Machine.")?.strip_suffix(".infraprovider.sidero.dev")
    }

    /// Reads one.
    pub fn of(provider: &'a str, live: &'a LiveResource) -> Self {
        let spec = &live.resource.spec;
        let text = |key: &str| spec.get(key).and_then(Value::as_str).filter(|t| !t.is_empty());
        let number = |value: &Value| value.as_int().or_else(|| value.as_str().and_then(|t| t.parse().ok()));
        Self {
            provider,
            request: &live.resource.id.id,
            uuid: text("uuid").map(str::to_lowercase),
            node: text("node"),
            vmid: spec.get("vmid").and_then(number).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0),
            vm_create_task: text("vm_create_task"),
            vm_start_task: text("vm_start_task"),
            volume_upload_task: text("volume_upload_task"),
            step: live.resource.annotations.get(STEP).map(String::as_str).filter(|t| !t.is_empty()),
        }
    }
}

impl OmniSnapshot {
    /// The records of a provider, by id of the request. Unknown where they were not asked for or may not be read.
    pub fn records<'a>(&'a self, provider: &'a str) -> Observation<Vec<ProviderRecord<'a>>> {
        match self.types.get(&ProviderRecord::kind(provider).0) {
            Some(Observation::Known(all)) => {
                Observation::Known(all.iter().map(|live| ProviderRecord::of(provider, live)).collect())
            }
            Some(Observation::Absent) => Observation::Absent,
            Some(Observation::Unknown(reason)) => Observation::Unknown(reason.clone()),
            None => Observation::Unknown(Reason(format!("records of provider `{provider}` were not read"))),
        }
    }
    /// Ids of all providers whose records were asked for.
    pub fn recorders(&self) -> impl Iterator<Item = &str> {
        self.types.keys().filter_map(|kind| ProviderRecord::provider_of(kind))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::resource::{Phase, Resource, ResourceId};

    #[test]
    fn a_record_is_read_as_providers_write_it() {
        let (kind, namespace) = ProviderRecord::kind("matrix-cluster");
        let mut resource =
            Resource::new(ResourceId { kind: kind.clone(), namespace, id: "set-x7k2mp".into() });
        resource.spec = Value::from_json(&serde_json::json!({
            "uuid": "0D4F2C9B-8a17-4c2f-b0c5-7a9e3d51f602", "node": "golf", "vmid": 102, "vm_start_task": "",
        }));
        resource.annotations.insert(STEP.to_owned(), "startVM".to_owned());
        let live = LiveResource {
            resource,
            version: 3,
            owner: String::new(),
            phase: Phase::Running,
            finalizers: Vec::new(),
            created: String::new(),
            updated: String::new(),
        };
        let mut seen =
            OmniSnapshot { endpoint: String::new(), version: Observation::Absent, types: BTreeMap::new() };
        assert!(seen.records("matrix-cluster").unknown().is_some());
        seen.types.insert(kind, Observation::Known(vec![live]));
        let read = seen.records("matrix-cluster").known().cloned().unwrap();
        let expected = ProviderRecord {
            provider: "matrix-cluster",
            request: "set-x7k2mp",
            uuid: Some("0d4f2c9b-8a17-4c2f-b0c5-7a9e3d51f602".into()),
            node: Some("golf"),
            vmid: Some(102),
            step: Some("startVM"),
            ..ProviderRecord::default()
        };
        assert_eq!(read, [expected]);
        assert_eq!(seen.recorders().collect::<Vec<_>>(), ["matrix-cluster"]);
    }
}
