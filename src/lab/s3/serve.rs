//! The store on loopback, in plain HTTP.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::answer::{Reply, answer};
use super::sign::Signed;
use crate::lab::listen::{Servers, respond};
use crate::lab::omni::{HttpReply, RequestLine};
use crate::lab::time::wall;

/// Most bytes read of a request.
const MOST: usize = 80 << 20;

/// Ends a connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("cut")]
struct Cut;

/// Accepts connections until it is aborted.
pub async fn serve(servers: Arc<Servers>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            continue;
        };
        let servers = Arc::clone(&servers);
        tokio::spawn(async move {
            let _slower = stream.set_nodelay(true);
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let servers = Arc::clone(&servers);
                async move {
                    let _underway = servers.time.underway();
                    one(&servers, request).await.map(|reply| respond(reply, None)).ok_or(Cut)
                }
            });
            let _ended = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

async fn one(servers: &Servers, request: hyper::Request<Incoming>) -> Option<HttpReply> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, MOST).collect().await.ok()?.to_bytes();
    let headers: Vec<(String, String)> = head
        .headers
        .iter()
        .filter_map(|(n, v)| Some((n.as_str().to_owned(), v.to_str().ok()?.to_owned())))
        .collect();
    let now = wall() as i64;
    let signed = Signed {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query().unwrap_or_default(),
        headers: &headers,
        body: &body,
    };
    let reply = {
        let mut plant = servers.time.world();
        answer(&mut plant.world.objects, &signed, now)
    };
    let writing = matches!(signed.method, "PUT" | "DELETE");
    let (status, reply) = match reply {
        Reply::Answer(reply) => (reply.status, Some(reply)),
        Reply::Cut => (0, None),
    };
    (servers.log)(&RequestLine {
        at: now,
        server: "store".to_owned(),
        method: signed.method.to_owned(),
        path: signed.path.to_owned(),
        writing,
        status,
        ..RequestLine::default()
    });
    if writing {
        (servers.written)();
    }
    servers.requests.fetch_add(1, Ordering::SeqCst);
    reply
}
