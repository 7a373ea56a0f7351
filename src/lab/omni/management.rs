//! The management calls that the lab plays: service accounts, users and validation.

use std::sync::LazyLock;

use serde_json::{Value, json};

use super::auth::{Account, Role};
use super::document::time;
use super::errors::{Code, Refusal};
use super::gateway::Call;
use super::pgp::{PublicKey, sha256};
use super::rules;
use super::schema::{self, Field};
use super::version::ServerVersion;

pub(super) const SERVICE: &str = "management.ManagementService";

/// Longest life of a service account's key in seconds, and what is forgiven.
const LIFETIME: i64 = 365 * 86400 + 60;

static MESSAGES: LazyLock<Vec<(&str, Vec<Field>)>> = LazyLock::new(|| {
    [
        ("CreateServiceAccount", "armored_pgp_public_key:s use_user_role:b role:s name:s"),
        ("RenewServiceAccount", "name:s armored_pgp_public_key:s"),
        ("DestroyServiceAccount", "name:s"),
        ("ListServiceAccounts", ""),
        ("CreateUser", "email:s role:s"),
        ("DestroyUser", "email:s"),
        ("ListUsers", ""),
        ("ReadAuditLog", "start_time:s end_time:s"),
        ("ValidateConfig", "config:s"),
        ("ValidateJSONSchema", "schema:s data:s"),
    ]
    .map(|(name, fields)| (name, schema::fields(fields)))
    .into()
});

/// Methods that exist and are not played.
const OTHERS: &[&str] = &[
    "Kubeconfig",
    "Talosconfig",
    "Omniconfig",
    "MachineLogs",
    "KubernetesUpgradePreChecks",
    "KubernetesSyncManifests",
    "GetSupportBundle",
    "MaintenanceLifecycle",
    "CreateSchematic",
    "CreateSchematicFromRaw",
    "CreateJoinToken",
    "GetMachineJoinConfig",
    "UpdateUser",
    "MachinePowerOff",
    "MachinePowerOn",
];

/// The request message of a method that is played.
pub(super) fn message(method: &str, _: ServerVersion) -> Option<&'static [Field]> {
    MESSAGES.iter().find(|(name, _)| *name == method).map(|(_, fields)| fields.as_slice())
}

/// Whether this server version has the method.
pub(super) fn exists(method: &str, version: ServerVersion) -> bool {
    MESSAGES.iter().any(|(name, _)| *name == method)
        || OTHERS.contains(&method)
        || (method == "GetBootAssetURL" && version.knows_new())
}

/// Whether the method changes nothing.
pub(super) fn reads(method: &str) -> bool {
    ["List", "Validate", "Read"].iter().any(|verb| method.starts_with(verb))
}

fn unknown(message: impl Into<String>) -> Refusal {
    Refusal::new(Code::Unknown, message)
}

/// Answers a call.
pub(super) fn serve(call: &Call<'_>) -> Result<Value, Refusal> {
    if !call.method.starts_with("Validate") && call.account.role < Role::Admin {
        let role = call.account.role.name();
        let message = format!("unauthorized: access denied: insufficient role: \"{role}\"");
        return Err(Refusal::new(Code::PermissionDenied, message));
    }
    match call.method {
        "CreateServiceAccount" => create_account(call),
        "RenewServiceAccount" => renew_account(call),
        "DestroyServiceAccount" => destroy_account(call),
        "ListServiceAccounts" => Ok(list_accounts(call)),
        "CreateUser" => create_user(call),
        "DestroyUser" => destroy_user(call),
        "ListUsers" => Ok(list_users(call)),
        "ValidateConfig" => rules::validate_config(call.text("config"), call.server.version())
            .map(|()| json!({}))
            .map_err(|e| Refusal::new(Code::InvalidArgument, e)),
        _ => validate_schema(call),
    }
}

fn validate_schema(call: &Call<'_>) -> Result<Value, Refusal> {
    let list = rules::violations(call.text("schema"), call.text("data"))
        .map_err(|e| Refusal::new(Code::InvalidArgument, e))?;
    if list.is_empty() {
        return Ok(json!({}));
    }
    let errors: Vec<Value> = list
        .iter()
        .map(|v| {
            json!({
                "schema_path": format!("file:///omni/untitled-schema.json#{}", v.schema),
                "data_path": v.data,
                "cause": v.cause.as_deref().unwrap_or("property is required"),
            })
        })
        .collect();
    Ok(json!({ "errors": errors }))
}

fn parse_role(call: &Call<'_>, name: &str) -> Result<Role, Refusal> {
    Role::parse(name)
        .filter(|r| *r != Role::Auditor || call.server.version().knows_new())
        .ok_or_else(|| unknown(format!("unknown role to parse: \"{name}\"")))
}

/// The key of a request, with an e-mail address and a bounded life.
fn key_of(call: &Call<'_>) -> Result<PublicKey, Refusal> {
    let key = PublicKey::read(call.text("armored_pgp_public_key"))
        .map_err(|e| unknown(format!("gopenpgp: error in reading key ring: {e}")))?;
    let address = key.user_id.rsplit_once('<').and_then(|(_, a)| a.strip_suffix('>')).unwrap_or("");
    let (local, domain) = address.split_once('@').unwrap_or(("", ""));
    if local.is_empty() && key.user_id.starts_with('(') {
        return Err(unknown(format!(
            "key does not contain a valid email address: mail: missing word in phrase: mail: invalid string: {}",
            key.user_id
        )));
    }
    let bad = |c: char| c.is_whitespace() || matches!(c, ':' | '@' | '<' | '>' | '(' | ')' | ',' | ';' | '"');
    if local.is_empty() || domain.is_empty() || local.chars().any(bad) || domain.chars().any(bad) {
        return Err(unknown("key does not contain a valid email address: mail: no angle-addr"));
    }
    match key.expires {
        None => Err(unknown("key does not have a lifetime")),
        Some(expires) if expires - key.created > LIFETIME => {
            let seconds = u64::try_from(expires - key.created).unwrap_or(0);
            Err(unknown(format!(
                "key lifetime is too long: {}h{}m{}s",
                seconds / 3600,
                seconds / 60 % 60,
                seconds % 60
            )))
        }
        Some(_) => Ok(key),
    }
}

fn create_account(call: &Call<'_>) -> Result<Value, Refusal> {
    let (name, role) = (call.text("name"), call.text("role"));
    let user_role = call.body.get("use_user_role") == Some(&Value::Bool(true));
    let provider = name.starts_with("infra-provider:");
    let key = key_of(call)?;
    if provider && user_role {
        return Err(unknown(
            "infra provider service accounts must have the role \"InfraProvider\", but use-user-role was requested",
        ));
    }
    let role = if user_role { Role::Admin } else { parse_role(call, role)? };
    if provider && role != Role::InfraProvider {
        return Err(unknown("infra-provider service accounts must have the role \"InfraProvider\""));
    }
    if !provider && role == Role::InfraProvider {
        return Err(unknown(
            "service accounts with the role \"InfraProvider\" must have the name prefix \"infra-provider:\"",
        ));
    }
    if name.chars().any(char::is_uppercase) {
        return Err(Refusal::invalid(&["must be lowercase".to_owned()]));
    }
    let identity = Account::identity_of(name);
    let mut accounts = call.server.locked_accounts();
    if accounts.iter().any(|a| a.identity == identity) {
        let message = format!("service account \"{identity}\" already exists");
        return Err(Refusal::new(Code::AlreadyExists, message));
    }
    free(&accounts, &key.fingerprint)?;
    let mut account = Account::new(&identity, &user_id(&key.fingerprint), role);
    let fingerprint =
        account.add_key(call.text("armored_pgp_public_key")).map_err(|e| unknown(e.to_string()))?;
    accounts.push(account);
    Ok(json!({ "public_key_id": fingerprint }))
}

/// A key belongs to one account once.
fn free(accounts: &[Account], fingerprint: &str) -> Result<(), Refusal> {
    let known = |a: &Account| a.public_keys().iter().any(|k| k.fingerprint == fingerprint);
    if !accounts.iter().any(known) {
        return Ok(());
    }
    Err(unknown(format!(
        "failed to create: resource PublicKeys.omni.sidero.dev(default/{fingerprint}@undefined) already exists"
    )))
}

/// A UUID that only depends on the key, so that a world replays the same.
fn user_id(fingerprint: &str) -> String {
    let part = |from: usize, to: usize| fingerprint.get(from..to).unwrap_or("").to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

fn renew_account(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.text("name");
    let identity = Account::identity_of(name);
    let mut accounts = call.server.locked_accounts();
    if !accounts.iter().any(|a| a.identity == identity) {
        return Err(unknown(format!(
            "failed to get: resource Identities.omni.sidero.dev(default/{identity}@undefined) doesn't exist"
        )));
    }
    let key = key_of(call)?;
    free(&accounts, &key.fingerprint)?;
    let Some(account) = accounts.iter_mut().find(|a| a.identity == identity) else {
        return Err(Refusal::crash());
    };
    let fingerprint =
        account.add_key(call.text("armored_pgp_public_key")).map_err(|e| unknown(e.to_string()))?;
    Ok(json!({ "public_key_id": fingerprint }))
}

fn destroy_account(call: &Call<'_>) -> Result<Value, Refusal> {
    let name = call.text("name");
    let identity = Account::identity_of(name);
    if identity == call.account.identity {
        let message = "deleting the service account that makes the request is not allowed";
        return Err(Refusal::new(Code::InvalidArgument, message));
    }
    let mut accounts = call.server.locked_accounts();
    let before = accounts.len();
    accounts.retain(|a| a.identity != identity);
    if accounts.len() == before {
        return Err(Refusal::new(Code::NotFound, format!("service account \"{name}\" not found")));
    }
    Ok(json!({}))
}

fn list_accounts(call: &Call<'_>) -> Value {
    let accounts = call.server.locked_accounts();
    let list: Vec<Value> = accounts
        .iter()
        .filter_map(|account| {
            let name = account.service_name()?;
            let keys: Vec<Value> = account
                .public_keys()
                .iter()
                .zip(&account.keys)
                .map(|(key, armored)| {
                    json!({
                        "id": key.fingerprint,
                        "armored": armored,
                        "expiration": time(key.expires.unwrap_or(0)),
                        "created": time(key.created),
                    })
                })
                .collect();
            Some(json!({ "name": name, "pgp_public_keys": keys, "role": account.role.name() }))
        })
        .collect();
    if list.is_empty() { json!({}) } else { json!({ "service_accounts": list }) }
}

fn create_user(call: &Call<'_>) -> Result<Value, Refusal> {
    let email = call.text("email");
    let role = parse_role(call, call.text("role"))?;
    let mut accounts = call.server.locked_accounts();
    if accounts.iter().any(|a| a.identity == email) {
        return Err(unknown(format!("identity \"{email}\" already exists")));
    }
    let id = user_id(&sha256(email));
    accounts.push(Account::new(email, &id, role));
    Ok(json!({ "user_id": id }))
}

fn destroy_user(call: &Call<'_>) -> Result<Value, Refusal> {
    let email = call.text("email");
    let mut accounts = call.server.locked_accounts();
    let before = accounts.len();
    accounts.retain(|a| a.identity != email || a.service_name().is_some());
    if accounts.len() == before {
        return Err(Refusal::new(Code::NotFound, format!("user \"{email}\" not found")));
    }
    Ok(json!({}))
}

fn list_users(call: &Call<'_>) -> Value {
    let accounts = call.server.locked_accounts();
    let list: Vec<Value> = accounts
        .iter()
        .filter(|a| a.service_name().is_none())
        .map(|a| json!({ "id": a.user_id, "email": a.identity, "role": a.role.name() }))
        .collect();
    if list.is_empty() { json!({}) } else { json!({ "users": list }) }
}
