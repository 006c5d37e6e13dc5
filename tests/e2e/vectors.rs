//! The gate's acceptance vectors as far as RTMP, HLS, DASH and REST reach them, each set up over REST and over GraphQL.

use std::net::IpAddr;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Face, Live, Operation, Rtmp, Said, Server, Setup, code, code_of, eventually, jwt, now, sha256_hex, within_step,
};

const SECRET: &str = "mysecret";
const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Runs a scenario in two applications of one server, each set up over another face.
async fn over_both_faces(scenario: impl AsyncFn(&Server, &Setup)) {
    let server = Server::start().await;
    let create = async |face: &Face| Setup::create(&server, *face, &format!("By{face:?}")).await;
    let setups = join_all(Face::BOTH.iter().map(create)).await;
    join_all(setups.iter().map(|setup| scenario(&server, setup))).await;
}

/// Asks once to publish, and leaves.
async fn publish_from(server: &Server, setup: &Setup, from: IpAddr, key: &str) -> Said {
    let mut peer = Rtmp::connect(server.rtmp, from, &setup.application).await.expect("a connection");
    peer.publish(key).await
}

async fn publish(server: &Server, setup: &Setup, key: &str) -> Said {
    publish_from(server, setup, HERE, key).await
}

/// Fails unless the answer is the refusal of a credential.
fn assert_refused(said: &Said) {
    assert!(matches!(said, Said::No(status) if status.code == "NetStream.Publish.BadName"), "{said:?}");
}

/// A stream on the air that anybody could publish: call it before a mode is switched on.
async fn on_air(server: &Server, setup: &Setup, stream: &str) -> Live {
    let live = Live::publish(server.rtmp, HERE, &setup.application, stream).await.expect("an open application");
    server.live(&setup.application, stream).await;
    live
}

fn manifests(setup: &Setup, stream: &str) -> [String; 2] {
    let application = &setup.application;
    [format!("/{application}/streams/{stream}.m3u8"), format!("/{application}/streams/{stream}/{stream}.mpd")]
}

async fn record(server: &Server, setup: &Setup, stream: &str) -> Value {
    server.rest().json(&format!("/{}/rest/v2/broadcasts/{stream}", setup.application)).await
}

#[tokio::test]
async fn with_everything_off_anybody_publishes_and_a_record_appears() {
    over_both_faces(async |server, setup| {
        let mut peer = Rtmp::connect(server.rtmp, HERE, &setup.application).await.unwrap();
        assert_eq!(peer.publish("x").await, Said::Yes);
        eventually("the record", || async { (record(server, setup, "x").await["zombi"] == true).then_some(()) }).await;
    })
    .await;
}

#[tokio::test]
async fn undefined_streams_are_refused_until_they_are_created() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"acceptOnlyStreamsInDataStore": true})).await;
        assert_refused(&publish(server, setup, "x").await);
        setup.broadcast("x", json!({})).await;
        assert_eq!(publish(server, setup, "x").await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_one_time_token_publishes_its_own_stream_once() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"publishTokenControlEnabled": true})).await;
        let hour = now() + 3_600;
        let token = setup.token("s", Operation::Publish, hour).await;
        let of_other_role = setup.token("s", Operation::Play, hour).await;
        let of_other_stream = setup.token("other", Operation::Publish, hour).await;
        for key in ["s".to_owned(), format!("s?token={of_other_role}"), format!("s?token={of_other_stream}")] {
            assert_refused(&publish(server, setup, &key).await);
        }
        // Shown for the wrong stream, it survives; shown for the right one, it is spent.
        assert_refused(&publish(server, setup, &format!("other?token={token}")).await);
        assert_eq!(publish(server, setup, &format!("s?token={token}")).await, Said::Yes);
        setup.off_air("s").await;
        assert_refused(&publish(server, setup, &format!("s?token={token}")).await);
        assert_eq!(publish(server, setup, &format!("other?token={of_other_stream}")).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_one_time_token_opens_a_play_session_for_one_client() {
    over_both_faces(async |server, setup| {
        let _live = on_air(server, setup, "s").await;
        setup.settings(json!({"playTokenControlEnabled": true})).await;
        for (number, manifest) in manifests(setup, "s").into_iter().enumerate() {
            let token = setup.token("s", Operation::Play, now() + 3_600).await;
            let viewer = server.rest_from([127, 0, 1, number as u8 + 1].into()).with_cookies();
            assert_eq!(viewer.status(&manifest).await, 403, "no token");
            assert_eq!(viewer.status(&format!("{manifest}?token={token}")).await, 200);
            let playlist = viewer.text(&format!("/{}/streams/s/video.m3u8", setup.application)).await;
            let segment = playlist.lines().rfind(|line| line.contains(".m4s")).unwrap().split('?').next().unwrap();
            let segment = format!("/{}/streams/s/{segment}", setup.application);
            assert_eq!(viewer.status(&segment).await, 200, "the cookie is enough");
            let thief = server.rest_from([127, 0, 2, number as u8 + 1].into());
            assert_eq!(thief.status(&format!("{manifest}?token={token}")).await, 403, "spent");
        }
    })
    .await;
}

#[tokio::test]
async fn a_jwt_is_bound_to_its_stream_and_its_operation() {
    over_both_faces(async |server, setup| {
        let _one = on_air(server, setup, "stream1").await;
        let _two = on_air(server, setup, "stream2").await;
        let on = json!({
            "publishJwtControlEnabled": true, "playJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET,
        });
        setup.settings(on).await;
        let claims = json!({"streamId": "stream1", "type": "play", "exp": 4_102_444_800_u64});
        let of_ours = setup.jwt("stream1", Operation::Play, now() + 3_600).await;
        for token in [jwt(JWT_SECRET, &claims), of_ours] {
            for (one, two) in manifests(setup, "stream1").into_iter().zip(manifests(setup, "stream2")) {
                let viewer = server.rest();
                assert_eq!(viewer.status(&format!("{one}?token={token}")).await, 200);
                assert_eq!(viewer.status(&format!("{two}?token={token}")).await, 403);
                assert_eq!(viewer.status(&one).await, 403);
            }
            let offline = manifests(setup, "stream3")[0].clone();
            assert_eq!(server.rest().status(&format!("{offline}?token={token}")).await, 403);
            assert_refused(&publish(server, setup, &format!("stream9?token={token}")).await);
        }
        let offline = json!({"streamId": "stream3", "type": "play", "exp": now() + 60});
        let path = format!("{}?token={}", manifests(setup, "stream3")[0], jwt(JWT_SECRET, &offline));
        assert_eq!(server.rest().status(&path).await, 404, "allowed, and not there");
    })
    .await;
}

#[tokio::test]
async fn a_hash_is_bound_to_its_stream_and_its_operation() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"hashControlPublishEnabled": true, "tokenHashSecret": "this_is_secret"})).await;
        let publish_hash = "f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077";
        assert_eq!(sha256_hex("stream1publishthis_is_secret"), publish_hash);
        let play_hash = "71c9da1d78906394c7f202772a8d3ecfa865063a80e85864e47dcf3095b9214c";
        assert_refused(&publish(server, setup, &format!("stream1?token={play_hash}")).await);
        assert_refused(&publish(server, setup, &format!("stream2?token={publish_hash}")).await);
        assert_eq!(publish(server, setup, &format!("stream1?token={publish_hash}")).await, Said::Yes);
        setup.off_air("stream1").await;
        assert_eq!(publish(server, setup, &format!("stream1?token={}", publish_hash.to_uppercase())).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_registered_subscriber_publishes_with_its_code() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"enableTimeTokenForPublish": true})).await;
        setup.subscriber("stream1", "publisherA", Some(SECRET), Some(Operation::Publish)).await;
        setup.subscriber("stream1", "playerB", Some(SECRET), Some(Operation::Play)).await;
        within_step(60, 10).await;
        let right = code(SECRET, 60, 0);
        assert_eq!(setup.code("stream1", "publisherA", Operation::Publish).await, right);
        let of_player = format!("stream1?subscriberId=playerB&subscriberCode={right}");
        assert_refused(&publish(server, setup, &of_player).await);
        // As pages print it, with a blank before the digits.
        let of_publisher = format!("stream1?subscriberId=publisherA&subscriberCode=%20{right}");
        assert_eq!(publish(server, setup, &of_publisher).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn who_may_publish_may_play() {
    over_both_faces(async |server, setup| {
        let _live = on_air(server, setup, "stream1").await;
        setup.settings(json!({"enableTimeTokenForPlay": true})).await;
        setup.subscriber("stream1", "publisherA", Some(SECRET), Some(Operation::Publish)).await;
        for manifest in manifests(setup, "stream1") {
            let path = format!("{manifest}?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, 0));
            assert_eq!(server.rest().status(&path).await, 200);
        }
    })
    .await;
}

#[tokio::test]
async fn a_derived_code_works_until_only_registered_ones_count() {
    over_both_faces(async |server, setup| {
        let on = json!({"enableTimeTokenForPublish": true, "timeTokenSecretForPublish": "pubSecret1"});
        setup.settings(on).await;
        let key = |stream: &str| {
            let right = code_of(b"pubSecret1publisherAstream1publishXXXXXX", 60, now());
            format!("{stream}?subscriberId=publisherA&subscriberCode={right}")
        };
        assert_refused(&publish(server, setup, &key("stream2")).await);
        assert_eq!(publish(server, setup, &key("stream1")).await, Said::Yes);
        setup.off_air("stream1").await;
        setup.settings(json!({"acceptOnlyStreamsInDataStore": true})).await;
        setup.broadcast("stream1", json!({})).await;
        assert_refused(&publish(server, setup, &key("stream1")).await);
        // Registered without a secret its codes still derive.
        setup.subscriber("stream1", "publisherA", None, Some(Operation::Publish)).await;
        assert_eq!(publish(server, setup, &key("stream1")).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_block_ends_a_publisher_and_0_lets_it_back_if_its_code_is_valid() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"enableTimeTokenForPublish": true})).await;
        setup.subscriber("stream1", "publisherA", Some(SECRET), Some(Operation::Publish)).await;
        let key = || format!("stream1?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, 0));
        let live = Live::publish(server.rtmp, HERE, &setup.application, &key()).await.expect("a right code");
        server.live(&setup.application, "stream1").await;
        setup.block("stream1", "publisherA", 120, Operation::Publish).await;
        assert_eq!(server.rest().status(&manifests(setup, "stream1")[0]).await, 404, "off the air at once");
        assert!(live.ended().await.is_some_and(|status| status.is_error()));
        let said = publish(server, setup, &key()).await;
        assert!(matches!(&said, Said::No(status) if status.code == "NetStream.Failed"), "{said:?}");
        setup.block("stream1", "publisherA", 0, Operation::Publish).await;
        let stale = format!("stream1?subscriberId=publisherA&subscriberCode={}", code(SECRET, 60, -3));
        assert_refused(&publish(server, setup, &stale).await);
        assert_eq!(publish(server, setup, &key()).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn a_block_needs_no_mode_and_no_record() {
    over_both_faces(async |server, setup| {
        let _live = on_air(server, setup, "s").await;
        let [hls, dash] = manifests(setup, "s");
        let viewer = server.rest_from([127, 0, 3, 1].into());
        assert_eq!(viewer.status(&format!("{hls}?subscriberId=viewerC")).await, 200);
        setup.block("s", "viewerC", 120, Operation::Play).await;
        for manifest in [&hls, &dash] {
            let path = format!("{manifest}?subscriberId=viewerC");
            assert_eq!(viewer.status(&path).await, 401, "{path}");
            assert_eq!(viewer.head(&path).await.status(), 401, "HEAD {path}");
        }
        setup.block("s", "viewerC", 0, Operation::Play).await;
        assert_eq!(viewer.status(&format!("{dash}?subscriberId=viewerC")).await, 200);
    })
    .await;
}

#[tokio::test]
async fn two_token_modes_on_one_side_are_refused_and_nothing_is_stored() {
    over_both_faces(async |server, setup| {
        for side in ["publish", "play"] {
            let both = json!({
                format!("{side}JwtControlEnabled"): true, format!("{side}TokenControlEnabled"): true,
                "tokenHashSecret": "stored",
            });
            assert!(setup.refused_settings(both).await.contains(side));
        }
        let path = format!("/rest/v2/applications/settings/{}", setup.application);
        let stored = server.rest().json(&path).await;
        assert_eq!(stored["publishJwtControlEnabled"], false);
        assert_ne!(stored["tokenHashSecret"], "stored");
    })
    .await;
}

#[tokio::test]
async fn publishers_come_from_the_allowed_networks_and_a_token_is_not_burnt_elsewhere() {
    over_both_faces(async |server, setup| {
        let on = json!({"allowedPublisherCIDR": "127.20.30.40/24, 127.0.0.9/32", "publishTokenControlEnabled": true});
        setup.settings(on).await;
        let token = setup.token("s", Operation::Publish, now() + 3_600).await;
        let key = format!("s?token={token}");
        assert_refused(&publish_from(server, setup, [127, 20, 31, 1].into(), &key).await);
        assert_eq!(publish_from(server, setup, [127, 20, 30, 77].into(), &key).await, Said::Yes);
    })
    .await;
}

#[tokio::test]
async fn rest_is_for_the_machine_itself_and_for_whom_the_filter_names() {
    let server = Server::start_with(&[("SLUICE_TRUSTED_PROXIES", "127.0.0.0/8")]).await;
    for face in Face::BOTH {
        let setup = Setup::create(&server, face, &format!("By{face:?}")).await;
        let rest = server.rest();
        let path = format!("/{}/rest/v2/broadcasts/count", setup.application);
        assert_eq!(rest.status(&path).await, 200);
        let from_elsewhere = [("X-Forwarded-For", "203.0.113.9")];
        assert_eq!(rest.get_with(&path, &from_elsewhere).await.status(), 403);
        setup.settings(json!({"remoteAllowedCIDR": "127.0.0.1,203.0.113.0/24"})).await;
        assert_eq!(rest.get_with(&path, &from_elsewhere).await.status(), 200);
        assert_eq!(rest.get_with(&path, &[("X-Forwarded-For", "203.0.114.9")]).await.status(), 403);
    }
}

#[tokio::test]
async fn rest_can_ask_for_a_jwt() {
    over_both_faces(async |server, setup| {
        setup.settings(json!({"jwtControlEnabled": true, "jwtSecretKey": JWT_SECRET})).await;
        let rest = server.rest();
        let path = format!("/{}/rest/v2/broadcasts/count", setup.application);
        let right = jwt(JWT_SECRET, &json!({"sub": "token", "iat": 1_516_239_022}));
        let wrong = jwt("another", &json!({"sub": "token"}));
        let expired = jwt(JWT_SECRET, &json!({"exp": now() - 1}));
        assert_eq!(rest.status(&path).await, 403);
        for (token, status) in [(&wrong, 403), (&expired, 403), (&right, 200)] {
            for header in [token.clone(), format!("Bearer {token}"), format!("bearer {token}")] {
                assert_eq!(rest.get_with(&path, &[("Authorization", &header)]).await.status(), status, "{header}");
            }
        }
    })
    .await;
}

#[tokio::test]
async fn any_page_may_ask_before_it_asks() {
    over_both_faces(async |server, setup| {
        let application = &setup.application;
        for path in [format!("/{application}/rest/v2/broadcasts/count"), format!("/{application}/streams/s.m3u8")] {
            let headers = [("Origin", "https://page.example"), ("Access-Control-Request-Method", "GET")];
            let answer = server.rest().send_with(Method::OPTIONS, &path, &headers, "").await;
            assert_eq!(answer.status(), 200, "{path}");
            let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
            let origin = text("access-control-allow-origin");
            assert!(matches!(origin.as_deref(), Some("*" | "https://page.example")), "{path}: {origin:?}");
            assert!(text("access-control-allow-methods").unwrap().contains("GET"), "{path}");
            assert_eq!(text("access-control-max-age").as_deref(), Some("1800"), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_expired_stream_and_one_outside_its_window_are_refused() {
    over_both_faces(async |server, setup| {
        let at = now();
        setup.broadcast("expired", json!({"expireDurationMs": 1})).await;
        setup.broadcast("fresh", json!({"expireDurationMs": 3_600_000})).await;
        setup.broadcast("early", json!({"plannedStartDate": at + 600, "plannedEndDate": at + 1_200})).await;
        setup.broadcast("late", json!({"plannedStartDate": at - 1_200, "plannedEndDate": at - 600})).await;
        setup.broadcast("planned", json!({"plannedStartDate": at - 600, "plannedEndDate": at + 600})).await;
        for stream in ["expired", "early", "late"] {
            assert_refused(&publish(server, setup, stream).await);
        }
        for stream in ["fresh", "planned"] {
            assert_eq!(publish(server, setup, stream).await, Said::Yes, "{stream}");
        }
    })
    .await;
}
