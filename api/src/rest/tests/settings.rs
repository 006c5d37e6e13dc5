//! The settings object (`rest-v2` §11, `stream-security` §2).

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::management::{create_user, log_in};
use super::{Server, done};

const SETTINGS: &str = "/rest/v2/applications/settings/LiveApp";

async fn read(server: &Server) -> Value {
    server.get(SETTINGS).send().await.json()
}

#[tokio::test]
async fn reading_and_writing_back_loses_nothing() {
    let server = Server::start().await;
    let mut settings = read(&server).await;
    for field in ["acceptOnlyStreamsInDataStore", "timeTokenPeriod", "hlsTime", "remoteAllowedCIDR", "customSettings"] {
        assert!(settings.get(field).is_some(), "{field}");
    }
    settings["timeTokenSubscriberOnly"] = json!(true);
    settings["myOwnKey"] = json!({"kept": [1, "two", null]});
    settings["tokenHashSecret"] = json!("this_is_secret");
    assert_eq!(server.post(SETTINGS).json(&settings).send().await.json(), done());
    let again = read(&server).await;
    for field in ["timeTokenSubscriberOnly", "myOwnKey", "tokenHashSecret"] {
        assert_eq!(again[field], settings[field], "{field}");
    }
    assert_eq!(server.post(SETTINGS).json(&again).send().await.json(), done());
    assert_eq!(read(&server).await.to_string(), again.to_string());
}

#[tokio::test]
async fn older_spellings_and_texts_are_read() {
    let server = Server::start().await;
    let body = json!({"settings.timeTokenPeriod": 30, "settings.enableTimeTokenForPlay": "true"});
    server.post(SETTINGS).json(&body).send().await.result(true);
    let settings = read(&server).await;
    assert_eq!((&settings["timeTokenPeriod"], &settings["enableTimeTokenForPlay"]), (&json!(30), &json!(true)));
}

#[tokio::test]
async fn what_is_missing_takes_its_default() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"timeTokenPeriod": 30, "hlsTime": "4"})).await;
    server.post(SETTINGS).json(&json!({"hlsTime": "6"})).send().await.result(true);
    let settings = read(&server).await;
    assert_eq!((&settings["timeTokenPeriod"], &settings["hlsTime"]), (&json!(60), &json!("6")));
}

#[tokio::test]
async fn settings_that_contradict_one_another_are_refused_whole() {
    let server = Server::start().await;
    for side in ["Publish", "Play"] {
        let lower = side.to_lowercase();
        let switches = [
            format!("{lower}TokenControlEnabled"),
            format!("{lower}JwtControlEnabled"),
            format!("enableTimeTokenFor{side}"),
            "timeTokenSubscriberOnly".to_owned(),
        ];
        for (one, other) in [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3)] {
            let body = json!({&switches[one]: true, &switches[other]: true, "hlsTime": "9"});
            let answer = server.post(SETTINGS).json(&body).send().await;
            assert!(!answer.result(false).is_empty(), "{body}");
        }
        let hash = format!("hashControl{side}Enabled");
        server.post(SETTINGS).json(&json!({&switches[0]: true, &hash: true})).send().await.result(true);
        server.post(SETTINGS).json(&json!({})).send().await.result(true);
    }
    let encoder = json!({"encoderSettings": [{"height": 0}], "hlsTime": "9"});
    server.post(SETTINGS).json(&encoder).send().await.result(false);
    assert_eq!(read(&server).await["hlsTime"], "2");
}

#[tokio::test]
async fn playlists_are_corrected_silently() {
    let server = Server::start().await;
    server.post(SETTINGS).json(&json!({"hlsListSize": "2", "hlsTime": "0"})).send().await.result(true);
    let settings = read(&server).await;
    assert_eq!((&settings["hlsListSize"], &settings["hlsTime"]), (&json!("5"), &json!("1")));
}

#[tokio::test]
async fn an_empty_or_wrong_body_changes_nothing() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"timeTokenPeriod": 30})).await;
    server.post(SETTINGS).send().await.result(false);
    assert_eq!(server.post(SETTINGS).json(&json!([])).send().await.status, StatusCode::BAD_REQUEST);
    server.post(SETTINGS).json(&json!({"timeTokenPeriod": "soon"})).send().await.result(false);
    assert_eq!(read(&server).await["timeTokenPeriod"], 30);
}

#[tokio::test]
async fn an_unknown_application_has_no_settings() {
    let server = Server::start().await;
    let path = "/rest/v2/applications/settings/NoSuchApp";
    assert_eq!(server.get(path).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.post(path).json(&json!({})).send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn secrets_are_shown_to_admins_of_the_application_alone() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"tokenHashSecret": "this_is_secret", "jwtStreamSecretKey": "another_secret"})).await;
    for (email, kind, shown) in
        [("a@x.org", "ADMIN", true), ("o@x.org", "USER", false), ("r@x.org", "READ_ONLY", false)]
    {
        create_user(&server, email, kind, "LiveApp").await;
        let cookie = log_in(&server, email).await;
        let settings = server.get(SETTINGS).from("203.0.113.9").header("cookie", &cookie).send().await.text();
        assert_eq!(settings.contains("this_is_secret"), shown, "{kind}");
        assert_eq!(settings.contains("another_secret"), shown, "{kind}");
    }
}

#[tokio::test]
async fn an_application_has_no_settings_below_its_own_base() {
    let server = Server::start().await;
    assert_eq!(server.get("/LiveApp/rest/v2/settings").send().await.status, StatusCode::NOT_FOUND);
}
