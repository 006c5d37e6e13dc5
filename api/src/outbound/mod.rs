//! Every HTTP request that the API makes: webhooks and key sets.
//!
//! One client with one set of rules: `http` and `https` only, certificates checked against the public roots, no
//! redirect, no proxy, no address that [`guard`] does not permit, an end to every wait and to every body.

mod guard;
mod resolver;

use std::error::Error;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use ipnet::IpNet;
use reqwest::{Client, RequestBuilder, Response, Url};
use rustls::{ClientConfig, RootCertStore};

use guard::Guard;
use resolver::GuardedResolver;

/// Why a request brought no answer. One variant per remedy; none shows more of an address than its host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    #[error("it is no http:// or https:// address, or holds a user name or password")]
    Address,
    #[error(
        "{target} is an internal address: name its network in outbound_allowed_cidr (SLUICE_OUTBOUND_ALLOWED_CIDR) to allow it"
    )]
    Internal { target: String },
    #[error("no answer in time")]
    TimedOut,
    #[error("{host} cannot be reached: {cause}")]
    Unreachable { host: String, cause: String },
    #[error("the answer has status {0}")]
    Status(u16),
    #[error("the answer is longer than {LONGEST_BODY_BYTES} bytes")]
    TooLong,
}

/// The client could not be made: the TLS library has no usable protocol.
#[derive(Debug, thiserror::Error)]
#[error("the client for outgoing requests cannot be made: {0}")]
pub struct NoClient(String);

/// The one client. Clones share its connections.
#[derive(Clone)]
pub struct Outbound {
    client: Client,
    guard: Arc<Guard>,
}

/// Something to send.
pub struct Post<'a> {
    pub address: &'a str,
    pub content_type: HeaderValue,
    /// Beside the content type.
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// From the look-up of the name to the status of the answer.
    pub within: Duration,
}

impl Outbound {
    /// `allowed`: networks that may be called although they are not public.
    ///
    /// # Errors
    /// [`NoClient`], which no setting causes.
    pub fn new(allowed: Vec<IpNet>) -> Result<Self, NoClient> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| NoClient(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let guard = Arc::new(Guard::new(allowed));
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(GuardedResolver(Arc::clone(&guard)))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .referer(false)
            .user_agent(concat!("Sluice/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT_WITHIN)
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .build()
            .map_err(|error| NoClient(error.without_url().to_string()))?;
        Ok(Self { client, guard })
    }

    /// Sends a request and returns the status of the answer, whatever it is. The body of the answer is not read.
    ///
    /// # Errors
    /// [`OutboundError`] when there is no answer.
    pub async fn post(&self, post: Post<'_>) -> Result<u16, OutboundError> {
        let url = self.permitted(post.address)?;
        let request = self
            .client
            .post(url.clone())
            .headers(post.headers)
            .header(header::CONTENT_TYPE, post.content_type)
            .body(post.body);
        Ok(send(request, &url, post.within).await?.status().as_u16())
    }

    /// Reads what lies at an address.
    ///
    /// # Errors
    /// [`OutboundError`], also for every status but 200 and for a body of more than 64 KiB.
    pub async fn fetch(&self, address: &str, within: Duration) -> Result<Vec<u8>, OutboundError> {
        let url = self.permitted(address)?;
        let mut response = send(self.client.get(url.clone()), &url, within).await?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(OutboundError::Status(status));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| explained(error, &url))? {
            if body.len() + part.len() > LONGEST_BODY_BYTES {
                return Err(OutboundError::TooLong);
            }
            body.extend_from_slice(&part);
        }
        Ok(body)
    }

    /// Names are checked where they are resolved; an address that stands in the URL itself is never resolved.
    fn permitted(&self, address: &str) -> Result<Url, OutboundError> {
        let url = parse_address(address)?;
        let host = url.host_str().unwrap_or_default();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        match bare.parse::<IpAddr>() {
            Ok(literal) if !self.guard.permits(literal) => Err(OutboundError::Internal { target: literal.to_string() }),
            _ => Ok(url),
        }
    }
}

/// Reads an address that may be called, as far as its text can tell.
///
/// # Errors
/// [`OutboundError::Address`].
pub fn parse_address(text: &str) -> Result<Url, OutboundError> {
    let text = text.trim();
    let url = Url::parse(text).ok().filter(|_| text.len() <= LONGEST_ADDRESS_BYTES).ok_or(OutboundError::Address)?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| !host.is_empty());
    if is_web && url.username().is_empty() && url.password().is_none() { Ok(url) } else { Err(OutboundError::Address) }
}

/// Scheme, host and port of an address: what may be shown of it. Paths and queries of webhooks often hold a secret.
pub fn origin_of(address: &str) -> Option<String> {
    parse_address(address).ok().map(|url| url.origin().ascii_serialization())
}

async fn send(request: RequestBuilder, url: &Url, within: Duration) -> Result<Response, OutboundError> {
    request.timeout(within).send().await.map_err(|error| explained(error, url))
}

/// What went wrong, from the innermost cause.
fn explained(error: reqwest::Error, url: &Url) -> OutboundError {
    let timed_out = error.is_timeout();
    let mut innermost: &(dyn Error + 'static) = &error;
    while let Some(cause) = innermost.source() {
        if let Some(ours) = cause.downcast_ref::<OutboundError>() {
            return ours.clone();
        }
        innermost = cause;
    }
    if timed_out {
        return OutboundError::TimedOut;
    }
    // The outermost error would print the whole address.
    let cause = if innermost.is::<reqwest::Error>() { "the request failed".to_owned() } else { innermost.to_string() };
    OutboundError::Unreachable { host: url.host_str().unwrap_or_default().to_owned(), cause }
}

/// A key set is a few kilobytes.
const LONGEST_BODY_BYTES: usize = 64 * 1024;
/// What browsers and servers agree on.
const LONGEST_ADDRESS_BYTES: usize = 2_048;
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Shorter than servers usually keep an idle connection, so that it is seldom closed under a request.
const IDLE: Duration = Duration::from_secs(4);
const IDLE_PER_HOST: usize = 8;

#[cfg(test)]
mod tests;
