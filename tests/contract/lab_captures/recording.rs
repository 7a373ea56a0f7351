//! One recorded exchange, and what all recordings of a folder tell about its server.

use std::collections::BTreeMap;
use std::path::Path;

use omni_scale::lab::omni::pgp::PublicKey;
use omni_scale::lab::omni::{Account, Role};
use serde_json::{Map, Value, json};

/// A recorded exchange.
pub struct Recording {
    pub method: String,
    pub path: String,
    pub service: String,
    pub call: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The body as an object, spellings as sent; empty when it is none.
    pub message: Value,
    /// Absent when the recording client gave up.
    pub status: Option<u16>,
    pub answer: Option<String>,
    pub answer_headers: BTreeMap<String, String>,
    /// Wall time of the answer, Unix seconds.
    pub at: i64,
}

impl Recording {
    pub fn read(capture: &Value) -> Self {
        let text = |v: &Value| v.as_str().unwrap_or("").to_owned();
        let (request, response) = (&capture["request"], &capture["response"]);
        let mut headers = Vec::new();
        for (name, value) in request["headers"].as_object().into_iter().flatten() {
            match value {
                Value::Array(all) => headers.extend(all.iter().map(|v| (name.clone(), text(v)))),
                one => headers.push((name.clone(), text(one))),
            }
        }
        let path = text(&request["path"]);
        let (service, call) = path.strip_prefix("/api/").and_then(|p| p.split_once('/')).unwrap_or(("", ""));
        let body = text(&request["body"]);
        let answer_headers: BTreeMap<String, String> = response["headers"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(k, v)| (k.to_ascii_lowercase(), text(v)))
            .collect();
        let dated = answer_headers
            .get("date")
            .and_then(|d| jiff::fmt::rfc2822::parse(d).ok())
            .map(|z| z.timestamp().as_second());
        let stamped = header(&headers, "grpc-metadata-x-sidero-timestamp").and_then(|t| t.parse().ok());
        Self {
            service: service.to_owned(),
            call: call.to_owned(),
            method: text(&request["method"]),
            message: serde_json::from_str(&body).ok().filter(Value::is_object).unwrap_or_else(|| json!({})),
            status: response["status"].as_u64().map(|s| s as u16),
            answer: response["body"].as_str().map(str::to_owned),
            at: dated.or(stamped).unwrap_or(0),
            answer_headers,
            path,
            headers,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
    /// The answer as JSON.
    pub fn reply(&self) -> Value {
        self.answer.as_deref().and_then(|a| serde_json::from_str(a).ok()).unwrap_or(Value::Null)
    }
    pub fn ok(&self) -> bool {
        self.status == Some(200)
    }
    /// The text of a refusal.
    pub fn refusal(&self) -> String {
        self.reply()["message"].as_str().unwrap_or("").to_owned()
    }
    /// Identity of the resource that is asked for.
    pub fn target(&self) -> (String, String, String) {
        let place = if self.message["resource"]["metadata"].is_object() {
            &self.message["resource"]["metadata"]
        } else {
            &self.message
        };
        let field = |n: &str| place[n].as_str().unwrap_or("").to_owned();
        (field("namespace"), field("type"), field("id"))
    }
    /// The spec of a Create or Update in answer form, as far as its text is JSON: original names, zero values dropped.
    pub fn spec(&self) -> Value {
        let spec = self.message["resource"]["spec"].as_str().and_then(|s| serde_json::from_str(s).ok());
        plain(spec.unwrap_or_else(|| json!({})))
    }
    pub fn pairs(&self, name: &str) -> BTreeMap<String, String> {
        let map = self.message["resource"]["metadata"][name].as_object();
        map.into_iter().flatten().map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned())).collect()
    }
    pub fn finalizers(&self) -> Vec<String> {
        let list = self.message["resource"]["metadata"]["finalizers"].as_array();
        list.into_iter().flatten().filter_map(|f| f.as_str().map(str::to_owned)).collect()
    }
    pub fn version(&self) -> Option<u64> {
        match self.message["resource"]["metadata"]["version"].as_str() {
            None | Some("") => Some(1),
            Some(text) => text.parse().ok(),
        }
    }
    /// Name, fingerprint and signature of the signature header.
    pub fn signature(&self) -> Option<(&str, &str)> {
        let fields: Vec<&str> = self.header("grpc-metadata-x-sidero-signature")?.split(' ').collect();
        (fields.len() >= 4).then(|| (fields[1], fields[2]))
    }
    /// The documents of a Get or List answer.
    pub fn documents(&self) -> Vec<Value> {
        let reply = self.reply();
        let one = reply.get("body").into_iter();
        one.chain(reply["items"].as_array().into_iter().flatten())
            .filter_map(|d| serde_json::from_str(d.as_str()?).ok())
            .collect()
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
}

/// `lowerCamelCase` keys as `snake_case`, zero values dropped; maps of labels do not occur inside the specs that need this.
pub fn plain(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(k, v)| (snake(&k), v.is_object(), plain(v)))
                .filter(|(_, message, v)| *message || !zero(v))
                .map(|(k, _, v)| (k, v))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.into_iter().map(plain).collect(),
        other => other,
    }
}

fn zero(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false))
        || value == &json!(0)
        || value == &json!("")
        || value == &json!([])
}

fn snake(key: &str) -> String {
    key.chars()
        .flat_map(|c| if c.is_uppercase() { vec!['_', c.to_ascii_lowercase()] } else { vec![c] })
        .collect()
}

/// What a folder of recordings tells: keys, roles, provider schemas, and what resources looked like when.
#[derive(Default)]
pub struct Folder {
    pub recordings: BTreeMap<String, Recording>,
    /// Armored public keys by fingerprint.
    pub keys: BTreeMap<String, String>,
    /// Roles of service accounts by name.
    pub roles: BTreeMap<String, Role>,
    /// When service accounts were destroyed, by name.
    destroyed: BTreeMap<String, i64>,
    /// Specs of InfraProviderStatuses by provider id.
    pub providers: BTreeMap<String, Value>,
    /// Whether a full list of accounts is among them.
    pub listed: bool,
}

impl Folder {
    pub fn read(path: &Path) -> Self {
        let mut folder = Self::default();
        for entry in std::fs::read_dir(path).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let Some(name) = name.strip_suffix(".json").filter(|n| !n.starts_with('_')) else { continue };
            let capture: Value = serde_json::from_slice(&std::fs::read(entry.path()).unwrap()).unwrap();
            folder.recordings.insert(name.to_owned(), Recording::read(&capture));
        }
        folder.learn();
        folder
    }

    fn learn(&mut self) {
        for recording in self.recordings.values().filter(|r| r.ok()) {
            let message = &recording.message;
            let name = message["name"].as_str().unwrap_or("").to_owned();
            match recording.call.as_str() {
                "CreateServiceAccount" | "RenewServiceAccount" => {
                    learn_key(&mut self.keys, &message["armored_pgp_public_key"]);
                    let role = if message["use_user_role"] == json!(true) {
                        Some(Role::Admin)
                    } else {
                        message["role"].as_str().and_then(Role::parse)
                    };
                    if let Some(role) = role {
                        self.roles.insert(name, role);
                    }
                }
                "DestroyServiceAccount" => {
                    self.destroyed.insert(name, recording.at);
                }
                "ListServiceAccounts" => {
                    self.listed = true;
                    for account in recording.reply()["service_accounts"].as_array().into_iter().flatten() {
                        let name = account["name"].as_str().unwrap_or("").to_owned();
                        if let Some(role) = account["role"].as_str().and_then(Role::parse) {
                            self.roles.insert(name, role);
                        }
                        for key in account["pgp_public_keys"].as_array().into_iter().flatten() {
                            learn_key(&mut self.keys, &key["armored"]);
                        }
                    }
                }
                "Create" | "Update" if recording.target().1.starts_with("InfraProviderStatuses.") => {
                    self.providers.insert(recording.target().2, recording.spec());
                }
                "Get" if recording.target().1.starts_with("InfraProviderStatuses.") => {
                    for document in recording.documents() {
                        self.providers.insert(recording.target().2, document["spec"].clone());
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether the account existed when this was recorded, as far as the recordings tell.
    pub fn existed(&self, name: &str, at: i64) -> bool {
        self.destroyed.get(name).is_none_or(|gone| at < *gone)
    }

    /// Everything of a type, from a whole list recorded within two seconds that holds all of what this answer shows, unchanged.
    pub fn population(&self, recording: &Recording) -> Vec<Value> {
        let shown = recording.documents();
        let (namespace, kind, _) = recording.target();
        let whole = |o: &&Recording| {
            let plain = ["limit", "offset", "search_for"].iter().all(|f| o.message[f].is_null());
            let same = o.target() == (namespace.clone(), kind.clone(), String::new());
            o.ok() && o.call == "List" && same && plain && o.header("grpc-metadata-selectors").is_none()
        };
        let lists = self.recordings.values().filter(whole).filter(|o| o.at.abs_diff(recording.at) <= 2);
        lists.map(Recording::documents).find(|all| shown.iter().all(|d| all.contains(d))).unwrap_or_default()
    }

    /// What the target of a write looked like before it, from the last recorded write or answer with a lower or equal version.
    pub fn before(
        &self,
        recording: &Recording,
    ) -> Option<(Value, BTreeMap<String, String>, BTreeMap<String, String>)> {
        let target = recording.target();
        let version = recording.version()?;
        let mut best: Option<(u64, i64, _)> = None;
        for other in
            self.recordings.values().filter(|o| o.ok() && o.target() == target && o.at <= recording.at)
        {
            let found = match other.call.as_str() {
                "Create" => (1, (other.spec(), other.pairs("labels"), other.pairs("annotations"))),
                "Update" => (
                    other.version().unwrap_or(0) + 1,
                    (other.spec(), other.pairs("labels"), other.pairs("annotations")),
                ),
                "Get" => {
                    let Some(document) = other.documents().pop() else { continue };
                    let metadata = &document["metadata"];
                    let map = |n: &str| serde_json::from_value(metadata[n].clone()).unwrap_or_default();
                    let stored = metadata["version"].as_u64().unwrap_or(0);
                    (stored, (document["spec"].clone(), map("labels"), map("annotations")))
                }
                _ => continue,
            };
            let fits = found.0 <= version && found.0 > 0;
            if fits && best.as_ref().is_none_or(|(v, at, _)| (found.0, other.at) > (*v, *at)) {
                best = Some((found.0, other.at, found.1));
            }
        }
        best.map(|(_, _, state)| state)
    }
}

fn learn_key(keys: &mut BTreeMap<String, String>, armored: &Value) {
    let Some(armored) = armored.as_str() else { return };
    if let Ok(key) = PublicKey::read(armored) {
        keys.insert(key.fingerprint, armored.to_owned());
    }
}

/// The account of a signature's name field.
pub fn identity(name: &str) -> String {
    if name.contains('@') { name.to_owned() } else { Account::identity_of(name) }
}
