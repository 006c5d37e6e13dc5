//! One question on its way through the rules: what they read ([`Case`]), what they write ([`Draft`]) and how each of
//! them answers ([`Answer`]).

use crate::facts::Facts;
use crate::id::{ApplicationName, InvalidName, StreamId, SubscriberId};
use crate::request::{Intent, Operation, SecurityMode, StreamRequest};
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

use super::decision::{Decision, DenyReason, Effect, StreamGrant, TokenUse};

/// What every rule may look at. It exists once application and stream id are known to be names.
pub(super) struct Case<'a> {
    pub facts: &'a Facts,
    pub request: &'a StreamRequest,
    pub now: UnixTime,
    pub application: &'a ApplicationName,
    pub settings: &'a ApplicationSettings,
    pub stream_id: StreamId,
    pub subscriber: Named,
    /// The stream that this one is a track of, or that its publisher wants it to be one of.
    pub room: Result<Option<StreamId>, InvalidName>,
}

/// Whom the request names.
pub(super) enum Named {
    Nobody,
    Subscriber(SubscriberId),
    /// A text that no subscriber can have as its id.
    Unreadable,
}

impl Named {
    pub fn of(request: &StreamRequest) -> Self {
        match request.credentials.subscriber_id.as_deref().map(str::trim) {
            None | Some("") => Self::Nobody,
            Some(text) => text.parse().map_or(Self::Unreadable, Self::Subscriber),
        }
    }

    pub fn subscriber(&self) -> Option<&SubscriberId> {
        match self {
            Self::Subscriber(id) => Some(id),
            Self::Nobody | Self::Unreadable => None,
        }
    }
}

impl Case<'_> {
    pub fn operation(&self) -> Operation {
        self.request.operation
    }

    /// The room whose member the stream is, or becomes by being published.
    pub fn main_track(&self) -> Option<&StreamId> {
        self.room.as_ref().ok().and_then(Option::as_ref)
    }

    /// True when the stream is `room` itself or a member of it. A publisher's word makes an undefined stream a member;
    /// of a registered one the record decides, or whoever may enter a room could publish every stream that stands alone.
    pub fn is_in_room(&self, room: &str) -> bool {
        let is_member = match &self.facts.broadcast {
            Some(broadcast) => broadcast.main_track.as_ref().is_some_and(|main| main.as_str() == room),
            None => self.main_track().is_some_and(|main| main.as_str() == room),
        };
        is_member || self.stream_id.as_str() == room
    }

    /// The room that the request is about, in its own words: named for the token, or by the publisher as main track.
    pub fn room_named(&self) -> Option<&str> {
        self.request.credentials.room_id.as_deref().or_else(|| self.request.about().main_track)
    }

    /// The `token` that came along, blanks not counted.
    pub fn token(&self) -> Option<&str> {
        self.request.credentials.token.as_ref().map(|token| token.expose().trim()).filter(|token| !token.is_empty())
    }

    /// Someone publishes the stream, and its worker was heard of lately.
    pub fn is_live(&self) -> bool {
        self.facts.live.as_ref().is_some_and(|live| live.is_fresh(self.now))
    }
}

/// How one rule answers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Answer {
    /// The rule does not apply, and why.
    Skip(&'static str),
    Pass,
    Deny {
        reason: DenyReason,
        effects: Vec<Effect>,
    },
}

impl Answer {
    pub fn deny(reason: DenyReason) -> Self {
        Self::Deny { reason, effects: Vec::new() }
    }
}

/// What the rules that passed have gathered for a yes. Nothing of it survives a no.
#[derive(Default)]
pub(super) struct Draft {
    pub admitted_by: Vec<SecurityMode>,
    pub effects: Vec<Effect>,
    pub token: Option<TokenUse>,
    pub ask_webhook: Option<String>,
    /// When the credential that admits ends, if it names an end for the session too.
    pub credential_ends: Option<UnixTime>,
    /// Publishers that leave to make room for this one.
    pub publishers_replaced: u32,
}

impl Draft {
    pub fn into_allow(self, case: &Case<'_>) -> Decision {
        let Case { request, settings, .. } = case;
        let opens_session = request.intent == Intent::Start;
        let http_play = request.operation == Operation::Play && request.protocol.is_http();
        let expires_at = self.credential_ends.filter(|_| settings.end_session_at_expiry);
        let needs_ticket = settings.is_protected(request.operation) || case.subscriber.subscriber().is_some();
        let ticket_until = (opens_session && http_play && needs_ticket).then(|| {
            let longest = case.now.plus_secs(i64::from(settings.ticket_max_life_seconds));
            expires_at.map_or(longest, |end| end.min(longest))
        });
        let grant = StreamGrant {
            session: request.session,
            application: case.application.clone(),
            stream_id: case.stream_id.clone(),
            main_track: case.main_track().cloned(),
            operation: request.operation,
            protocol: request.protocol,
            subscriber: case.subscriber.subscriber().cloned(),
            admitted_by: self.admitted_by,
            expires_at,
            ticket_until,
            token: self.token.unwrap_or(TokenUse::None),
            rejoin: opens_session && http_play && !settings.one_time_token_on(request.operation),
            origin: None,
            recording: case.facts.broadcast.as_ref().map(|broadcast| broadcast.recording).unwrap_or_default(),
        };
        Decision::Allow { grant: Box::new(grant), effects: self.effects, ask_webhook: self.ask_webhook }
    }

    pub fn replaces(&self, session: crate::id::SessionId) -> bool {
        self.effects
            .iter()
            .any(|effect| matches!(effect, Effect::Replace { session: replaced } if *replaced == session))
    }
}
