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
        (Method::POST, "/broadcasts/s/data", "Requested WebRTC stream does not exist"),
        (Method::POST, "/broadcasts/s/id3", "ID3 tag is not enabled"),
        (Method::POST, "/broadcasts/s/sei", ""),
        (Method::GET, "/broadcasts/s/ip-camera-error", ""),
        (Method::POST, "/broadcasts/s/ip-camera/move", ""),
        (Method::POST, "/broadcasts/import-to-stalker", ""),
        (Method::POST, "/broadcasts/webrtc-viewers/1/stop", ""),
        (Method::DELETE, "/broadcasts/conference-rooms/r", ""),
        (Method::PUT, "/broadcasts/conference-rooms/r/s", ""),
        (Method::PUT, "/broadcasts/conference-rooms/r/add?streamId=s", ""),
        (Method::DELETE, "/broadcasts/conference-rooms/r/s", ""),
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
async fn rooms_are_refused_with_the_statuses_of_rooms() {
    let server = Server::start().await;
    let rooms = format!("{APP}/broadcasts/conference-rooms");
    let created = server.post(&rooms).json(&json!({"roomId": "r"})).send().await;
    assert_eq!((created.status, &created.json()["success"]), (StatusCode::BAD_REQUEST, &json!(false)));
    assert_eq!(server.put(&format!("{rooms}/r")).json(&json!({})).send().await.status, StatusCode::BAD_REQUEST);
    let read = server.get(&format!("{rooms}/r")).send().await;
    assert_eq!((read.status, read.text()), (StatusCode::NOT_FOUND, String::new()));
    let info = server.get(&format!("{rooms}/r/room-info?streamId=s")).send().await.json();
    assert_eq!(info["streamDetailsMap"], json!({}));
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

#[tokio::test]
async fn subtracks_hang_on_their_main_track() {
    let server = Server::start().await;
    for id in ["main", "a", "b"] {
        server.post(&format!("{APP}/broadcasts/create")).json(&json!({"streamId": id, "role": id})).send().await;
    }
    let main = format!("{APP}/broadcasts/main");
    for id in ["a", "b"] {
        server.post(&format!("{main}/subtrack?id={id}")).send().await.result(true);
    }
    server.post(&format!("{main}/subtrack?id=nobody")).send().await.result(false);
    server.post(&format!("{APP}/broadcasts/nobody/subtrack?id=a")).send().await.result(false);
    let ids = |list: Value| -> Vec<String> {
        let all = list.as_array().expect("a list").iter();
        all.filter_map(|track| track["streamId"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(ids(server.get(&format!("{main}/subtracks/0/5")).send().await.json()), ["a", "b"]);
    assert_eq!(ids(server.get(&format!("{main}/subtracks/0/5?role=b")).send().await.json()), ["b"]);
    assert_eq!(server.get(&format!("{main}/active-subtracks/0/5")).send().await.json(), json!([]));
    let count = server.get(&format!("{main}/active-subtracks-count")).send().await.json();
    assert_eq!(count, json!({"number": 0}));
    server.delete(&format!("{main}/subtrack?id=a")).send().await.result(true);
    server.delete(&format!("{main}/subtrack?id=a")).send().await.result(false);
    assert_eq!(ids(server.get(&format!("{main}/subtracks/0/5")).send().await.json()), ["b"]);
    let unknown = server.get(&format!("{APP}/broadcasts/nobody/subtracks/0/5")).send().await;
    assert_eq!((unknown.status, &unknown.json()["success"]), (StatusCode::NOT_FOUND, &json!(false)));
}
