//! What waits to be written to one player: control messages, and media as chunks that are never put together.
//!
//! A media message (RTMP 1.0 §5.3) is a head of the player's own (chunk header and FLV prefix) and the shared payload,
//! with continuation headers between its chunks. [`Outgoing::slices`] lays them out for a vectored write, wherever the
//! last write stopped.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

use super::tag::{MAX_PREFIX_BYTES, Prefix};
use crate::ingest::rtmp::chunk::message_type;
use crate::media::TrackKind;

/// One message of audio or video.
#[derive(Debug)]
pub(super) struct Media {
    kind: TrackKind,
    /// Chunk header and FLV prefix.
    head: Short<{ MAX_HEADER_BYTES + MAX_PREFIX_BYTES }>,
    /// The header of every further chunk.
    continuation: Short<5>,
    body: Bytes,
    /// Payload bytes of the first chunk; what the prefix leaves of it.
    first: usize,
}

impl Media {
    pub fn new(kind: TrackKind, message_stream: u32, timestamp: u32, prefix: Prefix, body: Bytes) -> Self {
        let (chunk_stream, type_id) = match kind {
            TrackKind::Video => (VIDEO_CHUNK_STREAM, message_type::VIDEO),
            TrackKind::Audio => (AUDIO_CHUNK_STREAM, message_type::AUDIO),
        };
        let prefix = prefix.as_slice();
        let length = u32::try_from(prefix.len() + body.len()).unwrap_or(u32::MAX).to_be_bytes();
        let extended = (timestamp >= EXTENDED).then(|| timestamp.to_be_bytes());
        let mut head = Short::default();
        head.put(&[chunk_stream]);
        head.put(&timestamp.min(EXTENDED).to_be_bytes()[1..]);
        head.put(&length[1..]);
        head.put(&[type_id]);
        head.put(&message_stream.to_le_bytes());
        let mut continuation = Short::default();
        continuation.put(&[0xC0 | chunk_stream]);
        if let Some(extended) = extended {
            // §5.3.1.3: chunks of type 3 repeat it.
            head.put(&extended);
            continuation.put(&extended);
        }
        head.put(prefix);
        let first = CHUNK_BYTES - prefix.len();
        Self { kind, head, continuation, body, first }
    }

    /// Bytes on the wire.
    fn len(&self) -> usize {
        let further = self.body.len().saturating_sub(self.first).div_ceil(CHUNK_BYTES);
        self.head.as_slice().len() + self.body.len() + further * self.continuation.as_slice().len()
    }

    /// The parts on the wire, in their order.
    fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let (first, rest) = self.body.split_at(self.first.min(self.body.len()));
        let further = rest.chunks(CHUNK_BYTES).flat_map(|chunk| [self.continuation.as_slice(), chunk]);
        [self.head.as_slice(), first].into_iter().chain(further)
    }
}

/// A few bytes in place.
#[derive(Debug, Clone, Copy)]
struct Short<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Default for Short<N> {
    fn default() -> Self {
        Self { bytes: [0; N], len: 0 }
    }
}

impl<const N: usize> Short<N> {
    fn put(&mut self, bytes: &[u8]) {
        let end = self.len + bytes.len();
        if let Some(place) = self.bytes.get_mut(self.len..end) {
            place.copy_from_slice(bytes);
            self.len = end;
        }
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[derive(Debug)]
enum Item {
    Control(Bytes),
    Media(Media),
}

impl Item {
    fn len(&self) -> usize {
        match self {
            Self::Control(bytes) => bytes.len(),
            Self::Media(media) => media.len(),
        }
    }
}

/// Payload bytes of messages that were written to their end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sent {
    pub video: usize,
    pub audio: usize,
}

/// The queue of one player.
#[derive(Debug, Default)]
pub(super) struct Outgoing {
    items: VecDeque<Item>,
    /// Bytes of the first item that are written.
    written: usize,
    media_bytes: usize,
    control_bytes: usize,
}

impl Outgoing {
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// True while a write of media has ended inside a message: nothing else may be written before its rest.
    pub fn is_inside_media(&self) -> bool {
        self.written > 0 && self.begins_with_media()
    }

    /// True when the next bytes are media.
    pub fn begins_with_media(&self) -> bool {
        matches!(self.items.front(), Some(Item::Media(_)))
    }

    /// True while another access unit may be queued.
    pub fn has_room(&self) -> bool {
        self.media_bytes < MEDIA_ROOM_BYTES && self.items.len() < ROOM_ITEMS
    }

    /// True while the answers to another read may be queued.
    pub fn has_room_for_answers(&self) -> bool {
        self.control_bytes < CONTROL_ROOM_BYTES
    }

    pub fn push_control(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.control_bytes += bytes.len();
            self.items.push_back(Item::Control(bytes));
        }
    }

    pub fn push(&mut self, media: Media) {
        self.media_bytes += media.body.len();
        self.items.push_back(Item::Media(media));
    }

    /// Drops the media that has not begun. Returns how many messages that were.
    pub fn drop_media(&mut self) -> u64 {
        let before = self.items.len();
        let mut is_inside = self.is_inside_media();
        self.items.retain(|item| matches!(item, Item::Control(_)) || std::mem::take(&mut is_inside));
        let dropped = before - self.items.len();
        self.media_bytes = match self.items.front() {
            Some(Item::Media(media)) => media.body.len(),
            _ => 0,
        };
        dropped as u64
    }

    /// Lays out what is to be written next, as far as `space` reaches, and without media as far as the first of it;
    /// returns how many slices it used.
    pub fn slices<'a>(&'a self, space: &mut [IoSlice<'a>], with_media: bool) -> usize {
        let mut used = 0;
        let mut skip = self.written;
        for item in &self.items {
            let mut put = |part: &'a [u8]| {
                let begun = skip.min(part.len());
                skip -= begun;
                let Some(rest) = part.get(begun..).filter(|rest| !rest.is_empty()) else { return true };
                let Some(place) = space.get_mut(used) else { return false };
                *place = IoSlice::new(rest);
                used += 1;
                true
            };
            let fits = match item {
                Item::Control(bytes) => put(bytes),
                Item::Media(media) => with_media && media.parts().all(put),
            };
            if !fits {
                break;
            }
        }
        used
    }

    /// Takes `bytes` that were written off the front.
    pub fn advance(&mut self, bytes: usize) -> Sent {
        let mut sent = Sent::default();
        self.written += bytes;
        while let Some(item) = self.items.front() {
            let Some(more) = self.written.checked_sub(item.len()) else { break };
            self.written = more;
            match self.items.pop_front() {
                Some(Item::Control(bytes)) => self.control_bytes -= bytes.len(),
                Some(Item::Media(media)) => {
                    self.media_bytes -= media.body.len();
                    match media.kind {
                        TrackKind::Video => sent.video += media.body.len(),
                        TrackKind::Audio => sent.audio += media.body.len(),
                    }
                }
                None => {}
            }
        }
        sent
    }
}

/// Chunk size of a player's connection, announced when it begins to play.
pub(super) const CHUNK_BYTES: usize = crate::ingest::rtmp::session::PLAYER_CHUNK_BYTES as usize;

/// A full chunk header with an extended timestamp.
const MAX_HEADER_BYTES: usize = 16;

/// The timestamp field that says "extended" (§5.3.1.3).
const EXTENDED: u32 = 0x00FF_FFFF;

const AUDIO_CHUNK_STREAM: u8 = 4;
const VIDEO_CHUNK_STREAM: u8 = 6;

/// Media that one player holds back from the ring: this much and one access unit.
const MEDIA_ROOM_BYTES: usize = 64 * 1024;
const ROOM_ITEMS: usize = 256;
/// A player whose unread answers are more than this is not read from.
const CONTROL_ROOM_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::egress::rtmp::tag;
    use crate::ingest::rtmp::chunk::{ChunkLimits, ChunkReader, ChunkWriter, Message};
    use crate::media::{AccessUnit, Codec, MediaTime};

    fn media(kind: TrackKind, timestamp: u32, len: usize) -> Media {
        let data = Bytes::from((0..len).map(|i| (i % 251) as u8).collect::<Vec<_>>());
        let codec = if kind == TrackKind::Video { Codec::H264 } else { Codec::Aac };
        let unit = AccessUnit { kind, pts: MediaTime::ZERO, dts: MediaTime::ZERO, key: true, data: data.clone() };
        Media::new(kind, 1, timestamp, tag::unit(codec, &unit), data)
    }

    /// Writes everything, at most `slices` and `bytes` at a time, and reads it as a player does.
    fn through(mut outgoing: Outgoing, slices: usize, bytes: usize) -> (Vec<Message>, Sent) {
        let mut input = BytesMut::new();
        let mut out = BytesMut::new();
        ChunkWriter::new().set_chunk_size(CHUNK_BYTES as u32, &mut out);
        input.extend_from_slice(&out);
        let mut total = Sent::default();
        while !outgoing.is_empty() {
            let mut space = vec![IoSlice::new(&[]); slices];
            let used = outgoing.slices(&mut space, true);
            let laid_out: Vec<u8> = space[..used].iter().flat_map(|slice| slice.iter().copied()).collect();
            let taken = laid_out.len().min(bytes);
            input.extend_from_slice(&laid_out[..taken]);
            let sent = outgoing.advance(taken);
            total = Sent { video: total.video + sent.video, audio: total.audio + sent.audio };
        }
        let limits = ChunkLimits { max_chunk_bytes: CHUNK_BYTES, ..ChunkLimits::default() };
        let mut reader = ChunkReader::new(limits);
        let messages = std::iter::from_fn(|| reader.next(&mut input).expect("sound chunks")).collect();
        assert!(input.is_empty());
        (messages, total)
    }

    proptest! {
        #[test]
        fn messages_arrive_whole_however_they_are_cut(
            sizes in prop::collection::vec((any::<bool>(), 1usize..200_000, any::<u32>()), 1..6),
            slices in 1usize..20, bytes in 1usize..70_000,
        ) {
            let mut outgoing = Outgoing::default();
            for (is_video, len, timestamp) in &sizes {
                let kind = if *is_video { TrackKind::Video } else { TrackKind::Audio };
                outgoing.push(media(kind, *timestamp, *len));
            }
            let (messages, sent) = through(outgoing, slices, bytes);
            let seen: Vec<_> = messages
                .iter()
                .map(|message| {
                    let is_video = message.type_id == message_type::VIDEO;
                    (is_video, message.payload.len() - if is_video { 5 } else { 2 }, message.timestamp)
                })
                .collect();
            prop_assert_eq!(&seen, &sizes);
            let of = |video| sizes.iter().filter(|size| size.0 == video).map(|size| size.1).sum::<usize>();
            prop_assert_eq!(sent, Sent { video: of(true), audio: of(false) });
        }
    }

    #[test]
    fn a_message_that_has_begun_is_the_only_one_that_stays() {
        let mut outgoing = Outgoing::default();
        for _ in 0..3 {
            outgoing.push(media(TrackKind::Video, 0, 1_000));
        }
        outgoing.advance(100);
        assert!(outgoing.is_inside_media());
        assert_eq!(outgoing.drop_media(), 2);
        outgoing.push_control(Bytes::from_static(&[2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0]));
        outgoing.advance(1_017 - 100);
        assert!(!outgoing.is_empty() && !outgoing.begins_with_media());
        assert!(outgoing.has_room());
    }

    #[test]
    fn a_player_that_does_not_read_holds_little() {
        let mut outgoing = Outgoing::default();
        let mut taken = 0;
        while outgoing.has_room() {
            outgoing.push(media(TrackKind::Video, 0, 1_500));
            taken += 1_500;
        }
        assert!(taken <= MEDIA_ROOM_BYTES + 1_500);
        while outgoing.has_room_for_answers() {
            outgoing.push_control(Bytes::from_static(&[0; 100]));
        }
        assert!(outgoing.control_bytes <= CONTROL_ROOM_BYTES + 100);
    }
}
