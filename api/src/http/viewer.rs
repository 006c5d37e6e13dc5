//! Finds out who is asking: `Viewer` is an extractor of every handler whose state is (or holds) the [`Api`].
//!
//! An access token or an API key comes as `Authorization: Bearer`, or an access token in the cookie [`LOGIN_COOKIE`],
//! which counts only for requests that a page of our own made. Whoever asks from this machine itself, through no proxy
//! and from no foreign page, is its administrator (`decisions`), unless that is switched off. From networks outside
//! `allowedDashboardCIDR` nobody is recognised.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use axum::http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use tracing::error;

use super::transport::is_forwarded;
use crate::Api;
use crate::manage::{Grant, Identity, Outcome, Role, Scope, Viewer, read_grants};
use crate::secrets::token_hash;
use crate::store::administrators;

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
        api.viewer(peer, &parts.headers).await.map_err(|error| {
            error!(%error, "a login could not be checked");
            ViewerRejection
        })
    }
}

impl Api {
    /// Recognises the caller from headers and peer address. `peer` is `None` when the transport does not say.
    ///
    /// # Errors
    /// Only when the database is away; nobody recognised is an anonymous viewer.
    pub async fn viewer(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Outcome<Viewer> {
        // Without an address nobody is local, and nobody is within a network.
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.to_canonical());
        let address = client_address(self, peer, headers);
        // Who may manage from where is a setting too, and another API may have changed it.
        self.current_directory().await?;
        if !self.server_settings().may_manage_from(address) {
            return Ok(Viewer::anonymous(address));
        }
        if let Some(token) = bearer(headers)
            && let Some(viewer) = self.viewer_of_token(token, address).await?
        {
            return Ok(viewer);
        }
        if is_own_page(headers)
            && let Some(token) = cookie(headers, LOGIN_COOKIE)
            && let Some(viewer) = self.viewer_of_token(token, address).await?
        {
            return Ok(viewer);
        }
        if self.config().local_management && self.is_local(peer, address, headers) {
            let grant = Grant { scope: Scope::System, role: Role::Admin };
            return Ok(Viewer::new(Identity::Local, vec![grant], address));
        }
        Ok(Viewer::anonymous(address))
    }

    async fn viewer_of_token(&self, token: &str, address: IpAddr) -> Outcome<Option<Viewer>> {
        let db = self.store().reader();
        let Some(row) = administrators::find_token(db, token_hash(token), self.now().as_millis()).await? else {
            return Ok(None);
        };
        let Some(id) = row.administrator_id else {
            let identity = Identity::ApiKey { id: row.id, name: row.name };
            return Ok(Some(Viewer::new(identity, read_grants(row.grants)?, address)));
        };
        let Some(administrator) = administrators::find_by_id(db, id).await? else { return Ok(None) };
        let identity = Identity::Administrator { id, email: administrator.email, access_token: row.id };
        Ok(Some(Viewer::new(identity, read_grants(administrator.grants)?, address)))
    }

    fn is_local(&self, peer: IpAddr, address: IpAddr, headers: &HeaderMap) -> bool {
        // Whatever a proxy passes on is somebody else's, also when the proxy itself is on this machine.
        peer.is_loopback()
            && address.is_loopback()
            && !is_forwarded(headers)
            && is_own_page(headers)
            && names_this_machine(headers)
    }
}

/// The address of the client behind trusted proxies: the rightmost forwarded address that is no trusted proxy.
pub fn client_address(api: &Api, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let mut address = peer.to_canonical();
    let forwarded: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .collect();
    for hop in forwarded.into_iter().rev() {
        if !api.is_trusted_proxy(address) {
            break;
        }
        // What a trusted proxy did not write as an address ends the chain.
        let Ok(hop) = hop.trim().parse::<IpAddr>() else { break };
        address = hop.to_canonical();
    }
    address
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && is_token(token)).then_some(token)
}

fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, value)| *key == name && is_token(value)).map(|(_, value)| value)
}

/// Our tokens are 43 characters; nothing longer is worth hashing.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128
}

/// No browser says that a page of another site made this request.
fn is_own_page(headers: &HeaderMap) -> bool {
    if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site") {
        return false;
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, authority)| authority);
    origin.is_some() && origin == host
}

/// The request was addressed to this machine by a name that no other page can take over: an address, or `localhost`.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST) else { return true };
    let Ok(host) = host.to_str() else { return false };
    if host.parse::<SocketAddr>().is_ok() || host.parse::<IpAddr>().is_ok() {
        return true;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<Ipv4Addr>().is_ok()
        || (name.starts_with('[') && name.ends_with(']'))
}
