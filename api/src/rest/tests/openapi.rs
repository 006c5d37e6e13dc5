//! The document and its page.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::Value;

use super::Server;
use crate::rest::openapi;

#[tokio::test]
async fn the_document_is_served_as_it_is_written() {
    let server = Server::start().await;
    let served = server.get("/openapi.json").send().await;
    assert_eq!(served.header("content-type"), Some("application/json"));
    assert_eq!(served.text(), openapi());
    assert_eq!(openapi(), openapi());
}

#[test]
fn every_operation_is_described_once() {
    let document: Value = serde_json::from_str(&openapi()).expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let place = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{place}");
            assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{place}");
            assert!(ids.insert(operation["operationId"].as_str().map(str::to_owned)), "{place}");
            let declared: BTreeSet<_> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "path")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            let named: BTreeSet<_> =
                path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
            assert_eq!(declared, named, "{place}");
        }
    }
    for schema in ["Broadcast", "Subscriber", "Result", "Token", "Settings", "Version", "VoD"] {
        assert!(document["components"]["schemas"].get(schema).is_some(), "{schema}");
    }
}

#[tokio::test]
async fn the_page_needs_nobody_else() {
    let server = Server::start().await;
    let redirect = server.get("/docs").send().await;
    assert!(redirect.status.is_redirection());
    let page = server.get("/docs/").send().await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(!page.text().contains("https://"), "{}", page.text());
    let start = server.get("/docs/swagger-initializer.js").send().await;
    assert!(start.text().contains("/openapi.json"));
    assert!(!start.text().contains("petstore"));
}
