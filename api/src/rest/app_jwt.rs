//! Tokens in the headers of REST requests: of an application's own JWT filter, and of the server's.

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};
use sluice_contract::ApplicationSettings;

use super::answer::{Failure, Rest};
use crate::Api;
use crate::jwt::Trust;

pub const INVALID_APP_JWT: &str = "Invalid App JWT Token";
pub const INVALID_SERVER_JWT: &str = "Invalid Server JWT Token";

/// Lets nobody pass but who brings the application's token in `Authorization`, with or without the word `Bearer`.
pub async fn require(api: &Api, settings: &ApplicationSettings, headers: &HeaderMap) -> Rest<()> {
    let refused = Failure::Forbidden(INVALID_APP_JWT);
    let Some(token) = presented(headers) else { return Err(refused) };
    let trust = Trust { secret: &settings.jwt_secret_key, jwks_url: &settings.jwks_url };
    api.verify_jwt(trust, token).await.map_err(|_| refused)
}

/// Whether the request brings the server's token in `ProxyAuthorization`. A wrong one is refused, whoever else the
/// caller may be; where such tokens are not switched on, the header means nothing.
pub async fn has_server_token(api: &Api, headers: &HeaderMap) -> Rest<bool> {
    const PROXY_AUTHORIZATION: HeaderName = HeaderName::from_static("proxyauthorization");
    let settings = api.server_settings();
    let Some(value) = headers.get(PROXY_AUTHORIZATION).filter(|_| settings.jwt_server_control_enabled) else {
        return Ok(false);
    };
    let refused = || Failure::Forbidden(INVALID_SERVER_JWT);
    let token = value.to_str().map_err(|_| refused())?.trim();
    let trust = Trust { secret: &settings.jwt_server_secret_key, jwks_url: &settings.jwks_url };
    api.verify_jwt(trust, token).await.map_err(|_| refused())?;
    Ok(true)
}

fn presented(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim()),
        Some(_) => None,
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_token_comes_bare_or_with_its_scheme() {
        for (value, token) in [
            ("a.b.c", Some("a.b.c")),
            ("Bearer a.b.c", Some("a.b.c")),
            ("bearer  a.b.c", Some("a.b.c")),
            ("Basic a.b.c", None),
        ] {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
            assert_eq!(presented(&headers), token, "{value}");
        }
        assert_eq!(presented(&HeaderMap::new()), None);
    }
}
