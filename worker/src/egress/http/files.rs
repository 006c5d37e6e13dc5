//! The files of a live stream, for a session that may have them.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::response::Response;
use bytes::Bytes;
use sluice_contract::DenyReason;
use tokio::time::{Duration, Instant, sleep};

use super::answer::No;
use super::body::GatedBody;
use super::entry::{Asked, Pass};
use super::path::{Kind, Target};
use super::{Http, carrier};
use crate::StreamKey;
use crate::media::TrackKind;
use crate::session::{Gate, Session};

/// One file, found.
struct File {
    data: Bytes,
    content_type: &'static str,
    /// Manifests change; init and media segments do not.
    changes: bool,
    track: TrackKind,
}

impl Http {
    /// The answer to a request that has been let in.
    pub(super) fn file(&self, asked: &Asked<'_>, pass: &Pass) -> Response {
        let key = pass.session.key();
        let mut response = match self.find(asked, pass, key) {
            Ok(file) => self.send(asked, pass, file),
            Err(no) => no.into_response(),
        };
        self.give_cookie(asked, pass, &mut response);
        response
    }

    /// Has a stream brought from another worker, if it is not here and one of our files of it is meant. True when
    /// there was something to wait for.
    pub(super) async fn fetch(&self, target: &Target, key: &StreamKey) -> bool {
        let is_elsewhere =
            !matches!(target.kind(), Kind::Recording | Kind::Unknown(_)) && self.shelf.may_be_elsewhere(key);
        if is_elsewhere {
            self.shelf.ensure(key).await;
        }
        is_elsewhere
    }

    /// Why a stream cannot be had here. While no API can be reached nobody knows whether another worker carries it: the
    /// client, or the balancer before us, is to ask again, perhaps at a worker that has it.
    pub(super) fn not_here(&self, key: &StreamKey) -> No {
        if !self.rules.link().in_order && self.shelf.may_be_elsewhere(key) {
            No::denied(&DenyReason::AuthorityUnreachable)
        } else {
            No::NotYet
        }
    }

    /// Whether there is something of what is meant here: a live stream, or a recording.
    pub(super) fn is_known(&self, target: &Target, key: &StreamKey) -> bool {
        *target.kind() == Kind::Recording || self.shelf.find(key).is_some()
    }

    /// Whether a live stream has the file that is meant, or a recording was found.
    pub(super) fn is_there(&self, target: &Target, key: &StreamKey) -> bool {
        if *target.kind() == Kind::Recording {
            return true;
        }
        let Some(files) = self.shelf.find(key) else { return false };
        match target.kind() {
            Kind::Multivariant => files.hls_multivariant("", "").is_some(),
            Kind::Playlist(name) => files.hls_media(name, "").is_some(),
            Kind::Dash => files.dash(None, "").is_some(),
            Kind::Object(name) => files.object(name).is_some(),
            Kind::Recording | Kind::Unknown(_) => false,
        }
    }

    /// Who watches already and asks for a playlist between two publishers, or while one moves to another worker, waits a
    /// moment for it: players take a slow answer better than none.
    pub(super) async fn bridge(&self, asked: &Asked<'_>, pass: &Pass) {
        let (target, key) = (&pass.target, pass.session.key());
        let is_manifest = matches!(target.kind(), Kind::Multivariant | Kind::Playlist(_) | Kind::Dash);
        if !is_manifest || asked.is_head || pass.ticket.is_none() || pass.is_new || !self.shelf.has_peers() {
            return;
        }
        let since = Instant::now();
        while !self.is_there(target, key) && pass.session.gate() == Gate::Open && since.elapsed() < BRIDGED_FOR {
            sleep(LOOK_EVERY).await;
            self.fetch(target, key).await;
        }
    }

    /// Who begins to watch over DASH in the first seconds of a stream waits until enough is there to play on without a
    /// halt. With one segment a player is at the edge of what there is, and sees the next only when it asks again.
    pub(super) async fn settle(&self, asked: &Asked<'_>, pass: &Pass) {
        let is_begun = matches!(pass.target.kind(), Kind::Dash) && pass.is_new && !asked.is_head;
        let since = Instant::now();
        let is_short = || self.shelf.find(pass.session.key()).is_some_and(|files| files.dash_is_short());
        while is_begun && is_short() && pass.session.gate() == Gate::Open && since.elapsed() < BRIDGED_FOR {
            sleep(LOOK_EVERY).await;
        }
    }

    fn find(&self, asked: &Asked<'_>, pass: &Pass, key: &StreamKey) -> Result<File, No> {
        let settings = asked.settings;
        let enabled = match pass.target.kind() {
            Kind::Multivariant | Kind::Playlist(_) => settings.hls_enabled,
            Kind::Dash => settings.dash_enabled,
            Kind::Object(_) => settings.hls_enabled || settings.dash_enabled,
            Kind::Recording | Kind::Unknown(_) => false,
        };
        if !enabled {
            return Err(No::NotFound);
        }
        let files = self.shelf.find(key).ok_or_else(|| self.not_here(key))?;
        let query = carrier::query_of(pass.ticket.as_deref());
        let stream = &key.stream_id;
        let (text, content_type) = match pass.target.kind() {
            Kind::Multivariant => (files.hls_multivariant(stream.as_str(), &query), HLS),
            Kind::Playlist(name) => (files.hls_media(name, &query), HLS),
            Kind::Dash => {
                let application = &key.application;
                let location =
                    (!query.is_empty()).then(|| format!("/{application}/streams/{stream}/{stream}.mpd?{query}"));
                (files.dash(location.as_deref(), &query), DASH)
            }
            Kind::Object(name) => {
                let object = files.object(name).ok_or(No::NotFound)?;
                let track = if name.starts_with('a') { TrackKind::Audio } else { TrackKind::Video };
                return Ok(File { data: object.data, content_type: object.content_type, changes: false, track });
            }
            Kind::Recording | Kind::Unknown(_) => return Err(No::NotFound),
        };
        let text = text.ok_or(No::NotYet)?;
        Ok(File { data: text.into(), content_type, changes: true, track: TrackKind::Video })
    }

    fn send(&self, asked: &Asked<'_>, pass: &Pass, file: File) -> Response {
        let session = &pass.session;
        if let Some(no) = self.shut(asked, session) {
            return no.into_response();
        }
        let len = file.data.len();
        let body = if asked.is_head {
            Body::empty()
        } else if file.changes {
            session.announce();
            Body::from(file.data)
        } else {
            Body::new(GatedBody::new(file.data, file.track, Arc::clone(session)))
        };
        let mut response = Response::new(body);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(file.content_type));
        headers.insert(CONTENT_LENGTH, HeaderValue::from(len));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        let cache = match (pass.ticket.is_some(), file.changes) {
            (true, true) => "private, no-cache",
            (true, false) => "private, max-age=10",
            (false, true) => "no-cache",
            (false, false) => "public, max-age=10",
        };
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(cache));
        response
    }

    /// Why a session that was let in may have nothing after all: it was suspended or ended while its request was on its way.
    pub(super) fn shut(&self, asked: &Asked<'_>, session: &Session) -> Option<No> {
        if session.gate() == Gate::Open {
            return None;
        }
        Some(match self.sessions.block_of(session, asked.now) {
            Some(block) => No::denied(&DenyReason::Blocked { until: block.until }),
            None => No::SessionEnded,
        })
    }

    /// Newcomers get the cookie with any answer, others with every manifest until their browser shows it.
    pub(super) fn give_cookie(&self, asked: &Asked<'_>, pass: &Pass, response: &mut Response) {
        let (Some(ticket), Some(until)) = (&pass.ticket, pass.session.grant().ticket_until) else { return };
        let is_manifest = matches!(pass.target.kind(), Kind::Multivariant | Kind::Playlist(_) | Kind::Dash);
        let key = pass.session.key();
        let is_due = pass.is_new || (is_manifest && carrier::in_cookie(asked.headers, key) != Some(ticket));
        if pass.held.is_some() || !is_due {
            return;
        }
        let cookie = carrier::set_cookie(key, ticket, until, asked.now, asked.sender.secure);
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
    }
}

/// A publisher that moves is back with its first segment after about that time, and has a second.
const BRIDGED_FOR: Duration = Duration::from_secs(4);
const LOOK_EVERY: Duration = Duration::from_millis(200);
const HLS: &str = "application/vnd.apple.mpegurl";
const DASH: &str = "application/dash+xml";
