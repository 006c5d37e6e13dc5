//! What attackers did to servers of this kind, tried on this one. Each test names the attack.

use std::collections::BTreeSet;
use std::net::IpAddr;

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Face, Live, Operation, Rtmp, Said, Server, Setup, jwt, jwt_with_header, now};

const APP: &str = "Attacked";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const JWT_SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const SCRIPT: &str = "<script>alert(1)</script>";

async fn application(server: &Server) -> Setup {
    Setup::create(server, Face::Rest, APP).await
}

/// Management as somebody without a login would try it: method, path, body.
const MANAGEMENT: [(Method, &str, &str); 9] = [
    (Method::GET, "/rest/v2/applications", ""),
    (Method::GET, "/rest/v2/applications/settings/Attacked", ""),
    (Method::POST, "/rest/v2/applications/settings/Attacked", "{}"),
    (Method::POST, "/rest/v2/applications/Taken", "{}"),
    (Method::GET, "/rest/v2/user-list", ""),
    (Method::GET, "/Attacked/rest/v2/broadcasts/list/0/10", ""),
    (Method::POST, "/Attacked/rest/v2/broadcasts/create", r#"{"streamId":"x"}"#),
    (Method::PUT, "/Attacked/rest/v2/broadcasts/s/subscribers/anna/block/60/publish", ""),
    (Method::DELETE, "/Attacked/rest/v2/broadcasts/s", ""),
];

#[tokio::test]
async fn headers_that_a_client_can_set_authorize_nothing() {
    let server = Server::start().await;
    application(&server).await;
    let rest = server.rest();
    for spoofed in [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-For", "203.0.113.9, 127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
        ("Origin", "https://evil.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Host", "evil.example"),
    ] {
        for (method, path, body) in MANAGEMENT {
            let headers = [spoofed, ("Content-Type", "application/json")];
            let status = rest.send_with(method.clone(), path, &headers, body).await.status().as_u16();
            assert!(matches!(status, 401 | 403), "{spoofed:?} {method} {path}: {status}");
        }
        let query = r#"{"query":"{ applications { nodes { name } } }"}"#;
        let headers = [spoofed, ("Content-Type", "application/json")];
        let answer = rest.send_with(Method::POST, "/graphql", &headers, query).await.text().await.unwrap();
        assert!(!answer.contains(APP), "{spoofed:?}: {answer}");
    }
    let broadcast = rest.json("/Attacked/rest/v2/broadcasts/count").await;
    assert_eq!(broadcast["number"], 0, "nothing was created");
}

#[tokio::test]
async fn headers_of_proxies_and_nodes_open_no_stream() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = Live::publish(server.rtmp, HERE, APP, "s").await.expect("admitted");
    server.live(APP, "s").await;
    setup.settings(json!({"playTokenControlEnabled": true})).await;
    let node = jwt("", &json!({"streamId": "s", "type": "play"}));
    for (name, value) in [
        ("ClusterAuthorization", node.as_str()),
        ("ClusterAuthorization", "anything"),
        ("Authorization", &format!("Bearer {node}")),
        ("X-Original-URL", "/"),
        ("X-Rewrite-URL", "/"),
        ("X-HTTP-Method-Override", "OPTIONS"),
        ("Cookie", "JSESSIONID=1; sluice-00000000=AAAA"),
    ] {
        for path in [format!("/{APP}/streams/s.m3u8"), format!("/{APP}/streams/s/s.mpd")] {
            assert_eq!(server.rest().get_with(&path, &[(name, value)]).await.status(), 403, "{name}");
        }
    }
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = server.rest().send_with(method.clone(), &format!("/{APP}/streams/s.m3u8"), &[], "").await;
        assert_eq!(answer.status(), 403, "{method}");
    }
}

#[tokio::test]
async fn the_process_listens_where_it_says_and_nowhere_else() {
    let server = Server::start().await;
    let expected = BTreeSet::from([server.http.port(), server.rtmp.port()]);
    assert_eq!(server.listening_ports(), expected);
}

#[tokio::test]
async fn paths_that_climb_lead_nowhere() {
    let server = Server::start().await;
    application(&server).await;
    for path in [
        "/../../etc/passwd",
        "/Attacked/../../sluice.db",
        "/Attacked/rest/v2/broadcasts/..%2f..%2fsecret.key",
        "/Attacked/rest/v2/broadcasts/%2e%2e%2fother",
        "/Attacked/rest/v2/vods/..%2f..%2fsluice.db",
        "/Attacked/streams/..%5c..%5csluice.db",
        "/Attacked/streams/s/..%00/sluice.db",
        "/Attacked%2f..%2fLiveApp/rest/v2/broadcasts/count",
        "/admin/..%2f..%2fsluice.db",
        "//etc/passwd",
    ] {
        let (status, body) = raw(&server, path).await;
        assert!(!body.contains("root:") && !body.contains("SQLite format"), "{path}");
        assert!(!(500..600).contains(&status), "{path}: {status}");
    }
    for stream in ["..", "../s", "a%2F..%2Fb?token=x", "a b", "s\0", "%2e%2e", SCRIPT, &"x".repeat(300)] {
        let said = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish(stream).await;
        // A slash begins the credentials, so `a/../b` names the stream `a`.
        let named_a = stream.starts_with("a%2F");
        assert_eq!(said == Said::Yes, named_a, "{stream:?}: {said:?}");
    }
    for application in ["..", "../LiveApp", "Live App", "LiveApp\0"] {
        let said = Rtmp::connect(server.rtmp, HERE, application).await.unwrap().publish("s").await;
        assert!(matches!(said, Said::No(_)), "{application:?}: {said:?}");
    }
}

/// A request whose path no client has tidied: status and body.
async fn raw(server: &Server, path: &str) -> (u16, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(server.http).await.expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", server.http);
    socket.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.expect("answered");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status for {path}: {text}")), text)
}

#[tokio::test]
async fn what_strangers_write_is_never_a_page() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let rest = server.rest();
    setup.broadcast("s", json!({"name": SCRIPT, "description": SCRIPT})).await;
    let _publisher = Live::publish(server.rtmp, HERE, APP, &format!("s?subscriberId={SCRIPT}")).await.err();
    server.rest().get_with("/Attacked/streams/s.m3u8?subscriberId=dora", &[("User-Agent", SCRIPT)]).await;
    for path in [
        "/Attacked/rest/v2/broadcasts/s".to_owned(),
        "/Attacked/rest/v2/broadcasts/list/0/10?search=%3Cscript%3E".to_owned(),
        "/Attacked/rest/v2/broadcasts/s/subscribers/list/0/10".to_owned(),
        format!("/Attacked/rest/v2/broadcasts/s?callback={SCRIPT}"),
        format!("/Attacked/streams/{SCRIPT}.m3u8"),
        format!("/{SCRIPT}/rest/v2/broadcasts/s"),
        format!("/Attacked/rest/v2/broadcasts/{SCRIPT}"),
    ] {
        let answer = rest.get(&path).await;
        let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let kind = text("content-type").unwrap_or_default();
        let nosniff = text("x-content-type-options");
        let (is_json, status) = (kind.starts_with("application/json"), answer.status());
        let body = answer.text().await.unwrap();
        assert!(is_json || !body.contains(SCRIPT), "{path}: {kind}: {body}");
        assert_eq!(nosniff.as_deref(), Some("nosniff"), "{path}: {status} {kind}");
        assert!(!body.starts_with("alert"), "{path}");
    }
}

#[tokio::test]
async fn settings_carry_no_headers_and_no_pipelines() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let hostile = json!({
        "contentSecurityPolicyHeaderValue": "default-src 'self'\r\nSet-Cookie: stolen=1",
        "hlsSegmentType": "fmp4 ! filesink location=/tmp/owned",
        "hlsflags": "; touch /tmp/owned",
        "vodUploadFinishScript": "/bin/sh",
    });
    let path = format!("/rest/v2/applications/settings/{APP}");
    let mut settings = server.rest().json(&path).await;
    for (name, value) in hostile.as_object().unwrap() {
        settings[name] = value.clone();
    }
    server.rest().post(&path, settings).await;
    let _publisher = Live::publish(server.rtmp, HERE, APP, "s").await.expect("admitted");
    server.live(APP, "s").await;
    let answer = server.rest().get(&format!("/{APP}/streams/s.m3u8")).await;
    assert!(!answer.headers().contains_key("set-cookie"), "{:?}", answer.headers());
    assert!(!std::path::Path::new("/tmp/owned").exists());
    setup.settings(json!({"contentSecurityPolicyHeaderValue": ""})).await;
}

#[tokio::test]
async fn a_page_of_somebody_else_cannot_use_the_browser_of_an_administrator() {
    let server = Server::start().await;
    application(&server).await;
    let rest = server.rest();
    let mutation = r#"{"query":"mutation { createApplication(input: {name: \"Forged\"}) { application { name } } }"}"#;
    // What a form of another page can send without asking first.
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""] {
        let headers = [("Content-Type", kind), ("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")];
        for headers in [&headers[..], &headers[..1]] {
            let answer = rest.send_with(Method::POST, "/graphql", headers, mutation).await;
            assert!(answer.status().is_client_error(), "{headers:?}: {}", answer.status());
        }
    }
    let by_get =
        "/graphql?query=mutation%7BcreateApplication(input:%7Bname:%22Forged%22%7D)%7Bapplication%7Bname%7D%7D%7D";
    assert!(rest.get(by_get).await.status().is_client_error());
    let origin = [("Origin", "https://evil.example"), ("Content-Type", "application/json")];
    let answer = rest.send_with(Method::POST, "/graphql", &origin, mutation).await.text().await.unwrap();
    assert!(!answer.contains(r#"{"name":"Forged"}"#), "{answer}");
    let forged = rest.send_with(Method::POST, "/rest/v2/applications/Forged", &origin, "{}").await;
    assert_eq!(forged.status(), 403);
    assert!(!rest.text("/rest/v2/applications").await.contains("Forged"));
}

#[tokio::test]
async fn listed_origins_are_compared_whole_and_management_never_takes_credentials() {
    let server = Server::start().await;
    let setup = application(&server).await;
    let _publisher = Live::publish(server.rtmp, HERE, APP, "s").await.expect("admitted");
    server.live(APP, "s").await;
    setup.settings(json!({"corsAllowedOrigins": "https://good.example", "corsAllowCredentials": true})).await;
    let media = format!("/{APP}/streams/s.m3u8");
    let rest_path = format!("/{APP}/rest/v2/broadcasts/count");
    let allowed = async |path: &str, origin: &str| {
        let answer = server.rest().get_from_page(path, origin).await;
        let origin = answer.headers().get("access-control-allow-origin").map(|o| o.to_str().unwrap().to_owned());
        (origin, answer.headers().contains_key("access-control-allow-credentials"))
    };
    let good = "https://good.example";
    assert_eq!(allowed(&media, good).await, (Some(good.to_owned()), true));
    for evil in [
        "null",
        "https://good.example.evil.example",
        "https://evilgood.example",
        "https://good.example@evil.example",
        "http://good.example",
        "https://good.example:8443",
        "https://GOOD.example.evil",
        "https://good.exampl",
        "",
    ] {
        for path in [&media, &rest_path] {
            let (origin, credentials) = allowed(path, evil).await;
            assert!(origin.is_none() && !credentials, "{evil:?} {path}: {origin:?}");
        }
    }
    for path in ["/rest/v2/applications", "/graphql"] {
        let (_, credentials) = allowed(path, "https://evil.example").await;
        assert!(!credentials, "{path}");
    }
}

#[tokio::test]
async fn no_answer_is_a_script_for_another_page() {
    let server = Server::start().await;
    application(&server).await;
    for name in ["callback", "jsonp", "cb"] {
        let path = format!("/{APP}/rest/v2/broadcasts/count?{name}=steal");
        let answer = server.rest().get(&path).await;
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/json"));
        let body = answer.text().await.unwrap();
        assert!(serde_json::from_str::<Value>(&body).is_ok() && !body.contains("steal"), "{body}");
    }
}

#[tokio::test]
async fn forged_tokens_are_worth_nothing() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup.settings(json!({"publishJwtControlEnabled": true, "jwtStreamSecretKey": JWT_SECRET})).await;
    let claims = json!({"streamId": "s", "type": "publish", "exp": now() + 600});
    let right = jwt(JWT_SECRET, &claims);
    let parts: Vec<_> = right.split('.').collect();
    let none = jwt_with_header(JWT_SECRET, r#"{"alg":"none"}"#, &claims);
    let cut = none.rsplit_once('.').unwrap().0;
    for (what, forged) in [
        ("no signature", format!("{}.{}.", parts[0], parts[1])),
        ("alg none", format!("{cut}.")),
        ("alg none with a signature", none),
        ("another algorithm", jwt_with_header(JWT_SECRET, r#"{"alg":"HS512"}"#, &claims)),
        ("a key of one's own", jwt_with_header("own", r#"{"alg":"HS256","jwk":{"kty":"oct","k":"b3du"}}"#, &claims)),
        ("an empty secret", jwt("", &claims)),
        ("not yet", jwt(JWT_SECRET, &json!({"streamId": "s", "type": "publish", "nbf": now() + 600}))),
        ("other case", jwt(JWT_SECRET, &json!({"streamId": "s", "type": "PUBLISH"}))),
        ("two parts", format!("{}.{}", parts[0], parts[2])),
        ("nothing but dots", "..".to_owned()),
    ] {
        let said = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish(&format!("s?token={forged}")).await;
        assert!(matches!(said, Said::No(_)), "{what}: {said:?}");
    }
    assert_eq!(
        Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish(&format!("s?token={right}")).await,
        Said::Yes
    );
}

#[tokio::test]
async fn webhooks_reach_nothing_inside() {
    let server = Server::start().await;
    let setup = application(&server).await;
    // The server's own port would answer: whoever is let in reached it.
    let own = format!("http://{}/rest/v2/liveness", server.http);
    for target in [
        own.as_str(),
        "http://127.0.0.1:1/hook",
        "http://localhost:1/hook",
        "http://[::1]:1/hook",
        "http://[::ffff:127.0.0.1]:1/hook",
        "http://0.0.0.0:1/hook",
        "http://2130706433:1/hook",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/hook",
        "http://[fd00::1]/hook",
    ] {
        let path = format!("/rest/v2/applications/settings/{APP}");
        let mut settings = server.rest().json(&path).await;
        settings["webhookAuthenticateURL"] = json!(target);
        let stored = server.rest().post(&path, settings).await;
        if stored["success"] == false {
            continue;
        }
        let said = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish("s").await;
        assert!(matches!(said, Said::No(_)), "{target}: {said:?}");
    }
    setup.settings(json!({"webhookAuthenticateURL": ""})).await;
    assert_eq!(Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish("s").await, Said::Yes);
}

#[tokio::test]
async fn no_mode_is_forgotten_over_a_restart() {
    let server = Server::start().await;
    let setup = application(&server).await;
    setup
        .settings(json!({
            "acceptOnlyStreamsInDataStore": true, "publishTokenControlEnabled": true, "playTokenControlEnabled": true,
            "allowedPublisherCIDR": "127.0.0.0/8", "remoteAllowedCIDR": "127.0.0.1", "jwtRequireScope": true,
        }))
        .await;
    let path = format!("/rest/v2/applications/settings/{APP}");
    let before = server.rest().json(&path).await;
    let kept = setup.token("s", Operation::Publish, now() + 600).await;
    setup.broadcast("s", json!({})).await;
    let (_, data) = server.stop().await;
    let server = Server::start_in(data).await;
    assert_eq!(server.rest().json(&path).await, before);
    for key in ["s", "undefined", "s?token=wrong"] {
        let said = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish(key).await;
        assert!(matches!(said, Said::No(_)), "{key}: {said:?}");
    }
    assert_eq!(server.rest().status(&format!("/{APP}/streams/s.m3u8")).await, 403);
    let said = Rtmp::connect(server.rtmp, HERE, APP).await.unwrap().publish(&format!("s?token={kept}")).await;
    assert_eq!(said, Said::Yes, "and no token is lost");
}
