//! Replies: `{"data": …}` or a fault. The table is Proxmox's own; there is no 404 in it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::untrusted::Untrusted;

/// Why the credentials were not accepted, as far as the server says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthCause {
    /// Wrong, unknown, expired or disabled; from outside these look the same. Answered after three seconds.
    Rejected,
    /// No credentials reached the server.
    Absent,
}

/// An answer that is not the data asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 401.
    Unauthenticated(AuthCause),
    /// 403: a privilege is missing.
    Forbidden {
        /// Access path, where the server names it.
        path: Option<String>,
        /// Privileges of which any would do, where the server names them.
        privileges: Vec<String>,
        /// Its words.
        text: Untrusted,
    },
    /// 400: parameters refused, by parameter.
    Invalid {
        /// Parameter and why.
        errors: BTreeMap<String, Untrusted>,
        /// Its words for the whole.
        text: Untrusted,
    },
    /// 500, `… does not exist`: gone, or on another node.
    Missing(Untrusted),
    /// 500, `hostname lookup … failed`: the cluster has no node of that name.
    NoSuchNode(Untrusted),
    /// 500, `… already exists`.
    Exists(Untrusted),
    /// 500: the cluster has lost its quorum and refuses to write.
    NoQuorum,
    /// 500, `VM is locked (backup)`: by what.
    Locked(Untrusted),
    /// 500, `can't lock file … got timeout`: another operation runs.
    Busy(Untrusted),
    /// 500 with any other text.
    Failed(Untrusted),
    /// 501: no such call, or not in this form.
    NotImplemented(Untrusted),
    /// 595–599: the node that the call is about cannot be reached by the node that was asked.
    NodeUnreachable {
        /// 595 before a connection, 596 while connecting or waiting, 597 and 599 later.
        status: u16,
        /// Its words.
        text: Untrusted,
    },
    /// A status that Proxmox does not send: a proxy, a redirect, another program.
    Unexpected {
        /// Status code.
        status: u16,
    },
    /// A success whose body is not what was asked for.
    Garbled(&'static str),
}

impl Fault {
    /// Whether the answer proves that a writing call had no effect. Of the rest only the object itself can tell.
    pub fn proves_no_effect(&self) -> bool {
        match self {
            Self::Unauthenticated(_)
            | Self::Forbidden { .. }
            | Self::Invalid { .. }
            | Self::Missing(_)
            | Self::NoSuchNode(_)
            | Self::Exists(_)
            | Self::NoQuorum
            | Self::Locked(_)
            | Self::Busy(_)
            | Self::NotImplemented(_)
            | Self::NodeUnreachable { status: 595, .. } => true,
            Self::Failed(_) | Self::NodeUnreachable { .. } | Self::Unexpected { .. } | Self::Garbled(_) => {
                false
            }
        }
    }
}

impl std::error::Error for Fault {}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unauthenticated(AuthCause::Rejected) => f.write_str(
                "the credentials are not accepted: wrong, unknown, expired or disabled (the server does not say which)",
            ),
            Self::Unauthenticated(AuthCause::Absent) => f.write_str("no credentials reached the server"),
            Self::Forbidden { path: Some(path), privileges, .. } if !privileges.is_empty() => {
                let privileges: Vec<String> =
                    privileges.iter().map(|p| format!("`{}`", Untrusted::new(p).line(60))).collect();
                write!(f, "not permitted: needs {} on `{}`", privileges.join(" or "), Untrusted::new(path).line(120))
            }
            Self::Forbidden { text, .. } => write!(f, "not permitted: {}", text.line(200)),
            Self::Invalid { errors, text } if errors.is_empty() => write!(f, "refused: {}", text.line(200)),
            Self::Invalid { errors, .. } => {
                f.write_str("refused: ")?;
                for (i, (name, why)) in errors.iter().enumerate() {
                    let name = Untrusted::new(name).line(60);
                    write!(f, "{}`{name}`: {}", if i > 0 { "; " } else { "" }, why.line(200))?;
                }
                Ok(())
            }
            Self::NoQuorum => f.write_str("the Proxmox cluster has no quorum"),
            Self::Locked(by) => write!(f, "the guest is locked ({})", by.line(40)),
            Self::Missing(t) | Self::NoSuchNode(t) | Self::Exists(t) | Self::Busy(t) | Self::Failed(t) => {
                f.write_str(&t.line(200))
            }
            Self::NotImplemented(text) => write!(f, "this server does not know the call: {}", text.line(200)),
            Self::NodeUnreachable { status, text } => {
                write!(f, "the node cannot be reached ({status} {})", text.line(120))
            }
            Self::Unexpected { status } => write!(f, "status {status}, which Proxmox does not send"),
            Self::Garbled(why) => f.write_str(why),
        }
    }
}

/// Reads a reply. An empty body is never parsed: 401 and 595–599 have none, and the reason phrase is all there is.
pub fn read<T: DeserializeOwned>(status: u16, reason: Option<&str>, body: &[u8]) -> Result<T, Fault> {
    #[derive(Deserialize)]
    struct Success<T> {
        data: T,
    }
    if (200..300).contains(&status) {
        if body.is_empty() {
            return Err(Fault::Garbled("a success without a body"));
        }
        return match serde_json::from_slice::<Success<T>>(body) {
            Ok(success) => Ok(success.data),
            Err(e) if e.is_data() => {
                Err(Fault::Garbled("a success whose data has another form than documented"))
            }
            Err(_) => Err(Fault::Garbled("a success whose body is not JSON")),
        };
    }
    Err(fault(status, reason.unwrap_or_default(), body))
}

#[derive(Default, Deserialize)]
struct Failure {
    #[serde(default, deserialize_with = "super::loose::text")]
    message: Option<String>,
    #[serde(default, deserialize_with = "reasons")]
    errors: BTreeMap<String, String>,
}

/// The error map, lenient: a server that sends something else there still has a message.
fn reasons<'de, D: Deserializer<'de>>(source: D) -> Result<BTreeMap<String, String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Loose {
        Map(BTreeMap<String, Text>),
        Other(serde::de::IgnoredAny),
    }
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "super::loose::text")] Option<String>);
    Ok(match Loose::deserialize(source)? {
        Loose::Map(map) => map.into_iter().map(|(k, v)| (k, v.0.unwrap_or_default())).collect(),
        Loose::Other(_) => BTreeMap::new(),
    })
}

fn fault(status: u16, reason: &str, body: &[u8]) -> Fault {
    let failure: Failure = serde_json::from_slice(body).unwrap_or_default();
    // Servers before 2025 have no `message`; then the reason phrase is the only text.
    let text = failure
        .message
        .as_deref()
        .map(str::trim)
        .filter(|m| !m.is_empty())
        .unwrap_or(reason.trim())
        .to_owned();
    match status {
        400 => Fault::Invalid {
            errors: failure.errors.into_iter().map(|(name, why)| (name, Untrusted::new(why))).collect(),
            text: Untrusted::new(text),
        },
        401 if text == "No ticket" => Fault::Unauthenticated(AuthCause::Absent),
        401 => Fault::Unauthenticated(AuthCause::Rejected),
        403 => forbidden(text),
        500 => internal(text),
        501 => Fault::NotImplemented(Untrusted::new(text)),
        595..=599 => Fault::NodeUnreachable { status, text: Untrusted::new(text) },
        _ => Fault::Unexpected { status },
    }
}

/// `Permission check failed (/vms/101, VM.Audit|VM.Allocate)`; the bracket may be missing.
fn forbidden(text: String) -> Fault {
    let inside = text.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).map(|(inside, _)| inside);
    let named = inside.and_then(|inside| inside.split_once(',')).filter(|(path, _)| path.starts_with('/'));
    let (path, privileges) = match named {
        Some((path, privileges)) => (
            Some(path.trim().to_owned()),
            privileges.split('|').map(str::trim).filter(|p| !p.is_empty()).map(str::to_owned).collect(),
        ),
        None => (None, Vec::new()),
    };
    Fault::Forbidden { path, privileges, text: Untrusted::new(text) }
}

fn internal(text: String) -> Fault {
    let words = Untrusted::new(text.as_str());
    if text.contains("no quorum") {
        return Fault::NoQuorum;
    }
    if let Some(by) = text.split_once("is locked (").and_then(|(_, rest)| rest.split_once(')')) {
        return Fault::Locked(Untrusted::new(by.0));
    }
    if text.starts_with("can't lock file") && text.contains("got timeout") {
        return Fault::Busy(words);
    }
    if text.starts_with("hostname lookup ") {
        return Fault::NoSuchNode(words);
    }
    if text.contains("already exists") {
        return Fault::Exists(words);
    }
    if text.contains("does not exist") {
        return Fault::Missing(words);
    }
    Fault::Failed(words)
}

#[cfg(test)]
mod tests {
    use proptest::strategy::Strategy as _;

    use super::*;

    fn fault_of(status: u16, reason: &str, body: &str) -> Fault {
        read::<serde::de::IgnoredAny>(status, Some(reason), body.as_bytes()).unwrap_err()
    }

    #[test]
    fn the_reason_phrase_is_the_text_where_the_body_has_none() {
        let text = "Configuration file 'nodes/golf/qemu-server/102.conf' does not exist";
        let new = format!("{{\"data\":null,\"message\":\"{text}\\n\"}}");
        for body in [new.as_str(), r#"{"data":null}"#, ""] {
            assert_eq!(fault_of(500, text, body), Fault::Missing(Untrusted::new(text)), "{body}");
        }
        // Behind a proxy that speaks HTTP/2 the phrase is lost: then nothing is proved.
        assert_eq!(
            fault_of(500, "Internal Server Error", r#"{"data":null}"#),
            Fault::Failed(Untrusted::new("Internal Server Error"))
        );
        assert_eq!(read::<()>(500, None, b""), Err(Fault::Failed(Untrusted::new(""))));
    }

    #[test]
    fn every_row_of_the_error_table_has_its_class() {
        assert_eq!(fault_of(401, "Authentication failed!", ""), Fault::Unauthenticated(AuthCause::Rejected));
        assert_eq!(fault_of(401, "No ticket", ""), Fault::Unauthenticated(AuthCause::Absent));
        match fault_of(403, "Permission check failed (/, Sys.Audit|Datastore.Audit)", "") {
            Fault::Forbidden { path, privileges, .. } => {
                assert_eq!(
                    (path.as_deref(), privileges.join(" ")),
                    (Some("/"), "Sys.Audit Datastore.Audit".to_owned())
                );
            }
            other => panic!("{other:?}"),
        }
        let api = "Permission check failed. (URI '/nodes/golf/vncshell' not available with API token, need proper ticket.)";
        for bare in ["Permission check failed", api] {
            assert!(matches!(fault_of(403, bare, ""), Fault::Forbidden { path: None, .. }), "{bare}");
        }
        let refused = fault_of(
            400,
            "Parameter verification failed.",
            r#"{"data":null,"errors":{"sockets":"value must have a minimum value of 1"}}"#,
        );
        assert_eq!(refused.to_string(), "refused: `sockets`: value must have a minimum value of 1");
        for (text, expected) in [
            ("cluster not ready - no quorum?", Fault::NoQuorum),
            ("VM is locked (backup)", Fault::Locked(Untrusted::new("backup"))),
            ("CT is locked (snapshot-delete)", Fault::Locked(Untrusted::new("snapshot-delete"))),
        ] {
            assert_eq!(fault_of(500, text, ""), expected);
        }
        let busy = "can't lock file '/var/lock/qemu-server/lock-105.conf' - got timeout";
        assert_eq!(fault_of(500, busy, ""), Fault::Busy(Untrusted::new(busy)));
        assert_eq!(
            fault_of(595, "No route to host", "").to_string(),
            "the node cannot be reached (595 No route to host)"
        );
        for status in [301, 308, 404, 429, 502, 503, 506] {
            assert_eq!(fault_of(status, "x", "<html>"), Fault::Unexpected { status });
        }
    }

    #[test]
    fn only_a_reply_that_proves_it_counts_as_without_effect() {
        for (status, reason, proved) in [
            (401, "No ticket", true),
            (500, "cluster not ready - no quorum?", true),
            (500, "got timeout", false),
            (500, "", false),
            (595, "Connection refused", true),
            (596, "Connection timed out", false),
            (599, "", false),
            (502, "Bad Gateway", false),
        ] {
            assert_eq!(fault_of(status, reason, "").proves_no_effect(), proved, "{status} {reason}");
        }
    }

    #[test]
    fn a_success_must_be_the_envelope() {
        assert_eq!(read::<Option<u8>>(200, None, br#"{"data":null}"#), Ok(None));
        assert_eq!(read::<Vec<u8>>(200, None, br#"{"data":[1],"total":1}"#), Ok(vec![1]));
        for body in ["", "{", "null", "[]", "{}", "<html>login</html>", r#"{"data":{}}"#, r#"{"data":[1]}x"#]
        {
            assert!(matches!(read::<Vec<u8>>(200, None, body.as_bytes()), Err(Fault::Garbled(_))), "{body}");
        }
        let deep = format!("{{\"data\":{}", "[".repeat(100_000));
        assert!(read::<serde::de::IgnoredAny>(200, None, deep.as_bytes()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_reply_becomes_data_or_one_harmless_line(
            status in 100_u16..1000,
            reason in "(.{0,40}|.*(does not exist|is locked \\(|already exists).*|Permission check failed \\(.*)",
            body in proptest::prop_oneof![
                proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200),
                "\\{\"(data|errors|message)\":.{0,60}\\}".prop_map(String::into_bytes),
            ],
        ) {
            if let Err(fault) = read::<serde::de::IgnoredAny>(status, Some(&reason), &body) {
                let line = fault.to_string();
                proptest::prop_assert!(!line.chars().any(crate::untrusted::hidden), "{:?}", line);
                proptest::prop_assert!(line.chars().count() < 20_000);
            }
        }
    }
}
