//! Feeds one player on its socket: from the ring, behind the session's gate, beside the commands that it sends.
//!
//! The gate is read before every single write of media, and nothing of media waits behind it but the rest of a message
//! that has begun: RTMP cannot leave a message unfinished. While a player is blocked no media is written to it; its
//! connection stays, and when the gate opens it goes on at the newest key frame.

use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use sluice_contract::message::EndReason;
use tokio::time::{Instant, sleep_until, timeout_at};
use tracing::debug;

use super::outgoing::Outgoing;
use super::player::Player;
use super::tag;
use crate::StreamKey;
use crate::egress::hold_little;
use crate::hub::{Hub, LiveStream, Reader, ReaderItem};
use crate::ingest::rtmp::connection::{Connection, End};
use crate::ingest::rtmp::session::{Event, ServerSession};
use crate::ingest::rtmp::transport::{Transport, poll_read};
use crate::media::Codec;
use crate::relay::{Reach, Seat};
use crate::session::{Gate, Session};
use crate::transcode::{AudioNeed, HeldStream, Impossible, Need, VideoNeed, variant};

/// Plays the stream of `seat` to an admitted player until one of them ends. `Ok` when the player has seen enough and may ask for
/// another.
///
/// # Errors
/// Why it ended. When [`Connection::is_torn`] says so, nothing more may be written to the connection.
pub(crate) async fn feed<S: Transport>(
    connection: &mut Connection<S>,
    session: &Session,
    seat: Seat,
) -> Result<(), End> {
    let Some(message_stream) = connection.rtmp.playing() else { return Ok(()) };
    let taken = Taken::by(&connection.rtmp, seat.stream.key(), &connection.shared.hub);
    if let Err(error) = hold_little(connection.socket.socket(), seat.stream.bitrate_bps()) {
        debug!(session.id = %session.id(), %error, "a player's socket could not be tuned");
    }
    let mut feed = Feed {
        session,
        player: Player::new(message_stream),
        source: Source::ring(seat, &taken)?,
        taken,
        is_paused: false,
        is_suspended: false,
        is_leaving: false,
        is_unflushed: false,
    };
    let end = feed.run(connection).await;
    connection.is_torn = feed.player.outgoing.is_inside_media() || feed.is_unflushed;
    end
}

struct Feed<'a> {
    session: &'a Session,
    player: Player,
    taken: Taken,
    source: Source,
    /// The player wants nothing for now.
    is_paused: bool,
    /// The player may have nothing for now.
    is_suspended: bool,
    /// The player has seen enough, and is told so behind the message that is under way.
    is_leaving: bool,
    /// Written, but perhaps not handed to the kernel yet.
    is_unflushed: bool,
}

/// Where media comes from.
enum Source {
    /// The place before the stream, and the coding of it that the player takes.
    Ring { reader: Reader, held: HeldStream, need: Need, seat: Seat },
    /// The publisher left, and may come back until then.
    Silent(Instant),
}

/// What woke a feed.
enum Woken {
    Gate,
    Stopping,
    Wrote,
    Read(usize),
    Stalled,
    Merged,
    Item(Option<ReaderItem>),
    Returned(Option<Seat>),
}

impl Feed<'_> {
    async fn run<S: Transport>(&mut self, connection: &mut Connection<S>) -> Result<(), End> {
        let (shutdown, shared) = (connection.shutdown.clone(), Arc::clone(&connection.shared));
        let mut stopping = pin!(shutdown.cancelled());
        let mut gate = pin!(self.session.gate_changed(Gate::Open));
        // Neither is armed while a player keeps up and writes are not merged.
        let (mut stalled, mut merging) = (None, None);
        loop {
            self.follow_gate()?;
            self.hear(&mut connection.rtmp, &mut connection.input)?;
            if merging.is_none() {
                self.fill()?;
            }
            let outgoing = &mut self.player.outgoing;
            if self.is_leaving {
                if outgoing.is_empty() && !self.is_unflushed {
                    return Ok(());
                }
                if self.is_suspended && outgoing.is_inside_media() {
                    // The rest of the message would have to come first.
                    return Err(End::PeerLeft);
                }
            }
            let has_work = self.is_unflushed || !outgoing.is_empty();
            let is_held = merging.is_some() || (self.is_suspended && outgoing.begins_with_media());
            let writes = has_work && !is_held;
            let reads = outgoing.has_room_for_answers() && !self.is_leaving;
            let takes = outgoing.is_empty() || self.is_paused || self.is_suspended;
            if !writes {
                stalled = None;
            } else if stalled.is_none() {
                stalled = Some(Instant::now() + shared.config.stall_timeout);
            }
            let (session, unflushed) = (self.session, &mut self.is_unflushed);
            let (socket, input) = (&mut connection.socket, &mut connection.input);
            let moved = poll_fn(|cx| {
                if writes && let Poll::Ready(written) = poll_write(socket, outgoing, unflushed, session, cx) {
                    return Poll::Ready(written.map(|()| Woken::Wrote));
                }
                if reads {
                    return poll_read(socket, input, READ_BYTES, cx).map_ok(Woken::Read);
                }
                Poll::Pending
            });
            let woken = tokio::select! {
                biased;
                _ = &mut gate => Woken::Gate,
                () = &mut stopping => Woken::Stopping,
                moved = moved => moved?,
                () = until(stalled) => Woken::Stalled,
                () = until(merging) => Woken::Merged,
                woken = self.source.next(&shared.reach, session, takes) => woken,
            };
            match woken {
                Woken::Gate => {
                    gate.set(self.session.gate_changed(self.session.gate()));
                }
                Woken::Stopping => return Err(End::Closed(EndReason::Shutdown)),
                Woken::Wrote => stalled = None,
                Woken::Read(0) => return Err(End::PeerLeft),
                Woken::Read(_) => {}
                Woken::Stalled => return Err(End::WriteTimedOut),
                Woken::Merged => merging = None,
                Woken::Item(item) => {
                    self.take(item)?;
                    let merge = shared.config.merge;
                    merging = (!merge.is_zero() && self.flows()).then(|| Instant::now() + merge);
                }
                Woken::Returned(Some(seat)) => {
                    self.player.interrupt();
                    self.source = Source::ring(seat, &self.taken)?;
                }
                Woken::Returned(None) => return Err(End::Closed(EndReason::StreamEnded)),
            }
        }
    }

    const fn flows(&self) -> bool {
        !self.is_paused && !self.is_suspended && !self.is_leaving
    }

    fn follow_gate(&mut self) -> Result<(), End> {
        let is_suspended = match self.session.gate() {
            Gate::Open => false,
            Gate::Suspended => true,
            Gate::Closed(reason) => return Err(End::Closed(reason)),
        };
        if self.is_suspended != is_suspended {
            self.is_suspended = is_suspended;
            self.turn();
        }
        Ok(())
    }

    /// Reads the commands that have come.
    fn hear(&mut self, rtmp: &mut ServerSession, input: &mut BytesMut) -> Result<(), End> {
        while !self.is_leaving
            && let Some(event) = rtmp.next_event(input)?
        {
            match event {
                Event::Pause { paused } => {
                    self.is_paused = paused;
                    self.turn();
                }
                Event::Receive { kind, wanted } => self.player.receive(kind, wanted),
                Event::Finished => {
                    self.is_leaving = true;
                    self.player.interrupt();
                }
                // The session yields nothing else while it plays.
                _ => {}
            }
        }
        self.player.outgoing.push_control(rtmp.take_output().freeze());
        Ok(())
    }

    /// Media stops, or begins anew at the newest key frame.
    fn turn(&mut self) {
        self.player.interrupt();
        if self.flows()
            && let Source::Ring { reader, held, .. } = &mut self.source
        {
            *reader = held.stream().subscribe();
        }
    }

    /// Queues what the ring has, as far as there is room.
    fn fill(&mut self) -> Result<(), End> {
        while self.flows() && self.player.outgoing.has_room() {
            let Source::Ring { reader, .. } = &mut self.source else { break };
            let item = reader.try_next();
            if item.is_none() {
                break;
            }
            self.take(item)?;
        }
        Ok(())
    }

    fn take(&mut self, item: Option<ReaderItem>) -> Result<(), End> {
        let Source::Ring { held, .. } = &self.source else { return Ok(()) };
        match item {
            // A track that the player does not take has joined, or has changed to one.
            Some(ReaderItem::Config(config)) if !self.taken.takes(config.codec) => self.turn_source(config.codec)?,
            None => self.source = Source::Silent(Instant::now() + RETURN_TIME),
            Some(ReaderItem::End(EndReason::Blocked | EndReason::Stopped | EndReason::Deleted)) => {
                return Err(End::Closed(EndReason::StreamEnded));
            }
            Some(ReaderItem::End(_)) => self.source = Source::Silent(Instant::now() + RETURN_TIME),
            Some(item) if self.flows() => {
                let missed = self.player.take(item, || held.stream().tracks());
                self.session.count_dropped(missed);
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// Goes over to a coding of the stream that the player takes.
    fn turn_source(&mut self, codec: Codec) -> Result<(), End> {
        let until = Instant::now() + RETURN_TIME;
        let Source::Ring { seat, need, .. } = std::mem::replace(&mut self.source, Source::Silent(until)) else {
            return Ok(());
        };
        if self.taken.need(&seat.stream) == need {
            // The stream has changed again meanwhile, and not to the better.
            return Err(Impossible::Codec(codec).into());
        }
        self.player.interrupt();
        self.source = Source::ring(seat, &self.taken)?;
        Ok(())
    }
}

/// What a player takes, and what may be done for it.
struct Taken {
    /// Codecs beside H.264 and AAC.
    enhanced: Vec<Codec>,
    transcoding_allowed: bool,
}

impl Taken {
    fn by(rtmp: &ServerSession, key: &StreamKey, hub: &Hub) -> Self {
        let enhanced = tag::ENHANCED.iter().copied().filter(|&codec| rtmp.takes(tag::four_cc(codec))).collect();
        Self { enhanced, transcoding_allowed: hub.transcoding_allowed(&key.application) }
    }

    fn takes(&self, codec: Codec) -> bool {
        matches!(codec, Codec::H264 | Codec::Aac) || self.enhanced.contains(&codec)
    }

    /// What is needed of a stream, as far as its tracks are known.
    fn need(&self, stream: &LiveStream) -> Need {
        // Players of HEVC seldom say that they are, and nothing is lost by trying where the other choice is to refuse.
        let goes_as_it_is = |codec| self.takes(codec) || (codec == Codec::Hevc && !self.transcoding_allowed);
        let [video, audio] = stream.codecs().map(|codec| codec.is_none_or(goes_as_it_is));
        Need {
            audio: if audio { AudioNeed::AsIs } else { AudioNeed::Aac },
            video: if video { VideoNeed::AsIs } else { VideoNeed::H264 },
        }
    }
}

impl Source {
    fn ring(seat: Seat, taken: &Taken) -> Result<Self, Impossible> {
        let need = taken.need(&seat.stream);
        let held = variant(&seat.stream, need, taken.transcoding_allowed)?;
        Ok(Self::Ring { reader: held.stream().subscribe(), held, need, seat })
    }

    /// What comes next; nothing of the ring unless `takes`.
    async fn next(&mut self, reach: &Reach, session: &Session, takes: bool) -> Woken {
        match self {
            Self::Ring { reader, .. } if takes => Woken::Item(reader.next().await),
            Self::Ring { .. } => pending().await,
            Self::Silent(until) => Woken::Returned(timeout_at(*until, reach.live(session.key())).await.ok()),
        }
    }
}

/// One write of what waits, or the end of an earlier one. While the gate is not open, nothing of media is among it.
fn poll_write(
    socket: &mut impl Transport,
    outgoing: &mut Outgoing,
    is_unflushed: &mut bool,
    session: &Session,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    let mut space = [IoSlice::new(&[]); SLICES];
    let mut used = outgoing.slices(&mut space, true);
    // The last look before the write.
    let is_open = session.gate() == Gate::Open;
    if !is_open {
        used = outgoing.slices(&mut space, false);
    }
    if used > 0 {
        let written = ready!(Pin::new(&mut *socket).poll_write_vectored(cx, space.get(..used).unwrap_or_default()))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let sent = outgoing.advance(written);
        if sent.video > 0 {
            session.count_video(sent.video);
        }
        if sent.audio > 0 {
            session.count_audio(sent.audio);
        }
        *is_unflushed = true;
    }
    if *is_unflushed && (is_open || !outgoing.is_inside_media()) {
        match Pin::new(socket).poll_flush(cx) {
            Poll::Ready(flushed) => {
                flushed?;
                *is_unflushed = false;
            }
            Poll::Pending if used == 0 => return Poll::Pending,
            // The write itself is progress.
            Poll::Pending => {}
        }
        return Poll::Ready(Ok(()));
    }
    if used > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// How long players wait for a publisher that lost its connection: encoders try again within two or three seconds.
const RETURN_TIME: std::time::Duration = std::time::Duration::from_secs(5);

/// Commands are short.
const READ_BYTES: usize = 512;

/// Slices of one write: about thirty access units.
const SLICES: usize = 64;
