//! What signaling asks for, once the gate has let somebody in.

use std::time::Duration;

use sluice_contract::UnixTime;
use sluice_contract::message::EndReason;
use tokio::sync::mpsc;

use super::engine::{LocalTransport, Message};
use super::sdp::RemoteDescription;
use super::sdp::plan::{Available, NoCommonCodec, Plan, Wish};
use crate::admission::Admitted;
use crate::relay::Seat;

/// Publishers and viewers over WebRTC.
pub(crate) trait Calls: Send + Sync {
    /// Takes a publisher in. What happens to it is told to `events`; dropping the [`Call`] ends it.
    ///
    /// # Errors
    /// [`CallError`]; the session has ended then.
    fn publish(
        &self,
        admitted: Admitted,
        offer: &RemoteDescription,
        wish: Wish,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<(Call, Described), CallError>;

    /// The formats that the stream before a viewer can be sent in.
    fn available(&self, seat: &Seat) -> Available;

    /// Makes our side of a viewer's connection, which [`play`](Self::play) then opens.
    fn prepare(&self) -> LocalTransport;

    /// Plays to a viewer by what was agreed. [`CallControl::amend`] changes that later.
    ///
    /// # Errors
    /// [`CallError`]; the session has ended then.
    fn play(
        &self,
        admitted: Admitted,
        cast: Cast,
        agreed: Described,
        remote: &RemoteDescription,
        events: mpsc::Sender<CallEvent>,
    ) -> Result<Call, CallError>;
}

/// What a viewer is shown.
pub(crate) struct Cast {
    pub shown: Vec<Shown>,
    /// The tracks come and go, and the viewer stays; otherwise its session ends with its stream.
    pub is_room: bool,
}

/// A stream before a viewer, and the name of the track that it is in descriptions.
pub(crate) struct Shown {
    pub track: String,
    pub seat: Seat,
}

impl Cast {
    /// One stream, under its own name.
    pub fn one(seat: Seat) -> Self {
        let track = seat.stream.key().stream_id.as_str().to_owned();
        Self { shown: vec![Shown { track, seat }], is_room: false }
    }
}

/// Our side of a connection and what was agreed for it: what a description of ours is written from.
#[derive(Debug, Clone)]
pub(crate) struct Described {
    pub local: LocalTransport,
    pub plan: Plan,
}

/// One publisher or viewer. Dropping it ends the session as closed by its peer.
pub(crate) struct Call {
    inner: Box<dyn CallControl>,
}

/// The other side of a [`Call`]. None of these waits.
pub(crate) trait CallControl: Send + Sync {
    /// Sends a message to the peer over its data channel; dropped when it has none.
    fn send(&self, message: Message);
    /// Stops and goes on with sending a kind of media to a viewer: of one track, or of all that it has and will have.
    fn enable(&self, track: Option<&str>, kind: crate::media::TrackKind, enabled: bool);
    /// Sends to a viewer from now on what was agreed anew. `shown` are the tracks of which something is new. Publishers
    /// have no such agreement: of theirs nothing changes.
    fn amend(&self, plan: Plan, shown: Vec<Shown>);
    /// Takes a new ICE side of the peer (RFC 9725 §4.3.3), and gives ours.
    fn restart(&self, remote: &RemoteDescription) -> LocalTransport;
    /// Ends the session for a reason.
    fn end(&self, reason: EndReason);
}

impl Call {
    pub fn new(inner: Box<dyn CallControl>) -> Self {
        Self { inner }
    }

    pub fn control(&self) -> &dyn CallControl {
        &*self.inner
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.inner.end(EndReason::Closed);
    }
}

/// Why a call did not come about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    NoCommonCodec(#[from] NoCommonCodec),
    #[error("somebody else publishes the stream")]
    AlreadyLive,
    #[error("this worker carries as many WebRTC peers as it may")]
    TooManyPeers,
}

/// What happens to a call. The last is always [`Ended`](Self::Ended).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallEvent {
    /// ICE and DTLS are up.
    Connected,
    /// The first media of a publisher arrived.
    MediaFlows,
    /// A block on a viewer began; until then.
    Suspended {
        until: Option<UnixTime>,
    },
    Resumed,
    /// The same for one track of a room.
    TrackSuspended {
        track: String,
        until: Option<UnixTime>,
    },
    TrackResumed {
        track: String,
    },
    /// There is more of a viewer's stream than was agreed on: it began with sound alone, or with pictures alone.
    Grew {
        track: String,
    },
    /// One track of a room is gone, or is not what was agreed on any more.
    TrackEnded {
        track: String,
    },
    /// The peer sent a message over its data channel.
    Message(Message),
    /// Once a second, to viewers: what they are sent and could take, bits per second.
    Bitrate {
        target: u64,
        video: u64,
        audio: u64,
    },
    /// A publisher's path is lost; it may come back for a while.
    Interrupted,
    /// It came back.
    Restored,
    Ended {
        reason: EndReason,
    },
}

/// Without media for so long after it was answered, a publisher is turned out; an application may set another time.
pub(crate) const START_TIMEOUT: Duration = Duration::from_secs(10);
