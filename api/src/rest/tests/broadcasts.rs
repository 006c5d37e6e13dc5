//! Broadcasts (`rest-v2` §2.2, §3).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Reply, Server, done};

const BROADCASTS: &str = "/LiveApp/rest/v2/broadcasts";

async fn create(server: &Server, body: Value) -> Reply {
    server.post(&format!("{BROADCASTS}/create")).json(&body).send().await
}

async fn ids(server: &Server, path: &str) -> Vec<String> {
    let list = server.get(&format!("{BROADCASTS}/{path}")).send().await.json();
    let id = |b: &Value| b["streamId"].as_str().map(str::to_owned).expect("an id");
    list.as_array().expect("a list").iter().map(id).collect()
}

#[tokio::test]
async fn a_new_broadcast_has_every_documented_field_in_its_documented_order() {
    let server = Server::start().await;
    let created = create(&server, json!({"streamId": "stream1", "status": "broadcasting", "bitrate": 9})).await;
    assert_eq!(created.status, StatusCode::OK);
    let expected = r#"{
        "streamId": "stream1", "status": "created", "playListStatus": null, "type": "liveStream",
        "publishType": null, "name": null, "description": null, "publish": true, "date": 1700000000000,
        "plannedStartDate": 0, "plannedEndDate": 0, "duration": 0, "endPointList": null, "playListItemList": null,
        "publicStream": true, "is360": false, "listenerHookURL": null, "category": null, "ipAddr": null,
        "username": null, "password": null, "quality": null, "speed": 0.0, "streamUrl": null,
        "originAdress": "localhost", "mp4Enabled": 0, "webMEnabled": 0, "seekTimeInMs": 0, "subtracksLimit": -1,
        "expireDurationMS": 0, "rtmpURL": "rtmp://localhost/LiveApp/stream1", "zombi": false,
        "pendingPacketSize": 0, "hlsViewerCount": 0, "dashViewerCount": 0, "webRTCViewerCount": 0,
        "rtmpViewerCount": 0, "startTime": 0, "receivedBytes": 0, "bitrate": 0, "width": 0, "height": 0,
        "encoderQueueSize": 0, "dropPacketCountInIngestion": 0, "dropFrameCountInEncoding": 0,
        "packetLostRatio": 0.0, "packetsLost": 0, "jitterMs": 0, "rttMs": 0, "userAgent": "N/A", "remoteIp": null,
        "latitude": null, "longitude": null, "altitude": null, "mainTrackStreamId": null,
        "absoluteStartTimeMs": 0, "webRTCViewerLimit": -1, "hlsViewerLimit": -1, "dashViewerLimit": -1,
        "subFolder": null, "currentPlayIndex": 0, "metaData": null, "playlistLoopEnabled": true, "updateTime": 0,
        "role": null, "hlsParameters": null, "autoStartStopEnabled": false, "encoderSettingsList": null,
        "virtual": false, "maxIdleTime": 0, "anyoneWatching": false, "subTrackStreamIds": [],
        "conferenceMode": null
    }"#;
    let expected: Value = serde_json::from_str(expected).expect("JSON");
    assert_eq!(created.text(), expected.to_string());
    assert_eq!(server.get(&format!("{BROADCASTS}/stream1")).send().await.text(), created.text());
}

#[tokio::test]
async fn what_can_be_written_comes_back() {
    let server = Server::start().await;
    let body = json!({
        "streamId": "  trimmed  ", "name": "N", "description": "D", "metaData": "{}", "plannedStartDate": 1_800_000_000,
        "plannedEndDate": 1_800_000_600, "expireDurationMS": 1000, "mainTrackStreamId": "room", "publicStream": false,
        "webRTCViewerLimit": 3, "hlsViewerLimit": 4, "dashViewerLimit": 5, "is360": true, "category": "c",
        "listenerHookURL": "https://hook.example", "mp4Enabled": -1, "webMEnabled": 1, "latitude": "1", "role": "r",
        "hlsParameters": {"hlsTime": "3"}, "maxIdleTime": 9, "autoStartStopEnabled": true, "subFolder": "a/b",
        "endPointList": [{"endpointUrl": "rtmp://x/y"}], "encoderSettingsList": [{"height": 240}],
    });
    let created = create(&server, body.clone()).await.json();
    for (field, value) in body.as_object().expect("an object") {
        let expected = if field == "streamId" { &json!("trimmed") } else { value };
        assert_eq!(&created[field], expected, "{field}");
    }
}

#[tokio::test]
async fn ids_are_made_where_none_is_given() {
    let server = Server::start().await;
    for body in [json!({}), json!({"name": "x"}), json!({"streamId": ""}), json!({"streamId": null})] {
        let created = create(&server, body).await.json();
        let id = created["streamId"].as_str().expect("an id");
        assert!(id.len() >= 16 && id.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}");
    }
    let bodyless = server.post(&format!("{BROADCASTS}/create")).send().await;
    assert_eq!(bodyless.status, StatusCode::OK);
    assert_eq!(server.get(&format!("{BROADCASTS}/count")).send().await.json(), json!({"number": 5}));
}

#[tokio::test]
async fn what_cannot_be_created_is_400_with_the_documented_text() {
    let server = Server::start().await;
    create(&server, json!({"streamId": "taken"})).await;
    for (body, message) in [
        (json!({"streamId": "taken"}), "Stream id is already being used. Please change stream id or keep it empty"),
        (json!({"streamId": "a b"}), "Stream id is not valid."),
        (json!({"streamId": "a/b"}), "Stream id is not valid."),
        (json!({"streamId": ".."}), "Stream id is not valid."),
        (json!({"type": "ipCamera"}), "Stream url is not valid. "),
        (json!({"type": "streamSource", "streamUrl": "nonsense"}), "Stream url is not valid. "),
        (json!({"subFolder": "../x"}), "Subfolder is not valid. "),
        (json!({"type": "noSuchType"}), "Broadcast type is not valid."),
    ] {
        let answer = create(&server, body.clone()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(answer.json(), json!({"success": false, "message": message, "dataId": "", "errorId": 0}), "{body}");
    }
}

#[tokio::test]
async fn starting_a_source_at_once_is_refused_as_a_result() {
    let server = Server::start().await;
    let path = format!("{BROADCASTS}/create?autoStart=true");
    server.post(&path).json(&json!({"streamId": "a"})).send().await.result(false);
    let source = json!({"type": "streamSource", "streamUrl": "rtsp://camera.example/1"});
    server.post(&path).json(&source).send().await.result(false);
    assert_eq!(server.get(&format!("{BROADCASTS}/count")).send().await.json(), json!({"number": 0}));
}

#[tokio::test]
async fn an_update_keeps_what_it_does_not_name() {
    let server = Server::start().await;
    create(&server, json!({"streamId": "a", "name": "N", "listenerHookURL": "https://hook.example"})).await;
    let path = format!("{BROADCASTS}/a");
    let changes = json!({
        "name": null, "description": "D", "listenerHookURL": "", "plannedStartDate": 1_800_000_000,
        "streamId": "b", "status": "broadcasting", "type": "VoD", "category": "only on creation",
    });
    assert_eq!(server.put(&path).json(&changes).send().await.json(), done());
    let shown = server.get(&path).send().await.json();
    for (field, value) in [
        ("name", json!("N")),
        ("description", json!("D")),
        ("listenerHookURL", json!("https://hook.example")),
        ("plannedStartDate", json!(1_800_000_000)),
        ("streamId", json!("a")),
        ("status", json!("created")),
        ("type", json!("liveStream")),
        ("category", json!(null)),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    server.put(&path).json(&json!({"plannedStartDate": 0})).send().await.result(true);
    assert_eq!(server.get(&path).send().await.json()["plannedStartDate"], 0);

    server.put(&path).send().await.result(false);
    let unknown = server.put(&format!("{BROADCASTS}/nobody")).json(&json!({"name": "x"})).send().await;
    assert_eq!(unknown.result(false), "Broadcast with streamId: nobody does not exist");
    server.put(&path).json(&json!({"subFolder": ".."})).send().await.result(false);
}

#[tokio::test]
async fn deletions_tell_what_they_did() {
    let server = Server::start().await;
    create(&server, json!({"streamId": "a"})).await;
    let path = format!("{BROADCASTS}/a");
    let message = server.delete(&path).send().await.result(true);
    assert_eq!(message, "broadcast is deleted but could not stopped ");
    assert_eq!(server.delete(&path).send().await.result(false), "");
}

#[tokio::test]
async fn subtracks_go_with_their_main_track_unless_they_are_to_stay() {
    let server = Server::start().await;
    for (main, sub) in [("room1", "sub1"), ("room2", "sub2")] {
        create(&server, json!({"streamId": main})).await;
        create(&server, json!({"streamId": sub, "mainTrackStreamId": main})).await;
    }
    server.delete(&format!("{BROADCASTS}/room1")).send().await.result(true);
    server.delete(&format!("{BROADCASTS}/room2?deleteSubtracks=false")).send().await.result(true);
    assert_eq!(ids(&server, "list/0/10").await, ["sub2"]);
}

#[tokio::test]
async fn several_are_deleted_up_to_the_first_that_fails() {
    let server = Server::start().await;
    for id in ["a", "b", "c"] {
        create(&server, json!({"streamId": id})).await;
    }
    assert_eq!(server.delete(BROADCASTS).send().await.result(false), "ids parameter is blank");
    server.delete(&format!("{BROADCASTS}?ids=%20,")).send().await.result(false);
    server.delete(&format!("{BROADCASTS}?ids=a,nobody,b")).send().await.result(false);
    assert_eq!(ids(&server, "list/0/10").await, ["b", "c"]);
    server.delete(&format!("{BROADCASTS}/?ids=b,c")).send().await.result(true);
    server.delete(&format!("{BROADCASTS}/bulk")).json(&json!([])).send().await.result(false);
    server.delete(&format!("{BROADCASTS}/bulk")).send().await.result(false);
}

#[tokio::test]
async fn lists_are_sorted_searched_and_filtered() {
    let server = Server::start().await;
    let source = "rtsp://camera.example/1";
    for body in [
        json!({"streamId": "s1", "name": "beta"}),
        json!({"streamId": "s2", "name": "Alpha"}),
        json!({"streamId": "cam", "name": "gamma", "type": "ipCamera", "streamUrl": source}),
    ] {
        create(&server, body).await;
        server.pass(1);
    }
    for (query, expected) in [
        ("", vec!["s1", "s2", "cam"]),
        ("?sort_by=name&order_by=desc", vec!["cam", "s1", "s2"]),
        ("?sort_by=date&order_by=desc", vec!["cam", "s2", "s1"]),
        ("?sort_by=date&order_by=asc", vec!["s1", "s2", "cam"]),
        ("?sort_by=date", vec!["s1", "s2", "cam"]),
        ("?order_by=desc", vec!["s1", "s2", "cam"]),
        ("?sort_by=nonsense&order_by=desc", vec!["s1", "s2", "cam"]),
        ("?search=ALPH", vec!["s2"]),
        ("?search=cam", vec!["cam"]),
        ("?search=%25", vec![]),
        ("?type_by=ipCamera", vec!["cam"]),
        ("?type_by=noSuchType", vec![]),
        ("?type_by=", vec!["s1", "s2", "cam"]),
    ] {
        assert_eq!(ids(&server, &format!("list/0/10{query}")).await, expected, "{query}");
    }
    assert_eq!(ids(&server, "filter-list/0/10/liveStream").await, ["s1", "s2"]);
    assert_eq!(ids(&server, "filter-list/0/10/nonsense").await, [""; 0]);
    for (path, number) in [("count", 3), ("count/alph", 1), ("count/nobody", 0), ("active-live-stream-count", 0)] {
        let counted = server.get(&format!("{BROADCASTS}/{path}")).send().await.json();
        assert_eq!(counted, json!({ "number": number }), "{path}");
    }
}

#[tokio::test]
async fn what_is_not_live_cannot_be_stopped() {
    let server = Server::start().await;
    create(&server, json!({"streamId": "a"})).await;
    server.post(&format!("{BROADCASTS}/a/stop")).send().await.result(false);
    server.post(&format!("{BROADCASTS}/nobody/stop")).send().await.result(false);
}

#[tokio::test]
async fn statistics_tell_unknown_from_none() {
    let server = Server::start().await;
    create(&server, json!({"streamId": "a"})).await;
    let watchers = |hls: i64| {
        json!({
            "totalRTMPWatchersCount": -1, "totalHLSWatchersCount": hls, "totalWebRTCWatchersCount": hls,
            "totalDASHWatchersCount": hls,
        })
    };
    let read = |id: &str| server.get(&format!("{BROADCASTS}/{id}/broadcast-statistics")).send();
    assert_eq!(read("a").await.json(), watchers(0));
    assert_eq!(read("nobody").await.json(), watchers(-1));
    let total = server.get(&format!("{BROADCASTS}/total-broadcast-statistics")).send().await.json();
    let mut expected = watchers(0);
    expected["activeLiveStreamCount"] = json!(0);
    assert_eq!(total, expected);
}

#[tokio::test]
async fn there_are_no_recordings() {
    let server = Server::start().await;
    let vods = "/LiveApp/rest/v2/vods";
    assert_eq!(server.get(&format!("{vods}/list/0/10")).send().await.json(), json!([]));
    assert_eq!(server.get(&format!("{vods}/count")).send().await.json(), json!({"number": 0}));
    assert_eq!(server.get(&format!("{vods}/count/x")).send().await.json(), json!({"number": 0}));
    let empty = server.get(&format!("{vods}/nobody")).send().await;
    assert_eq!((empty.status, &empty.json()["vodId"]), (StatusCode::OK, &json!(null)));
}
