//! What users of other servers reported: each test names what went wrong there, as it must not go here.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::json;

use crate::harness::{
    Face, Live, Operation, PATIENCE, Player, Rtmp, Said, Server, Setup, eventually, jwt, now, sha256_hex,
};

const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const APP: &str = "Reported";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

async fn application(server: &Server) -> Setup {
    Setup::create(server, Face::Rest, APP).await
}

async fn live(server: &Server, key: &str) -> Live {
    let live = Live::publish(server.rtmp, HERE, APP, key).await.expect("admitted");
    server.live(APP, key.split('?').next().unwrap()).await;
    live
}

fn person(number: u8) -> IpAddr {
    IpAddr::from([127, 31, 0, number])
}

#[tokio::test]
async fn a_player_without_cookies_reaches_every_segment_with_any_kind_of_token() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    let hash = sha256_hex("splaythis_is_secret");
    let signed = jwt(JWT_SECRET, &json!({"streamId": "s", "type": "play", "exp": now() + 600}));
    for (mode, token) in [
        (json!({"playJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET}), Some(signed)),
        (json!({"hashControlPlayEnabled": true, "tokenHashSecret": "this_is_secret"}), Some(hash)),
        (json!({"playTokenControlEnabled": true}), None),
    ] {
        setup.settings(json!({"playJwtControlEnabled": false, "hashControlPlayEnabled": false})).await;
        setup.settings(mode.clone()).await;
        for path in ["s.m3u8", "s/s.mpd"] {
            let token = match &token {
                Some(token) => token.clone(),
                None => setup.token("s", Operation::Play, now() + 600).await,
            };
            let url = server.url(&format!("/{APP}/streams/{path}?token={token}"));
            assert_eq!(Player::play(&url, 3).await, "", "{mode} {path}");
        }
    }
}

#[tokio::test]
async fn a_hash_plays_through_caches_that_pass_the_query_on_and_share_nothing() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    setup.settings(json!({"hashControlPlayEnabled": true, "tokenHashSecret": "this_is_secret"})).await;
    let hash = sha256_hex("splaythis_is_secret");
    // Each request reaches the server from another edge, which names itself, the viewer and no cookie.
    let headers = [("User-Agent", "Edge"), ("Via", "2.0 edge"), ("X-Forwarded-For", "203.0.113.9, 198.51.100.7")];
    for (way, manifest) in [("HLS", "s.m3u8"), ("DASH", "s/s.mpd")] {
        let path = format!("/{APP}/streams/{manifest}");
        let mut edges = (1..).map(|number| server.rest_from(IpAddr::from([127, 32, 0, number])));
        let mut edge = || edges.next().expect("there are enough");
        let refused = edge().get_with(&path, &headers).await;
        assert_eq!(refused.status(), 403, "{way}: an edge that drops the query");
        assert_eq!(refused.headers()["cache-control"], "no-store", "{way}: and that must not be remembered");
        let mut next = vec![format!("{path}?token={hash}")];
        let mut objects = 0;
        while let Some(path) = next.pop() {
            let answer = edge().get_with(&path, &headers).await;
            assert_eq!(answer.status(), 200, "{way}: {path}");
            let shared = answer.headers()["cache-control"].to_str().expect("text").to_owned();
            assert!(shared.contains("private"), "{way}: {path}: {shared}");
            objects += 1;
            if path.contains(".m3u8") {
                let folder =
                    path.split('?').next().and_then(|path| path.rsplit_once('/')).expect("a folder").0.to_owned();
                let text = answer.text().await.expect("a playlist");
                // The playlists, and of each the newest segment: the others may leave the window meanwhile.
                let addresses: Vec<_> = text.lines().filter(|line| !line.starts_with('#')).collect();
                let playlists = addresses.iter().filter(|line| line.contains(".m3u8"));
                let newest = addresses.last().filter(|line| line.contains(".m4s"));
                next.extend(playlists.chain(newest).map(|line| format!("{folder}/{line}")));
            }
        }
        assert!(objects >= if way == "HLS" { 3 } else { 1 }, "{way}: {objects}");
    }
}

#[tokio::test]
async fn a_block_hits_one_subscriber_of_one_stream_of_one_application() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let other = Setup::create(&server, Face::Graph, "Other").await;
    // Joined with a dash, the first and the last pair would be one.
    let publishers = [(APP, "a-b", "carl"), (APP, "stream2", "carl"), (APP, "a", "b-carl"), ("Other", "a-b", "carl")];
    let mut sessions = Vec::new();
    for (application, stream, who) in publishers {
        let key = format!("{stream}?subscriberId={who}");
        sessions.push(Live::publish(server.rtmp, HERE, application, &key).await.expect("admitted"));
        server.live(application, stream).await;
    }
    setup.block("a-b", "carl", 600, Operation::Publish).await;
    let blocked = sessions.remove(0);
    assert!(blocked.ended().await.is_some_and(|status| status.is_error()));
    let viewer = server.rest_from(person(1));
    for ((application, stream, who), session) in publishers[1..].iter().zip(&sessions) {
        assert!(session.is_on(), "{application} {stream} {who}");
        assert_eq!(viewer.status(&format!("/{application}/streams/{stream}.m3u8?subscriberId={who}")).await, 200);
    }
    let again = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish("a-b?subscriberId=carl").await;
    assert!(matches!(again, Said::No(_)), "{again:?}");
    other.block("a-b", "carl", 0, Operation::Publish).await;
    let again = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish("a-b?subscriberId=carl").await;
    assert!(matches!(again, Said::No(_)), "a block lifted elsewhere still holds here: {again:?}");
}

#[tokio::test]
async fn viewers_are_people_and_not_requests() {
    let server = Server::start().await;
    application(&server).await;
    let _publisher = live(&server, "s").await;
    let rest = server.rest();
    // The test itself looked while it waited, from the server's own address.
    let paths = [format!("/{APP}/streams/s.m3u8"), format!("/{APP}/streams/s/video.m3u8")];
    let viewers: Vec<_> = (10..14).map(|number| server.rest_from(person(number))).collect();
    for _ in 0..20 {
        for viewer in &viewers {
            for path in &paths {
                assert_eq!(viewer.status(path).await, 200);
            }
        }
    }
    let dash = server.rest_from(person(14));
    assert_eq!(dash.status(&format!("/{APP}/streams/s/s.mpd")).await, 200);
    let record = eventually("the counts arrive", || async {
        let record = rest.json(&format!("/{APP}/rest/v2/broadcasts/s")).await;
        (record["dashViewerCount"] == 1 && record["hlsViewerCount"].as_i64() >= Some(4)).then_some(record)
    })
    .await;
    assert_eq!(record["hlsViewerCount"], 5, "four people and the test: {record:#}");
}

#[tokio::test]
async fn hundreds_of_comings_and_goings_leave_no_memory_behind() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    setup.settings(json!({"hashControlPublishEnabled": true, "tokenHashSecret": "this_is_secret"})).await;
    let cycle = async |rounds: usize| {
        for round in 0..rounds {
            let stream = format!("cycle{}", round % 50);
            let right = sha256_hex(&format!("{stream}publishthis_is_secret"));
            for token in [right.as_str(), "wrong"] {
                let mut peer = Rtmp::connect(server.rtmp, person(20), APP).await.expect("a connection");
                let said = peer.publish(&format!("{stream}?token={token}")).await;
                assert!(token != "wrong" || matches!(said, Said::No(_)), "{said:?}");
            }
            let viewer = server.rest_from(IpAddr::from([127, 32, (round % 250) as u8, 1]));
            eventually("the viewer is let in", || async {
                // On a busy machine the gate may miss its deadline; players ask again too.
                let status = viewer.status(&format!("/{APP}/streams/s.m3u8?subscriberId=viewer{round}")).await;
                assert!([200, 503].contains(&status), "{status}");
                (status == 200).then_some(())
            })
            .await;
        }
    };
    cycle(60).await;
    let (memory, descriptors) = (server.resident_bytes(), server.descriptors());
    cycle(240).await;
    let grown = server.resident_bytes().saturating_sub(memory);
    assert!(grown < 12 << 20, "memory grew by {grown} bytes");
    eventually("the descriptors are given back", || {
        let now = server.descriptors();
        async move { (now <= descriptors + 16).then_some(()) }
    })
    .await;
}

#[tokio::test]
async fn a_block_silences_a_player_over_rtmp_and_its_end_lets_it_play_on() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.settings(json!({"rtmpPlaybackEnabled": true})).await;
    let _publisher = live(&server, "s").await;
    let mut player = Rtmp::connect(server.rtmp_players, person(70), APP).await.unwrap();
    assert_eq!(player.play("s?subscriberId=hanna").await, Said::Yes);
    let mut bystander = Rtmp::connect(server.rtmp_players, person(71), APP).await.unwrap();
    assert_eq!(bystander.play("s?subscriberId=ivo").await, Said::Yes);
    setup.block("s", "hanna", 600, Operation::Play).await;
    // What had been written before is still on its way; then nothing comes.
    let quiet = Duration::from_millis(400);
    for _ in 0..200 {
        if !player.media_within(quiet).await {
            break;
        }
    }
    assert!(!player.media_within(3 * quiet).await, "not a packet");
    assert!(bystander.media_within(PATIENCE).await, "others play on");
    let again = Rtmp::connect(server.rtmp_players, person(72), APP).await.unwrap().play("s?subscriberId=hanna").await;
    assert!(matches!(&again, Said::No(status) if status.code == "NetStream.Failed"), "{again:?}");
    setup.block("s", "hanna", 0, Operation::Play).await;
    assert!(player.media_within(PATIENCE).await, "on the same connection");
}

#[tokio::test]
async fn each_side_has_its_own_deadline() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = live(&server, "s").await;
    let play = async || server.rest_from(person(40)).status(&format!("/{APP}/streams/s.m3u8?subscriberId=dora")).await;
    let publish =
        async || Rtmp::connect(server.rtmp, person(40), APP).await.unwrap().publish("t?subscriberId=dora").await;
    setup.block("s", "dora", 600, Operation::Play).await;
    setup.block("t", "dora", 600, Operation::Publish).await;
    setup.block("t", "dora", 600, Operation::Play).await;
    assert_eq!(play().await, 401);
    assert!(matches!(publish().await, Said::No(_)));
    // A block of one side, or its end, leaves the other's alone.
    setup.block("t", "dora", 0, Operation::Play).await;
    assert!(matches!(publish().await, Said::No(_)));
    setup.block("t", "dora", 0, Operation::Publish).await;
    assert_eq!(publish().await, Said::Yes);
    assert_eq!(play().await, 401, "the other stream's block holds");
}

#[tokio::test]
async fn a_block_of_the_room_holds_for_its_members() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.broadcast("member", json!({"mainTrack": "room"})).await;
    let publisher = live(&server, "member?subscriberId=erin").await;
    let viewer = server.rest_from(person(50));
    let path = format!("/{APP}/streams/member.m3u8?subscriberId=frank");
    assert_eq!(viewer.status(&path).await, 200);
    setup.block("room", "frank", 600, Operation::Play).await;
    assert_eq!(viewer.status(&path).await, 401);
    setup.block("room", "erin", 600, Operation::Publish).await;
    assert_eq!(viewer.status(&format!("/{APP}/streams/member.m3u8")).await, 404, "off the air at once");
    publisher.ended().await;
    let again = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish("member?subscriberId=erin").await;
    assert!(matches!(&again, Said::No(status) if status.code == "NetStream.Failed"), "{again:?}");
}

#[tokio::test]
async fn who_was_disconnected_or_deleted_stays_out_after_a_restart() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let publisher = live(&server, "s").await;
    setup.settings(json!({"hashControlPlayEnabled": true, "tokenHashSecret": "this_is_secret"})).await;
    setup.subscriber("s", "kimberly", None, None).await;
    let hash = sha256_hex("splaythis_is_secret");
    let enter = async |number: u8, subscriber: &str| {
        let viewer = server.rest_from(person(number));
        let query = format!("token={hash}&subscriberId={subscriber}");
        let manifest = viewer.text(&format!("/{APP}/streams/s.m3u8?{query}")).await;
        manifest.lines().find(|line| line.starts_with("s/video.m3u8?")).expect("a ticket").to_owned()
    };
    let (disconnected, deleted, spared) = (enter(61, "jo").await, enter(62, "kimberly").await, enter(63, "lee").await);
    let rest = server.rest();
    let sessions = "query($app: String!) { application(name: $app) { broadcast(streamId: \"s\") { sessions(filter: \
                    {subscriberId: \"jo\"}) { nodes { id } } } } }";
    let session = eventually("the session is known", || async {
        let answer = rest.graphql(sessions, json!({"app": APP})).await;
        answer["application"]["broadcast"]["sessions"]["nodes"][0]["id"].as_str().map(str::to_owned)
    })
    .await;
    let disconnect = "mutation($input: DisconnectSessionInput!) { disconnectSession(input: $input) { \
                      problems { message } } }";
    rest.graphql(disconnect, json!({"input": {"application": APP, "sessionId": session}})).await;
    assert_eq!(rest.delete(&format!("/{APP}/rest/v2/broadcasts/s/subscribers/kimberly")).await["success"], true);
    let (_, data) = server.stop().await;
    drop(publisher);
    let server = Server::start_in(data).await;
    let _publisher = Live::publish(server.rtmp, person(64), APP, "s").await.expect("admitted");
    let viewer = server.rest_from(person(65));
    eventually("the stream is back", || async {
        (viewer.status(&format!("/{APP}/streams/{spared}")).await == 200).then_some(())
    })
    .await;
    for ticket in [disconnected, deleted] {
        assert_eq!(viewer.status(&format!("/{APP}/streams/{ticket}")).await, 403, "{ticket}");
    }
}

#[tokio::test]
async fn a_block_holds_after_a_restart_for_who_kept_a_ticket() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let publisher = live(&server, "s").await;
    let viewer = server.rest_from(person(60));
    let manifest = viewer.text(&format!("/{APP}/streams/s.m3u8?subscriberId=gina")).await;
    let child = manifest.lines().find(|line| line.starts_with("s/video.m3u8?")).expect("a ticket").to_owned();
    setup.block("s", "gina", 3_600, Operation::Play).await;
    let (_, data) = server.stop().await;
    drop(publisher);
    let server = Server::start_in(data).await;
    let _publisher = live(&server, "s").await;
    let viewer = server.rest_from(person(60));
    assert_eq!(viewer.status(&format!("/{APP}/streams/{child}")).await, 401, "the ticket alone");
    assert_eq!(viewer.status(&format!("/{APP}/streams/s.m3u8?subscriberId=gina")).await, 401);
    assert_eq!(viewer.status(&format!("/{APP}/streams/s.m3u8")).await, 200, "nobody is named, and no mode is on");
}
