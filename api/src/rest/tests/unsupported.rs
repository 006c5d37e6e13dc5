//! What this server does not do, and says so (`rest-v2` §7, §8, §12).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Server;
use super::management::{create_user, log_in};

const APP: &str = "/LiveApp/rest/v2";

#[tokio::test]
async fn calls_that_would_do_something_say_that_they_did_not() {
    let server = Server::start().await;
    for (method, path, text) in [
        (Method::PUT, "/broadcasts/s/recording/true", "mp4 recording couldn't be started/stopped"),
        (Method::POST, "/broadcasts/s/endpoint", ""),
        (Method::DELETE, "/broadcasts/s/endpoint?endpointServiceId=x", ""),
        (Method::POST, "/broadcasts/s/rtmp-endpoint", ""),
        (Method::DELETE, "/broadcasts/s/rtmp-endpoint", ""),
        (Method::POST, "/broadcasts/s/start", "No Stream Exists with id:s"),
        (Method::POST, "/broadcasts/playlists/s/next?index=-1", ""),
        (Method::PUT, "/broadcasts/s/seek-time/1000", ""),
        (Method::POST, "/broadcasts/s/id3", "ID3 tag is not enabled"),
        (Method::POST, "/broadcasts/s/sei", ""),
        (Method::GET, "/broadcasts/s/ip-camera-error", ""),
        (Method::POST, "/broadcasts/s/ip-camera/move", ""),
        (Method::POST, "/broadcasts/import-to-stalker", ""),
        (Method::POST, "/vods/import-to-stalker", ""),
        (Method::POST, "/vods/synch-user-vod-list", ""),
        (Method::POST, "/vods/create?name=x.mp4", ""),
        (Method::POST, "/vods/directory?directory=/tmp", ""),
        (Method::POST, "/push-notification/topics/news", ""),
    ] {
        let message = server.call(method, &format!("{APP}{path}")).send().await.result(false);
        assert!(!message.is_empty() && (text.is_empty() || message == text), "{path}: {message}");
    }
    for (method, path) in [
        (Method::PUT, "/rest/v2/applications/LiveApp"),
        (Method::POST, "/rest/v2/applications/LiveApp/reset"),
        (Method::POST, "/rest/v2/ssl-settings"),
        (Method::GET, "/rest/v2/shutdown-properly"),
    ] {
        server.call(method, path).send().await.result(false);
    }
    let duration = server.get(&format!("{APP}/broadcasts/duration?url=http://x/y.mp4")).send().await.json();
    assert_eq!((&duration["success"], &duration["errorId"]), (&json!(false), &json!(-1)));
}

#[tokio::test]
async fn lists_of_what_is_not_there_are_empty() {
    let server = Server::start().await;
    for path in [
        "/broadcasts/s/webrtc-client-stats/0/50",
        "/broadcasts/s/stream-info",
        "/broadcasts/webrtc-viewers/list/0/5",
        "/broadcasts/onvif-devices",
        "/broadcasts/s/detections/0/5",
        "/broadcasts/s/detections/list/0/5",
        "/broadcasts/conference-rooms/list/0/5",
        "/vods/list/0/5?sort_by=name&order_by=asc&search=x",
    ] {
        assert_eq!(server.get(&format!("{APP}{path}")).send().await.json(), json!([]), "{path}");
    }
    for path in ["/broadcasts/s/detections/count", "/vods/count", "/vods/count/x"] {
        assert_eq!(server.get(&format!("{APP}{path}")).send().await.json(), json!({"number": 0}), "{path}");
    }
    for path in ["/broadcasts/s/webrtc-client-stats/a/5", "/vods/list/0/x", "/broadcasts/s/detections/0/x"] {
        assert_eq!(server.get(&format!("{APP}{path}")).send().await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let recording = server.put(&format!("{APP}/broadcasts/s/recording/perhaps")).send().await;
    assert_eq!(recording.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_unknown_recording_is_an_empty_object_that_cannot_be_deleted() {
    let server = Server::start().await;
    let vod = server.get(&format!("{APP}/vods/x")).send().await.json();
    assert_eq!((&vod["vodId"], &vod["fileSize"]), (&Value::Null, &json!(0)));
    for (path, body) in
        [("/vods/x", "null"), ("/vods?ids=a,b", "null"), ("/vods?ids=", "null"), ("/vods/bulk", r#"["a"]"#)]
    {
        server.delete(&format!("{APP}{path}")).body("application/json", body).send().await.result(false);
    }
}

#[tokio::test]
async fn readers_may_not_even_try() {
    let server = Server::start().await;
    create_user(&server, "reader@x.org", "READ_ONLY", "LiveApp").await;
    let cookie = log_in(&server, "reader@x.org").await;
    for (method, path, status) in [
        (Method::GET, "/broadcasts/onvif-devices", 200),
        (Method::POST, "/broadcasts/s/start", 403),
        (Method::POST, "/broadcasts/s/endpoint", 403),
        (Method::POST, "/broadcasts/s/subtrack?id=x", 403),
        (Method::DELETE, "/vods/x", 403),
    ] {
        let call = server.call(method, &format!("{APP}{path}")).from("203.0.113.9").header("cookie", &cookie);
        assert_eq!(call.send().await.status.as_u16(), status, "{path}");
    }
}
