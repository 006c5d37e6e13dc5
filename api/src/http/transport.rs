//! How a request reached us: through which proxies, and encrypted or not.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::STRICT_TRANSPORT_SECURITY;
use axum::http::{Extensions, HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::Api;

/// Put into the extensions of every request that came over TLS by the listener that ended it.
#[derive(Debug, Clone, Copy)]
pub struct OverTls;

impl Api {
    /// Whether what `peer` says about the client it speaks for is believed: a proxy on this machine, or a configured
    /// one. Anybody else could write any address into its headers.
    pub(crate) fn is_trusted_proxy(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        peer.is_loopback() || self.config().trusted_proxies.iter().any(|network| network.contains(&peer))
    }

    /// Whether the client's own connection is encrypted: ours is, or a trusted proxy says that the client's is.
    pub(crate) fn is_https(&self, extensions: &Extensions, headers: &HeaderMap) -> bool {
        let told = headers.get_all("x-forwarded-proto").iter().next_back();
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        extensions.get::<OverTls>().is_some()
            || told.is_some_and(|scheme| scheme == "https") && peer.is_some_and(|peer| self.is_trusted_proxy(peer))
    }
}

/// A proxy passed the request on for somebody else.
pub(crate) fn is_forwarded(headers: &HeaderMap) -> bool {
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"]
        .iter()
        .any(|name| headers.contains_key(*name))
}

/// Tells browsers that came over TLS to management or its pages to stay with TLS (RFC 6797). Over plain HTTP they would
/// not believe it, and the applications' own paths are left to those who link to them.
pub async fn strict_transport(State(api): State<Api>, request: Request, next: Next) -> Response {
    let first = request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default();
    let applies = matches!(first, "" | "admin" | "rest") && api.is_https(request.extensions(), request.headers());
    let mut response = next.run(request).await;
    if applies {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
