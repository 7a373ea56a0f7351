//! Rules about machine classes and provider files that are certain without asking a server. One rule per file.

mod disk_options;
mod hugepages;
mod keys;
mod literal_secret;
mod machine_type;
mod node_known;
mod pcie;
mod provider_known;
mod provider_url;
mod recipe;
mod required;
mod storage_selector;
mod types;
mod vlan;

use crate::diag::{Sink, SourceId};
use crate::yaml::Document;

use super::class::Class;
use super::model::Spec;
use recipe::Recipe;

/// The rules about provider data, in the order in which they speak.
const PROVIDER_DATA: [fn(&Recipe<'_>, &mut Sink); 10] = [
    keys::check,
    types::check,
    required::check,
    machine_type::check,
    storage_selector::check,
    node_known::check,
    disk_options::check,
    pcie::check,
    vlan::check,
    hugepages::check,
];

/// Checks one class; `text` is the text of its file.
pub(super) fn check(class: &Class, spec: &Spec, text: &str, sink: &mut Sink) {
    provider_known::check(class, spec, sink);
    if let Some(recipe) = Recipe::open(class, spec, text, sink) {
        for rule in PROVIDER_DATA {
            rule(&recipe, sink);
        }
    }
}

/// Checks one file of a provider's folder (`compose.yml`, `config.yaml`).
pub(super) fn provider_files(source: SourceId, name: &str, documents: &[Document], sink: &mut Sink) {
    literal_secret::check(source, documents, sink);
    if name == "config.yaml" {
        provider_url::check(source, documents, sink);
    }
}
