//! The panel's way to the applications (`rest-v2` §10.7).

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::management::{create_user, log_in};
use super::{Server, done};

const ELSEWHERE: &str = "203.0.113.9";

fn to(path: &str) -> String {
    format!("/rest/v2/request?_path=LiveApp/rest/v2/{path}")
}

#[tokio::test]
async fn every_method_is_passed_on_with_its_body_and_its_parameters() {
    let server = Server::start().await;
    create_user(&server, "user@x.org", "USER", "LiveApp").await;
    let cookie = log_in(&server, "user@x.org").await;
    let call = |method: Method, path: &str| server.call(method, &to(path)).from(ELSEWHERE).header("cookie", &cookie);
    let created = call(Method::POST, "broadcasts/create").json(&json!({"streamId": "s1", "name": "one"})).send().await;
    assert_eq!(created.json()["streamId"], "s1");
    let list = call(Method::GET, "broadcasts/list/0/5&search=one").send().await;
    assert_eq!(list.json()[0]["streamId"], "s1");
    let none = call(Method::GET, "broadcasts/list/0/5&search=two").send().await;
    assert_eq!(none.json(), json!([]));
    let changed = call(Method::PUT, "broadcasts/s1").json(&json!({"name": "two"})).send().await;
    assert_eq!(changed.json(), done());
    call(Method::DELETE, "broadcasts/s1").send().await.result(true);
    assert_eq!(call(Method::GET, "broadcasts/s1").send().await.status, StatusCode::NOT_FOUND);
    let form = call(Method::POST, "broadcasts/create").body("text/plain", "{}").send().await;
    assert_eq!(form.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);

    let below = server.get("/LiveApp/rest/v2/request?_path=LiveApp/rest/v2/broadcasts/count");
    let below = below.from(ELSEWHERE).header("cookie", &cookie).send().await;
    assert_eq!(below.json(), json!({"number": 0}));
}

#[tokio::test]
async fn it_lends_nobody_a_right() {
    let server = Server::start().await;
    // The application itself lets everybody in; the relay asks for a login all the same.
    server.set("WebRTCAppEE", json!({"remoteAllowedCIDR": "0.0.0.0/0"})).await;
    let open = "/rest/v2/request?_path=WebRTCAppEE/rest/v2/broadcasts/count";
    assert_eq!(server.get(open).from(ELSEWHERE).send().await.text(), "Not authenticated user");

    create_user(&server, "reader@x.org", "READ_ONLY", "system").await;
    create_user(&server, "user@x.org", "USER", "LiveApp").await;
    let (reader, user) = (log_in(&server, "reader@x.org").await, log_in(&server, "user@x.org").await);
    let as_reader =
        |method: Method, path: &str| server.call(method, &to(path)).from(ELSEWHERE).header("cookie", &reader).send();
    assert_eq!(as_reader(Method::GET, "broadcasts/count").await.status, StatusCode::OK);
    for (method, path) in [
        (Method::POST, "broadcasts/create"),
        (Method::PUT, "broadcasts/s/subscribers/someone/block/5/play"),
        (Method::DELETE, "broadcasts/s"),
        (Method::POST, "broadcasts/validate-token"),
    ] {
        let refused = as_reader(method, path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
    let other = server.get(open).from(ELSEWHERE).header("cookie", &user).send().await;
    assert_eq!(other.status, StatusCode::FORBIDDEN, "another application");
    let page = server.post(&to("broadcasts/create")).from(ELSEWHERE).header("cookie", &user);
    let page = page.header("origin", "https://evil.example").send().await;
    assert_eq!(page.status, StatusCode::FORBIDDEN, "a page of another origin");
}

#[tokio::test]
async fn it_leads_to_applications_only() {
    let server = Server::start().await;
    for path in [
        "",
        "rest/v2/users",
        "LiveApp/streams/x.m3u8",
        "LiveApp/rest/../../rest/v2/user-list",
        "LiveApp/rest/%252e%252e/v2/x",
        "/healthz",
        "https://evil.example/rest/v2/x",
    ] {
        let answer = server.get(&format!("/rest/v2/request?_path={path}")).send().await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json()["success"], false, "{path}");
    }
    let round = server.get("/rest/v2/request?_path=LiveApp/rest/v2/request%3F_path%3DLiveApp/rest/v2/version").send();
    assert_eq!(round.await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.get("/rest/v2/request?_path=NoSuchApp/rest/v2/version").send().await.status, 404);
}
