//! The server's side of one RTMP session behind the handshake, without IO: bytes in, events out, answers in a buffer.
//!
//! ```text
//! connect ──► connected ── publish ──► deciding ── accept ──► publishing ── deleteStream, FCUnpublish ──► connected
//!                    └────── play ──────┘  │  └─── accept ──► playing ───── deleteStream, closeStream ──┘
//!                                          └────── refuse ──► ended
//! ```
//!
//! The session answers a player's commands; the media itself it does not see (`egress/rtmp`). While a decision is due nothing more is read: what a hasty encoder sends meanwhile waits in its socket. Commands in
//! a wrong order end the session; commands that nobody needs are let pass.

use bytes::{Bytes, BytesMut};

use super::address::StreamAddress;
use super::chunk::{CONTROL_CHUNK_STREAM, ChunkError, ChunkLimits, ChunkReader, ChunkWriter, Message, message_type};
use super::command::{self, Call, Command, CommandError, Connect, Level, Metadata, user_control};
use crate::media::TrackKind;

/// What one session may make us hold, before and after the gate has said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// A stranger's, and a player's. Commands are below a kilobyte; a long token may make it a few.
    pub before_publish: ChunkLimits,
    pub publishing: ChunkLimits,
    /// Message streams that are open at a time. Encoders use one.
    pub max_streams: usize,
}

impl Default for SessionLimits {
    fn default() -> Self {
        let publishing = ChunkLimits::default();
        Self {
            before_publish: ChunkLimits { max_message_bytes: 65_536, max_buffered_bytes: 98_304, ..publishing },
            publishing,
            max_streams: 8,
        }
    }
}

/// What the other side wants, or sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Answer with [`ServerSession::accept`] or [`ServerSession::refuse`]; nothing else comes before.
    PublishRequested(PublishRequest),
    /// Answer with [`ServerSession::accept`] or [`ServerSession::refuse`]; nothing else comes before.
    PlayRequested(StreamAddress),
    Audio {
        /// Milliseconds modulo 2^32.
        timestamp: u32,
        body: Bytes,
    },
    Video {
        timestamp: u32,
        body: Bytes,
    },
    Metadata(Metadata),
    /// The player wants no media until it says otherwise, or wants it again.
    Pause {
        paused: bool,
    },
    /// The player wants one kind of media, or does not.
    Receive {
        kind: TrackKind,
        wanted: bool,
    },
    /// The publisher took its stream off the air, or the player has seen enough. Either may begin again.
    Finished,
}

#[derive(Debug, Clone, PartialEq)]
pub struct PublishRequest {
    pub address: StreamAddress,
    /// `live`, `record` or `append`; `None` when the encoder did not say.
    pub mode: Option<String>,
}

/// Why a session cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    #[error(transparent)]
    Chunk(#[from] ChunkError),
    #[error(transparent)]
    Command(#[from] CommandError),
    #[error("{0} came out of order")]
    OutOfOrder(&'static str),
    #[error("too many message streams are open")]
    TooManyStreams,
}

/// One session.
#[derive(Debug)]
pub struct ServerSession {
    limits: SessionLimits,
    reader: ChunkReader,
    writer: ChunkWriter,
    out: BytesMut,
    state: State,
    connect: Option<Connect>,
    /// Ids of open message streams.
    streams: Vec<u32>,
    next_stream: u32,
    has_published: bool,
    acknowledgement: Acknowledgement,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before `connect`, and between publications.
    Idle,
    Deciding {
        stream: u32,
        wish: Wish,
    },
    Publishing {
        stream: u32,
    },
    Playing {
        stream: u32,
    },
    /// The peer broke the protocol. Nothing more is read; it may still be told.
    Broken {
        stream: u32,
    },
    Ended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Publish,
    Play,
}

impl State {
    /// The message stream that answers go to; 0 is the connection.
    const fn stream(self) -> u32 {
        match self {
            Self::Deciding { stream, .. }
            | Self::Publishing { stream }
            | Self::Playing { stream }
            | Self::Broken { stream } => stream,
            Self::Idle | Self::Ended => 0,
        }
    }
}

impl ServerSession {
    pub fn new(limits: SessionLimits) -> Self {
        Self {
            limits,
            reader: ChunkReader::new(limits.before_publish),
            writer: ChunkWriter::new(),
            out: BytesMut::new(),
            state: State::Idle,
            connect: None,
            streams: Vec::new(),
            next_stream: 1,
            has_published: false,
            acknowledgement: Acknowledgement::new(),
        }
    }

    /// `flashVer` of `connect`.
    pub fn user_agent(&self) -> Option<&str> {
        self.connect.as_ref()?.flash_version.as_deref()
    }

    /// True when the peer said in `connect` that it takes a codec beside those that all take (Enhanced RTMP,
    /// `fourCcList`).
    pub fn takes(&self, four_cc: [u8; 4]) -> bool {
        let offers = self.connect.as_ref().map(|connect| &connect.four_ccs[..]).unwrap_or_default();
        offers.iter().any(|offer| offer.as_bytes() == four_cc || offer == "*")
    }

    /// Bytes to send, since the last call: answers, and at most one acknowledgement of what has come in.
    pub fn take_output(&mut self) -> BytesMut {
        if self.state != State::Ended
            && let Some(total) = self.acknowledgement.due()
        {
            self.control(message_type::ACKNOWLEDGEMENT, &total.to_be_bytes());
        }
        self.out.split()
    }

    /// Takes what it can use from the front of `input` and yields the next event; `None` when it needs more bytes, a
    /// decision is due, or the session has ended.
    ///
    /// # Errors
    /// [`SessionError`] when the peer breaks the protocol; the session has ended then.
    pub fn next_event(&mut self, input: &mut BytesMut) -> Result<Option<Event>, SessionError> {
        let result = self.read_event(input);
        if result.is_err() {
            self.state = State::Broken { stream: self.state.stream() };
        }
        result
    }

    /// The gate said yes.
    pub fn accept(&mut self) {
        let State::Deciding { stream, wish } = self.state else { return };
        match wish {
            Wish::Publish => {
                self.state = State::Publishing { stream };
                self.has_published = true;
                self.reader.set_limits(self.limits.publishing);
                const CODE: &str = "NetStream.Publish.Start";
                self.command(0, &command::event("onFCPublish", Level::Status, CODE, "Publishing."));
                self.status(stream, CODE, "Publishing.");
            }
            Wish::Play => {
                self.state = State::Playing { stream };
                self.writer.set_chunk_size(PLAYER_CHUNK_BYTES, &mut self.out);
                self.control(message_type::USER_CONTROL, &user_control::of_stream(user_control::STREAM_BEGIN, stream));
                self.status(stream, "NetStream.Play.Reset", "Playing and resetting.");
                self.status(stream, "NetStream.Play.Start", "Started playing.");
                let access = command::sample_access();
                self.writer.write(&mut self.out, COMMAND_CHUNK_STREAM, message_type::DATA_AMF0, stream, &access);
            }
        }
    }

    /// The message stream that is being played.
    pub fn playing(&self) -> Option<u32> {
        match self.state {
            State::Playing { stream } => Some(stream),
            _ => None,
        }
    }

    /// Tells the player that what it plays is over, and ends the session.
    pub fn end_of_stream(&mut self) {
        let State::Playing { stream } = self.state else { return };
        self.control(message_type::USER_CONTROL, &user_control::of_stream(user_control::STREAM_EOF, stream));
        self.status(stream, "NetStream.Play.UnpublishNotify", "The stream has ended.");
        self.status(stream, PLAY_STOPPED, "Stopped playing.");
        self.state = State::Ended;
    }

    /// Tells the peer why it may not start, or not go on, and ends the session.
    pub fn refuse(&mut self, code: &str, description: &str) {
        if self.state == State::Ended {
            return;
        }
        self.command(self.state.stream(), &command::on_status(Level::Error, code, description));
        self.state = State::Ended;
    }

    fn read_event(&mut self, input: &mut BytesMut) -> Result<Option<Event>, SessionError> {
        loop {
            if matches!(self.state, State::Deciding { .. } | State::Broken { .. } | State::Ended) {
                return Ok(None);
            }
            let before = input.len();
            let message = self.reader.next(input)?;
            self.acknowledgement.count(before - input.len());
            let Some(message) = message else { return Ok(None) };
            if let Some(event) = self.handle(message)? {
                return Ok(Some(event));
            }
        }
    }

    fn handle(&mut self, message: Message) -> Result<Option<Event>, SessionError> {
        match message.type_id {
            message_type::AUDIO | message_type::VIDEO => self.media(message),
            message_type::COMMAND_AMF0 | message_type::COMMAND_AMF3 => self.call(&message),
            message_type::DATA_AMF0 | message_type::DATA_AMF3 if self.is_publishing(message.stream_id) => {
                Ok(Metadata::read(&message.payload).map(Event::Metadata))
            }
            message_type::WINDOW_ACKNOWLEDGEMENT_SIZE => {
                if let Some(window) = message.payload.first_chunk() {
                    self.acknowledgement.set_window(u32::from_be_bytes(*window));
                }
                Ok(None)
            }
            message_type::USER_CONTROL => {
                if let Some(pong) = user_control::pong(&message.payload) {
                    self.control(message_type::USER_CONTROL, &pong);
                }
                Ok(None)
            }
            // Acknowledgements and bandwidth of the peer, shared objects, aggregates: nothing here depends on them.
            _ => Ok(None),
        }
    }

    fn media(&mut self, message: Message) -> Result<Option<Event>, SessionError> {
        if !self.is_publishing(message.stream_id) {
            // The rest of a stream that was just taken off the air is still under way.
            return if self.has_published { Ok(None) } else { Err(SessionError::OutOfOrder("media")) };
        }
        let Message { type_id, timestamp, payload: body, .. } = message;
        Ok(Some(match type_id {
            message_type::AUDIO => Event::Audio { timestamp, body },
            _ => Event::Video { timestamp, body },
        }))
    }

    fn call(&mut self, message: &Message) -> Result<Option<Event>, SessionError> {
        let Call { transaction, command } = Call::read(&message.payload)?;
        if let Command::Connect(connect) = command {
            return self.connect(transaction, connect).map(|()| None);
        }
        if self.connect.is_none() {
            return Err(SessionError::OutOfOrder("a command before connect"));
        }
        match command {
            Command::Publish { key, mode } => return self.publish(message.stream_id, &key, mode),
            Command::Play { key } => return self.play(message.stream_id, &key),
            Command::CreateStream => self.create_stream(transaction)?,
            Command::DeleteStream { stream } => return Ok(self.delete_stream(stream)),
            Command::CloseStream if self.is_active(message.stream_id) => return Ok(Some(self.finish())),
            Command::Pause { paused } if self.is_playing(message.stream_id) => {
                let (code, text) = match paused {
                    true => ("NetStream.Pause.Notify", "Paused."),
                    false => ("NetStream.Unpause.Notify", "Playing on."),
                };
                self.status(message.stream_id, code, text);
                return Ok(Some(Event::Pause { paused }));
            }
            // A live stream has one place only; a player that waits for the answer goes on there.
            Command::Seek if self.is_playing(message.stream_id) => {
                self.status(message.stream_id, "NetStream.Seek.Notify", "Playing live.");
            }
            Command::ReceiveAudio { wanted } if self.is_playing(message.stream_id) => {
                return Ok(Some(Event::Receive { kind: TrackKind::Audio, wanted }));
            }
            Command::ReceiveVideo { wanted } if self.is_playing(message.stream_id) => {
                return Ok(Some(Event::Receive { kind: TrackKind::Video, wanted }));
            }
            Command::FcSubscribe => {
                self.answer(transaction, None);
                let event = command::event("onFCSubscribe", Level::Status, "NetStream.Play.Start", "Subscribed.");
                self.command(0, &event);
            }
            Command::FcUnpublish => {
                self.answer(transaction, None);
                if let State::Publishing { .. } = self.state {
                    let event = command::event("onFCUnpublish", Level::Status, UNPUBLISHED, "Unpublished.");
                    self.command(0, &event);
                    return Ok(Some(self.finish()));
                }
            }
            Command::GetStreamLength => self.answer(transaction, Some(0.0)),
            Command::ReleaseStream | Command::FcPublish | Command::CheckBandwidth => self.answer(transaction, None),
            Command::Connect(_)
            | Command::CloseStream
            | Command::Pause { .. }
            | Command::Seek
            | Command::ReceiveAudio { .. }
            | Command::ReceiveVideo { .. }
            | Command::Other => {}
        }
        Ok(None)
    }

    fn connect(&mut self, transaction: f64, connect: Connect) -> Result<(), SessionError> {
        if self.connect.is_some() {
            return Err(SessionError::OutOfOrder("a second connect"));
        }
        self.control(message_type::WINDOW_ACKNOWLEDGEMENT_SIZE, &WINDOW_BYTES.to_be_bytes());
        let mut bandwidth = WINDOW_BYTES.to_be_bytes().to_vec();
        bandwidth.push(LIMIT_DYNAMIC);
        self.control(message_type::SET_PEER_BANDWIDTH, &bandwidth);
        self.writer.set_chunk_size(OUTGOING_CHUNK_BYTES, &mut self.out);
        self.command(0, &command::connect_result(transaction, &connect));
        self.connect = Some(connect);
        Ok(())
    }

    fn create_stream(&mut self, transaction: f64) -> Result<(), SessionError> {
        if self.streams.len() >= self.limits.max_streams {
            return Err(SessionError::TooManyStreams);
        }
        let stream = self.next_stream;
        self.next_stream = self.next_stream.wrapping_add(1);
        self.streams.push(stream);
        self.answer(transaction, Some(f64::from(stream)));
        Ok(())
    }

    fn delete_stream(&mut self, stream: f64) -> Option<Event> {
        let index = self.streams.iter().position(|&open| f64::from(open) == stream)?;
        let stream = self.streams.swap_remove(index);
        self.is_active(stream).then(|| self.finish())
    }

    fn publish(&mut self, stream: u32, key: &str, mode: Option<String>) -> Result<Option<Event>, SessionError> {
        let address = self.address(stream, key, "publish")?;
        self.state = State::Deciding { stream, wish: Wish::Publish };
        Ok(Some(Event::PublishRequested(PublishRequest { address, mode })))
    }

    fn play(&mut self, stream: u32, key: &str) -> Result<Option<Event>, SessionError> {
        let address = self.address(stream, key, "play")?;
        self.state = State::Deciding { stream, wish: Wish::Play };
        Ok(Some(Event::PlayRequested(address)))
    }

    /// One publication or player at a time, on a stream that was created.
    fn address(&self, stream: u32, key: &str, command: &'static str) -> Result<StreamAddress, SessionError> {
        match &self.connect {
            Some(connect) if self.state == State::Idle && self.streams.contains(&stream) => {
                Ok(StreamAddress::read(&connect.app, &connect.tc_url, key))
            }
            _ => Err(SessionError::OutOfOrder(command)),
        }
    }

    fn is_publishing(&self, stream: u32) -> bool {
        self.state == State::Publishing { stream }
    }

    fn is_playing(&self, stream: u32) -> bool {
        self.state == State::Playing { stream }
    }

    fn is_active(&self, stream: u32) -> bool {
        self.is_publishing(stream) || self.is_playing(stream)
    }

    fn finish(&mut self) -> Event {
        match self.state {
            State::Publishing { stream } => self.status(stream, UNPUBLISHED, "Unpublished."),
            State::Playing { stream } => self.status(stream, PLAY_STOPPED, "Stopped playing."),
            _ => {}
        }
        self.state = State::Idle;
        Event::Finished
    }

    /// Answers a call, if it asked for an answer.
    fn answer(&mut self, transaction: f64, value: Option<f64>) {
        if transaction != 0.0 {
            self.command(0, &command::result(transaction, value));
        }
    }

    fn status(&mut self, stream: u32, code: &str, description: &str) {
        self.command(stream, &command::on_status(Level::Status, code, description));
    }

    fn command(&mut self, stream: u32, payload: &[u8]) {
        self.writer.write(&mut self.out, COMMAND_CHUNK_STREAM, message_type::COMMAND_AMF0, stream, payload);
    }

    fn control(&mut self, type_id: u8, payload: &[u8]) {
        self.writer.write(&mut self.out, CONTROL_CHUNK_STREAM, type_id, 0, payload);
    }
}

/// Counts what came in, and says when the peer must hear of it (§5.4.3).
#[derive(Debug)]
struct Acknowledgement {
    /// Modulo 2^32, as it is sent.
    received: u32,
    acknowledged: u32,
    window: u32,
}

impl Acknowledgement {
    const fn new() -> Self {
        Self { received: 0, acknowledged: 0, window: WINDOW_BYTES }
    }

    fn set_window(&mut self, window: u32) {
        if window > 0 {
            self.window = window;
        }
    }

    fn count(&mut self, bytes: usize) {
        // A read is far below 4 GiB.
        self.received = self.received.wrapping_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// The total to acknowledge now, if a window has filled since the last one.
    fn due(&mut self) -> Option<u32> {
        if self.received.wrapping_sub(self.acknowledged) < self.window {
            return None;
        }
        self.acknowledged = self.received;
        Some(self.received)
    }
}

/// The window of both directions until the peer announces another (§5.4.4).
const WINDOW_BYTES: u32 = 2_500_000;

/// The limit type of Set Peer Bandwidth (§5.4.5) that leaves an encoder its own.
const LIMIT_DYNAMIC: u8 = 2;

/// Fits every answer of ours into one chunk.
const OUTGOING_CHUNK_BYTES: u32 = 4_096;

/// The chunk size of a player's connection, its media included: most access units fit into one chunk, and every player
/// takes it (SRS has sent it for years).
pub const PLAYER_CHUNK_BYTES: u32 = 60_000;

const COMMAND_CHUNK_STREAM: u8 = 3;

const PLAY_STOPPED: &str = "NetStream.Play.Stop";

const UNPUBLISHED: &str = "NetStream.Unpublish.Success";

#[cfg(test)]
mod tests;
