//! The server itself: its settings, its machine, and what its webhooks were told.

use serde_json::{Value, json};

use super::Client;
use crate::tests::TestApi;

#[tokio::test]
async fn the_settings_of_the_server_change_one_by_one_and_hide_the_secret() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let update = async |input: &str| {
        let query = format!(
            r#"mutation {{ updateServerSettings(input: {{ {input} }}) {{ problems {{ code path }} settings {{
                 serverName logLevel allowedDashboardCIDR jwtServerControlEnabled hasJwtServerSecretKey }} }} }}"#
        );
        local.data(&query).await["updateServerSettings"].take()
    };
    let changed = update(r#"serverName: "live.example", logLevel: WARN, jwtServerSecretKey: "hidden-for-ever""#).await;
    let settings = json!({
        "serverName": "live.example", "logLevel": "WARN", "allowedDashboardCIDR": "0.0.0.0/0",
        "jwtServerControlEnabled": false, "hasJwtServerSecretKey": true,
    });
    assert_eq!(changed, json!({ "problems": [], "settings": settings }));
    let kept = update("logLevel: null").await;
    assert_eq!(
        (&kept["settings"]["serverName"], &kept["settings"]["logLevel"]),
        (&json!("live.example"), &Value::Null)
    );
    let wrong = update(r#"allowedDashboardCIDR: "nowhere""#).await;
    assert_eq!((&wrong["problems"][0]["code"], &wrong["settings"]), (&json!("INVALID"), &Value::Null));
    let seen = local.data("{ server { settings { serverName } } audit { nodes { code detail } } }").await;
    assert_eq!(seen["server"]["settings"]["serverName"], "live.example");
    assert!(!seen.to_string().contains("hidden-for-ever"));
}

#[tokio::test]
async fn the_machine_and_the_settings_are_for_those_with_a_role_over_the_server() {
    let test = TestApi::new().await;
    let machine = "{ server { machine { processors totalMemory processMemory startedAt databaseMs } } }";
    let seen = Client::local(&test).data(machine).await["server"]["machine"].take();
    assert!(seen["processors"].as_i64() > Some(0) && seen["totalMemory"].as_str().is_some_and(|text| text != "0"));
    let operator = Client::remote(&test).with_account("o@x.org", r#"{ application: "LiveApp", role: ADMIN }"#).await;
    assert_eq!(operator.error_code(machine).await, "FORBIDDEN");
    assert_eq!(operator.data("{ server { settings { serverName } } }").await["server"]["settings"], Value::Null);
    let update = r#"mutation { updateServerSettings(input: { serverName: "x" }) { problems { code } } }"#;
    assert_eq!(operator.data(update).await["updateServerSettings"]["problems"][0]["code"], "FORBIDDEN");
}

#[tokio::test]
async fn deliveries_of_webhooks_are_listed_and_a_try_needs_an_address() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let list = r#"{ application(name: "LiveApp") { webhookDeliveries { totalCount nodes { action state attempts target } } } }"#;
    let none = json!({ "totalCount": 0, "nodes": [] });
    assert_eq!(local.data(list).await["application"]["webhookDeliveries"], none);
    let viewer = Client::remote(&test).with_account("v@x.org", r#"{ application: "LiveApp", role: VIEWER }"#).await;
    assert_eq!(viewer.error_code(list).await, "FORBIDDEN");
    let trial =
        r#"mutation { testWebhook(input: { application: "LiveApp" }) { delivered error problems { code path } } }"#;
    let missing = json!({ "code": "MISSING", "path": "settings.listenerHookURL" });
    assert_eq!(local.data(trial).await["testWebhook"]["problems"], json!([missing]));
    test.set(json!({ "listenerHookURL": "http://127.0.0.1:1/hook?secret=hidden" })).await;
    let refused = local.data(trial).await["testWebhook"].take();
    assert_eq!((&refused["delivered"], &refused["problems"]), (&json!(false), &json!([])));
    assert!(refused["error"].is_string() && !refused.to_string().contains("hidden"), "{refused}");
}
