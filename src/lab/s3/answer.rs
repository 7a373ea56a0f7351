//! Requests to objects and buckets.

use super::objects::{Holds, Objects, Version};
use super::sign::{Signed, verify};
use crate::lab::omni::HttpReply;

/// What happens to a request.
pub enum Reply {
    /// It is answered.
    Answer(HttpReply),
    /// The connection ends without an answer.
    Cut,
}

fn date(unix: i64) -> String {
    jiff::Timestamp::from_second(unix)
        .map_or_else(|_| String::new(), |t| t.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
}

fn error(status: u16, code: &str) -> HttpReply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{code}</Message><RequestId>0</RequestId></Error>"
    );
    HttpReply {
        status,
        headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
        body: body.into_bytes(),
    }
}

fn shown(version: &Version, with_body: bool, weak: bool) -> HttpReply {
    let tag = if weak { format!("W/{}", version.etag) } else { version.etag.clone() };
    let headers = vec![
        ("etag".to_owned(), tag),
        ("last-modified".to_owned(), date(version.modified)),
        ("content-type".to_owned(), "application/octet-stream".to_owned()),
    ];
    HttpReply { status: 200, headers, body: if with_body { version.bytes() } else { Vec::new() } }
}

fn decoded(text: &str) -> String {
    url::form_urlencoded::parse(format!("x={}", text.replace('+', "%2B")).as_bytes())
        .next()
        .map(|(_, v)| v.into_owned())
        .unwrap_or_default()
}

/// Answers a request at `now`, Unix seconds of wall time.
pub fn answer(objects: &mut Objects, request: &Signed<'_>, now: i64) -> Reply {
    let mut reply = match refused(objects, request, now) {
        Some(reply) => reply,
        None => match act(objects, request, now) {
            Reply::Answer(reply) => reply,
            Reply::Cut => return Reply::Cut,
        },
    };
    reply.headers.push(("date".to_owned(), date(now)));
    Reply::Answer(reply)
}

fn refused(objects: &mut Objects, request: &Signed<'_>, now: i64) -> Option<HttpReply> {
    if let Err((status, code)) = verify(request, &objects.secret, now) {
        return Some(error(status, code));
    }
    for (fault, status, code) in [
        ("store-refuses", 403, "AccessDenied"),
        ("store-token-expired", 400, "ExpiredToken"),
        ("store-clock-off", 403, "RequestTimeTooSkewed"),
        ("store-down", 503, "ServiceUnavailable"),
    ] {
        if objects.has(fault) {
            return Some(error(status, code));
        }
    }
    if objects.has("store-redirects") {
        let mut reply = error(301, "PermanentRedirect");
        reply.headers.push(("location".to_owned(), "http://127.0.0.1:1/".to_owned()));
        return Some(reply);
    }
    if request.method == "PUT"
        && let Some(left) = objects.faults.get_mut("store-fails-after")
    {
        if *left == 0 {
            return Some(error(503, "ServiceUnavailable"));
        }
        *left -= 1;
    }
    None
}

fn act(objects: &mut Objects, request: &Signed<'_>, now: i64) -> Reply {
    let path = decoded(request.path.trim_start_matches('/'));
    let (bucket, key) = path.split_once('/').unwrap_or((path.as_str(), ""));
    let full = format!("{bucket}/{key}");
    let weak = objects.has("store-weak-etags");
    Reply::Answer(match (request.method, key) {
        ("GET", "") => list(objects, bucket, request.query),
        ("GET" | "HEAD", _) => {
            let found =
                if objects.has("store-stale-reads") { objects.before(&full) } else { objects.get(&full) };
            match found {
                Some(version) => shown(version, request.method == "GET", weak),
                None => error(404, "NoSuchKey"),
            }
        }
        ("PUT", k) if !k.is_empty() => return put(objects, &full, request, now),
        ("DELETE", k) if !k.is_empty() => {
            objects.delete(&full);
            HttpReply { status: 204, headers: Vec::new(), body: Vec::new() }
        }
        _ => error(501, "NotImplemented"),
    })
}

fn put(objects: &mut Objects, key: &str, request: &Signed<'_>, now: i64) -> Reply {
    let none = request.header("if-none-match").filter(|_| !objects.has("store-ignores-if-none-match"));
    let some = request.header("if-match").filter(|_| !objects.has("store-ignores-if-match"));
    if objects.uses("store-conflicts") {
        return Reply::Answer(error(409, "ConditionalRequestConflict"));
    }
    match objects.holds(key, none, some) {
        Holds::Yes => {}
        Holds::No => return Reply::Answer(error(412, "PreconditionFailed")),
        Holds::Nothing => return Reply::Answer(error(404, "NoSuchKey")),
    }
    if objects.has("store-errors-with-200") {
        let reply = error(200, "InternalError");
        return Reply::Answer(reply);
    }
    if objects.uses("store-drops-requests") {
        return Reply::Cut;
    }
    let etag = objects.put(key, request.body, now);
    if objects.has("store-denies-own-writes") {
        return Reply::Answer(error(412, "PreconditionFailed"));
    }
    if objects.uses("store-loses-replies") {
        return Reply::Cut;
    }
    let tag = if objects.has("store-weak-etags") { format!("W/{etag}") } else { etag };
    Reply::Answer(HttpReply { status: 200, headers: vec![("etag".to_owned(), tag)], body: Vec::new() })
}

fn list(objects: &Objects, bucket: &str, query: &str) -> HttpReply {
    let prefix = query.split('&').find_map(|p| p.strip_prefix("prefix=")).map(decoded).unwrap_or_default();
    let found = objects.list(bucket, &prefix);
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{bucket}</Name><KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>",
        found.len()
    );
    for (key, version) in found {
        let time =
            jiff::Timestamp::from_second(version.modified).map_or_else(|_| String::new(), |t| t.to_string());
        body.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>{time}</LastModified><ETag>&quot;{}&quot;</ETag><Size>{}</Size></Contents>",
            version.etag.trim_matches('"'),
            version.bytes().len()
        ));
    }
    body.push_str("</ListBucketResult>");
    HttpReply {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/xml".to_owned())],
        body: body.into_bytes(),
    }
}
