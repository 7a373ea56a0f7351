//! Answers of the API: a status line whose reason carries meaning, and a wrapped body.

use serde_json::{Value, json};

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Body; absent means empty.
    pub body: Option<Value>,
}

impl Reply {
    /// 200 with data.
    pub fn data(data: impl Into<Value>) -> Self {
        Self { status: 200, reason: "OK".to_owned(), body: Some(json!({ "data": data.into() })) }
    }
    /// An error without a body.
    pub fn bare(status: u16, reason: &str) -> Self {
        Self { status, reason: reason.to_owned(), body: None }
    }
    /// An error whose message is also the reason.
    pub fn error(status: u16, message: &str) -> Self {
        let first = message.lines().next().unwrap_or_default().to_owned();
        Self { status, reason: first, body: Some(json!({ "data": null, "message": format!("{message}\n") })) }
    }
    /// 500 with a message.
    pub fn failed(message: &str) -> Self {
        Self::error(500, message)
    }
    /// 400 about one parameter.
    pub fn parameter(name: &str, why: &str) -> Self {
        let mut errors = serde_json::Map::new();
        errors.insert(name.to_owned(), Value::String(why.to_owned()));
        let message = "Parameter verification failed.";
        Self {
            status: 400,
            reason: message.to_owned(),
            body: Some(json!({ "data": null, "errors": errors, "message": format!("{message}\n") })),
        }
    }
    /// 403 that names path and privilege.
    pub fn forbidden(path: &str, privilege: &str) -> Self {
        Self::error(403, &format!("Permission check failed ({path}, {privilege})"))
    }
    /// 501.
    pub fn not_implemented(method: &str, path: &str) -> Self {
        Self::error(501, &format!("Method '{method} {path}' not implemented"))
    }
    /// 595: the node that the call was proxied to does not answer.
    pub fn unreachable() -> Self {
        Self::bare(595, "No route to host")
    }
}
