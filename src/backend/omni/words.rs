//! What Omni refused, and why nothing came of a question, in words.

use super::OmniBackend;
use crate::backend::Refusal;
use crate::client::stack::Answer;
use crate::live::Reason;
use crate::wire::omni::{Fault, clock_difference};
use crate::world::NetError;

/// Clocks may differ by this many seconds.
const CLOCK_WINDOW: i64 = 300;

/// Why Omni could not be used at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The key is not accepted (exit code 7).
    #[error("not authenticated: {0}")]
    Unauthenticated(String),
    /// The certificate is not the one trusted (exit code 7).
    #[error("{0}")]
    Untrusted(String),
    /// No connection, or no usable answer (exit code 69).
    #[error("{0}")]
    Unreachable(String),
    /// An answer, but a refusal of another kind.
    #[error("{0}")]
    Refused(String),
}

/// A read without a usable result.
pub(super) enum Failure {
    Net(NetError),
    Fault(Fault, Answer),
}

/// A fault whose words do not repeat what only we may say.
pub(super) fn scrubbed(fault: Fault, answer: &Answer) -> Fault {
    let clean = |text: String| answer.scrub(&text);
    match fault {
        Fault::Invalid(messages) => Fault::Invalid(messages.into_iter().map(clean).collect()),
        Fault::Owned(text) => Fault::Owned(clean(text)),
        Fault::Forbidden(text) => Fault::Forbidden(clean(text)),
        Fault::Unsupported(text) => Fault::Unsupported(clean(text)),
        Fault::Busy(text) => Fault::Busy(clean(text)),
        Fault::Unclear(text) => Fault::Unclear(clean(text)),
        other @ (Fault::Exists
        | Fault::Conflict
        | Fault::Missing
        | Fault::TearingDown
        | Fault::NoAccess
        | Fault::Unauthenticated) => other,
    }
}

impl OmniBackend {
    pub(super) fn probe_error(&self, failure: Failure) -> ProbeError {
        match failure {
            Failure::Net(e @ NetError::Untrusted { fingerprint: None, .. }) => {
                ProbeError::Untrusted(e.to_string())
            }
            Failure::Net(NetError::Untrusted { why, fingerprint: Some(shown) }) => {
                ProbeError::Untrusted(format!(
                    "certificate not trusted: {why}; presented was `{shown}`: if that is the certificate of this Omni, write it \
                 as `tls: {{ sha256: … }}`, or add it to the list there"
                ))
            }
            Failure::Net(e) => ProbeError::Unreachable(e.to_string()),
            Failure::Fault(Fault::Unauthenticated, answer) => {
                ProbeError::Unauthenticated(self.why_unauthenticated(&answer))
            }
            Failure::Fault(Fault::Unclear(why) | Fault::Busy(why), _) => ProbeError::Unreachable(why),
            Failure::Fault(fault, answer) => ProbeError::Refused(self.refusal(fault, &answer).to_string()),
        }
    }

    pub(super) fn reason(&self, failure: Failure) -> Reason {
        Reason(match failure {
            Failure::Net(e) => e.to_string(),
            Failure::Fault(Fault::NoAccess, _) => {
                "this version of Omni does not know the type, or the key has no right to read it".into()
            }
            Failure::Fault(Fault::Unclear(why), _) => why,
            Failure::Fault(fault, answer) => self.refusal(fault, &answer).to_string(),
        })
    }

    /// Every authentication failure looks the same on the wire, so the message names all causes, the likely one first.
    fn why_unauthenticated(&self, answer: &Answer) -> String {
        let key = self.stack.key();
        let mut out = format!("Omni does not accept the signature of key `{}`", key.fingerprint());
        if let Some(expires) = key.expires().filter(|e| answer.at >= *e as f64) {
            out.push_str(&format!("; the key expired at {}, make a new one", instant(expires)));
            return out;
        }
        if answer.at < key.created() as f64 {
            out.push_str(&format!(
                "; by this computer's clock the key will only be made at {}: set the clock",
                instant(key.created())
            ));
            return out;
        }
        match clock_difference(answer.reply.header("date"), answer.at) {
            Some(ahead) if ahead.abs() >= CLOCK_WINDOW => {
                let (side, seconds) = if ahead > 0 { ("behind", ahead) } else { ("ahead of", -ahead) };
                out.push_str(&format!(
                    "; this computer's clock is {seconds} s {side} the server's, and at most {CLOCK_WINDOW} s are allowed: set the clock"
                ));
            }
            difference => {
                out.push_str(
                    "; the key may be unknown to this Omni, expired, not yet confirmed, or destroyed",
                );
                if let Some(ahead) = difference {
                    out.push_str(&format!(" (the clocks differ by {} s, which is fine)", ahead.abs()));
                }
            }
        }
        out
    }

    pub(super) fn refusal(&self, fault: Fault, answer: &Answer) -> Refusal {
        match fault {
            Fault::Exists => Refusal::Exists,
            Fault::Conflict => Refusal::Conflict,
            Fault::Missing => Refusal::Missing,
            Fault::TearingDown => Refusal::TearingDown,
            Fault::Invalid(messages) => Refusal::Invalid(messages),
            Fault::Owned(owner) => {
                Refusal::Forbidden(format!("it belongs to `{owner}`, a controller of Omni's own"))
            }
            Fault::Forbidden(why) => Refusal::Forbidden(why),
            Fault::NoAccess => Refusal::Forbidden(
                "this version of Omni does not know the type, or nobody may access it".into(),
            ),
            Fault::Unauthenticated => Refusal::Unauthenticated(self.why_unauthenticated(answer)),
            Fault::Unsupported(what) => Refusal::Unsupported(what),
            Fault::Busy(why) => Refusal::Unavailable(format!("Omni is throttling: {why}")),
            Fault::Unclear(why) => Refusal::Unavailable(why),
        }
    }
}

fn instant(unix: u64) -> String {
    i64::try_from(unix)
        .ok()
        .and_then(|s| jiff::Timestamp::from_second(s).ok())
        .map_or_else(|| format!("Unix time {unix}"), |t| t.to_string())
}
