//! Which pages of other origins may read an answer (`stream-security` §15, Fetch standard §3.2).
//!
//! Pure: the facts of a request in, headers or a refusal out. It knows nothing of workers, so that every face of the
//! server can go by it.

use sluice_contract::message::CorsSettings;

/// What a route lends out. Only read-only media may be read with cookies by pages of any origin: its cookie opens one
/// stream and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// `/{app}/streams/…`.
    Media,
    /// WHIP and WHEP: pages make a session, and act on it by the address and the entity tag that they are told.
    Session,
    /// REST, GraphQL, signalling, pages.
    Other,
}

/// The part of a request that matters here; header values as they came, `None` when missing.
#[derive(Debug, Clone, Copy, Default)]
pub struct CorsRequest<'a> {
    pub method: &'a str,
    pub origin: Option<&'a str>,
    /// `Access-Control-Request-Method`: with `OPTIONS` it makes a preflight.
    pub requested_method: Option<&'a str>,
    /// `Access-Control-Request-Headers`.
    pub requested_headers: Option<&'a str>,
}

/// The answer of the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Answer as usual, with these headers.
    Pass(Vec<Header>),
    /// A preflight that is allowed: 200, no body, these headers.
    Preflight(Vec<Header>),
    /// 403, `text/plain`, no body.
    Refuse,
}

pub type Header = (&'static str, String);

/// Decides by an application's settings.
pub fn judge(settings: &CorsSettings, route: Route, request: CorsRequest<'_>) -> Verdict {
    let any = settings.allowed_origins.iter().any(|allowed| allowed == "*");
    let mut headers = Vec::new();
    if !any || route == Route::Media {
        // Also without an Origin: a shared cache must not hand that answer to a page.
        headers.push(("Vary", "Origin".to_owned()));
    }
    let Some(origin) = request.origin else { return Verdict::Pass(headers) };
    let requested = request.requested_method.filter(|_| request.method == "OPTIONS");
    let (allowed, with_credentials) = if any {
        let reads = matches!(requested.unwrap_or(request.method), "GET" | "HEAD");
        if route == Route::Media && reads && is_tuple_origin(origin) { (origin, true) } else { ("*", false) }
    } else if is_tuple_origin(origin) && settings.allowed_origins.iter().any(|allowed| allowed == origin) {
        (origin, settings.allow_credentials)
    } else {
        return Verdict::Refuse;
    };
    headers.push(("Access-Control-Allow-Origin", allowed.to_owned()));
    if with_credentials {
        headers.push(("Access-Control-Allow-Credentials", "true".to_owned()));
    }
    let (more_methods, more_headers): (&[&str], &[&str]) = match route {
        Route::Session => (&SESSION_METHODS, &SESSION_HEADERS),
        Route::Media | Route::Other => (&[], &[]),
    };
    let Some(requested) = requested else {
        if route == Route::Session {
            headers.push(("Access-Control-Expose-Headers", SESSION_EXPOSED.to_owned()));
        }
        return Verdict::Pass(headers);
    };
    let methods = [METHODS.as_slice(), more_methods].concat();
    let allowed_headers = [HEADERS.as_slice(), more_headers].concat();
    let asks_for_headers = request.requested_headers.unwrap_or("");
    if !methods.contains(&requested) || !are_among(asks_for_headers, &allowed_headers) {
        return Verdict::Refuse;
    }
    headers.push(("Access-Control-Allow-Methods", methods.join(",")));
    headers.push(("Access-Control-Allow-Headers", allowed_headers.join(",")));
    headers.push(("Access-Control-Max-Age", MAX_AGE_SECONDS.to_owned()));
    Verdict::Preflight(headers)
}

/// True for `scheme://host[:port]`; false for `null`, which any sandboxed page can claim, and for anything that is no
/// serialised origin (RFC 6454 §6.2).
fn is_tuple_origin(origin: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_lowercase())
        && scheme.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
    let is_host = !host.is_empty()
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']'));
    is_scheme && is_host
}

fn are_among(list: &str, allowed: &[&str]) -> bool {
    let mut names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.all(|name| allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)))
}

const METHODS: [&str; 6] = ["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE"];
/// The documented list, and `Range`, which players send for parts of a file.
const HEADERS: [&str; 8] = [
    "Accept",
    "Origin",
    "X-Requested-With",
    "Access-Control-Request-Headers",
    "Content-Type",
    "Access-Control-Request-Method",
    "Authorization",
    "Range",
];
/// What RFC 9725 adds.
const SESSION_METHODS: [&str; 1] = ["PATCH"];
const SESSION_HEADERS: [&str; 1] = ["If-Match"];
const SESSION_EXPOSED: &str = "Location,ETag,Link,Accept-Patch,Accept-Post,Retry-After";
const MAX_AGE_SECONDS: &str = "1800";

#[cfg(test)]
mod tests {
    use super::*;

    fn any() -> CorsSettings {
        CorsSettings::default()
    }

    fn listed(allow_credentials: bool) -> CorsSettings {
        CorsSettings { allowed_origins: vec!["https://good.example".to_owned()], allow_credentials }
    }

    fn get(origin: &str) -> CorsRequest<'_> {
        CorsRequest { method: "GET", origin: Some(origin), ..CorsRequest::default() }
    }

    fn preflight<'a>(origin: &'a str, method: &'a str, headers: &'a str) -> CorsRequest<'a> {
        CorsRequest {
            method: "OPTIONS",
            origin: Some(origin),
            requested_method: Some(method),
            requested_headers: Some(headers),
        }
    }

    /// `Access-Control-Allow-Origin` and whether credentials are allowed; `None` for a refusal.
    fn allowed(verdict: Verdict) -> Option<(Option<String>, bool)> {
        let (Verdict::Pass(headers) | Verdict::Preflight(headers)) = verdict else { return None };
        let value = |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let credentials = value("Access-Control-Allow-Credentials");
        Some((value("Access-Control-Allow-Origin"), credentials.as_deref() == Some("true")))
    }

    fn some(origin: &str, credentials: bool) -> Option<(Option<String>, bool)> {
        Some((Some(origin.to_owned()), credentials))
    }

    #[test]
    fn media_may_be_read_with_cookies_from_any_page_and_nothing_else_may() {
        let origin = "https://page.example:8443";
        assert_eq!(allowed(judge(&any(), Route::Media, get(origin))), some(origin, true));
        let head = CorsRequest { method: "HEAD", ..get(origin) };
        assert_eq!(allowed(judge(&any(), Route::Media, head)), some(origin, true));
        let post = CorsRequest { method: "POST", ..get(origin) };
        assert_eq!(allowed(judge(&any(), Route::Media, post)), some("*", false));
        assert_eq!(allowed(judge(&any(), Route::Other, get(origin))), some("*", false));
        let asks_for_authorization = preflight(origin, "GET", "authorization");
        assert_eq!(allowed(judge(&any(), Route::Other, asks_for_authorization)), some("*", false));
    }

    #[test]
    fn an_origin_that_is_none_is_never_echoed() {
        for origin in ["null", "", "https://", "https://a b", "https://a/b", "javascript:alert(1)", "HTTPS://x", "*"] {
            assert_eq!(allowed(judge(&any(), Route::Media, get(origin))), some("*", false), "{origin}");
            assert_eq!(judge(&listed(true), Route::Media, get(origin)), Verdict::Refuse, "{origin}");
        }
        let null = CorsSettings { allowed_origins: vec!["null".to_owned()], allow_credentials: true };
        assert_eq!(judge(&null, Route::Media, get("null")), Verdict::Refuse);
    }

    #[test]
    fn a_list_allows_exact_origins_only() {
        let good = "https://good.example";
        assert_eq!(allowed(judge(&listed(false), Route::Media, get(good))), some(good, false));
        assert_eq!(allowed(judge(&listed(true), Route::Other, get(good))), some(good, true));
        for trick in [
            "https://good.example.evil.example",
            "https://evilgood.example",
            "http://good.example",
            "https://good.example:444",
            "https://good.exampl",
            "https://good.example/",
        ] {
            assert_eq!(judge(&listed(true), Route::Media, get(trick)), Verdict::Refuse, "{trick}");
        }
    }

    #[test]
    fn everybody_with_credentials_is_not_a_valid_wish() {
        let both = CorsSettings { allow_credentials: true, ..any() };
        assert_eq!(allowed(judge(&both, Route::Other, get("https://page.example"))), some("*", false));
    }

    #[test]
    fn preflights_say_what_may_be_asked_and_for_how_long() {
        let verdict =
            judge(&any(), Route::Other, preflight("https://page.example", "PUT", "content-type, Authorization"));
        let Verdict::Preflight(headers) = verdict else { panic!("{verdict:?}") };
        for (name, value) in [
            ("Access-Control-Allow-Origin", "*"),
            ("Access-Control-Allow-Methods", "GET,POST,HEAD,OPTIONS,PUT,DELETE"),
            ("Access-Control-Max-Age", "1800"),
        ] {
            assert!(headers.contains(&(name, value.to_owned())), "{name}: {headers:?}");
        }
        let origin = "https://page.example";
        assert_eq!(allowed(judge(&any(), Route::Media, preflight(origin, "GET", ""))), some(origin, true));
        assert_eq!(judge(&any(), Route::Other, preflight(origin, "TRACE", "")), Verdict::Refuse);
        assert_eq!(judge(&any(), Route::Other, preflight(origin, "GET", "X-Evil")), Verdict::Refuse);
        assert_eq!(judge(&listed(true), Route::Other, preflight(origin, "GET", "")), Verdict::Refuse);
    }

    #[test]
    fn sessions_can_be_changed_and_their_addresses_read() {
        let verdict =
            judge(&any(), Route::Session, preflight("https://page.example", "PATCH", "if-match,content-type"));
        let Verdict::Preflight(headers) = verdict else { panic!("{verdict:?}") };
        assert!(headers.iter().any(|(name, value)| name.ends_with("Methods") && value.ends_with(",PATCH")));
        let Verdict::Pass(headers) = judge(&any(), Route::Session, get("https://page.example")) else {
            panic!("refused")
        };
        assert!(headers.contains(&("Access-Control-Expose-Headers", SESSION_EXPOSED.to_owned())));
        for route in [Route::Media, Route::Other] {
            assert_eq!(judge(&any(), route, preflight("https://page.example", "PATCH", "")), Verdict::Refuse);
        }
    }

    #[test]
    fn an_answer_that_depends_on_the_origin_says_so_to_caches() {
        let none = CorsRequest { method: "GET", ..CorsRequest::default() };
        for (settings, route, varies) in [
            (any(), Route::Media, true),
            (listed(false), Route::Media, true),
            (listed(false), Route::Other, true),
            (any(), Route::Other, false),
        ] {
            let Verdict::Pass(headers) = judge(&settings, route, none) else { panic!("refused") };
            assert_eq!(!headers.is_empty(), varies);
            assert!(headers.iter().all(|(name, _)| *name == "Vary"));
        }
    }
}
