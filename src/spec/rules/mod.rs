//! Rules about machine classes, provider files and what stands beside them that are certain without asking a server. One rule
//! per file.

mod aio_native;
mod around;
mod auth0_domain;
mod balloon_pci;
mod boolean_numbers;
mod boolean_words;
mod compose;
mod config;
mod config_credentials;
mod config_keys;
mod config_pairs;
mod config_ticket;
mod control_plane_pinned;
mod control_planes_together;
mod cpu_mixed;
mod cpu_old;
mod disk_incomplete;
mod down_volumes;
mod hugepages;
mod hugepages_login;
mod hugepages_memory;
mod image_local_fix;
mod image_moving;
mod key_case;
mod key_newer;
mod keys;
mod lines;
mod literal_secret;
mod machine_type_i440fx;
mod minimum;
mod nic_bridge;
mod node_known;
mod octal;
mod pcie;
mod provider;
mod provider_case;
mod provider_command;
mod provider_known;
mod provider_url;
mod quoted_number;
mod recipe;
mod required;
mod roles;
mod rombar;
mod selector_many;
mod selector_type;
mod selector_unsigned;
mod sets;
mod sizes;
mod sockets;
mod storage_selector;
#[cfg(test)]
mod testing;
mod texts;
mod tun;
mod types;
mod vlan;
mod words;

use crate::diag::rule::{Rule, Stands};
use crate::diag::{Sink, SourceId};
use crate::yaml::{Document, Limits, Node, parse};

use super::class::Class;
use super::model::Spec;
pub(super) use around::Around;
pub(super) use provider::Providers;
use recipe::Recipe;
pub(super) use texts::{Kind, Text, kind as kind_of_text};

/// All rules with a description, by code, with what their examples are a part of.
pub(super) static ALL: [(&Rule, Stands); 44] = [
    (&required::RULE, Stands::Whole),
    (&words::RULE, Stands::Data),
    (&keys::RULE, Stands::Data),
    (&storage_selector::RULE, Stands::Data),
    (&sockets::RULE, Stands::Whole),
    (&machine_type_i440fx::RULE, Stands::Data),
    (&hugepages_login::RULE, Stands::Data),
    (&hugepages::RULE, Stands::Data),
    (&hugepages_memory::RULE, Stands::Data),
    (&aio_native::RULE, Stands::Data),
    (&selector_type::RULE, Stands::Data),
    (&selector_unsigned::RULE, Stands::Data),
    (&selector_many::RULE, Stands::Data),
    (&octal::RULE, Stands::Data),
    (&quoted_number::RULE, Stands::Data),
    (&boolean_words::RULE, Stands::Data),
    (&control_planes_together::RULE, Stands::Files),
    (&provider_case::RULE, Stands::Files),
    (&boolean_numbers::RULE, Stands::Data),
    (&key_case::RULE, Stands::Data),
    (&key_newer::RULE, Stands::Files),
    (&nic_bridge::RULE, Stands::Data),
    (&disk_incomplete::RULE, Stands::Data),
    (&pcie::RULE, Stands::Data),
    (&rombar::RULE, Stands::Data),
    (&balloon_pci::RULE, Stands::Data),
    (&cpu_old::RULE, Stands::Data),
    (&cpu_mixed::RULE, Stands::Data),
    (&vlan::RULE, Stands::Data),
    (&minimum::RULE, Stands::Data),
    (&control_plane_pinned::RULE, Stands::Files),
    (&config_credentials::RULE, Stands::Files),
    (&provider_command::RULE, Stands::Files),
    (&sizes::RULE, Stands::Files),
    (&config_ticket::RULE, Stands::Files),
    (&auth0_domain::RULE, Stands::Files),
    (&image_moving::RULE, Stands::Files),
    (&image_local_fix::RULE, Stands::Files),
    (&tun::RULE, Stands::Files),
    (&config_keys::RULE, Stands::Files),
    (&config_pairs::RULE, Stands::Files),
    (&down_volumes::RULE, Stands::Files),
    (&provider_url::RULE, Stands::Files),
    (&roles::RULE, Stands::Files),
];

/// The rules about provider data, in the order in which they speak.
const PROVIDER_DATA: [fn(&Recipe<'_>, &mut Sink); 27] = [
    keys::check,
    key_case::check,
    key_newer::check,
    types::check,
    quoted_number::check,
    octal::check,
    boolean_words::check,
    boolean_numbers::check,
    required::check,
    sockets::check,
    minimum::check,
    words::check,
    machine_type_i440fx::check,
    cpu_old::check,
    cpu_mixed::check,
    storage_selector::check,
    disk_incomplete::check,
    node_known::check,
    aio_native::check,
    pcie::check,
    rombar::check,
    balloon_pci::check,
    nic_bridge::check,
    vlan::check,
    hugepages_login::check,
    hugepages::check,
    hugepages_memory::check,
];

/// The rules about a compose file, of the provider or of Omni.
const COMPOSE: [fn(SourceId, &Node, &mut Sink); 3] =
    [image_moving::check, image_local_fix::check, tun::check];

/// The rules about `config.yaml`.
const CONFIG: [fn(&config::Config<'_>, &mut Sink); 5] = [
    config_keys::check,
    provider_url::check,
    config_credentials::check,
    config_pairs::check,
    config_ticket::check,
];

/// Checks one class; `text` is the text of its file.
pub(super) fn check(class: &Class, spec: &Spec, providers: &Providers, text: &str, sink: &mut Sink) {
    provider_known::check(class, spec, sink);
    provider_case::check(class, spec, text, sink);
    if let Some(recipe) = Recipe::open(class, spec, providers, text, sink) {
        for rule in PROVIDER_DATA {
            rule(&recipe, sink);
        }
    }
}

/// Checks one file of a provider's folder (`compose.yml`, `config.yaml`).
pub(super) fn provider_files(
    source: SourceId,
    name: &str,
    text: &str,
    documents: &[Document],
    sink: &mut Sink,
) {
    literal_secret::check(source, documents, sink);
    if name == "config.yaml" {
        if let Some(config) = config::Config::open(source, text, documents, sink) {
            for rule in CONFIG {
                rule(&config, sink);
            }
        }
    } else {
        compose(source, text, documents, sink);
    }
}

/// Checks one compose file.
pub(super) fn compose(source: SourceId, text: &str, documents: &[Document], sink: &mut Sink) {
    if let Some(root) = documents.first().and_then(|d| d.root.as_ref()) {
        for rule in COMPOSE {
            rule(source, root, sink);
        }
    }
    auth0_domain::check(&Text { source, content: text, kind: Kind::Environment }, sink);
}

/// Checks the command of a provider against its id.
pub(super) fn provider_command(
    id: &str,
    source: SourceId,
    documents: &[Document],
    beside: &[Text<'_>],
    sink: &mut Sink,
) {
    if let Some(root) = documents.first().and_then(|d| d.root.as_ref()) {
        provider_command::check(id, source, root, beside, sink);
    }
}

/// Checks a file that stands beside a compose file.
pub(super) fn text(file: &Text<'_>, sink: &mut Sink) {
    match file.kind {
        Kind::Environment => auth0_domain::check(file, sink),
        Kind::Script => {
            auth0_domain::check(file, sink);
            down_volumes::check(file, sink);
            roles::check(file, sink);
        }
        Kind::Notes => roles::check(file, sink),
    }
}

/// Checks all files together.
pub(super) fn together(around: &Around<'_>, sink: &mut Sink) {
    control_plane_pinned::check(around, sink);
    control_planes_together::check(around, sink);
}

/// Checks what the spec tells people.
pub(super) fn narrative(around: &Around<'_>, spec: &Spec, source: SourceId, text: &str, sink: &mut Sink) {
    // It was read without problems, or nobody would be here.
    let documents = parse(source, text, &Limits::spec()).unwrap_or_default();
    for (key, node) in documents
        .iter()
        .filter_map(|d| d.root.as_ref())
        .flat_map(|r| crate::yaml::as_pairs(r).unwrap_or_default())
    {
        if !super::document::ENGINE.contains(&key.text().unwrap_or_default()) {
            provider_command::narrative(spec, source, node, sink);
            sizes::check(around, source, node, sink);
        }
    }
}
