//! What a provider tells Omni of itself.

use std::collections::{BTreeMap, BTreeSet};

use super::OmniSnapshot;
use crate::provider::Generation;
use crate::resource::LiveResource;
use crate::value::Value;

/// Status of a provider (`InfraProviderStatuses`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Version; empty before 0.2.
    pub version: String,
    /// Properties of the schema of provider data, each with the properties of its items where it is a list of mappings.
    pub properties: BTreeMap<String, BTreeSet<String>>,
}

impl Published {
    /// Reads one. A schema that is no JSON declares nothing.
    pub fn of(status: &LiveResource) -> Self {
        let text = |key: &str| status.resource.spec.get(key).and_then(Value::as_str).unwrap_or_default();
        let schema: serde_json::Value = serde_json::from_str(text("schema")).unwrap_or_default();
        let properties = schema.get("properties").and_then(|p| p.as_object()).into_iter().flatten();
        let properties = properties.map(|(key, of)| {
            let items = of.pointer("/items/properties").and_then(|p| p.as_object()).into_iter().flatten();
            (key.clone(), items.map(|(key, _)| key.clone()).collect())
        });
        Self { version: text("version").to_owned(), properties: properties.collect() }
    }

    /// Release line of the provider.
    pub fn generation(&self) -> Generation {
        let properties: Vec<&str> = self.properties.keys().map(String::as_str).collect();
        Generation::detect(&self.version, &properties)
    }
}

impl OmniSnapshot {
    /// What all providers tell of themselves, by id; none where that was not read.
    pub fn published(&self) -> BTreeMap<&str, Published> {
        let all = self.list("InfraProviderStatuses").iter();
        all.map(|status| (status.resource.id.id.as_str(), Published::of(status))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{Phase, Resource, ResourceId};

    #[test]
    fn a_status_is_read_whatever_its_schema_is() {
        let read = |version: &str, schema: &str| {
            let id = ResourceId { kind: "k".into(), namespace: "n".into(), id: "p".into() };
            let mut resource = Resource::new(id);
            resource.spec = Value::from_json(&serde_json::json!({"version": version, "schema": schema}));
            Published::of(&LiveResource {
                resource,
                version: 1,
                owner: String::new(),
                phase: Phase::Running,
                finalizers: Vec::new(),
                created: String::new(),
                updated: String::new(),
            })
        };
        for schema in ["", "[", "[]", "{\"properties\": 1}", "{\"properties\": {}}"] {
            assert_eq!(read("", schema), Published::default(), "{schema}");
            assert_eq!(read("", schema).generation(), Generation::Early);
        }
        let read = read(
            "",
            r#"{"properties": {"pool": 1, "pci_devices": {"items": {"properties": {"mdev": {}}}}}}"#,
        );
        assert_eq!(read.generation(), Generation::V0_1);
        assert!(read.properties["pci_devices"].contains("mdev") && read.properties["pool"].is_empty());
    }
}
