//! What the audit tells of everything that happens, and what neither it nor anything else on the disk tells: a secret.

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Publisher, Server, eventually};

const TOTP_SECRET: &str = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";
const JWT_KEY: &str = "a-key-of-stream-jwts-that-nobody-may-read";
const HASH_SECRET: &str = "a-secret-of-hashes-that-nobody-may-read";
const PASSWORD: &str = "a-pass-word-that-nobody-may-read";
const WRONG_PASSWORD: &str = "a-wrong-pass-word-that-nobody-may-read";
const WRONG_CODE: &str = "a-wrong-code-that-nobody-may-read";
const WRONG_TOKEN: &str = "a-wrong-token-that-nobody-may-read";

#[tokio::test]
async fn everything_is_recorded_and_no_secret_is() {
    let server = Server::start().await;
    let rest = server.rest();
    let settings = json!({ "playTokenControlEnabled": true, "publishTokenControlEnabled": true, "jwtStreamSecretKey": JWT_KEY,
        "tokenHashSecret": HASH_SECRET });
    let made = rest
        .graphql(
            r#"mutation($settings: ApplicationSettingsPatch!, $secret: String!, $password: String!) {
                 updateApplicationSettings(input: { application: "LiveApp", settings: $settings }) { problems { message } }
                 createSubscriber(input: { application: "LiveApp", streamId: "s", subscriberId: "playerB", b32Secret: $secret })
                   { problems { message } }
                 play: createToken(input: { application: "LiveApp", streamId: "s", operation: PLAY,
                                            expiresAt: "2100-01-01T00:00:00Z" }) { secret token { id } problems { message } }
                 publish: createToken(input: { application: "LiveApp", streamId: "s", operation: PUBLISH,
                                               expiresAt: "2100-01-01T00:00:00Z" }) { secret problems { message } }
                 createStreamJwt(input: { application: "LiveApp", streamId: "s", operation: PLAY,
                                          expiresAt: "2100-01-01T00:00:00Z" }) { jwt problems { message } }
                 createAdministrator(input: { email: "ada@example.org", password: $password, grants: [{ role: VIEWER }] })
                   { problems { message } }
                 createApiKey(input: { name: "ci", grants: [{ role: VIEWER }] }) { secret problems { message } }
                 blockSubscriber(input: { application: "LiveApp", streamId: "s", subscriberId: "nobody", seconds: 60 })
                   { problems { message } }
                 revealApplicationSecrets(input: { application: "LiveApp" }) { problems { message } }
               }"#,
            json!({ "settings": settings, "secret": TOTP_SECRET, "password": PASSWORD }),
        )
        .await;
    for (field, payload) in made.as_object().unwrap() {
        assert_eq!(payload["problems"], json!([]), "{field}");
    }
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let (play, publish) = (text(&made["play"]["secret"]), text(&made["publish"]["secret"]));
    let (jwt, key) = (text(&made["createStreamJwt"]["jwt"]), text(&made["createApiKey"]["secret"]));

    // Every way that credentials come in, and every protocol that there is.
    let _publisher = Publisher::start(&server.rtmp_url(&format!("/LiveApp/s?token={publish}")));
    let path = "/LiveApp/streams/s.m3u8";
    eventually("the token admits its bearer", || async {
        (rest.status(&format!("{path}?token={play}")).await == 200).then_some(())
    })
    .await;
    for refused in [
        format!("{path}?token={WRONG_TOKEN}"),
        format!("{path}?subscriberId=playerB&subscriberCode={WRONG_CODE}"),
        format!("/LiveApp/streams/s/s.mpd?token={WRONG_TOKEN}"),
    ] {
        assert_eq!(server.rest_from([127, 0, 0, 9].into()).status(&refused).await, 403);
    }
    for refused in [
        format!("/LiveApp/other?token={WRONG_TOKEN}"),
        format!("/LiveApp/other/{WRONG_TOKEN}/playerB/{WRONG_CODE}"),
        format!("/LiveApp/other,token={WRONG_TOKEN}"),
    ] {
        Publisher::start(&server.rtmp_url(&refused)).complaint().await;
    }
    let login = "mutation($email: String!, $password: String!) { login(input: { email: $email, password: $password })
        { accessToken } }";
    rest.graphql(login, json!({ "email": "ada@example.org", "password": WRONG_PASSWORD })).await;
    // Typed into the wrong field.
    rest.graphql(login, json!({ "email": WRONG_PASSWORD, "password": "x" })).await;
    let access = rest.graphql(login, json!({ "email": "ada@example.org", "password": PASSWORD })).await;
    let access = text(&access["login"]["accessToken"]);
    let code = rest
        .graphql(
            r#"mutation($token: String!, $id: ID!) {
                 generateCode(input: { application: "LiveApp", streamId: "s", subscriberId: "playerB" }) { code }
                 validateToken(input: { application: "LiveApp", streamId: "s", operation: PLAY, token: $token }) { valid }
                 revealToken(input: { application: "LiveApp", id: $id }) { problems { message } }
                 revokeTokens(input: { application: "LiveApp", streamId: "s" }) { revokedCount }
               }"#,
            json!({ "token": play, "id": made["play"]["token"]["id"] }),
        )
        .await;
    let code = text(&code["generateCode"]["code"]);
    rest.send(Method::GET, "/LiveApp/rest/v2/broadcasts/s/token?expireDate=4102444800&type=play", None).await;

    let seen = rest
        .graphql(
            "{ audit(first: 250) { nodes { kind code reason outcome actor address protocol durationUs streamId subscriberId
               detail operation } } }",
            json!({}),
        )
        .await;
    let records = seen["audit"]["nodes"].as_array().unwrap();
    let of = |code: &str| records.iter().filter(|record| record["code"] == code).collect::<Vec<_>>();
    for action in [
        "update-settings",
        "create-subscriber",
        "create-token",
        "create-jwt",
        "create-administrator",
        "create-api-key",
        "block-subscriber",
        "reveal-secrets",
        "reveal-token",
        "revoke-tokens",
        "generate-code",
        "login",
        "login-failed",
    ] {
        let found = of(action);
        assert!(!found.is_empty(), "{action}");
        assert!(found.iter().all(|record| record["address"] == "127.0.0.1"), "{action}: {found:?}");
    }
    assert!(of("token-invalid").iter().any(|record| record["protocol"] == "RTMP" && record["operation"] == "PUBLISH"));
    assert!(of("token-invalid").iter().any(|record| record["protocol"] == "DASH" && record["address"] == "127.0.0.9"));
    let took = |record: &Value| record["durationUs"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0_i64);
    assert!(of("allowed").iter().all(|record| record["kind"] == "DECISION" && took(record) > 0));
    assert!(of("login").iter().all(|record| record["kind"] == "LOGIN" && took(record) > 0));
    let told = seen.to_string();
    assert!(!told.contains(&code), "a code stands in the audit");

    let (status, data) = server.stop().await;
    assert!(status.success());
    let secrets = [
        TOTP_SECRET,
        JWT_KEY,
        HASH_SECRET,
        PASSWORD,
        WRONG_PASSWORD,
        WRONG_CODE,
        WRONG_TOKEN,
        &play,
        &publish,
        &jwt,
        &key,
        &access,
    ];
    for secret in secrets {
        assert!(!told.contains(secret), "{secret} stands in the audit");
        for file in files(data.path()) {
            let bytes = std::fs::read(&file).unwrap();
            let found = bytes.windows(secret.len()).position(|window| window.eq_ignore_ascii_case(secret.as_bytes()));
            let around = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at + secret.len()]));
            assert_eq!(around, None, "{}", file.display());
        }
    }
}

/// Every file below `folder`: the database, its journals, the log.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let found = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    found.collect()
}

#[tokio::test]
async fn the_audit_keeps_no_more_than_it_is_told_to() {
    let server = Server::start_with(&[("SLUICE_AUDIT_RECORDS", "20"), ("SLUICE_RETENTION_DAYS", "1")]).await;
    let rest = server.rest();
    for _ in 0..40 {
        rest.graphql(
            r#"mutation { createToken(input: { application: "LiveApp", streamId: "s", operation: PLAY,
                 expiresAt: "2100-01-01T00:00:00Z" }) { problems { message } } }"#,
            json!({}),
        )
        .await;
    }
    let (_, data) = server.stop().await;
    // Tidied at the start.
    let server = Server::start_in_with(data, &[("SLUICE_AUDIT_RECORDS", "20")]).await;
    let rest = server.rest();
    eventually("the oldest records are gone", || async {
        let count = rest.graphql("{ audit { totalCount } }", json!({})).await;
        (count["audit"]["totalCount"].as_i64()? <= 21).then_some(())
    })
    .await;
}
