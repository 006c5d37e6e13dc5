//! Who is let in: the same for a WebSocket's `play` and a WHEP offer.

use std::sync::Arc;
use std::time::Duration;

use sluice_contract::policy::TokenUse;
use sluice_contract::{DenyReason, Intent, StreamId};
use tokio::time::{Instant, sleep};

use super::Signaling;
use super::rooms::{Room, TooManyRooms};
use crate::StreamKey;
use crate::admission::{Admitted, Ask};
use crate::media::Codec;
use crate::relay::Seat;
use crate::webrtc::sdp::plan::{Available, NoCommonCodec};

/// Why a viewer has no place.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum NoEntry {
    /// The gate's word.
    Denied(DenyReason),
    /// It may watch, but the stream is not live.
    NotLive,
    /// It may watch, but not what there is: there is no common format. The words are for the viewer.
    Unsuitable(String),
    /// Its pictures cannot be sent to anybody, and sound without them is not what was asked for. Players that have another
    /// technology go on to it.
    Unsendable,
    /// Too many rooms are watched here.
    Crowded,
}

impl From<DenyReason> for NoEntry {
    fn from(reason: DenyReason) -> Self {
        Self::Denied(reason)
    }
}

/// What a viewer was let in to.
pub(super) enum Entry {
    Stream(Seat, Available),
    /// Its members, and `main` when the room is a stream itself.
    Room {
        room: Arc<Room>,
        main: Option<StreamId>,
    },
}

impl Signaling {
    /// Asks the gate for a viewer, then finds the stream: whoever is not let in does not learn what is live. What could
    /// be spent is spent only if the stream is there and can be sent in a format that `suits`.
    pub(super) async fn admit_viewer(
        &self,
        ask: Ask,
        suits: impl Fn(&Available) -> bool + Send + Sync,
    ) -> Result<(Admitted, Seat, Available), NoEntry> {
        let is_here = self.is_here(&ask, &suits);
        let find = async |key: &StreamKey| {
            let seat = self.reach.fetch(key).await.ok_or(NoEntry::NotLive)?;
            self.suitable(seat, &suits).await
        };
        let (admitted, (seat, available)) = self.admit_to(ask, is_here, find).await?;
        Ok((admitted, seat, available))
    }

    /// The same for a viewer of a stream or of a room. Whether it is a room is asked for what is not live itself, and where
    /// the viewer speaks of tracks: `asks_for_tracks`.
    pub(super) async fn admit_audience(
        &self,
        ask: Ask,
        asks_for_tracks: bool,
        suits: impl Fn(&Available) -> bool + Send + Sync,
    ) -> Result<(Admitted, Entry), NoEntry> {
        let viewer = ask.peer.address;
        let names_room = ask.credentials.room_id.as_deref() == Some(ask.stream_id.as_str());
        let is_here = self.is_here(&ask, &suits);
        let find = async |key: &StreamKey| {
            let seat = self.reach.fetch(key).await;
            let seat = match seat {
                Some(seat) if !(names_room || asks_for_tracks) => {
                    let (seat, available) = self.suitable(seat, &suits).await?;
                    return Ok(Entry::Stream(seat, available));
                }
                seat => seat,
            };
            // Whoever names a room waits in it for others.
            let waits = names_room && seat.is_none();
            let room = self.state.rooms.watch(&self.link, self.worker, key, waits.then_some(viewer)).await;
            let room = room.map_err(|TooManyRooms| NoEntry::Crowded)?;
            match (seat, room.filter(|room| waits || !room.members().is_empty())) {
                (Some(seat), None) => {
                    let (seat, available) = self.suitable(seat, &suits).await?;
                    Ok(Entry::Stream(seat, available))
                }
                (None, None) => Err(NoEntry::NotLive),
                (seat, Some(room)) => Ok(Entry::Room { room, main: seat.map(|_| key.stream_id.clone()) }),
            }
        };
        self.admit_to(ask, is_here, find).await
    }

    fn is_here(&self, ask: &Ask, suits: impl Fn(&Available) -> bool) -> bool {
        let seat = key_of(ask).and_then(|key| self.reach.seat(&key));
        seat.is_some_and(|seat| {
            let available = self.calls.available(&seat);
            !available.lacks_pictures && suits(&available)
        })
    }

    async fn suitable(&self, seat: Seat, suits: impl Fn(&Available) -> bool) -> Result<(Seat, Available), NoEntry> {
        let available = self.known(&seat).await;
        if available.lacks_pictures {
            return Err(NoEntry::Unsendable);
        }
        if suits(&available) { Ok((seat, available)) } else { Err(NoEntry::Unsuitable(unsuitable(&available))) }
    }

    /// `is_here`: what is asked for is there, as far as can be told without asking anybody.
    async fn admit_to<T>(
        &self,
        ask: Ask,
        is_here: bool,
        find: impl AsyncFnOnce(&StreamKey) -> Result<T, NoEntry>,
    ) -> Result<(Admitted, T), NoEntry> {
        let intent = if is_here { Intent::Start } else { Intent::Probe };
        let mut admitted = self.admission.admit(Ask { intent, ..ask.clone() }).await?;
        // Looked up again: publishers may have changed while the gate was asked. Nothing is fetched from another worker
        // for a player who was not let in.
        let found = find(admitted.session().key()).await?;
        if admitted.grant().token == TokenUse::Reserved && intent == Intent::Probe {
            // Media follows after all: what was only held is spent.
            drop(admitted);
            admitted = self.admission.admit(Ask { intent: Intent::Start, ..ask }).await?;
        }
        if admitted.grant().token == TokenUse::Reserved {
            return Err(DenyReason::AuthorityUnreachable.into());
        }
        Ok((admitted, found))
    }

    /// The formats of a stream. One that has just gone live is given a moment to say what it consists of: its sound and
    /// its pictures do not begin in the same packet.
    async fn known(&self, seat: &Seat) -> Available {
        let deadline = Instant::now() + TRACKS_WITHIN;
        loop {
            let age_ms = (self.clock)().millis_since(seat.stream.since());
            let is_whole = seat.stream.tracks().iter().all(Option::is_some) || age_ms >= TRACKS_WITHIN_MS;
            if is_whole || !seat.stream.is_live() || Instant::now() >= deadline {
                return self.calls.available(seat);
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

/// The stream that is asked for, if the words name one at all.
pub(super) fn key_of(ask: &Ask) -> Option<StreamKey> {
    Some(StreamKey { application: ask.application.parse().ok()?, stream_id: ask.stream_id.parse().ok()? })
}

/// Which format is lacking, for the viewer and for whoever runs the encoder.
fn unsuitable(available: &Available) -> String {
    let codecs = available.video.iter().map(|format| format.codec()).collect::<Vec<_>>();
    if codecs.is_empty() {
        return NoCommonCodec.to_string();
    }
    let names = codecs.iter().map(|codec| codec.name()).collect::<Vec<_>>().join(" or ");
    let remedy = if codecs.contains(&Codec::H264) { "" } else { UNTAKEN };
    format!("the stream's pictures can be sent as {names}, which this player does not take{remedy}")
}

/// Publishers begin to send all that they send within this time, and browsers their first picture.
const TRACKS_WITHIN: Duration = Duration::from_secs(2);
const TRACKS_WITHIN_MS: i64 = 2_000;
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What to change, for whoever runs the encoder.
pub(super) const UNSENDABLE: &str = "the stream's pictures cannot be sent over WebRTC: let the encoder send H.264 without \
                                     B-frames (bframes=0, or tune zerolatency), or allow transcoding";
const UNTAKEN: &str = ": let the encoder send H.264, or allow transcoding";
