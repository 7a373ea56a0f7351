//! What machine classes need of Proxmox, and whether it is there: every cause that can be known before a machine is made.

mod bridge_inactive;
mod bridge_missing;
mod bridges_not_shown;
mod cpu_model_above_node;
mod credentials_missing;
mod credentials_refused;
mod devices;
mod early_provider;
mod extension_not_offered;
mod matching;
pub(super) mod nets;
mod no_iso_storage;
mod node_offline;
mod offline_node_stops_unpinned;
mod pci_mapping_missing;
mod pci_mapping_not_on_node;
mod pinned_node_offline;
mod pinned_node_unknown;
mod privileges_missing;
mod provider_not_connected;
mod provider_schema;
mod quorum_lost;
#[cfg(test)]
pub(in crate::checks) mod rehearsal;
mod resolvers_public;
pub(super) mod rights;
mod selector_fails;
mod selector_matches_nothing;
mod storage_inactive;
mod storage_not_on_node;
mod storage_space;
mod storage_without_images;
pub mod survey;
mod token_expires;
mod token_without_rights;
mod vlan_not_carried;

pub use extension_not_offered::catalogues;

use super::placement::{self, Census, Making, Outlook, foresee};
use super::{Finding, Rule, Scene};
use survey::Survey;

/// The rules, by code.
pub(super) const RULES: [&Rule; 29] = [
    &credentials_missing::RULE,
    &credentials_refused::RULE,
    &token_without_rights::RULE,
    &privileges_missing::RULE,
    &token_expires::RULE,
    &quorum_lost::RULE,
    &node_offline::RULE,
    &offline_node_stops_unpinned::RULE,
    &pinned_node_offline::RULE,
    &pinned_node_unknown::RULE,
    &selector_matches_nothing::RULE,
    &selector_fails::RULE,
    &storage_not_on_node::RULE,
    &storage_inactive::RULE,
    &storage_without_images::RULE,
    &storage_space::RULE,
    &no_iso_storage::RULE,
    &bridge_missing::RULE,
    &bridge_inactive::RULE,
    &bridges_not_shown::RULE,
    &vlan_not_carried::RULE,
    &pci_mapping_missing::RULE,
    &pci_mapping_not_on_node::RULE,
    &cpu_model_above_node::RULE,
    &resolvers_public::RULE,
    &early_provider::RULE,
    &provider_not_connected::RULE,
    &extension_not_offered::RULE,
    &provider_schema::RULE,
];

/// The rules that look at the survey alone.
const PLAIN: [fn(&Survey<'_>, &mut Vec<Finding>); 28] = [
    credentials_missing::check,
    credentials_refused::check,
    token_without_rights::check,
    privileges_missing::check,
    token_expires::check,
    quorum_lost::check,
    node_offline::check,
    offline_node_stops_unpinned::check,
    pinned_node_offline::check,
    pinned_node_unknown::check,
    selector_matches_nothing::check,
    selector_fails::check,
    storage_not_on_node::check,
    storage_inactive::check,
    storage_without_images::check,
    no_iso_storage::check,
    bridge_missing::check,
    bridge_inactive::check,
    bridges_not_shown::check,
    vlan_not_carried::check,
    pci_mapping_missing::check,
    pci_mapping_not_on_node::check,
    cpu_model_above_node::check,
    resolvers_public::check,
    early_provider::check,
    provider_not_connected::check,
    extension_not_offered::check,
    provider_schema::check,
];

/// What there is to find, and what becomes of nodes and storages, when these machines are made.
pub fn ahead(scene: &Scene<'_>, making: &Making<'_>) -> (Vec<Finding>, Outlook) {
    let survey = Survey::new(scene);
    let census = Census::new(scene);
    let outlook = foresee(&survey, &census, making);
    let mut out = Vec::new();
    for check in PLAIN {
        check(&survey, &mut out);
    }
    storage_space::check(&outlook, &mut out);
    placement::check(&survey, &outlook, &mut out);
    out.sort_by(|a, b| (a.rule.code, &a.subject, &a.cause).cmp(&(b.rule.code, &b.subject, &b.cause)));
    (out, outlook)
}

/// What there is to find when everything that the files ask for is made.
pub fn find(scene: &Scene<'_>) -> Vec<Finding> {
    ahead(scene, &Making::default()).0
}
