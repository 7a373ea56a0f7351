//! Infrastructure providers: looked at, adopted, never made or removed.

use super::rules::codes;
use super::scene::{Readable, Scene};
use super::{Action, Draft, Operation, Unchanged, Warning};
use crate::address::Address;
use crate::resource::{Resource, ResourceId, TYPE_SUFFIX};

/// What came of the providers.
#[derive(Default)]
pub(super) struct Providers<'a> {
    pub(super) drafts: Vec<Draft<'a>>,
    pub(super) unchanged: Vec<Unchanged>,
    pub(super) warnings: Vec<Warning>,
    /// What could not be read, by provider.
    pub(super) unknown: Vec<(Address, String)>,
}

/// Identity of an infrastructure provider in Omni.
fn identity(id: &str) -> ResourceId {
    ResourceId {
        kind: format!("InfraProviders{TYPE_SUFFIX}"),
        namespace: "infra-provider".into(),
        id: id.into(),
    }
}

pub(super) fn decide<'a>(scene: &Scene<'a>) -> Providers<'a> {
    let mut out = Providers::default();
    let warn = |code: &str, address: &Address, message: String, blocks: bool, help: String| Warning {
        code: code.to_owned(),
        address: Some(address.clone()),
        message,
        blocks,
        help: Some(help),
        ..Warning::default()
    };
    for provider in &scene.input.desired.providers {
        let address = Address::provider(&provider.id);
        for (facet, declared) in [("container", provider.container), ("files", provider.files)] {
            if declared {
                out.unchanged.push(Unchanged {
                    address: address.facet(facet),
                    status: "not compared yet".to_owned(),
                    note: None,
                });
            }
        }
        if let Readable::No(reason) = scene.readable("InfraProviderCombinedStatuses") {
            let line = format!("`{address}`: infrastructure providers could not be read ({reason})");
            out.unknown.push((address, line));
            continue;
        }
        let upper = provider.id.chars().any(char::is_uppercase);
        let status = scene.snapshot().omni.find("InfraProviderCombinedStatuses", &provider.id);
        let Some(status) = status else {
            let near = scene
                .snapshot()
                .omni
                .list("InfraProviderCombinedStatuses")
                .iter()
                .find(|s| s.resource.id.id.eq_ignore_ascii_case(&provider.id));
            let help = match near {
                Some(near) => format!(
                    "Omni has `{}`: ids are case-sensitive",
                    crate::untrusted::Untrusted::new(&near.resource.id.id).line(80)
                ),
                None if upper => format!(
                    "register it with `omnictl infraprovider create {}`: Omni's keys refuse upper-case names, so use that id in spec and classes; then start the provider with its key",
                    provider.id.to_lowercase()
                ),
                None => format!(
                    "register it with `omnictl infraprovider create {}` and start the provider with its key",
                    provider.id
                ),
            };
            out.warnings.push(warn(
                codes::PROVIDER_MISSING,
                &address,
                format!("Omni has no infrastructure provider `{}`", provider.id),
                true,
                help,
            ));
            continue;
        };
        let health = |key: &str| {
            status.resource.spec.at(&["health", key]).and_then(crate::value::Value::as_bool) == Some(true)
        };
        if !health("connected") {
            out.warnings.push(warn(
                codes::PROVIDER_AWAY,
                &address,
                format!(
                    "infrastructure provider `{}` is not connected to Omni; new machines wait until it is",
                    provider.id
                ),
                false,
                "look at its container and its log".to_owned(),
            ));
        }
        if upper && scene.entry(&address).is_none() {
            out.warnings.push(warn(
                codes::PROVIDER_NAME,
                &address,
                format!("provider id `{}` has upper-case letters: it works as it is, but Omni would refuse to make it a new key", provider.id),
                false,
                format!("nothing to do now; a new provider would be called `{}`", provider.id.to_lowercase()),
            ));
        }
        if scene.entry(&address).is_some() {
            out.unchanged.push(Unchanged { address, status: "unchanged".to_owned(), note: None });
            continue;
        }
        let resource = Resource::new(identity(&provider.id));
        let mut draft = Draft::new(&address, Action::Adopt, Operation::Record(resource.clone()));
        draft.source.clone_from(&provider.source);
        draft.record = Some(resource);
        if health("connected") {
            draft.notes.push("is connected".to_owned());
        }
        out.drafts.push(draft);
    }
    out
}

/// Providers in the record that the files no longer name: forgotten. Removing one in Omni would take every user's machine
/// request sets with it, of all providers, so that is never done on the side.
pub(super) fn removed<'a>(scene: &Scene<'a>, out: &mut Providers<'a>) {
    let Some(record) = scene.input.record else { return };
    for address in record.entries.keys().filter(|a| matches!(a.kind(), "provider" | "container" | "files")) {
        let root = if address.kind() == "provider" { Some(address.clone()) } else { address.parent() };
        let named = root.is_some_and(|r| {
            scene.input.desired.providers.iter().any(|p| {
                p.id == r.name()
                    && match address.kind() {
                        "container" => p.container,
                        "files" => p.files,
                        _ => true,
                    }
            })
        });
        if named {
            continue;
        }
        let mut draft = Draft::new(address, Action::Forget, Operation::Drop);
        draft.notes.push("no longer in the spec; it stays as it is".to_owned());
        out.drafts.push(draft);
        if address.kind() == "provider" {
            out.warnings.push(Warning {
                code: codes::PROVIDER_LEFT.to_owned(),
                guard: Some("G09".to_owned()),
                address: Some(address.clone()),
                message: format!(
                    "infrastructure provider `{}` is no longer in the spec; it stays in Omni",
                    address.name()
                ),
                blocks: false,
                help: Some("remove it there only when no machine of it is left".to_owned()),
                ..Warning::default()
            });
        }
    }
}
