//! The WebSocket.

use serde_json::json;
use sluice_contract::message::{Command, DataMessage, Description, EndReason};
use sluice_contract::policy::TokenUse;
use sluice_contract::{Intent, Operation};

use super::super::testing::{Client, Desk};
use crate::testing::{allow, block, grant, soon};
use crate::webrtc::calls::CallEvent;
use crate::webrtc::engine::Message;

const BROWSER: &str = include_str!("../../webrtc/sdp/tests/samples/chrome-publish.sdp");

#[tokio::test]
async fn a_socket_publishes_and_another_plays() {
    let mut desk = Desk::open(false).await;
    let (mut publisher, mut player) = (desk.client().await, desk.client().await);
    publisher.say(&json!({"command": "publish", "streamId": "cam", "subscriberId": "alice", "video": true})).await;
    assert_eq!(publisher.hears("start").await["streamId"], "cam");
    let offer = json!({"command": "takeConfiguration", "streamId": "cam", "type": "offer", "sdp": BROWSER});
    publisher.say(&offer).await;
    let answer = publisher.hears("takeConfiguration").await;
    assert!(answer["type"] == "answer" && answer["sdp"].as_str().unwrap().contains("a=end-of-candidates"));
    let publishing = desk.calls.call(0);
    publishing.events.send(CallEvent::Connected).await.unwrap();
    publishing.events.send(CallEvent::MediaFlows).await.unwrap();
    publisher.hears("publish_started").await;

    player.say(&json!({"command": "play", "streamId": "cam", "subscriberId": "bob"})).await;
    assert_eq!(player.hears("error").await["information"], "stream_not_exist_or_not_streaming");
    player.hears("streaming_starts_soon").await;
    let live = desk.live("cam");
    player.hears("streaming_started").await;
    player.say(&json!({"command": "play", "streamId": "cam", "subscriberId": "bob"})).await;
    let offer = player.hears("takeConfiguration").await;
    assert_eq!(offer["idMapping"], json!({"0": "cam", "1": "cam"}));
    let sdp = offer["sdp"].as_str().unwrap().replace("a=sendonly", "a=recvonly").replace("actpass", "active");
    player.say(&json!({"command": "takeConfiguration", "streamId": "cam", "type": "answer", "sdp": sdp})).await;
    player.say(&json!({"command": "ping"})).await;
    player.hears("pong").await;
    let playing = desk.calls.call(1);
    playing.events.send(CallEvent::Connected).await.unwrap();
    player.hears("play_started").await;

    let hello = Message::Text("hello".into());
    publishing.events.send(CallEvent::Message(hello.clone())).await.unwrap();
    playing.events.send(CallEvent::Suspended { until: None }).await.unwrap();
    player.hears("subscriber_blocked").await;
    player.say(&json!({"command": "toggleVideo", "streamId": "cam", "enabled": false})).await;
    player.say(&json!({"command": "ping"})).await;
    player.hears("pong").await;
    assert_eq!(playing.enabled.lock().len(), 1);
    soon("the message", async {
        while playing.sent.lock().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((playing.sent.lock().clone(), publishing.sent.lock().len()), (vec![hello], 0));
    assert_eq!(desk.signaling.tell(&crate::testing::key("cam"), "to all"), 2);

    // Who is blocked from publishing says nothing to others, also while it watches.
    let said = publishing.sent.lock().len();
    for (seconds, heard) in [(120, 0), (0, 1)] {
        let block = block("cam", "bob", Operation::Publish, seconds);
        desk.house.command(Command::Block { block }).await;
        playing.events.send(CallEvent::Message(Message::Text("from bob".into()))).await.unwrap();
        playing.events.send(CallEvent::Resumed).await.unwrap();
        player.hears("subscriber_unblocked").await;
        soon("what bob may say", async {
            while publishing.sent.lock().len() < said + heard {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(publishing.sent.lock().len(), said + heard, "blocked for {seconds} s");
    }

    publisher.say(&json!({"command": "stop", "streamId": "cam"})).await;
    publisher.hears("publish_finished").await;
    assert!(!publishing.is_open());
    drop(player);
    soon("the end of the play", async {
        while playing.is_open() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(desk.sessions(), 0);
    drop(live);
}

#[tokio::test]
async fn the_api_is_told_of_messages_where_an_application_asks_and_not_of_floods() {
    let mut desk = Desk::open(false).await;
    let mut publisher = desk.client().await;
    publisher.say(&json!({"command": "publish", "streamId": "cam", "subscriberId": "alice", "video": true})).await;
    publisher.hears("start").await;
    publisher.say(&json!({"command": "takeConfiguration", "streamId": "cam", "type": "offer", "sdp": BROWSER})).await;
    publisher.hears("takeConfiguration").await;
    let call = desk.calls.call(0);
    let say = async |messages: Vec<Message>| {
        for message in messages {
            call.events.send(CallEvent::Message(message)).await.unwrap();
        }
        // Behind all of them.
        call.events.send(CallEvent::Restored).await.unwrap();
    };
    say(vec![Message::Text("to nobody".into())]).await;
    publisher.hears("session_restored").await;
    assert!(desk.said.0.lock().is_empty(), "nobody has asked");

    let mut settings = crate::testing::settings(false);
    settings.webrtc.data_channel_reported = true;
    desk.house.command(Command::Settings { settings }).await;
    let told = [Message::Text("hello".into()), Message::Binary(vec![0, 255].into())];
    let floods = std::iter::repeat_n(Message::Text("again".into()), 500);
    let file = Message::Binary(vec![0; 16_385].into());
    say([file].into_iter().chain(told).chain(floods).collect()).await;
    publisher.hears("session_restored").await;
    let said = desk.said.0.lock().clone();
    assert_eq!(said[..2], [DataMessage::Text("hello".into()), DataMessage::Binary("AP8=".into())]);
    assert!((20..200).contains(&said.len()), "{} were told", said.len());
}

#[tokio::test]
async fn a_socket_is_one_client_for_as_long_as_it_lasts() {
    let desk = Desk::open(false).await;
    let (mut one, mut other) = (desk.client().await, desk.client().await);
    for _ in 0..2 {
        one.say(&json!({"command": "publish", "streamId": "a"})).await;
        one.hears("start").await;
        one.say(&json!({"command": "stop", "streamId": "a"})).await;
        one.hears("publish_finished").await;
    }
    other.say(&json!({"command": "publish", "streamId": "a"})).await;
    other.hears("start").await;
    let clients = desk.house.gate.asked.lock().iter().map(|request| request.client.clone()).collect::<Vec<_>>();
    assert_eq!(clients[0], clients[1]);
    assert_ne!(clients[1], clients[2]);
}

#[tokio::test]
async fn a_token_that_was_only_held_is_spent_when_the_stream_is_there_after_all() {
    let desk = Desk::open(true).await;
    *desk.house.gate.script.lock() = Box::new(|request| {
        let token = if request.intent == Intent::Start { TokenUse::Spent } else { TokenUse::Reserved };
        allow(sluice_contract::StreamGrant { token, ..grant(request) })
    });
    let mut client = desk.client().await;
    client.say(&json!({"command": "play", "streamId": "cam", "token": "T"})).await;
    client.hears("no_stream_exist").await;
    let _live = desk.live("cam");
    client.hears("streaming_started").await;
    client.say(&json!({"command": "play", "streamId": "cam", "token": "T"})).await;
    client.hears("takeConfiguration").await;
    let intents = desk.house.gate.asked.lock().iter().map(|request| request.intent).collect::<Vec<_>>();
    assert_eq!(intents, [Intent::Probe, Intent::Start]);
}

#[tokio::test]
async fn questions_about_a_protected_stream_need_what_playing_it_needs() {
    let desk = Desk::open(true).await;
    *desk.house.gate.described.lock() = Some(Description::Text { text: "{\"name\":\"n\"}".to_owned() });
    let mut client = desk.client().await;
    let ask = |token: &str| json!({"command": "getBroadcastObject", "streamId": "cam", "token": token});
    client.say(&ask("")).await;
    assert_eq!(client.hears("error").await["definition"], "unauthorized_access");
    client.say(&ask("T")).await;
    assert_eq!(client.hears("broadcastObject").await["broadcast"], "{\"name\":\"n\"}");
    client.say(&json!({"command": "publish", "streamId": "cam"})).await;
    client.hears("start").await;
    client.say(&ask("")).await;
    client.hears("broadcastObject").await;
    let asked = desk.house.gate.asked.lock().iter().filter(|request| request.operation == Operation::Play).count();
    assert_eq!(asked, 2, "who is in is not asked again");
    *desk.house.gate.described.lock() = None;
    client.say(&ask("")).await;
    assert_eq!(client.hears("error").await["definition"], "no_stream_exist");
    client.say(&json!({"command": "getStreamInfo", "streamId": "cam"})).await;
    assert_eq!(client.hears("error").await["definition"], "no_stream_exist");
    let _live = desk.live("cam");
    client.say(&json!({"command": "getStreamInfo", "streamId": "cam"})).await;
    client.hears("streamInformation").await;
    client.say(&json!({"command": "getTrackList", "streamId": "cam"})).await;
    assert_eq!(client.hears("trackList").await["trackList"], json!(["cam"]));
    client.say(&json!({"command": "joinRoom", "room": "r", "streamId": "me"})).await;
    assert_eq!(client.hears("joinedTheRoom").await["streams"], json!([]));
}

#[tokio::test]
async fn an_order_reaches_a_publisher_who_has_not_described_itself_yet() {
    let desk = Desk::open(false).await;
    let mut client = desk.client().await;
    client.say(&json!({"command": "publish", "streamId": "cam"})).await;
    client.hears("start").await;
    for session in desk.house.sessions.all() {
        session.close(EndReason::Stopped, None);
    }
    client.hears("publish_finished").await;
    client.say(&json!({"command": "takeConfiguration", "streamId": "cam", "type": "offer", "sdp": BROWSER})).await;
    client.say(&json!({"command": "ping"})).await;
    client.hears("pong").await;
    assert!(desk.calls.made.lock().is_empty());
}

#[tokio::test]
async fn what_strangers_send_leaves_others_alone() {
    let desk = Desk::open(false).await;
    assert!(Client::connect(desk.address, "/Nowhere/websocket").await.is_err_and(|head| head.contains(" 404 ")));
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(desk.client().await);
    }
    let mut hostile = desk.client().await;
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\u{0}",
        "{\"command\":{}}",
        &"[".repeat(60_000),
        &format!("\"{}\"", "x".repeat(60_000)),
    ] {
        hostile.text(text).await;
    }
    let nonsense =
        json!({"command": "takeConfiguration", "streamId": "cam", "type": "offer", "sdp": "x".repeat(70_000)});
    hostile.say(&nonsense).await;
    hostile.say(&json!({"command": "publish", "streamId": "cam"})).await;
    hostile.hears("start").await;
    hostile.say(&nonsense).await;
    assert_eq!(hostile.hears("error").await["definition"], "notSetRemoteDescription");
    assert_eq!(desk.sessions(), 0);
    hostile.text(&"x".repeat(2 * 1024 * 1024)).await;
    assert_eq!(hostile.hear().await, None, "too long a message ends its socket");
    let mut other = desk.client().await;
    other.say(&json!({"command": "ping"})).await;
    other.hears("pong").await;
}

#[tokio::test]
async fn a_stop_of_the_server_is_announced() {
    let desk = Desk::open(false).await;
    let mut client = desk.client().await;
    client.say(&json!({"command": "ping"})).await;
    client.hears("pong").await;
    desk.shutdown.cancel();
    client.hears("server_will_stop").await;
    assert_eq!(client.hear().await, None);
}
