//! What Omni refuses of users' writes, one file per type. Rules see the store; they never write.

mod cluster;
mod config_patch;
mod extensions;
mod infra_provider;
mod labels;
mod machine_class;
mod machine_request;
mod machine_set;
mod machine_set_node;
mod metadata;
mod provider_data;
mod small;
mod talos_version;

use super::errors::{Code, Refusal};
use super::gateway::Call;
use super::store::{Resource, Store};
use super::version::ServerVersion;

pub(super) use config_patch::validate_config;
pub(super) use provider_data::violations;

/// A write that a user asks for.
pub(super) enum Write<'a> {
    Create(&'a Resource),
    /// Stored and wanted.
    Update(&'a Resource, &'a Resource),
    /// Stored.
    Teardown(&'a Resource),
}

impl<'a> Write<'a> {
    /// The resource as it would be, of a Create or Update.
    fn wanted(&self) -> Option<&'a Resource> {
        match self {
            Self::Create(new) | Self::Update(_, new) => Some(new),
            Self::Teardown(_) => None,
        }
    }
    /// The resource as it is, of an Update or Teardown.
    fn stored(&self) -> Option<&'a Resource> {
        match self {
            Self::Create(_) => None,
            Self::Update(old, _) | Self::Teardown(old) => Some(old),
        }
    }
}

/// What rules look at.
pub(super) struct Context<'a> {
    store: &'a Store,
    version: ServerVersion,
    /// Unix seconds.
    now: i64,
    /// Id of the calling provider.
    provider: Option<&'a str>,
}

impl<'a> Context<'a> {
    /// Of a call.
    pub(super) fn of(call: &'a Call<'_>) -> Self {
        Self {
            store: call.server.store(),
            version: call.server.version(),
            now: call.wall,
            provider: call.account.provider(),
        }
    }
}

/// Reasons to refuse.
type Reasons = Vec<String>;

/// Refuses a write that breaks a rule, with all reasons at once.
pub(super) fn check(context: &Context<'_>, write: Write<'_>) -> Result<(), Refusal> {
    let mut reasons = Vec::new();
    let kind = write.wanted().or(write.stored()).map_or("", |r| r.key.kind.as_str());
    if let Some(wanted) = write.wanted() {
        metadata::check(wanted, &mut reasons);
    }
    match kind.strip_suffix(".omni.sidero.dev").unwrap_or(kind) {
        "Clusters" => cluster::check(context, &write, &mut reasons),
        "MachineSets" => machine_set::check(context, &write, &mut reasons),
        "MachineSetNodes" => machine_set_node::check(context, &write, &mut reasons),
        "ConfigPatches" => config_patch::check(context, &write, &mut reasons),
        "ExtensionsConfigurations" => extensions::check(context, &write, &mut reasons),
        "MachineClasses" => {
            if machine_class::crashes(&write) {
                return Err(Refusal::crash());
            }
            machine_class::check(context, &write, &mut reasons);
        }
        "MachineRequestSets" | "MachineRequests" => machine_request::check(context, &write, &mut reasons),
        "InfraProviders" => infra_provider::check(context, &write, &mut reasons),
        _ => small::check(context, &write, &mut reasons),
    }
    if reasons.is_empty() {
        Ok(())
    } else {
        Err(Refusal { code: Code::InvalidArgument, ..Refusal::invalid(&reasons) })
    }
}
