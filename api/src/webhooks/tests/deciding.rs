//! The authorization webhook inside of a decision.

use data_encoding::HEXLOWER;
use ring::hmac;
use serde_json::json;
use sluice_contract::{DenyReason, Intent, Operation};

use super::*;
use crate::manage::{AuditFilter, AuditKind, AuditOrder, Page, Viewer};
use crate::tests::{START, from};

#[tokio::test]
async fn a_200_admits_and_the_question_is_signed_and_whole() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookAuthenticateURL": receiver.url("/ask"), "webhookSigningSecret": "whsec"})).await;
    let worker = test.worker().await;
    let query = "token=T&subscriberId=alice&subscriberCode=123456&metaData=%7B%22a%22%3A1%7D&room=r&tag=x";
    let mut request = worker.request(Operation::Publish, "s", query);
    request.publish_mode = Some("record".to_owned());
    request.peer = request.peer.on_page(Some("https://page.example".to_owned()));
    worker.admitted(request).await;

    let asked = receiver.next().await;
    let expected = json!({
        "appName": "LiveApp", "name": "s", "streamId": "s", "mode": "record", "protocol": "rtmp", "token": "T",
        "subscriberId": "alice", "subscriberCode": "123456", "metaData": "{\"a\":1}",
        "queryParams": "token=T&subscriberId=alice&subscriberCode=123456&roomId=r&metaData={\"a\":1}&tag=x",
        "origin": "https://page.example", "ipAddress": "127.0.0.2",
    });
    assert_eq!(asked.json(), expected);
    assert_eq!(asked.header("content-type"), "application/json");
    let (time, mac) = asked.header("x-sluice-signature").split_once(',').expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    assert_eq!(time, START.as_secs().to_string());
    let mac = HEXLOWER.decode(mac.strip_prefix("v1=").expect("a MAC").as_bytes()).expect("hex");
    let signed = [time.as_bytes(), b".", &asked.body].concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"whsec");
    assert!(hmac::verify(&key, &signed, &mac).is_ok());
}

#[tokio::test]
async fn anything_but_200_refuses_publishers_and_players() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookAuthenticateURL": receiver.url("/"), "webhookPlayAuthUrl": receiver.url("/")})).await;
    let worker = test.worker().await;
    for (status, operation) in [
        (201, Operation::Publish),
        (204, Operation::Play),
        (302, Operation::Publish),
        (307, Operation::Play),
        (403, Operation::Play),
        (500, Operation::Publish),
    ] {
        receiver.answer(status);
        let refusal = worker.refusal(worker.request(operation, "s", "")).await;
        assert_eq!(refusal, DenyReason::WebhookRefused, "{status}");
        assert_eq!(receiver.asked(), 1, "{status}: asked once, and no redirect was followed");
    }
    receiver.answer(200);
    worker.admitted(worker.request(Operation::Publish, "s", "")).await;
    worker.admitted(worker.request(Operation::Play, "s", "")).await;
}

#[tokio::test]
async fn an_internal_receiver_is_not_called_and_the_audit_names_the_setting() {
    let test = TestApi::new().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookAuthenticateURL": receiver.url("/ask?key=topsecret")})).await;
    let worker = test.worker().await;
    let mut decisions = test.api.decisions();
    let refusal = worker.refusal(worker.request(Operation::Publish, "s", "")).await;
    assert_eq!(refusal, DenyReason::WebhookUnreachable);
    assert_eq!(receiver.asked(), 0);
    let event = decisions.recv().await.expect("told").detail.clone().expect("a detail");
    let filter = AuditFilter { kind: Some(AuditKind::Decision), ..AuditFilter::default() };
    let records = test
        .api
        .audit(&Viewer::local(), filter, AuditOrder::default(), Page::first())
        .await
        .expect("read")
        .into_nodes();
    for detail in [&event, records[0].detail.as_ref().expect("a detail")] {
        assert!(detail.contains("outbound_allowed_cidr") && !detail.contains("topsecret"), "{detail}");
    }
}

#[tokio::test]
async fn a_probe_and_the_start_that_follows_it_ask_once() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookPlayAuthUrl": receiver.url("/")})).await;
    let worker = test.worker().await;
    let ask = |intent, last| {
        let mut request = from(worker.request(Operation::Play, "s", "token=T"), last);
        request.intent = intent;
        worker.admitted(request)
    };
    ask(Intent::Probe, 2).await;
    ask(Intent::Probe, 2).await;
    ask(Intent::Start, 2).await;
    assert_eq!(receiver.asked(), 1);
    ask(Intent::Start, 2).await;
    assert_eq!(receiver.asked(), 1, "the answer was used up");
    ask(Intent::Probe, 2).await;
    assert_eq!(receiver.asked(), 1);
    ask(Intent::Start, 9).await;
    assert_eq!(receiver.asked(), 1, "another client is another question");
    test.pass(11);
    ask(Intent::Start, 2).await;
    assert_eq!(receiver.asked(), 1, "and an old answer none");
}

#[tokio::test]
async fn a_no_to_a_probe_is_not_kept() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookPlayAuthUrl": receiver.url("/")})).await;
    let worker = test.worker().await;
    receiver.answer(403);
    let mut probe = worker.request(Operation::Play, "s", "");
    probe.intent = Intent::Probe;
    assert_eq!(worker.refusal(probe).await, DenyReason::WebhookRefused);
    receiver.answer(200);
    worker.admitted(worker.request(Operation::Play, "s", "")).await;
    assert_eq!(receiver.asked(), 2);
}

#[tokio::test]
async fn nobody_waits_for_a_receiver_that_others_hang_on() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookPlayAuthUrl": receiver.url("/")})).await;
    let worker = test.worker().await;
    receiver.hang();
    let waiting = worker.ask(worker.request(Operation::Play, "s", ""));
    let meanwhile = async {
        receiver.next().await;
        // The receiver holds an answer back: the database is free, and so is everybody else.
        worker.admitted(worker.request(Operation::Publish, "s", "")).await;
        receiver.go_on();
    };
    let (answer, ()) = tokio::join!(waiting, meanwhile);
    assert!(matches!(answer, sluice_contract::message::AuthorizeReply::Allow { .. }), "{answer:?}");
}

#[tokio::test]
async fn what_happened_while_the_receiver_thought_counts() {
    let test = open_api().await;
    let mut receiver = Receiver::start().await;
    test.set(json!({"webhookAuthenticateURL": receiver.url("/old")})).await;
    let worker = test.worker().await;
    receiver.hang();
    let waiting = worker.refusal(worker.request(Operation::Publish, "s", ""));
    let meanwhile = async {
        receiver.next().await;
        test.set(json!({"webhookAuthenticateURL": receiver.url("/new")})).await;
        receiver.go_on();
    };
    let (refusal, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(refusal, DenyReason::WebhookUnreachable, "the one that is set now has not said yes");

    receiver.hang();
    let waiting = worker.refusal(worker.request(Operation::Publish, "s", ""));
    let meanwhile = async {
        receiver.next().await;
        test.set(json!({"allowedPublisherCIDR": "10.0.0.0/8"})).await;
        receiver.go_on();
    };
    let (refusal, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(refusal, DenyReason::AddressNotAllowed);
}
