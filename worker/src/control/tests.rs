use sluice_bus::ApiLink;
use sluice_contract::message::{Command, Revocation, Revoked, SessionState, WebrtcRules, WorkerSettings};
use sluice_contract::{DenyReason, Secret, TicketKey};

use super::*;
use crate::admission::Ask;
use crate::testing::{House, allow, app, block, clock, grant, key, publish, settings, soon};

#[tokio::test]
async fn a_blocked_publisher_is_off_the_air_before_the_acknowledgement() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let other = house.admission.admit(publish("s2", "alice")).await.unwrap();
    let ack = house.command(Command::Block { block: block("s", "alice", Operation::Publish, 120) }).await;
    assert_eq!((ack.sessions_stopped, ack.sessions_suspended, ack.revision), (1, 0, 2));
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Blocked));
    assert_eq!(*house.streams.ended.lock(), [(key("s"), EndReason::Blocked)]);
    assert_eq!(other.session().gate(), Gate::Open, "the same name on another stream is somebody else");
}

#[tokio::test]
async fn a_command_is_never_applied_over_a_newer_state() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let ack = house.send(1, Command::Block { block: block("s", "alice", Operation::Publish, 120) }).await;
    assert_eq!(ack.sessions_stopped, 0, "the welcome included revision 1");
    assert_eq!(admitted.session().gate(), Gate::Open);
}

#[tokio::test]
async fn a_gap_in_the_revisions_brings_the_whole_state() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    {
        let mut welcome = house.gate.welcome.lock();
        welcome.revision = 4;
        welcome.blocks = vec![block("s", "alice", Operation::Publish, 120)];
    }
    let ack = house.send(5, Command::TicketKeys { keys: Vec::new() }).await;
    assert_eq!(ack.revision, 5);
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Blocked), "what was missed is in force");
    let hellos = house.gate.hellos.lock();
    assert_eq!(hellos.len(), 2);
    assert_eq!((hellos[1].last_revision, hellos[1].sessions.len()), (1, 1));
}

#[tokio::test]
async fn a_worker_that_was_thought_lost_says_again_what_it_carries() {
    let mut house = House::open(false).await;
    let _admitted = house.publisher("alice").await;
    let stranger = sluice_contract::WorkerId::new(uuid::Uuid::now_v7());
    house.command(Command::Rejoin { worker: stranger }).await;
    assert_eq!(house.gate.hellos.lock().len(), 1, "somebody else is meant");
    let worker = house.control.worker;
    house.command(Command::Rejoin { worker }).await;
    let hellos = house.gate.hellos.lock();
    assert_eq!((hellos.len(), hellos[1].sessions.len()), (2, 1));
    assert!(house.rules.link().in_order, "and admits as before");
}

#[tokio::test]
async fn what_the_api_no_longer_wants_ends_with_the_hello() {
    let house = House::unconnected(false).await;
    house.connect().await;
    let (one, two) = (house.publisher("alice").await, house.admission.admit(publish("s2", "bob")).await.unwrap());
    house.gate.welcome.lock().end_sessions = vec![(one.session().id(), EndReason::Deleted)];
    house.control.hello().await.unwrap();
    assert_eq!(one.session().gate(), Gate::Closed(EndReason::Deleted));
    assert_eq!(two.session().gate(), Gate::Open);
    house.gate.welcome.lock().applications.clear();
    house.control.hello().await.unwrap();
    assert_eq!(two.session().gate(), Gate::Closed(EndReason::Deleted), "its application is gone");
    let ended: Vec<_> = house.streams.ended.lock().iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(ended, [key("s"), key("s2")]);
}

#[tokio::test]
async fn an_answer_from_before_a_lost_link_does_not_count() {
    let house = House::open(false).await;
    let silence = house.gate.silence.lock().await;
    let admission = Arc::clone(&house.admission);
    let asking = tokio::spawn(async move { admission.admit(publish("s", "alice")).await.err() });
    while house.asked() == 0 {
        tokio::task::yield_now().await;
    }
    house.rules.link_lost();
    drop(silence);
    let refused = soon("an answer", asking).await.unwrap();
    assert_eq!(refused, Some(DenyReason::AuthorityUnreachable));
    assert!(house.sessions.all().is_empty());
}

#[tokio::test]
async fn an_administrator_ends_sessions_and_streams() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let id = admitted.session().id();
    let ack = house.command(Command::EndSession { session: id, reason: EndReason::Stopped }).await;
    assert_eq!((ack.sessions_stopped, ack.revision), (1, 1), "ending is no lasting state");
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Stopped));
    let again = house.command(Command::EndSession { session: id, reason: EndReason::Stopped }).await;
    assert_eq!(again.sessions_stopped, 0);

    let admitted = house.publisher("alice").await;
    let stream_id = "s".parse().unwrap();
    let ack = house.command(Command::EndStream { application: app(), stream_id, reason: EndReason::Stopped }).await;
    assert_eq!(ack.sessions_stopped, 1);
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Stopped));
    assert_eq!(house.streams.ended.lock().len(), 2);
}

#[tokio::test]
async fn what_may_still_be_on_its_way_is_not_acknowledged() {
    let mut house = House::open(false).await;
    let publisher = house.publisher("alice").await;
    let session = publisher.session().id();
    house.streams.is_stuck.store(true, Ordering::Relaxed);
    house.post(1, Command::EndSession { session, reason: EndReason::Stopped }).await;
    let stream_id = publisher.session().key().stream_id.clone();
    let data = Command::Data { application: app(), stream_id, message: String::new() };
    let told = house.post(1, data).await;
    assert_eq!(house.acknowledgement().await.control, told, "the end is in force, and not confirmed");
    assert_eq!(publisher.session().gate(), Gate::Closed(EndReason::Stopped));
    house.streams.is_stuck.store(false, Ordering::Relaxed);
    house.command(Command::Block { block: block("s", "alice", Operation::Publish, 120) }).await;
}

#[tokio::test]
async fn an_application_takes_everything_along() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let ack = house.command(Command::RemoveApplication { application: app() }).await;
    assert_eq!(ack.sessions_stopped, 1);
    assert_eq!(admitted.session().gate(), Gate::Closed(EndReason::Deleted));
    let refused = house.admission.admit(publish("s", "alice")).await.err();
    assert_eq!(refused, Some(DenyReason::UnknownApplication), "even if the gate still says yes");
    assert_eq!(house.status("/LiveApp/streams/s.m3u8").await, 404);
}

#[tokio::test]
async fn the_seconds_figures_count_viewers_once() {
    let house = House::open(false).await;
    let publisher = house.publisher("alice").await;
    house.streams.reports.lock().push(StreamReport {
        application: app(),
        stream_id: "s".parse().unwrap(),
        publisher: publisher.session().id(),
        protocol: Protocol::Rtmp,
        since: clock(),
        video: None,
        audio: None,
        bytes: 0,
        bitrate_bps: 0,
        speed: 1.0,
        viewers: Vec::new(),
    });
    for path in ["/LiveApp/streams/s.m3u8", "/LiveApp/streams/s/video.m3u8", "/LiveApp/streams/s/v-1.m4s"] {
        assert_eq!(house.get(path).send().await.status, 200);
        assert_eq!(house.get(path).from([192, 0, 2, 2]).send().await.status, 200);
    }
    assert_eq!(house.head("/LiveApp/streams/s.m3u8").from([192, 0, 2, 3]).send().await.status, 200);
    let dash = house.get("/LiveApp/streams/s/s.mpd").from([192, 0, 2, 4]).send().await;
    assert_eq!(dash.status, 200);
    let (sessions, streams) = house.control.figures(clock());
    assert_eq!(streams[0].viewers, [(Protocol::Hls, 2), (Protocol::Dash, 1)], "a HEAD is no viewer");
    assert_eq!(sessions.len(), 4);
}

#[tokio::test]
async fn a_lost_link_admits_nobody_and_is_taken_up_again() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    // A worker that falls behind loses its receiver: nothing reads here while the queue fills.
    let mut commands = 0;
    let mut link = house.rules.link();
    while link == house.rules.link() {
        let id = uuid::Uuid::now_v7();
        let command = Command::EndSession { session: SessionId::new(id), reason: EndReason::Stopped };
        house.bus.broadcast(Message { id, revision: 1, command }).await.unwrap();
        commands += 1;
        if commands % 2_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    assert!(!house.rules.link().in_order);
    let refused = house.admission.admit(publish("s2", "bob")).await.err();
    assert_eq!(refused, Some(DenyReason::AuthorityUnreachable));
    assert_eq!(admitted.session().gate(), Gate::Open, "what was admitted goes on");
    soon("the link's return", house.rules.in_order()).await;
    link = house.rules.link();
    assert!(link.in_order);
    assert!(house.admission.admit(publish("s2", "bob")).await.is_ok());
    let ack = house.command(Command::TicketKeys { keys: vec![TicketKey { id: 2, secret: Secret::new(vec![2; 32]) }] });
    assert_eq!(ack.await.revision, 2);
}

#[tokio::test]
async fn a_suspended_viewer_is_told_to_the_api() {
    let mut house = House::open(false).await;
    *house.gate.script.lock() = Box::new(|request| allow(grant(request)));
    assert_eq!(house.get("/LiveApp/streams/s.m3u8?subscriberId=bob").send().await.status, 200);
    assert!(matches!(house.event().await, sluice_contract::message::EventKind::SessionStarted { .. }));
    let ack = house.command(Command::Block { block: block("s", "bob", Operation::Play, 60) }).await;
    assert_eq!((ack.sessions_stopped, ack.sessions_suspended), (0, 1));
    let sluice_contract::message::EventKind::SessionSuspended { session } = house.event().await else {
        panic!("not suspended")
    };
    assert_eq!(session.state, SessionState::Suspended);
    house.wait(60_000 - 1);
    assert_eq!(house.sessions.all()[0].gate(), Gate::Suspended);
    house.wait(1);
    // The wait of a minute without a request also ends the session; the block ended first.
    assert!(matches!(house.event().await, sluice_contract::message::EventKind::SessionResumed { .. }));
    assert!(matches!(
        house.event().await,
        sluice_contract::message::EventKind::SessionEnded { reason: EndReason::Idle, .. }
    ));
}

#[tokio::test]
async fn switching_protection_on_ends_those_who_came_in_without() {
    let mut house = House::open(false).await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.admitted_by.clear();
        allow(grant)
    });
    assert_eq!(house.get("/LiveApp/streams/s.m3u8").send().await.status, 200);
    let named = house.get("/LiveApp/streams/s.m3u8?subscriberId=bob").from([192, 0, 2, 2]).send().await;
    let ticket = format!("/LiveApp/streams/s.m3u8?{}", named.ticket());
    assert_eq!(house.status(&ticket).await, 200);
    let ack = house.command(Command::Settings { settings: settings(true) }).await;
    assert_eq!(ack.sessions_stopped, 2);
    *house.gate.script.lock() = Box::new(|_| crate::testing::deny(DenyReason::CodeMissing));
    assert_eq!(house.status("/LiveApp/streams/s.m3u8").await, 403);
    assert_eq!(house.status(&ticket).await, 403, "a ticket that only a name was shown for is worth nothing now");
}

#[tokio::test]
async fn switching_webrtc_off_ends_those_who_use_it() {
    let mut house = House::open(false).await;
    let over_rtmp = house.publisher("alice").await;
    let whip = || Ask { protocol: Protocol::Whip, ..publish("s2", "bob") };
    let over_whip = house.admission.admit(whip()).await.unwrap();
    let webrtc = WebrtcRules { enabled: false, ..WebrtcRules::default() };
    let ack = house.command(Command::Settings { settings: WorkerSettings { webrtc, ..settings(false) } }).await;
    assert_eq!(ack.sessions_stopped, 1);
    assert_eq!(over_whip.session().gate(), Gate::Closed(EndReason::Stopped));
    assert_eq!(over_rtmp.session().gate(), Gate::Open);
    let refused = house.admission.admit(whip()).await.err();
    assert_eq!(refused, Some(DenyReason::WebrtcDisabled), "even if the gate still says yes");
}

#[tokio::test]
async fn a_draining_worker_turns_newcomers_away_and_keeps_who_is_here() {
    let mut house = House::open(false).await;
    let admitted = house.publisher("alice").await;
    let (worker, stranger) = (house.control.worker, sluice_contract::WorkerId::new(uuid::Uuid::now_v7()));
    house.command(Command::Drain { worker: stranger, on: true }).await;
    assert!(!house.rules.is_draining(), "somebody else is meant");
    house.command(Command::Drain { worker, on: true }).await;
    let refused = house.admission.admit(publish("s2", "bob")).await.err();
    assert_eq!(refused, Some(DenyReason::ResourceLimit));
    assert_eq!(admitted.session().gate(), Gate::Open);
    assert_eq!(house.status("/LiveApp/streams/s.m3u8").await, 200, "HTTP is served to the end");
    assert!(house.control.load(&[]).draining);
    house.command(Command::Drain { worker, on: false }).await;
    assert!(house.admission.admit(publish("s2", "bob")).await.is_ok());
}

#[tokio::test]
async fn a_worker_at_its_limit_takes_no_new_publishers() {
    let house = House::open(false).await;
    let _here = house.publisher("alice").await;
    house.rules.set_at_limit(true);
    let refused = house.admission.admit(publish("s2", "bob")).await.err();
    assert_eq!(refused, Some(DenyReason::ResourceLimit));
    assert_eq!(house.status("/LiveApp/streams/s.m3u8").await, 200, "viewers are welcome");
}

#[tokio::test]
async fn tickets_that_died_while_a_worker_was_not_there_stay_dead() {
    let house = House::open(true).await;
    let play = |name: &str| format!("/LiveApp/streams/s.m3u8?subscriberId={name}");
    let (ann, ben) = (house.get(&play("ann")).send().await, house.get(&play("ben")).from([192, 0, 2, 2]).send().await);
    let sessions = house.sessions.all();
    let session_of = |name: &str| {
        sessions.iter().find(|session| session.grant().subscriber.as_ref().is_some_and(|s| s.as_str() == name)).unwrap()
    };
    // Another worker, which never saw either of them.
    let gate = Arc::clone(&house.gate);
    let until = clock().plus_secs(86_400);
    gate.welcome.lock().revocations =
        vec![Revocation { of: Revoked::Session { session: session_of("ann").id() }, until }];
    let other = House::beside(house.bus.clone(), Arc::clone(&gate)).await;
    other.connect().await;
    let with = |ticket: &str| format!("/LiveApp/streams/s.m3u8?{ticket}");
    assert_eq!(other.status(&with(&ann.ticket())).await, 403);
    assert_eq!(other.status(&with(&ben.ticket())).await, 200);
    // Everything of the stream, said to both with their next hello.
    let scope = Revoked::Scope {
        application: app(),
        stream_id: Some("s".parse().unwrap()),
        before: clock(),
        spares_admitted: true,
    };
    gate.welcome.lock().revocations = vec![Revocation { of: scope, until }];
    house.control.hello().await.unwrap();
    assert_eq!(session_of("ben").gate(), Gate::Open, "it showed a credential and goes on");
    let third = House::beside(house.bus.clone(), Arc::clone(&gate)).await;
    third.connect().await;
    assert_eq!(third.status(&with(&ben.ticket())).await, 403);
    if let Revoked::Scope { spares_admitted, .. } = &mut gate.welcome.lock().revocations[0].of {
        *spares_admitted = false;
    }
    house.control.hello().await.unwrap();
    assert_eq!(session_of("ben").gate(), Gate::Closed(EndReason::Stopped));
}
