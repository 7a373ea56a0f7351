//! What all resources of one template share.

use std::collections::BTreeMap;

use super::{cluster, machine, machine_set};
use crate::address::Address;
use crate::diag::{Sources, Span};
use crate::kinds::{Kind, normalise};
use crate::resource::{OMNI_PREFIX, Resource};
use crate::template::dialect::Dialect;
use crate::template::files::Contents;
use crate::template::model::{Model, Template};
use crate::template::rendered::Rendered;
use crate::value::Value;

/// Annotation by which omnictl marks what it may release or destroy: on Clusters, KernelArgs and
/// MachineInstallDiskConfigs only.
pub(super) const MANAGED: &str = "managed-by-cluster-templates";

/// The resources of one template in the making.
pub(in crate::template) struct Builder<'a> {
    pub(super) dialect: Dialect,
    pub(super) template: &'a Template,
    /// Name of the cluster.
    pub(super) cluster: &'a str,
    pub(super) sources: &'a Sources,
    pub(super) contents: &'a Contents,
    out: Vec<Rendered>,
}

/// The resources that a template asks for, in omnictl's order: documents follow each other as in the file. None without a
/// Cluster. What a broken template renders to is for finding further problems only.
pub(in crate::template) fn render(
    dialect: Dialect,
    template: &Template,
    sources: &Sources,
    contents: &Contents,
) -> Vec<Rendered> {
    let Some(cluster) = template.clusters().next() else { return Vec::new() };
    let mut builder =
        Builder { dialect, template, cluster: &cluster.name.value, sources, contents, out: Vec::new() };
    for model in &template.models {
        match model {
            Model::Cluster(model) => cluster::render(&mut builder, model),
            Model::MachineSet(model) => machine_set::render(&mut builder, model),
            Model::Machine(model) => machine::render(&mut builder, model),
        }
    }
    builder.out
}

/// Labels and annotations of a resource in the making.
#[derive(Default)]
pub(super) struct Marks {
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
}

impl Marks {
    /// Adds a label of Omni.
    pub(super) fn label(mut self, key: &str, value: &str) -> Self {
        self.labels.insert(format!("{OMNI_PREFIX}{key}"), value.to_owned());
        self
    }
    /// Adds an annotation of Omni.
    pub(super) fn omni_annotation(mut self, key: &str) -> Self {
        self.annotations.insert(format!("{OMNI_PREFIX}{key}"), String::new());
        self
    }
    /// Adds the annotation `name`, which users may replace.
    pub(super) fn named(mut self, name: &str) -> Self {
        self.annotations.insert("name".to_owned(), name.to_owned());
        self
    }
}

impl Builder<'_> {
    /// Marks with the cluster's label.
    pub(super) fn marks(&self) -> Marks {
        Marks::default().label("cluster", self.cluster)
    }

    /// Adds a resource; `name` is its name in the address.
    pub(super) fn add(&mut self, kind: &Kind, id: &str, name: &str, marks: Marks, spec: Value, span: Span) {
        let cluster = Address::cluster(self.cluster);
        let address = if kind.address == "cluster" { cluster } else { cluster.child(kind.address, name) };
        let resource = Resource {
            id: kind.id(id),
            labels: marks.labels,
            annotations: marks.annotations,
            spec: normalise(kind, &spec),
        };
        self.out.push(Rendered { address, resource, source: self.template.source, span });
    }
}

/// A mapping of these entries.
pub(super) fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(entries.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
}

/// A list of texts.
pub(super) fn texts(items: &[String]) -> Value {
    Value::List(items.iter().map(|s| s.as_str().into()).collect())
}
