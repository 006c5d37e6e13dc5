//! Messages of other releases, and bytes that are no messages.

use lapin::BasicProperties;
use lapin::options::BasicPublishOptions;
use lapin::types::{AMQPValue, FieldTable};
use serde_json::{Value, json};
use sluice_contract::message::{About, Command, Control, DescribeCall, Description, StatsReport, VERSION, Welcome};
use sluice_contract::{UnixTime, WorkerId};
use uuid::Uuid;

use super::broker::Vhost;
use super::{api, worker};
use crate::amqp::codec::{self, Kind, Skipped};
use crate::amqp::error::Context;
use crate::amqp::rights;
use crate::conformance::{Gate, call, control, event, hello};
use crate::{ApiLink, WorkerLink};

#[test]
fn a_message_of_an_older_release_has_defaults() {
    let mut report = json!(StatsReport::of(WorkerId::new(Uuid::nil()), UnixTime::EPOCH));
    for field in ["name", "relay", "load", "leaving"] {
        report.as_object_mut().expect("an object").remove(field).expect("a field of this release");
    }
    let read: StatsReport = understood(&codec::REPORT, &report).expect("understood");
    assert_eq!((read.name.as_str(), read.relay, read.leaving), ("", None, false));
    let welcome = json!({"version": VERSION, "revision": 3, "applications": [], "blocks": [], "ticket_keys": [], "end_sessions": []});
    let read: Welcome = understood(&codec::HELLO_REPLY, &welcome).expect("understood");
    assert!(read.revocations.is_empty());
    let mut ack = json!(crate::conformance::ack());
    ack.as_object_mut().expect("an object").remove("sessions_reached").expect("a field of this release");
    assert_eq!(understood(&codec::ACK, &ack), Ok(crate::conformance::ack()));
}

#[test]
fn a_question_of_a_newer_release_is_read_and_not_answered() {
    let call = json!({
        "worker": Uuid::nil(), "application": "LiveApp", "stream_id": "stream1",
        "about": {"kind": "smell", "of": "roses"},
    });
    let read: DescribeCall = understood(&codec::DESCRIBE, &call).expect("understood");
    assert_eq!(read.about, About::Unknown);
    let answer = json!({"kind": "smell", "strength": 3});
    assert_eq!(understood(&codec::DESCRIBE_REPLY, &answer), Ok(Some(Description::Unknown)));
}

#[test]
fn a_message_of_a_newer_release_is_read_as_far_as_it_is_known() {
    let mut more = json!(control(4));
    more["command"]["colour"] = json!("red");
    more["weight"] = json!([1, 2]);
    assert_eq!(understood(&codec::CONTROL, &more), Ok(control(4)));
    let unknown = json!({"id": Uuid::nil(), "revision": 5, "command": {"kind": "paint", "colour": "red"}});
    let read: Control = understood(&codec::CONTROL, &unknown).expect("understood");
    assert_eq!((read.revision, read.command), (5, Command::Unknown));
}

#[test]
fn what_cannot_be_understood_is_skipped_for_a_reason() {
    let body = serde_json::to_vec(&control(1)).expect("encoded");
    let properties = properties(&codec::CONTROL);
    let control =
        |properties: &BasicProperties, body: &[u8]| codec::decode::<Control>(&codec::CONTROL, properties, body);
    assert!(control(&properties, &body).is_ok());
    assert_eq!(control(&BasicProperties::default(), &body), Err(Skipped::Kind));
    assert_eq!(control(&self::properties(&codec::NOTICE), &body), Err(Skipped::Kind));
    assert_eq!(control(&self::properties(&codec::PROBE), &[]), Err(Skipped::Probe));
    assert_eq!(control(&properties, &vec![b' '; codec::CONTROL.limit_bytes + 1]), Err(Skipped::TooLarge));
    let mut headers = FieldTable::default();
    headers.insert("sluice-version".into(), AMQPValue::LongLongInt(i64::from(VERSION) + 1));
    assert_eq!(control(&properties.clone().with_headers(headers), &body), Err(Skipped::Newer));
    let error = control(&properties, br#"{"id": "mysecret"}"#).expect_err("malformed");
    assert!(matches!(&error, Skipped::Malformed(_)) && !error.to_string().contains("mysecret"), "{error}");
}

#[tokio::test]
async fn nonsense_ends_no_consumer() {
    let vhost = Vhost::new().await;
    let (api, worker) = (api(&vhost).await, worker(&vhost).await);
    api.serve(Gate::answering()).await.expect("serving");
    let mut commands = worker.subscribe().await.expect("linked");
    let (mut events, mut reports) = (api.events().await, api.reports().await);
    let (mut acknowledgements, mut notices) = (api.acknowledgements().await, api.notices().await);

    let context = Context { url: vhost.url("guest"), rights: rights::API };
    let stranger = vhost.broker("guest").dial(&context).await.expect("connected");
    let channel = stranger.create_channel().await.expect("a channel");
    for (exchange, key, kind) in [
        ("sluice.control", "", &codec::CONTROL),
        ("sluice.events", "", &codec::EVENT),
        ("sluice.reports", "", &codec::REPORT),
        ("sluice.acks", "", &codec::ACK),
        ("sluice.notices", "", &codec::NOTICE),
        ("sluice.rpc", "authorize", &codec::AUTHORIZE),
        ("sluice.rpc", "hello", &codec::HELLO),
        ("sluice.rpc", "locate", &codec::LOCATE),
        ("sluice.rpc", "describe", &codec::DESCRIBE),
    ] {
        for properties in [properties(kind), BasicProperties::default()] {
            for body in [&b"\xff\xfe"[..], b"", b"{}", b"[[[[[[[["] {
                let options = BasicPublishOptions::default();
                let published = channel.basic_publish(exchange.into(), key.into(), options, body, properties.clone());
                published.await.expect("published");
            }
        }
    }
    api.broadcast(control(1)).await.expect("sent");
    assert_eq!(commands.recv().await, Some(control(1)));
    worker.publish(event(1)).await.expect("kept");
    let delivery = events.recv().await.expect("an event");
    assert_eq!(delivery.event, event(1));
    delivery.done();
    worker.acknowledge(crate::conformance::ack()).await.expect("sent");
    assert_eq!(acknowledgements.recv().await, Some(crate::conformance::ack()));
    let report = StatsReport::of(WorkerId::new(Uuid::nil()), UnixTime::EPOCH);
    worker.report(report.clone()).await;
    assert_eq!(reports.recv().await, Some(report));
    let notice = sluice_contract::message::Notice { from: Uuid::nil(), body: Value::Null };
    api.notify(notice.clone()).await;
    assert_eq!(notices.recv().await, Some(notice));
    assert!(worker.authorize(call(5_000)).await.is_ok());
    assert!(worker.hello(hello()).await.is_ok());
}

fn properties(kind: &Kind) -> BasicProperties {
    codec::properties(kind, "test", Uuid::nil(), UnixTime::EPOCH)
}

fn understood<T: serde::de::DeserializeOwned>(kind: &Kind, message: &Value) -> Result<T, Skipped> {
    codec::decode(kind, &properties(kind), message.to_string().as_bytes())
}
