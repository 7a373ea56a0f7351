//! Who may do what with which type.

use super::auth::{Account, Role};
use super::errors::{Code, Refusal};
use super::schema::{self, Access};
use super::store::{Key, Store};
use super::version::ServerVersion;

/// What a call does with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Read,
    Create,
    Update,
    Destroy,
}

/// Types that any valid signature may read.
const OPEN: &[&str] = &[
    "SysVersions.system.sidero.dev",
    "CurrentUsers.omni.sidero.dev",
    "Permissions.omni.sidero.dev",
    "ClusterPermissions.omni.sidero.dev",
    "AuthConfigs.omni.sidero.dev",
    "EulaAcceptances.omni.sidero.dev",
];

/// The type, if this server version has it.
pub(super) fn kind(name: &str, version: ServerVersion) -> Option<&'static schema::Kind> {
    schema::kind(name).filter(|k| !k.new || version.knows_new())
}

fn need(account: &Account, role: Role) -> Result<(), Refusal> {
    if account.role >= role {
        return Ok(());
    }
    let name = account.role.name();
    Err(Refusal::denied(&format!("unauthorized: access denied: insufficient role: \"{name}\"")))
}

/// Whether `account` may do this.
pub(super) fn check(
    account: &Account,
    verb: Verb,
    key: &Key,
    store: &Store,
    version: ServerVersion,
) -> Result<(), Refusal> {
    if account.role == Role::InfraProvider && !OPEN.contains(&key.kind.as_str()) {
        return provider(account, verb, key, store);
    }
    if key.kind.ends_with(".infraprovider.sidero.dev") && key.namespace.starts_with("infra-provider:") {
        // What a provider keeps for itself: everybody may look.
        return match verb {
            Verb::Read => need(account, Role::Reader),
            _ => Err(Refusal::new(
                Code::PermissionDenied,
                format!("users are not allowed to modify \"{}\" resources", key.kind),
            )),
        };
    }
    let Some(kind) = kind(&key.kind, version) else { return Err(Refusal::denied("no access is permitted")) };
    if key.kind.starts_with("MachineRequestSetStatuses.") {
        return Err(Refusal::denied("access is not permitted"));
    }
    let need = |role: Role| need(account, role);
    let only = |what: &str| Err(Refusal::denied(&format!("only {what} access is permitted")));
    if verb == Verb::Read {
        return match kind.access {
            Access::Denied | Access::Import => Err(Refusal::denied("no access is permitted")),
            _ if OPEN.contains(&key.kind.as_str()) => Ok(()),
            Access::Admin => need(Role::Admin),
            _ => need(Role::Reader),
        };
    }
    match (kind.access, verb) {
        (Access::Denied, _) => Err(Refusal::denied("no access is permitted")),
        (Access::Provider, _) => Err(Refusal::new(
            Code::PermissionDenied,
            format!("users are not allowed to modify \"{}\" resources", key.kind),
        )),
        (Access::Managed, _) => Err(Refusal::denied(&format!(
            "only read access is permitted on resource {}, mutations should be done via ManagementService API calls",
            key.kind
        ))),
        (Access::Read, _) => only("read"),
        (Access::Token, Verb::Create) => only("read, update and delete"),
        (Access::ReadDelete, Verb::Create | Verb::Update) => only("read and delete"),
        (Access::Eula, Verb::Update | Verb::Destroy) => only("read and create"),
        (Access::Import, Verb::Update) => only("create and delete"),
        // Seen: any reader may register and remove providers, although the type is listed as an administrator's.
        (Access::Registration, _) => need(Role::Reader),
        (Access::Admin, _) => need(Role::Admin),
        _ => need(Role::Operator),
    }
}

/// What a provider reads in the common namespaces.
const PROVIDER_READS: &[&str] = &[
    "MachineRequests",
    "InfraMachineRegistrations",
    "InfraMachines",
    "ProviderJoinConfigs",
    "InfraProviderStatuses",
    "InfraProviderHealthStatuses",
    "MachineRequestStatuses",
    "InfraMachineStatuses",
    "ConfigPatchRequests",
];
/// What it reads outside of them.
const PROVIDER_DEFAULT: &[&str] =
    &["Machines.omni.sidero.dev", "ConnectionParams.omni.sidero.dev", "SiderolinkAPIConfigs.omni.sidero.dev"];
/// What it writes.
const PROVIDER_WRITES: &[&str] = &[
    "InfraProviderStatuses",
    "InfraProviderHealthStatuses",
    "MachineRequestStatuses",
    "InfraMachineStatuses",
    "ConfigPatchRequests",
];

fn provider(account: &Account, verb: Verb, key: &Key, store: &Store) -> Result<(), Refusal> {
    let denied = |message: String| Err(Refusal::new(Code::PermissionDenied, message));
    let Some(id) = account.provider() else {
        return Err(Refusal::denied("unauthorized: access denied: insufficient role: \"InfraProvider\""));
    };
    if store.get(&Key::of("InfraProviders", id)).is_none() {
        return denied(format!("infra provider \"{id}\" is not registered"));
    }
    let own = format!("infra-provider:{id}");
    if verb == Verb::Read && key.namespace == "default" && PROVIDER_DEFAULT.contains(&key.kind.as_str()) {
        return Ok(());
    }
    if ![own.as_str(), "infra-provider", "infra-provider-ephemeral"].contains(&key.namespace.as_str()) {
        return denied(format!(
            "namespace not allowed, must be one of: infra-provider, infra-provider-ephemeral, {own}"
        ));
    }
    if key.namespace == own {
        let suffix = format!(".{id}.infraprovider.sidero.dev");
        if key.kind.ends_with(&suffix) {
            return Ok(());
        }
        return denied(format!("resource type must have suffix \"{suffix}\""));
    }
    let list = if verb == Verb::Read { PROVIDER_READS } else { PROVIDER_WRITES };
    let name = key.kind.strip_suffix(".omni.sidero.dev").unwrap_or("");
    if !list.contains(&name) {
        return denied(format!("infra providers are not allowed to access \"{}\" resources", key.kind));
    }
    if verb != Verb::Read && name.starts_with("InfraProvider") && key.id != id {
        let reason = format!("resource ID must match the infra provider ID \"{id}\"");
        return Err(Refusal::new(Code::InvalidArgument, reason));
    }
    Ok(())
}
