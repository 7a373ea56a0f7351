//! Against real sockets on loopback.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::*;
use crate::secret::Secret;
use crate::wire::Fingerprint;

/// What the other side does after it has read a request's head.
enum Then {
    Close,
    /// Keeps the connection open until the client leaves.
    Hold,
}

/// Answers every connection with these bytes; gives back the origin and every head that it read.
fn serve(reply: &'static [u8], then: Then) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            if let Some(head) = read_head(&mut socket) {
                seen.lock().unwrap().push(head);
            }
            let _ = socket.write_all(reply);
            if matches!(then, Then::Hold) {
                let _ = socket.read(&mut [0; 64]);
            }
        }
    });
    (origin, heads)
}

fn read_head(socket: &mut impl Read) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if socket.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    String::from_utf8(head).ok()
}

fn get(origin: &str, target: &str) -> NetRequest {
    NetRequest {
        method: Method::Get,
        origin: origin.to_owned(),
        target: target.to_owned(),
        headers: vec![("authorization".to_owned(), HeaderValue::Secret(Secret::new("canary-7f".to_owned())))],
        body: Vec::new(),
        deadline: Deadline { connect: Duration::from_secs(10), total: Duration::from_secs(20) },
        limit: 1000,
    }
}

fn plain(origin: &str) -> RealNet {
    RealNet::new([(origin.to_owned(), Trust::SystemRoots)]).unwrap()
}

/// Every error is also checked for what must not be in it.
async fn send(net: &RealNet, request: NetRequest) -> Result<NetReply, NetError> {
    let outcome = net.send(request).await;
    if let Err(error) = &outcome {
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary"), "{text}");
    }
    outcome
}

#[tokio::test]
async fn status_595_with_an_empty_body_keeps_its_reason() {
    let (origin, heads) = serve(b"HTTP/1.1 595 No route to host\r\nContent-Length: 0\r\n\r\n", Then::Close);
    let reply = send(&plain(&origin), get(&origin, "/api2/json/nodes/hotel/status?a=b%20c")).await.unwrap();
    assert_eq!((reply.status, reply.reason.as_deref()), (595, Some("No route to host")));
    assert!(reply.body.is_empty());
    let head = heads.lock().unwrap()[0].to_lowercase();
    assert!(head.starts_with("get /api2/json/nodes/hotel/status?a=b%20c http/1.1\r\n"), "{head}");
    for absent in ["content-length", "transfer-encoding", "accept-encoding", "cookie", "referer"] {
        assert!(!head.contains(absent), "{absent} in {head}");
    }
}

#[tokio::test]
async fn a_standard_reason_is_kept_and_an_empty_one_is_none() {
    let (origin, _) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Twice: a\r\n\r\n{}", Then::Close);
    let reply = send(&plain(&origin), get(&origin, "/")).await.unwrap();
    assert_eq!((reply.reason.as_deref(), reply.body.as_slice()), (Some("OK"), b"{}".as_slice()));
    assert_eq!(reply.header("x-twice"), Some("a"));
    let (origin, _) = serve(b"HTTP/1.1 403 \r\nContent-Length: 0\r\n\r\n", Then::Close);
    assert_eq!(send(&plain(&origin), get(&origin, "/")).await.unwrap().reason, None);
}

#[tokio::test]
async fn a_refused_port_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = send(&plain(&origin), get(&origin, "/")).await.unwrap_err();
    assert_eq!(error, NetError::NotSent(format!("`{origin}` refused the connection")));
}

#[tokio::test]
async fn a_server_that_reads_and_closes_leaves_the_outcome_unknown() {
    for reply in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Len",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9.9\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    ] {
        let (origin, heads) = serve(reply, Then::Close);
        let error = send(&plain(&origin), get(&origin, "/")).await.unwrap_err();
        let unclear = matches!(error, NetError::Unknown(_) | NetError::Unfit(_));
        assert!(unclear, "{error:?} for {:?}", String::from_utf8_lossy(reply));
        assert_eq!(heads.lock().unwrap().len(), 1, "sent once and never again");
    }
}

/// Each is within its own limit; all of them would not fit into the memory of a small machine.
#[tokio::test]
async fn replies_that_are_read_together_have_one_limit() {
    let reply: &'static [u8] =
        Box::leak([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &[b'x'; 900]].concat().into_boxed_slice());
    let origins: Vec<String> = (0..4).map(|_| serve(reply, Then::Hold).0).collect();
    let mut net = RealNet::new(origins.iter().map(|o| (o.clone(), Trust::SystemRoots))).unwrap();
    net.together = 2000;
    let outcomes = futures::future::join_all(origins.iter().map(|origin| {
        let mut request = get(origin, "/");
        request.deadline.total = Duration::from_millis(700);
        send(&net, request)
    }));
    let outcomes = outcomes.await;
    let unfit = outcomes
        .iter()
        .filter(|o| matches!(o, Err(NetError::Unfit(why)) if why.contains("2000 bytes together")));
    assert_eq!(unfit.count(), 2, "{outcomes:?}");
    assert_eq!(net.reading.load(Ordering::Relaxed), 0, "what was read is given back");
}

#[tokio::test]
async fn bytes_beyond_the_declared_length_never_reach_the_next_reply() {
    let (origin, heads) =
        serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\nsmuggled", Then::Close);
    let net = plain(&origin);
    for _ in 0..3 {
        assert_eq!(send(&net, get(&origin, "/")).await.unwrap().body, b"{}");
    }
    assert_eq!(heads.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_reply_over_the_limit_is_cut_off_declared_or_not() {
    let declared = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n".as_slice();
    let endless: &'static [u8] =
        Box::leak([b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &vec![b'x'; 70_000]].concat().into_boxed_slice());
    for reply in [declared, endless] {
        let (origin, _) = serve(reply, Then::Hold);
        let error = send(&plain(&origin), get(&origin, "/")).await.unwrap_err();
        assert_eq!(error, NetError::Unfit(format!("the reply of `{origin}` is longer than 1000 bytes")));
    }
}

#[tokio::test]
async fn a_slow_body_hits_the_total_deadline() {
    for reply in [b"".as_slice(), b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"] {
        let (origin, _) = serve(reply, Then::Hold);
        let mut request = get(&origin, "/");
        request.deadline.total = Duration::from_millis(300);
        let error = send(&plain(&origin), request).await.unwrap_err();
        assert_eq!(error, NetError::Unknown(format!("`{origin}` gave no whole reply within 300 ms")));
    }
}

#[tokio::test]
async fn a_handshake_that_stalls_hits_the_connect_deadline_and_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    let net = RealNet::new([(origin.clone(), Trust::Pins(vec![Fingerprint::from_digest([1; 32])]))]).unwrap();
    let mut request = get(&origin, "/");
    request.deadline.connect = Duration::from_millis(60);
    let error = send(&net, request).await.unwrap_err();
    assert_eq!(error, NetError::NotSent(format!("`{origin}` did not accept a connection in time")));
}

#[tokio::test]
async fn a_redirect_is_a_reply_and_is_not_followed() {
    let (other, other_heads) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close);
    let reply: &'static [u8] = Box::leak(
        format!("HTTP/1.1 307 Temporary Redirect\r\nLocation: {other}/\r\nContent-Length: 0\r\n\r\n")
            .into_bytes()
            .into_boxed_slice(),
    );
    let (origin, _) = serve(reply, Then::Close);
    assert_eq!(send(&plain(&origin), get(&origin, "/")).await.unwrap().status, 307);
    assert!(other_heads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_origin_without_trust_and_a_path_that_would_change_are_refused_before_anything_is_sent() {
    let (origin, heads) = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Close);
    let (stranger, stranger_heads) = serve(b"", Then::Close);
    let net = plain(&origin);
    let mut refused =
        vec![get(&stranger, "/"), get("ftp://127.0.0.1", "/"), get(&format!("{origin}/x"), "/")];
    for target in ["", "x", "/a/../b", "/a/%2e%2e/b", "/a b", "/a#b", "@evil.example/", "/ä", "\\x"] {
        refused.push(get(&origin, target));
    }
    let mut injected = get(&origin, "/");
    injected.headers.push(("x".to_owned(), HeaderValue::Plain("canary\r\nEvil: 1".to_owned())));
    refused.push(injected);
    for request in refused {
        let shown = format!("{} {}", request.origin, request.target);
        let error = send(&net, request).await.unwrap_err();
        assert!(matches!(error, NetError::NotSent(_)), "{shown}: {error:?}");
    }
    assert!(heads.lock().unwrap().is_empty() && stranger_heads.lock().unwrap().is_empty());
}

#[test]
fn origins_are_checked_when_they_are_bound() {
    let bind = |origin: &str, trust| RealNet::new([(origin.to_owned(), trust)]).err();
    let pin = || Trust::Pins(vec![Fingerprint::from_digest([1; 32])]);
    assert_eq!(bind("https://omni.example", Trust::SystemRoots), None);
    assert_eq!(bind("http://[::1]:80", Trust::SystemRoots), None);
    assert!(matches!(bind("http://192.168.3.5", Trust::SystemRoots), Some(NetSetupError::Plain(_))));
    assert!(matches!(
        bind("http://localhost.evil.example", Trust::SystemRoots),
        Some(NetSetupError::Plain(_))
    ));
    assert!(matches!(bind("http://127.0.0.1:1", pin()), Some(NetSetupError::PlainWithTrust(_))));
    for wrong in [
        "",
        "omni.example",
        "https://a@b",
        "https://a/x",
        "https://a?q",
        "https://a#f",
        "file:///x",
        "https://a:99999",
    ] {
        assert!(matches!(bind(wrong, pin()), Some(NetSetupError::NotAnOrigin(_))), "{wrong}");
    }
    assert!(matches!(
        bind("https://a", Trust::CaFile(b"nothing".to_vec())),
        Some(NetSetupError::Trust { .. })
    ));
    let twice =
        RealNet::new([("https://a".to_owned(), pin()), ("https://a:443".to_owned(), Trust::SystemRoots)]);
    assert!(matches!(twice, Err(NetSetupError::Conflict(_))));
}

/// Always the same certificate, whether its key fits or not.
#[derive(Debug)]
struct Always(Arc<rustls::sign::CertifiedKey>);

impl rustls::server::ResolvesServerCert for Always {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<rustls::sign::CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A TLS server for one certificate, signed by a CA of its own; answers every request with an empty object. With `stolen`
/// it presents the certificate without having its key.
fn serve_tls(names: &[&str], stolen: bool) -> (String, Fingerprint, Vec<u8>) {
    let ca_key = rcgen::KeyPair::generate().unwrap();
    let mut ca = rcgen::CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let ca_pem = ca.self_signed(&ca_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(ca, ca_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let leaf = rcgen::CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap().der().clone();
    let fingerprint = Fingerprint::from_digest(Sha256::digest(&leaf).into());
    let signing = if stolen { rcgen::KeyPair::generate().unwrap() } else { key };
    let signing =
        rustls::crypto::aws_lc_rs::sign::any_supported_type(&signing.serialize_der().try_into().unwrap());
    let presented = rustls::sign::CertifiedKey::new(vec![leaf], signing.unwrap());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(presented))));
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(connection, socket.unwrap());
            if read_head(&mut stream).is_some() {
                let _ =
                    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    (origin, fingerprint, ca_pem.into_bytes())
}

async fn over_tls(origin: &str, trust: Trust) -> Result<NetReply, NetError> {
    send(&RealNet::new([(origin.to_owned(), trust)]).unwrap(), get(origin, "/")).await
}

#[tokio::test]
async fn a_pin_accepts_its_certificate_only_and_a_mismatch_names_the_one_presented() {
    let (origin, fingerprint, _) = serve_tls(&["some.other.name"], false);
    assert_eq!(over_tls(&origin, Trust::Pins(vec![fingerprint])).await.unwrap().body, b"{}");
    match over_tls(&origin, Trust::Pins(vec![Fingerprint::from_digest([1; 32])])).await {
        Err(NetError::Untrusted { why, fingerprint: Some(shown) }) => {
            assert_eq!(Fingerprint::parse(&shown), Ok(fingerprint));
            assert!(why.contains("not the pinned one"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn with_several_pins_each_node_shows_its_own_certificate() {
    let (foxtrot, first, _) = serve_tls(&["foxtrot.example"], false);
    let (golf, second, _) = serve_tls(&["golf.example"], false);
    let (stranger, third, _) = serve_tls(&["foxtrot.example"], false);
    let pins = Trust::Pins(vec![first, second]);
    for origin in [&foxtrot, &golf] {
        assert_eq!(over_tls(origin, pins.clone()).await.unwrap().status, 200, "{origin}");
    }
    match over_tls(&stranger, pins).await {
        Err(NetError::Untrusted { why, fingerprint: Some(shown) }) => {
            assert_eq!(Fingerprint::parse(&shown), Ok(third));
            assert!(why.contains("none of the pinned ones"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    match over_tls(&foxtrot, Trust::Pins(Vec::new())).await {
        Err(NetError::Untrusted { .. }) => {}
        other => panic!("no pin at all trusts nobody: {other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_without_its_key_is_worth_nothing() {
    let (origin, fingerprint, ca) = serve_tls(&["127.0.0.1"], true);
    for trust in [Trust::Pins(vec![fingerprint]), Trust::CaFile(ca)] {
        match over_tls(&origin, trust).await {
            Err(NetError::NotSent(_) | NetError::Untrusted { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_ca_file_needs_the_issuer_and_the_name() {
    let (origin, fingerprint, ca) = serve_tls(&["127.0.0.1"], false);
    assert_eq!(over_tls(&origin, Trust::CaFile(ca)).await.unwrap().status, 200);
    let (other, other_fingerprint, other_ca) = serve_tls(&["golf.example"], false);
    for (origin, trust, words, presented) in [
        (&origin, Trust::CaFile(other_ca.clone()), "not signed by a trusted authority", fingerprint),
        (&origin, Trust::SystemRoots, "not signed by a trusted authority", fingerprint),
        (&other, Trust::CaFile(other_ca), "not made out to this host name", other_fingerprint),
    ] {
        match over_tls(origin, trust).await {
            Err(NetError::Untrusted { why, fingerprint: Some(shown) }) => {
                assert!(why.contains(words) && !why.contains("golf.example"), "{why}");
                assert_eq!(shown, presented.to_string());
            }
            other => panic!("{words}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn plain_text_on_a_tls_port_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        let _ = socket.read(&mut [0; 4096]);
    });
    let error = over_tls(&origin, Trust::Pins(vec![Fingerprint::from_digest([1; 32])])).await.unwrap_err();
    assert_eq!(error, NetError::NotSent(format!("`{origin}`: the TLS handshake failed")));
}

#[test]
fn proxies_named_by_the_environment_are_ignored() {
    // A process of its own, since the environment belongs to all tests of this one. Nothing listens at the proxy's port.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let child = "world::real::net::tests::status_595_with_an_empty_body_keeps_its_reason";
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    for name in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, &proxy);
    }
    drop(listener);
    let output = command.args(["--exact", child]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

/// Names the server of the parent process in the test below.
const ELSEWHERE: &str = "OMNI_SCALE_TEST_TLS_ORIGIN";

#[tokio::test]
async fn system_roots_refuse_an_authority_that_nobody_installed() {
    let origin = std::env::var(ELSEWHERE).unwrap_or_else(|_| serve_tls(&["127.0.0.1"], false).0);
    let outcome = over_tls(&origin, Trust::SystemRoots).await;
    assert!(matches!(outcome, Err(NetError::Untrusted { .. })), "{outcome:?}");
}

#[test]
fn a_bundle_named_by_the_environment_is_ignored() {
    let (origin, _, ca) = serve_tls(&["127.0.0.1"], false);
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("evil.pem");
    std::fs::write(&bundle, ca).unwrap();
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "world::real::net::tests::system_roots_refuse_an_authority_that_nobody_installed"])
        .env(ELSEWHERE, origin)
        .env("SSL_CERT_FILE", &bundle)
        .env("SSL_CERT_DIR", folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}
