use proptest::prelude::*;

use super::*;
use crate::ingest::rtmp::testing::{Header, chunks};

const VIDEO: Header = Header { format: 0, chunk_stream: 6, timestamp: 40, length: 0, type_id: 9, message_stream: 1 };
const AUDIO: Header = Header { format: 0, chunk_stream: 4, timestamp: 50, length: 0, type_id: 8, message_stream: 1 };

fn set_chunk_size(size: u32) -> Vec<u8> {
    let header = Header { format: 0, chunk_stream: 2, timestamp: 0, length: 0, type_id: 1, message_stream: 0 };
    chunks(header, &size.to_be_bytes(), 128, true).concat()
}

fn read_with(limits: ChunkLimits, bytes: &[u8], step: usize) -> (Vec<Message>, Result<(), ChunkError>) {
    let (mut reader, mut input, mut messages) = (ChunkReader::new(limits), BytesMut::new(), Vec::new());
    for part in bytes.chunks(step.max(1)) {
        input.extend_from_slice(part);
        loop {
            match reader.next(&mut input) {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
        assert!(input.len() <= 18, "only an unfinished header stays in the input");
    }
    (messages, Ok(()))
}

fn read(bytes: &[u8]) -> Vec<Message> {
    let (messages, outcome) = read_with(ChunkLimits::default(), bytes, usize::MAX);
    assert_eq!(outcome, Ok(()));
    messages
}

fn refused(bytes: &[u8]) -> ChunkError {
    read_with(ChunkLimits::default(), bytes, usize::MAX).1.expect_err("must be refused")
}

fn payload(length: usize, seed: u8) -> Vec<u8> {
    (0..length).map(|i| u8::try_from((i * 7 + usize::from(seed)) % 251).expect("below 251")).collect()
}

fn message(header: Header, timestamp: u32, payload: &[u8]) -> Message {
    Message {
        type_id: header.type_id,
        stream_id: header.message_stream,
        timestamp,
        payload: Bytes::copy_from_slice(payload),
    }
}

#[test]
fn a_message_longer_than_a_chunk_is_put_together() {
    let body = payload(300, 0);
    assert_eq!(read(&chunks(VIDEO, &body, 128, true).concat()), [message(VIDEO, 40, &body)]);
}

#[test]
fn messages_of_several_chunk_streams_interleave_anywhere() {
    let (video, audio) = (payload(400, 1), payload(300, 2));
    let (video_chunks, audio_chunks) = (chunks(VIDEO, &video, 128, true), chunks(AUDIO, &audio, 128, true));
    let mut bytes = Vec::new();
    for index in 0..video_chunks.len().max(audio_chunks.len()) {
        bytes.extend(video_chunks.get(index).into_iter().chain(audio_chunks.get(index)).flatten());
    }
    assert_eq!(read(&bytes), [message(AUDIO, 50, &audio), message(VIDEO, 40, &video)]);
}

#[test]
fn shorter_headers_take_over_what_they_leave_out() {
    let mut bytes = chunks(AUDIO, b"one", 128, true).concat();
    for (format, timestamp, body) in [(1, 20, &b"four"[..]), (2, 30, b"five"), (3, 30, b"six!")] {
        bytes.extend(chunks(Header { format, timestamp, ..AUDIO }, body, 128, true).concat());
    }
    let times: Vec<_> = read(&bytes).into_iter().map(|m| (m.timestamp, m.payload)).collect();
    let wanted: [(u32, &'static [u8]); 4] = [(50, b"one"), (70, b"four"), (100, b"five"), (130, b"six!")];
    assert_eq!(times, wanted.map(|(time, body)| (time, Bytes::from_static(body))));
}

#[test]
fn a_type_3_header_behind_type_0_adds_its_timestamp_again() {
    let mut bytes = chunks(AUDIO, b"ab", 128, true).concat();
    bytes.extend(chunks(Header { format: 3, ..AUDIO }, b"cd", 128, true).concat());
    assert_eq!(read(&bytes).iter().map(|m| m.timestamp).collect::<Vec<_>>(), [50, 100]);
}

#[test]
fn chunk_stream_ids_of_two_and_three_bytes_are_told_apart() {
    for chunk_stream in [2, 63, 64, 319, 320, 1_000, 65_599] {
        let header = Header { chunk_stream, ..VIDEO };
        let mut bytes = chunks(header, &payload(200, 3), 128, true).concat();
        bytes.extend(chunks(Header { format: 3, ..header }, &payload(200, 4), 128, true).concat());
        assert_eq!(read(&bytes).len(), 2, "{chunk_stream}");
    }
}

#[test]
fn extended_timestamps_are_read_whether_or_not_type_3_headers_repeat_them() {
    for timestamp in [0xFF_FFFE, 0xFF_FFFF, 0x0100_0000, u32::MAX] {
        for repeat in [true, false] {
            let body = payload(300, 5);
            let header = Header { timestamp, ..VIDEO };
            let mut bytes = chunks(header, &body, 128, repeat).concat();
            bytes.extend(chunks(AUDIO, b"end", 128, true).concat());
            let wanted = [message(VIDEO, timestamp, &body), message(AUDIO, 50, b"end")];
            for step in [1, 2, 3, 5, 1_000] {
                let (messages, outcome) = read_with(ChunkLimits::default(), &bytes, step);
                assert_eq!((messages.as_slice(), outcome), (&wanted[..], Ok(())), "{timestamp} {repeat} {step}");
            }
        }
    }
}

#[test]
fn time_wraps_and_may_step_back() {
    // GStreamer writes a step back as a delta just below 2^32.
    let mut bytes = chunks(AUDIO, b"ab", 128, true).concat();
    bytes.extend(chunks(Header { format: 2, timestamp: u32::MAX - 9, ..AUDIO }, b"cd", 128, true).concat());
    assert_eq!(read(&bytes).iter().map(|m| m.timestamp).collect::<Vec<_>>(), [50, 40]);
}

#[test]
fn a_message_may_be_empty() {
    let mut bytes = chunks(VIDEO, b"", 128, true).concat();
    bytes.extend(chunks(Header { format: 3, ..VIDEO }, b"", 128, true).concat());
    assert_eq!(read(&bytes), [message(VIDEO, 40, b""), message(VIDEO, 80, b"")]);
}

#[test]
fn a_new_chunk_size_holds_at_once_even_inside_a_message() {
    let body = payload(1_128, 6);
    let mut bytes = chunks(VIDEO, &body[..128], 128, true).concat();
    bytes[4..7].copy_from_slice(&[0, 4, 104]); // 1 128 bytes in all
    bytes.extend(set_chunk_size(1_000));
    bytes.push(0xC6);
    bytes.extend(&body[128..]);
    assert_eq!(read(&bytes), [message(VIDEO, 40, &body)]);
}

#[test]
fn chunk_sizes_that_nobody_needs_are_refused() {
    assert_eq!(refused(&set_chunk_size(0)), ChunkError::ChunkSize(0));
    assert_eq!(refused(&set_chunk_size(65_537)), ChunkError::ChunkSize(65_537));
    assert_eq!(refused(&set_chunk_size(0x8000_0001)), ChunkError::ChunkSize(0x8000_0001));
    for good in [1, 128, 4_096, 65_536] {
        assert!(read(&set_chunk_size(good)).is_empty());
    }
    let header = Header { format: 0, chunk_stream: 2, timestamp: 0, length: 0, type_id: 1, message_stream: 0 };
    assert_eq!(refused(&chunks(header, &[0, 1], 128, true).concat()), ChunkError::ControlLength);
}

#[test]
fn an_abort_drops_the_unfinished_message_alone() {
    let mut bytes = chunks(VIDEO, &payload(300, 7), 128, true)[0].clone();
    let abort = Header { format: 0, chunk_stream: 2, timestamp: 0, length: 0, type_id: 2, message_stream: 0 };
    bytes.extend(chunks(abort, &6u32.to_be_bytes(), 128, true).concat());
    bytes.extend(chunks(abort, &99u32.to_be_bytes(), 128, true).concat());
    bytes.extend(chunks(VIDEO, b"new", 128, true).concat());
    let (mut reader, mut input) = (ChunkReader::new(ChunkLimits::default()), BytesMut::from(&bytes[..]));
    assert_eq!(reader.next(&mut input), Ok(Some(message(VIDEO, 40, b"new"))));
    assert_eq!(reader.buffered_bytes(), 0);
}

#[test]
fn a_header_cannot_refer_to_nothing_or_break_into_a_message() {
    for format in [2, 3] {
        assert_eq!(
            refused(&chunks(Header { format, ..VIDEO }, b"a", 128, true).concat()),
            ChunkError::NoPreviousHeader
        );
    }
    // librtmp's ping: type 1 on a chunk stream that was never used.
    let ping = Header { format: 1, chunk_stream: 2, timestamp: 7, length: 0, type_id: 4, message_stream: 0 };
    assert_eq!(read(&chunks(ping, b"123456", 128, true).concat()), [message(ping, 7, b"123456")]);
    for format in [0, 1, 2] {
        let mut bytes = chunks(VIDEO, &payload(300, 8), 128, true)[0].clone();
        bytes.extend(chunks(Header { format, ..VIDEO }, b"a", 128, true).concat());
        assert_eq!(refused(&bytes), ChunkError::HeaderInsideMessage);
    }
}

#[test]
fn limits_hold_before_anything_is_stored() {
    let mut too_long = Vec::new();
    Header { length: 4 * 1_024 * 1_024 + 1, ..VIDEO }.write(&mut too_long, true);
    assert_eq!(refused(&too_long), ChunkError::MessageTooLong(4 * 1_024 * 1_024 + 1));

    let many: Vec<_> =
        (3..20).flat_map(|chunk_stream| chunks(Header { chunk_stream, ..VIDEO }, b"a", 128, true).concat()).collect();
    assert_eq!(refused(&many), ChunkError::TooManyChunkStreams);
}

#[test]
fn a_limit_that_fell_holds_for_headers_that_keep_their_length() {
    let mut reader = ChunkReader::new(ChunkLimits::default());
    let mut input = BytesMut::from(&chunks(VIDEO, &payload(1_000, 9), 128, true).concat()[..]);
    assert!(reader.next(&mut input).is_ok_and(|message| message.is_some()));
    reader.set_limits(ChunkLimits { max_message_bytes: 999, ..ChunkLimits::default() });
    input.extend_from_slice(&[0xC6]);
    assert_eq!(reader.next(&mut input), Err(ChunkError::MessageTooLong(1_000)));
}

#[test]
fn memory_follows_the_bytes_that_came_and_not_the_lengths_announced() {
    let limits = ChunkLimits { max_buffered_bytes: 100_000, ..ChunkLimits::default() };
    let mut reader = ChunkReader::new(limits);
    let mut input = BytesMut::new();
    // Fifteen messages of 4 MiB each begin, and a chunk of each comes in turn.
    let begin = |chunk_stream| {
        let mut out = Vec::new();
        Header { chunk_stream, length: 4 << 20, ..VIDEO }.write(&mut out, true);
        out.extend(payload(128, 1));
        out
    };
    let mut sent = 0;
    for chunk_stream in 3..18 {
        input.extend_from_slice(&begin(chunk_stream));
        assert_eq!(reader.next(&mut input), Ok(None));
        sent += 128;
    }
    let mut chunk_streams = (3u8..18).cycle();
    let outcome = loop {
        let held: usize = reader.streams.iter().filter_map(|s| s.partial.as_ref()).map(Vec::capacity).sum();
        assert_eq!(reader.buffered_bytes(), sent);
        assert!(held <= 2 * sent + 15 * FIRST_ALLOCATION_BYTES, "{held} bytes held for {sent}");
        input.extend_from_slice(&[0xC0 | chunk_streams.next().expect("endless")]);
        input.extend_from_slice(&payload(128, 2));
        match reader.next(&mut input) {
            Ok(None) => sent += 128,
            other => break other,
        }
    };
    assert_eq!(outcome, Err(ChunkError::TooMuchBuffered));
    assert!(sent <= 100_000);
}

#[test]
fn a_finished_message_owns_no_more_than_itself() {
    for length in [1, 127, 128, 129, 1_500, 5_000, 100_000] {
        let mut partial = Vec::new();
        for part in payload(length, 0).chunks(128) {
            grow(&mut partial, part.len(), length);
            partial.extend_from_slice(part);
        }
        assert_eq!(partial.capacity(), length);
    }
}

#[test]
fn the_writer_cuts_long_messages() {
    let mut out = BytesMut::new();
    let mut writer = ChunkWriter::new();
    writer.write(&mut out, 3, 20, 1, &payload(300, 1));
    writer.set_chunk_size(4_096, &mut out);
    writer.write(&mut out, 3, 20, 1, &payload(4_000, 2));
    writer.write(&mut out, 3, 20, 1, b"");
    let header = Header { chunk_stream: 3, type_id: 20, ..VIDEO };
    let wanted = [payload(300, 1), payload(4_000, 2), Vec::new()].map(|body| message(header, 0, &body));
    assert_eq!(read(&out), wanted);
}

/// A message with everything a sender may choose: chunk stream, header type, time, length.
fn sent_message() -> impl Strategy<Value = (u8, u32, u32, Vec<u8>)> {
    (0u8..4, 2u32..7, prop_oneof![0u32..5_000, 0xFF_FFF0u32..0x0100_0010], prop::collection::vec(any::<u8>(), 0..600))
}

proptest! {
    #[test]
    fn the_division_of_the_input_does_not_matter(
        messages in prop::collection::vec(sent_message(), 1..12), chunk_size in 1u32..300, step in 1usize..200,
    ) {
        let mut bytes = set_chunk_size(chunk_size);
        let mut used = [false; 7];
        let mut count = 0;
        for (format, chunk_stream, timestamp, body) in messages {
            let first = !std::mem::replace(&mut used[chunk_stream as usize], true);
            // Types 2 and 3 keep the length, so only types 0 and 1 carry a new one.
            let format = if first { 0 } else { format % 2 };
            let header = Header { format, chunk_stream, timestamp, ..VIDEO };
            bytes.extend(chunks(header, &body, chunk_size as usize, true).concat());
            count += 1;
        }
        let whole = read_with(ChunkLimits::default(), &bytes, usize::MAX);
        prop_assert_eq!(whole.0.len(), count);
        prop_assert_eq!(read_with(ChunkLimits::default(), &bytes, step), whole);
    }

    #[test]
    fn any_bytes_are_read_without_harm_and_alike(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000), step in 1usize..64,
    ) {
        let limits = ChunkLimits { max_message_bytes: 10_000, max_buffered_bytes: 20_000, ..ChunkLimits::default() };
        prop_assert_eq!(read_with(limits, &bytes, step), read_with(limits, &bytes, usize::MAX));
    }
}
