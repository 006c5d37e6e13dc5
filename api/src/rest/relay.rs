//! The panel's way to the applications (`rest-v2` §10.7): `/rest/v2/request?_path={App}/rest/v2/…` passes the call on,
//! with the method, the body and the login of whoever sent it.
//!
//! It lends nobody a right. Nobody who is not recognised is passed on at all; the application's own door then looks at
//! the same login again, and the managing functions at its role there.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Extension, Request};
use axum::http::{Method, Uri};
use axum::response::Response;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use sluice_contract::ApplicationName;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::Manager;
use super::answer::{Answer, Failure, NOT_ALLOWED_ROLE, Rest};
use super::extract::Parameters;
use crate::Api;
use crate::manage::Role;

pub fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(relay))
}

/// Where calls are passed on to: the routes themselves, behind CORS.
#[derive(Clone)]
pub struct Relay(pub Router);

/// Relay a call to an application
///
/// With the caller's own login and role; `READ_ONLY` may only read. Other parameters are passed on.
#[utoipa::path(
    method(get, post, put, delete), path = "/request", tag = "relay",
    params(("_path" = String, Query, description = "`{App}/rest/v2/…`", example = "LiveApp/rest/v2/version")),
    responses(
        (status = "default", description = "What the application answers"),
        (status = 400, description = "`_path` leads nowhere that calls are passed on to", body = Answer),
    ),
)]
async fn relay(
    Manager(viewer): Manager,
    Extension(Relay(routes)): Extension<Relay>,
    request: Request,
) -> Rest<Response> {
    let lost = || Failure::BadRequest("_path must be {App}/rest/… of an application".to_owned());
    let (application, target) = target(request.uri()).ok_or_else(lost)?;
    let role = viewer.role_in(&application).ok_or(Failure::Forbidden(NOT_ALLOWED_ROLE))?;
    if role < Role::Operator && !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Err(Failure::Forbidden(NOT_ALLOWED_ROLE));
    }
    let (parts, body) = request.into_parts();
    // Of the marks on the request only the transport's go on: the routes make their own.
    let mut onward = Request::new(body);
    *onward.method_mut() = parts.method;
    *onward.uri_mut() = target;
    *onward.headers_mut() = parts.headers;
    if let Some(peer) = parts.extensions.get::<ConnectInfo<SocketAddr>>() {
        onward.extensions_mut().insert(*peer);
    }
    match routes.oneshot(onward).await {
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// The one spelling of an address that relays: clients also send it below the name of any application. `None` for
/// other addresses.
pub fn canonical(uri: &Uri) -> Option<Uri> {
    let (_, rest) = uri.path().trim_start_matches('/').split_once('/')?;
    if rest != "rest/v2/request" {
        return None;
    }
    format!("/{rest}?{}", uri.query().unwrap_or_default()).parse().ok()
}

/// Where a call is to go: an address in the REST of one application, and nowhere else.
fn target(uri: &Uri) -> Option<(ApplicationName, Uri)> {
    let query = uri.query().unwrap_or_default();
    let parameters = Parameters::of(Some(query));
    let named = parameters.filled("_path")?.trim_start_matches('/');
    let (path, own_query) = named.split_once('?').unwrap_or((named, ""));
    let mut segments = path.trim_end_matches('/').split('/');
    let application: ApplicationName = segments.next()?.parse().ok()?;
    if segments.next() != Some("rest") || path.contains('\\') {
        return None;
    }
    for segment in segments {
        let decoded = percent_decode_str(segment).decode_utf8().ok()?;
        if decoded.is_empty() || decoded.split(['/', '\\']).any(|part| part == "." || part == "..") {
            return None;
        }
    }
    let others = query.split('&').filter(|pair| !pair.is_empty() && pair.split('=').next() != Some("_path"));
    let query: Vec<&str> = others.chain(Some(own_query).filter(|query| !query.is_empty())).collect();
    let path = utf8_percent_encode(path, NOT_IN_PATHS).to_string();
    let query = utf8_percent_encode(&query.join("&"), NOT_IN_PATHS).to_string();
    Some((application, format!("/{path}?{query}").parse().ok()?))
}

/// Characters that the decoded `_path` may hold and an address may not (RFC 3986 §3.3); what is still encoded stays so.
const NOT_IN_PATHS: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

#[cfg(test)]
mod tests {
    use super::*;

    fn to(query: &str) -> Option<String> {
        let uri = format!("/rest/v2/request?{query}").parse().expect("an address");
        target(&uri).map(|(_, target)| target.to_string())
    }

    #[test]
    fn calls_go_to_the_rest_of_an_application() {
        for (query, expected) in [
            ("_path=LiveApp/rest/v2/version", "/LiveApp/rest/v2/version?"),
            ("_path=/LiveApp/rest/v2/version", "/LiveApp/rest/v2/version?"),
            ("_path=LiveApp%2Frest%2Fv2%2Fbroadcasts%2Flist%2F0%2F5", "/LiveApp/rest/v2/broadcasts/list/0/5?"),
            ("search=a%20b&_path=LiveApp/rest/v2/x&type=play", "/LiveApp/rest/v2/x?search=a%20b&type=play"),
            ("_path=LiveApp/rest/v2/x%3Ftype%3Dplay", "/LiveApp/rest/v2/x?type=play"),
            ("_path=LiveApp/rest/v2/s/user%40x.org", "/LiveApp/rest/v2/s/user@x.org?"),
            ("_path=LiveApp/rest/v2/s/a%252Fb", "/LiveApp/rest/v2/s/a%2Fb?"),
            ("_path=LiveApp/rest/v2/s/a%20b%C3%BC", "/LiveApp/rest/v2/s/a%20b%C3%BC?"),
            ("_path=LiveApp/rest/v2/s/a..b", "/LiveApp/rest/v2/s/a..b?"),
        ] {
            assert_eq!(to(query).as_deref(), Some(expected), "{query}");
        }
    }

    #[test]
    fn calls_go_nowhere_else() {
        for query in [
            "",
            "_path=",
            "_path=LiveApp",
            "_path=rest/v2/users",
            "_path=/rest/v2/users",
            "_path=LiveApp/streams/x.m3u8",
            "_path=LiveApp/rest/../../rest/v2/users",
            "_path=LiveApp/rest/%2e%2e/%2e%2e/rest/v2/users",
            "_path=LiveApp/rest/%252e%252e/x",
            "_path=LiveApp/rest/v2/a%252F..%252Fb",
            "_path=LiveApp/rest/v2//x",
            "_path=LiveApp%5Crest/v2/x",
            "_path=http://evil.example/rest/v2/x",
            "_path=//evil.example/rest/v2/x",
            "_path=LiveApp@evil.example/rest/v2/x",
        ] {
            assert_eq!(to(query), None, "{query}");
        }
    }

    #[test]
    fn the_name_of_an_application_before_it_changes_nothing() {
        let canonical = |text: &str| canonical(&text.parse().expect("an address")).map(|uri| uri.to_string());
        assert_eq!(canonical("/LiveApp/rest/v2/request?_path=x").as_deref(), Some("/rest/v2/request?_path=x"));
        assert_eq!(canonical("/rest/v2/request?_path=x"), None);
        assert_eq!(canonical("/LiveApp/rest/v2/broadcasts/request"), None);
    }
}
