use std::sync::Arc;

use sluice_contract::message::{EndReason, EventKind};
use sluice_contract::{DenyReason, Operation, SessionId, StreamGrant};

use super::*;
use crate::testing::{House, allow, block, clock, deny, grant, publish, soon};

fn expire_after(seconds: i64) -> crate::testing::Script {
    Box::new(move |request| {
        let mut grant = grant(request);
        grant.expires_at = Some(clock().plus_secs(seconds));
        allow(grant)
    })
}

#[tokio::test]
async fn a_session_is_told_to_the_api_from_its_start_to_its_end() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let EventKind::SessionStarted { session } = house.event().await else { panic!("not started") };
    assert_eq!(session.session, admitted.session().id());
    house.wait(2_000);
    admitted.session().count_video(250_000);
    admitted.session().count_audio(25_000);
    drop(admitted);
    let EventKind::SessionEnded { session, reason, .. } = house.event().await else { panic!("not ended") };
    assert_eq!(reason, EndReason::Closed);
    assert_eq!(session.stats.bytes, 275_000);
    assert_eq!(session.stats.average_video_bitrate_bps, 1_000_000);
    assert_eq!(session.stats.average_audio_bitrate_bps, 100_000);
    assert!(house.sessions.all().is_empty());
}

#[tokio::test]
async fn the_sampler_works_out_the_last_second() {
    let house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    house.wait(1_000);
    admitted.session().count_video(50_000);
    house.wait(1_000);
    assert_eq!(admitted.session().report(clock()).stats.video_bitrate_bps, 400_000);
    house.wait(1_000);
    let stats = admitted.session().report(clock()).stats;
    assert_eq!((stats.video_bitrate_bps, stats.bytes), (0, 50_000));
}

#[tokio::test]
async fn the_first_end_of_a_session_counts() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let session = Arc::clone(admitted.session());
    session.close(EndReason::ProtocolError, Some("bad chunk".to_owned()));
    session.close(EndReason::Closed, None);
    drop(admitted);
    assert_eq!(session.gate(), Gate::Closed(EndReason::ProtocolError));
    house.event().await;
    let EventKind::SessionEnded { reason, detail, .. } = house.event().await else { panic!("not ended") };
    assert_eq!((reason, detail.as_deref()), (EndReason::ProtocolError, Some("bad chunk")));
}

#[tokio::test]
async fn a_session_ends_with_the_credential_that_let_it_in() {
    let house = House::open(false).await;
    *house.gate.script.lock() = expire_after(30);
    let admitted = house.publisher("alice").await;
    house.wait(29_999);
    assert_eq!(admitted.session().gate(), Gate::Open);
    let session = Arc::clone(admitted.session());
    let watching = tokio::spawn(async move { session.gate_changed(Gate::Open).await });
    house.wait(1);
    assert_eq!(soon("the gate's move", watching).await.unwrap(), Gate::Closed(EndReason::Expired));
    assert_eq!(house.streams.ended.lock().last().map(|(_, reason)| *reason), Some(EndReason::Expired));
}

#[tokio::test]
async fn a_publisher_that_was_blocked_while_the_gate_answered_does_not_begin() {
    let house = House::open(false).await;
    house.sessions.block(&block("s", "alice", Operation::Publish, 60), clock());
    let refused = house.admission.admit(publish("s", "alice")).await.err();
    assert_eq!(refused, Some(DenyReason::Blocked { until: clock().plus_secs(60) }));
    assert!(house.admission.admit(publish("s", "bob")).await.is_ok(), "others publish");
    assert!(house.admission.admit(publish("other", "alice")).await.is_ok(), "and elsewhere");
}

#[tokio::test]
async fn a_block_on_the_main_track_counts_for_its_subtracks() {
    let house = House::open(false).await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.main_track = Some("room".parse().unwrap());
        allow(grant)
    });
    let admitted = house.publisher("alice").await;
    let changes = house.sessions.block(&block("room", "alice", Operation::Publish, 60), clock());
    assert_eq!(changes.stopped.len(), 1);
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Blocked));
}

#[tokio::test]
async fn the_gate_fails_closed() {
    let house = House::unconnected(false).await;
    let before_hello = house.admission.admit(publish("s", "alice")).await.err();
    assert_eq!(before_hello, Some(DenyReason::AuthorityUnreachable));
    assert_eq!(house.asked(), 0);
    house.connect().await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.stream_id = "another".parse().unwrap();
        allow(grant)
    });
    let confused = house.admission.admit(publish("s", "alice")).await.err();
    assert_eq!(confused, Some(DenyReason::AuthorityUnreachable), "an answer to another question");
    *house.gate.script.lock() = Box::new(|_| deny(DenyReason::StreamInUse));
    assert_eq!(house.admission.admit(publish("s", "alice")).await.err(), Some(DenyReason::StreamInUse));
    assert!(house.sessions.all().is_empty());
}

#[tokio::test]
async fn a_block_finds_one_track_of_a_room_and_the_room_all() {
    let house = House::open(false).await;
    let ask = crate::admission::Ask { operation: Operation::Play, ..publish("room", "alice") };
    let viewer = house.admission.admit(ask).await.ok().unwrap();
    let track = |name: &str| house.sessions.register_track(viewer.session(), name.parse().unwrap()).unwrap();
    let (anna, bert) = (track("anna"), track("bert"));
    let changes = house.sessions.block(&block("anna", "alice", Operation::Play, 60), clock());
    assert_eq!(changes.suspended, 1);
    assert_eq!((anna.gate(), bert.gate(), viewer.session().gate()), (Gate::Suspended, Gate::Open, Gate::Open));
    assert_eq!(track("anna").gate(), Gate::Suspended, "whoever comes back finds the block");
    let changes = house.sessions.block(&block("room", "alice", Operation::Play, 60), clock());
    assert_eq!((changes.suspended, viewer.session().gate()), (1, Gate::Suspended));
    let changes = house.sessions.block(&block("anna", "alice", Operation::Play, 0), clock());
    assert_eq!((changes.resumed > 0, anna.gate()), (true, Gate::Open));
    assert!(!anna.is_announced(), "it is nobody's viewer");
}

#[tokio::test]
async fn whoever_blocks_and_unblocks_at_one_moment_the_gate_is_as_the_blocks_are() {
    let house = House::open(false).await;
    let publisher = house.publisher("alice").await;
    let sessions = &house.sessions;
    let (on, off) = (block("s", "alice", Operation::Play, 60), block("s", "alice", Operation::Play, -1));
    for _ in 0..1_000 {
        let id = SessionId::new(uuid::Uuid::now_v7());
        let grant = StreamGrant { session: id, operation: Operation::Play, ..publisher.session().grant().clone() };
        let (peer, client) = (publisher.session().peer.clone(), publisher.session().client.clone());
        sessions.block(&on, clock());
        std::thread::scope(|threads| {
            threads.spawn(|| sessions.register(grant, peer, client).unwrap());
            threads.spawn(|| sessions.block(&off, clock()));
            threads.spawn(|| sessions.block(&on, clock()));
            threads.spawn(|| sessions.tick(clock()));
        });
        let session = sessions.find(id).unwrap();
        let is_blocked = sessions.block_of(&session, clock()).is_some();
        assert_eq!(session.gate() == Gate::Suspended, is_blocked, "blocked: {is_blocked}");
        sessions.block(&off, clock());
        assert_eq!(session.gate(), Gate::Open);
        session.close(EndReason::Closed, None);
    }
}
