//! A secret is shown at one moment, to those who may, and never again.

use serde_json::{Value, json};

use super::Client;
use crate::tests::TestApi;

const OWN: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const KEY: &str = "a-key-of-streams-that-nobody-may-read-1234";

/// Everything that a reader can ask of one application.
const EVERYTHING: &str = r#"{
  application(name: "LiveApp") {
    settings { hasJwtStreamSecretKey hasTokenHashSecret hasSubscriberAuthenticationKey }
    broadcasts { nodes { streamId metadata subscribers { nodes { subscriberId name hasSecret } } } }
  }
  audit { nodes { code detail actor subscriberId } }
}"#;

#[tokio::test]
async fn a_generated_secret_is_shown_once() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let created = local
        .data(
            r#"mutation {
                 createBroadcast(input: { application: "LiveApp", streamId: "stream1" }) { problems { code } }
                 createSubscriber(input: { application: "LiveApp", streamId: "stream1", subscriberId: "publisherA",
                                           type: PUBLISH, generateSecret: true })
                   { subscriber { hasSecret } secret otpauthUrl problems { code } }
               }"#,
        )
        .await["createSubscriber"]
        .take();
    let secret = created["secret"].as_str().expect("shown").to_owned();
    assert_eq!(created["subscriber"]["hasSecret"], true);
    assert!(
        created["otpauthUrl"].as_str().is_some_and(|url| url.starts_with("otpauth://totp/") && url.contains(&secret))
    );
    assert!(!local.data(EVERYTHING).await.to_string().contains(&secret));

    let code = local
        .data(
            r#"mutation { generateCode(input: { application: "LiveApp", streamId: "stream1",
                 subscriberId: "publisherA" }) { code periodSeconds derived problems { code } } }"#,
        )
        .await["generateCode"]
        .take();
    assert_eq!(code["code"].as_str().map(str::len), Some(6));
    assert_eq!((&code["periodSeconds"], &code["derived"]), (&json!(60), &json!(false)));
}

#[tokio::test]
async fn a_secret_that_was_written_is_not_read_back() {
    let test = TestApi::new().await;
    let local = Client::local(&test);
    let mutation = format!(
        r#"mutation {{
             createSubscriber(input: {{ application: "LiveApp", streamId: "stream1", subscriberId: "publisherA",
                                        b32Secret: "{OWN}" }}) {{ subscriber {{ hasSecret }} secret otpauthUrl }}
             createBroadcast(input: {{ application: "LiveApp", streamId: "stream1" }}) {{ problems {{ code }} }}
             updateApplicationSettings(input: {{ application: "LiveApp", settings: {{ jwtStreamSecretKey: "{KEY}" }} }})
               {{ application {{ settings {{ hasJwtStreamSecretKey hasTokenHashSecret }} }} problems {{ code }} }}
           }}"#
    );
    let written = local.data(&mutation).await;
    assert_eq!(written["createSubscriber"]["secret"], Value::Null);
    let settings = &written["updateApplicationSettings"]["application"]["settings"];
    assert_eq!(*settings, json!({ "hasJwtStreamSecretKey": true, "hasTokenHashSecret": false }));
    let answers = format!("{written}{}", local.data(EVERYTHING).await);
    assert!(!answers.contains(OWN) && !answers.contains(KEY), "{answers}");
}

#[tokio::test]
async fn revealing_needs_the_admin_role_and_is_recorded() {
    let test = TestApi::new().await;
    test.set(json!({ "jwtStreamSecretKey": KEY })).await;
    let reveal = r#"mutation { revealApplicationSecrets(input: { application: "LiveApp" })
        { secrets { name value } problems { code } } }"#;
    let operator =
        Client::remote(&test).with_account("op@x.org", r#"{ application: "LiveApp", role: OPERATOR }"#).await;
    let refused = operator.data(reveal).await["revealApplicationSecrets"].take();
    assert_eq!(refused, json!({ "secrets": [], "problems": [{ "code": "FORBIDDEN" }] }));

    let admin = Client::remote(&test).with_account("ad@x.org", r#"{ application: "LiveApp", role: ADMIN }"#).await;
    let revealed = admin.data(reveal).await["revealApplicationSecrets"]["secrets"].take();
    let revealed = revealed.as_array().expect("a list");
    assert!(revealed.contains(&json!({ "name": "jwtStreamSecretKey", "value": KEY })));
    let audit = r#"{ audit(filter: { application: "LiveApp", code: "reveal-secrets" })
        { nodes { actor outcome detail } } }"#;
    let audit = admin.data(audit).await["audit"]["nodes"].take();
    assert_eq!(audit.as_array().map(Vec::len), Some(1));
    assert_eq!(audit[0]["actor"], "ad@x.org");
    assert!(!audit.to_string().contains(KEY));
}
