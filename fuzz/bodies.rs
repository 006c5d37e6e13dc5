//! What each fuzz target does with its input. The targets run these under a fuzzer; `worker/tests/seeds.rs` runs them
//! over `seeds/`, so that what was found once stays fixed.

use bytes::{Bytes, BytesMut};
use sluice_contract::{Secret, TicketKey, TicketKeys, UnixTime};
use sluice_worker::ingest::rtmp::amf0::{self, AmfLimits, Writer};
use sluice_worker::ingest::rtmp::chunk::{ChunkError, ChunkLimits, ChunkReader, Message};
use sluice_worker::ingest::rtmp::flv::{Tag, TagReader};
use sluice_worker::ingest::rtmp::session::{Event, ServerSession, SessionLimits};
use sluice_worker::webrtc::untrusted;

/// Chunks, whole and byte by byte: the same messages, within the limits.
pub fn rtmp_chunk(data: &[u8]) {
    let limits = ChunkLimits { max_message_bytes: 65_536, max_buffered_bytes: 98_304, ..ChunkLimits::default() };
    let whole = read_chunks(limits, data, usize::MAX);
    assert_eq!(read_chunks(limits, data, 1), whole, "the division of the input matters");
    assert!(whole.0.iter().all(|message| message.payload.len() <= limits.max_message_bytes));
}

fn read_chunks(limits: ChunkLimits, data: &[u8], step: usize) -> (Vec<Message>, Result<(), ChunkError>) {
    let (mut reader, mut input, mut messages) = (ChunkReader::new(limits), BytesMut::new(), Vec::new());
    for part in data.chunks(step) {
        input.extend_from_slice(part);
        loop {
            match reader.next(&mut input) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
            assert!(reader.buffered_bytes() <= limits.max_buffered_bytes);
        }
    }
    (messages, Ok(()))
}

/// AMF0: what can be read can be written, and then reads the same.
pub fn amf0(data: &[u8]) {
    let Ok(values) = amf0::read_all(data, AmfLimits::default()) else { return };
    let written = values.iter().fold(Writer::new(), Writer::value).finish();
    // Replacing bytes that are not UTF-8 lengthens texts, maybe beyond their limit.
    let limits = AmfLimits { max_string_bytes: usize::MAX, ..AmfLimits::default() };
    let again = amf0::read_all(&written, limits).expect("what was written can be read");
    // Debug, because a NaN does not equal itself.
    assert_eq!(format!("{again:?}"), format!("{values:?}"));
}

/// Audio and video bodies: each message is a byte for its kind, four for its time, two for its length, and its body.
pub fn flv(data: &[u8]) {
    let mut reader = TagReader::new();
    let mut rest = data;
    while let Some(([kind, time @ .., high, low], behind)) = rest.split_first_chunk::<7>() {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(behind.len());
        let (body, next) = behind.split_at(length);
        rest = next;
        let (timestamp, body) = (u32::from_be_bytes(*time), Bytes::copy_from_slice(body));
        let tag = if kind & 1 == 0 { reader.video(timestamp, body) } else { reader.audio(timestamp, body) };
        if let Ok(Tag::Unit(unit)) = tag {
            assert!(!unit.data.is_empty());
        }
    }
}

/// A session that is let in: the events of its bytes, whole and in pieces.
pub fn rtmp_session(data: &[u8]) {
    let whole = run_session(data, usize::MAX);
    assert_eq!(run_session(data, 7), whole, "the division of the input matters");
}

fn run_session(data: &[u8], step: usize) -> Vec<String> {
    let (mut session, mut input) = (ServerSession::new(SessionLimits::default()), BytesMut::new());
    let (mut tags, mut seen) = (TagReader::new(), Vec::new());
    for part in data.chunks(step) {
        input.extend_from_slice(part);
        loop {
            let event = match session.next_event(&mut input) {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(error) => {
                    seen.push(error.to_string());
                    return seen;
                }
            };
            seen.push(format!("{event:?}"));
            match event {
                Event::PublishRequested(_) | Event::PlayRequested(_) => session.accept(),
                Event::Video { timestamp, body } => drop(tags.video(timestamp, body)),
                Event::Audio { timestamp, body } => drop(tags.audio(timestamp, body)),
                Event::Metadata(_) | Event::Pause { .. } | Event::Receive { .. } | Event::Finished => {}
            }
        }
        // An answer is at most a few times as long as its question, but for the one to `connect`.
        assert!(session.take_output().len() <= 4_096 + 64 * part.len());
    }
    seen
}

/// Tickets: nothing opens that was not signed.
pub fn ticket(data: &[u8]) {
    let keys =
        [TicketKey { id: 1, secret: Secret::new(vec![7; 32]) }, TicketKey { id: 2, secret: Secret::new(vec![8; 32]) }];
    let keys = TicketKeys::new(&keys).expect("two keys");
    let (application, stream) = ("LiveApp".parse().expect("a name"), "stream1".parse().expect("a name"));
    let text = String::from_utf8_lossy(data);
    assert!(keys.verify(&application, &stream, &text, UnixTime::EPOCH).is_err(), "nobody signed this");
}

/// Datagrams at the media port that may be STUN.
pub fn stun(data: &[u8]) {
    untrusted::stun(data);
}

/// Descriptions of sessions, and the fragments that change them.
pub fn sdp(data: &[u8]) {
    untrusted::description(&String::from_utf8_lossy(data));
}

/// RTP and RTCP of a publisher, behind SRTP.
pub fn webrtc_publisher(data: &[u8]) {
    untrusted::publisher(data);
}

/// RTCP of a viewer, behind SRTP.
pub fn webrtc_viewer(data: &[u8]) {
    untrusted::viewer(data);
}
