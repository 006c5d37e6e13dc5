//! HTTP: what is taken, what is refused, and what the answers carry.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use super::{Client, code_of};
use crate::tests::TestApi;

#[tokio::test]
async fn only_json_is_taken_which_no_foreign_form_can_send() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    for kind in
        ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/jsonx"]
    {
        let request = Request::post("/graphql").header(CONTENT_TYPE, kind);
        let reply = local.send(request, Body::from(r#"{"query":"{ __typename }"}"#)).await;
        assert_eq!(reply.status, 415, "{kind}");
        assert_eq!(code_of(&reply.body), "UNSUPPORTED_MEDIA_TYPE");
    }
    let reply = local.send(Request::post("/graphql"), Body::from(r#"{"query":"{ __typename }"}"#)).await;
    assert_eq!(reply.status, 415);
    let request = Request::post("/graphql").header(CONTENT_TYPE, "Application/JSON; charset=utf-8");
    assert_eq!(local.send(request, Body::from(r#"{"query":"{ __typename }"}"#)).await.status, 200);
}

#[tokio::test]
async fn nothing_is_asked_with_get() {
    let test = TestApi::new().await;
    let reply = Client::local(&test).send(Request::get("/graphql?query=%7B__typename%7D"), Body::empty()).await;
    assert_eq!(reply.status, 405);
    assert_eq!(reply.headers["allow"], "POST");
    assert_eq!(code_of(&reply.body), "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn answers_are_neither_stored_nor_sniffed_nor_framed() {
    let test = TestApi::new().await;
    let reply = Client::remote(&test).post(json!({ "query": "{ __typename }" })).await;
    assert_eq!(reply.headers["content-type"], "application/json");
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["x-content-type-options"], "nosniff");
    assert!(
        reply.headers["content-security-policy"].to_str().is_ok_and(|policy| policy.contains("frame-ancestors 'none'"))
    );
    assert!(!reply.headers.contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn every_error_has_a_code() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    for (query, code) in [
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        (r#"{ audit(filter: { since: "yesterday" }) { nodes { id } } }"#, "BAD_REQUEST"),
        (r#"{ audit(filter: { address: "nowhere" }) { nodes { id } } }"#, "INVALID"),
        ("subscription { serverStats { at } }", "BAD_REQUEST"),
        ("query A { __typename } query B { __typename }", "BAD_REQUEST"),
    ] {
        assert_eq!(local.error_code(query).await, code, "{query}");
    }
    let reply = local
        .post(json!({
            "query": "query($since: DateTime) { audit(filter: { since: $since }) { nodes { id } } }",
            "variables": { "since": "yesterday" },
        }))
        .await;
    assert_eq!(code_of(&reply.body), "BAD_REQUEST");
    let garbage = Request::post("/graphql").header(CONTENT_TYPE, "application/json");
    let reply = local.send(garbage, Body::from("[[[[")).await;
    assert_eq!((reply.status.as_u16(), code_of(&reply.body).as_str()), (400, "BAD_REQUEST"));
}

#[tokio::test]
async fn clients_of_the_newer_media_type_get_a_status() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    for (query, status) in [("{ nothing }", 400), ("{ __typename }", 200)] {
        let request = Request::post("/graphql")
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/graphql-response+json, application/json;q=0.9");
        let reply = local.send(request, Body::from(json!({ "query": query }).to_string())).await;
        assert_eq!(reply.status, status, "{query}");
        assert_eq!(reply.headers["content-type"], "application/graphql-response+json");
    }
}
