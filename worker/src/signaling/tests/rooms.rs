//! What a viewer of a room is offered, and of a stream that changes.

use serde_json::json;
use sluice_contract::message::{Description, RoomMember};

use super::super::testing::{Client, Desk};
use crate::webrtc::calls::CallEvent;

/// What the API knows of a room.
fn room(members: &[&str]) -> Option<Description> {
    let member = |name: &&str| RoomMember { stream_id: name.parse().unwrap(), name: None, meta_data: None, role: None };
    Some(Description::Room { members: members.iter().map(member).collect() })
}

/// Takes the offer that is due, answers it as a browser does, and returns its tracks by mid.
async fn answers(client: &mut Client) -> serde_json::Value {
    let offer = client.hears("takeConfiguration").await;
    let sdp = offer["sdp"].as_str().unwrap().replace("a=sendonly", "a=recvonly").replace("actpass", "active");
    let stream = &offer["streamId"];
    client.say(&json!({"command": "takeConfiguration", "streamId": stream, "type": "answer", "sdp": sdp})).await;
    client.say(&json!({"command": "ping"})).await;
    client.hears("pong").await;
    offer["idMapping"].clone()
}

#[tokio::test]
async fn a_rooms_viewer_is_offered_who_comes_and_goes() {
    let desk = Desk::open(false).await;
    let mut live = ["anna", "bert", "me"].map(|name| Some(desk.live(name)));
    *desk.house.gate.described.lock() = room(&["anna", "me"]);
    let mut viewer = desk.client().await;
    let play = json!({"command": "play", "streamId": "room", "room": "room", "userPublishId": "me"});
    viewer.say(&play).await;
    assert_eq!(answers(&mut viewer).await, json!({"1": "anna", "2": "anna"}), "others, not itself");
    let call = desk.calls.call(0);
    *desk.house.gate.described.lock() = room(&["anna", "bert", "me"]);
    assert_eq!(viewer.hears("subtrackAdded").await["trackId"], "bert");
    let both = json!({"1": "anna", "2": "anna", "3": "bert", "4": "bert"});
    assert_eq!(answers(&mut viewer).await, both);
    assert_eq!(call.sent.lock().len(), 1, "the data channel says so too");

    // An answer to nothing changes nothing.
    viewer.say(&json!({"command": "takeConfiguration", "streamId": "room", "type": "answer", "sdp": "v=0"})).await;
    viewer.hears("notSetRemoteDescription").await;
    *desk.house.gate.described.lock() = room(&["bert", "me"]);
    live[0] = None;
    call.events.send(CallEvent::TrackEnded { track: "anna".to_owned() }).await.unwrap();
    assert_eq!(answers(&mut viewer).await, json!({"3": "bert", "4": "bert"}));
    assert_eq!(viewer.hears("subtrackRemoved").await["trackId"], "anna");
    let shows = |shows: &[&str]| shows.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(*call.shows.lock(), [shows(&["anna"]), shows(&["anna", "bert"]), shows(&["bert"])]);
    viewer.say(&json!({"command": "stop", "streamId": "room"})).await;
    viewer.hears("play_finished").await;
    assert!(!call.is_open());
}

#[tokio::test]
async fn a_viewer_gets_the_tracks_that_it_asks_for() {
    let desk = Desk::open(false).await;
    let _live = ["anna", "bert"].map(|name| desk.live(name));
    *desk.house.gate.described.lock() = room(&["anna", "bert"]);
    let mut viewer = desk.client().await;
    viewer.say(&json!({"command": "play", "streamId": "room", "trackList": ["!anna"]})).await;
    assert_eq!(answers(&mut viewer).await, json!({"1": "bert", "2": "bert"}));
    let enable = |track: &str, enabled| json!({"command": "enableTrack", "streamId": "room", "trackId": track, "enabled": enabled});
    viewer.say(&enable("bert", false)).await;
    viewer.say(&enable("anna", true)).await;
    assert_eq!(answers(&mut viewer).await, json!({"1": "bert", "2": "bert", "3": "anna", "4": "anna"}));
    let call = desk.calls.call(0);
    assert_eq!(call.enabled.lock().len(), 4);
    assert!(call.enabled.lock().iter().take(2).all(|(track, _, enabled)| track.as_deref() == Some("bert") && !enabled));
}

#[tokio::test]
async fn a_stream_that_grows_is_offered_anew() {
    let desk = Desk::open(false).await;
    let _live = desk.live("cam");
    let video = std::mem::take(&mut desk.calls.available.lock().video);
    let mut viewer = desk.client().await;
    viewer.say(&json!({"command": "play", "streamId": "cam"})).await;
    assert_eq!(answers(&mut viewer).await, json!({"0": "cam"}));
    desk.calls.available.lock().video = video;
    let call = desk.calls.call(0);
    call.events.send(CallEvent::Grew { track: "cam".to_owned() }).await.unwrap();
    assert_eq!(answers(&mut viewer).await, json!({"0": "cam", "2": "cam"}));
    call.events.send(CallEvent::Grew { track: "cam".to_owned() }).await.unwrap();
    viewer.say(&json!({"command": "ping"})).await;
    viewer.hears("pong").await;
}

#[tokio::test]
async fn an_empty_room_is_waited_in_by_who_names_it() {
    let desk = Desk::open(false).await;
    let mut viewer = desk.client().await;
    viewer.say(&json!({"command": "play", "streamId": "room"})).await;
    viewer.hears("no_stream_exist").await;
    viewer.say(&json!({"command": "play", "streamId": "room", "room": "room"})).await;
    assert_eq!(answers(&mut viewer).await, json!({}));
    let _live = desk.live("anna");
    *desk.house.gate.described.lock() = room(&["anna"]);
    viewer.hears("subtrackAdded").await;
    assert_eq!(answers(&mut viewer).await, json!({"1": "anna", "2": "anna"}));
    let asked = desk.house.gate.asked.lock();
    assert!(asked.iter().all(|asked| asked.stream_id == "room"), "whoever may play the room may play its members");
}
