//! Who may call: an application's REST (`stream-security` §14.1, §14.2) and management (§14.3).
//!
//! Somebody recognised (a login, an API key, this machine itself) stands on that. Everybody else must pass the
//! application's own filters: its networks, its JWT, or both when both are on.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName};
use serde::Deserialize;
use sluice_contract::policy::cidr::CidrList;
use sluice_contract::{ApplicationName, ApplicationSettings};

use super::answer::{Failure, NOT_ALLOWED_IP, NOT_ALLOWED_ROLE, NOT_AUTHENTICATED, Rest, UNKNOWN_APPLICATION};
use super::app_jwt;
use crate::Api;
use crate::http::cors::is_foreign_origin;
use crate::http::is_forwarded;
use crate::manage::{Application, Identity, Viewer};

/// The application of the path, in the right of whoever calls. A handler with this argument answers nobody else.
pub struct InApplication(pub Application);

impl FromRequestParts<Api> for InApplication {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        let Ok(Path(ApplicationPath { app })) = Path::from_request_parts(parts, api).await else {
            return Err(Failure::NotFound(UNKNOWN_APPLICATION));
        };
        enter(api, &app, peer_of(parts), &parts.headers).await.map(Self)
    }
}

/// Somebody who may manage something. What exactly, the managing functions check.
pub struct Manager(pub Viewer);

impl FromRequestParts<Api> for Manager {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        let Visitor(viewer) = Visitor::from_request_parts(parts, api).await?;
        if viewer.is_anonymous() {
            return Err(Failure::Forbidden(NOT_AUTHENTICATED));
        }
        Ok(Self(viewer))
    }
}

/// Somebody with a role over the server itself.
pub struct SystemManager(pub Viewer);

impl FromRequestParts<Api> for SystemManager {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        let Manager(viewer) = Manager::from_request_parts(parts, api).await?;
        if viewer.system_role().is_none() {
            return Err(Failure::Forbidden(NOT_ALLOWED_ROLE));
        }
        Ok(Self(viewer))
    }
}

/// Anybody from a network that may manage at all, logged in or not.
pub struct Visitor(pub Viewer);

impl FromRequestParts<Api> for Visitor {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        let viewer = api.viewer(peer_of(parts), &parts.headers).await?;
        if !api.server_settings().may_manage_from(viewer.address()) {
            return Err(Failure::Forbidden(NOT_ALLOWED_IP));
        }
        if app_jwt::has_server_token(api, &parts.headers).await? {
            return Ok(Self(Viewer::of_server_token(viewer.address())));
        }
        Ok(Self(viewer))
    }
}

#[derive(Deserialize)]
struct ApplicationPath {
    app: String,
}

/// The transport's peer; `None` when the transport does not say.
fn peer_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

async fn enter(api: &Api, name: &str, peer: Option<IpAddr>, headers: &HeaderMap) -> Rest<Application> {
    let unknown = Failure::NotFound(UNKNOWN_APPLICATION);
    let Ok(application) = name.parse::<ApplicationName>() else { return Err(unknown) };
    let Some(settings) = api.settings_of(name).await? else { return Err(unknown) };
    let viewer = api.viewer(peer, headers).await?;
    let viewer = match viewer.identity() {
        Identity::Administrator { .. } | Identity::ApiKey { .. } if !viewer.may_read(&application) => {
            return Err(Failure::Forbidden(NOT_ALLOWED_ROLE));
        }
        Identity::Administrator { .. } | Identity::ApiKey { .. } => viewer,
        Identity::Local => {
            if settings.jwt_control_enabled {
                app_jwt::require(api, &settings, headers).await?;
            }
            viewer
        }
        Identity::Anonymous | Identity::ApplicationFilter => {
            let origin = Origin {
                address: viewer.address(),
                forwarded_by_stranger: is_forwarded(headers) && !peer.is_some_and(|peer| api.is_trusted_proxy(peer)),
                foreign_page: is_foreign_page(headers),
            };
            pass_filters(api, &settings, &origin, headers).await?;
            Viewer::admitted_to(application, viewer.address())
        }
    };
    api.application(&viewer, name).await.map_err(|error| Failure::from(error).or_not_found(UNKNOWN_APPLICATION))
}

/// Where an unrecognised request came from, as far as that can be believed.
struct Origin {
    address: IpAddr,
    /// A proxy that is not trusted stands between: `address` is the proxy's, not the client's.
    forwarded_by_stranger: bool,
    /// A web page of another origin made a browser send it.
    foreign_page: bool,
}

/// Network and JWT must both agree where both are on.
async fn pass_filters(api: &Api, settings: &ApplicationSettings, origin: &Origin, headers: &HeaderMap) -> Rest<()> {
    let network = if settings.ip_filter_enabled {
        Network::of(&settings.remote_allowed_cidr, origin.address)
    } else {
        Network::Everybody
    };
    let address_counts = match network {
        Network::Other => false,
        Network::Listed => !origin.forwarded_by_stranger,
        Network::Everybody => true,
    };
    if !address_counts {
        return Err(Failure::Forbidden(NOT_ALLOWED_IP));
    }
    if settings.jwt_control_enabled {
        return app_jwt::require(api, settings, headers).await;
    }
    // The address is all there is. It must not lend itself to a page that somebody inside opened; and a request from
    // this machine that was not recognised as its own (see `Api::viewer`) is somebody else's.
    let borrowed = origin.foreign_page || origin.address.to_canonical().is_loopback();
    if network == Network::Listed && borrowed {
        return Err(Failure::Forbidden(NOT_ALLOWED_IP));
    }
    Ok(())
}

/// How `remoteAllowedCIDR` stands to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Network {
    /// Not in the list.
    Other,
    /// In a network of the list.
    Listed,
    /// The list has the whole internet in it: the address says nothing about who asks.
    Everybody,
}

impl Network {
    fn of(list: &str, address: IpAddr) -> Self {
        let list = CidrList::parse(list);
        if list.allows_everybody() {
            Self::Everybody
        } else if list.allows(address) {
            Self::Listed
        } else {
            Self::Other
        }
    }
}

/// A browser tells that a page of another origin is behind a request: by `Origin`, or, where it sends none (a plain
/// GET), by fetch metadata.
fn is_foreign_page(headers: &HeaderMap) -> bool {
    const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    let site = headers.get(FETCH_SITE).map(|value| value.as_bytes());
    is_foreign_origin(headers) || matches!(site, Some(b"cross-site" | b"same-site"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_networks_is_read_as_documented() {
        for (list, address, expected) in [
            ("127.0.0.1", "127.0.0.1", Network::Listed),
            ("127.0.0.1", "10.0.0.1", Network::Other),
            ("10.20.30.40/24, 127.0.0.1/32", "10.20.30.77", Network::Listed),
            ("10.20.30.40/24,127.0.0.1/32", "10.20.31.1", Network::Other),
            ("", "127.0.0.1", Network::Other),
            ("nonsense,10.0.0.0/33", "10.0.0.1", Network::Other),
            ("0.0.0.0/0", "203.0.113.9", Network::Everybody),
            ("0.0.0.0/0", "2001:db8::1", Network::Everybody),
            ("10.0.0.0/8", "::ffff:10.1.2.3", Network::Listed),
            ("2001:db8::/32", "2001:db8::1", Network::Listed),
        ] {
            assert_eq!(Network::of(list, address.parse().expect("an address")), expected, "{list} {address}");
        }
    }
}
