//! One request to Omni, unsigned.

use std::collections::BTreeMap;

use super::document::encode_spec;
use crate::resource::{LiveResource, Resource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// The service that reads and writes resources as JSON.
const RESOURCE_SERVICE: &str = "omni.resources.ResourceService";
/// The service of everything that is no resource.
const MANAGEMENT_SERVICE: &str = "management.ManagementService";
/// Largest message that the server takes, in bytes.
const MESSAGE_LIMIT: usize = 32 << 20;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reads one resource.
    Get,
    /// Reads all resources of a type and namespace, or those that selectors match.
    List,
    /// Creates a resource.
    Create,
    /// Replaces a resource, guarded by its version.
    Update,
    /// Asks for destruction; answered at once. (`Delete` would block until every finalizer is gone, possibly for ever.)
    Teardown,
    /// Reads who wrote what.
    AuditLog,
}

impl Operation {
    /// Method name of the service.
    pub fn method(self) -> &'static str {
        match self {
            Self::Get => "Get",
            Self::List => "List",
            Self::Create => "Create",
            Self::Update => "Update",
            Self::Teardown => "Teardown",
            Self::AuditLog => "ReadAuditLog",
        }
    }
    /// Whether the server's state may change.
    pub fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Teardown)
    }
}

/// Why a request cannot be sent at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSendable {
    /// Metadata travels in HTTP headers, which carry printable ASCII only; the gateway drops anything else silently, and
    /// then the signature does not fit any more.
    #[error("the selector `{0}` holds characters other than printable ASCII, which Omni's gateway drops")]
    Selector(String),
    /// Omni counts versions from 1; an update without one would be an update of version 1.
    #[error("`{0}` was read without a version, so an update could overwrite somebody else's change")]
    Version(String),
    /// An update may not move a resource.
    #[error("`{0}` cannot be updated as `{1}`")]
    Identity(String, String),
    /// Larger than the server's limit.
    #[error("`{0}` is larger than the 32 MiB that Omni takes in one request")]
    TooLarge(String),
}

/// A request without its signature.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// What it does.
    pub operation: Operation,
    /// What it is about; the id is empty for [`Operation::List`].
    pub target: ResourceId,
    /// Signed metadata by name, each with its values in order; a name without values is not here.
    pub metadata: BTreeMap<&'static str, Vec<String>>,
    /// JSON message.
    pub body: String,
}

impl Call {
    fn new(operation: Operation, target: ResourceId, body: &Value) -> Self {
        // The value is case sensitive: `Omni`, not `omni`.
        let metadata = BTreeMap::from([("runtime", vec!["Omni".to_owned()])]);
        Self { operation, target, metadata, body: body.canonical() }
    }

    /// Reads one resource.
    pub fn get(id: &ResourceId) -> Self {
        Self::new(Operation::Get, id.clone(), &identity(id, true))
    }

    /// Reads all resources of a type; several selectors are alternatives, the terms inside one must all hold
    /// (`omni.sidero.dev/cluster = prod, !x`).
    pub fn list(kind: &str, namespace: &str, selectors: &[String]) -> Result<Self, NotSendable> {
        let target = ResourceId { kind: kind.into(), namespace: namespace.into(), id: String::new() };
        let mut call = Self::new(Operation::List, target.clone(), &identity(&target, false));
        let mut terms = Vec::new();
        for selector in selectors {
            // HTTP drops white space around a header's value, which would break the signature.
            let selector = selector.trim_matches([' ', '\t']);
            if !selector.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
                return Err(NotSendable::Selector(Untrusted::new(selector).line(80)));
            }
            terms.push(selector.to_owned());
        }
        // An empty list must not be signed as `[]`: the server refuses that.
        if !terms.is_empty() {
            call.metadata.insert("selectors", terms);
        }
        Ok(call)
    }

    /// Creates a resource. Only what users own is sent: never an owner, version, phase or finalizers.
    pub fn create(resource: &Resource) -> Result<Self, NotSendable> {
        Self::write(Operation::Create, resource, None, &[])
    }

    /// Replaces `live` by `after`: the version read guards it, the finalizers read are sent back, because an update
    /// replaces them as well.
    pub fn update(live: &LiveResource, after: &Resource) -> Result<Self, NotSendable> {
        if live.resource.id != after.id {
            return Err(NotSendable::Identity(shown(&live.resource.id), shown(&after.id)));
        }
        if live.version == 0 {
            return Err(NotSendable::Version(shown(&after.id)));
        }
        Self::write(Operation::Update, after, Some(live.version), &live.finalizers)
    }

    /// Asks for destruction.
    pub fn teardown(id: &ResourceId) -> Self {
        Self::new(Operation::Teardown, id.clone(), &identity(id, true))
    }

    /// Reads the server's version: any valid signature may.
    pub fn sys_version() -> Self {
        Self::get(&ResourceId {
            kind: "SysVersions.system.sidero.dev".into(),
            namespace: "ephemeral".into(),
            id: "current".into(),
        })
    }

    /// Reads who the key belongs to and its role.
    pub fn current_user() -> Self {
        Self::get(&ResourceId {
            kind: "CurrentUsers.omni.sidero.dev".into(),
            namespace: "virtual".into(),
            id: "current".into(),
        })
    }

    /// Reads the audit log from one day to another (`2026-11-19`), both included.
    pub fn audit_log(start: &str, end: &str) -> Self {
        let mut body = Value::map();
        body.set("start_time", start.into());
        body.set("end_time", end.into());
        let target = ResourceId { kind: "audit log".into(), namespace: String::new(), id: String::new() };
        Self { operation: Operation::AuditLog, target, metadata: BTreeMap::new(), body: body.canonical() }
    }

    /// Path of the request: `/api/<service>/<Method>`.
    pub fn path(&self) -> String {
        format!("/api{}", self.rpc_method())
    }

    /// Method as it is signed: the path without `/api`.
    pub fn rpc_method(&self) -> String {
        let service = match self.operation {
            Operation::AuditLog => MANAGEMENT_SERVICE,
            _ => RESOURCE_SERVICE,
        };
        format!("/{service}/{}", self.operation.method())
    }

    fn write(
        operation: Operation,
        resource: &Resource,
        version: Option<u64>,
        finalizers: &[String],
    ) -> Result<Self, NotSendable> {
        let mut metadata = identity(&resource.id, true);
        if let Some(version) = version {
            // A string on write, a number on read.
            metadata.set("version", version.to_string().into());
        }
        for (key, map) in [("labels", &resource.labels), ("annotations", &resource.annotations)] {
            if !map.is_empty() {
                metadata
                    .set(key, Value::Map(map.iter().map(|(k, v)| (k.clone(), v.as_str().into())).collect()));
            }
        }
        if !finalizers.is_empty() {
            metadata.set("finalizers", Value::List(finalizers.iter().map(|f| f.as_str().into()).collect()));
        }
        let mut inner = Value::map();
        inner.set("metadata", metadata);
        inner.set("spec", encode_spec(&resource.spec).into());
        let mut body = Value::map();
        body.set("resource", inner);
        let call = Self::new(operation, resource.id.clone(), &body);
        if call.body.len() > MESSAGE_LIMIT {
            return Err(NotSendable::TooLarge(shown(&resource.id)));
        }
        Ok(call)
    }
}

fn shown(id: &ResourceId) -> String {
    Untrusted::new(id.to_string()).line(160)
}

fn identity(id: &ResourceId, with_id: bool) -> Value {
    let mut value = Value::map();
    value.set("namespace", id.namespace.as_str().into());
    value.set("type", id.kind.as_str().into());
    if with_id {
        value.set("id", id.id.as_str().into());
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Phase;

    fn live(version: u64) -> LiveResource {
        LiveResource {
            resource: Resource::new(ResourceId::default_ns("MachineClasses", "a")),
            version,
            phase: Phase::Running,
            owner: String::new(),
            finalizers: vec!["F1".into()],
            created: String::new(),
            updated: String::new(),
        }
    }

    #[test]
    fn an_update_carries_version_and_finalizers() {
        let mut after = live(7).resource;
        after.labels.insert("k".into(), "v".into());
        after.spec.set("match_labels", Value::List(vec!["x".into()]));
        let call = Call::update(&live(7), &after).unwrap();
        assert_eq!(call.path(), "/api/omni.resources.ResourceService/Update");
        assert_eq!(
            call.body,
            r#"{"resource":{"metadata":{"finalizers":["F1"],"id":"a","labels":{"k":"v"},"namespace":"default","type":"MachineClasses.omni.sidero.dev","version":"7"},"spec":"{\"match_labels\":[\"x\"]}"}}"#
        );
    }

    #[test]
    fn an_update_needs_a_version_and_the_same_identity() {
        assert!(matches!(Call::update(&live(0), &live(0).resource), Err(NotSendable::Version(_))));
        let other = Resource::new(ResourceId::default_ns("MachineClasses", "b"));
        assert!(matches!(Call::update(&live(1), &other), Err(NotSendable::Identity(..))));
    }

    #[test]
    fn selectors_are_ascii_and_an_empty_list_is_no_metadata() {
        assert!(!Call::list("T", "default", &[]).unwrap().metadata.contains_key("selectors"));
        let call = Call::list("T", "default", &[" a = b ".into(), "!c".into()]).unwrap();
        assert_eq!(call.metadata["selectors"], ["a = b", "!c"]);
        for bad in ["ü", "a\nb", "a\u{7f}"] {
            assert!(matches!(Call::list("T", "d", &[bad.into()]), Err(NotSendable::Selector(_))));
        }
    }

    #[test]
    fn an_empty_spec_is_sent_as_an_object() {
        let call = Call::create(&Resource::new(ResourceId::default_ns("InfraProviders", "p"))).unwrap();
        assert!(call.body.contains(r#""spec":"{}""#), "{}", call.body);
    }
}
