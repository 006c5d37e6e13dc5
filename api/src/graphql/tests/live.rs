//! Every subscription delivers, in the types that queries return; and none outlives the right to it.

use std::net::SocketAddr;

use serde_json::{Value, json};
use sluice_contract::message::{EndReason, EventKind, SessionState, StatsReport};
use sluice_contract::{Operation, UnixTime};

use super::socket::{Socket, serve, strict};
use super::{Client, PASSWORD, login};
use crate::manage::{AdministratorChanges, Grant, Role, Scope, Viewer};
use crate::tests::{START, TestApi, TestWorker, report_of, stream_of};

/// Subscribes, and returns once the subscription stands.
async fn watch(socket: &mut Socket, query: &str) {
    socket.subscribe("watch", query).await;
    // Answered in order: the subscription stands when this is.
    socket.subscribe("then", "{ __typename }").await;
    assert_eq!(socket.next().await["id"], "then");
    assert_eq!(socket.next().await, json!({ "type": "complete", "id": "then" }));
}

/// The next entry of `field`.
async fn entry(socket: &mut Socket, field: &str) -> Value {
    let mut message = socket.next().await;
    assert_eq!(message["id"], "watch", "{message}");
    message["payload"]["data"][field].take()
}

async fn report(worker: &TestWorker, at: UnixTime, player: bool) {
    let publisher = report_of(&worker.request(Operation::Publish, "stream1", ""));
    let mut sessions = vec![publisher.clone()];
    if player {
        sessions.push(report_of(&worker.request(Operation::Play, "stream1", "subscriberId=playerB")));
    }
    let streams = vec![stream_of(&publisher)];
    worker.link.report(StatsReport { revision: 0, sessions, streams, ..StatsReport::of(worker.id, at) }).await;
}

#[tokio::test]
async fn sessions_are_told_from_start_to_end() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    watch(
        &mut socket,
        r#"subscription { sessionEvents(application: "LiveApp", streamId: "stream1") {
             kind session { subscriberId operation protocol state endReason stats { averageVideoBitrate } } } }"#,
    )
    .await;
    let other = worker.admitted(worker.request(Operation::Play, "stream2", "subscriberId=playerA")).await;
    worker.tell(EventKind::SessionStarted { session: other }).await;
    let session = worker.admitted(worker.request(Operation::Play, "stream1", "subscriberId=playerB")).await;
    worker.tell(EventKind::SessionStarted { session: session.clone() }).await;
    let started = entry(&mut socket, "sessionEvents").await;
    let expected = json!({
        "kind": "STARTED",
        "session": {
            "subscriberId": "playerB", "operation": "PLAY", "protocol": "HLS", "state": "ACTIVE", "endReason": null,
            "stats": { "averageVideoBitrate": "2000000" },
        },
    });
    assert_eq!(started, expected);
    let mut suspended = session.clone();
    suspended.state = SessionState::Suspended;
    worker.tell(EventKind::SessionSuspended { session: suspended }).await;
    assert_eq!(entry(&mut socket, "sessionEvents").await["kind"], "SUSPENDED");
    worker.tell(EventKind::SessionResumed { session: session.clone() }).await;
    assert_eq!(entry(&mut socket, "sessionEvents").await["kind"], "RESUMED");
    worker.tell(EventKind::SessionEnded { session, reason: EndReason::Idle, detail: None }).await;
    let ended = entry(&mut socket, "sessionEvents").await;
    assert_eq!((&ended["kind"], &ended["session"]["endReason"]), (&json!("ENDED"), &json!("IDLE")));
}

#[tokio::test]
async fn broadcasts_are_told_from_creation_to_deletion() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    watch(
        &mut socket,
        r#"subscription { broadcastEvents(application: "LiveApp") { kind streamId reason broadcast { status } } }"#,
    )
    .await;
    let local = Client::local(&test);
    let create =
        r#"mutation { createBroadcast(input: { application: "LiveApp", streamId: "stream1" }) { problems { code } } }"#;
    local.data(create).await;
    let created = entry(&mut socket, "broadcastEvents").await;
    let expected =
        json!({ "kind": "CREATED", "streamId": "stream1", "reason": null, "broadcast": { "status": "CREATED" } });
    assert_eq!(created, expected);
    let publisher = worker.admitted(worker.request(Operation::Publish, "stream1", "")).await;
    let stream = stream_of(&publisher);
    worker.tell(EventKind::StreamStarted { stream: stream.clone() }).await;
    let started = entry(&mut socket, "broadcastEvents").await;
    assert_eq!((&started["kind"], &started["broadcast"]["status"]), (&json!("STARTED"), &json!("BROADCASTING")));
    worker.tell(EventKind::StreamEnded { stream, reason: EndReason::Closed, detail: None }).await;
    let ended = entry(&mut socket, "broadcastEvents").await;
    assert_eq!((&ended["kind"], &ended["reason"]), (&json!("ENDED"), &json!("CLOSED")));
    local
        .data(r#"mutation { deleteBroadcasts(input: { application: "LiveApp", streamIds: ["stream1"] }) { problems { code } } }"#)
        .await;
    let deleted = entry(&mut socket, "broadcastEvents").await;
    assert_eq!((&deleted["kind"], &deleted["broadcast"]), (&json!("DELETED"), &Value::Null));
}

#[tokio::test]
async fn decisions_are_told_as_they_are_made() {
    let test = TestApi::new().await;
    test.set(json!({ "enableTimeTokenForPlay": true })).await;
    let worker = test.worker().await;
    let mut socket = Socket::ready(serve(&test).await).await;
    let query = r#"subscription { decisions(application: "LiveApp", streamId: "stream1", outcome: DENIED)
        { outcome reason subscriberId protocol operation address record { kind } } }"#;
    watch(&mut socket, query).await;
    worker.admitted(worker.request(Operation::Publish, "stream1", "")).await;
    worker.refusal(worker.request(Operation::Play, "stream2", "")).await;
    worker.refusal(worker.request(Operation::Play, "stream1", "subscriberId=playerB")).await;
    let expected = json!({
        "outcome": "DENIED", "reason": "CODE_MISSING", "subscriberId": "playerB", "protocol": "HLS",
        "operation": "PLAY", "address": "127.0.0.2", "record": { "kind": "DECISION" },
    });
    assert_eq!(entry(&mut socket, "decisions").await, expected);
}

#[tokio::test]
async fn figures_come_with_the_reports_of_the_workers() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let address = serve(&test).await;
    for (query, field, expected) in [
        (
            r#"subscription { broadcastStats(application: "LiveApp", streamId: "stream1")
                 { streamId live { receivedBytes bitrate viewers { total hls } } } }"#,
            "broadcastStats",
            json!({
                "streamId": "stream1",
                "live": { "receivedBytes": "1000", "bitrate": "2000000", "viewers": { "total": 2, "hls": 2 } },
            }),
        ),
        (
            r#"subscription { sessionStats(application: "LiveApp", streamId: "stream1", limit: 1)
                 { operation subscriberId stats { averageVideoBitrate } } }"#,
            "sessionStats",
            json!([{ "operation": "PLAY", "subscriberId": "playerB", "stats": { "averageVideoBitrate": "2000000" } }]),
        ),
        (
            "subscription { serverStats { liveStreams publishers workers receivedBitrate viewers { total } } }",
            "serverStats",
            json!({
                "liveStreams": 1, "publishers": 1, "workers": 1, "receivedBitrate": "2000000", "viewers": { "total": 1 },
            }),
        ),
    ] {
        let mut socket = Socket::ready(address).await;
        watch(&mut socket, query).await;
        report(&worker, START, true).await;
        assert_eq!(entry(&mut socket, field).await, expected, "{field}");
    }
}

#[tokio::test]
async fn figures_come_once_a_second_however_many_workers_report() {
    let test = TestApi::new().await;
    let (one, two) = (test.worker().await, test.worker().await);
    let mut socket = Socket::ready(serve(&test).await).await;
    watch(&mut socket, "subscription { serverStats { workers } }").await;
    report(&one, START, false).await;
    report(&two, START.plus_millis(300), false).await;
    report(&one, START.plus_secs(1), false).await;
    for _ in 0..2 {
        assert_eq!(entry(&mut socket, "serverStats").await, json!({ "workers": 2 }));
    }
    socket.subscribe("last", "{ __typename }").await;
    assert_eq!(socket.next().await["id"], "last");
}

/// An administrator's socket with a subscription that stands.
async fn opened_by_an_administrator(test: &TestApi, address: SocketAddr, grant: &str) -> Socket {
    let account = Client::remote(test);
    let grants = serde_json::from_value(json!([{ "scope": "system", "role": grant }])).expect("grants");
    let new = crate::manage::NewAdministrator {
        email: "ada@x.org".to_owned(),
        password: sluice_contract::Secret::from(PASSWORD),
        first_name: None,
        last_name: None,
        grants,
    };
    test.api.create_administrator(&Viewer::local(), new).await.expect("created");
    let login = account.data(&login("ada@x.org", PASSWORD)).await;
    let mut socket = Socket::open(address).await;
    let bearer = format!("Bearer {}", login["login"]["accessToken"].as_str().expect("a token"));
    socket.send(json!({ "type": "connection_init", "payload": { "Authorization": bearer } })).await;
    assert_eq!(socket.next().await["type"], "connection_ack");
    watch(&mut socket, "subscription { serverStats { workers } }").await;
    socket
}

#[tokio::test]
async fn a_socket_ends_when_its_login_expires() {
    let test = strict().await;
    let address = serve(&test).await;
    let mut socket = opened_by_an_administrator(&test, address, "viewer").await;
    test.pass(11 * 3_600);
    socket.subscribe("still", "{ viewer { kind } }").await;
    assert_eq!(socket.next().await["payload"]["data"]["viewer"]["kind"], "ADMINISTRATOR");
    test.pass(3_601);
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn a_socket_ends_when_its_administrator_is_deleted() {
    let test = strict().await;
    let address = serve(&test).await;
    let mut socket = opened_by_an_administrator(&test, address, "admin").await;
    test.api.delete_administrator(&Viewer::local(), "ada@x.org").await.expect("deleted");
    assert_eq!(socket.closed().await, 4401);
}

#[tokio::test]
async fn a_socket_ends_when_a_role_is_taken_away_and_goes_on_when_one_is_given() {
    let test = strict().await;
    let address = serve(&test).await;
    let mut socket = opened_by_an_administrator(&test, address, "operator").await;
    let roles = |roles: &[Role]| {
        let grants = roles.iter().map(|role| Grant { scope: Scope::System, role: *role }).collect();
        AdministratorChanges { grants: Some(grants), ..AdministratorChanges::default() }
    };
    let change = async |changes| {
        test.api.update_administrator(&Viewer::local(), "ada@x.org", changes).await.expect("changed");
    };
    change(roles(&[Role::Operator, Role::Admin])).await;
    // Taken up with the next check, which comes at some moment.
    loop {
        socket.subscribe("role", "{ viewer { role } }").await;
        let role = socket.next().await["payload"]["data"]["viewer"]["role"].take();
        assert_eq!(socket.next().await["type"], "complete");
        if role == "ADMIN" {
            break;
        }
    }
    change(roles(&[Role::Viewer])).await;
    assert_eq!(socket.closed().await, 4403);
}

#[tokio::test]
async fn who_reads_too_slowly_misses_the_oldest_and_holds_nothing_more() {
    use futures_util::StreamExt;

    let test = TestApi::new().await;
    let caller = crate::graphql::caller::Caller::new(
        test.api.clone(),
        std::sync::Arc::new(arc_swap::ArcSwap::from_pointee(Viewer::local())),
        crate::graphql::caller::Origin::default(),
    );
    let request = async_graphql::Request::new("subscription { decisions { streamId } }");
    let mut entries = crate::graphql::schema().execute_stream(request.data(std::sync::Arc::new(caller)));
    let worker = test.worker().await;
    // The first poll subscribes.
    let first = worker.ask(worker.request(Operation::Publish, "s0", ""));
    let (entry, _) = tokio::join!(entries.next(), first);
    assert_eq!(entry.expect("an entry").data.into_json().expect("JSON")["decisions"]["streamId"], "s0");
    let record = |n: u32| {
        let mut record = crate::manage::AuditRecord::action(&test.api, "allowed", "test", None);
        record.stream_id = Some(format!("s{n}"));
        std::sync::Arc::new(record)
    };
    for n in 1..=5_000 {
        test.api.emit_decision(record(n));
    }
    let next = entries.next().await.expect("an entry").data.into_json().expect("JSON");
    let n: u32 = next["decisions"]["streamId"].as_str().and_then(|id| id[1..].parse().ok()).expect("a number");
    assert!(n > 3_000, "the channel held {} entries", 5_000 - n);
}
