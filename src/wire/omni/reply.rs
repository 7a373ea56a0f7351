//! Reading an answer: status, content type and body together.

use super::document::decode_document;
use super::json::parse_json;
use super::message::innermost;
use super::{Call, Fault, Operation};
use crate::resource::{LiveResource, ResourceId};
use crate::untrusted::Untrusted;
use crate::value::Value;

/// An answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Encoding`; we ask for none.
    pub content_encoding: Option<&'a str>,
    /// Body.
    pub body: &'a [u8],
}

/// The resource that a [`Operation::Get`] answered. It must be the one asked for: a proxy that swaps answers must not make
/// us believe anything.
pub fn resource(call: &Call, reply: &Reply<'_>) -> Result<LiveResource, Fault> {
    let body = success(call, reply)?;
    let Some(text) = body.get("body").and_then(Value::as_str) else {
        return Err(garbled("it holds no resource"));
    };
    let live = decode_document(text).map_err(|e| garbled(&e))?;
    if live.resource.id != call.target {
        return Err(garbled("it is about another resource"));
    }
    Ok(live)
}

/// The resources that a [`Operation::List`] answered, sorted by namespace and id. All of them: an answer that holds fewer
/// than it counts proves nothing.
pub fn resources(call: &Call, reply: &Reply<'_>) -> Result<Vec<LiveResource>, Fault> {
    let Value::Map(mut body) = success(call, reply)? else {
        return Err(garbled("it is not a message"));
    };
    let items = match body.remove("items") {
        None => Vec::new(),
        Some(Value::List(items)) => items,
        Some(_) => return Err(garbled("its `items` are not a list")),
    };
    let mut out = Vec::with_capacity(items.len());
    // Each text is dropped as soon as it is read: a list of all machines is large.
    for item in items {
        let text = item.as_str().ok_or_else(|| garbled("an item is not a document"))?;
        let live = decode_document(text).map_err(|e| garbled(&e))?;
        let id = &live.resource.id;
        if id.kind != call.target.kind || id.namespace != call.target.namespace {
            return Err(garbled("it holds resources of another type or namespace"));
        }
        out.push(live);
    }
    let total = match body.get("total") {
        None => Some(0),
        Some(Value::Int(n)) => usize::try_from(*n).ok(),
        Some(Value::Str(s)) => s.parse().ok(),
        Some(_) => None,
    };
    if total != Some(out.len()) {
        return Err(garbled(&format!("it holds {} resources but counts another number", out.len())));
    }
    out.sort_by(|a, b| a.resource.id.cmp(&b.resource.id));
    if out.windows(2).any(|w| matches!(w, [a, b] if a.resource.id == b.resource.id)) {
        return Err(garbled("it holds the same resource twice"));
    }
    Ok(out)
}

/// Whether a write was accepted. A teardown of something that is not there is done.
pub fn accepted(call: &Call, reply: &Reply<'_>) -> Result<(), Fault> {
    match success(call, reply) {
        Ok(_) => Ok(()),
        Err(Fault::Missing) if call.operation == Operation::Teardown => Ok(()),
        Err(fault) => Err(fault),
    }
}

/// Whether the same call may be sent again as it is: a read after a passing disturbance, a write only when the server says
/// that it did nothing because it is throttling.
pub fn try_again(call: &Call, reply: &Reply<'_>) -> bool {
    if call.operation.writes() {
        matches!(accepted(call, reply), Err(Fault::Busy(_)))
    } else {
        matches!(reply.status, 429 | 502 | 503 | 504)
    }
}

fn garbled(why: &str) -> Fault {
    Fault::Unclear(format!("Omni's answer cannot be used: {why}"))
}

/// The message of a successful answer.
fn success(call: &Call, reply: &Reply<'_>) -> Result<Value, Fault> {
    let body = json(reply)?;
    if reply.status != 200 {
        return Err(failure(call, reply.status, &body));
    }
    match body {
        Value::Map(m) if m.contains_key("error") || m.contains_key("code") => {
            Err(garbled("it is an error with the status of a success"))
        }
        body @ Value::Map(_) => Ok(body),
        _ => Err(garbled("it is not a message")),
    }
}

/// The body as JSON, after making sure that Omni's gateway wrote it: any unknown path answers 200 with the web page, and a
/// proxy in front has pages of its own.
fn json(reply: &Reply<'_>) -> Result<Value, Fault> {
    let media = reply.content_type.unwrap_or("").split(';').next().unwrap_or("").trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let shown =
            if media.is_empty() { "no content type".to_owned() } else { format!("`{}`", line(media)) };
        return Err(Fault::Unclear(format!(
            "the answer (HTTP {}) is {shown} instead of `application/json`: this is not Omni's API but a web page, a login page or a proxy; check that the endpoint is Omni's own and that nothing in front of it answers instead",
            reply.status
        )));
    }
    if let Some(encoding) = reply.content_encoding
        && !encoding.trim().eq_ignore_ascii_case("identity")
        && !encoding.trim().is_empty()
    {
        return Err(garbled(&format!("it is encoded as `{}`, which was not asked for", line(encoding))));
    }
    parse_json(reply.body).map_err(|e| garbled(&e.to_string()))
}

fn line(text: &str) -> String {
    Untrusted::new(text).line(60)
}

/// HTTP status of a gRPC code on the gateway.
fn status_of(code: i128) -> Option<u16> {
    Some(match code {
        3 | 9 | 11 => 400,
        16 => 401,
        7 => 403,
        5 => 404,
        6 | 10 => 409,
        8 => 429,
        1 => 499,
        2 | 13 | 15 => 500,
        12 => 501,
        14 => 503,
        4 => 504,
        _ => return None,
    })
}

/// Reads an error: operation, status, code and stable fragments of the text decide.
fn failure(call: &Call, status: u16, body: &Value) -> Fault {
    let (Some(code), Some(text)) =
        (body.get("code").and_then(Value::as_int), body.get("message").map_or(Some(""), |m| m.as_str()))
    else {
        return garbled(&format!("it is no error of Omni's (HTTP {status})"));
    };
    if status_of(code) != Some(status) {
        return garbled(&format!("HTTP status {status} and code {code} do not belong together"));
    }
    let messages = innermost(text);
    let words = messages.join("; ");
    let named = Named::in_text(text);
    let ours = named.is_some_and(|n| n.is(&call.target));
    let writes = call.operation.writes();
    match code {
        16 => Fault::Unauthenticated,
        7 if text.contains("no access is permitted") => Fault::NoAccess,
        7 => match owner(text) {
            Some(owner) => Fault::Owned(owner),
            None => Fault::Forbidden(words),
        },
        // An unknown service or method; says nothing about any resource.
        5 if text == "Not Found" => {
            Fault::Unsupported(format!("the method `{}`", call.rpc_method().trim_start_matches('/')))
        }
        5 if ours && text.contains("doesn't exist") => Fault::Missing,
        5 => Fault::Unclear(format!("not found, but not the resource that was asked for: {words}")),
        6 | 10 => match (call.operation, named.is_none() || ours) {
            (_, false) => Fault::Unclear(format!("the answer is about another resource: {words}")),
            (Operation::Create, true) if code == 6 => Fault::Exists,
            _ if writes => Fault::Conflict,
            _ => Fault::Unclear(words),
        },
        3 if unknown_field(text).is_some() => {
            Fault::Unsupported(format!("the request field `{}`", unknown_field(text).unwrap_or_default()))
        }
        3 if call.operation == Operation::Update && ours && text.contains("is not in phase") => {
            Fault::TearingDown
        }
        3 | 9 | 11 => Fault::Invalid(messages),
        // Larger than the server's message limit: trying again cannot help.
        8 if text.contains("larger than max") => Fault::Invalid(messages),
        8 => Fault::Busy(words),
        12 => Fault::Unsupported(format!("the method `{}`", call.rpc_method().trim_start_matches('/'))),
        2 => plain_mistake(call, text, messages).unwrap_or(Fault::Unclear(format!("server error: {words}"))),
        4 => Fault::Unclear(format!("Omni did not finish in time: {words}")),
        14 => Fault::Unclear(format!("Omni is not available: {words}")),
        _ => Fault::Unclear(format!("server error: {words}")),
    }
}

/// Code 2 is also the answer to several mistakes in the request, each found before anything is stored.
fn plain_mistake(call: &Call, text: &str, messages: Vec<String>) -> Option<Fault> {
    if let Some(field) = unknown_field(text) {
        return Some(Fault::Unsupported(format!("the field `{field}`")));
    }
    if text.contains("no resource is registered for the resource type") {
        return Some(Fault::Unsupported(format!("the type `{}`", call.target.kind)));
    }
    // Parser texts come without a frame, at the very beginning; `proto:` is followed by varying white space.
    let before_storing = text.starts_with("proto:")
        || text.starts_with("invalid character ")
        || text.starts_with("unexpected end of JSON input")
        || text.starts_with("error parsing version")
        || (text.starts_with("etcd call failed") && text.ends_with("request is too large"));
    before_storing.then_some(Fault::Invalid(messages))
}

/// The field named by `proto: (line 1:2): unknown field "x"`.
fn unknown_field(text: &str) -> Option<String> {
    let (_, rest) = text.strip_prefix("proto:")?.split_once("unknown field \"")?;
    let (field, _) = rest.split_once('"')?;
    Some(line(field))
}

/// The controller named by `… is owned by "<controller>"`.
fn owner(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(" is owned by \"")?;
    let (owner, _) = rest.split_once('"')?;
    Some(line(owner))
}

/// The first resource that a text names: `resource <Type>(<namespace>/<id>@<version>)`, directly or after
/// `failed to …: `.
#[derive(Clone, Copy)]
struct Named<'a>(&'a str);

impl<'a> Named<'a> {
    fn in_text(text: &'a str) -> Option<Self> {
        let rest =
            text.strip_prefix("failed to ").and_then(|t| t.split_once(": ")).map_or(text, |(_, rest)| rest);
        rest.strip_prefix("resource ").map(Self)
    }
    fn is(self, id: &ResourceId) -> bool {
        let head = format!("{}({}/{}@", id.kind, id.namespace, id.id);
        // The version is one word, so that an id which contains `@` cannot pass for a shorter one.
        self.0.strip_prefix(&head).and_then(|rest| rest.split_once(')')).is_some_and(|(version, _)| {
            version == "undefined" || (!version.is_empty() && version.bytes().all(|b| b.is_ascii_digit()))
        })
    }
}
