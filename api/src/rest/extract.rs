//! Extractors whose rejections have the shapes that existing clients expect.

use std::borrow::Cow;

use axum::body::to_bytes;
use axum::extract::path::ErrorKind;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sluice_contract::message::MOST_DATA_BYTES;
use sluice_contract::{StreamId, SubscriberId};

use super::answer::{Failure, Rest, UNKNOWN_ADDRESS};
use crate::Api;
use crate::manage::{MAX_PAGE, Page, Problem, ProblemCode};

/// Most bytes of a JSON body. The largest is a settings object, of a few tens of kilobytes.
pub const BODY_LIMIT: usize = 1 << 20;

/// Named parts of the path. Text where a number belongs is 404, as if the address did not exist.
pub struct PathOf<T>(pub T);

impl<T, S> FromRequestParts<S> for PathOf<T>
where
    T: DeserializeOwned + Send,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Rest<Self> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(error)) => match error.into_kind() {
                ErrorKind::WrongNumberOfParameters { .. } | ErrorKind::UnsupportedType { .. } => {
                    Err(Failure::Unavailable("a route and its handler do not match".to_owned()))
                }
                _ => Err(Failure::NotFound(UNKNOWN_ADDRESS)),
            },
            Err(_) => Err(Failure::NotFound(UNKNOWN_ADDRESS)),
        }
    }
}

/// `{id}`: a stream, in the caller's words.
#[derive(Debug, Deserialize)]
pub struct Stream {
    pub id: String,
}

impl Stream {
    /// The stream that is named; `None` when no stream can have this name.
    pub fn stream_id(&self) -> Option<StreamId> {
        self.id.trim().parse().ok()
    }

    /// # Errors
    /// `success:false` when no stream can have this name.
    pub fn required(&self) -> Rest<StreamId> {
        self.stream_id().ok_or_else(|| refused("Stream id is not valid."))
    }
}

/// `{id}` with `{offset}/{size}`: a page of what belongs to a stream.
#[derive(Debug, Deserialize)]
pub struct StreamPage {
    id: String,
    offset: i64,
    size: i64,
}

impl StreamPage {
    /// `None` when no stream can have this name.
    pub fn stream_id(&self) -> Option<StreamId> {
        self.id.trim().parse().ok()
    }

    pub fn paging(&self) -> Paging {
        Paging { offset: self.offset, size: self.size }
    }

    /// `None` when nothing can be on the page.
    pub fn within(&self) -> Option<(StreamId, Page)> {
        Some((self.stream_id()?, self.paging().page()?))
    }
}

/// `{id}` with `{sid}`: a subscriber of a stream, in the caller's words.
#[derive(Debug, Deserialize)]
pub struct SubscriberPath {
    id: String,
    sid: String,
}

impl SubscriberPath {
    /// # Errors
    /// `success:false` when no stream or nobody can have these names.
    pub fn required(self) -> Rest<(StreamId, SubscriberId)> {
        if self.id.trim().is_empty() || self.sid.trim().is_empty() {
            return Err(refused("streamId or subscriberId is blank"));
        }
        let subscriber = self.sid.trim().parse().map_err(|_| refused("Subscriber id is not valid."))?;
        Ok((Stream { id: self.id }.required()?, subscriber))
    }
}

fn refused(text: &str) -> Failure {
    Failure::Refused(Problem::new(ProblemCode::Invalid, text))
}

/// `{search}`: part of a name.
#[derive(Debug, Deserialize)]
pub struct Search {
    pub search: String,
}

/// `{offset}/{size}`.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Paging {
    pub offset: i64,
    pub size: i64,
}

impl Paging {
    /// The part of a list that is whole in memory; at most `most` entries.
    pub fn cut<T>(self, all: impl IntoIterator<Item = T>, most: usize) -> Vec<T> {
        let offset = usize::try_from(self.offset).unwrap_or(0);
        let size = usize::try_from(self.size).unwrap_or(0).min(most);
        all.into_iter().skip(offset).take(size).collect()
    }

    /// A negative offset is the beginning. `None` for a page without entries.
    pub fn page(self) -> Option<Page> {
        let size = u64::try_from(self.size).ok().filter(|size| *size > 0)?;
        Some(Page::Offset { offset: u64::try_from(self.offset).unwrap_or(0), size: size.min(MAX_PAGE) })
    }
}

/// A JSON body, or none: an empty body is none, whatever its headers say. On GET and DELETE the media type is not
/// looked at.
pub struct JsonBody<T>(pub Option<T>);

impl<T, S> FromRequest<S> for JsonBody<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Rest<Self> {
        let (parts, body) = request.into_parts();
        if announced_length(&parts.headers) > Some(BODY_LIMIT) {
            return Err(Failure::TooLarge);
        }
        let body = to_bytes(body, BODY_LIMIT).await.map_err(|_| Failure::TooLarge)?;
        if body.trim_ascii().is_empty() {
            return Ok(Self(None));
        }
        if parts.method != Method::DELETE && parts.method != Method::GET && !is_json(&parts.headers) {
            return Err(Failure::MediaType);
        }
        let value = serde_json::from_slice(&body).map_err(|error| {
            // The parser's text may quote the body, which may hold secrets: only the place is told.
            Failure::BadRequest(format!("The body cannot be read at line {}, column {}", error.line(), error.column()))
        })?;
        Ok(Self(value))
    }
}

/// A text of any media type, at most [`MOST_DATA_BYTES`] long.
pub struct TextBody(pub String);

impl<S: Send + Sync> FromRequest<S> for TextBody {
    type Rejection = Failure;

    async fn from_request(request: Request, _state: &S) -> Rest<Self> {
        let (parts, body) = request.into_parts();
        if announced_length(&parts.headers) > Some(MOST_DATA_BYTES) {
            return Err(Failure::TooLarge);
        }
        let body = to_bytes(body, MOST_DATA_BYTES).await.map_err(|_| Failure::TooLarge)?;
        let text = String::from_utf8(body.into()).map_err(|_| Failure::BadRequest("The body is no text".to_owned()))?;
        Ok(Self(text))
    }
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return false };
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Query parameters; the first of a name wins, and unreadable encoding is replaced, not refused.
#[derive(Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub fn of(query: Option<&str>) -> Self {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).take(MAX_PARAMETERS);
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(name), decode(value))
                })
                .collect(),
        )
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The text unless it is blank.
    pub fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// # Errors
    /// 404 for what is no integer.
    pub fn integer(&self, name: &str) -> Rest<Option<i64>> {
        match self.filled(name) {
            None => Ok(None),
            Some(text) => text.parse().map(Some).map_err(|_| Failure::NotFound(UNKNOWN_ADDRESS)),
        }
    }

    /// `true` in any case is true, other words are false.
    pub fn flag(&self, name: &str, default: bool) -> bool {
        self.filled(name).map_or(default, |text| text.eq_ignore_ascii_case("true"))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Rest<Self> {
        Ok(Self::of(parts.uri.query()))
    }
}

/// Most query parameters that are looked at.
const MAX_PARAMETERS: usize = 64;

fn decode(text: &str) -> String {
    let spaced = if text.contains('+') { Cow::Owned(text.replace('+', " ")) } else { Cow::Borrowed(text) };
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

/// The server's name for the addresses in answers: the one in its settings, or else the name or address under which
/// the caller reached us, without the port.
pub struct ServerHost(pub String);

impl FromRequestParts<Api> for ServerHost {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        let settings = api.server_settings();
        if !settings.server_name.is_empty() {
            return Ok(Self(settings.server_name.clone()));
        }
        let host = parts.headers.get(HOST).map(HeaderValue::as_bytes).and_then(|host| str::from_utf8(host).ok());
        Ok(Self(host.and_then(without_port).unwrap_or("localhost").to_owned()))
    }
}

/// Whether the client's own connection is encrypted.
pub struct Https(pub bool);

impl FromRequestParts<Api> for Https {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Rest<Self> {
        Ok(Self(api.is_https(&parts.extensions, &parts.headers)))
    }
}

fn without_port(host: &str) -> Option<&str> {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty() => name,
        _ => host,
    };
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    (!name.is_empty() && name.len() <= 253 && name.bytes().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_follow_the_rules_of_offsets() {
        let page = |offset, size| match (Paging { offset, size }).page() {
            Some(Page::Offset { offset, size }) => Some((offset, size)),
            _ => None,
        };
        assert_eq!(page(-3, 5), Some((0, 5)));
        assert_eq!(page(10, 1_000_000), Some((10, 250)));
        assert_eq!(page(0, 0), None);
        assert_eq!(page(0, -1), None);
    }

    #[test]
    fn parameters_tolerate_what_clients_send() {
        let parameters = Parameters::of(Some("&a=1&a=2&b&c=%20x+y%FF&d=true&e=TRUE&f=1"));
        assert_eq!(parameters.text("a"), Some("1"));
        assert_eq!(parameters.text("b"), Some(""));
        assert_eq!(parameters.filled("b"), None);
        assert_eq!(parameters.filled("c"), Some("x y\u{fffd}"));
        assert!(parameters.flag("d", false) && parameters.flag("e", false) && !parameters.flag("f", true));
        assert!(parameters.flag("missing", true));
        assert!(Parameters::of(Some("n=12")).integer("n").is_ok_and(|n| n == Some(12)));
        assert!(Parameters::of(Some("n=x")).integer("n").is_err());
    }

    #[test]
    fn a_host_header_cannot_write_into_answers() {
        for (host, name) in [
            ("localhost:5080", Some("localhost")),
            ("10.0.0.1", Some("10.0.0.1")),
            ("[::1]:5080", Some("[::1]")),
            ("a/b", None),
            ("x\"y", None),
            ("", None),
        ] {
            assert_eq!(without_port(host), name, "{host}");
        }
    }
}
