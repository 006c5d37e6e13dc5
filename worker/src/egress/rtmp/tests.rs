//! Players on real sockets, in front of a scripted gate and the real hub.

use std::time::Duration;

use bytes::BytesMut;
use sluice_contract::message::{Command, EndReason, EventKind};
use sluice_contract::policy::TokenUse;
use sluice_contract::{DenyReason, Intent, Operation};
use tokio::io::AsyncReadExt;

use crate::ingest::rtmp::RtmpConfig;
use crate::ingest::rtmp::amf0::{self, AmfLimits, Value};
use crate::ingest::rtmp::testing::{command, connect, create_stream, message, summarise};
use crate::ingest::rtmp::tests::{Encoder, Ingest};
use crate::testing::{allow, block, clock, deny, grant, settings, soon};

/// A picture of the test publisher: a key frame or not, with a byte to know it by.
fn picture(timestamp: u32, key: bool, mark: u8) -> Vec<u8> {
    message(9, 1, timestamp, &[if key { 0x17 } else { 0x27 }, 1, 0, 0, 0, 0, 0, 0, 2, 0x65, mark])
}

fn sound(timestamp: u32, mark: u8) -> Vec<u8> {
    message(8, 1, timestamp, &[0xAF, 1, 0x21, mark])
}

/// What a player was sent, shortened.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    Control(u16),
    Said(String),
    Config(u8),
    /// Type, key frame, timestamp, mark.
    Unit(u8, bool, u32, u8),
}

/// Reads messages until `done` has seen enough.
async fn watch(player: &mut Encoder, mut done: impl FnMut(&[Seen]) -> bool) -> Vec<Seen> {
    let mut seen = Vec::new();
    let mut buffer = BytesMut::new();
    loop {
        while let Some(message) = player.answers.next_message() {
            let body = &message.payload;
            seen.push(match message.type_id {
                4 => Seen::Control(u16::from_be_bytes([body[0], body[1]])),
                8 | 9 if body[1] == 0 => Seen::Config(message.type_id),
                8 => Seen::Unit(8, true, message.timestamp, body[3]),
                9 => Seen::Unit(9, body[0] >> 4 == 1, message.timestamp, *body.last().unwrap()),
                18 | 20 => {
                    let values = amf0::read_all(body, AmfLimits::default()).unwrap();
                    Seen::Said(summarise(&values))
                }
                _ => continue,
            });
            if done(&seen) {
                return seen;
            }
        }
        buffer.clear();
        let read = soon("media", player.socket.read_buf(&mut buffer)).await.unwrap_or(0);
        assert!(read > 0, "the connection ended after {seen:?}");
        player.answers.push(&buffer);
    }
}

async fn ask_to_play(ingest: &Ingest, key: &str) -> Encoder {
    let mut player = ingest.connect().await;
    player.shake_hands().await;
    let play = command(1, "play", 3.0, |arguments| arguments.null().string(key).number(-2_000.0));
    let buffer = message(4, 0, 0, &[0, 3, 0, 0, 0, 1, 0, 0, 1, 0x2C]);
    player.send(&[connect("LiveApp", "rtmp://host/LiveApp"), create_stream(2.0), play, buffer].concat()).await;
    player
}

/// A player that sees the stream.
async fn playing(ingest: &Ingest, key: &str) -> Encoder {
    let mut player = ask_to_play(ingest, key).await;
    watch(&mut player, |seen| matches!(seen, [.., Seen::Unit(9, true, ..), Seen::Unit(8, ..)])).await;
    player
}

fn is_mark(seen: &[Seen], wanted: u8) -> bool {
    matches!(seen.last(), Some(Seen::Unit(.., mark)) if *mark == wanted)
}

/// Nothing at all comes, although the publisher goes on.
async fn assert_silent(publisher: &mut Encoder, player: &mut Encoder, timestamp: u32) {
    for step in 0..5 {
        publisher.send(&picture(timestamp + step * 40, true, 99)).await;
        let mut buffer = [0; 16];
        let read = tokio::time::timeout(Duration::from_millis(20), player.socket.read(&mut buffer)).await;
        assert!(read.is_err(), "something came: {read:?}");
    }
}

#[tokio::test]
async fn a_player_gets_the_stream_from_its_last_key_frame() {
    let mut ingest = Ingest::open().await;
    let mut publisher = ingest.publisher("s1").await;
    publisher.send(&[picture(4_000, true, 1), sound(4_010, 2), picture(4_040, false, 3)].concat()).await;
    let mut first = playing(&ingest, "s1?subscriberId=alice").await;
    watch(&mut first, |seen| is_mark(seen, 3)).await;
    let mut player = ask_to_play(&ingest, "s1?subscriberId=bob").await;
    let seen = watch(&mut player, |seen| is_mark(seen, 3)).await;
    let said = |text: &str| Seen::Said(text.to_owned());
    assert_eq!(
        seen,
        [
            said("_result NetConnection.Connect.Success"),
            said("_result"),
            Seen::Control(0),
            said("onStatus NetStream.Play.Reset"),
            said("onStatus NetStream.Play.Start"),
            said("|RtmpSampleAccess"),
            said("onMetaData"),
            Seen::Config(9),
            Seen::Config(8),
            Seen::Unit(9, true, 0, 1),
            Seen::Unit(8, true, 10, 2),
            Seen::Unit(9, false, 40, 3),
        ]
    );
    publisher.send(&sound(4_050, 4)).await;
    let live = watch(&mut player, |seen| is_mark(seen, 4)).await;
    assert_eq!(live, [Seen::Unit(8, true, 50, 4)]);
    let started = async {
        loop {
            if let EventKind::SessionStarted { session } = ingest.house.event().await
                && session.operation == Operation::Play
                && session.subscriber.as_ref().is_some_and(|name| name.as_ref() == "bob")
            {
                break session;
            }
        }
    };
    assert!(soon("the session", started).await.stats.bytes > 0);
}

#[tokio::test]
async fn a_refused_player_reads_why_and_learns_nothing_else() {
    for (reason, code) in [
        (DenyReason::PlaybackDisabled, "NetStream.Failed"),
        (DenyReason::CodeInvalid, "NetStream.Publish.BadName"),
        (DenyReason::Blocked { until: clock().plus_secs(9) }, "NetStream.Failed"),
        (DenyReason::StreamAbsent, "NetStream.Play.StreamNotFound"),
    ] {
        let ingest = Ingest::open().await;
        let _publisher = ingest.publisher("s1").await;
        *ingest.house.gate.script.lock() = Box::new(move |_| deny(reason.clone()));
        let mut player = ask_to_play(&ingest, "s1").await;
        assert_eq!(player.status().await, format!("onStatus {code}"));
        player.sees_the_end().await;
    }
}

#[tokio::test]
async fn a_stream_that_is_not_here_is_asked_for_without_spending_anything() {
    let ingest = Ingest::open().await;
    *ingest.house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.token = if request.intent == Intent::Probe { TokenUse::Reserved } else { TokenUse::Spent };
        allow(grant)
    });
    let mut player = ask_to_play(&ingest, "s1/T").await;
    assert_eq!(player.status().await, "onStatus NetStream.Play.StreamNotFound");
    let asked = ingest.house.gate.asked.lock().last().cloned().unwrap();
    assert_eq!((asked.intent, asked.operation), (Intent::Probe, Operation::Play));
    assert!(asked.credentials.token.is_some_and(|token| token.matches("T")));
}

#[tokio::test]
async fn a_block_holds_every_byte_back_until_it_ends_and_then_a_key_frame_comes_first() {
    let mut ingest = Ingest::open().await;
    let mut publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1?subscriberId=alice").await;
    let mut other = playing(&ingest, "s1?subscriberId=bob").await;
    publisher.send(&picture(40, false, 5)).await;
    watch(&mut player, |seen| is_mark(seen, 5)).await;

    let ack = ingest.house.command(Command::Block { block: block("s1", "alice", Operation::Play, 60) }).await;
    assert_eq!(ack.sessions_suspended, 1);
    assert_silent(&mut publisher, &mut player, 80).await;
    watch(&mut other, |seen| is_mark(seen, 99)).await;
    let mut again = ask_to_play(&ingest, "s1?subscriberId=alice").await;
    assert_eq!(again.status().await, "onStatus NetStream.Failed", "a new play is refused");

    publisher.send(&[picture(60_000, true, 6), picture(60_040, false, 7)].concat()).await;
    watch(&mut other, |seen| is_mark(seen, 7)).await;
    ingest.house.command(Command::Block { block: block("s1", "alice", Operation::Play, 0) }).await;
    let seen = watch(&mut player, |seen| is_mark(seen, 7)).await;
    let [Seen::Config(9), Seen::Config(8), Seen::Unit(9, true, began, 6), Seen::Unit(9, false, next, 7)] = seen[..]
    else {
        panic!("{seen:?}")
    };
    assert!(began <= 40 + 500 && next == began + 40, "the minute is not on its timeline: {seen:?}");
}

#[tokio::test]
async fn a_block_that_ends_by_itself_lets_the_player_go_on() {
    let mut ingest = Ingest::open().await;
    let mut publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1?subscriberId=alice").await;
    ingest.house.command(Command::Block { block: block("s1", "alice", Operation::Play, 2) }).await;
    assert_silent(&mut publisher, &mut player, 80).await;
    ingest.house.wait(2_000);
    let seen = watch(&mut player, |seen| matches!(seen.last(), Some(Seen::Unit(..)))).await;
    assert!(matches!(seen.last(), Some(Seen::Unit(9, true, ..))), "{seen:?}");
}

#[tokio::test]
async fn a_player_pauses_chooses_and_leaves() {
    let mut ingest = Ingest::open().await;
    let mut publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1").await;
    let say = |name: &'static str, flag: bool| {
        command(1, name, 0.0, |arguments| arguments.null().value(&Value::Boolean(flag)).number(0.0))
    };
    player.send(&say("pause", true)).await;
    assert_eq!(player.status().await, "onStatus NetStream.Pause.Notify");
    assert_silent(&mut publisher, &mut player, 80).await;
    player.send(&say("pause", false)).await;
    watch(&mut player, |seen| is_mark(seen, 99)).await;

    player.send(&[say("receiveVideo", false), say("seek", true)].concat()).await;
    assert_eq!(player.status().await, "onStatus NetStream.Seek.Notify");
    publisher.send(&[picture(400, true, 1), sound(410, 2)].concat()).await;
    let seen = watch(&mut player, |seen| is_mark(seen, 2)).await;
    assert!(seen.iter().all(|seen| matches!(seen, Seen::Unit(8, ..))), "{seen:?}");
    player.send(&[say("receiveVideo", true), say("seek", true)].concat()).await;
    assert_eq!(player.status().await, "onStatus NetStream.Seek.Notify");
    publisher.send(&[picture(440, false, 3), picture(480, true, 4)].concat()).await;
    let seen = watch(&mut player, |seen| is_mark(seen, 4)).await;
    assert_eq!(seen.len(), 1, "from a key frame: {seen:?}");

    player.send(&command(0, "deleteStream", 0.0, |arguments| arguments.null().number(1.0))).await;
    assert_eq!(player.status().await, "onStatus NetStream.Play.Stop");
    assert_eq!(ingest.session_end().await, (EndReason::Closed, None));
    let play = command(2, "play", 6.0, |arguments| arguments.null().string("s1"));
    player.send(&[create_stream(5.0), play].concat()).await;
    watch(&mut player, |seen| matches!(seen.last(), Some(Seen::Unit(9, true, ..)))).await;
}

#[tokio::test]
async fn a_publisher_that_comes_back_finds_its_players() {
    let ingest = Ingest::open().await;
    let publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1").await;
    drop(publisher);
    let mut publisher = ingest.publisher("s1").await;
    publisher.send(&picture(40, false, 7)).await;
    let seen = watch(&mut player, |seen| is_mark(seen, 7)).await;
    assert!(seen.contains(&Seen::Config(9)), "{seen:?}");
    assert!(matches!(seen[seen.len() - 1], Seen::Unit(9, false, 40..=200, 7)), "time goes on: {seen:?}");
}

#[tokio::test]
async fn players_are_told_that_their_stream_was_stopped() {
    let mut ingest = Ingest::open().await;
    let publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1").await;
    let application = crate::testing::app();
    let stop = Command::EndStream { application, stream_id: "s1".parse().unwrap(), reason: EndReason::Stopped };
    ingest.house.command(stop).await;
    let seen = watch(&mut player, |seen| seen.last() == Some(&Seen::Said("onStatus NetStream.Play.Stop".into()))).await;
    assert_eq!(seen[seen.len() - 3], Seen::Control(1), "end of stream");
    player.sees_the_end().await;
    drop(publisher);
}

#[tokio::test]
async fn sessions_end_with_their_credential_and_with_the_setting() {
    let mut ingest = Ingest::open().await;
    let _publisher = ingest.publisher("s1").await;
    *ingest.house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.expires_at = request.credentials.token.is_some().then(|| clock().plus_secs(5));
        allow(grant)
    });
    let mut expiring = playing(&ingest, "s1?token=T").await;
    let mut staying = playing(&ingest, "s1").await;
    ingest.house.wait(5_000);
    assert_eq!(expiring.status().await, "onStatus NetStream.Failed");
    let mut off = settings(false);
    off.rtmp_playback_enabled = false;
    ingest.house.command(Command::Settings { settings: off }).await;
    assert_eq!(staying.status().await, "onStatus NetStream.Failed");
    staying.sees_the_end().await;
}

#[tokio::test]
async fn a_player_that_does_not_read_is_let_go_and_holds_nobody_up() {
    let config = RtmpConfig { stall_timeout: Duration::from_millis(300), ..RtmpConfig::default() };
    let mut ingest = Ingest::with(config).await;
    let mut publisher = ingest.publisher("s1").await;
    let mut healthy = playing(&ingest, "s1?subscriberId=healthy").await;
    let _stalled = playing(&ingest, "s1?subscriberId=stalled").await;
    let big = [&[0x17, 1, 0, 0, 0][..], &60_000u32.to_be_bytes(), &[7; 60_000]].concat();
    let ended = async {
        let mut timestamp = 0;
        loop {
            timestamp += 40;
            publisher.send(&message(9, 1, timestamp, &big)).await;
            watch(&mut healthy, |seen| matches!(seen.last(), Some(Seen::Unit(9, ..)))).await;
            if let Ok(EventKind::SessionEnded { session, reason, .. }) =
                tokio::time::timeout(Duration::from_millis(5), ingest.house.event()).await
            {
                break (session.subscriber.map(|name| name.to_string()), reason);
            }
        }
    };
    assert_eq!(soon("the end", ended).await, (Some("stalled".to_owned()), EndReason::SlowReader));
}

#[tokio::test]
async fn merged_writes_carry_the_same_messages() {
    let config = RtmpConfig { merge: Duration::from_millis(100), ..RtmpConfig::default() };
    let ingest = Ingest::with(config).await;
    let mut publisher = ingest.publisher("s1").await;
    let mut player = playing(&ingest, "s1").await;
    for step in 1..=20 {
        publisher.send(&picture(step * 10, false, 1)).await;
    }
    publisher.send(&sound(300, 2)).await;
    let seen = watch(&mut player, |seen| is_mark(seen, 2)).await;
    assert_eq!(seen.iter().filter(|seen| matches!(seen, Seen::Unit(9, ..))).count(), 20);
}
