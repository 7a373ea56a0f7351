//! Who wrote what: the audit log, and how it is read.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::auth::Role;
use super::document::time;
use super::errors::{Code, Refusal};
use super::gateway::Call;
use super::server::HttpReply;
use super::store::{Key, Store};

/// Method that reads it.
pub(super) const METHOD: &str = "ReadAuditLog";

/// A write by a person or an account. Controllers leave none.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// `create`, `update`, `teardown` or `destroy`.
    pub event: String,
    /// Full type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Id.
    pub id: String,
    /// E-mail address of the session.
    pub email: String,
    /// Unix seconds.
    pub at: i64,
}

impl Event {
    /// A write of `key`.
    pub fn new(event: &str, key: &Key, email: &str, at: i64) -> Self {
        Self {
            event: event.to_owned(),
            kind: key.kind.clone(),
            id: key.id.clone(),
            email: email.to_owned(),
            at,
        }
    }

    fn line(&self) -> String {
        let data = json!({
            "event_type": self.event,
            "resource_type": self.kind,
            "resource_id": self.id,
            "event_data": { "session": { "user_agent": "lab", "email": self.email } },
            "event_ts": self.at.saturating_mul(1000),
        });
        let line = STANDARD.encode(format!("{data}\n"));
        format!("{}\n", json!({ "result": { "audit_log": line } }))
    }
}

/// Notes a write that a call did.
pub(super) fn note(call: &Call<'_>, event: &str, key: &Key) {
    call.server.store().note_audit(Event::new(event, key, &call.account.identity, call.now));
}

/// The log as a stream: one line for each event between two days, both included.
pub(super) fn read(call: &Call<'_>) -> HttpReply {
    let role = call.account.role;
    let newer = call.server.version().knows_new();
    if role < Role::Admin && !(newer && role == Role::Auditor) {
        let name = role.name();
        let why = if newer {
            format!("role \"{name}\" is not one of the allowed roles [Auditor Admin]")
        } else {
            format!("insufficient role: \"{name}\"")
        };
        return refused(&Refusal::new(Code::PermissionDenied, why));
    }
    let (start, end) = (call.text("start_time"), call.text("end_time"));
    let inside = |event: &Event| {
        let time = time(event.at);
        let day = time.get(..10).unwrap_or_default();
        (start.is_empty() || start <= day) && (end.is_empty() || day <= end)
    };
    let lines: String = events(call.server.store()).iter().filter(|e| inside(e)).map(Event::line).collect();
    reply(200, lines)
}

fn events(store: &Store) -> Vec<Event> {
    store.audited()
}

/// Errors of streams have a frame of their own.
fn refused(refusal: &Refusal) -> HttpReply {
    let body: Value = json!({ "error": { "code": refusal.code as u8, "message": refusal.message } });
    reply(refusal.code.status(), format!("{body}\n"))
}

fn reply(status: u16, body: String) -> HttpReply {
    let json = ("content-type".to_owned(), "application/json".to_owned());
    HttpReply { status, headers: vec![json], body: body.into_bytes() }
}
