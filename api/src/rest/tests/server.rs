//! The server itself: its settings, its figures, HTTPS (`rest-v2` §10.4, §10.5).

use crate::store::testing;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::management::{create_user, log_in};
use super::{Server, done};

const SETTINGS: &str = "/rest/v2/server-settings";
const ELSEWHERE: &str = "203.0.113.9";

#[tokio::test]
async fn settings_are_read_changed_and_written_back() {
    let server = Server::start().await;
    let mut settings = server.get(SETTINGS).send().await.json();
    for (field, value) in [
        ("serverName", json!("")),
        ("logLevel", json!("INFO")),
        ("allowedDashboardCIDR", json!("0.0.0.0/0")),
        ("jwtServerControlEnabled", json!(false)),
        ("nodeGroup", json!("default")),
        ("defaultHttpPort", json!(5080)),
        ("rtmpPort", json!(1935)),
        ("srtPort", json!(4200)),
        ("appIngestsSrtStreamsWithoutStreamId", json!("LiveApp")),
        ("serverStatusWebHookURL", json!("")),
    ] {
        assert_eq!(settings[field], value, "{field}");
    }
    settings["serverName"] = json!("live.example.org");
    settings["rtmpPort"] = json!(9);
    settings["myKey"] = json!({"a": 1});
    assert_eq!(server.post(SETTINGS).json(&settings).send().await.json(), done());
    let again = server.get(SETTINGS).send().await.json();
    assert_eq!((&again["serverName"], &again["rtmpPort"]), (&json!("live.example.org"), &json!(1935)));
    assert_eq!(again["myKey"], json!({"a": 1}));

    let created = server.post("/LiveApp/rest/v2/broadcasts/create").json(&json!({"streamId": "s"})).send().await;
    assert_eq!(created.json()["rtmpURL"], "rtmp://live.example.org/LiveApp/s");
    server.post(SETTINGS).send().await.result(false);
    server.post(SETTINGS).json(&json!({"serverName": "not a name"})).send().await.result(false);
    server.post(SETTINGS).json(&json!({"allowedDashboardCIDR": "nonsense"})).send().await.result(false);
    assert_eq!(server.get(SETTINGS).send().await.json(), again);
}

#[tokio::test]
async fn settings_outlive_the_process_and_lie_sealed() {
    let server = Server::start().await;
    let changes = json!({"jwtServerSecretKey": "server-jwt-secret", "serverName": "live.example.org"});
    server.post(SETTINGS).json(&changes).send().await.result(true);
    let database = match testing::of_folder(&server.test.dir).await {
        Some(url) => testing::dump(&url).await.into_bytes(),
        None => std::fs::read(server.test.dir.path().join("sluice.db-wal")).expect("the database"),
    };
    assert!(!database.windows(17).any(|window| window == b"server-jwt-secret"));
    let server = Server::over(server.test.restarted().await);
    let settings = server.get(SETTINGS).send().await.json();
    assert_eq!(settings["jwtServerSecretKey"], "server-jwt-secret");
    assert_eq!(settings["serverName"], "live.example.org");
}

#[tokio::test]
async fn only_an_administrator_of_the_server_sees_its_secrets_and_changes_it() {
    let server = Server::start().await;
    server.post(SETTINGS).json(&json!({"jwtServerSecretKey": "server-jwt-secret"})).send().await.result(true);
    for (mail, kind) in [("reader@x.org", "READ_ONLY"), ("user@x.org", "USER")] {
        create_user(&server, mail, kind, "system").await;
        let cookie = log_in(&server, mail).await;
        let seen = server.get(SETTINGS).from(ELSEWHERE).header("cookie", &cookie).send().await.json();
        assert_eq!(seen["jwtServerSecretKey"], "********", "{kind}");
        let write = server.post(SETTINGS).from(ELSEWHERE).header("cookie", &cookie).json(&seen).send().await;
        assert_eq!(write.status, StatusCode::FORBIDDEN, "{kind}");
    }
    // A masked object that an administrator writes back loses nothing.
    server.post(SETTINGS).json(&json!({"jwtServerSecretKey": "********"})).send().await.result(true);
    assert_eq!(server.get(SETTINGS).send().await.json()["jwtServerSecretKey"], "server-jwt-secret");
}

#[tokio::test]
async fn the_log_level_changes_while_the_server_runs() {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use crate::config::LogControl;
    use crate::manage::LogLevel;

    let levels = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&levels);
    let server = Server::configured(|config| {
        config.log_control = Some(LogControl::new(move |level| seen.lock().push(level)));
    })
    .await;
    server.post(SETTINGS).json(&json!({"logLevel": "debug"})).send().await.result(true);
    assert_eq!(server.get(SETTINGS).send().await.json()["logLevel"], "DEBUG");
    server.post(SETTINGS).json(&json!({"logLevel": "LOUD"})).send().await.result(false);
    server.post(SETTINGS).json(&json!({"logLevel": null})).send().await.result(true);
    let mut levels = levels.lock();
    // What is in force is also followed each time the settings are read again.
    levels.dedup();
    assert_eq!(*levels, [Some(LogLevel::Debug), None]);
}

#[tokio::test]
async fn figures_of_the_machine_are_real() {
    let server = Server::start().await;
    let all = server.get("/rest/v2/system-resources").send().await.json();
    let number = |value: &Value, field: &str| value[field].as_f64().unwrap_or_else(|| panic!("{field} in {value}"));
    assert!(number(&all["jvmMemoryUsage"], "inUseMemory") > 1e6);
    assert!(number(&all["systemMemoryInfo"], "totalMemory") > number(&all["jvmMemoryUsage"], "inUseMemory"));
    assert!(number(&all["cpuUsage"], "processCPUTime") > 0.0);
    for field in ["systemCPULoad", "processCPULoad"] {
        assert!((0.0..=100.0).contains(&number(&all["cpuUsage"], field)), "{field}");
    }
    assert!(number(&all["fileSystemInfo"], "totalSpace") >= number(&all["fileSystemInfo"], "usableSpace"));
    assert!(number(&all["systemInfo"], "processorCount") >= 1.0);
    assert_eq!(all["systemInfo"]["javaVersion"], "");
    assert_eq!(all["softwareVersion"]["versionType"], "Enterprise Edition");
    assert_eq!(all["gpuUsageInfo"], json!([]));
    assert_eq!((&all["totalLiveStreamSize"], &all["localHLSViewers"]), (&json!(0), &json!(0)));
    assert!(all["instanceId"].as_str().is_some_and(|id| id.len() == 24), "{all}");
    for field in [
        "jvmNativeMemoryUsage",
        "ffmpegBuildInfo",
        "dbAverageQueryTimeMs",
        "localWebRTCLiveStreams",
        "localLiveStreams",
        "localWebRTCViewers",
        "localDASHViewers",
        "encoders-blocked",
        "encoders-not-opened",
        "publish-timeout-errors",
        "vertx-worker-thread-queue-size",
        "webrtc-vertx-worker-thread-queue-size",
        "server-timing",
        "license",
    ] {
        assert!(all.get(field).is_some_and(|value| !value.is_null()), "{field}");
    }

    let part = |path: &'static str| server.get(path).send();
    for (path, whole) in [
        ("/rest/v2/system-status", "systemInfo"),
        ("/rest/v2/cpu-status", "cpuUsage"),
        ("/rest/v2/jvm-memory-status", "jvmMemoryUsage"),
        ("/rest/v2/system-memory-status", "systemMemoryInfo"),
        ("/rest/v2/file-system-status", "fileSystemInfo"),
        ("/rest/v2/server-time", "server-timing"),
    ] {
        let names = |value: &Value| value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&part(path).await.json()), names(&all[whole]), "{path}");
    }
    assert_eq!(part("/rest/v2/gpu-status").await.json(), json!([]));
    let time = part("/rest/v2/server-time").await.json();
    assert_eq!(time["start-time"], super::NOW_SECS * 1_000);
    for path in ["/rest/v2/licence-status?key=x", "/rest/v2/last-licence-status"] {
        assert_eq!(part(path).await.json()["status"], "valid", "{path}");
    }
}

#[tokio::test]
async fn figures_of_the_machine_need_a_role_over_the_system() {
    let server = Server::start().await;
    create_user(&server, "a@x.org", "ADMIN", "LiveApp").await;
    let cookie = log_in(&server, "a@x.org").await;
    for path in ["/rest/v2/system-resources", "/rest/v2/cpu-status", "/rest/v2/server-time", SETTINGS] {
        let answer = server.get(path).from(ELSEWHERE).header("cookie", &cookie).send().await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
    }
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_tls_once_they_came_over_it() {
    let server = Server::configured(|config| {
        config.trusted_proxies = vec!["10.0.0.1/32".parse().expect("a network")];
    })
    .await;
    let told = |path: &'static str, peer: &'static str, scheme: &'static str| {
        let call = server.get(path).from(peer).header("x-forwarded-proto", scheme);
        async move { call.send().await.header("strict-transport-security").is_some() }
    };
    create_user(&server, "a@x.org", "USER", "LiveApp").await;
    for (peer, scheme, secure) in
        [("10.0.0.1", "https", true), ("10.0.0.1", "http", false), (ELSEWHERE, "https", false)]
    {
        let login = json!({"email": "a@x.org", "password": super::management::PASSWORD});
        let call = server.post("/rest/v2/users/authenticate").from(peer).header("x-forwarded-proto", scheme);
        let answer = call.json(&login).send().await;
        assert_eq!(
            answer.header("set-cookie").map(|cookie| cookie.contains("; Secure")),
            Some(secure),
            "{peer} {scheme}"
        );
    }
    assert!(told("/rest/v2/version", "10.0.0.1", "https").await);
    assert!(told("/admin/", "127.0.0.1", "https").await);
    assert!(!told("/rest/v2/version", "10.0.0.1", "http").await);
    assert!(!told("/rest/v2/version", ELSEWHERE, "https").await, "anybody can write a header");
    assert!(!told("/LiveApp/rest/v2/version", "10.0.0.1", "https").await);
}
