//! API tokens and what they may do.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// An API token.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    /// `user@realm!name`.
    pub id: String,
    /// Its secret: made up, of a world on this machine only.
    pub secret: String,
    /// Unix seconds; 0 for never.
    #[serde(default)]
    pub expires: i64,
    /// Its secret is another now.
    #[serde(default)]
    pub refused: bool,
    /// Privileges by path; they hold below it too.
    pub privileges: BTreeMap<String, Vec<String>>,
}

/// Paths that `GET /access/permissions` lists besides those that have entries of their own.
const SHOWN: [&str; 9] =
    ["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms", "/mapping"];

impl Token {
    /// Whether it has the privilege at a path, by an entry there or above: the nearest entry decides.
    pub fn may(&self, path: &str, privilege: &str) -> bool {
        self.at(path).is_some_and(|list| list.iter().any(|p| p == privilege))
    }
    fn at(&self, path: &str) -> Option<&Vec<String>> {
        let mut at = path.trim_end_matches('/');
        loop {
            if let Some(list) = self.privileges.get(if at.is_empty() { "/" } else { at }) {
                return Some(list);
            }
            if at.is_empty() {
                return None;
            }
            at = at.rsplit_once('/').map_or("", |(up, _)| up);
        }
    }
    /// The answer of `GET /access/permissions`, for one path or for all.
    pub fn permissions(&self, path: Option<&str>) -> Value {
        let mut paths: Vec<&str> = match path {
            Some(path) => vec![path],
            None => SHOWN.iter().copied().chain(self.privileges.keys().map(String::as_str)).collect(),
        };
        paths.sort_unstable();
        paths.dedup();
        let mut out = Map::new();
        for path in paths {
            if let Some(list) = self.at(path).filter(|l| !l.is_empty()) {
                let set: Map<String, Value> = list.iter().map(|p| (p.clone(), json!(1))).collect();
                out.insert(path.to_owned(), Value::Object(set));
            }
        }
        Value::Object(out)
    }
    /// Whether it may read what is known of a user's tokens. A token is not its user: without `User.Modify` it does not
    /// learn when it expires itself.
    pub fn may_read_user(&self, user: &str) -> bool {
        self.id == user || self.may("/access/groups", "User.Modify")
    }
    /// Takes privileges away, at a path and below it.
    pub fn take(&mut self, path: &str, privileges: &[&str]) {
        let mut own = self.at(path).cloned().unwrap_or_default();
        own.retain(|p| !privileges.contains(&p.as_str()));
        self.privileges.insert(path.to_owned(), own);
        let below = format!("{}/", path.trim_end_matches('/'));
        for (_, list) in self.privileges.iter_mut().filter(|(at, _)| at.starts_with(&below)) {
            list.retain(|p| !privileges.contains(&p.as_str()));
        }
    }
    /// Gives privileges, at a path and below it.
    pub fn give(&mut self, path: &str, privileges: &[&str]) {
        let mut own = self.at(path).cloned().unwrap_or_default();
        own.extend(privileges.iter().map(|p| (*p).to_owned()));
        own.sort();
        own.dedup();
        self.privileges.insert(path.to_owned(), own);
    }
    /// User part of the id.
    pub fn user(&self) -> &str {
        self.id.split_once('!').map_or(self.id.as_str(), |(user, _)| user)
    }
    /// Name part of the id.
    pub fn name(&self) -> &str {
        self.id.split_once('!').map_or("", |(_, name)| name)
    }
}

/// Everything that the provider and a reading tool need.
pub fn full() -> Vec<String> {
    [
        "VM.Allocate",
        "VM.Audit",
        "VM.Config.CDROM",
        "VM.Config.CPU",
        "VM.Config.Disk",
        "VM.Config.HWType",
        "VM.Config.Memory",
        "VM.Config.Network",
        "VM.Config.Options",
        "VM.PowerMgmt",
        "Datastore.Allocate",
        "Datastore.AllocateSpace",
        "Datastore.AllocateTemplate",
        "Datastore.Audit",
        "SDN.Use",
        "SDN.Audit",
        "Sys.Audit",
        "Sys.AccessNetwork",
        "Mapping.Use",
        "Mapping.Audit",
        "Pool.Audit",
    ]
    .map(str::to_owned)
    .to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_entry_decides() {
        let mut privileges = BTreeMap::new();
        privileges.insert("/".to_owned(), vec!["VM.Audit".to_owned()]);
        privileges.insert("/vms/101".to_owned(), vec![]);
        let token =
            Token { id: "a@pam!b".into(), secret: "s".into(), expires: 0, refused: false, privileges };
        assert!(token.may("/vms/102", "VM.Audit") && !token.may("/vms/101", "VM.Audit"));
        assert!(!token.may("/", "Sys.Audit"));
        assert_eq!(token.permissions(Some("/vms/101")), json!({}));
    }
}
