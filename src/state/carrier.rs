//! `object_store` makes and signs the requests; they go out through our own network, with its rules: one origin, its own
//! trust, no redirect, no proxy, no repetition, whole replies of bounded size. What came back is kept word for word, because
//! what a reply proves is decided here and not by a library's kinds of errors.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};

use crate::secret::Secret;
use crate::world::{Deadline, HeaderValue, Method, Net, NetError, NetReply, NetRequest};

/// Most bytes of an object: a record of ten thousand machines has 20 MB.
pub(super) const LARGEST: usize = 64 << 20;

/// Where the answer to one request is put down.
#[derive(Clone, Default)]
pub(super) struct Answer(Arc<Mutex<Option<Result<NetReply, NetError>>>>);

impl Answer {
    /// What came back; `None` when nothing was sent at all.
    pub(super) fn take(&self) -> Option<Result<NetReply, NetError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
    fn put(&self, answer: Result<NetReply, NetError>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
    }
}

/// Carries the requests of one store.
#[derive(Clone)]
pub(super) struct Carrier {
    pub(super) net: Arc<dyn Net>,
    /// The only origin that is talked to.
    pub(super) origin: String,
    /// For one request.
    pub(super) total: Duration,
}

impl std::fmt::Debug for Carrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Carrier")
    }
}

impl HttpConnector for Carrier {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

/// Tells `object_store` that there is no answer; the reason stands in [`Answer`].
#[derive(Debug, thiserror::Error)]
#[error("no answer")]
struct NoAnswer;

impl Carrier {
    async fn carry(&self, request: HttpRequest) -> Result<NetReply, NetError> {
        let (head, body) = request.into_parts();
        let unsent = |what: &str| NetError::NotSent(format!("the request has {what}"));
        let method = match head.method.as_str() {
            "GET" => Method::Get,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "POST" => Method::Post,
            _ => return Err(unsent("a method that is not used here")),
        };
        let target = head.uri.path_and_query().map_or("/", |t| t.as_str()).to_owned();
        let mut headers = Vec::new();
        for (name, value) in &head.headers {
            // Both follow from the request itself.
            if matches!(name.as_str(), "host" | "content-length") {
                continue;
            }
            let value = value.to_str().map_err(|_| unsent("a header that is not text"))?.to_owned();
            let secret = matches!(name.as_str(), "authorization" | "x-amz-security-token");
            let value =
                if secret { HeaderValue::Secret(Secret::new(value)) } else { HeaderValue::Plain(value) };
            headers.push((name.as_str().to_owned(), value));
        }
        let body =
            body.collect().await.map_err(|_| unsent("a body that cannot be read"))?.to_bytes().to_vec();
        let connect = self.total / 2;
        self.net
            .send(NetRequest {
                method,
                origin: self.origin.clone(),
                target,
                headers,
                body,
                deadline: Deadline { connect, total: self.total },
                limit: LARGEST,
            })
            .await
    }
}

impl HttpService for Carrier {
    fn call<'life, 'out>(
        &'life self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'out>>
    where
        'life: 'out,
        Self: 'out,
    {
        Box::pin(async move {
            let answer = request.extensions().get::<Answer>().cloned().unwrap_or_default();
            let reply = self.carry(request).await;
            answer.put(reply.clone());
            let failed = || HttpError::new(HttpErrorKind::Unknown, NoAnswer);
            let reply = reply.map_err(|_| failed())?;
            let mut response = http::Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(name.as_str(), value.as_str());
            }
            response.body(reply.body.into()).map_err(|_| failed())
        })
    }
}
