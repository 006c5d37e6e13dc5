//! What happens after the yes: sessions end with their credential, places are counted, and publishers make room for
//! nobody but themselves.

use std::net::IpAddr;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Face, Live, Operation, Rest, Rtmp, Said, Server, Setup, code, eventually, jwt, now, within_step};

const SECRET: &str = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";
const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const APP: &str = "Sessions";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn application(server: &Server) -> Setup {
    Setup::create(server, Face::Rest, APP).await
}

async fn live(server: &Server, key: &str) -> Live {
    let live = Live::publish(server.rtmp, HERE, APP, key).await.expect("admitted");
    server.live(APP, key.split('?').next().unwrap()).await;
    live
}

async fn publish_from(server: &Server, from: IpAddr, key: &str) -> Said {
    Rtmp::connect(server.rtmp, from, APP).await.expect("a connection").publish(key).await
}

fn hls(query: &str) -> String {
    format!("/{APP}/streams/s.m3u8?{query}")
}

fn dash(query: &str) -> String {
    format!("/{APP}/streams/s/s.mpd?{query}")
}

fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 21, 0, number])
}

/// The first address with a ticket in a manifest.
fn ticketed(manifest: &str) -> String {
    let tickets = manifest.split("st=").nth(1).expect("a ticket");
    tickets.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_publisher_leaves_the_air_when_its_jwt_expires() {
    let server = Server::start().await;
    let setup = application(&server).await;
    // The segments of an ended stream stay for one playlist's length.
    let settings = json!({"publishJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET, "hlsListSize": "3"});
    setup.settings(settings).await;
    let token = jwt(JWT_SECRET, &json!({"streamId": "s", "type": "publish", "exp": now() + 6}));
    let publisher = Live::publish(server.rtmp, HERE, APP, &format!("s?token={token}")).await.expect("admitted");
    server.live(APP, "s").await;
    let goodbye = publisher.ended().await;
    assert!(goodbye.is_some_and(|status| status.is_error()), "it is told");
    let rest = server.rest();
    eventually("it is off the air", || async { (rest.status(&hls("")).await == 404).then_some(()) }).await;
    assert!(matches!(publish_from(&server, HERE, &format!("s?token={token}")).await, Said::No(_)));
}

#[tokio::test]
async fn viewers_stop_when_their_jwt_expires_whatever_ticket_they_hold() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    setup.settings(json!({"playJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET})).await;
    let token = jwt(JWT_SECRET, &json!({"streamId": "s", "type": "play", "exp": now() + 8}));
    let playlist = format!("/{APP}/streams/s/video.m3u8");
    let mut inside = Vec::new();
    for (number, path) in [(1, hls(&format!("token={token}"))), (2, dash(&format!("token={token}")))] {
        let viewer = server.rest_from(person(number)).with_cookies();
        let ticket = ticketed(&viewer.text(&path).await);
        assert_eq!(viewer.status(&playlist).await, 200, "by cookie");
        inside.push((viewer, server.rest_from(person(number)), path, format!("{playlist}?st={ticket}")));
    }
    for (viewer, bare, path, by_ticket) in inside {
        eventually("the ticket ends", || async { (bare.status(&by_ticket).await == 403).then_some(()) }).await;
        assert_eq!(viewer.status(&playlist).await, 403, "the cookie with it");
        assert_eq!(viewer.status(&path).await, 403, "the JWT itself has expired");
    }
}

#[tokio::test]
async fn without_end_at_expiry_a_session_outlives_its_jwt() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    let on = json!({"playJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET, "endSessionAtExpiry": false});
    setup.settings(on).await;
    let expires = now() + 2;
    let token = jwt(JWT_SECRET, &json!({"streamId": "s", "type": "play", "exp": expires}));
    let viewer = server.rest_from(person(3)).with_cookies();
    assert_eq!(viewer.status(&hls(&format!("token={token}"))).await, 200);
    let next = std::cell::Cell::new(100);
    eventually("the JWT admits nobody new", || async {
        let stranger = server.rest_from(person(next.replace(next.get() + 1)));
        (stranger.status(&hls(&format!("token={token}"))).await == 403).then_some(())
    })
    .await;
    assert_eq!(viewer.status(&hls("")).await, 200);
}

#[tokio::test]
async fn only_the_same_proven_subscriber_takes_over_and_only_where_that_is_allowed() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.settings(json!({"enableTimeTokenForPublish": true})).await;
    setup.subscriber("s", "alice", Some(SECRET), Some(Operation::Publish)).await;
    setup.subscriber("s", "mallory", Some(SECRET), Some(Operation::Publish)).await;
    within_step(60, 25).await;
    let key = |who: &str| format!("s?subscriberId={who}&subscriberCode={}", code(SECRET, 60, 0));
    let first = live(&server, &key("alice")).await;
    let in_use = |said: Said| matches!(said, Said::No(status) if status.code == "NetStream.Publish.BadName");
    assert!(in_use(publish_from(&server, HERE, &key("alice")).await), "not without the setting");
    setup.settings(json!({"allowPublishTakeover": true})).await;
    assert!(in_use(publish_from(&server, HERE, &key("mallory")).await), "not by somebody else");
    assert!(in_use(publish_from(&server, HERE, "s?subscriberId=alice&subscriberCode=000000").await), "not by name");
    assert!(first.is_on());
    let second = Live::publish(server.rtmp, HERE, APP, &key("alice")).await.expect("a takeover");
    first.ended().await;
    server.live(APP, "s").await;
    assert!(second.is_on());
}

#[tokio::test]
async fn a_broadcast_has_as_many_viewers_as_its_limits_say() {
    let server = Server::start().await;
    let setup = application(&server).await;
    // The test itself looks at the playlist until the stream is live, and so takes the first place on HLS.
    setup.broadcast("s", json!({"hlsViewerLimit": 3, "dashViewerLimit": 2})).await;
    let _publisher = live(&server, "s").await;
    for (first, free, path) in [(60, 2, hls("")), (90, 2, dash(""))] {
        let viewers: Vec<_> = (first..first + 20).map(|number| server.rest_from(person(number))).collect();
        let answers = join_all(viewers.iter().map(|viewer| viewer.get(&path))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status() == 200).count(), free, "{path}");
        let refused: Vec<_> = answers.into_iter().filter(|answer| answer.status() == 403).collect();
        assert_eq!(refused.len(), 20 - free, "{path}");
        for answer in refused {
            assert_eq!(answer.text().await.unwrap(), "Viewer Limit Reached", "{path}");
        }
        let again = join_all(viewers.iter().map(|viewer| viewer.status(&path))).await;
        assert_eq!(again.iter().filter(|status| **status == 200).count(), free, "who is in stays in, and nobody else");
    }
}

#[tokio::test]
async fn an_application_has_as_many_publishers_as_its_limit_says() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.settings(json!({"ingestingStreamLimit": 1})).await;
    let first = Live::publish(server.rtmp, HERE, APP, "s").await.expect("admitted");
    let full = publish_from(&server, HERE, "t").await;
    assert!(matches!(&full, Said::No(status) if status.code == "NetStream.Failed"), "{full:?}");
    drop(first);
    setup.off_air("s").await;
    assert_eq!(publish_from(&server, HERE, "t").await, Said::Yes);
}

#[tokio::test]
async fn a_subscriber_has_one_place_on_each_side_unless_its_record_says_more() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup
        .settings(json!({
            "enableTimeTokenForPublish": true, "enableTimeTokenForPlay": true, "timeTokenReplayProtection": false,
        }))
        .await;
    setup.subscriber("s", "alice", Some(SECRET), Some(Operation::Publish)).await;
    let body = json!({"subscriberId": "groupB", "b32Secret": SECRET, "type": "play", "concurrentConnectionsLimit": 2});
    let rest = server.rest();
    assert_eq!(rest.post(&format!("/{APP}/rest/v2/broadcasts/s/subscribers"), body).await["success"], true);
    let query = |who: &str| format!("subscriberId={who}&subscriberCode={}", code(SECRET, 60, 0));
    let _publisher = live_with(&server, &format!("s?{}", query("alice"))).await;
    let ask = async |number: u8, who: &str| server.rest_from(person(number)).status(&hls(&query(who))).await;
    let first = async || (ask(20, "alice").await == 200).then_some(());
    eventually("the publisher watches itself", first).await;
    assert_eq!(ask(21, "alice").await, 403, "a second player of one subscriber");
    assert_eq!(ask(20, "alice").await, 200, "the first goes on");
    assert_eq!((ask(22, "groupB").await, ask(23, "groupB").await, ask(24, "groupB").await), (200, 200, 403));
}

async fn live_with(server: &Server, key: &str) -> Live {
    Live::publish(server.rtmp, HERE, APP, key).await.expect("admitted")
}

#[tokio::test]
async fn a_room_token_opens_the_members_of_its_room_and_nothing_else() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.broadcast("member", json!({"mainTrack": "room"})).await;
    setup.broadcast("outsider", json!({"mainTrack": "elsewhere"})).await;
    let _publishers = (live(&server, "member").await, live(&server, "outsider").await);
    setup.settings(json!({"playTokenControlEnabled": true})).await;
    let token = setup.room_token("room", Operation::Play, now() + 600, Some("room")).await;
    let ask = async |viewer: &Rest, stream: &str, room: &str| {
        viewer.status(&format!("/{APP}/streams/{stream}.m3u8?token={token}&roomId={room}")).await
    };
    for number in 30..33 {
        let viewer = server.rest_from(person(number));
        assert_eq!(ask(&viewer, "member", "room").await, 200, "not spent");
        assert_eq!(ask(&viewer, "member", "elsewhere").await, 403, "another room's name");
        assert_eq!(ask(&viewer, "outsider", "room").await, 403, "a stream of another room");
        assert_eq!(ask(&viewer, "outsider", "elsewhere").await, 403, "the other room");
        assert_eq!(viewer.status(&format!("/{APP}/streams/member.m3u8?token={token}")).await, 403, "no room");
    }
}

#[tokio::test]
async fn a_subscriber_may_have_a_step_of_its_own() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    setup.settings(json!({"enableTimeTokenForPlay": true, "timeTokenPeriod": 60})).await;
    let rest = server.rest();
    for (id, period) in [("quick", json!(30)), ("usual", Value::Null)] {
        let body = json!({"subscriberId": id, "b32Secret": SECRET, "type": "play", "totpExpiryPeriodSeconds": period});
        assert_eq!(rest.post(&format!("/{APP}/rest/v2/broadcasts/s/subscribers"), body).await["success"], true);
    }
    let ask = async |number: u8, who: &str, period: u64, steps: i64| {
        let query = format!("subscriberId={who}&subscriberCode={}", code(SECRET, period, steps));
        server.rest_from(person(number)).status(&hls(&query)).await
    };
    within_step(30, 10).await;
    assert_eq!(ask(40, "quick", 60, 0).await, 403);
    assert_eq!(ask(40, "quick", 30, -2).await, 403, "two of its own steps ago");
    assert_eq!(ask(40, "quick", 30, 0).await, 200);
    assert_eq!(ask(41, "usual", 30, 0).await, 403);
    assert_eq!(ask(41, "usual", 60, 0).await, 200);
    let too_short = json!({"subscriberId": "hasty", "b32Secret": SECRET, "totpExpiryPeriodSeconds": 9});
    assert_eq!(rest.post(&format!("/{APP}/rest/v2/broadcasts/s/subscribers"), too_short).await["success"], false);
}
