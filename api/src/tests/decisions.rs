//! What the gate answers, and what it remembers.

use serde_json::json;
use sluice_contract::message::{AuthorizeReply, EndReason};
use sluice_contract::{DenyReason, Intent, Operation, Secret};

use super::*;
use crate::manage::{
    AuditFilter, AuditKind, AuditOrder, AuditOutcome, BroadcastChanges, NewBroadcast, NewToken, Page, PutSubscriber,
};

async fn totp_publisher(test: &TestApi) {
    let application = test.set(json!({"enableTimeTokenForPublish": true})).await;
    let put = PutSubscriber {
        subscriber_id: Some("publisherA".to_owned()),
        b32_secret: Some(Secret::from("mysecret")),
        operation: Some("publish".to_owned()),
        ..PutSubscriber::default()
    };
    test.api.put_subscriber(&application, &stream("stream1"), put).await.expect("stored");
}

#[tokio::test]
async fn an_open_application_admits_and_creates_the_record() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    worker.admitted(worker.request(Operation::Publish, "x", "")).await;
    let broadcast = test.api.broadcast(&test.live_app().await, "x").await.expect("read").expect("created");
    assert!(broadcast.ephemeral);
}

#[tokio::test]
async fn an_unknown_application_is_refused() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    let mut request = worker.request(Operation::Publish, "x", "");
    request.application = "Nowhere".to_owned();
    assert_eq!(worker.refusal(request).await, DenyReason::UnknownApplication);
}

#[tokio::test]
async fn a_code_admits_its_subscriber_once_per_client() {
    let test = TestApi::new().await;
    totp_publisher(&test).await;
    let worker = test.worker().await;
    let wrong = worker.request(Operation::Publish, "stream1", "subscriberId=publisherA&subscriberCode=000000");
    assert_eq!(worker.refusal(wrong).await, DenyReason::CodeInvalid);
    let right = "subscriberId=publisherA&subscriberCode=806136";
    let session = worker.admitted(worker.request(Operation::Publish, "stream1", right)).await;
    let mut sessions = test.api.session_events();
    worker.tell(EventKind::SessionEnded { session, reason: EndReason::Closed, detail: None }).await;
    sessions.recv().await.expect("the place is free again");
    let copied = from(worker.request(Operation::Publish, "stream1", right), 9);
    assert_eq!(worker.refusal(copied).await, DenyReason::CodeReplayed);
}

#[tokio::test]
async fn a_repeated_question_has_one_answer_and_one_effect() {
    let test = TestApi::new().await;
    let application = test.set(json!({"publishTokenControlEnabled": true})).await;
    let worker = test.worker().await;
    let token = new_token(&test, &application, Operation::Publish).await;
    let request = worker.request(Operation::Publish, "stream1", &format!("token={token}"));
    let (first, second) = tokio::join!(worker.ask(request.clone()), worker.ask(request.clone()));
    assert!(matches!(first, AuthorizeReply::Allow { .. }), "{first:?}");
    assert_eq!(first, second);
    assert_eq!(worker.ask(request).await, first);
}

#[tokio::test]
async fn viewers_who_come_between_two_reports_are_counted() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let new = NewBroadcast {
        stream_id: Some("stream1".to_owned()),
        fields: BroadcastChanges { hls_viewer_limit: Some(3), ..BroadcastChanges::default() },
        ..NewBroadcast::default()
    };
    test.api.create_broadcast(&application, new).await.expect("created");
    let worker = test.worker().await;
    let asked = (10..42_u8).map(|last| worker.ask(from(worker.request(Operation::Play, "stream1", ""), last)));
    let answers = futures_util::future::join_all(asked).await;
    let admitted = answers.iter().filter(|answer| matches!(answer, AuthorizeReply::Allow { .. })).count();
    assert_eq!(admitted, 3);
    let full = AuthorizeReply::Deny { reason: DenyReason::ViewerLimit };
    assert_eq!(answers.iter().filter(|answer| **answer == full).count(), 29);
    // Whom no worker tells of within seconds did not come.
    test.pass(3);
    worker.admitted(worker.request(Operation::Play, "stream1", "")).await;
}

#[tokio::test]
async fn of_many_at_once_exactly_one_gets_in_with_a_token() {
    let test = TestApi::new().await;
    let application = test.set(json!({"playTokenControlEnabled": true})).await;
    let worker = test.worker().await;
    let token = new_token(&test, &application, Operation::Play).await;
    let query = format!("token={token}");
    let asked = (10..74_u8).map(|last| worker.ask(from(worker.request(Operation::Play, "stream1", &query), last)));
    let answers = futures_util::future::join_all(asked).await;
    let admitted = answers.iter().filter(|answer| matches!(answer, AuthorizeReply::Allow { .. })).count();
    assert_eq!(admitted, 1);
    let spent = AuthorizeReply::Deny { reason: DenyReason::TokenSpent };
    assert_eq!(answers.iter().filter(|answer| **answer == spent).count(), 63);
}

#[tokio::test]
async fn a_probe_holds_a_token_for_its_client_only() {
    let test = TestApi::new().await;
    let application = test.set(json!({"playTokenControlEnabled": true})).await;
    let worker = test.worker().await;
    let query = format!("token={}", new_token(&test, &application, Operation::Play).await);
    let mut probe = worker.request(Operation::Play, "stream1", &query);
    probe.intent = Intent::Probe;
    worker.admitted(probe).await;
    let stranger = from(worker.request(Operation::Play, "stream1", &query), 9);
    assert_eq!(worker.refusal(stranger).await, DenyReason::TokenSpent);
    worker.admitted(worker.request(Operation::Play, "stream1", &query)).await;
}

#[tokio::test]
async fn guessing_pauses_the_guesser_and_not_the_subscriber() {
    let test = TestApi::new().await;
    totp_publisher(&test).await;
    let worker = test.worker().await;
    let ask = |code: u32, last| {
        let query = format!("subscriberId=publisherA&subscriberCode={code:06}");
        from(worker.request(Operation::Publish, "stream1", &query), last)
    };
    for _ in 0..20 {
        assert_eq!(worker.refusal(ask(1, 9)).await, DenyReason::CodeInvalid, "one wrong code is one failure");
    }
    for code in 2..=5 {
        assert_eq!(worker.refusal(ask(code, 9)).await, DenyReason::CodeInvalid);
    }
    assert!(matches!(worker.refusal(ask(806_136, 9)).await, DenyReason::TooManyGuesses { .. }));
    worker.admitted(ask(806_136, 2)).await;
}

#[tokio::test]
async fn a_second_publisher_finds_the_stream_in_use() {
    let test = TestApi::new().await;
    let worker = test.worker().await;
    worker.admitted(worker.request(Operation::Publish, "x", "")).await;
    let second = from(worker.request(Operation::Publish, "x", ""), 9);
    assert_eq!(worker.refusal(second).await, DenyReason::StreamInUse);
}

#[tokio::test]
async fn a_question_past_its_deadline_spends_nothing() {
    let test = TestApi::new().await;
    let application = test.set(json!({"playTokenControlEnabled": true})).await;
    let worker = test.worker().await;
    let query = format!("token={}", new_token(&test, &application, Operation::Play).await);
    let late = AuthorizeCall { request: worker.request(Operation::Play, "s", &query), deadline: START.plus_secs(1) };
    test.pass(5);
    let unreachable = AuthorizeReply::Deny { reason: DenyReason::AuthorityUnreachable };
    assert_eq!(worker.link.authorize(late).await, Ok(unreachable));
    let unspent = test.api.unspent_tokens(&application, &stream("stream1"), Page::first()).await.expect("read");
    assert_eq!(unspent.entries.len(), 1);
}

#[tokio::test]
async fn without_a_webhook_answer_nobody_is_admitted() {
    let test = TestApi::new().await;
    test.set(json!({"webhookAuthenticateURL": "http://127.0.0.1:9/ask"})).await;
    let worker = test.worker().await;
    let refusal = worker.refusal(worker.request(Operation::Publish, "x", "")).await;
    assert_eq!(refusal, DenyReason::WebhookUnreachable);
}

#[tokio::test]
async fn every_decision_is_recorded_without_its_secrets() {
    let test = TestApi::new().await;
    totp_publisher(&test).await;
    let worker = test.worker().await;
    let mut decisions = test.api.decisions();
    let query = "subscriberId=publisherA&subscriberCode=123456&token=topsecret";
    worker.refusal(worker.request(Operation::Publish, "stream1", query)).await;
    assert_eq!(decisions.recv().await.expect("told").code, "code-invalid");
    let filter = AuditFilter { kind: Some(AuditKind::Decision), ..AuditFilter::default() };
    let records = test
        .api
        .audit(&Viewer::local(), filter, AuditOrder::NewestFirst, Page::first())
        .await
        .expect("read")
        .into_nodes();
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(record.outcome, AuditOutcome::Denied);
    assert_eq!(record.subscriber_id.as_deref(), Some("publisherA"));
    let shown = format!("{record:?}");
    assert!(!shown.contains("123456") && !shown.contains("topsecret"));
}

async fn new_token(test: &TestApi, application: &Application, operation: Operation) -> String {
    let new = NewToken { stream_id: stream("stream1"), operation, expires_at: START.plus_secs(3_600), room_id: None };
    test.api.create_token(application, new).await.expect("created").token.expose().clone()
}
