//! The server on a socket: a thin shell around [`OmniServer`].

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;

use super::server::{Answer, HttpReply, HttpRequest, OmniServer};

/// Times of a request: wall time for signatures, and the time that resources are stamped with; both Unix seconds.
pub type Times = Arc<dyn Fn() -> (i64, i64) + Send + Sync>;

/// Most bytes that are read of a request, a little above Omni's own limit, which answers by itself.
const MOST: usize = 40 << 20;
/// How often a waiting Delete looks again.
const AGAIN: Duration = Duration::from_millis(20);
/// How long a Delete without a bound waits.
const LONGEST: Duration = Duration::from_mins(10);

/// Serves every path.
pub fn router(server: Arc<OmniServer>, times: Times) -> Router {
    Router::new().fallback(answer).with_state((server, times))
}

async fn answer(State((server, times)): State<(Arc<OmniServer>, Times)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let headers = head
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let Ok(body) = axum::body::to_bytes(body, MOST).await else {
        let body = br#"{"code":8,"message":"grpc: received message larger than max"}"#.to_vec();
        let json = ("content-type".to_owned(), "application/json".to_owned());
        return response(HttpReply { status: 429, headers: vec![json], body }, times().0);
    };
    let request = HttpRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        headers,
        body: body.to_vec(),
    };
    let (wall, now) = times();
    let reply = match server.handle(&request, wall, now) {
        Answer::Now(reply) => reply,
        Answer::Waiting(waiting) => {
            let bound = tokio::time::Instant::now() + waiting.timeout.unwrap_or(LONGEST).min(LONGEST);
            loop {
                if let Some(reply) = server.settle(&waiting) {
                    break reply;
                }
                if tokio::time::Instant::now() >= bound {
                    break server.expire(&waiting);
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
    };
    response(reply, wall)
}

fn response(reply: HttpReply, wall: i64) -> Response {
    let mut builder = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    // Clients measure their clock against this one.
    if let Ok(time) = jiff::Timestamp::from_second(wall) {
        builder = builder.header("date", time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
    }
    builder.body(Body::from(reply.body)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::omni::{ServerVersion, Store};

    const WALL: i64 = 1_795_212_083;

    #[tokio::test]
    async fn over_a_socket() {
        let server = OmniServer::new(Arc::new(Store::new()), Vec::new(), ServerVersion::V1_9_3, WALL);
        let app = router(Arc::new(server), Arc::new(|| (WALL, WALL)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move { axum::serve(listener, app).await });
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let get = |path: &str| client.get(format!("{origin}{path}")).send();
        assert_eq!(get("/healthz").await.unwrap().status(), 200);
        let page = get("/anything").await.unwrap();
        assert_eq!(page.headers()["content-type"], "text/html; charset=utf-8");
        let path = "/api/omni.resources.ResourceService/Get";
        assert_eq!(get(path).await.unwrap().status(), 501);
        let post = |body: &str| {
            let request = client.post(format!("{origin}{path}")).header("grpc-metadata-runtime", "Omni");
            request.body(body.to_owned()).send()
        };
        let refused =
            post(r#"{"namespace":"default","type":"Clusters.omni.sidero.dev","id":"a"}"#).await.unwrap();
        assert_eq!(refused.status(), 401);
        assert_eq!(refused.headers()["www-authenticate"], "invalid signature");
        assert_eq!(refused.headers()["date"], "Fri, 20 Nov 2026 22:01:23 GMT");
        let open = r#"{"namespace":"default","type":"AuthConfigs.omni.sidero.dev","id":"auth-config"}"#;
        assert_eq!(post(open).await.unwrap().status(), 200);
        serving.abort();
    }
}
