//! WHIP and WHEP sessions as HTTP resources (RFC 9725): made by a POST, changed by PATCH, ended by DELETE.
//!
//! Whoever acts on a session must know its address, which nobody can guess, and if it was made with a bearer token show
//! that token again. To everybody else it does not exist.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, IF_MATCH, LINK, LOCATION, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use dashmap::DashMap;
use parking_lot::Mutex;
use sluice_contract::message::WorkerSettings;
use sluice_contract::policy::Refusal;
use sluice_contract::{ApplicationName, Credentials, DenyReason, Operation, Protocol, Secret, StreamId};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::error;

use super::bearer::{self, InvalidBearer};
use super::entry::UNSENDABLE;
use super::exchange::Place;
use super::ice::{self, Trust};
use super::{NoRandomness, Signaling};
use crate::StreamKey;
use crate::admission::Ask;
use crate::egress::http::cors::Route;
use crate::egress::http::{governed, text};
use crate::session::Session;
use crate::webrtc::calls::{Call, CallError, CallEvent, Described};
use crate::webrtc::engine::RemoteTransport;
use crate::webrtc::sdp::fragment::{self, Fragment};
use crate::webrtc::sdp::plan::NoCommonCodec;
use crate::webrtc::sdp::{self, DescriptionError, RemoteDescription};

/// Which of the two protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Whip,
    Whep,
}

impl Kind {
    pub const fn operation(self) -> Operation {
        match self {
            Self::Whip => Operation::Publish,
            Self::Whep => Operation::Play,
        }
    }

    pub const fn protocol(self) -> Protocol {
        match self {
            Self::Whip => Protocol::Whip,
            Self::Whep => Protocol::Whep,
        }
    }
}

/// Every open session, by the last word of its address.
#[derive(Default)]
pub(super) struct Resources {
    open: DashMap<String, Arc<Resource>>,
}

/// One session. Dropping it ends its call.
struct Resource {
    kind: Kind,
    key: StreamKey,
    bearer: Option<Secret<String>>,
    call: Arc<Call>,
    place: Place,
    ice: Mutex<Ice>,
}

/// What a PATCH may change.
struct Ice {
    remote: RemoteDescription,
    described: Described,
    /// Of the ICE session; without quotes.
    tag: String,
}

/// A POST, read as far as both protocols have it in common.
pub(super) struct Offer<'a> {
    pub ask: Ask,
    pub settings: &'a WorkerSettings,
    pub description: RemoteDescription,
    pub query: &'a str,
}

/// What a POST came to.
pub(super) struct Opened {
    pub session: Arc<Session>,
    pub call: Call,
    pub described: Described,
    pub events: mpsc::Receiver<CallEvent>,
}

/// Why there is no session, or no change of one.
#[derive(Debug, thiserror::Error)]
pub(super) enum No {
    #[error("not found")]
    NotFound,
    #[error("{}", .0.definition)]
    Denied(Box<Refusal>),
    #[error("the content type must be {0}")]
    ContentType(&'static str),
    #[error("the body is too long")]
    TooLong,
    #[error("the body did not come in time")]
    TooSlow,
    #[error("the body is not text")]
    NotText,
    #[error(transparent)]
    Description(#[from] DescriptionError),
    #[error(transparent)]
    Bearer(#[from] InvalidBearer),
    /// The stream can be had, but not in a format that the peer takes.
    #[error("{0}")]
    Unsuitable(String),
    #[error("{}", UNSENDABLE)]
    Unsendable,
    #[error("If-Match is missing")]
    IfMatchMissing,
    #[error("If-Match names another ICE session")]
    IfMatchOther,
    #[error("internal error")]
    Internal,
}

impl From<NoRandomness> for No {
    fn from(error: NoRandomness) -> Self {
        error!(%error, "a session cannot be named");
        Self::Internal
    }
}

impl From<NoCommonCodec> for No {
    fn from(error: NoCommonCodec) -> Self {
        Self::Unsuitable(error.to_string())
    }
}

impl No {
    pub fn denied(ask: &Ask, reason: &DenyReason) -> Self {
        Self::Denied(Box::new(ask.refusal(reason)))
    }

    pub fn failed(ask: &Ask, why: CallError) -> Self {
        match why {
            CallError::NoCommonCodec(error) => error.into(),
            CallError::AlreadyLive => Self::denied(ask, &DenyReason::StreamInUse),
            CallError::TooManyPeers => Self::denied(ask, &DenyReason::ResourceLimit),
        }
    }

    fn into_response(self) -> Response {
        let status = match &self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied(refusal) => StatusCode::from_u16(refusal.whip_status).unwrap_or(StatusCode::FORBIDDEN),
            Self::ContentType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::NotText | Self::Description(_) | Self::Bearer(_) => StatusCode::BAD_REQUEST,
            Self::Unsuitable(_) | Self::Unsendable => StatusCode::NOT_ACCEPTABLE,
            Self::IfMatchMissing => StatusCode::PRECONDITION_REQUIRED,
            Self::IfMatchOther => StatusCode::PRECONDITION_FAILED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = text(status, self.to_string());
        let headers = response.headers_mut();
        match &self {
            Self::ContentType(SDP) => set(headers, ACCEPT_POST, SDP),
            Self::ContentType(FRAGMENT) => set(headers, ACCEPT_PATCH, FRAGMENT),
            Self::Denied(refusal) => {
                if status == StatusCode::UNAUTHORIZED {
                    set(headers, WWW_AUTHENTICATE, "Bearer");
                }
                if let Some(seconds) = refusal.retry_after_secs {
                    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
                }
            }
            _ => {}
        }
        response
    }
}

/// What an address names.
struct Address<'a> {
    application: Option<ApplicationName>,
    /// The peer's own word.
    stream: &'a str,
    session: Option<&'a str>,
}

impl<'a> Address<'a> {
    /// `/{app}/whip/{stream}[/{session}]`, not decoded: names have no character that would need it.
    fn read(path: &'a str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let (application, _, stream) = (parts.next()?, parts.next()?, parts.next()?);
        let session = parts.next().filter(|session| !session.is_empty());
        let is_whole = parts.next().is_none();
        is_whole.then(|| Self { application: application.parse().ok(), stream, session })
    }
}

/// Answers any request of one of the two protocols.
pub(super) async fn serve(signaling: &Arc<Signaling>, kind: Kind, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let address = Address::read(parts.uri.path());
    let name = address.as_ref().and_then(|address| address.application.as_ref());
    let settings = name.and_then(|name| signaling.rules.application(name));
    let answer = async {
        let (Some(address), Some(settings)) = (&address, settings.as_deref()) else {
            return No::NotFound.into_response();
        };
        let answer = match address.session {
            None => signaling.endpoint(kind, address, settings, &parts, body).await,
            Some(session) => signaling.session(kind, address, session, settings, &parts, body).await,
        };
        answer.unwrap_or_else(No::into_response)
    };
    governed(settings.as_deref(), Route::Session, &parts, answer).await
}

impl Signaling {
    async fn endpoint(
        self: &Arc<Self>,
        kind: Kind,
        address: &Address<'_>,
        settings: &WorkerSettings,
        request: &Parts,
        body: Body,
    ) -> Result<Response, No> {
        match request.method {
            Method::POST => {}
            Method::OPTIONS => {
                let mut response = text(StatusCode::OK, "");
                let headers = response.headers_mut();
                set(headers, ALLOW, "POST, OPTIONS");
                set(headers, ACCEPT_POST, SDP);
                if let Some(link) = ice::link(&settings.webrtc, Trust::Stranger) {
                    headers.append(LINK, link);
                }
                return Ok(response);
            }
            _ => return Ok(not_allowed("POST, OPTIONS")),
        }
        let bearer = bearer::read(&request.headers)?;
        let description = read_body(&request.headers, body, SDP, sdp::MAX_BYTES).await?;
        let description = sdp::read_offer(&description)?;
        let Some(sender) = self.proxies.sender(&request.headers, &request.extensions) else {
            error!("the listener did not say who sends a request");
            return Err(No::Internal);
        };
        let query = request.uri.query().unwrap_or("");
        let mut credentials = Credentials::from_query(query);
        if let Some(bearer) = &bearer {
            credentials.token = Some(bearer.clone());
        }
        let protocol = kind.protocol();
        let ask = Ask {
            application: settings.application.as_str().to_owned(),
            stream_id: address.stream.to_owned(),
            operation: kind.operation(),
            protocol,
            credentials,
            client: sluice_contract::ClientBinding::of_peer(protocol, &sender.peer),
            peer: sender.peer,
            intent: sluice_contract::Intent::Start,
            publish_mode: None,
        };
        let stream_id = ask.stream_id.parse::<StreamId>().ok();
        let remote = description.clone();
        let offer = Offer { ask, settings, description, query };
        let opened = match kind {
            Kind::Whip => self.publish(offer).await?,
            Kind::Whep => self.play(offer).await?,
        };
        // Nobody is let in under what is no name.
        let stream_id = stream_id.ok_or(No::Internal)?;
        let key = StreamKey { application: settings.application.clone(), stream_id };
        self.created(kind, key, bearer, remote, opened, settings)
    }

    /// Keeps a session that has come about, and tells its address.
    fn created(
        self: &Arc<Self>,
        kind: Kind,
        key: StreamKey,
        bearer: Option<Secret<String>>,
        remote: RemoteDescription,
        opened: Opened,
        settings: &WorkerSettings,
    ) -> Result<Response, No> {
        let Opened { session, call, described, events } = opened;
        let (name, tag) = (self.state.random.name()?, self.state.random.name()?);
        let local = ice::told(&described.local, &settings.webrtc);
        let answer = sdp::write::answer(&local, &described.plan, &remote);
        let location = format!("/{}/{}/{}/{name}", key.application, kind.protocol(), key.stream_id);
        let mut response = Response::new(Body::from(answer));
        *response.status_mut() = StatusCode::CREATED;
        let headers = response.headers_mut();
        set(headers, CONTENT_TYPE, SDP);
        set(headers, CACHE_CONTROL, "no-store");
        set(headers, ACCEPT_PATCH, FRAGMENT);
        set(headers, ETAG, format!("\"{tag}\""));
        set(headers, LOCATION, location);
        if let Some(link) = ice::link(&settings.webrtc, Trust::Admitted) {
            headers.append(LINK, link);
        }
        let call = Arc::new(call);
        let place = self.state.exchange.enter(&session, &call);
        let ice = Mutex::new(Ice { remote, described, tag });
        let resource = Resource { kind, key, bearer, call, place, ice };
        self.state.resources.open.insert(name.clone(), Arc::new(resource));
        tokio::spawn(Arc::clone(self).attend(name, events));
        Ok(response)
    }

    /// Follows a session to its end, and forgets it then.
    async fn attend(self: Arc<Self>, name: String, mut events: mpsc::Receiver<CallEvent>) {
        loop {
            match events.recv().await {
                Some(CallEvent::Message(message)) => {
                    let Some(resource) = self.state.resources.find(&name) else { break };
                    let rules = self.rules.application(&resource.key.application);
                    if let Some(rules) = rules {
                        resource.place.say(resource.kind.operation(), &message, &rules.webrtc, (self.clock)());
                    }
                }
                None | Some(CallEvent::Ended { .. }) => break,
                Some(_) => {}
            }
        }
        self.state.resources.open.remove(&name);
    }

    async fn session(
        &self,
        kind: Kind,
        address: &Address<'_>,
        session: &str,
        settings: &WorkerSettings,
        request: &Parts,
        body: Body,
    ) -> Result<Response, No> {
        match request.method {
            Method::PATCH | Method::DELETE => {}
            Method::OPTIONS => {
                let mut response = text(StatusCode::OK, "");
                set(response.headers_mut(), ALLOW, "PATCH, DELETE, OPTIONS");
                set(response.headers_mut(), ACCEPT_PATCH, FRAGMENT);
                return Ok(response);
            }
            _ => return Ok(not_allowed("PATCH, DELETE, OPTIONS")),
        }
        let resource = self.state.resources.find(session).ok_or(No::NotFound)?;
        let is_meant = resource.kind == kind
            && Some(&resource.key.application) == address.application.as_ref()
            && resource.key.stream_id.as_str() == address.stream;
        let shown = bearer::read(&request.headers).ok().flatten();
        if !is_meant || !resource.belongs_to(shown.as_ref()) {
            return Err(No::NotFound);
        }
        if request.method == Method::DELETE {
            self.state.resources.open.remove(session);
            return Ok(text(StatusCode::OK, ""));
        }
        let fragment = read_body(&request.headers, body, FRAGMENT, MAX_FRAGMENT_BYTES).await?;
        let fragment = Fragment::read(&fragment)?;
        let mut state = resource.ice.lock();
        match (matches(&request.headers, &state.tag), fragment.restarts(&state.remote)) {
            (Some(false), _) => Err(No::IfMatchOther),
            // Clients that never restart do not bother with entity tags; nothing depends on their candidates.
            (_, false) => Ok(no_content()),
            (None, true) => Err(No::IfMatchMissing),
            (Some(true), true) => {
                let tag = self.state.random.name()?;
                let Fragment { ufrag, pwd } = fragment;
                state.remote.transport = RemoteTransport { ufrag, pwd, ..state.remote.transport.clone() };
                state.described.local = resource.call.control().restart(&state.remote);
                state.tag = tag;
                let local = ice::told(&state.described.local, &settings.webrtc);
                let answer = fragment::write(&local, &state.described.plan);
                let mut response = Response::new(Body::from(answer));
                let headers = response.headers_mut();
                set(headers, CONTENT_TYPE, FRAGMENT);
                set(headers, CACHE_CONTROL, "no-store");
                set(headers, ETAG, format!("\"{}\"", state.tag));
                Ok(response)
            }
        }
    }
}

impl Resources {
    fn find(&self, name: &str) -> Option<Arc<Resource>> {
        self.open.get(name).map(|resource| Arc::clone(&resource))
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.open.len()
    }
}

impl Resource {
    /// True for whoever shows the token that the session was made with, if it was made with one.
    fn belongs_to(&self, shown: Option<&Secret<String>>) -> bool {
        match (&self.bearer, shown) {
            (None, _) => true,
            (Some(bearer), Some(shown)) => bearer == shown,
            (Some(_), None) => false,
        }
    }
}

/// Whether `If-Match` (RFC 9110 §13.1.1) names this tag; `None` without the header. Tags without quotes are taken too, and
/// the star in quotes, as the examples of WHIP and WHEP have it.
fn matches(headers: &HeaderMap, tag: &str) -> Option<bool> {
    let mut values = headers.get_all(IF_MATCH).iter().peekable();
    values.peek()?;
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim);
    Some(tags.map(|known| known.trim_matches('"')).any(|known| known == "*" || known == tag))
}

/// A body of the right kind, as text.
async fn read_body(headers: &HeaderMap, body: Body, kind: &'static str, limit: usize) -> Result<String, No> {
    let given = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !given.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(kind) {
        return Err(No::ContentType(kind));
    }
    let bytes = timeout(BODY_WITHIN, to_bytes(body, limit)).await.map_err(|_| No::TooSlow)?;
    String::from_utf8(bytes.map_err(|_| No::TooLong)?.into()).map_err(|_| No::NotText)
}

fn not_allowed(methods: &'static str) -> Response {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "");
    set(response.headers_mut(), ALLOW, methods);
    response
}

fn no_content() -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Sets a header whose value is ours and therefore valid.
fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<str>) {
    if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
        headers.insert(name, value);
    }
}

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
/// Candidates and credentials have well below a tenth of this.
const MAX_FRAGMENT_BYTES: usize = 64 * 1024;
/// A description is small; who takes longer holds a connection for the sake of it.
const BODY_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);
/// What happens to a call and waits to be read.
pub(super) const EVENTS: usize = 64;
