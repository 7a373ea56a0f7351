//! Signature Version 4, verified as S3's documentation describes it ("Authenticating Requests: Using the Authorization
//! Header").

use aws_lc_rs::hmac;

use super::{ACCESS_KEY, REGION};
use crate::lab::machine::sha256;

/// Most seconds between a request's time and ours.
const SKEW: i64 = 15 * 60;

/// A request as it came.
pub struct Signed<'a> {
    /// Method.
    pub method: &'a str,
    /// Path as sent.
    pub path: &'a str,
    /// Query as sent, without `?`.
    pub query: &'a str,
    /// Headers, names in lower case.
    pub headers: &'a [(String, String)],
    /// Body.
    pub body: &'a [u8],
}

impl Signed<'_> {
    /// First value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Why a request is refused: status and code.
pub type Refusal = (u16, &'static str);

/// Checks a request against the secret key, at `now` (Unix seconds).
pub fn verify(request: &Signed<'_>, secret: &str, now: i64) -> Result<(), Refusal> {
    let header = request.header("authorization").ok_or((403, "AccessDenied"))?;
    let parts = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or((400, "InvalidArgument"))?;
    let field = |name: &str| {
        parts.split(',').find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
    };
    let credential: Vec<&str> = field("Credential").split('/').collect();
    let [access, day, region, service, end] = credential.as_slice() else {
        return Err((400, "AuthorizationHeaderMalformed"));
    };
    if *access != ACCESS_KEY {
        return Err((403, "InvalidAccessKeyId"));
    }
    if *region != REGION || *service != "s3" || *end != "aws4_request" {
        return Err((400, "AuthorizationHeaderMalformed"));
    }
    let date = request.header("x-amz-date").ok_or((403, "AccessDenied"))?;
    let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", date)
        .ok()
        .and_then(|t| t.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|t| t.timestamp().as_second())
        .ok_or((403, "AccessDenied"))?;
    if (at - now).abs() > SKEW || !date.starts_with(day) {
        return Err((403, "RequestTimeTooSkewed"));
    }
    let claimed = request.header("x-amz-content-sha256").ok_or((400, "MissingSecurityHeader"))?;
    if claimed != "UNSIGNED-PAYLOAD" && claimed != sha256(request.body) {
        return Err((400, "XAmzContentSHA256Mismatch"));
    }
    let signed = field("SignedHeaders");
    // Everything that decides what a request does must be signed.
    let named: Vec<&str> = signed.split(';').collect();
    let must = |name: &str| !request.headers.iter().any(|(n, _)| n == name) || named.contains(&name);
    if !named.contains(&"host") || !request.headers.iter().all(|(n, _)| !n.starts_with("x-amz-") || must(n)) {
        return Err((403, "AccessDenied"));
    }
    let mut canonical = format!("{}\n{}\n{}\n", request.method, request.path, sorted(request.query));
    for name in &named {
        let value = request.header(name).unwrap_or_default();
        let value: Vec<&str> = value.split_whitespace().collect();
        canonical.push_str(&format!("{name}:{}\n", value.join(" ")));
    }
    canonical.push_str(&format!("\n{signed}\n{claimed}"));
    let scope = format!("{day}/{region}/{service}/{end}");
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
    let mut key = format!("AWS4{secret}").into_bytes();
    for part in [*day, *region, *service, *end] {
        key = mac(&key, part.as_bytes());
    }
    let wanted: String = mac(&key, text.as_bytes()).iter().map(|b| format!("{b:02x}")).collect();
    if wanted == field("Signature") { Ok(()) } else { Err((403, "SignatureDoesNotMatch")) }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text).as_ref().to_vec()
}

fn sorted(query: &str) -> String {
    let mut parts: Vec<String> = query
        .split('&')
        .filter(|p| !p.is_empty())
        .map(|p| if p.contains('=') { p.to_owned() } else { format!("{p}=") })
        .collect();
    parts.sort();
    parts.join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first example of the documentation's page has another key, region and host; what it fixes is the chain of keys.
    #[test]
    fn the_chain_of_keys_is_that_of_the_documentation() {
        let mut key = b"AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_vec();
        for part in ["20150830", "us-east-1", "iam", "aws4_request"] {
            key = mac(&key, part.as_bytes());
        }
        let hex: String = key.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
    }
}
