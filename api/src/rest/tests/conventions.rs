//! What holds for every call (`rest-v2` §1).

use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{Server, done};

const BROADCASTS: &str = "/LiveApp/rest/v2/broadcasts";

#[tokio::test]
async fn what_is_not_there_is_404_or_405() {
    let server = Server::start().await;
    for (method, path, status) in [
        (Method::GET, "/LiveApp/rest/v2/broadcasts", 405),
        (Method::PATCH, "/LiveApp/rest/v2/broadcasts/x", 405),
        (Method::GET, "/LiveApp/rest/v2/broadcasts/create", 405),
        (Method::GET, "/LiveApp/rest/v2/broadcasts/list/a/5", 404),
        (Method::GET, "/LiveApp/rest/v2/broadcasts/list/0/5.5", 404),
        (Method::PUT, "/LiveApp/rest/v2/broadcasts/s/subscribers/subA/block/x/play", 404),
        (Method::PUT, "/LiveApp/rest/v2/broadcasts/s/subscribers/subA/block/99999999999999999999/play", 404),
        (Method::GET, "/LiveApp/rest/v2/broadcasts/s/token?expireDate=soon&type=play", 404),
        (Method::GET, "/NoSuchApp/rest/v2/broadcasts/list/0/5", 404),
        (Method::GET, "/no.such.app/rest/v2/version", 404),
        (Method::GET, "/LiveApp/rest/v2/no-such-thing", 404),
        (Method::GET, "/LiveApp/rest", 404),
        (Method::GET, "/LiveApp/rest/", 404),
        (Method::GET, "/LiveApp/rest/v3/broadcasts/list/0/5", 404),
        (Method::GET, "/rest/v2/no-such-thing", 404),
        (Method::GET, "/rest", 404),
    ] {
        let answer = server.call(method.clone(), path).send().await;
        assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        if status == 404 {
            assert_eq!(answer.json()["success"], json!(false), "{path}");
        }
    }
}

#[tokio::test]
async fn an_unknown_broadcast_is_404_with_an_empty_body() {
    let server = Server::start().await;
    for id in ["nobody", "not%20valid", "..."] {
        let answer = server.get(&format!("{BROADCASTS}/{id}")).send().await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NOT_FOUND, String::new()), "{id}");
    }
}

#[tokio::test]
async fn bodies_are_json_or_nothing() {
    let server = Server::start().await;
    let create = format!("{BROADCASTS}/create");
    let subscribers = format!("{BROADCASTS}/s/subscribers");
    for (path, media_type, body, status) in [
        (&create, "application/json", r#"{"name":"#, 400),
        (&create, "application/json", "[]", 400),
        (&create, "application/json", r#"{"name":[]}"#, 400),
        (&create, "application/json; charset=utf-8", "{}", 200),
        (&create, "Application/JSON", "{}", 200),
        (&create, "application/x-www-form-urlencoded", r#"{"name":"x"}"#, 415),
        (&create, "text/plain", "{}", 415),
        (&create, "application/x-www-form-urlencoded", "", 200),
        (&create, "application/json", "  ", 200),
        (&create, "application/json", "null", 200),
        (&subscribers, "application/json", "not json", 400),
        (&subscribers, "application/xml", "<x/>", 415),
    ] {
        let answer = server.post(path).body(media_type, body).send().await;
        assert_eq!(answer.status.as_u16(), status, "{media_type} {body}: {}", answer.text());
        if status != 200 {
            assert_eq!(answer.json()["success"], json!(false));
        }
    }
    assert_eq!(server.post(&create).raw("{}").send().await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    assert_eq!(server.post(&create).send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_not_repeated() {
    let server = Server::start().await;
    let body = r#"{"subscriberId":["hunter2"]}"#;
    let answer = server.post(&format!("{BROADCASTS}/s/subscribers")).body("application/json", body).send().await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.text().contains("hunter2"), "{}", answer.text());
}

#[tokio::test]
async fn a_body_has_a_limit() {
    let server = Server::start().await;
    let name = "x".repeat(2 << 20);
    let answer = server.post(&format!("{BROADCASTS}/create")).json(&json!({ "name": name })).send().await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.json()["success"], json!(false));
}

#[tokio::test]
async fn media_types_on_get_and_delete_do_not_matter() {
    let server = Server::start().await;
    let list = server.get(&format!("{BROADCASTS}/list/0/5")).header("content-type", "text/xml").send().await;
    assert_eq!(list.json(), json!([]));
    server.delete(&format!("{BROADCASTS}/x")).header("content-type", "nonsense").send().await.result(false);
    for id in ["bulk1", "bulk2"] {
        let created = server.post(&format!("{BROADCASTS}/create")).json(&json!({ "streamId": id })).send().await;
        assert_eq!(created.status, StatusCode::OK);
    }
    let bulk = server.delete(&format!("{BROADCASTS}/bulk"));
    let form = "application/x-www-form-urlencoded";
    assert_eq!(bulk.body(form, r#"["bulk1","bulk2"]"#).send().await.json(), done());
    assert_eq!(server.get(&format!("{BROADCASTS}/count")).send().await.json(), json!({"number": 0}));
}

#[tokio::test]
async fn scalars_of_another_type_and_unknown_fields_are_read() {
    let server = Server::start().await;
    let body = json!({"name": 7, "plannedStartDate": "1800000000", "is360": "true", "noSuchField": {"a": []}});
    let created = server.post(&format!("{BROADCASTS}/create")).json(&body).send().await.json();
    assert_eq!(created["name"], "7");
    assert_eq!(created["plannedStartDate"], 1_800_000_000);
    assert_eq!(created["is360"], true);
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let server = Server::start().await;
    server.post(&format!("{BROADCASTS}/create/")).json(&json!({"streamId": "a"})).send().await;
    assert_eq!(server.get(&format!("{BROADCASTS}/a/")).send().await.json()["streamId"], "a");
    assert_eq!(server.get(&format!("{BROADCASTS}/list/0/5/?search=a")).send().await.json()[0]["streamId"], "a");
    assert_eq!(server.delete(&format!("{BROADCASTS}/?ids=a")).send().await.json(), done());
    assert_eq!(server.get("/rest/v2/applications/").send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::start().await;
    let answer = server.call(Method::HEAD, &format!("{BROADCASTS}/count")).send().await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let answer = server.call(Method::HEAD, &format!("{BROADCASTS}/nobody")).send().await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn ids_are_decoded_once() {
    let server = Server::start().await;
    let subscribers = format!("{BROADCASTS}/s/subscribers");
    for id in ["user@x.org", "a%40b.org", "a/bcd", "müller"] {
        server.post(&subscribers).json(&json!({ "subscriberId": id })).send().await.result(true);
    }
    for encoded in ["user%40x.org", "a%2540b.org", "a%2Fbcd", "m%C3%BCller"] {
        server.delete(&format!("{subscribers}/{encoded}")).send().await.result(true);
    }
    let bad = server.delete(&format!("{subscribers}/%FF%FE")).send().await;
    assert_eq!(bad.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_cut_and_never_fail() {
    let server = Server::start().await;
    for number in 0..3 {
        let body = json!({"streamId": format!("s{number}")});
        server.post(&format!("{BROADCASTS}/create")).json(&body).send().await;
    }
    for (page, expected) in [
        ("0/2", vec!["s0", "s1"]),
        ("1/50", vec!["s1", "s2"]),
        ("-5/1", vec!["s0"]),
        ("0/0", vec![]),
        ("0/-1", vec![]),
        ("9/5", vec![]),
        ("0/1000000", vec!["s0", "s1", "s2"]),
        ("9223372036854775807/9223372036854775807", vec![]),
    ] {
        let list = server.get(&format!("{BROADCASTS}/list/{page}")).send().await.json();
        let ids: Vec<_> = list.as_array().expect("a list").iter().map(|b| b["streamId"].as_str()).collect();
        assert_eq!(ids, expected.into_iter().map(Some).collect::<Vec<_>>(), "{page}");
    }
}

#[tokio::test]
async fn preflights_are_answered_before_any_filter() {
    let server = Server::start().await;
    for path in ["/LiveApp/rest/v2/broadcasts/create", "/rest/v2/applications", "/NoSuchApp/rest/v2/x"] {
        let answer = server
            .call(Method::OPTIONS, path)
            .from("203.0.113.9")
            .header("origin", "https://page.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type")
            .send()
            .await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        assert_eq!(answer.header("access-control-allow-methods"), Some("GET,POST,HEAD,OPTIONS,PUT,DELETE"));
        assert_eq!(answer.header("access-control-max-age"), Some("1800"));
    }
    let refused = server
        .call(Method::OPTIONS, BROADCASTS)
        .header("origin", "https://page.example")
        .header("access-control-request-method", "PATCH")
        .send()
        .await;
    assert_eq!((refused.status, refused.body.len()), (StatusCode::FORBIDDEN, 0));
    for (path, methods) in [
        (BROADCASTS, "DELETE,OPTIONS"),
        ("/LiveApp/rest/v2/broadcasts/list/0/5", "GET,HEAD,OPTIONS"),
        ("/LiveApp/rest/v2/no-such-thing", "GET,POST,HEAD,OPTIONS,PUT,DELETE"),
    ] {
        let plain = server.call(Method::OPTIONS, path).from("203.0.113.9").send().await;
        assert_eq!((plain.status, plain.header("allow")), (StatusCode::OK, Some(methods)), "{path}");
    }
}

#[tokio::test]
async fn refusals_have_cors_headers_too() {
    let server = Server::start().await;
    for (path, status) in [
        ("/LiveApp/rest/v2/broadcasts/list/0/5", StatusCode::FORBIDDEN),
        ("/LiveApp/rest/v2/no-such-thing", StatusCode::NOT_FOUND),
        ("/rest/v2/applications", StatusCode::FORBIDDEN),
    ] {
        let answer = server.get(path).from("203.0.113.9").header("origin", "https://page.example").send().await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), None, "{path}");
    }
}

#[tokio::test]
async fn an_application_may_name_its_origins_and_its_content_policy() {
    let server = Server::start().await;
    let changes = json!({
        "corsAllowedOrigins": "https://good.example",
        "contentSecurityPolicyHeaderValue": "default-src 'self'",
        "remoteAllowedCIDR": "0.0.0.0/0",
    });
    server.set("LiveApp", changes).await;
    let from = |origin: &'static str| server.get("/LiveApp/rest/v2/version").header("origin", origin).send();
    let good = from("https://good.example").await;
    assert_eq!(good.status, StatusCode::OK);
    assert_eq!(good.header("access-control-allow-origin"), Some("https://good.example"));
    assert_eq!(good.header("vary"), Some("Origin"));
    assert_eq!(good.header("content-security-policy"), Some("default-src 'self'"));
    for bad in ["https://good.example.evil.example", "https://evil.example", "null"] {
        let answer = from(bad).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{bad}");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{bad}");
    }
}
