//! Objects in an S3-compatible store: reads, and puts under a condition, each with exactly what its reply proves.
//!
//! Conditions and their codes: S3's "conditional requests" (`If-None-Match: *` and `If-Match` on `PutObject`; 412 when the
//! condition does not hold, 409 `ConditionalRequestConflict` beside another writer, 404 for `If-Match` without an object).

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::{
    GetOptions, ObjectStore as _, PutMode, PutOptions, PutPayload, RetryConfig, UpdateVersion,
};

use super::carrier::{Answer, Carrier, LARGEST};
use super::conditional::{Etag, Put};
use super::objects::{Object, Objects, Trouble};
use super::store::StoreError;
use crate::secret::Secret;
use crate::untrusted::Untrusted;
use crate::world::{BoxFuture, Clock, Net, NetError, NetReply};

/// For one request: a lease must outlive several.
const TOTAL: Duration = Duration::from_secs(8);

/// The credentials of a store.
#[derive(Clone)]
pub struct Keys {
    /// `AWS_ACCESS_KEY_ID`.
    pub access: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret: Secret<String>,
    /// `AWS_SESSION_TOKEN`.
    pub token: Option<Secret<String>>,
}

/// Where objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Bucket.
    pub bucket: String,
    /// What all names begin with, without slashes at its ends; may be empty.
    pub prefix: String,
    /// Region that requests are signed for.
    pub region: String,
    /// `scheme://host[:port]`.
    pub origin: String,
}

/// A bucket, below a prefix.
pub struct Bucket {
    s3: AmazonS3,
    prefix: String,
    shown: String,
    clock: Arc<dyn Clock>,
}

impl Bucket {
    /// Nothing is sent yet. `net` must know the location's origin.
    pub fn new(
        at: &Location,
        keys: &Keys,
        net: Arc<dyn Net>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&at.bucket)
            .with_region(&at.region)
            .with_endpoint(&at.origin)
            // One origin whatever the bucket's name: the credential is bound to it.
            .with_virtual_hosted_style_request(false)
            .with_allow_http(true)
            .with_access_key_id(&keys.access)
            .with_secret_access_key(keys.secret.expose())
            .with_disable_bulk_delete(true)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(RetryConfig { max_retries: 0, ..RetryConfig::default() })
            .with_http_connector(Carrier { net, origin: at.origin.clone(), total: TOTAL });
        if let Some(token) = &keys.token {
            builder = builder.with_token(token.expose());
        }
        // Its error could quote a credential; ours names what it can be about.
        let s3 = builder.build().map_err(|_| {
            StoreError::Refused("bucket, region or endpoint cannot be used as they are written".to_owned())
        })?;
        let shown = if at.prefix.is_empty() {
            format!("s3://{}", at.bucket)
        } else {
            format!("s3://{}/{}", at.bucket, at.prefix)
        };
        Ok(Self { s3, prefix: at.prefix.clone(), shown, clock })
    }

    fn path(&self, name: &str) -> Path {
        if self.prefix.is_empty() { Path::from(name) } else { Path::from(format!("{}/{name}", self.prefix)) }
    }

    async fn ask(&self, name: &str) -> Result<Option<Object>, Trouble> {
        let answer = Answer::default();
        let mut options = GetOptions::default();
        options.extensions.insert(answer.clone());
        // Only the answer counts: the library's opinion of it knows neither bodies of errors nor what they prove.
        let done = self.s3.get_opts(&self.path(name), options).await;
        drop(done);
        match answer.take() {
            Some(Ok(reply)) => read_reply(reply),
            Some(Err(e)) => Err(lost(e)),
            None => Err(Trouble::Refused("the request cannot be made".to_owned())),
        }
    }

    async fn send(&self, name: &str, bytes: &[u8], base: Option<&Etag>) -> Put {
        if bytes.len() > LARGEST {
            return Put::Refused(format!("it has more than {} MiB", LARGEST >> 20));
        }
        let mode = match base {
            None => PutMode::Create,
            Some(etag) => {
                PutMode::Update(UpdateVersion { e_tag: Some(etag.as_str().to_owned()), version: None })
            }
        };
        let answer = Answer::default();
        let mut options = PutOptions { mode, ..PutOptions::default() };
        options.extensions.insert(answer.clone());
        let payload = PutPayload::from(bytes.to_vec());
        let done = self.s3.put_opts(&self.path(name), payload, options).await;
        drop(done);
        match answer.take() {
            Some(Ok(reply)) => put_reply(&reply),
            Some(Err(e)) => match lost(e) {
                Trouble::Unsent(why) => Put::Again(why),
                Trouble::Unclear(why) => Put::Unknown(why),
                Trouble::Refused(why)
                | Trouble::Lies(why)
                | Trouble::Sealed { why, .. }
                | Trouble::Damaged(why) => Put::Refused(why),
            },
            None => Put::Refused("the request cannot be made".to_owned()),
        }
    }

    async fn names(&self, start: &str) -> Result<Vec<String>, StoreError> {
        use futures::TryStreamExt as _;
        let folder = (!self.prefix.is_empty()).then(|| Path::from(self.prefix.as_str()));
        let all: Vec<_> = self
            .s3
            .list(folder.as_ref())
            .try_collect()
            .await
            .map_err(|_| StoreError::Unreachable(format!("`{}` cannot be listed", self.shown)))?;
        let mut names: Vec<String> = all
            .into_iter()
            .filter_map(|o| o.location.filename().map(str::to_owned))
            .filter(|n| n.starts_with(start))
            .collect();
        names.sort();
        Ok(names)
    }
}

impl Objects for Bucket {
    fn read<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Object>, Trouble>> {
        Box::pin(self.ask(name))
    }
    fn put<'a>(&'a self, name: &'a str, bytes: &'a [u8], base: Option<&'a Etag>) -> BoxFuture<'a, Put> {
        Box::pin(self.send(name, bytes, base))
    }
    fn list<'a>(&'a self, start: &'a str) -> BoxFuture<'a, Result<Vec<String>, StoreError>> {
        Box::pin(self.names(start))
    }
    fn discard<'a>(&'a self, name: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let _left = object_store::ObjectStoreExt::delete(&self.s3, &self.path(name)).await;
        })
    }
    fn show(&self, name: &str) -> String {
        format!("{}/{name}", self.shown)
    }
    fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}

fn lost(e: NetError) -> Trouble {
    match e {
        NetError::NotSent(why) => Trouble::Unsent(why),
        NetError::Unknown(why) | NetError::Unfit(why) => Trouble::Unclear(why),
        untrusted @ NetError::Untrusted { .. } => Trouble::Refused(untrusted.to_string()),
    }
}

/// The `Code` of an error's XML, if it is one of a plain form.
fn code(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body.get(..body.len().min(8192))?).ok()?;
    let code = text.split_once("<Code>")?.1.split_once("</Code>")?.0;
    let plain = !code.is_empty() && code.len() <= 64 && code.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| code.to_owned())
}

fn is_error(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body.get(..body.len().min(512)).unwrap_or_default()).into_owned();
    text.trim_start().starts_with('<') && text.contains("<Error>")
}

/// Whole seconds between two dates of one clock.
fn idle(reply: &NetReply) -> Option<Duration> {
    let time = |name: &str| {
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(reply.header(name)?.trim()).ok()
    };
    let seconds = time("date")?.as_second().saturating_sub(time("last-modified")?.as_second());
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// A refusal in words: the status, the store's own code, and what it usually means.
fn refusal(reply: &NetReply) -> String {
    let code = code(&reply.body);
    let means = match code.as_deref() {
        Some("RequestTimeTooSkewed") => {
            let theirs = reply.header("date").unwrap_or("not said");
            return format!(
                "the clocks differ by too much (RequestTimeTooSkewed): the store's is {}; set this machine's",
                Untrusted::new(theirs).line(40)
            );
        }
        Some("NoSuchBucket") => ": there is no such bucket",
        Some("ExpiredToken" | "TokenRefreshRequired") => ": the session token has expired",
        Some("InvalidAccessKeyId") => ": the access key is not known there",
        Some("SignatureDoesNotMatch") => ": the secret key is not that of the access key",
        Some("AccessDenied") => {
            ": it needs s3:GetObject, s3:PutObject and s3:ListBucket (without the last, missing objects read as forbidden)"
        }
        Some("AuthorizationHeaderMalformed" | "PermanentRedirect" | "TemporaryRedirect") => {
            ": the bucket is in another region"
        }
        Some("NotImplemented") => ": it does not know conditional writes",
        _ if (300..400).contains(&reply.status) => {
            ": a redirect, which is not followed; the region or the endpoint is wrong"
        }
        _ => "",
    };
    match code {
        Some(code) => format!("{} {code}{means}", reply.status),
        None => format!("{}{means}", reply.status),
    }
}

fn read_reply(reply: NetReply) -> Result<Option<Object>, Trouble> {
    match reply.status {
        200 if is_error(&reply.body) => {
            Err(Trouble::Lies("it answers 200 with an error in the body".to_owned()))
        }
        200 => {
            let Some(etag) = reply.header("etag") else {
                return Err(Trouble::Lies("it gives no entity tag".to_owned()));
            };
            let Some(etag) = Etag::parse(etag) else {
                let shown = Untrusted::new(etag).line(60);
                return Err(Trouble::Lies(format!("its entity tag `{shown}` is not a strong one")));
            };
            let idle = idle(&reply);
            Ok(Some(Object { bytes: reply.body, etag, idle }))
        }
        404 if code(&reply.body).as_deref() == Some("NoSuchKey") => Ok(None),
        404 if code(&reply.body).is_none() => {
            Err(Trouble::Unclear("404 that does not say what is missing".to_owned()))
        }
        408 | 429 | 500..=599 if code(&reply.body).as_deref() != Some("NotImplemented") => {
            Err(Trouble::Unclear(refusal(&reply)))
        }
        _ => Err(Trouble::Refused(refusal(&reply))),
    }
}

fn put_reply(reply: &NetReply) -> Put {
    match reply.status {
        200 | 201 | 204 if is_error(&reply.body) => {
            Put::Unknown("it answers 200 with an error in the body".to_owned())
        }
        200 | 201 | 204 => match reply.header("etag").and_then(Etag::parse) {
            Some(etag) => Put::Written(etag),
            None => Put::Unknown("it gives no strong entity tag".to_owned()),
        },
        // 304 is what some stores answer to a failed `If-None-Match`.
        304 | 412 => Put::Changed,
        404 if code(&reply.body).as_deref() == Some("NoSuchKey") => Put::Changed,
        409 | 429 => Put::Again(refusal(reply)),
        501 => Put::Refused(refusal(reply)),
        408 | 500..=599 => Put::Unknown(refusal(reply)),
        _ => Put::Refused(refusal(reply)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> NetReply {
        NetReply {
            status,
            headers: headers.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            body: body.as_bytes().to_vec(),
            ..NetReply::default()
        }
    }
    fn error(code: &str) -> String {
        format!("<?xml version=\"1.0\"?>\n<Error><Code>{code}</Code><Message>::set-env x</Message></Error>")
    }

    #[test]
    fn absence_is_only_what_the_store_says_of_this_object() {
        assert_eq!(read_reply(reply(404, &[], &error("NoSuchKey"))), Ok(None));
        assert!(matches!(read_reply(reply(404, &[], &error("NoSuchBucket"))), Err(Trouble::Refused(_))));
        assert!(matches!(read_reply(reply(404, &[], "")), Err(Trouble::Unclear(_))));
        assert!(matches!(read_reply(reply(503, &[], &error("SlowDown"))), Err(Trouble::Unclear(_))));
        let moved = read_reply(reply(301, &[("location", "http://169.254.169.254/")], "")).unwrap_err();
        assert_eq!(
            moved,
            Trouble::Refused(
                "301: a redirect, which is not followed; the region or the endpoint is wrong".into()
            )
        );
    }

    #[test]
    fn a_reply_without_a_strong_tag_is_named() {
        for (headers, want) in [
            (vec![], "no entity tag"),
            (vec![("etag", "W/\"a\"")], "`W/\"a\"` is not a strong one"),
            (vec![("etag", "\"\"a\"\"")], "not a strong one"),
        ] {
            let Err(Trouble::Lies(why)) = read_reply(reply(200, &headers, "{}")) else { panic!() };
            assert!(why.contains(want), "{why}");
        }
        let Err(Trouble::Lies(why)) = read_reply(reply(200, &[("etag", "\"a\"")], &error("InternalError")))
        else {
            panic!()
        };
        assert!(why.contains("200 with an error"), "{why}");
    }

    /// F15: what stores refuse, and what it usually means.
    #[test]
    fn a_refusal_says_what_it_usually_means() {
        let date = [("date", "Sat, 21 Nov 2026 05:00:00 GMT")];
        for (status, code, words) in [
            (403, "RequestTimeTooSkewed", "the store's is Sat, 21 Nov 2026 05:00:00 GMT; set this machine's"),
            (400, "ExpiredToken", "the session token has expired"),
            (403, "InvalidAccessKeyId", "the access key is not known there"),
            (403, "SignatureDoesNotMatch", "the secret key is not that of the access key"),
            (403, "AccessDenied", "it needs s3:GetObject, s3:PutObject and s3:ListBucket"),
            (301, "PermanentRedirect", "the bucket is in another region"),
            (307, "TemporaryRedirect", "the bucket is in another region"),
            (400, "AuthorizationHeaderMalformed", "the bucket is in another region"),
            (404, "NoSuchBucket", "there is no such bucket"),
        ] {
            let Err(Trouble::Refused(why)) = read_reply(reply(status, &date, &error(code))) else {
                panic!("{code}")
            };
            assert!(why.contains(words) && !why.contains("set-env"), "{code}: {why}");
            let Put::Refused(why) = put_reply(&reply(status, &date, &error(code))) else { panic!("{code}") };
            assert!(why.contains(words), "{code}: {why}");
        }
    }

    #[test]
    fn age_is_by_the_stores_clock_alone() {
        let at = |date: &str, modified: &str| {
            let headers = [("etag", "\"a\""), ("date", date), ("last-modified", modified)];
            read_reply(reply(200, &headers, "{}")).unwrap().unwrap().idle
        };
        let modified = "Sat, 21 Nov 2026 05:00:00 GMT";
        assert_eq!(at("Sat, 21 Nov 2026 05:01:30 GMT", modified), Some(Duration::from_secs(90)));
        assert_eq!(at("Sat, 21 Nov 2026 04:00:00 GMT", modified), None, "from the future");
        assert_eq!(at("nonsense", modified), None);
    }

    #[test]
    fn what_a_put_proves() {
        let tag = [("etag", "\"a\"")];
        assert_eq!(put_reply(&reply(200, &tag, "")), Put::Written(Etag::parse("\"a\"").unwrap()));
        for (status, code, want) in [
            (412, "PreconditionFailed", "Changed"),
            (404, "NoSuchKey", "Changed"),
            (409, "ConditionalRequestConflict", "Again"),
            (403, "AccessDenied", "Refused"),
            (501, "NotImplemented", "Refused"),
            (307, "TemporaryRedirect", "Refused"),
            (500, "InternalError", "Unknown"),
            (503, "SlowDown", "Unknown"),
            (200, "InternalError", "Unknown"),
        ] {
            let got = format!("{:?}", put_reply(&reply(status, &tag, &error(code))));
            assert!(got.starts_with(want), "{status} {code}: {got}");
            assert!(!got.contains("set-env"), "the store's words stay outside");
        }
    }
}
