//! Who may read our answers from a page of another origin (`stream-security` §15): REST, management and GraphQL.
//!
//! Credentials of the browser's own (cookies) are never granted here. Only a request that carries its credential in an
//! `Authorization` header, or a preflight that asks to, sees its origin echoed: the header itself is the credential.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
    ALLOW, AUTHORIZATION, CONTENT_TYPE, HOST, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use sluice_contract::message::CorsSettings;

use crate::Api;

/// Which headers a page may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CorsScope {
    /// `/{app}/…`
    Application,
    /// The server's own paths: management and GraphQL.
    Root,
}

/// What CORS says about one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorsVerdict {
    /// No page of another origin is involved: answer as usual.
    NotAsked,
    /// Answer as usual, with these permissions.
    Granted(CorsGrant),
    /// A preflight: answer it with these permissions and nothing else.
    Preflight(CorsGrant),
    /// 403 with an empty text.
    Refused,
}

/// Permissions of one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorsGrant {
    /// `Access-Control-Allow-Origin`.
    pub origin: HeaderValue,
    pub credentials: bool,
    /// The answer depends on the origin: caches must know.
    pub vary: bool,
}

/// Judges a request by its method and headers alone.
pub fn judge(settings: &CorsSettings, scope: CorsScope, method: &Method, headers: &HeaderMap) -> CorsVerdict {
    let Some(origin) = headers.get(ORIGIN) else { return CorsVerdict::NotAsked };
    let preflight = *method == Method::OPTIONS && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    // A page always calls its own origin, whatever list is configured.
    if !preflight && !is_foreign_origin(headers) {
        return CorsVerdict::NotAsked;
    }
    if preflight && !preflight_is_allowed(scope, headers) {
        return CorsVerdict::Refused;
    }
    let any = settings.allowed_origins.iter().any(|allowed| allowed == "*");
    let listed = settings.allowed_origins.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes());
    let grant = if any && is_web_origin(origin) && carries_authorization(preflight, headers) {
        CorsGrant { origin: origin.clone(), credentials: true, vary: true }
    } else if any {
        CorsGrant { origin: HeaderValue::from_static("*"), credentials: false, vary: false }
    } else if listed && is_web_origin(origin) {
        let credentials = settings.allow_credentials && carries_authorization(preflight, headers);
        CorsGrant { origin: origin.clone(), credentials, vary: true }
    } else {
        return CorsVerdict::Refused;
    };
    if preflight { CorsVerdict::Preflight(grant) } else { CorsVerdict::Granted(grant) }
}

/// Whether a page of another origin sent the request. `Origin: null` (a sandboxed page, a file) is always foreign.
pub fn is_foreign_origin(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    let Some(origin) = origins.next() else { return false };
    if origins.next().is_some() {
        return true;
    }
    let own = headers.get(HOST).map(HeaderValue::as_bytes).unwrap_or_default();
    let Ok(text) = origin.to_str() else { return true };
    let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    !authority.is_some_and(|authority| !own.is_empty() && authority.as_bytes().eq_ignore_ascii_case(own))
}

/// Middleware for GraphQL and other paths of the server itself; REST asks [`judge`] with the application's settings.
pub async fn root_cors(State(_): State<Api>, request: Request, next: Next) -> Response {
    let verdict = judge(&CorsSettings::default(), CorsScope::Root, request.method(), request.headers());
    match answer_alone(&verdict, CorsScope::Root, request.method()) {
        Some(response) => response,
        None => with_permissions(next.run(request).await, &verdict),
    }
}

/// The whole answer where CORS alone makes it: refusals, preflights, and `OPTIONS` in general.
pub fn answer_alone(verdict: &CorsVerdict, scope: CorsScope, method: &Method) -> Option<Response> {
    match verdict {
        CorsVerdict::Refused => Some(refused()),
        CorsVerdict::Preflight(grant) => Some(preflight_answer(grant, scope)),
        CorsVerdict::Granted(_) | CorsVerdict::NotAsked if *method == Method::OPTIONS => {
            let mut response = Response::new(Body::empty());
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(METHODS));
            Some(with_permissions(response, verdict))
        }
        CorsVerdict::Granted(_) | CorsVerdict::NotAsked => None,
    }
}

/// Adds the permissions to an answer, whatever its status.
pub fn with_permissions(mut response: Response, verdict: &CorsVerdict) -> Response {
    if let CorsVerdict::Granted(grant) | CorsVerdict::Preflight(grant) = verdict {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, grant.origin.clone());
        if grant.credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        if grant.vary {
            headers.append(VARY, HeaderValue::from_static("Origin"));
        }
    }
    response
}

fn preflight_answer(grant: &CorsGrant, scope: CorsScope) -> Response {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(scope.allowed_headers()));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("1800"));
    with_permissions(response, &CorsVerdict::Preflight(grant.clone()))
}

fn refused() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::FORBIDDEN;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

fn preflight_is_allowed(scope: CorsScope, headers: &HeaderMap) -> bool {
    let method = headers.get(ACCESS_CONTROL_REQUEST_METHOD).map(HeaderValue::as_bytes).unwrap_or_default();
    METHODS.split(',').any(|allowed| allowed.as_bytes() == method)
        && requested_headers(headers).all(|name| {
            scope.allowed_headers().split(',').any(|allowed| allowed.trim().as_bytes().eq_ignore_ascii_case(name))
        })
}

fn requested_headers(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers
        .get_all(ACCESS_CONTROL_REQUEST_HEADERS)
        .iter()
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

/// The request brings its credential in a header, or announces to.
fn carries_authorization(preflight: bool, headers: &HeaderMap) -> bool {
    if preflight {
        return requested_headers(headers).any(|name| {
            name.eq_ignore_ascii_case(AUTHORIZATION.as_str().as_bytes())
                || name.eq_ignore_ascii_case(PROXY_AUTHORIZATION.as_bytes())
        });
    }
    headers.contains_key(AUTHORIZATION) || headers.contains_key(PROXY_AUTHORIZATION)
}

/// An origin that may be echoed: `http` or `https`, a host, perhaps a port, and nothing else. Not `null`.
fn is_web_origin(origin: &HeaderValue) -> bool {
    let Ok(text) = origin.to_str() else { return false };
    let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    authority.is_some_and(|authority| {
        !authority.is_empty()
            && authority.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    })
}

impl CorsScope {
    const fn allowed_headers(self) -> &'static str {
        match self {
            Self::Application => {
                "Accept, Origin, X-Requested-With, Access-Control-Request-Headers, Content-Type, \
                 Access-Control-Request-Method, Authorization"
            }
            Self::Root => {
                "Accept, Origin, X-Requested-With, Access-Control-Request-Headers, Content-Type, \
                 Access-Control-Request-Method, Authorization, ProxyAuthorization"
            }
        }
    }
}

const METHODS: &str = "GET,POST,HEAD,OPTIONS,PUT,DELETE";
const PROXY_AUTHORIZATION: &str = "proxyauthorization";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    axum::http::HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                    HeaderValue::from_str(value).expect("a header value"),
                )
            })
            .collect()
    }

    fn listed(origins: &[&str], allow_credentials: bool) -> CorsSettings {
        CorsSettings { allowed_origins: origins.iter().map(|o| (*o).to_owned()).collect(), allow_credentials }
    }

    /// `(origin, credentials)` of the answer; `None` when nothing is granted.
    fn granted(verdict: &CorsVerdict) -> Option<(&str, bool)> {
        match verdict {
            CorsVerdict::Granted(grant) | CorsVerdict::Preflight(grant) => {
                Some((grant.origin.to_str().expect("text"), grant.credentials))
            }
            CorsVerdict::NotAsked | CorsVerdict::Refused => None,
        }
    }

    #[test]
    fn everybody_may_read_but_nobody_with_cookies() {
        let any = CorsSettings::default();
        let foreign = "https://page.example";
        for (name, request, expected) in [
            ("plain", vec![("origin", foreign)], Some(("*", false))),
            ("with a cookie", vec![("origin", foreign), ("cookie", "sluice_login=x")], Some(("*", false))),
            ("own header", vec![("origin", foreign), ("authorization", "Bearer x")], Some((foreign, true))),
            ("server token", vec![("origin", foreign), ("proxyauthorization", "x")], Some((foreign, true))),
            ("a sandboxed page", vec![("origin", "null")], Some(("*", false))),
            ("a sandboxed page with a header", vec![("origin", "null"), ("authorization", "x")], Some(("*", false))),
            ("panel development", vec![("origin", "http://localhost:4200")], Some(("*", false))),
            ("no origin at all", vec![("authorization", "x")], None),
            ("its own page", vec![("origin", "http://h:5080"), ("host", "h:5080")], None),
        ] {
            let verdict = judge(&any, CorsScope::Application, &Method::GET, &headers(&request));
            assert_eq!(granted(&verdict), expected, "{name}");
        }
    }

    #[test]
    fn a_configured_list_matches_whole_origins_only() {
        let list = listed(&["https://good.example", "http://good.example:8080"], true);
        for (origin, allowed) in [
            ("https://good.example", true),
            ("http://good.example:8080", true),
            ("http://good.example", false),
            ("https://good.example:443", false),
            ("https://good.example.evil.example", false),
            ("https://evilgood.example", false),
            ("https://sub.good.example", false),
            ("https://good.example/", false),
            ("https://GOOD.example", false),
            ("null", false),
            ("", false),
        ] {
            let verdict = judge(&list, CorsScope::Application, &Method::GET, &headers(&[("origin", origin)]));
            assert_eq!(granted(&verdict), allowed.then_some((origin, false)), "{origin}");
        }
        let with_header = headers(&[("origin", "https://good.example"), ("authorization", "x")]);
        let verdict = judge(&list, CorsScope::Application, &Method::PUT, &with_header);
        assert_eq!(granted(&verdict), Some(("https://good.example", true)));
        let null_listed = listed(&["null"], true);
        let verdict = judge(&null_listed, CorsScope::Application, &Method::GET, &headers(&[("origin", "null")]));
        assert_eq!(verdict, CorsVerdict::Refused);
    }

    #[test]
    fn preflights_name_a_method_and_headers_of_the_list() {
        let any = CorsSettings::default();
        let ask = |scope, method: &str, asked: &str| {
            let mut request = vec![("origin", "https://page.example"), ("access-control-request-method", method)];
            if !asked.is_empty() {
                request.push(("access-control-request-headers", asked));
            }
            judge(&any, scope, &Method::OPTIONS, &headers(&request))
        };
        for (scope, method, asked, expected) in [
            (CorsScope::Application, "PUT", "", Some(("*", false))),
            (CorsScope::Application, "POST", "content-type, ACCEPT", Some(("*", false))),
            (CorsScope::Application, "GET", "authorization", Some(("https://page.example", true))),
            (CorsScope::Application, "GET", "proxyauthorization", None),
            (CorsScope::Root, "GET", "ProxyAuthorization", Some(("https://page.example", true))),
            (CorsScope::Application, "PATCH", "", None),
            (CorsScope::Application, "get", "", None),
            (CorsScope::Application, "POST", "x-evil", None),
        ] {
            assert_eq!(granted(&ask(scope, method, asked)), expected, "{method} {asked}");
        }
    }

    #[test]
    fn origins_are_compared_with_the_whole_host() {
        for (origin, host, foreign) in [
            (None, "h:5080", false),
            (Some("http://h:5080"), "h:5080", false),
            (Some("https://H:5080"), "h:5080", false),
            (Some("http://h:5081"), "h:5080", true),
            (Some("http://h:5080.evil.example"), "h:5080", true),
            (Some("http://evil.example"), "h:5080", true),
            (Some("ftp://h:5080"), "h:5080", true),
            (Some("null"), "h:5080", true),
            (Some("http://"), "", true),
        ] {
            let mut request = headers(&[("host", host)]);
            if let Some(origin) = origin {
                request.insert(ORIGIN, HeaderValue::from_str(origin).expect("a header value"));
            }
            assert_eq!(is_foreign_origin(&request), foreign, "{origin:?} at {host}");
        }
        let mut two = headers(&[("host", "h"), ("origin", "http://h")]);
        two.append(ORIGIN, HeaderValue::from_static("http://evil.example"));
        assert!(is_foreign_origin(&two));
    }
}
