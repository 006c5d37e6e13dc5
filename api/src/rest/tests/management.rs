//! Management (`rest-v2` §9, §10).

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Server, done};

const ELSEWHERE: &str = "203.0.113.9";
pub const PASSWORD: &str = "correct horse";

pub async fn create_user(server: &Server, email: &str, kind: &str, scope: &str) {
    let user = json!({"email": email, "password": PASSWORD, "userType": kind, "scope": scope});
    server.post("/rest/v2/users").json(&user).send().await.result(true);
}

/// Logs in from elsewhere, and returns the cookie as a browser sends it.
pub async fn log_in(server: &Server, email: &str) -> String {
    let credentials = json!({"email": email, "password": PASSWORD});
    let answer = server.post("/rest/v2/users/authenticate").from(ELSEWHERE).json(&credentials).send().await;
    answer.result(true);
    let cookie = answer.header("set-cookie").expect("a cookie");
    for attribute in ["Path=/", "HttpOnly", "SameSite=Strict", "Max-Age="] {
        assert!(cookie.contains(attribute), "{attribute}");
    }
    cookie.split(';').next().map(str::to_owned).expect("a pair")
}

#[tokio::test]
async fn both_bases_tell_the_version() {
    let server = Server::start().await;
    for path in ["/LiveApp/rest/v2/version", "/rest/v2/version"] {
        let version = server.get(path).send().await.json();
        assert_eq!(version["versionType"], "Enterprise Edition");
        assert_eq!(version["versionName"], env!("CARGO_PKG_VERSION"));
        let build = version["buildNumber"].as_str().expect("a text");
        assert!(build.len() == 13 && build.as_bytes()[8] == b'_', "{build}");
    }
}

#[tokio::test]
async fn applications_come_and_go() {
    let server = Server::start().await;
    let names = || server.get("/rest/v2/applications").send();
    assert_eq!(names().await.json(), json!({"applications": ["LiveApp", "WebRTCAppEE"]}));
    assert_eq!(server.post("/rest/v2/applications/Live_2-b").send().await.json(), done());
    let again = server.post("/rest/v2/applications/Live_2-b").send().await.result(false);
    assert_eq!(again, "Application with the same name already exists");
    for bad in ["not.valid", "a%20b", "rest", "graphql"] {
        server.post(&format!("/rest/v2/applications/{bad}")).send().await.result(false);
    }
    assert_eq!(server.get("/Live_2-b/rest/v2/version").send().await.status, StatusCode::OK);
    let info = server.get("/rest/v2/applications-info").send().await.json();
    assert_eq!(info[1], json!({"name": "Live_2-b", "liveStreamCount": 0, "vodCount": 0, "storage": 0}));

    assert_eq!(server.delete("/rest/v2/applications/Live_2-b?deleteDB=true").send().await.json(), done());
    server.delete("/rest/v2/applications/Live_2-b").send().await.result(false);
    assert_eq!(server.get("/Live_2-b/rest/v2/version").send().await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let server = Server::start().await;
    let get = |path: &'static str| server.get(path).send();
    assert_eq!(get("/rest/v2/liveness").await.json(), json!({"host": "localhost", "status": "ok"}));
    get("/rest/v2/enterprise-edition").await.result(true);
    get("/rest/v2/cluster-mode-status").await.result(false);
    let live = json!({"totalConnectionSize": 0, "totalLiveStreamSize": 0});
    assert_eq!(get("/rest/v2/live-clients-size").await.json(), live);
    assert_eq!(get("/rest/v2/applications/live-streams/LiveApp").await.json(), json!([]));
    assert_eq!(get("/rest/v2/applications/live-streams/NoSuchApp").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn records_outlive_an_application_unless_they_are_deleted_too() {
    let server = Server::start().await;
    let delete = |query: &str| server.delete(&format!("/rest/v2/applications/LiveApp{query}")).send();
    let create = || server.post("/rest/v2/applications/LiveApp").send();
    let count = || server.get("/LiveApp/rest/v2/broadcasts/count").send();
    server.post("/LiveApp/rest/v2/broadcasts/create").json(&json!({"streamId": "s"})).send().await;
    server.set("LiveApp", json!({"tokenHashSecret": "this_is_secret"})).await;

    delete("").await.result(true);
    assert_eq!(count().await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/rest/v2/applications").send().await.json(), json!({"applications": ["WebRTCAppEE"]}));
    delete("").await.result(false);
    create().await.result(true);
    assert_eq!(count().await.json(), json!({"number": 1}));
    let settings = server.get("/rest/v2/applications/settings/LiveApp").send().await.json();
    assert_eq!(settings["tokenHashSecret"], "", "settings are not records");

    delete("?deleteDB=true").await.result(true);
    create().await.result(true);
    assert_eq!(count().await.json(), json!({"number": 0}));
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let server = Server::start().await;
    let status = || server.get("/rest/v2/first-login-status").send();
    let first = json!({"email": "admin@x.org", "password": PASSWORD, "firstName": "A"});
    let create = |from: &'static str| server.post("/rest/v2/users/initial").from(from).json(&first).send();
    status().await.result(true);
    create(ELSEWHERE).await.result(false);
    create("127.0.0.1").await.result(true);
    status().await.result(false);
    create("127.0.0.1").await.result(false);
}

#[tokio::test]
async fn logins_take_the_password_or_its_md5_and_end() {
    let server = Server::start().await;
    let user = json!({"email": "a@x.org", "password": "testtest", "userType": "ADMIN", "scope": "system"});
    server.post("/rest/v2/users").json(&user).send().await.result(true);
    let authenticate = |password: &'static str| {
        let credentials = json!({"email": "a@x.org", "password": password});
        server.post("/rest/v2/users/authenticate").from(ELSEWHERE).json(&credentials).send()
    };
    assert_eq!(authenticate("testtest").await.result(true), "system/ADMIN");
    let logged_in = authenticate("05a671c66aefea124cc08b76ea6d30bb").await;
    logged_in.result(true);
    let cookie = logged_in.header("set-cookie").and_then(|c| c.split(';').next()).expect("a cookie").to_owned();

    let as_user =
        |method: Method, path: &'static str| server.call(method, path).from(ELSEWHERE).header("cookie", &cookie).send();
    as_user(Method::GET, "/rest/v2/authentication-status").await.result(true);
    assert_eq!(as_user(Method::GET, "/rest/v2/admin-status").await.result(true), "User is admin");
    let out = as_user(Method::DELETE, "/rest/v2/users/logout").await;
    out.result(true);
    assert!(out.header("set-cookie").is_some_and(|cookie| cookie.contains("Max-Age=0")));
    as_user(Method::GET, "/rest/v2/authentication-status").await.result(false);

    let wrong = authenticate("wrong").await;
    wrong.result(false);
    assert_eq!(wrong.header("set-cookie"), None);
    server.post("/rest/v2/users/authenticate").json(&json!({"email": "a@x.org"})).send().await.result(false);
}

#[tokio::test]
async fn the_third_wrong_password_pauses_the_account() {
    let server = Server::start().await;
    create_user(&server, "a@x.org", "USER", "system").await;
    let wrong = json!({"email": "a@x.org", "password": "guess"});
    for _ in 0..3 {
        server.post("/rest/v2/users/authenticate").json(&wrong).send().await.result(false);
    }
    let right = json!({"email": "a@x.org", "password": PASSWORD});
    let paused = server.post("/rest/v2/users/authenticate").json(&right).send().await.result(false);
    assert_eq!(paused, "Too many login attempts. User is blocked for 300 secs");
    server.get("/rest/v2/users/a@x.org/blocked").send().await.result(true);
    server.pass(301);
    server.get("/rest/v2/users/a%40x.org/blocked").send().await.result(false);
    server.post("/rest/v2/users/authenticate").json(&right).send().await.result(true);
}

#[tokio::test]
async fn accounts_are_listed_changed_and_deleted() {
    let server = Server::start().await;
    create_user(&server, "a@x.org", "ADMIN", "system").await;
    let types = json!({"LiveApp": "USER", "WebRTCAppEE": "READ_ONLY"});
    let user = json!({"email": "b@x.org", "password": PASSWORD, "firstName": "B", "appNameUserType": types});
    server.post("/rest/v2/users").json(&user).send().await.result(true);
    let again = server.post("/rest/v2/users").json(&user).send().await.result(false);
    assert_eq!(again, "User with the same e-mail already exists");
    for bad in [
        json!({}),
        json!({"email": "nonsense", "password": PASSWORD}),
        json!({"email": "c@x.org", "password": PASSWORD, "userType": "ROOT"}),
        json!({"email": "c@x.org", "password": PASSWORD, "userType": "USER", "scope": "not/valid"}),
    ] {
        server.post("/rest/v2/users").json(&bad).send().await.result(false);
    }

    let list = server.get("/rest/v2/user-list").send().await;
    assert!(!list.text().contains("password"));
    let users = list.json();
    let of = |email: &str| users.as_array().and_then(|all| all.iter().find(|u| u["email"] == email)).cloned();
    assert_eq!(
        of("b@x.org"),
        Some(json!({
            "email": "b@x.org", "userType": null, "scope": null, "appNameUserType": types, "firstName": "B",
            "lastName": null, "fullName": "B", "picture": null,
        }))
    );
    assert_eq!(of("a@x.org").map(|a| a["userType"].clone()), Some(json!("ADMIN")));

    let cookie = log_in(&server, "a@x.org").await;
    let as_a = |method: Method, path: &'static str, body: Value| {
        server.call(method, path).from(ELSEWHERE).header("cookie", &cookie).json(&body).send()
    };
    let own = as_a(Method::PUT, "/rest/v2/users", json!({"email": "a@x.org", "firstName": "Z"})).await;
    assert_eq!(own.result(false), "User cannot edit itself");
    let own = as_a(Method::DELETE, "/rest/v2/users/a@x.org", json!({})).await;
    assert_eq!(own.result(false), "You cannot delete yourself");
    as_a(Method::PUT, "/rest/v2/users", json!({"email": "b@x.org", "lastName": "L"})).await.result(true);
    let change = json!({"password": PASSWORD, "newPassword": "battery staple"});
    assert_eq!(as_a(Method::POST, "/rest/v2/users/password", change.clone()).await.result(true), "Success");
    as_a(Method::POST, "/rest/v2/users/password", change).await.result(false);
    as_a(Method::DELETE, "/rest/v2/users/b@x.org", json!({})).await.result(true);
    as_a(Method::DELETE, "/rest/v2/users/b@x.org", json!({})).await.result(false);
}
