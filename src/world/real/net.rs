//! Requests over real sockets: HTTP/1.1, no redirects, no proxies, no cookies, no compression, no retries.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue as WireValue};
use url::{Host, Position, Url};

use super::tls::{self, Trust};
use crate::world::{BoxFuture, Deadline, HeaderValue, Method, Net, NetError, NetReply, NetRequest};

/// A body that brings nothing for this long has ended, whatever the deadline for all of it.
const IDLE: Duration = Duration::from_secs(10);
/// Most bytes of all replies that are being read at a time: each has its own limit, and a plan reads every type at once.
const TOGETHER: usize = 160 << 20;

/// Why an origin cannot be used at all. Found before anything is sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetSetupError {
    /// Not of the form `https://host[:port]`.
    #[error("`{0}` is not an origin of the form `https://host[:port]`")]
    NotAnOrigin(String),
    /// Plain HTTP to another machine.
    #[error("`{0}` is not encrypted; `http://` is accepted for loopback addresses only")]
    Plain(String),
    /// A pin or CA file means nothing without TLS.
    #[error(
        "`{0}` is not encrypted, so its pin or CA file would not be used; write `https://` or leave them out"
    )]
    PlainWithTrust(String),
    /// Named twice with different trust.
    #[error("`{0}` is named twice with different `tls` settings")]
    Conflict(String),
    /// The trust itself is unusable.
    #[error("`{origin}`: {why}")]
    Trust {
        /// For which origin.
        origin: String,
        /// Why.
        why: String,
    },
}

/// The network. It talks only to the origins that it was made with, each with its own trust.
pub struct RealNet {
    origins: BTreeMap<String, Trust>,
    /// One client per origin and connect deadline, made when first used: system roots are read only if needed.
    clients: Mutex<BTreeMap<(String, Duration), reqwest::Client>>,
    /// Bytes of the replies that are being read.
    reading: AtomicUsize,
    /// Most of them.
    together: usize,
}

/// The part of one reply in [`RealNet::reading`].
struct Share<'a> {
    net: &'a RealNet,
    own: usize,
}

impl Share<'_> {
    /// Whether so many bytes more may be held.
    fn take(&mut self, bytes: usize) -> bool {
        self.own += bytes;
        self.net.reading.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.net.together
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        self.net.reading.fetch_sub(self.own, Ordering::Relaxed);
    }
}

impl RealNet {
    /// Binds trust to origins (`https://host[:port]`). Anything else is refused before a byte is sent.
    pub fn new(origins: impl IntoIterator<Item = (String, Trust)>) -> Result<Self, NetSetupError> {
        let mut bound: BTreeMap<String, Trust> = BTreeMap::new();
        for (origin, trust) in origins {
            let url = parse(&origin).ok_or_else(|| NetSetupError::NotAnOrigin(origin.clone()))?;
            let key = url.origin().ascii_serialization();
            if url.scheme() == "http" {
                if !loopback(&url) {
                    return Err(NetSetupError::Plain(key));
                }
                if !matches!(trust, Trust::SystemRoots) {
                    return Err(NetSetupError::PlainWithTrust(key));
                }
            }
            if let Trust::CaFile(pem) = &trust {
                tls::ca_roots(pem).map_err(|why| NetSetupError::Trust { origin: key.clone(), why })?;
            }
            if bound.get(&key).is_some_and(|earlier| !same(earlier, &trust)) {
                return Err(NetSetupError::Conflict(key));
            }
            bound.insert(key, trust);
        }
        Ok(Self {
            origins: bound,
            clients: Mutex::new(BTreeMap::new()),
            reading: AtomicUsize::new(0),
            together: TOGETHER,
        })
    }

    fn client(&self, origin: &Url, deadline: Deadline) -> Result<reqwest::Client, NetError> {
        let key = origin.origin().ascii_serialization();
        let Some(trust) = self.origins.get(&key) else {
            return Err(NetError::NotSent(format!(
                "`{key}` is not one of the servers that this run may talk to"
            )));
        };
        let connect = deadline.connect.min(deadline.total);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(key.clone(), connect)) {
            return Ok(client.clone());
        }
        let client =
            build(origin, trust, connect).map_err(|why| NetError::NotSent(format!("`{key}`: {why}")))?;
        clients.insert((key, connect), client.clone());
        Ok(client)
    }
}

impl Net for RealNet {
    fn send(&self, request: NetRequest) -> BoxFuture<'_, Result<NetReply, NetError>> {
        Box::pin(async move {
            let origin = parse(&request.origin)
                .ok_or_else(|| NetError::NotSent("the request names no valid origin".to_owned()))?;
            let client = self.client(&origin, request.deadline)?;
            let url = join(&origin, &request.target)?;
            let headers = headers(&request.headers)?;
            let name = origin.origin().ascii_serialization();
            let method = match request.method {
                Method::Get => reqwest::Method::GET,
                Method::Post => reqwest::Method::POST,
                Method::Put => reqwest::Method::PUT,
                Method::Delete => reqwest::Method::DELETE,
            };
            let mut call = client.request(method, url).headers(headers);
            if !request.body.is_empty() {
                call = call.body(request.body);
            }
            let limit = request.limit;
            let total = request.deadline.total;
            let share = Share { net: self, own: 0 };
            match tokio::time::timeout(total, exchange(call, limit, &name, share)).await {
                Ok(outcome) => outcome,
                Err(_) => {
                    Err(NetError::Unknown(format!("`{name}` gave no whole reply within {}", seconds(total))))
                }
            }
        })
    }
}

async fn exchange(
    call: reqwest::RequestBuilder,
    limit: usize,
    origin: &str,
    mut share: Share<'_>,
) -> Result<NetReply, NetError> {
    let mut response = call.send().await.map_err(|e| classify(&e, origin))?;
    let mut reply = NetReply { status: response.status().as_u16(), ..NetReply::default() };
    // hyper keeps only phrases that differ from the standard one.
    reply.reason = match response.extensions().get::<hyper::ext::ReasonPhrase>() {
        Some(phrase) => Some(String::from_utf8_lossy(phrase.as_bytes()).into_owned()),
        None => response.status().canonical_reason().map(str::to_owned),
    }
    .filter(|phrase| !phrase.is_empty());
    for (name, value) in response.headers() {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        reply.headers.push((name.as_str().to_owned(), value));
    }
    if reply.header("content-encoding").is_some_and(|e| !e.eq_ignore_ascii_case("identity")) {
        return Err(NetError::Unfit(format!("`{origin}` sent a compressed reply that was not asked for")));
    }
    let too_long = || NetError::Unfit(format!("the reply of `{origin}` is longer than {limit} bytes"));
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(too_long());
    }
    loop {
        let Ok(next) = tokio::time::timeout(IDLE, response.chunk()).await else {
            return Err(NetError::Unknown(format!(
                "`{origin}` stopped in the middle of its reply for {}",
                seconds(IDLE)
            )));
        };
        let Some(chunk) = next.map_err(|e| classify_body(&e, origin))? else { break };
        if reply.body.len() + chunk.len() > limit {
            return Err(too_long());
        }
        if !share.take(chunk.len()) {
            return Err(NetError::Unfit(format!(
                "the replies that are being read, that of `{origin}` among them, are longer than {} bytes together",
                share.net.together
            )));
        }
        reply.body.extend_from_slice(&chunk);
    }
    Ok(reply)
}

fn build(origin: &Url, trust: &Trust, connect: Duration) -> Result<reqwest::Client, String> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("omni-scale/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .http1_only()
        .connect_timeout(connect)
        .tls_backend_preconfigured(if origin.scheme() == "https" {
            tls::config(trust)?
        } else {
            unused_tls()?
        });
    if let Some(Host::Domain(name)) = origin.host()
        && loopback(origin)
    {
        // Whatever a resolver says: a loopback name stays on this machine.
        let port = origin.port_or_known_default().unwrap_or_default();
        let here = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
        builder = builder.resolve_to_addrs(name, &here.map(|ip| SocketAddr::new(ip, port)));
    }
    builder.build().map_err(|_| "the HTTP client cannot be set up".to_owned())
}

/// A configuration that trusts nobody, so that a client for a plain origin does not read the system's roots.
fn unused_tls() -> Result<rustls::ClientConfig, String> {
    tls::config(&Trust::Pins(Vec::new()))
}

/// `scheme://host[:port]` and nothing more.
fn parse(origin: &str) -> Option<Url> {
    let url = Url::parse(origin).ok()?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.path() == "/"
        && url.host().is_some();
    (bare && matches!(url.scheme(), "https" | "http")).then_some(url)
}

fn loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

fn same(a: &Trust, b: &Trust) -> bool {
    match (a, b) {
        (Trust::SystemRoots, Trust::SystemRoots) => true,
        (Trust::CaFile(a), Trust::CaFile(b)) => a == b,
        (Trust::Pins(a), Trust::Pins(b)) => a == b,
        _ => false,
    }
}

/// The target as it is, or nothing: a URL library would quietly rewrite `..` segments and odd characters, and the
/// server would see another path than the one that was meant and signed.
fn join(origin: &Url, target: &str) -> Result<Url, NetError> {
    let wrong = || NetError::NotSent("the request's path would not reach the server unchanged".to_owned());
    let text = format!("{}{target}", origin.origin().ascii_serialization());
    let url = Url::parse(&text).map_err(|_| wrong())?;
    if url[Position::BeforePath..] == *target && url.fragment().is_none() { Ok(url) } else { Err(wrong()) }
}

fn headers(list: &[(String, HeaderValue)]) -> Result<HeaderMap, NetError> {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        let wrong = || NetError::NotSent(format!("the value of header `{name}` cannot be sent"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        let value = match value {
            HeaderValue::Plain(text) => WireValue::from_str(text).map_err(|_| wrong())?,
            HeaderValue::Secret(text) => {
                let mut value = WireValue::from_str(text.expose()).map_err(|_| wrong())?;
                value.set_sensitive(true);
                value
            }
        };
        map.append(key, value);
    }
    Ok(map)
}

/// Which of the three kinds an error is. Everything that is not proved to have happened before the first byte of the
/// request is `Unknown`. The texts are ours: neither a server's words nor a header can be in them.
fn classify(error: &reqwest::Error, origin: &str) -> NetError {
    if let Some(refused) = tls::distrust(error) {
        return NetError::Untrusted {
            why: format!("`{origin}`: {}", refused.why),
            fingerprint: Some(refused.fingerprint.to_string()),
        };
    }
    if error.is_builder() {
        return NetError::NotSent(format!("the request for `{origin}` cannot be built"));
    }
    if error.is_connect() {
        return NetError::NotSent(connect_cause(error, origin));
    }
    if error.is_timeout() {
        return NetError::Unknown(format!("`{origin}` did not answer in time"));
    }
    NetError::Unknown(format!("the connection to `{origin}` broke before the reply was complete"))
}

fn connect_cause(error: &reqwest::Error, origin: &str) -> String {
    use std::io::ErrorKind;
    if error.is_dns() {
        return format!("the name in `{origin}` cannot be resolved");
    }
    if error.is_timeout() {
        return format!("`{origin}` did not accept a connection in time");
    }
    if tls::find::<rustls::Error>(error).is_some() {
        return format!("`{origin}`: the TLS handshake failed");
    }
    match tls::find::<std::io::Error>(error).map(std::io::Error::kind) {
        Some(ErrorKind::ConnectionRefused) => format!("`{origin}` refused the connection"),
        Some(ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable) => {
            format!("there is no route to `{origin}`")
        }
        _ => format!("no connection to `{origin}`"),
    }
}

fn classify_body(error: &reqwest::Error, origin: &str) -> NetError {
    if error.is_timeout() {
        return NetError::Unknown(format!("`{origin}` did not finish its reply in time"));
    }
    NetError::Unknown(format!("the reply of `{origin}` was cut off"))
}

fn seconds(duration: Duration) -> String {
    if duration.subsec_millis() == 0 {
        format!("{} s", duration.as_secs())
    } else {
        format!("{} ms", duration.as_millis())
    }
}

#[cfg(test)]
mod tests;
