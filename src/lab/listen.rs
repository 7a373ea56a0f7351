//! The two servers on loopback: Omni in plain HTTP, Proxmox in TLS. One task for each connection.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::omni::{Answer, HttpReply, HttpRequest, OmniServer, RequestLine};
use super::proxmox::{self, Request};
use super::time::{Time, Underway, lock, wall};

/// Most bytes read of a request.
const MOST: usize = 40 << 20;
/// Real time between two looks at a Delete that waits.
const AGAIN: Duration = Duration::from_millis(2);
/// Virtual time that passes between them for a client that jumps.
const JUMP: Duration = Duration::from_millis(500);
/// Real time that a connection may take until its first request. A client opens one to spare when another is about to be free, and
/// may never use it.
const SPARE: Duration = Duration::from_millis(100);
/// How long a Delete without a bound of its own waits.
const LONGEST: Duration = Duration::from_mins(10);

/// Takes lines for the log of requests.
pub type Log = Box<dyn Fn(&RequestLine) + Send + Sync>;

/// Both servers.
pub struct Servers {
    /// The world and its time.
    pub time: Arc<Time>,
    /// Omni.
    pub omni: OmniServer,
    /// Real time before every answer.
    pub latency: Duration,
    /// Requests served.
    pub requests: AtomicU64,
    /// Of them, those that write.
    pub writes: AtomicU64,
    /// The log.
    pub log: Log,
    /// Called after a write.
    pub written: Box<dyn Fn() + Send + Sync>,
}

/// Which server a connection belongs to.
#[derive(Clone)]
pub enum Front {
    /// Omni.
    Omni,
    /// Proxmox VE.
    Proxmox(TlsAcceptor),
}

/// Accepts connections until it is aborted.
pub async fn serve(servers: Arc<Servers>, listener: TcpListener, front: Front) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, most likely: give them time to come back.
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        // Until its first request the connection itself counts as a request, so that time does not jump while TLS is set up.
        let opening = Arc::new(std::sync::Mutex::new(Some(servers.time.underway())));
        let (servers, front) = (Arc::clone(&servers), front.clone());
        tokio::spawn(async move {
            // Losing an answer's last packet to a delayed acknowledgement would cost more than the request.
            let _slower = stream.set_nodelay(true);
            match front {
                Front::Omni => connection(servers, opening, stream, false).await,
                Front::Proxmox(_) if servers.time.world().world.proxmox.api_down => drop(stream),
                Front::Proxmox(acceptor) => {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        connection(servers, opening, stream, true).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(
    servers: Arc<Servers>,
    opening: Arc<std::sync::Mutex<Option<Underway>>>,
    stream: S,
    proxmox: bool,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let spared = Arc::clone(&opening);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (servers, opening) = (Arc::clone(&servers), Arc::clone(&opening));
        async move {
            let _underway = servers.time.underway();
            drop(lock(&opening).take());
            if !servers.latency.is_zero() {
                tokio::time::sleep(servers.latency).await;
            }
            let response = if proxmox {
                answer_proxmox(&servers, request).await
            } else {
                answer_omni(&servers, request).await
            };
            servers.requests.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(response)
        }
    });
    tokio::spawn(async move {
        tokio::time::sleep(SPARE).await;
        drop(lock(&spared).take());
    });
    // A client that goes away in the middle ends the connection; there is nobody to tell.
    let _ended =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn body(request: hyper::Request<Incoming>) -> (http::request::Parts, Option<Vec<u8>>) {
    let (head, body) = request.into_parts();
    let bytes = Limited::new(body, MOST).collect().await.ok().map(|b| b.to_bytes().to_vec());
    (head, bytes)
}

async fn answer_omni(servers: &Servers, request: hyper::Request<Incoming>) -> hyper::Response<Full<Bytes>> {
    let (head, bytes) = body(request).await;
    let Some(body) = bytes else {
        let text = br#"{"code":8,"message":"grpc: received message larger than max"}"#.to_vec();
        return respond(HttpReply { status: 429, headers: vec![json_type()], body: text }, None);
    };
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let request = HttpRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        headers,
        body,
    };
    let answer = {
        let plant = servers.time.world();
        servers.omni.hide(&plant.world.hidden);
        servers.omni.handle(&request, wall() as i64, plant.world.unix())
    };
    let writes = ["Create", "Update", "Delete", "Teardown"];
    let wrote = writes.iter().any(|w| request.path.ends_with(w));
    let reply = match answer {
        Answer::Now(reply) => reply,
        Answer::Waiting(waiting) => {
            let mut left = waiting.timeout.unwrap_or(LONGEST).min(LONGEST);
            loop {
                if let Some(reply) = servers.omni.settle(&waiting) {
                    break reply;
                }
                if left.is_zero() {
                    break servers.omni.expire(&waiting);
                }
                tokio::time::sleep(AGAIN).await;
                let passed = if servers.time.jumps() { JUMP } else { AGAIN };
                servers.time.pass(passed);
                left = left.saturating_sub(passed);
            }
        }
    };
    if wrote {
        servers.writes.fetch_add(1, Ordering::SeqCst);
        (servers.written)();
    }
    respond(reply, None)
}

fn json_type() -> (String, String) {
    ("content-type".to_owned(), "application/json".to_owned())
}

async fn answer_proxmox(
    servers: &Servers,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let (head, bytes) = body(request).await;
    let path = percent_decoded(head.uri.path());
    let inner = path.strip_prefix("/api2/json").unwrap_or("/").to_owned();
    let query = head
        .uri
        .query()
        .map(|q| url::form_urlencoded::parse(q.as_bytes()).into_owned().collect())
        .unwrap_or_default();
    let authorization = head.headers.get("authorization").and_then(|v| v.to_str().ok());
    let question = Request {
        method: head.method.as_str(),
        path: &inner,
        query,
        authorization,
        has_body: bytes.as_ref().is_none_or(|b| !b.is_empty()),
        parameters: parameters(&head.headers, bytes.as_deref().unwrap_or_default()),
    };
    let reply = {
        let mut plant = servers.time.world();
        let now = plant.world.now;
        proxmox::handle(&mut plant.world.proxmox, &question, now)
    };
    let writing = head.method != http::Method::GET;
    let principal =
        authorization.and_then(|a| a.strip_prefix("PVEAPIToken=")?.split_once('=')).map(|(id, _)| id);
    (servers.log)(&RequestLine {
        at: wall() as i64,
        server: "proxmox".to_owned(),
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        writing,
        status: reply.status,
        account: principal.unwrap_or_default().to_owned(),
        ..RequestLine::default()
    });
    if writing {
        servers.writes.fetch_add(1, Ordering::SeqCst);
        (servers.written)();
    }
    let mut headers = vec![("server".to_owned(), "pve-api-daemon/3.0".to_owned())];
    if reply.status >= 400 {
        headers.push(("connection".to_owned(), "close".to_owned()));
    }
    let body = match &reply.body {
        Some(body) => {
            headers.push(("content-type".to_owned(), "application/json;charset=UTF-8".to_owned()));
            body.to_string().into_bytes()
        }
        None => Vec::new(),
    };
    respond(HttpReply { status: reply.status, headers, body }, Some(&reply.reason))
}

/// Parameters of a body: JSON, a form, or of an upload the names.
fn parameters(headers: &http::HeaderMap, bytes: &[u8]) -> serde_json::Map<String, serde_json::Value> {
    let kind = headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/json") {
        return serde_json::from_slice(bytes).unwrap_or_default();
    }
    if kind.starts_with("multipart/") {
        let text = String::from_utf8_lossy(bytes);
        let name = text.split("filename=\"").nth(1).and_then(|rest| rest.split('"').next());
        let named = name.map(|name| ("filename".to_owned(), serde_json::Value::from(name)));
        return named.into_iter().collect();
    }
    url::form_urlencoded::parse(bytes).map(|(k, v)| (k.into_owned(), v.into_owned().into())).collect()
}

fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let hex = tail.get(..2).filter(|_| *first == b'%').and_then(|h| std::str::from_utf8(h).ok());
        if let Some(byte) = hex.and_then(|h| u8::from_str_radix(h, 16).ok()) {
            out.push(byte);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A reply as hyper sends it.
pub fn respond(reply: HttpReply, reason: Option<&str>) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        builder = builder.header(name.as_str(), value.as_str());
    }
    let mut response = builder.body(Full::new(Bytes::from(reply.body))).unwrap_or_default();
    let phrase = reason.and_then(|r| hyper::ext::ReasonPhrase::try_from(r.as_bytes().to_vec()).ok());
    if let Some(phrase) = phrase {
        response.extensions_mut().insert(phrase);
    }
    response
}
