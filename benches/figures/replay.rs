//! A stand-in for a lab's servers that answers from memory.
//!
//! What the servers need for their answers is not the tool's, and cannot be subtracted afterwards: client and servers work at the
//! same time, on the same cores. So the answers of one plan are recorded on their way through here, the lab is ended, and the
//! plans that are measured are answered with the recorded bytes. What is left of the servers is copying them into a socket.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Which server, method, path with query, body.
type Question = (usize, String, String, Bytes);
/// Status, content type, body.
type Answer = (u16, String, Bytes);

struct State {
    /// Origins of the lab's Omni and Proxmox.
    behind: [String; 2],
    client: reqwest::Client,
    known: Mutex<BTreeMap<Question, Answer>>,
    recorded: AtomicBool,
    asked: AtomicUsize,
    unknown: AtomicUsize,
}

/// The stand-in; it ends with the process.
pub struct Replay {
    state: Arc<State>,
    /// Origins that stand for the lab's.
    pub origins: [String; 2],
    /// SHA-256 of the certificate, upper-case hexadecimal with colons.
    pub pin: String,
    _runtime: tokio::runtime::Runtime,
}

impl Replay {
    /// Starts in front of a lab's Omni and Proxmox; everything passes.
    pub fn before(behind: [String; 2]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let client = reqwest::Client::builder().danger_accept_invalid_certs(true).no_proxy().build().unwrap();
        let state = Arc::new(State {
            behind,
            client,
            known: Mutex::default(),
            recorded: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
            unknown: AtomicUsize::new(0),
        });
        let (acceptor, pin) = certificate();
        let bind = || runtime.block_on(TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let (plain, secure) = (bind(), bind());
        let origins = [
            format!("http://{}", plain.local_addr().unwrap()),
            format!("https://{}", secure.local_addr().unwrap()),
        ];
        runtime.spawn(serve(Arc::clone(&state), plain, 0, None));
        runtime.spawn(serve(Arc::clone(&state), secure, 1, Some(acceptor)));
        Self { state, origins, pin, _runtime: runtime }
    }

    /// From now on nothing is asked of the lab.
    pub fn alone(&self) {
        self.state.recorded.store(true, Ordering::SeqCst);
        self.state.asked.store(0, Ordering::SeqCst);
    }

    /// Questions since then, and how many of them had no recorded answer.
    pub fn asked(&self) -> (usize, usize) {
        (self.state.asked.load(Ordering::SeqCst), self.state.unknown.load(Ordering::SeqCst))
    }

    /// Bytes of all recorded answers.
    pub fn bytes(&self) -> usize {
        self.state.known.lock().unwrap().values().map(|(_, _, body)| body.len()).sum()
    }
}

fn certificate() -> (TlsAcceptor, String) {
    let made =
        rcgen::generate_simple_self_signed(vec!["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let leaf = made.cert.der().clone();
    let pin: Vec<String> =
        <sha2::Sha256 as sha2::Digest>::digest(&leaf).iter().map(|b| format!("{b:02X}")).collect();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf], key)
            .unwrap();
    (TlsAcceptor::from(Arc::new(config)), pin.join(":"))
}

async fn serve(state: Arc<State>, listener: TcpListener, front: usize, tls: Option<TlsAcceptor>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let (state, tls) = (Arc::clone(&state), tls.clone());
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            match tls {
                None => connection(state, front, stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        connection::<tokio_rustls::server::TlsStream<TcpStream>>(state, front, stream).await;
                    }
                }
            }
        });
    }
}

async fn connection<S>(state: Arc<State>, front: usize, stream: S)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, std::convert::Infallible>(answer(&state, front, request).await) }
    });
    // A client that goes away ends the connection.
    let _ended =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    state: &State,
    front: usize,
    request: hyper::Request<Incoming>,
) -> hyper::Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
    let question = (front, head.method.to_string(), path, body);
    state.asked.fetch_add(1, Ordering::SeqCst);
    let known = state.known.lock().unwrap().get(&question).cloned();
    let recorded = state.recorded.load(Ordering::SeqCst);
    let (status, kind, body) = match known.filter(|_| recorded) {
        Some(answer) => answer,
        None if recorded => {
            println!("no recorded answer: {} {}", question.1, question.2);
            state.unknown.fetch_add(1, Ordering::SeqCst);
            (503, String::new(), Bytes::new())
        }
        None => {
            let mut headers = head.headers;
            headers.remove("host");
            let url = format!("{}{}", state.behind[front], question.2);
            let sent =
                state.client.request(head.method, url).headers(headers).body(question.3.clone()).send();
            let reply = sent.await.unwrap();
            let kind = reply.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default();
            let answer = (reply.status().as_u16(), kind.to_owned(), reply.bytes().await.unwrap());
            state.known.lock().unwrap().insert(question, answer.clone());
            answer
        }
    };
    let mut builder = hyper::Response::builder().status(status);
    if !kind.is_empty() {
        builder = builder.header("content-type", kind);
    }
    builder.body(Full::new(body)).unwrap()
}
