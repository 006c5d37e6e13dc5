//! RTMP chunks to messages and back (Adobe's RTMP 1.0, §5.3 and §5.4), without IO.
//!
//! [`ChunkReader`] takes the bytes of one connection in any division and yields whole messages. Every chunk stream
//! has a buffer of its own, so messages of several streams may interleave at any point. A buffer grows with the bytes
//! that have come, never to a length that was only announced. The two control messages that change how the following
//! bytes read, Set Chunk Size and Abort, are obeyed here and not yielded.
//!
//! [`ChunkWriter`] writes the few small messages that a server sends; media goes out through `egress/rtmp`.

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// Message type ids (RTMP 1.0 §5.4, §7.1).
pub mod message_type {
    pub const SET_CHUNK_SIZE: u8 = 1;
    pub const ABORT: u8 = 2;
    pub const ACKNOWLEDGEMENT: u8 = 3;
    pub const USER_CONTROL: u8 = 4;
    pub const WINDOW_ACKNOWLEDGEMENT_SIZE: u8 = 5;
    pub const SET_PEER_BANDWIDTH: u8 = 6;
    pub const AUDIO: u8 = 8;
    pub const VIDEO: u8 = 9;
    /// "AMF3" data and commands are AMF0 behind one zero byte in every encoder that sends them.
    pub const DATA_AMF3: u8 = 15;
    pub const COMMAND_AMF3: u8 = 17;
    pub const DATA_AMF0: u8 = 18;
    pub const COMMAND_AMF0: u8 = 20;
}

/// What one connection may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkLimits {
    /// Longest message.
    pub max_message_bytes: usize,
    /// All unfinished messages of a connection together.
    pub max_buffered_bytes: usize,
    /// Largest chunk that a peer may announce. Encoders use 128 to 65 536.
    pub max_chunk_bytes: usize,
    /// Chunk streams of a connection; encoders use about five.
    pub max_chunk_streams: usize,
}

impl Default for ChunkLimits {
    fn default() -> Self {
        Self { max_message_bytes: 4 << 20, max_buffered_bytes: 8 << 20, max_chunk_bytes: 65_536, max_chunk_streams: 16 }
    }
}

/// One whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub type_id: u8,
    /// 0 for the connection itself.
    pub stream_id: u32,
    /// Milliseconds modulo 2^32.
    pub timestamp: u32,
    /// In an allocation of its own, so that keeping it keeps nothing else.
    pub payload: Bytes,
}

/// Why the bytes are no RTMP that we read. The connection cannot go on after any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    #[error("a message of {0} bytes is longer than allowed")]
    MessageTooLong(usize),
    #[error("the unfinished messages together are larger than allowed")]
    TooMuchBuffered,
    #[error("too many chunk streams")]
    TooManyChunkStreams,
    #[error("a chunk size of {0} is not allowed")]
    ChunkSize(u32),
    #[error("a chunk refers to a header that was never sent")]
    NoPreviousHeader,
    #[error("a new message begins inside an unfinished one")]
    HeaderInsideMessage,
    #[error("a protocol control message has the wrong length")]
    ControlLength,
}

/// Reads the chunks of one connection.
#[derive(Debug)]
pub struct ChunkReader {
    limits: ChunkLimits,
    chunk_size: usize,
    streams: Vec<ChunkStream>,
    buffered: usize,
    position: Position,
}

#[derive(Debug, Clone, Copy)]
enum Position {
    Header,
    /// Inside the payload of a chunk of `streams[stream]`, `left` bytes before its end.
    Payload {
        stream: usize,
        left: usize,
    },
}

/// What later chunks of the same stream may leave out.
#[derive(Debug)]
struct ChunkStream {
    id: u32,
    timestamp: u32,
    /// The newest timestamp field: a type 3 header that begins a message adds it again (§5.3.1.2.4).
    delta: u32,
    /// The newest timestamp field was extended, so type 3 headers may repeat it.
    extended: bool,
    type_id: u8,
    message_stream: u32,
    length: usize,
    /// `None` between messages.
    partial: Option<Vec<u8>>,
}

impl ChunkReader {
    pub fn new(limits: ChunkLimits) -> Self {
        Self { limits, chunk_size: INITIAL_CHUNK_BYTES, streams: Vec::new(), buffered: 0, position: Position::Header }
    }

    /// Holds for messages that begin from now on.
    pub fn set_limits(&mut self, limits: ChunkLimits) {
        self.limits = limits;
    }

    /// Bytes of unfinished messages now.
    pub fn buffered_bytes(&self) -> usize {
        self.buffered
    }

    /// Takes what it can use from the front of `input` and yields the next message; `None` when it needs more bytes.
    /// What it leaves in `input` is at most an unfinished header.
    ///
    /// # Errors
    /// [`ChunkError`]; the bytes that follow cannot be read then.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, ChunkError> {
        loop {
            let finished = match self.position {
                Position::Header => match self.read_header(input)? {
                    None => return Ok(None),
                    Some(finished) => finished,
                },
                Position::Payload { .. } if input.is_empty() => return Ok(None),
                Position::Payload { stream, left } => self.read_payload(input, stream, left)?,
            };
            if let Some(message) = finished
                && let Some(message) = self.obey(message)?
            {
                return Ok(Some(message));
            }
        }
    }

    /// Reads one chunk header. The outer `None` asks for more bytes; the inner value is a message without payload.
    fn read_header(&mut self, input: &mut BytesMut) -> Result<Option<Option<Message>>, ChunkError> {
        let Some(header) = ChunkHeader::read(input) else { return Ok(None) };
        let index = match self.streams.iter().position(|stream| stream.id == header.chunk_stream) {
            Some(index) => index,
            None => self.open_chunk_stream(&header)?,
        };
        let limits = self.limits;
        let Some(stream) = self.streams.get_mut(index) else { return Err(ChunkError::NoPreviousHeader) };
        let mut used = header.bytes;

        if let Some(fields) = &header.fields {
            if stream.partial.is_some() {
                return Err(ChunkError::HeaderInsideMessage);
            }
            stream.delta = fields.timestamp;
            stream.extended = fields.extended;
            if let Some((length, type_id)) = fields.length_and_type {
                if length > limits.max_message_bytes {
                    return Err(ChunkError::MessageTooLong(length));
                }
                stream.length = length;
                stream.type_id = type_id;
            }
            if let Some(message_stream) = fields.message_stream {
                stream.message_stream = message_stream;
                stream.timestamp = 0;
            }
        } else if stream.extended {
            // §5.3.1.3 has type 3 chunks repeat the extended timestamp, yet some encoders leave it out. Four bytes
            // that equal it are taken for the repetition.
            let rest = input.get(used..).unwrap_or_default();
            let expected = stream.delta.to_be_bytes();
            let seen = rest.len().min(expected.len());
            if rest.get(..seen) == expected.get(..seen) {
                if seen < expected.len() {
                    return Ok(None);
                }
                used += expected.len();
            }
        }
        if stream.partial.is_none() {
            // A type 2 or 3 header keeps the length, which a limit set since may forbid.
            if stream.length > limits.max_message_bytes {
                return Err(ChunkError::MessageTooLong(stream.length));
            }
            stream.timestamp = stream.timestamp.wrapping_add(stream.delta);
            stream.partial = Some(Vec::new());
        }
        input.advance(used);

        let have = stream.partial.as_ref().map_or(0, Vec::len);
        let left = stream.length.saturating_sub(have).min(self.chunk_size);
        if left == 0 {
            return Ok(Some(self.finish(index)));
        }
        self.position = Position::Payload { stream: index, left };
        Ok(Some(None))
    }

    fn open_chunk_stream(&mut self, header: &ChunkHeader) -> Result<usize, ChunkError> {
        // A type 1 header may come first: librtmp pings so. It lacks the message stream only, which is 0 then.
        if header.fields.as_ref().is_none_or(|fields| fields.length_and_type.is_none()) {
            return Err(ChunkError::NoPreviousHeader);
        }
        if self.streams.len() >= self.limits.max_chunk_streams {
            return Err(ChunkError::TooManyChunkStreams);
        }
        self.streams.push(ChunkStream {
            id: header.chunk_stream,
            timestamp: 0,
            delta: 0,
            extended: false,
            type_id: 0,
            message_stream: 0,
            length: 0,
            partial: None,
        });
        Ok(self.streams.len() - 1)
    }

    fn read_payload(&mut self, input: &mut BytesMut, index: usize, left: usize) -> Result<Option<Message>, ChunkError> {
        let take = left.min(input.len());
        if self.buffered + take > self.limits.max_buffered_bytes {
            return Err(ChunkError::TooMuchBuffered);
        }
        let Some(stream) = self.streams.get_mut(index) else { return Err(ChunkError::NoPreviousHeader) };
        let partial = stream.partial.get_or_insert_default();
        grow(partial, take, stream.length);
        partial.extend_from_slice(input.get(..take).unwrap_or_default());
        input.advance(take);
        self.buffered += take;

        let complete = partial.len() >= stream.length;
        if take < left {
            self.position = Position::Payload { stream: index, left: left - take };
            return Ok(None);
        }
        self.position = Position::Header;
        Ok(if complete { self.finish(index) } else { None })
    }

    /// Takes the whole message out of its chunk stream.
    fn finish(&mut self, index: usize) -> Option<Message> {
        self.position = Position::Header;
        let stream = self.streams.get_mut(index)?;
        let payload = stream.partial.take()?;
        self.buffered -= payload.len();
        Some(Message {
            type_id: stream.type_id,
            stream_id: stream.message_stream,
            timestamp: stream.timestamp,
            payload: payload.into(),
        })
    }

    /// Applies the control messages that concern chunks; passes on all others.
    fn obey(&mut self, message: Message) -> Result<Option<Message>, ChunkError> {
        let argument = || match message.payload.first_chunk() {
            Some(bytes) => Ok(u32::from_be_bytes(*bytes)),
            None => Err(ChunkError::ControlLength),
        };
        match message.type_id {
            message_type::SET_CHUNK_SIZE => {
                let size = argument()?;
                self.chunk_size = usize::try_from(size)
                    .ok()
                    .filter(|size| (1..=self.limits.max_chunk_bytes).contains(size))
                    .ok_or(ChunkError::ChunkSize(size))?;
                Ok(None)
            }
            message_type::ABORT => {
                let chunk_stream = argument()?;
                if let Some(stream) = self.streams.iter_mut().find(|stream| stream.id == chunk_stream) {
                    self.buffered -= stream.partial.take().map_or(0, |partial| partial.len());
                }
                Ok(None)
            }
            _ => Ok(Some(message)),
        }
    }
}

/// The chunk size of both directions until a Set Chunk Size (§5.4.1).
const INITIAL_CHUNK_BYTES: usize = 128;

/// The timestamp field that says "extended" (§5.3.1.3).
const EXTENDED: u32 = 0x00FF_FFFF;

/// The first allocation of a longer message.
const FIRST_ALLOCATION_BYTES: usize = 1_024;

/// Makes room for `more` bytes of a message of `length` bytes: twice what is there, but never more than the message
/// needs, so that a finished message has no slack and an unfinished one at most its own size.
fn grow(partial: &mut Vec<u8>, more: usize, length: usize) {
    if partial.capacity() - partial.len() < more {
        let missing = length.saturating_sub(partial.len());
        partial.reserve_exact(more.max(partial.len()).max(FIRST_ALLOCATION_BYTES).min(missing).max(more));
    }
}

/// The basic and message header of one chunk, not yet applied.
struct ChunkHeader {
    chunk_stream: u32,
    /// `None` for type 3.
    fields: Option<HeaderFields>,
    bytes: usize,
}

struct HeaderFields {
    timestamp: u32,
    extended: bool,
    /// Types 0 and 1.
    length_and_type: Option<(usize, u8)>,
    /// Type 0.
    message_stream: Option<u32>,
}

impl ChunkHeader {
    /// `None` when bytes are missing.
    fn read(input: &[u8]) -> Option<Self> {
        let mut rest = input;
        let first = rest.try_get_u8().ok()?;
        let chunk_stream = match first & 0x3F {
            0 => 64 + u32::from(rest.try_get_u8().ok()?),
            1 => 64 + u32::from(rest.try_get_u16_le().ok()?),
            id => u32::from(id),
        };
        let format = first >> 6;
        let mut fields = None;
        if format < 3 {
            let mut timestamp = read_u24(&mut rest)?;
            let length_and_type = match format {
                0 | 1 => Some((usize::try_from(read_u24(&mut rest)?).ok()?, rest.try_get_u8().ok()?)),
                _ => None,
            };
            let message_stream = match format {
                0 => Some(rest.try_get_u32_le().ok()?),
                _ => None,
            };
            let extended = timestamp == EXTENDED;
            if extended {
                timestamp = rest.try_get_u32().ok()?;
            }
            fields = Some(HeaderFields { timestamp, extended, length_and_type, message_stream });
        }
        Some(Self { chunk_stream, fields, bytes: input.len() - rest.len() })
    }
}

fn read_u24(bytes: &mut &[u8]) -> Option<u32> {
    let (value, rest) = bytes.split_first_chunk::<3>()?;
    *bytes = rest;
    Some(u32::from_be_bytes([0, value[0], value[1], value[2]]))
}

/// Writes messages as chunks, each with a full header and timestamp 0: a peer is sent a dozen in all.
#[derive(Debug, Clone, Copy)]
pub struct ChunkWriter {
    chunk_size: usize,
}

impl ChunkWriter {
    pub const fn new() -> Self {
        Self::of_size(INITIAL_CHUNK_BYTES)
    }

    /// For a connection on which this chunk size, at least 1, has been announced.
    pub const fn of_size(chunk_size: usize) -> Self {
        Self { chunk_size }
    }

    /// Announces and uses another chunk size.
    pub fn set_chunk_size(&mut self, size: u32, out: &mut BytesMut) {
        self.write(out, CONTROL_CHUNK_STREAM, message_type::SET_CHUNK_SIZE, 0, &size.to_be_bytes());
        self.chunk_size = usize::try_from(size).unwrap_or(INITIAL_CHUNK_BYTES).max(1);
    }

    /// `chunk_stream` lies in 2..=63; `payload` is below 16 MiB.
    pub fn write(&self, out: &mut BytesMut, chunk_stream: u8, type_id: u8, message_stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
        out.reserve(12 + payload.len() + payload.len() / self.chunk_size);
        out.put_u8(chunk_stream);
        out.put_slice(&[0, 0, 0]);
        out.put_slice(&length[1..]);
        out.put_u8(type_id);
        out.put_u32_le(message_stream);
        for (index, chunk) in payload.chunks(self.chunk_size).enumerate() {
            if index > 0 {
                out.put_u8(0xC0 | chunk_stream);
            }
            out.put_slice(chunk);
        }
    }
}

impl Default for ChunkWriter {
    fn default() -> Self {
        Self::new()
    }
}

/// The chunk stream of protocol control messages (§5.4).
pub const CONTROL_CHUNK_STREAM: u8 = 2;

#[cfg(test)]
mod tests;
