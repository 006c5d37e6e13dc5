//! Rooms over WebRTC: one connection for all members as they come and go, behind each one's gate; and streams whose
//! pictures begin later than their sound.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Begins, Live, Server, Signaling, WebRtc, eventually};
use crate::webrtc::{person, play, publish};

/// Somebody who watches a room.
struct Viewer {
    socket: Signaling,
    peer: WebRtc,
    /// What was offered last.
    offer: Value,
}

impl Viewer {
    async fn enter(server: &Server, from: IpAddr, room: &str, more: Value) -> Self {
        let mut socket = Signaling::connect(server, from, "LiveApp").await;
        let mut message = json!({"command": "play", "streamId": room, "room": room});
        message.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        socket.say(&message).await;
        let offer = socket.hear_of("takeConfiguration").await;
        let (peer, answer) = WebRtc::answering(from, offer["sdp"].as_str().unwrap()).await;
        socket.say(&json!({"command": "takeConfiguration", "streamId": room, "type": "answer", "sdp": answer})).await;
        Self { socket, peer, offer }
    }

    /// Answers offers until one has exactly these tracks.
    async fn shows(&mut self, tracks: &[&str]) {
        while self.tracks() != tracks {
            let offer = self.socket.hear_of("takeConfiguration").await;
            let answer = self.peer.answer(offer["sdp"].as_str().unwrap()).await;
            let stream = &offer["streamId"];
            self.socket
                .say(&json!({"command": "takeConfiguration", "streamId": stream, "type": "answer", "sdp": answer}))
                .await;
            self.offer = offer;
        }
    }

    /// The tracks of the last offer, each named once, in order.
    fn tracks(&self) -> Vec<&str> {
        let mapping = self.offer["idMapping"].as_object().expect("every offer maps its sections");
        let mut tracks = mapping.values().map(|track| track.as_str().unwrap()).collect::<Vec<_>>();
        tracks.sort_unstable();
        tracks.dedup();
        tracks
    }

    /// The sources of a track's sound and pictures, by the last offer.
    fn sources(&self, track: &str) -> Vec<u32> {
        let sdp = self.offer["sdp"].as_str().unwrap();
        let of_track = sdp.lines().filter(|line| line.contains(&format!(" msid:{track} ")));
        let sources = of_track.filter_map(|line| line.strip_prefix("a=ssrc:")?.split(' ').next()?.parse().ok());
        sources.collect()
    }

    /// Waits until more of a track has come than before: sound and pictures of it.
    async fn receives(&self, track: &str) {
        let sources = self.sources(track);
        let before = self.peer.seen();
        let grows = move |source: &&u32, seen: &crate::harness::Seen| seen.of(**source) > before.of(**source) + 3;
        self.peer
            .until(&format!("{track} comes"), move |seen| {
                sources.iter().filter(|source| grows(source, seen)).count() >= 2
            })
            .await;
    }

    /// Packets of a track so far.
    fn received(&self, track: &str) -> u64 {
        let seen = self.peer.seen();
        self.sources(track).iter().map(|source| seen.of(*source)).sum()
    }
}

/// A member on air, with its socket.
async fn member(server: &Server, number: u8, name: &str) -> (Signaling, WebRtc) {
    let mut socket = Signaling::connect(server, person(number), "LiveApp").await;
    let message = json!({"command": "publish", "streamId": name, "mainTrack": "room", "subscriberId": name});
    let peer = publish(&mut socket, person(number), &message).await;
    socket.hear_of("publish_started").await;
    server.live("LiveApp", name).await;
    (socket, peer)
}

#[tokio::test]
async fn a_room_is_one_connection_for_all_who_come_and_go() {
    let server = Server::start().await;
    let _anna = member(&server, 10, "anna").await;
    let mut carl = Viewer::enter(&server, person(20), "room", json!({})).await;
    carl.shows(&["anna"]).await;
    carl.socket.hear_of("play_started").await;
    carl.receives("anna").await;

    let (mut bert, bert_peer) = member(&server, 11, "bert").await;
    assert_eq!(carl.socket.hear_of("subtrackAdded").await["trackId"], "bert");
    carl.shows(&["anna", "bert"]).await;
    carl.receives("bert").await;
    carl.receives("anna").await;

    // Whoever publishes is not shown to itself.
    let own = json!({"userPublishId": "bert"});
    let mut bert_watches = Viewer::enter(&server, person(11), "room", own).await;
    bert_watches.shows(&["anna"]).await;
    bert_watches.receives("anna").await;
    // Whoever names tracks gets those, and others when it asks for them.
    let mut dora = Viewer::enter(&server, person(21), "room", json!({"trackList": ["!anna"]})).await;
    dora.shows(&["bert"]).await;
    dora.socket.say(&json!({"command": "getTrackList", "streamId": "room"})).await;
    let tracks = dora.socket.hear_of("trackList").await;
    assert_eq!(tracks["trackList"].as_array().map(Vec::len), Some(2), "{tracks}");
    dora.socket.say(&json!({"command": "enableTrack", "streamId": "room", "trackId": "anna", "enabled": true})).await;
    dora.shows(&["anna", "bert"]).await;
    dora.receives("anna").await;

    bert.say(&json!({"command": "stop", "streamId": "bert"})).await;
    drop(bert_peer);
    carl.shows(&["anna"]).await;
    carl.receives("anna").await;
    assert_eq!(carl.socket.hear_of("subtrackRemoved").await["trackId"], "bert");
    let _cora = member(&server, 12, "cora").await;
    carl.shows(&["anna", "cora"]).await;
    carl.receives("cora").await;
    let sections = carl.offer["sdp"].as_str().unwrap().matches("\nm=").count();
    assert_eq!(sections, 5, "cora has taken over what bert left: {}", carl.offer["sdp"]);
    carl.socket.say(&json!({"command": "stop", "streamId": "room"})).await;
    carl.socket.hear_of("play_finished").await;
}

#[tokio::test]
async fn blocks_reach_every_track_of_a_room() {
    let server = Server::start().await;
    let rest = server.rest();
    let _anna = member(&server, 10, "anna").await;
    let (mut bert, _bert) = member(&server, 11, "bert").await;
    let mut carl = Viewer::enter(&server, person(20), "room", json!({"subscriberId": "carl"})).await;
    carl.shows(&["anna", "bert"]).await;
    carl.receives("anna").await;
    carl.receives("bert").await;

    // Of one member: its track stops, the others go on.
    rest.block("LiveApp", "anna", "carl", 120, "play").await;
    let blocked = carl.socket.hear_of("subscriber_blocked").await;
    assert_eq!((&blocked["streamId"], &blocked["subscriberId"]), (&json!("anna"), &json!("carl")));
    carl.receives("bert").await;
    let held = carl.received("anna");
    carl.receives("bert").await;
    assert_eq!(carl.received("anna"), held, "not a packet");
    rest.block("LiveApp", "anna", "carl", 0, "play").await;
    carl.socket.hear_of("subscriber_unblocked").await;
    carl.receives("anna").await;

    // Of the room: everything stops.
    rest.block("LiveApp", "room", "carl", 120, "play").await;
    assert_eq!(carl.socket.hear_of("subscriber_blocked").await["streamId"], "room");
    eventually("nothing comes any more", || async {
        let before = carl.peer.seen();
        tokio::time::sleep(Duration::from_millis(400)).await;
        (before == carl.peer.seen()).then_some(())
    })
    .await;
    rest.block("LiveApp", "room", "carl", 0, "play").await;
    carl.socket.hear_of("subscriber_unblocked").await;
    carl.receives("anna").await;
    carl.receives("bert").await;

    // A publisher who is blocked is gone for all.
    rest.block("LiveApp", "room", "bert", 120, "publish").await;
    let held = carl.received("bert");
    assert_eq!(bert.hear_of("publish_finished").await["streamId"], "bert");
    let sources = carl.sources("bert");
    carl.shows(&["anna"]).await;
    carl.receives("anna").await;
    let seen = carl.peer.seen();
    // What was under way when the block was called may have come since.
    assert!(sources.iter().map(|source| seen.of(*source)).sum::<u64>() <= held + 20);
}

#[tokio::test]
async fn pictures_that_begin_later_than_the_sound_reach_who_watches() {
    let server = Server::start().await;
    let publisher = Live::begin(server.rtmp, person(1), "LiveApp", "s", Begins::Sound).await.unwrap();
    server.live("LiveApp", "s").await;
    let mut socket = Signaling::connect(&server, person(10), "LiveApp").await;
    socket.say(&json!({"command": "play", "streamId": "s"})).await;
    let offer = socket.hear_of("takeConfiguration").await;
    assert_eq!(offer["idMapping"].as_object().map(serde_json::Map::len), Some(1), "{offer}");
    let (peer, answer) = WebRtc::answering(person(10), offer["sdp"].as_str().unwrap()).await;
    let mut viewer = Viewer { socket, peer, offer };
    let message = json!({"command": "takeConfiguration", "streamId": "s", "type": "answer", "sdp": answer});
    viewer.socket.say(&message).await;
    viewer.peer.until("sound comes", |seen| !seen.sources.is_empty()).await;

    publisher.complete();
    let offer = viewer.socket.hear_of("takeConfiguration").await;
    assert_eq!(offer["idMapping"].as_object().map(serde_json::Map::len), Some(2), "{offer}");
    let answer = viewer.peer.answer(offer["sdp"].as_str().unwrap()).await;
    viewer.offer = offer;
    let message = json!({"command": "takeConfiguration", "streamId": "s", "type": "answer", "sdp": answer});
    viewer.socket.say(&message).await;
    viewer.receives("s").await;
    // Who comes now is offered both at once.
    let mut late = Signaling::connect(&server, person(11), "LiveApp").await;
    let late_peer = play(&mut late, person(11), &json!({"command": "play", "streamId": "s"})).await;
    late_peer.plays().await;
}
