//! The audit log: a stream of lines, each an event in base64. Roles Auditor and Admin may read it; before Omni 1.10 Admin alone.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::json::parse_json;
use super::{Fault, Reply};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// Somebody's write, as far as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEvent {
    /// Full type of what was written.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Who: the e-mail address of the session, escaped.
    pub who: String,
    /// Unix time in milliseconds.
    pub at: i128,
}

/// The events of an answer that name a resource and a person, in its order. A line that is no event is passed over: the log is
/// asked for to explain something, never to decide.
///
/// # Errors
/// No right to read it, or no answer of Omni's.
pub fn audit_events(reply: &Reply<'_>) -> Result<Vec<AuditEvent>, Fault> {
    let text = std::str::from_utf8(reply.body)
        .map_err(|_| Fault::Unclear("Omni's answer cannot be used: it is no text".to_owned()))?;
    match reply.status {
        200 => Ok(text.lines().filter_map(event).collect()),
        403 => Err(Fault::Forbidden("the key may not read the audit log".to_owned())),
        401 => Err(Fault::Unauthenticated),
        status => Err(Fault::Unclear(format!("the audit log was not answered (HTTP {status})"))),
    }
}

fn event(line: &str) -> Option<AuditEvent> {
    let outer = parse_json(line.as_bytes()).ok()?;
    let inner = STANDARD.decode(outer.at(&["result", "audit_log"])?.as_str()?).ok()?;
    let event = parse_json(inner.trim_ascii()).ok()?;
    let text = |path: &[&str]| event.at(path).and_then(Value::as_str).filter(|t| !t.is_empty());
    Some(AuditEvent {
        kind: text(&["resource_type"])?.to_owned(),
        id: text(&["resource_id"])?.to_owned(),
        who: Untrusted::new(text(&["event_data", "session", "email"])?).line(120),
        at: event.get("event_ts").and_then(Value::as_int)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply<'_> {
        Reply { status, content_type: None, content_encoding: None, body: body.as_bytes() }
    }

    /// Two lines of a recorded answer: the first event has no person.
    const LINES: &str = concat!(
        r#"{"result":{"audit_log":"eyJldmVudF90eXBlIjoiY3JlYXRlIiwicmVzb3VyY2VfdHlwZSI6IlVzZXJzLm9tbmkuc2lkZXJvLmRldiIsInJlc291cmNlX2lkIjoiNzk0ZjdjM2YtMjYyZi00ZGU5LWE2ZDktMWEyYWU3ZDNhNmNiIiwiZXZlbnRfZGF0YSI6eyJuZXdfdXNlciI6eyJyb2xlIjoiQWRtaW4iLCJpZCI6Ijc5NGY3YzNmLTI2MmYtNGRlOS1hNmQ5LTFhMmFlN2QzYTZjYiJ9LCJzZXNzaW9uIjp7InVzZXJfYWdlbnQiOiJPbW5pLUludGVybmFsLUFnZW50In19LCJldmVudF90cyI6MTc5NTIxMTg4MDAzM30K"}}"#,
        "\n",
        r#"{"result":{"audit_log":"eyJldmVudF90eXBlIjoiY3JlYXRlIiwicmVzb3VyY2VfdHlwZSI6IlB1YmxpY0tleXMub21uaS5zaWRlcm8uZGV2IiwicmVzb3VyY2VfaWQiOiIxM2E3ZTgzOTljMWQ1ZmIyMGUxMDZiNjg4ZDYwM2FkZWIxMzEyNWVmIiwiZXZlbnRfZGF0YSI6eyJzZXNzaW9uIjp7InVzZXJfYWdlbnQiOiJPbW5pLUludGVybmFsLUFnZW50IiwidXNlcl9pZCI6ImUyYWI3ZmFhLWI5OGYtNDA4My1iY2FjLWQwOGE2NGZhOWFmYyIsInJvbGUiOiJBZG1pbiIsImVtYWlsIjoiYXV0b21hdGlvbkBzZXJ2aWNlYWNjb3VudC5vbW5pLnNpZGVyby5kZXYiLCJmaW5nZXJwcmludCI6IjEzYTdlODM5OWMxZDVmYjIwZTEwNmI2ODhkNjAzYWRlYjEzMTI1ZWYiLCJwdWJsaWNfa2V5X2V4cGlyYXRpb24iOjE4MjY3NDc4ODB9fSwiZXZlbnRfdHMiOjE3OTUyMTE4ODAwNjF9Cg=="}}"#,
        "\n",
    );

    #[test]
    fn recorded_lines_are_read_and_others_passed_over() {
        let text = format!("{LINES}not json\n{{\"result\":{{\"audit_log\":\"!\"}}}}\n");
        let events = audit_events(&reply(200, &text)).unwrap();
        assert_eq!(
            events,
            [AuditEvent {
                kind: "PublicKeys.omni.sidero.dev".into(),
                id: "13a7e8399c1d5fb20e106b688d603adeb13125ef".into(),
                who: "automation@serviceaccount.omni.sidero.dev".into(),
                at: 1_795_211_880_061,
            }]
        );
        assert!(matches!(audit_events(&reply(403, "{}")), Err(Fault::Forbidden(_))));
        assert!(matches!(audit_events(&reply(500, "")), Err(Fault::Unclear(_))));
    }
}
