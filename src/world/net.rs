//! Requests and replies. One call, one outcome; no retries, no redirects, no proxies here.

use std::time::Duration;

use super::BoxFuture;
use crate::secret::Secret;

/// Request method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// DELETE
    Delete,
}

/// Value of a header.
#[derive(Clone, Debug)]
pub enum HeaderValue {
    /// May be traced.
    Plain(String),
    /// A credential.
    Secret(Secret<String>),
}

/// Name and value.
pub type Header = (String, HeaderValue);

/// Time allowed for a call.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    /// To be connected.
    pub connect: Duration,
    /// For everything.
    pub total: Duration,
}

/// A request.
#[derive(Clone, Debug)]
pub struct NetRequest {
    /// Method.
    pub method: Method,
    /// `scheme://host[:port]`; trust (pin, CA file, system roots) is bound to it where the `Net` is made.
    pub origin: String,
    /// Path and query, already encoded, starting with `/`.
    pub target: String,
    /// Headers.
    pub headers: Vec<Header>,
    /// Body; empty means none.
    pub body: Vec<u8>,
    /// Time allowed.
    pub deadline: Deadline,
    /// Most bytes accepted in the reply.
    pub limit: usize,
}

/// A whole reply.
#[derive(Clone, Debug, Default)]
pub struct NetReply {
    /// Status code; any three digits (Proxmox uses 595–599).
    pub status: u16,
    /// Reason phrase, which carries meaning on Proxmox; absent over HTTP/2.
    pub reason: Option<String>,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl NetReply {
    /// First value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A call without a usable reply. The kinds matter: after `NotSent` the server has done nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Nothing of the request left us: name not found, connection refused or timed out, TLS refused.
    #[error("{0}")]
    NotSent(String),
    /// The request, or part of it, was sent; what became of it is unknown.
    #[error("{0}")]
    Unknown(String),
    /// The request was sent, and a reply came that no limit allows: too long, or compressed unasked. What became of the request is
    /// unknown, and asking again would bring the same.
    #[error("{0}")]
    Unfit(String),
    /// The server's certificate is not the one trusted; nothing was sent.
    #[error("certificate not trusted: {why}")]
    Untrusted {
        /// Why.
        why: String,
        /// SHA-256 of the leaf certificate that was presented, upper-case hex with colons.
        fingerprint: Option<String>,
    },
}

/// The network.
pub trait Net: Send + Sync {
    /// Sends one request and reads the whole reply.
    fn send(&self, request: NetRequest) -> BoxFuture<'_, Result<NetReply, NetError>>;
}
