//! Webhooks, with a receiver of the test's own: who is let in, who waits for whom, and what is told.

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpListener;

use crate::harness::{Player, Publisher, Received, Receiver, Server, eventually};

/// What an operator writes to let webhooks reach this machine.
const ALLOWED: (&str, &str) = ("SLUICE_OUTBOUND_ALLOWED_CIDR", "127.0.0.1/32");
const KEY: &str = "the key of these tests";

async fn server() -> Server {
    Server::start_with(&[ALLOWED]).await
}

/// Runs the program of the guide that checks a signature.
async fn verify_as_the_guide_says(received: &Received) -> bool {
    let guide = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/guide/webhooks.md");
    let guide = std::fs::read_to_string(guide).expect("the guide");
    let program = guide.split("```js\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a program");
    let script = format!(
        "{program}\nconst body = require('node:fs').readFileSync(0);\n\
         process.exit(isFromSluice(process.argv[1], body, process.argv[2]) ? 0 : 1);"
    );
    let mut command = Command::new("node");
    command.args(["-e", &script, received.header("x-sluice-signature"), KEY]).stdin(Stdio::piped());
    let body = received.body.clone();
    let verified = tokio::task::spawn_blocking(move || {
        let mut node = command.spawn().expect("node is installed (make setup)");
        let mut input = node.stdin.take().expect("piped");
        input.write_all(&body).expect("written");
        drop(input);
        node.wait().expect("it ends").success()
    });
    verified.await.expect("the thread lives")
}

#[tokio::test]
async fn a_publisher_needs_a_200_and_the_question_is_signed() {
    let server = server().await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    rest.set("LiveApp", json!({"webhookAuthenticateURL": receiver.url("/ask"), "webhookSigningSecret": KEY})).await;
    for status in [500, 302, 201] {
        receiver.answer(status);
        Publisher::start(&server.rtmp_url("/LiveApp/s")).complaint().await;
        assert_eq!(receiver.next().await.path, "/ask");
        assert_eq!(receiver.count(), 0, "{status} is final, and no redirect is followed");
    }
    receiver.answer(200);
    let url = server.rtmp_url("/LiveApp/s?subscriberId=alice&subscriberCode=123456&token=T&metaData=m&tag=x");
    let _publisher = Publisher::start(&url);
    server.live("LiveApp", "s").await;
    let asked = receiver.next().await;
    assert!(verify_as_the_guide_says(&asked).await);
    let forged = Received { body: asked.body.slice(1..), headers: asked.headers.clone(), path: String::new() };
    assert!(!verify_as_the_guide_says(&forged).await);
    let mut fields = asked.json();
    let parameters = fields["queryParams"].take();
    assert!(parameters.as_str().unwrap().split('&').any(|pair| pair == "tag=x"), "{parameters}");
    let expected = json!({
        "appName": "LiveApp", "name": "s", "streamId": "s", "mode": "live", "protocol": "rtmp", "token": "T",
        "subscriberId": "alice", "subscriberCode": "123456", "metaData": "m", "queryParams": null,
        "ipAddress": "127.0.0.1",
    });
    assert_eq!(fields, expected);
    let log = server.log();
    assert!(log.contains("webhook-refused") && !log.contains("123456"));
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else_and_is_given_up() {
    let server = server().await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    receiver.hang(true);
    rest.set("LiveApp", json!({"webhookAuthenticateURL": receiver.url("/")})).await;
    let asked = Instant::now();
    let waiting = [0; 3].map(|_| Publisher::start(&server.rtmp_url("/LiveApp/s")));
    receiver.next().await;

    let begun = Instant::now();
    let _other = Publisher::start(&server.rtmp_url("/WebRTCAppEE/other"));
    server.live("WebRTCAppEE", "other").await;
    let viewed = begun.elapsed();
    assert!(server.log().matches("webhook-unreachable").count() == 0, "they still wait, after {viewed:?}");

    for publisher in waiting {
        publisher.complaint().await;
    }
    assert!(asked.elapsed() < Duration::from_secs(12), "given up after {:?}", asked.elapsed());
    assert!(server.log().contains("webhook-unreachable"));
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404);
}

#[tokio::test]
async fn an_internal_receiver_is_refused_at_once_and_the_log_says_what_allows_it() {
    let server = Server::start().await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let address = format!("http://{host}:{}/ask?key=topsecret", receiver.address.port());
        rest.set("LiveApp", json!({"webhookAuthenticateURL": address})).await;
        let begun = Instant::now();
        Publisher::start(&server.rtmp_url("/LiveApp/s")).complaint().await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{host}");
    }
    assert_eq!(receiver.count(), 0);
    let log = server.log();
    assert!(log.contains("webhook-unreachable") && log.contains("outbound_allowed_cidr") && !log.contains("topsecret"));
    let path = "/rest/v2/applications/settings/LiveApp";
    let mut settings = rest.json(path).await;
    settings["webhookAuthenticateURL"] = json!("file:///etc/passwd");
    assert_eq!(rest.post(path, settings).await["success"], false);
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let server = server().await;
    let rest = server.rest();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a certificate with its key");
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("bound").port();
    let handshake = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.expect("a caller");
        acceptor.accept(socket).await.map(|_| ())
    });
    rest.set("LiveApp", json!({"webhookAuthenticateURL": format!("https://localhost:{port}/")})).await;
    Publisher::start(&server.rtmp_url("/LiveApp/s")).complaint().await;
    assert!(handshake.await.expect("it ends").is_err(), "the caller broke off");
    let log = server.log();
    assert!(log.contains("webhook-unreachable") && log.contains("certificate"), "the log says why");
}

#[tokio::test]
async fn the_play_webhook_stands_before_hls_and_dash() {
    let server = server().await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.set("LiveApp", json!({"webhookPlayAuthUrl": receiver.url("/play")})).await;
    let manifests = ["/LiveApp/streams/s.m3u8?token=T&subscriberId=bob", "/LiveApp/streams/s/s.mpd?token=T"];
    receiver.answer(403);
    let stranger = server.rest_from([127, 0, 0, 60].into());
    for manifest in manifests {
        assert_eq!(stranger.status(manifest).await, 403);
        assert_eq!(stranger.head(manifest).await.status(), 403);
    }
    assert_eq!(stranger.status("/LiveApp/streams/s/v-init-1.mp4").await, 403, "nor what the manifest names");
    receiver.count();
    receiver.answer(200);
    for (manifest, last) in manifests.into_iter().zip([61, 62]) {
        let viewer = server.rest_from([127, 0, 0, last].into()).with_cookies();
        assert_eq!(viewer.head(manifest).await.status(), 200);
        assert_eq!(viewer.get_from_page(manifest, "https://page.example").await.status(), 200);
        assert_eq!(viewer.status(manifest.split('?').next().unwrap()).await, 200, "with its cookie");
        let asked = receiver.next().await.json();
        assert_eq!((&asked["mode"], &asked["streamId"], &asked["token"]), (&json!("play"), &json!("s"), &json!("T")));
        assert_eq!(asked["ipAddress"], format!("127.0.0.{last}"));
        assert_eq!(receiver.count(), 0, "asked once for HEAD, GET and what follows");
    }
    let begun = server.url(manifests[0]);
    assert_eq!(Player::play(&begun, 2).await, "");
}

#[tokio::test]
async fn events_reach_a_receiver_that_was_down_and_survive_kill_9() {
    let server = server().await;
    let rest = server.rest();
    let receiver = Receiver::start().await;
    let address = receiver.address;
    let settings =
        json!({"listenerHookURL": receiver.url("/told"), "webhookSigningSecret": KEY, "webhookRetryDelay": 200});
    rest.set("LiveApp", settings).await;
    // Down from the start.
    drop(receiver);
    let path = "/LiveApp/s?subscriberId=alice&subscriberCode=123456&token=T&tag=x";
    let publisher = Publisher::start(&server.rtmp_url(path));
    server.live("LiveApp", "s").await;
    eventually("the first delivery failed", || async { server.log().contains("a webhook fails").then_some(()) }).await;
    let data = server.kill();
    drop(publisher);

    let mut receiver = Receiver::start_at(address).await;
    let server = Server::start_in_with(data, &[ALLOWED]).await;
    // In any order: the end was written down when the server found the ghost. What is told of whoever looked whether the
    // stream is live may come between.
    let mut told = Vec::new();
    while told.len() < 2 {
        let received = receiver.next().await;
        assert!(verify_as_the_guide_says(&received).await);
        let (id, fields) = (received.header("x-sluice-event").to_owned(), received.json());
        let is_of_stream = fields["action"].as_str().is_some_and(|action| action.starts_with("liveStream"));
        if is_of_stream && told.iter().all(|(known, _)| *known != id) {
            told.push((id, fields));
        }
    }
    told.sort_by_key(|(_, fields)| fields["timestamp"].to_string());
    for ((_, fields), action) in told.iter().zip(["liveStreamStarted", "liveStreamEnded"]) {
        assert_eq!(fields["action"], action);
        assert_eq!((&fields["id"], &fields["app"]), (&json!("s"), &json!("LiveApp")));
        assert_eq!((&fields["subscriberId"], &fields["tag"]), (&json!("alice"), &json!("x")));
        assert!(fields["token"].is_null() && fields["subscriberCode"].is_null(), "{fields}");
    }

    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/again"));
    assert_eq!(receiver.next_of("liveStreamStarted").await.json()["id"], "again");
    server.live("LiveApp", "again").await;
    assert_eq!(receiver.next_of("playStarted").await.json()["id"], "again", "whoever looked whether it is live");
    publisher.finish().await;
    assert_eq!(receiver.next_of("liveStreamEnded").await.json()["id"], "again");
}

#[tokio::test]
async fn rooms_and_streams_that_nobody_watches_are_told() {
    let server = server().await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    rest.set("LiveApp", json!({"listenerHookURL": receiver.url("/")})).await;
    let first = Publisher::start(&server.rtmp_url("/LiveApp/a?mainTrack=room"));
    let active = receiver.next_of("firstActiveTrackAddedInMainTrack").await.json();
    assert_eq!((&active["id"], &active["mainTrackId"]), (&json!("a"), &json!("room")));
    let second = Publisher::start(&server.rtmp_url("/LiveApp/b?mainTrack=room"));
    // In any order with those of the first.
    let mut added = Vec::new();
    while !added.contains(&json!("b")) {
        let fields = receiver.next_of("subtrackAddedInTheMainTrack").await.json();
        assert_eq!(fields["roomId"], "room");
        added.push(fields["id"].clone());
    }
    first.finish().await;
    assert_eq!(receiver.next_of("subtrackLeftTheMainTrack").await.json()["id"], "a");
    second.finish().await;
    assert_eq!(receiver.next_of("noActiveSubtracksLeftInMainTrack").await.json()["id"], "room");

    rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "lonely", "maxIdleTime": 1})).await;
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/lonely"));
    assert_eq!(receiver.next_of("idleTimeIsExpired").await.json()["id"], "lonely", "it is live, and nobody watches");
    publisher.finish().await;
    assert_eq!(receiver.next_of("idleTimeIsExpired").await.json()["id"], "lonely", "nobody came back");
}

#[tokio::test]
async fn the_server_tells_that_it_was_killed_and_that_it_is_nearly_full() {
    const STATUS: &str = "/rest/v2/server-settings";
    let mut receiver = Receiver::start().await;
    let full = ("SLUICE_HIGH_USAGE_PERCENT", "1");
    let server = Server::start_with(&[ALLOWED, full]).await;
    let body = json!({"serverStatusWebHookURL": receiver.url("/status"), "serverStatusWebHookSecret": KEY});
    assert_eq!(server.rest().post(STATUS, body).await["success"], true);
    let told = receiver.next().await;
    assert!(verify_as_the_guide_says(&told).await);
    let fields = told.json();
    assert_eq!((&told.path[..], &fields["action"]), ("/status", &json!("highResourceUsage")));
    assert!(fields["memoryUsage"].as_f64() > Some(0.0) && fields["diskUsage"].is_number(), "{fields}");

    let server = Server::start_in_with(server.kill(), &[ALLOWED]).await;
    assert!(receiver.next_of("unexpectedServerShutdown").await.json()["host"].is_string());
    let (_, data) = server.stop().await;
    receiver.count();
    let server = Server::start_in_with(data, &[ALLOWED, full]).await;
    assert_eq!(receiver.next().await.json()["action"], "highResourceUsage", "it was stopped in order");
    assert!(!server.log().contains(KEY));
}
