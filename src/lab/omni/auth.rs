//! Who is calling: accounts, their keys and roles, and the signature check.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::pgp::{KeyError, PublicKey};

/// What an account may do; ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Role {
    /// Nothing but looking at itself.
    None,
    /// The part of an infrastructure provider.
    InfraProvider,
    /// Reads.
    Reader,
    /// Reads, the audit log included; unknown to Omni 1.9.
    Auditor,
    /// Writes what users manage.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// Its name, case-sensitive.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "None" => Self::None,
            "InfraProvider" => Self::InfraProvider,
            "Reader" => Self::Reader,
            "Auditor" => Self::Auditor,
            "Operator" => Self::Operator,
            "Admin" => Self::Admin,
            _ => return None,
        })
    }
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "None",
            Self::InfraProvider => "InfraProvider",
            Self::Reader => "Reader",
            Self::Auditor => "Auditor",
            Self::Operator => "Operator",
            Self::Admin => "Admin",
        }
    }
}

/// A user or service account with its keys; serialised as part of the world.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Account {
    /// Full identity: an e-mail address.
    pub identity: String,
    /// UUID.
    pub user_id: String,
    /// What it may do.
    pub role: Role,
    /// Armored public keys.
    pub keys: Vec<String>,
    #[serde(skip)]
    read: Vec<PublicKey>,
}

/// End of a service account's identity.
pub(super) const SERVICE: &str = "@serviceaccount.omni.sidero.dev";
/// End of a provider account's identity.
pub(super) const PROVIDER: &str = "@infra-provider.serviceaccount.omni.sidero.dev";

impl Account {
    /// An account without keys.
    pub fn new(identity: &str, user_id: &str, role: Role) -> Self {
        Self {
            identity: identity.to_owned(),
            user_id: user_id.to_owned(),
            role,
            keys: Vec::new(),
            read: Vec::new(),
        }
    }
    /// The identity of a service account by its name, `automation` or `infra-provider:<id>`.
    pub fn identity_of(name: &str) -> String {
        match name.strip_prefix("infra-provider:") {
            Some(id) => format!("{id}{PROVIDER}"),
            None => format!("{name}{SERVICE}"),
        }
    }
    /// The name of a service account; `None` for a user.
    pub fn service_name(&self) -> Option<String> {
        match self.identity.strip_suffix(PROVIDER) {
            Some(id) => Some(format!("infra-provider:{id}")),
            None => self.identity.strip_suffix(SERVICE).map(str::to_owned),
        }
    }
    /// The provider that this account belongs to.
    pub fn provider(&self) -> Option<&str> {
        self.identity.strip_suffix(PROVIDER).filter(|_| self.role == Role::InfraProvider)
    }
    /// Adds an armored public key; its fingerprint.
    pub fn add_key(&mut self, armored: &str) -> Result<String, KeyError> {
        let key = PublicKey::read(armored)?;
        let fingerprint = key.fingerprint.clone();
        self.keys.push(armored.to_owned());
        self.read.push(key);
        Ok(fingerprint)
    }
    /// Its keys, read; same order as `keys`.
    pub fn public_keys(&self) -> &[PublicKey] {
        &self.read
    }
    /// Reads the keys again after the account was read from a world file; unreadable ones are dropped.
    #[must_use]
    pub fn restored(mut self) -> Self {
        let keys = std::mem::take(&mut self.keys);
        self.read.clear();
        for armored in keys {
            // A key that cannot be read cannot sign either: without it the account only loses what it never had.
            let _ = self.add_key(&armored);
        }
        self
    }
}

/// Metadata of a call: lower-case names, values in order.
pub(super) struct Metadata(Vec<(String, String)>);

/// Names whose values must be those of the payload. The server looks up `fieldSelectors` in camel case among lower-cased
/// names, so that it never finds it.
const SIGNED: &[&str] = &[
    "x-sidero-timestamp",
    "nodes",
    "selectors",
    "fieldSelectors",
    "runtime",
    "context",
    "cluster",
    "namespace",
    "uid",
    "authorization",
];

/// Timestamps may differ from the server's clock by this many seconds.
const SKEW: u64 = 300;

impl Metadata {
    /// What the gateway forwards: headers with the prefix `Grpc-Metadata-`, and `Authorization`. Values that are not
    /// printable ASCII are dropped.
    pub(super) fn forwarded(headers: &[(String, String)]) -> Self {
        let mut out = Vec::new();
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            let name = match name.strip_prefix("grpc-metadata-") {
                Some(rest) => rest.to_owned(),
                None if name == "authorization" => name,
                None => continue,
            };
            if value.chars().all(|c| matches!(c, ' '..='~')) {
                out.push((name, value.clone()));
            }
        }
        Self(out)
    }
    /// All values of a name.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(n, _)| n == name).map(|(_, v)| v.as_str()).collect()
    }
    /// The value of a name that is given once.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        match self.all(name).as_slice() {
            [value] => Some(value),
            _ => None,
        }
    }
}

/// The account whose valid key signed a call of `method` (`/package.Service/Method`) at `wall` (Unix seconds).
pub(super) fn authenticate<'a>(
    metadata: &Metadata,
    method: &str,
    accounts: &'a [Account],
    wall: i64,
) -> Option<&'a Account> {
    let payload = metadata.one("x-sidero-payload")?;
    let signature = metadata.one("x-sidero-signature")?;
    let timestamp: i64 = metadata.one("x-sidero-timestamp")?.parse().ok()?;
    if timestamp.abs_diff(wall) > SKEW || !agrees(metadata, payload, method) {
        return None;
    }
    // Only the fingerprint selects the account; the identity field is not compared with it. A fifth field is ignored.
    let mut fields = signature.split(' ');
    let (version, _identity) = (fields.next()?, fields.next()?);
    let (fingerprint, signature) = (fields.next()?, STANDARD.decode(fields.next()?).ok()?);
    if version != "siderov1" {
        return None;
    }
    accounts.iter().find(|account| {
        account.public_keys().iter().any(|key| {
            key.fingerprint == fingerprint
                && key.expires.is_none_or(|e| wall < e)
                && key.verifies(payload.as_bytes(), &signature, wall)
        })
    })
}

/// Whether the payload names this method and exactly the values that were sent.
fn agrees(metadata: &Metadata, payload: &str, method: &str) -> bool {
    let Ok(payload) = serde_json::from_str::<Value>(payload) else { return false };
    if payload.get("method").and_then(Value::as_str) != Some(method) {
        return false;
    }
    SIGNED.iter().all(|name| {
        let sent = metadata.all(name);
        match payload.get("headers").and_then(|h| h.get(name)) {
            None | Some(Value::Null) => sent.is_empty(),
            Some(Value::Array(values)) => {
                !values.is_empty()
                    && values.len() == sent.len()
                    && values.iter().zip(&sent).all(|(v, s)| v.as_str() == Some(s))
            }
            Some(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::omni::pgp::KeyPair;

    const NOW: i64 = 1_795_212_083;
    const METHOD: &str = "/omni.resources.ResourceService/Get";

    fn call(payload: &str, extra: &[(&str, &str)], timestamp: i64, wall: i64) -> bool {
        let pair =
            KeyPair::new(&[9; 64], "lab (lab) <lab@serviceaccount.omni.sidero.dev>", NOW - 10, 3600).unwrap();
        let mut account = Account::new(&Account::identity_of("lab"), "u", Role::Admin);
        let fingerprint = account.add_key(&pair.public()).unwrap();
        let payload = payload.replace('T', &timestamp.to_string());
        let signature = STANDARD.encode(pair.sign(payload.as_bytes(), timestamp));
        let mut headers = vec![
            ("Grpc-Metadata-X-Sidero-Timestamp".to_owned(), timestamp.to_string()),
            ("Grpc-Metadata-X-Sidero-Payload".to_owned(), payload),
            (
                "Grpc-Metadata-X-Sidero-Signature".to_owned(),
                format!("siderov1 anyone {fingerprint} {signature}"),
            ),
        ];
        headers.extend(extra.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
        authenticate(&Metadata::forwarded(&headers), METHOD, &[account], wall).is_some()
    }

    #[test]
    fn payload_and_headers_must_agree() {
        let runtime = &[("grpc-metadata-runtime", "Omni")];
        let ok = r#"{"headers":{"x-sidero-timestamp":["T"],"runtime":["Omni"]},"method":"/omni.resources.ResourceService/Get"}"#;
        assert!(call(ok, runtime, NOW, NOW));
        assert!(!call(ok, &[], NOW, NOW), "runtime signed but not sent");
        assert!(!call(&ok.replace(r#"["Omni"]"#, "null"), runtime, NOW, NOW), "sent but not signed");
        assert!(
            !call(&ok.replace(r#""runtime""#, r#""nodes":[],"runtime""#), runtime, NOW, NOW),
            "empty array"
        );
        assert!(!call(&ok.replace("/Get", "/List"), runtime, NOW, NOW), "other method");
        assert!(call(ok, runtime, NOW, NOW + 299) && !call(ok, runtime, NOW, NOW + 301));
        assert!(!call(ok, runtime, NOW + 301, NOW));
        assert!(!call(ok, runtime, NOW, NOW + 3600), "key expired");
    }

    #[test]
    fn identities() {
        let provider =
            Account::new(&Account::identity_of("infra-provider:Proxmox"), "u", Role::InfraProvider);
        assert_eq!(provider.provider(), Some("Proxmox"));
        assert_eq!(provider.service_name().as_deref(), Some("infra-provider:Proxmox"));
        assert_eq!(Account::new("a@example.org", "u", Role::Admin).service_name(), None);
        assert!(Role::Auditor < Role::Operator && Role::InfraProvider < Role::Reader);
    }
}
