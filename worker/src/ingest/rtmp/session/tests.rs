use proptest::prelude::*;

use super::*;
use crate::ingest::rtmp::amf0::{Value, Writer};
use crate::ingest::rtmp::testing::{Answers, Header, chunks, command, connect, create_stream, message, publish};

/// A client that talks to a session directly.
struct Client {
    session: ServerSession,
    input: BytesMut,
    answers: Answers,
}

impl Client {
    fn new() -> Self {
        Self { session: ServerSession::new(SessionLimits::default()), input: BytesMut::new(), answers: Answers::new() }
    }

    /// A client whose publish was admitted.
    fn publishing() -> Self {
        let mut client = Self::new();
        client.send(&connect("LiveApp", "rtmp://host/LiveApp"));
        client.send(&create_stream(4.0));
        assert!(matches!(client.send(&publish(1, "s1"))[..], [Event::PublishRequested(_)]));
        client.session.accept();
        client.answers();
        client
    }

    fn try_send(&mut self, bytes: &[u8]) -> Result<Vec<Event>, SessionError> {
        self.input.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(event) = self.session.next_event(&mut self.input)? {
            events.push(event);
        }
        Ok(events)
    }

    fn send(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.try_send(bytes).expect("a sound sequence")
    }

    fn answers(&mut self) -> Vec<String> {
        let out = self.session.take_output();
        self.answers.push(&out);
        self.answers.summary()
    }

    fn next_message(&mut self) -> Option<Message> {
        let out = self.session.take_output();
        self.answers.push(&out);
        self.answers.next_message()
    }
}

fn with_key(message_stream: u32, name: &str, transaction: f64, key: &str) -> Vec<u8> {
    command(message_stream, name, transaction, |arguments| arguments.null().string(key))
}

fn delete_stream(transaction: f64) -> Vec<u8> {
    command(0, "deleteStream", transaction, |arguments| arguments.null().number(1.0))
}

/// What encoders send from `connect` to `publish`, in their order.
fn openings() -> [(&'static str, Vec<Vec<u8>>); 4] {
    let connect = || connect("LiveApp", "rtmp://host:1935/LiveApp");
    let key = "s1?token=T";
    [
        (
            "ffmpeg",
            vec![
                connect(),
                with_key(0, "releaseStream", 2.0, key),
                with_key(0, "FCPublish", 3.0, key),
                create_stream(4.0),
                command(0, "_checkbw", 5.0, Writer::null),
                publish(1, key),
            ],
        ),
        (
            "OBS",
            vec![
                message(1, 0, 0, &4_096u32.to_be_bytes()),
                chunks(CONNECT_HEADER, &connect_payload(), 4_096, true).concat(),
                chunks(CONNECT_HEADER, &call_payload("releaseStream", 2.0, Some(key)), 4_096, true).concat(),
                chunks(CONNECT_HEADER, &call_payload("FCPublish", 3.0, Some(key)), 4_096, true).concat(),
                chunks(CONNECT_HEADER, &call_payload("createStream", 4.0, None), 4_096, true).concat(),
                publish(1, key),
            ],
        ),
        (
            "GStreamer",
            vec![
                connect(),
                message(1, 0, 0, &60_000u32.to_be_bytes()),
                message(5, 0, 0, &2_500_000u32.to_be_bytes()),
                with_key(0, "releaseStream", 2.0, key),
                with_key(0, "FCPublish", 3.0, key),
                create_stream(4.0),
                publish(1, key),
            ],
        ),
        ("a plain one", vec![connect(), create_stream(2.0), publish(1, key)]),
    ]
}

const CONNECT_HEADER: Header =
    Header { format: 0, chunk_stream: 3, timestamp: 0, length: 0, type_id: 20, message_stream: 0 };

fn connect_payload() -> BytesMut {
    let object = [("app", Value::String("LiveApp".to_owned())), ("padding", Value::String("x".repeat(300)))];
    Writer::new().string("connect").number(1.0).object(&object).finish()
}

fn call_payload(name: &str, transaction: f64, key: Option<&str>) -> BytesMut {
    let call = Writer::new().string(name).number(transaction).null();
    key.into_iter().fold(call, Writer::string).finish()
}

#[test]
fn every_encoders_opening_leads_to_the_gate_and_on_air() {
    for (encoder, opening) in openings() {
        let mut client = Client::new();
        let events: Vec<_> = opening.iter().flat_map(|bytes| client.send(bytes)).collect();
        let [Event::PublishRequested(request)] = &events[..] else { panic!("{encoder}: {events:?}") };
        assert_eq!((request.address.application.as_str(), request.address.stream_id.as_str()), ("LiveApp", "s1"));
        assert!(request.address.credentials.token.as_ref().is_some_and(|token| token.matches("T")), "{encoder}");
        assert_eq!(request.mode.as_deref(), Some("live"));
        let answers = client.answers();
        assert_eq!(answers.first().map(String::as_str), Some("_result NetConnection.Connect.Success"), "{encoder}");
        assert!(answers[1..].iter().all(|answer| answer == "_result"), "{encoder}: no start before the decision");

        client.session.accept();
        assert_eq!(
            client.answers(),
            ["onFCPublish NetStream.Publish.Start", "onStatus NetStream.Publish.Start"],
            "{encoder}"
        );
        let events = client.send(&message(9, 1, 40, b"picture"));
        assert_eq!(events, [Event::Video { timestamp: 40, body: Bytes::from_static(b"picture") }], "{encoder}");
    }
}

#[test]
fn nothing_is_read_before_the_decision() {
    let mut client = Client::new();
    let hasty = [connect("LiveApp", ""), create_stream(2.0), publish(1, "s1"), message(8, 1, 0, b"sound")].concat();
    assert!(matches!(client.send(&hasty)[..], [Event::PublishRequested(_)]));
    assert!(client.send(&[]).is_empty());
    assert!(!client.input.is_empty(), "the media waits");
    client.session.accept();
    assert_eq!(client.send(&[]), [Event::Audio { timestamp: 0, body: Bytes::from_static(b"sound") }]);
}

#[test]
fn a_refusal_is_the_last_word() {
    let mut client = Client::new();
    client.send(&[connect("LiveApp", ""), create_stream(2.0), publish(1, "s1")].concat());
    client.answers();
    client.session.refuse("NetStream.Publish.BadName", "No.");
    let answer = client.next_message().expect("an answer");
    assert_eq!(answer.stream_id, 1, "on the stream that was asked for");
    let values = crate::ingest::rtmp::amf0::read_all(&answer.payload, Default::default()).expect("AMF0");
    assert_eq!(values[3].property("level").and_then(Value::as_str), Some("error"));
    assert_eq!(values[3].property("code").and_then(Value::as_str), Some("NetStream.Publish.BadName"));
    assert_eq!(values[3].property("description").and_then(Value::as_str), Some("No."));
    client.session.accept();
    assert!(client.send(&message(8, 1, 0, b"sound")).is_empty());
    client.session.refuse("again", "");
    assert!(client.answers().is_empty());
}

#[test]
fn a_player_must_wait_for_its_answer_too() {
    let mut client = Client::new();
    let bytes = [connect("LiveApp", ""), create_stream(2.0), with_key(1, "play", 3.0, "s1")].concat();
    assert!(matches!(&client.send(&bytes)[..], [Event::PlayRequested(address)] if address.stream_id == "s1"));
    client.answers();
    client.session.refuse("NetStream.Failed", "RTMP playback is disabled.");
    assert_eq!(client.answers(), ["onStatus NetStream.Failed"]);
}

#[test]
fn an_encoder_ends_its_stream_and_may_start_another() {
    let endings =
        [with_key(1, "FCUnpublish", 6.0, "s1"), delete_stream(7.0), command(1, "closeStream", 0.0, Writer::null)];
    for ending in endings {
        let mut client = Client::publishing();
        assert_eq!(client.send(&ending), [Event::Finished]);
        assert_eq!(client.answers().last().map(String::as_str), Some("onStatus NetStream.Unpublish.Success"));
        assert!(client.send(&message(9, 1, 80, b"late")).is_empty(), "what was under way is dropped");
        client.send(&delete_stream(8.0));
        client.send(&create_stream(9.0));
        assert!(matches!(client.send(&publish(2, "s2"))[..], [Event::PublishRequested(_)]));
    }
}

#[test]
fn commands_out_of_order_end_the_session() {
    let table: [(&[Vec<u8>], &str); 7] = [
        (&[create_stream(1.0)], "a command before connect"),
        (&[publish(1, "s")], "a command before connect"),
        (&[connect("a", ""), connect("a", "")], "a second connect"),
        (&[connect("a", ""), publish(1, "s")], "publish"),
        (&[connect("a", ""), with_key(1, "play", 2.0, "s")], "play"),
        (&[connect("a", ""), create_stream(2.0), message(9, 1, 0, b"x")], "media"),
        (&[message(8, 0, 0, b"x")], "media"),
    ];
    for (sequence, what) in table {
        let mut client = Client::new();
        assert_eq!(client.try_send(&sequence.concat()), Err(SessionError::OutOfOrder(what)));
        assert_eq!(client.try_send(&connect("a", "")), Ok(Vec::new()), "nothing more is read");
        client.answers();
        client.session.refuse("NetStream.Failed", what);
        assert_eq!(client.answers(), ["onStatus NetStream.Failed"], "but the peer may be told");
    }
    let mut client = Client::publishing();
    client.send(&create_stream(6.0));
    assert_eq!(client.try_send(&publish(2, "s2")), Err(SessionError::OutOfOrder("publish")));
}

#[test]
fn what_nobody_needs_is_let_pass() {
    let mut client = Client::publishing();
    for (type_id, payload) in [
        (3, &[0, 0, 0, 1][..]),
        (4, &[0, 3, 0, 0, 0, 1, 0, 0, 0, 1]),
        (4, &[]),
        (5, &[0]),
        (6, &[0, 0, 0, 1, 2]),
        (16, b"x"),
        (18, b"\x02\x00\x01"),
        (18, b""),
        (22, b"aggregate"),
        (99, b"unknown"),
    ] {
        assert_eq!(client.try_send(&message(type_id, 1, 0, payload)), Ok(Vec::new()), "type {type_id}");
    }
    let unknown = command(0, "setPeerInfo", 9.0, |arguments| arguments.null().string("x"));
    assert_eq!(client.try_send(&unknown), Ok(Vec::new()));
    assert_eq!(client.try_send(&message(9, 7, 0, b"x")), Ok(Vec::new()), "media of another stream");
    assert!(client.answers().is_empty());
}

#[test]
fn stream_metadata_is_reported() {
    let mut client = Client::publishing();
    let object = [("encoder", Value::String("Lavf".to_owned())), ("width", Value::Number(640.0))];
    let payload = Writer::new().string("@setDataFrame").string("onMetaData").object(&object).finish();
    let events = client.send(&message(18, 1, 0, &payload));
    let metadata = Metadata { encoder: Some("Lavf".to_owned()), width: Some(640.0), ..Metadata::default() };
    assert_eq!(events, [Event::Metadata(metadata)]);
}

#[test]
fn a_ping_comes_back() {
    let mut client = Client::publishing();
    client.send(&message(4, 0, 0, &[0, 6, 1, 2, 3, 4]));
    let pong = client.next_message().expect("a pong");
    assert_eq!((pong.type_id, &pong.payload[..]), (4, &[0, 7, 1, 2, 3, 4][..]));
}

#[test]
fn calls_are_answered_with_their_own_transaction() {
    let mut client = Client::new();
    client.send(&connect("a", ""));
    client.answers();
    client.send(&command(0, "getStreamLength", 7.0, |arguments| arguments.null().string("s")));
    client.send(&create_stream(8.0));
    client.send(&command(0, "releaseStream", 0.0, |arguments| arguments.null().string("s")));
    let out = client.session.take_output();
    client.answers.push(&out);
    let number = |value: f64| Value::Number(value);
    let result = || Value::String("_result".to_owned());
    assert_eq!(client.answers.next_command(), Some(vec![result(), number(7.0), Value::Null, number(0.0)]));
    assert_eq!(client.answers.next_command(), Some(vec![result(), number(8.0), Value::Null, number(1.0)]));
    assert_eq!(client.answers.next_command(), None, "transaction 0 asks for no answer");
}

#[test]
fn acknowledgements_give_the_total_each_time_a_window_has_filled() {
    let mut client = Client::publishing();
    client.send(&message(5, 0, 0, &10_000u32.to_be_bytes()));
    let mut acknowledged = Vec::new();
    let mut sent = client.session.acknowledgement.received;
    for _ in 0..50 {
        let bytes = message(8, 1, 0, &[0; 900]);
        sent += u32::try_from(bytes.len()).expect("short");
        client.send(&bytes);
        while let Some(answer) = client.next_message() {
            assert_eq!((answer.type_id, answer.stream_id), (3, 0));
            assert_eq!(&answer.payload[..], sent.to_be_bytes(), "everything so far");
            acknowledged.push(sent);
        }
    }
    assert_eq!(acknowledged.len(), 4, "{acknowledged:?}");
    assert!(acknowledged.windows(2).all(|pair| pair[1] - pair[0] >= 10_000));
}

#[test]
fn acknowledgements_go_on_when_the_total_starts_again() {
    let mut count = Acknowledgement { received: u32::MAX - 5, acknowledged: u32::MAX - 5, window: 10 };
    count.count(9);
    assert_eq!(count.due(), None);
    count.count(1);
    assert_eq!(count.due(), Some(4));
    assert_eq!(count.due(), None);
    count.set_window(0);
    assert_eq!(count.window, 10, "no window means no change");
}

#[test]
fn a_tiny_window_costs_one_acknowledgement_per_answer() {
    let mut client = Client::publishing();
    client.send(&message(5, 0, 0, &1u32.to_be_bytes()));
    client.next_message();
    client.send(&message(8, 1, 0, b"x").repeat(100));
    assert_eq!(std::iter::from_fn(|| client.next_message()).count(), 1);
}

#[test]
fn a_stranger_is_held_to_smaller_limits_than_a_publisher() {
    let long = message(20, 0, 0, &[5; 70_000]);
    let error = Client::new().try_send(&long);
    assert_eq!(error, Err(SessionError::Chunk(ChunkError::MessageTooLong(70_000))));
    let mut client = Client::publishing();
    assert_eq!(client.send(&message(9, 1, 0, &vec![0; 1_000_000])).len(), 1);
}

#[test]
fn message_streams_are_bounded() {
    let mut client = Client::new();
    client.send(&connect("a", ""));
    for _ in 0..8 {
        client.send(&create_stream(2.0));
    }
    assert_eq!(client.try_send(&create_stream(2.0)), Err(SessionError::TooManyStreams));
}

#[test]
fn nested_commands_end_the_session_and_not_the_process() {
    let deep = [&[3u8, 0, 1, b'k'][..]; 15_000].concat();
    let payload = [&Writer::new().string("connect").number(1.0).finish()[..], &deep].concat();
    let error = Client::new().try_send(&message(20, 0, 0, &payload));
    assert!(matches!(error, Err(SessionError::Command(CommandError::Amf(_)))), "{error:?}");
}

proptest! {
    #[test]
    fn the_division_of_an_opening_does_not_matter(which in 0usize..4, step in 1usize..400) {
        let (_, opening) = &openings()[which];
        let bytes = opening.concat();
        let (mut whole, mut parts) = (Client::new(), Client::new());
        let expected = whole.send(&bytes);
        let events: Vec<_> = bytes.chunks(step).flat_map(|part| parts.send(part)).collect();
        prop_assert_eq!(events, expected);
        prop_assert_eq!(parts.answers(), whole.answers());
    }

    #[test]
    fn any_bytes_are_handled_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..1_000)) {
        let mut client = Client::publishing();
        let _ = client.try_send(&bytes);
        let _ = Client::new().try_send(&bytes);
    }
}
