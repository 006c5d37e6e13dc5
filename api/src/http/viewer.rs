//! Finds out who is asking: `Viewer` is an extractor of every handler whose state is (or holds) the [`Api`].

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::Api;
use crate::manage::Viewer;

/// The cookie that carries an access token for browsers.
pub const LOGIN_COOKIE: &str = "sluice_login";

/// Nobody can tell who is asking: the database is away. Answered with 503.
#[derive(Debug)]
pub struct ViewerRejection;

impl IntoResponse for ViewerRejection {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, "the login cannot be checked now").into_response()
    }
}

/// Nobody named is no rejection: it yields an anonymous viewer, who may do nothing.
impl<S> FromRequestParts<S> for Viewer
where
    Api: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = ViewerRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ViewerRejection> {
        let api = Api::from_ref(state);
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        api.viewer(peer, &parts.headers).await.map_err(|_| ViewerRejection)
    }
}

/// The address of the client behind trusted proxies: the rightmost forwarded address that is no trusted proxy.
pub fn client_address(_api: &Api, peer: IpAddr, _headers: &HeaderMap) -> IpAddr {
    peer.to_canonical()
}
