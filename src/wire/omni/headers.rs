//! Headers of a signed request.

use super::Call;
use crate::secret::Secret;

/// The signature of one attempt.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Unix time in seconds, the one inside the payload.
    pub timestamp: u64,
    /// The signed text.
    pub payload: String,
    /// `siderov1 <identity> <fingerprint> <base64 signature>`: always all four fields.
    pub signature: Secret<String>,
}

/// Value of a header.
#[derive(Clone, Debug)]
pub enum Field {
    /// May be traced.
    Plain(String),
    /// Proves who we are while its timestamp is valid.
    Secret(Secret<String>),
}

/// All headers of a request, in order; a name may repeat (one header per metadata value). The gateway forwards metadata
/// only under the prefix `Grpc-Metadata-`. `timeout` (whole seconds) bounds the call on the server and is not signed.
pub fn headers(call: &Call, signed: &Signed, timeout: u64) -> Vec<(String, Field)> {
    let mut out = vec![
        ("Content-Type".to_owned(), Field::Plain("application/json".into())),
        ("Accept".to_owned(), Field::Plain("application/json".into())),
        ("Grpc-Timeout".to_owned(), Field::Plain(format!("{timeout}S"))),
    ];
    for (name, values) in &call.metadata {
        for value in values {
            out.push((format!("Grpc-Metadata-{name}"), Field::Plain(value.clone())));
        }
    }
    for (name, field) in [
        ("timestamp", Field::Plain(signed.timestamp.to_string())),
        ("payload", Field::Plain(signed.payload.clone())),
        ("signature", Field::Secret(signed.signature.clone())),
    ] {
        out.push((format!("Grpc-Metadata-x-sidero-{name}"), field));
    }
    out
}
