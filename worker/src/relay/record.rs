//! Sealed records, and messages over them. Pure: bytes in, messages out.
//!
//! A record on the wire is its length (32 bits, big-endian) and so many bytes sealed with AES-256-GCM under the next
//! number of its direction: none can be changed, left out, repeated or put elsewhere. Inside stand a tag, whether the
//! message goes on in the next record, and up to 64 KiB of it. So both sides show signs of life while something large is
//! under way, and nothing is set aside for bytes that were only announced.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use ring::aead::{Aad, LessSafeKey, MAX_TAG_LEN, Nonce};

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tag {
    /// Nothing but a sign of life.
    Beat = 0,
    /// Edge: what it wants.
    Subscribe = 1,
    /// Origin: the publisher.
    Begin = 2,
    /// A track's configuration.
    Config = 3,
    Unit = 4,
    /// So many units were left out.
    Skip = 5,
    /// An init or media segment.
    Object = 6,
    /// The window, whole, over the objects that have come.
    Window = 7,
    /// Nothing follows.
    End = 8,
    /// Edge: somebody there needs a key frame. To origins that say that they take it.
    KeyFrame = 9,
}

impl Tag {
    const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::Beat,
            1 => Self::Subscribe,
            2 => Self::Begin,
            3 => Self::Config,
            4 => Self::Unit,
            5 => Self::Skip,
            6 => Self::Object,
            7 => Self::Window,
            8 => Self::End,
            9 => Self::KeyFrame,
            _ => return None,
        })
    }

    /// How large such a message may be.
    const fn most_bytes(self) -> usize {
        match self {
            Self::Beat | Self::KeyFrame => 0,
            Self::Begin | Self::Skip | Self::End => 4 * 1024,
            Self::Subscribe => 8 * 1024,
            Self::Config => 32 * 1024,
            Self::Window => 4 << 20,
            // What is open in a pipeline is bounded below that.
            Self::Unit | Self::Object => 48 << 20,
        }
    }
}

/// One message, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub tag: Tag,
    pub body: Bytes,
}

/// Why a peer is not listened to any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum RecordError {
    #[error("a record announces {0} bytes")]
    TooLong(usize),
    #[error("a record is not from our peer")]
    Forged,
    #[error("a record makes no sense")]
    Malformed,
    #[error("a message is larger than any of ours")]
    MessageTooLarge,
}

/// Seals what one side says.
pub(super) struct Sealer {
    key: LessSafeKey,
    next: u64,
}

impl Sealer {
    pub const fn new(key: LessSafeKey) -> Self {
        Self { key, next: 0 }
    }

    /// Writes one record behind `out`.
    ///
    /// # Errors
    /// [`RecordError`] when the key is used up, which takes longer than any connection lasts.
    pub fn seal(&mut self, tag: Tag, goes_on: bool, parts: [&[u8]; 2], out: &mut BytesMut) -> Result<(), RecordError> {
        let plain = HEAD_BYTES + parts.iter().map(|part| part.len()).sum::<usize>();
        let len = plain + MAX_TAG_LEN;
        out.reserve(LENGTH_BYTES + len);
        out.put_u32(u32::try_from(len).map_err(|_| RecordError::TooLong(len))?);
        let start = out.len();
        out.put_slice(&[tag as u8, u8::from(goes_on)]);
        for part in parts {
            out.put_slice(part);
        }
        let nonce = nonce(&mut self.next)?;
        let sealed = out.get_mut(start..).unwrap_or_default();
        let mac =
            self.key.seal_in_place_separate_tag(nonce, Aad::empty(), sealed).map_err(|_| RecordError::Malformed)?;
        out.put_slice(mac.as_ref());
        Ok(())
    }
}

/// Opens what the other side says, and puts messages together.
pub(super) struct Opener {
    key: LessSafeKey,
    next: u64,
    /// The longest record that is taken now.
    limit: usize,
    /// The message that has begun.
    open: Option<(Tag, BytesMut)>,
}

impl Opener {
    /// Takes short records only, until [`trust`](Self::trust).
    pub const fn new(key: LessSafeKey) -> Self {
        Self { key, next: 0, limit: UNTRUSTED_BYTES, open: None }
    }

    /// The peer has proved itself.
    pub const fn trust(&mut self) {
        self.limit = RECORD_BYTES;
    }

    /// The next message, once all of it is in `input`, and whether any record was taken: a sign of life.
    ///
    /// # Errors
    /// [`RecordError`]; nothing more may be read then.
    pub fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, RecordError> {
        loop {
            let Some(announced) = input.first_chunk::<LENGTH_BYTES>() else { return Ok(None) };
            let len = usize::try_from(u32::from_be_bytes(*announced)).unwrap_or(usize::MAX);
            if len > self.limit {
                return Err(RecordError::TooLong(len));
            }
            if len < HEAD_BYTES + MAX_TAG_LEN {
                return Err(RecordError::Malformed);
            }
            if input.len() < LENGTH_BYTES + len {
                return Ok(None);
            }
            input.advance(LENGTH_BYTES);
            let mut record = input.split_to(len);
            let nonce = nonce(&mut self.next)?;
            let plain = self.key.open_in_place(nonce, Aad::empty(), &mut record).map_err(|_| RecordError::Forged)?;
            let len = plain.len();
            record.truncate(len);
            if let Some(message) = self.take(record)? {
                return Ok(Some(message));
            }
        }
    }

    fn take(&mut self, mut record: BytesMut) -> Result<Option<Message>, RecordError> {
        let (Some(tag), goes_on) = (record.first().copied().and_then(Tag::from_byte), record.get(1).copied()) else {
            return Err(RecordError::Malformed);
        };
        let goes_on = match goes_on {
            Some(0) => false,
            Some(1) => true,
            _ => return Err(RecordError::Malformed),
        };
        record.advance(HEAD_BYTES);
        let whole = match self.open.take() {
            // Almost always: what came is the message, and is passed on where it lies.
            None => record,
            Some((begun, mut message)) => {
                if begun != tag {
                    return Err(RecordError::Malformed);
                }
                message.extend_from_slice(&record);
                message
            }
        };
        if whole.len() > tag.most_bytes() {
            return Err(RecordError::MessageTooLarge);
        }
        if goes_on {
            if whole.is_empty() {
                return Err(RecordError::Malformed);
            }
            self.open = Some((tag, whole));
            return Ok(None);
        }
        Ok(Some(Message { tag, body: whole.freeze() }))
    }
}

/// The nonce of the next record of a direction, which has a key of its own.
fn nonce(next: &mut u64) -> Result<Nonce, RecordError> {
    let mut bytes = [0; 12];
    let (_, place) = bytes.split_at_mut(4);
    place.copy_from_slice(&next.to_be_bytes());
    *next = next.checked_add(1).ok_or(RecordError::Malformed)?;
    Ok(Nonce::assume_unique_for_key(bytes))
}

const LENGTH_BYTES: usize = 4;
/// Tag, and whether the message goes on.
const HEAD_BYTES: usize = 2;
/// Of one message in one record.
pub(super) const PART_BYTES: usize = 64 * 1024;
const RECORD_BYTES: usize = HEAD_BYTES + PART_BYTES + MAX_TAG_LEN;
/// Of a peer that has proved nothing yet.
const UNTRUSTED_BYTES: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ring::aead::{AES_256_GCM, UnboundKey};

    use super::*;

    fn key() -> LessSafeKey {
        LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[7; 32]).unwrap())
    }

    fn ends() -> (Sealer, Opener) {
        let mut opener = Opener::new(key());
        opener.trust();
        (Sealer::new(key()), opener)
    }

    fn all(opener: &mut Opener, input: &mut BytesMut) -> Result<Vec<Message>, RecordError> {
        let mut messages = Vec::new();
        while let Some(message) = opener.next(input)? {
            messages.push(message);
        }
        Ok(messages)
    }

    #[test]
    fn a_message_in_three_records_is_one_message() {
        let (mut sealer, mut opener) = ends();
        let mut wire = BytesMut::new();
        sealer.seal(Tag::Object, true, [b"ab", b"c"], &mut wire).unwrap();
        sealer.seal(Tag::Object, true, [b"d", b""], &mut wire).unwrap();
        assert_eq!(opener.next(&mut wire), Ok(None));
        sealer.seal(Tag::Object, false, [b"", b"e"], &mut wire).unwrap();
        sealer.seal(Tag::Beat, false, [b"", b""], &mut wire).unwrap();
        let expected = [(Tag::Object, &b"abcde"[..]), (Tag::Beat, b"")];
        let messages = all(&mut opener, &mut wire).unwrap();
        assert_eq!(messages.iter().map(|m| (m.tag, &m.body[..])).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nothing_is_set_aside_for_what_was_only_announced() {
        let (mut sealer, mut opener) = ends();
        let mut wire = BytesMut::new();
        wire.put_u32(u32::MAX);
        assert_eq!(opener.next(&mut wire), Err(RecordError::TooLong(u32::MAX as usize)));
        let mut stranger = Opener::new(key());
        let mut wire = BytesMut::new();
        sealer.seal(Tag::Unit, false, [b"", &[0; 10_000]], &mut wire).unwrap();
        assert_eq!(stranger.next(&mut wire), Err(RecordError::TooLong(10_018)));
    }

    #[test]
    fn a_message_that_never_ends_is_cut() {
        let (mut sealer, mut opener) = ends();
        let part = vec![0; PART_BYTES];
        let outcome = (0..2_000).find_map(|_| {
            let mut wire = BytesMut::new();
            sealer.seal(Tag::Window, true, [b"", &part], &mut wire).unwrap();
            opener.next(&mut wire).err()
        });
        assert_eq!(outcome, Some(RecordError::MessageTooLarge));
        let (mut sealer, mut opener) = ends();
        let mut wire = BytesMut::new();
        sealer.seal(Tag::Window, true, [b"", b""], &mut wire).unwrap();
        assert_eq!(opener.next(&mut wire), Err(RecordError::Malformed), "nothing, and more to come");
        let (mut sealer, mut opener) = ends();
        sealer.seal(Tag::Window, true, [b"", b"x"], &mut wire).unwrap();
        sealer.seal(Tag::Beat, false, [b"", b""], &mut wire).unwrap();
        assert_eq!(opener.next(&mut wire), Err(RecordError::Malformed), "another message inside");
    }

    #[test]
    fn no_record_comes_twice_or_out_of_order() {
        let (mut sealer, mut opener) = ends();
        let mut first = BytesMut::new();
        sealer.seal(Tag::Unit, false, [b"", b"1"], &mut first).unwrap();
        let mut second = BytesMut::new();
        sealer.seal(Tag::Unit, false, [b"", b"2"], &mut second).unwrap();
        assert!(opener.next(&mut first.clone()).unwrap().is_some());
        assert_eq!(opener.next(&mut first), Err(RecordError::Forged));
        let (_, mut opener) = ends();
        assert_eq!(opener.next(&mut second), Err(RecordError::Forged));
    }

    proptest! {
        #[test]
        fn messages_arrive_as_they_were_however_the_wire_cuts_them(
            bodies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..20),
            cut in 1usize..100,
        ) {
            let (mut sealer, mut opener) = ends();
            let mut wire = BytesMut::new();
            for body in &bodies {
                sealer.seal(Tag::Unit, false, [b"", body], &mut wire).unwrap();
            }
            let (mut input, mut got) = (BytesMut::new(), Vec::new());
            for part in wire.chunks(cut) {
                input.extend_from_slice(part);
                got.extend(all(&mut opener, &mut input).unwrap());
            }
            prop_assert_eq!(got.iter().map(|m| m.body.to_vec()).collect::<Vec<_>>(), bodies);
        }

        #[test]
        fn a_changed_byte_ends_the_connection(at in 0usize..60, mask in 1u8..) {
            let (mut sealer, mut opener) = ends();
            let mut wire = BytesMut::new();
            sealer.seal(Tag::Unit, false, [b"", &[1; 64]], &mut wire).unwrap();
            let at = at % wire.len();
            wire[at] ^= mask;
            prop_assert!(!matches!(opener.next(&mut wire), Ok(Some(_))));
        }

        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..2_000)) {
            let (_, mut opener) = ends();
            let mut input = BytesMut::from(&bytes[..]);
            prop_assert!(!matches!(opener.next(&mut input), Ok(Some(_))));
        }
    }
}
