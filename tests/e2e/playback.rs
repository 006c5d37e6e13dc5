//! Playlists, segments and tickets, seen from a player.

use std::collections::BTreeSet;

use serde_json::json;

use crate::harness::{Publisher, Rest, Server, code, eventually, within_step};

const SECRET: &str = "mysecret";

/// Every URI that a playlist names, resolved against its own path.
fn uris(playlist: &str, path: &str) -> Vec<String> {
    let folder = path.split('?').next().unwrap().rsplit_once('/').unwrap().0;
    let mut found = Vec::new();
    for line in playlist.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if !line.starts_with('#') {
            found.push(line.to_owned());
        } else if let Some(rest) = line.split("URI=\"").nth(1) {
            found.push(rest.split('"').next().unwrap().to_owned());
        }
    }
    found.into_iter().map(|uri| if uri.starts_with('/') { uri } else { format!("{folder}/{uri}") }).collect()
}

/// Walks from the multivariant playlist to every playlist, init segment and segment.
async fn walk(viewer: &Rest, path: &str) -> Vec<String> {
    let mut all = vec![path.to_owned()];
    let mut seen = BTreeSet::new();
    let mut todo = vec![path.to_owned()];
    while let Some(path) = todo.pop() {
        if !path.split('?').next().unwrap().ends_with(".m3u8") || !seen.insert(path.clone()) {
            continue;
        }
        let playlist = viewer.text(&path).await;
        for uri in uris(&playlist, &path) {
            all.push(uri.clone());
            todo.push(uri);
        }
    }
    all
}

async fn protected_stream(server: &Server) -> Publisher {
    let rest = server.rest();
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    within_step(60, 10).await;
    publisher
}

fn with_code(path: &str) -> String {
    format!("{path}?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, 0))
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap()
}

#[tokio::test]
async fn every_address_of_a_protected_stream_carries_a_ticket_and_needs_one() {
    let server = Server::start().await;
    let _publisher = protected_stream(&server).await;
    let viewer = server.rest_from([127, 0, 0, 40].into());
    let addresses = walk(&viewer, &with_code("/LiveApp/streams/s.m3u8")).await;
    assert!(addresses.len() > 5, "{addresses:?}");
    let stranger = server.rest_from([127, 0, 0, 41].into());
    for address in &addresses[1..] {
        assert!(!address.contains("subscriberCode"), "credentials are not repeated: {address}");
        let status = viewer.status(address).await;
        assert!(status == 200 || status == 404 && address.contains(".m4s"), "{status} for {address}");
        assert_eq!(stranger.status(without_query(address)).await, 403, "{address} without a ticket");
        assert_eq!(stranger.head(without_query(address)).await.status(), 403, "HEAD {address} without a ticket");
    }
    let with_ticket = addresses.iter().find(|address| address.contains("video.m3u8")).expect("a video playlist");
    let response = viewer.get(with_ticket).await;
    assert!(response.headers()["cache-control"].to_str().unwrap().contains("no-cache"));
    let forged = with_ticket.replace("st=A", "st=B");
    assert_eq!(stranger.status(&forged).await, 403, "a forged ticket");
    // A ticket of this stream opens no other.
    let ticket = with_ticket.split_once('?').unwrap().1;
    let _other = Publisher::start(&server.rtmp_url("/LiveApp/other"));
    eventually("the other stream is refused, not missing", || async {
        (stranger.status("/LiveApp/streams/other.m3u8").await == 403).then_some(())
    })
    .await;
    assert_eq!(viewer.status(&format!("/LiveApp/streams/other.m3u8?{ticket}")).await, 403);
}

#[tokio::test]
async fn a_cookie_alone_is_enough() {
    let server = Server::start().await;
    let _publisher = protected_stream(&server).await;
    let viewer = server.rest_from([127, 0, 0, 42].into()).with_cookies();
    let first = viewer.get(&with_code("/LiveApp/streams/s.m3u8")).await;
    let cookie = first.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(
        cookie.starts_with("sluice-") && cookie.contains("HttpOnly") && cookie.contains("Path=/LiveApp/streams"),
        "{cookie}"
    );
    for path in ["/LiveApp/streams/s.m3u8", "/LiveApp/streams/s/video.m3u8", "/LiveApp/streams/s/s.mpd"] {
        assert_eq!(viewer.status(path).await, 200, "{path}");
    }
    assert_eq!(viewer.status("/LiveApp/streams/other.m3u8").await, 403);
}

#[tokio::test]
async fn a_manifest_can_be_reloaded_with_its_ticket() {
    let server = Server::start().await;
    let _publisher = protected_stream(&server).await;
    let viewer = server.rest_from([127, 0, 0, 43].into());
    let manifest = viewer.text(&with_code("/LiveApp/streams/s/s.mpd")).await;
    let location =
        manifest.split("<Location>").nth(1).and_then(|rest| rest.split("</Location>").next()).expect("a Location");
    let path = location.find("/LiveApp").map(|at| location[at..].replace("&amp;", "&")).expect("a path");
    assert!(path.contains("st="), "{path}");
    assert_eq!(viewer.status(&path).await, 200);
}

#[tokio::test]
async fn an_open_stream_needs_no_ticket_and_can_be_cached() {
    let server = Server::start().await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/open"));
    server.live("LiveApp", "open").await;
    let viewer = server.rest();
    let addresses = walk(&viewer, "/LiveApp/streams/open.m3u8").await;
    assert!(addresses.iter().all(|address| !address.contains("st=")), "{addresses:?}");
    let segment = addresses.iter().find(|address| address.ends_with(".m4s")).expect("a segment");
    let response = viewer.get(segment).await;
    assert_eq!(response.headers()["content-type"], "video/iso.segment");
    assert!(!response.headers()["cache-control"].to_str().unwrap().contains("private"));
    let head = viewer.head(segment).await;
    assert_eq!(head.headers()["content-length"], response.headers()["content-length"]);
}

#[tokio::test]
async fn a_stream_that_is_not_there_yet_says_when_to_ask_again() {
    let server = Server::start().await;
    let response = server.rest().get("/LiveApp/streams/later.m3u8").await;
    assert_eq!(response.status(), 404);
    assert!(response.headers().contains_key("retry-after"));
    assert_eq!(server.rest().status("/Nowhere/streams/later.m3u8").await, 404);
}

#[tokio::test]
async fn nothing_outside_a_stream_can_be_reached() {
    let server = Server::start().await;
    let _publisher = protected_stream(&server).await;
    let viewer = server.rest_from([127, 0, 0, 44].into()).with_cookies();
    assert_eq!(viewer.status(&with_code("/LiveApp/streams/s.m3u8")).await, 200);
    for tail in [
        "s/../other.m3u8",
        "s/%2e%2e/other.m3u8",
        "s/..%2fother.m3u8",
        "s/%252e%252e/x",
        "..%2f..%2fsluice.db",
        "%2e%2e/%2e%2e/secret.key",
        "s/..%5c..%5csecret.key",
        "s/%00.m3u8",
        "s//etc/passwd",
        "/etc/passwd",
        "./s/secret.key",
        "s/s/video.m3u8",
        "..",
        "../..",
        "s/",
        "s/video.m3u8/..",
        "s/listening.json",
        "...m3u8",
        "..m3u8",
    ] {
        let raw = raw_get(&server, &format!("/LiveApp/streams/{tail}")).await;
        assert!(matches!(raw, 400 | 403 | 404), "{tail} answered {raw}");
    }
}

/// A request whose path no client library has tidied.
async fn raw_get(server: &Server, path: &str) -> u16 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(server.http).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("answered");
    let head = String::from_utf8_lossy(&answer);
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status for {path}: {head}"))
}
