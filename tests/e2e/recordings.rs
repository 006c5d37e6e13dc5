//! Recordings: made from live streams, played through the gate, deleted.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Publisher, Receiver, Rest, Server, code, eventually, output, within_step};

const ALLOWED: (&str, &str) = ("SLUICE_OUTBOUND_ALLOWED_CIDR", "127.0.0.1/32");
const SECRET: &str = "mysecret";

/// What ffprobe says of a file or an address: the kinds of its streams, and its duration in seconds.
async fn probe(of: &str) -> (Vec<String>, f64) {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", "stream=codec_type:format=duration", "-of", "json", of]);
    let out = output(command).await;
    let complaint = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(complaint, "", "{of}");
    let found: Value = serde_json::from_slice(&out.stdout).expect("JSON");
    let kinds = found["streams"].as_array().into_iter().flatten();
    let kinds = kinds.map(|stream| stream["codec_type"].as_str().unwrap_or_default().to_owned()).collect();
    let duration = found["format"]["duration"].as_str().and_then(|text| text.parse().ok());
    (kinds, duration.unwrap_or_else(|| panic!("no duration: {found}")))
}

/// What ffmpeg complains of when it decodes everything.
async fn decode(of: &str) -> String {
    let mut command = Command::new("ffmpeg");
    command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-xerror", "-i", of, "-f", "null", "-"]);
    String::from_utf8_lossy(&output(command).await.stderr).into_owned()
}

fn folder(data: &TempDir) -> PathBuf {
    data.path().join("recordings/LiveApp")
}

fn files(data: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(folder(data)).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

async fn vods(rest: &Rest) -> Vec<Value> {
    rest.json("/LiveApp/rest/v2/vods/list/0/50").await.as_array().expect("a list").clone()
}

/// Waits until there are so many recordings.
async fn vods_of(rest: &Rest, count: usize) -> Vec<Value> {
    eventually("the recordings are there", || async {
        let found = vods(rest).await;
        (found.len() == count).then_some(found)
    })
    .await
}

/// Waits until a file that is being written has at least this many bytes.
async fn written(data: &Arc<TempDir>, name: &str, bytes: u64) {
    let path = folder(data).join(format!("{name}.tmp_extension"));
    eventually("the recording grows", || async { (std::fs::metadata(&path).ok()?.len() >= bytes).then_some(()) }).await;
}

/// A recording of some seconds of `s`, complete.
async fn recorded(server: &Server, stream: &str) -> Value {
    let rest = server.rest();
    let before = vods(&rest).await.len();
    let publisher = Publisher::start(&server.rtmp_url(&format!("/LiveApp/{stream}")));
    written(&server.data(), &format!("{stream}.mp4"), 60_000).await;
    publisher.finish().await;
    vods_of(&rest, before + 1).await.into_iter().find(|vod| vod["streamId"] == stream).expect("it is listed")
}

#[tokio::test]
async fn a_stream_is_recorded_from_its_first_picture_and_told_of() {
    let server = Server::start_with(&[ALLOWED]).await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true, "listenerHookURL": receiver.url("/hook")})).await;
    let publisher = Publisher::with_b_frames(&server.rtmp_url("/LiveApp/s"));
    written(&server.data(), "s.mp4", 60_000).await;
    assert_eq!(rest.status("/LiveApp/streams/s.mp4").await, 404, "it is not complete");
    assert_eq!(rest.status("/LiveApp/streams/s.mp4.tmp_extension").await, 404);
    publisher.finish().await;

    let told = receiver.next_of("vodReady").await.json();
    assert_eq!((&told["id"], &told["app"], &told["vodName"]), (&json!("s"), &json!("LiveApp"), &json!("s")));
    let vod = vods_of(&rest, 1).await.remove(0);
    assert_eq!(told["vodId"], vod["vodId"]);
    assert_eq!(vod["vodId"].as_str().unwrap().len(), 24);
    assert_eq!(told["duration"], vod["duration"].to_string(), "milliseconds, as text");
    assert_eq!((&vod["vodName"], &vod["filePath"]), (&json!("s.mp4"), &json!("streams/s.mp4")));
    assert_eq!((&vod["streamId"], &vod["type"]), (&json!("s"), &json!("streamVod")));
    assert_eq!(files(&server.data()), ["s.mp4"]);
    let size = std::fs::metadata(folder(&server.data()).join("s.mp4")).unwrap().len();
    assert_eq!(vod["fileSize"], size);
    assert!(vod["startTime"].as_i64() < vod["creationDate"].as_i64());

    let url = server.url("/LiveApp/streams/s.mp4");
    let (kinds, duration) = probe(&url).await;
    assert_eq!(kinds, ["video", "audio"]);
    assert!((duration * 1_000.0 - vod["duration"].as_f64().unwrap()).abs() < 50.0, "{duration} s, {vod}");
    assert!(duration > 3.0, "{duration} s");
    assert_eq!(decode(&url).await, "");

    let info = rest.json("/rest/v2/applications-info").await;
    let info = info.as_array().unwrap().iter().find(|info| info["name"] == "LiveApp").cloned().unwrap();
    assert_eq!((&info["vodCount"], &info["storage"]), (&json!(1), &json!(size)));
}

#[tokio::test]
async fn a_part_of_a_recording_is_answered_as_the_standard_says() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    recorded(&server, "s").await;
    let whole = rest.get("/LiveApp/streams/s.mp4").await;
    assert_eq!(whole.headers()["accept-ranges"], "bytes");
    assert_eq!(whole.headers()["content-type"], "video/mp4");
    let tag = whole.headers()["etag"].to_str().unwrap().to_owned();
    let whole = whole.bytes().await.unwrap();
    let len = whole.len();
    let part = async |range: &str| rest.get_with("/LiveApp/streams/s.mp4", &[("range", range)]).await;
    for (range, expected) in [
        ("bytes=0-99".to_owned(), 0..100),
        ("bytes=-7".to_owned(), len - 7..len),
        (format!("bytes={}-", len - 5), len - 5..len),
    ] {
        let answer = part(&range).await;
        assert_eq!(answer.status(), 206, "{range}");
        let says = format!("bytes {}-{}/{len}", expected.start, expected.end - 1);
        assert_eq!(answer.headers()["content-range"], says.as_str());
        assert_eq!(answer.bytes().await.unwrap(), whole.slice(expected));
    }
    let beyond = part(&format!("bytes={len}-")).await;
    assert_eq!(beyond.status(), 416);
    assert_eq!(beyond.headers()["content-range"], format!("bytes */{len}").as_str());
    let since = async |tag: &str| {
        rest.get_with("/LiveApp/streams/s.mp4", &[("range", "bytes=5-"), ("if-range", tag)]).await.status()
    };
    assert_eq!(
        (since("\"x\"").await, since(&tag).await),
        (reqwest::StatusCode::OK, reqwest::StatusCode::PARTIAL_CONTENT)
    );
    let head = rest.head("/LiveApp/streams/s.mp4").await;
    assert_eq!(head.headers()["content-length"], len.to_string().as_str());
    assert_eq!(rest.status("/LiveApp/streams/none.mp4").await, 404);
    assert_eq!(rest.status("/WebRTCAppEE/streams/s.mp4").await, 404, "another application's");
}

#[tokio::test]
async fn a_live_stream_is_recorded_on_demand_though_nothing_is_packaged() {
    let server = Server::start_with(&[ALLOWED]).await;
    let rest = server.rest();
    let mut receiver = Receiver::start().await;
    let settings = json!({
        "hlsMuxingEnabled": false, "dashMuxingEnabled": false, "listenerHookURL": receiver.url("/"),
    });
    rest.set("LiveApp", settings).await;
    let recording = |on: &str| format!("/LiveApp/rest/v2/broadcasts/s/recording/{on}");
    assert_eq!(rest.put(&recording("true")).await["success"], false, "there is no such stream");

    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    receiver.next_of("liveStreamStarted").await;
    assert_eq!(rest.put(&recording("false")).await["success"], false, "it is not recorded");
    for refused in ["recordType=webm", "recordType=avi", "resolutionHeight=480"] {
        let answer = rest.put(&format!("{}?{refused}", recording("true"))).await;
        assert_eq!(answer["success"], false, "{refused}");
    }
    let begun = rest.put(&format!("{}?fileName=lecture%2F1.mp4", recording("true"))).await;
    assert_eq!(begun["success"], true, "{begun}");
    assert!(begun["message"].as_str().unwrap().parse::<u64>().is_ok());
    let again = rest.put(&recording("true")).await;
    assert_eq!(again["success"], false);
    assert_eq!(again["message"], "mp4 recording couldn't be started/stopped");
    assert_eq!(rest.json("/LiveApp/rest/v2/broadcasts/s").await["mp4Enabled"], 1);
    written(&server.data(), "1.mp4", 60_000).await;
    let ended = rest.put(&recording("false")).await;
    assert_eq!((&ended["success"], &ended["dataId"]), (&json!(true), &begun["dataId"]));

    let told = receiver.next_of("vodReady").await.json();
    assert_eq!((&told["vodId"], &told["vodName"]), (&begun["dataId"], &json!("1")));
    let (kinds, duration) = probe(&server.url("/LiveApp/streams/1.mp4")).await;
    assert_eq!(kinds, ["video", "audio"]);
    assert!(duration > 1.0, "{duration} s");
    let vod = rest.json(&format!("/LiveApp/rest/v2/vods/{}", begun["dataId"].as_str().unwrap())).await;
    assert_eq!(vod["startTime"].to_string(), begun["message"].as_str().unwrap());
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 404, "HLS is off all the same");
    assert_eq!(rest.json("/LiveApp/rest/v2/broadcasts/s").await["mp4Enabled"], -1);
}

#[tokio::test]
async fn a_broadcast_says_otherwise_than_its_application() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    for (stream, enabled) in [("not", -1), ("as", 0)] {
        rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": stream, "mp4Enabled": enabled})).await;
    }
    let quiet = Publisher::start(&server.rtmp_url("/LiveApp/not"));
    server.live("LiveApp", "not").await;
    recorded(&server, "as").await;
    quiet.finish().await;
    assert_eq!(files(&server.data()), ["as.mp4"]);

    rest.set("LiveApp", json!({"mp4MuxingEnabled": false})).await;
    let kept = rest.put("/LiveApp/rest/v2/broadcasts/not/recording/true").await;
    assert_eq!(kept["success"], true, "it is kept for when it is live: {kept}");
    recorded(&server, "not").await;
}

#[tokio::test]
async fn recordings_are_named_listed_and_deleted() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    rest.post("/LiveApp/rest/v2/broadcasts/create", json!({"streamId": "cam", "name": "Front door"})).await;
    recorded(&server, "cam").await;
    let second = Publisher::start(&server.rtmp_url("/LiveApp/cam"));
    written(&server.data(), "cam_1.mp4", 60_000).await;
    second.finish().await;
    vods_of(&rest, 2).await;
    rest.set("LiveApp", json!({"addDateTimeToMp4FileName": true})).await;
    let third = Publisher::start(&server.rtmp_url("/LiveApp/other"));
    eventually("a file with a date", || async {
        files(&server.data()).iter().any(|name| name.starts_with("other-20")).then_some(())
    })
    .await;
    server.live("LiveApp", "other").await;
    third.finish().await;
    let all = vods_of(&rest, 3).await;
    let names = |list: &Value| -> Vec<String> {
        let of = |vod: &Value| vod["vodName"].as_str().unwrap().to_owned();
        list.as_array().unwrap().iter().map(of).collect()
    };
    let list = async |query: &str| names(&rest.json(&format!("/LiveApp/rest/v2/vods/list/0/50?{query}")).await);
    assert_eq!(list("streamId=cam").await, ["cam.mp4", "cam_1.mp4"]);
    assert_eq!(list("sort_by=name&order_by=desc&search=CAM").await, ["cam_1.mp4", "cam.mp4"]);
    assert_eq!(list("search=front").await.len(), 2, "the stream's name");
    assert!(list("sort_by=date&order_by=desc").await[0].starts_with("other-20"));
    assert_eq!(names(&rest.json("/LiveApp/rest/v2/vods/list/1/1").await), ["cam_1.mp4"]);
    assert_eq!(rest.json("/LiveApp/rest/v2/vods/count").await["number"], 3);
    assert_eq!(rest.json("/LiveApp/rest/v2/vods/count/cam_1").await["number"], 1);

    let id = |at: usize| all[at]["vodId"].as_str().unwrap().to_owned();
    let answer = rest.delete(&format!("/LiveApp/rest/v2/vods/{}", id(0))).await;
    assert_eq!((&answer["success"], &answer["message"]), (&json!(true), &json!("vod deleted")));
    assert!(!files(&server.data()).contains(&"cam.mp4".to_owned()));
    assert_eq!(rest.status("/LiveApp/streams/cam.mp4").await, 404);
    assert_eq!(rest.delete(&format!("/LiveApp/rest/v2/vods/{}", id(0))).await["success"], false);
    let answer = rest.delete(&format!("/LiveApp/rest/v2/vods?ids={},{}", id(1), id(2))).await;
    assert_eq!(answer["success"], true);
    assert!(vods(&rest).await.is_empty() && files(&server.data()).is_empty());
    let query = "{ audit(first: 50, filter: {code: \"delete-recording\"}) { nodes { detail streamId } } }";
    let audit = rest.graphql(query, json!({})).await;
    assert_eq!(audit["audit"]["nodes"].as_array().unwrap().len(), 3, "{audit}");
}

#[tokio::test]
async fn a_recording_is_behind_the_gate_of_the_stream_that_it_is_of() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    recorded(&server, "cam_1").await;
    rest.set("LiveApp", json!({"playTokenControlEnabled": true})).await;
    let path = "/LiveApp/streams/cam_1.mp4";
    let token = async |stream: &str| {
        let expires = crate::harness::now() + 600;
        let path = format!("/LiveApp/rest/v2/broadcasts/{stream}/token?expireDate={expires}&type=play");
        rest.json(&path).await["tokenId"].as_str().unwrap().to_owned()
    };
    let viewer = server.rest_from([127, 0, 0, 50].into()).with_cookies();
    assert_eq!(viewer.status(path).await, 403);
    assert_eq!(viewer.status("/LiveApp/streams/none.mp4").await, 403, "and says nothing of what there is");
    std::fs::rename(folder(&server.data()).join("cam_1.mp4"), folder(&server.data()).join("lecture.mp4")).unwrap();
    let words = async |path| viewer.get(path).await.text().await.unwrap();
    let (there, not) = (words("/LiveApp/streams/lecture.mp4").await, words("/LiveApp/streams/nothing.mp4").await);
    assert_eq!(there.replace("lecture", "nothing"), not, "nor what it is of");
    std::fs::rename(folder(&server.data()).join("lecture.mp4"), folder(&server.data()).join("cam_1.mp4")).unwrap();
    assert_eq!(viewer.status(&format!("{path}?token=wrong")).await, 403);
    // The name alone would say that it is of `cam`.
    let of_cam = token("cam").await;
    assert_eq!(viewer.status(&format!("{path}?token={of_cam}")).await, 403);
    let right = token("cam_1").await;
    assert_eq!(viewer.head(&format!("{path}?token={right}")).await.status(), 200);
    assert_eq!(viewer.status(&format!("{path}?token={right}")).await, 200);
    assert_eq!(viewer.status(&format!("{path}?token={right}")).await, 200, "by its cookie");
    let stranger = server.rest_from([127, 0, 0, 51].into());
    assert_eq!(stranger.status(&format!("{path}?token={right}")).await, 403, "it is spent");
}

#[tokio::test]
async fn a_block_stops_a_download_in_the_middle() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    let publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    // More than all buffers between the file and a player that does not read.
    written(&server.data(), "s.mp4", 60_000).await;
    publisher.finish().await;
    vods_of(&rest, 1).await;
    pad(&folder(&server.data()).join("s.mp4"), 64 << 20);
    rest.set("LiveApp", json!({"enableTimeTokenForPlay": true})).await;
    rest.subscriber("LiveApp", "s", "playerB", SECRET, "play").await;
    within_step(60, 15).await;
    let viewer = server.rest_from([127, 0, 0, 52].into()).with_cookies();
    let path = format!("/LiveApp/streams/s.mp4?subscriberId=playerB&subscriberCode={}", code(SECRET, 60, 0));
    let mut answer = viewer.get(&path).await;
    assert_eq!(answer.status(), 200);
    let promised = answer.content_length().expect("a length");
    let mut got = answer.chunk().await.unwrap().expect("a first piece").len() as u64;
    rest.block("LiveApp", "s", "playerB", 600, "play").await;
    let cut = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => got += piece.len() as u64,
            Ok(None) => break false,
            Err(_) => break true,
        }
    };
    assert!(cut && got < promised, "{got} of {promised} bytes came");
    let refused = viewer.get("/LiveApp/streams/s.mp4").await;
    assert_eq!(refused.status(), 401, "with its cookie");
    assert_eq!(refused.text().await.unwrap(), "Subscriber is blocked");
    assert_eq!(viewer.head("/LiveApp/streams/s.mp4").await.status(), 401);
    rest.block("LiveApp", "s", "playerB", 0, "play").await;
    assert_eq!(viewer.status("/LiveApp/streams/s.mp4").await, 200);
}

/// Makes a recording larger with bytes that players pass over.
fn pad(path: &std::path::Path, bytes: u64) {
    use std::io::Write;
    let file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    let len = file.metadata().unwrap().len();
    (&file).write_all(&[&u32::try_from(bytes).unwrap().to_be_bytes()[..], b"free"].concat()).unwrap();
    file.set_len(len + bytes).unwrap();
}

#[tokio::test]
async fn what_was_recorded_survives_a_crash() {
    let server = Server::start_with(&[ALLOWED]).await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    recorded(&server, "earlier").await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    written(&server.data(), "s.mp4", 120_000).await;
    let data = server.kill();
    let draft = folder(&data).join("s.mp4.tmp_extension");
    let (kinds, _) = probe(draft.to_str().unwrap()).await;
    assert_eq!(kinds, ["video", "audio"], "it can be played as it was left");
    // Half of a fragment, as a machine that lost its power leaves it.
    let len = std::fs::metadata(&draft).unwrap().len();
    std::fs::OpenOptions::new().write(true).open(&draft).unwrap().set_len(len - 1_000).unwrap();

    let server = Server::start_in(data).await;
    let vod = vods_of(&server.rest(), 2).await.into_iter().find(|vod| vod["streamId"] == "s").expect("it is listed");
    assert_eq!(files(&server.data()), ["earlier.mp4", "s.mp4"]);
    let url = server.url("/LiveApp/streams/s.mp4");
    let (kinds, duration) = probe(&url).await;
    assert_eq!(kinds, ["video", "audio"]);
    assert!(duration > 1.0 && (duration * 1_000.0 - vod["duration"].as_f64().unwrap()).abs() < 50.0);
    assert_eq!(decode(&url).await, "");
}

#[tokio::test]
async fn a_recording_that_was_deleted_while_its_worker_was_away_does_not_come_back() {
    let server = Server::start().await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    let vod = recorded(&server, "s").await;
    let away = server.data().path().join("recordings-away");
    std::fs::rename(folder(&server.data()), &away).unwrap();
    let path = format!("/LiveApp/rest/v2/vods/{}", vod["vodId"].as_str().unwrap());
    assert_eq!(rest.delete(&path).await["success"], true);
    assert!(vods(&rest).await.is_empty());
    std::fs::rename(&away, folder(&server.data())).unwrap();
    let server = Server::start_in(server.kill()).await;
    eventually("the file is removed", || async { files(&server.data()).is_empty().then_some(()) }).await;
    assert!(vods(&server.rest()).await.is_empty());
}

#[tokio::test]
async fn without_room_nothing_is_recorded_and_the_stream_goes_on() {
    let server = Server::start_with(&[("SLUICE_RECORDINGS_MIN_FREE_MB", "1000000000")]).await;
    let rest = server.rest();
    rest.set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    server.live("LiveApp", "s").await;
    eventually("the log says why", || async { server.log().contains("bytes are free").then_some(()) }).await;
    let answer = rest.put("/LiveApp/rest/v2/broadcasts/s/recording/true").await;
    assert_eq!(answer["success"], false, "{answer}");
    assert_eq!(rest.status("/LiveApp/streams/s.m3u8").await, 200);
    assert!(files(&server.data()).is_empty() && vods(&rest).await.is_empty());
}

#[tokio::test]
async fn a_server_that_stops_completes_what_it_records() {
    let server = Server::start().await;
    server.rest().set("LiveApp", json!({"mp4MuxingEnabled": true})).await;
    let _publisher = Publisher::start(&server.rtmp_url("/LiveApp/s"));
    written(&server.data(), "s.mp4", 60_000).await;
    let (status, data) = server.stop().await;
    assert!(status.success());
    assert_eq!(files(&data), ["s.mp4"]);
    let server = Server::start_in(data).await;
    vods_of(&server.rest(), 1).await;
    tokio::time::timeout(Duration::from_secs(30), probe(&server.url("/LiveApp/streams/s.mp4")))
        .await
        .expect("it plays");
}
