//! A server that answers what a test says, byte by byte, with or without TLS, and remembers who asked what.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// A request.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Asked {
    /// Last part of the path: `List`, `Update`, `nodes`.
    pub fn call(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }
    /// Whether it would change anything.
    pub fn writes(&self) -> bool {
        matches!(self.call(), "Create" | "Update" | "Teardown" | "Delete")
            || (self.target.starts_with("/api2/") && self.method != "GET")
    }
    /// Type and id of what it is about.
    pub fn about(&self) -> (String, String) {
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let of = |v: &serde_json::Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
        let head = if body["resource"].is_object() { &body["resource"]["metadata"] } else { &body };
        (of(head, "type"), of(head, "id"))
    }
    /// Everything of it as text, to look for what must not be in it.
    pub fn text(&self) -> String {
        let headers: String = self.headers.iter().map(|(k, v)| format!("{k}: {v}\n")).collect();
        format!("{} {}\n{headers}\n{}", self.method, self.target, String::from_utf8_lossy(&self.body))
    }
}

/// A part of an answer.
#[derive(Clone, Debug)]
pub enum Piece {
    Bytes(Vec<u8>),
    /// Again and again until the client leaves.
    Endless(Vec<u8>),
    /// A byte now and then.
    Slow(Vec<u8>),
    /// Nothing, until the client leaves.
    Hold,
}

/// What a request is answered with; nothing closes the connection.
pub type Answer = dyn Fn(&Asked) -> Vec<Piece> + Send + Sync;

/// A running server.
pub struct Server {
    pub origin: String,
    /// SHA-256 of its certificate, where it has one.
    pub pin: Option<String>,
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Server {
    pub fn plain(answer: Arc<Answer>) -> Self {
        Self::start(None, answer)
    }
    pub fn tls(answer: Arc<Answer>) -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let names = vec!["127.0.0.1".to_owned()];
        let leaf = rcgen::CertificateParams::new(names).unwrap().self_signed(&key).unwrap().der().clone();
        let digest = Sha256::digest(&leaf);
        let pin = digest.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key.serialize_der().try_into().unwrap())
            .unwrap();
        Self::start(Some((Arc::new(config), pin)), answer)
    }

    fn start(tls: Option<(Arc<rustls::ServerConfig>, String)>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let origin = format!("{scheme}://{}", listener.local_addr().unwrap());
        let (asked, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let server =
            Self { origin, pin: tls.as_ref().map(|t| t.1.clone()), asked: asked.clone(), stop: stop.clone() };
        let config = tls.map(|t| t.0);
        std::thread::spawn(move || {
            for socket in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(socket) = socket else { continue };
                let (asked, answer, config) = (asked.clone(), answer.clone(), config.clone());
                std::thread::spawn(move || {
                    // Nobody is waited for longer than a run may take.
                    let _ = socket.set_read_timeout(Some(crate::judge::LIMIT * 3));
                    let _ = socket.set_write_timeout(Some(crate::judge::LIMIT * 3));
                    let _ = socket.set_nodelay(true);
                    let closing = socket.try_clone();
                    match config {
                        None => converse(socket, &asked, &*answer),
                        Some(config) => {
                            let connection = rustls::ServerConnection::new(config).unwrap();
                            converse(rustls::StreamOwned::new(connection, socket), &asked, &*answer);
                        }
                    }
                    let _ = closing.map(|s| s.shutdown(Shutdown::Both));
                });
            }
        });
        server
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.origin.split("://").last().unwrap());
    }
}

fn converse(mut stream: impl Stream, asked: &Mutex<Vec<Asked>>, answer: &Answer) {
    let Some(request) = read(&mut stream) else { return };
    asked.lock().unwrap().push(request.clone());
    for piece in answer(&request) {
        let done = match piece {
            Piece::Bytes(bytes) => stream.write_all(&bytes).and_then(|()| stream.flush()),
            Piece::Endless(bytes) => loop {
                if let Err(e) = stream.write_all(&bytes) {
                    break Err(e);
                }
            },
            Piece::Slow(bytes) => bytes.iter().try_for_each(|b| {
                std::thread::sleep(Duration::from_millis(300));
                stream.write_all(&[*b]).and_then(|()| stream.flush())
            }),
            Piece::Hold => stream.read(&mut [0; 64]).map(drop),
        };
        if done.is_err() {
            return;
        }
    }
    let _ = stream.flush();
}

fn read(stream: &mut impl Stream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let mut block = [0; 16_384];
    let head = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        match stream.read(&mut block) {
            Ok(n) if n > 0 => bytes.extend_from_slice(&block[..n]),
            _ => return None,
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).ok()?;
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> =
        lines.filter_map(|l| l.split_once(": ")).map(|(k, v)| (k.to_lowercase(), v.to_owned())).collect();
    let length = headers.iter().find(|(k, _)| k == "content-length").map_or(0, |(_, v)| v.parse().unwrap());
    let mut body = bytes[head + 4..].to_vec();
    while body.len() < length {
        match stream.read(&mut block) {
            Ok(n) if n > 0 => body.extend_from_slice(&block[..n]),
            _ => return None,
        }
    }
    Some(Asked { method, target, headers, body })
}

/// An honest answer.
#[derive(Clone, Debug)]
pub struct Honest {
    pub status: u16,
    pub kind: String,
    pub body: Vec<u8>,
}

impl Honest {
    /// As an answer.
    pub fn bytes(&self) -> Vec<u8> {
        reply(self.status, &[("Content-Type", &self.kind)], &self.body)
    }
    /// The same with another body.
    pub fn with(&self, body: impl AsRef<[u8]>) -> Vec<Piece> {
        vec![Piece::Bytes(Self { body: body.as_ref().to_vec(), ..self.clone() }.bytes())]
    }
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

/// A whole answer that closes the connection.
pub fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut out = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n", body.len());
    for (name, value) in headers {
        out.push_str(&format!("{name}: {value}\r\n"));
    }
    [out.as_bytes(), b"\r\n", body].concat()
}

/// Passes a request on to a plain server.
pub fn forward(origin: &str, asked: &Asked) -> Honest {
    let mut stream = TcpStream::connect(origin.split("://").last().unwrap()).unwrap();
    let mut head = format!("{} {} HTTP/1.1\r\n", asked.method, asked.target);
    for (name, value) in asked.headers.iter().filter(|(k, _)| k != "connection") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("connection: close\r\n\r\n");
    stream.write_all(&[head.as_bytes(), &asked.body].concat()).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let at = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
    let status = head[9..12].parse().unwrap();
    let kind = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-type: ").map(str::to_owned));
    Honest { status, kind: kind.unwrap_or_default(), body: bytes[at + 4..].to_vec() }
}
