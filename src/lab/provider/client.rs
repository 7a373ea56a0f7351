//! How the provider asks Proxmox VE: through the same routes as everybody, with its own token. Every request is kept.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::proxmox::{self, Request};
use super::super::world::Pass;

/// One text for 401 and 403.
pub const UNAUTHORIZED: &str = "not authorized to access endpoint";
/// What is left of an answer without a body.
pub const EMPTY: &str = "unexpected end of JSON input";
/// Requests that are kept.
const KEPT: usize = 500;

/// A request of the provider and how it was answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Milliseconds since the world's beginning.
    pub at: u64,
    /// Machine request that it was for.
    pub id: String,
    /// `GET`, …
    pub method: String,
    /// Path below `/api2/json`.
    pub path: String,
    /// Parameters of the body.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// Status; 0 where no answer came.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
}

/// The provider's way to Proxmox VE while it works on a request.
pub struct Client<'a, 'b> {
    /// The look at the world.
    pub pass: &'a mut Pass<'b>,
    /// Machine request that it works on.
    pub id: &'a str,
}

impl Client<'_, '_> {
    /// `GET`: the data, or the error as the provider's log has it.
    pub fn get(&mut self, path: &str) -> Result<Value, String> {
        self.ask("GET", path, Map::new())
    }
    /// `GET` of something that is asked for nothing: a refusal is not minded.
    pub fn glance(&mut self, path: &str) -> Result<(), String> {
        match self.get(path) {
            Err(why) if why != UNAUTHORIZED => Err(why),
            _ => Ok(()),
        }
    }
    /// `POST`.
    pub fn post(&mut self, path: &str, parameters: Value) -> Result<Value, String> {
        let parameters = match parameters {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        self.ask("POST", path, parameters)
    }
    /// `DELETE`.
    pub fn delete(&mut self, path: &str) -> Result<Value, String> {
        self.ask("DELETE", path, Map::new())
    }
    /// Looks at a task: `None` while it runs, otherwise whether it ended as the provider wants, which is `OK` and nothing
    /// else.
    pub fn task(&mut self, upid: &str) -> Result<Option<bool>, String> {
        let node = upid.split(':').nth(1).unwrap_or_default();
        let status = self.get(&format!("/nodes/{node}/tasks/{upid}/status"))?;
        let word = |key: &str| status.get(key).and_then(Value::as_str).unwrap_or_default();
        Ok((word("status") == "stopped").then(|| word("exitstatus") == "OK"))
    }
    fn ask(&mut self, method: &str, path: &str, parameters: Map<String, Value>) -> Result<Value, String> {
        let now = self.pass.world.now;
        let cluster = &mut self.pass.world.proxmox;
        let provider = &mut self.pass.world.provider;
        let mut asked = Asked {
            at: now,
            id: self.id.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            parameters,
            status: 0,
            reason: String::new(),
        };
        let result = if cluster.api_down {
            let host = cluster.nodes.first().map_or("", |n| n.ip.as_str());
            let verb: String = method.chars().take(1).chain(method.to_lowercase().chars().skip(1)).collect();
            let to = format!("{host}:8006");
            Err(format!(
                "{verb} \"https://{to}/api2/json{path}\": dial tcp {to}: connect: connection refused"
            ))
        } else {
            let secret = cluster.tokens.iter().find(|t| t.id == provider.principal).map(|t| t.secret.clone());
            let secret = secret.filter(|_| !provider.refused).unwrap_or_else(|| "wrong".to_owned());
            let header = format!("PVEAPIToken={}={secret}", provider.principal);
            let question = Request {
                method,
                path,
                query: Vec::new(),
                authorization: Some(&header),
                has_body: false,
                parameters: asked.parameters.clone(),
            };
            let reply = proxmox::handle(cluster, &question, now);
            (asked.status, asked.reason) = (reply.status, reply.reason.clone());
            read(reply)
        };
        provider.asked.push_back(asked);
        while provider.asked.len() > KEPT {
            provider.asked.pop_front();
        }
        result
    }
}

/// An answer as the provider's client library reads it.
fn read(reply: proxmox::Reply) -> Result<Value, String> {
    let Some(body) = reply.body else {
        return Err(if reply.status == 401 { UNAUTHORIZED } else { EMPTY }.to_owned());
    };
    match reply.status {
        200..=299 => Ok(body.get("data").cloned().unwrap_or_default()),
        401 | 403 => Err(UNAUTHORIZED.to_owned()),
        400 => {
            let errors = body.get("errors").map(Value::to_string).unwrap_or_default();
            Err(format!("bad request: 400 {} - {errors}", reply.reason))
        }
        status => Err(format!("{status} {}", reply.reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::proxmox::Reply;
    use super::*;

    #[test]
    fn errors_are_what_the_log_has() {
        assert_eq!(read(Reply::bare(401, "No ticket")).unwrap_err(), UNAUTHORIZED);
        assert_eq!(read(Reply::forbidden("/", "Sys.Audit")).unwrap_err(), UNAUTHORIZED);
        assert_eq!(read(Reply::unreachable()).unwrap_err(), EMPTY);
        assert_eq!(
            read(Reply::parameter("sockets", "value must have a minimum value of 1")).unwrap_err(),
            "bad request: 400 Parameter verification failed. - {\"sockets\":\"value must have a minimum value of 1\"}"
        );
        assert_eq!(read(Reply::failed("VM is locked (backup)")).unwrap_err(), "500 VM is locked (backup)");
    }
}
