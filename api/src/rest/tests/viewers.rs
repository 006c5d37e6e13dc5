//! Who may call (`stream-security` §14, `decisions`): this machine, networks, JWTs, logins and roles.

use axum::http::StatusCode;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;

use super::management::{create_user, log_in};
use super::{Call, Server};

const LIST: &str = "/LiveApp/rest/v2/broadcasts/list/0/5";
const ELSEWHERE: &str = "203.0.113.9";

async fn status(call: Call<'_>) -> u16 {
    call.send().await.status.as_u16()
}

async fn refusal(call: Call<'_>) -> String {
    let answer = call.send().await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
    assert!(answer.header("content-type").is_some_and(|media_type| media_type.starts_with("text/plain")));
    answer.text()
}

#[tokio::test]
async fn this_machine_itself_needs_no_login() {
    let server = Server::start().await;
    for address in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "127.0.0.2"] {
        assert_eq!(status(server.get(LIST).from(address)).await, 200, "{address}");
        assert_eq!(status(server.get("/rest/v2/applications").from(address)).await, 200, "{address}");
    }
}

#[tokio::test]
async fn what_only_passes_through_this_machine_is_not_its_own() {
    let server = Server::start().await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost:5081"),
        ("sec-fetch-site", "cross-site"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-for", "127.0.0.1"),
        ("forwarded", "for=203.0.113.9"),
        ("x-real-ip", "203.0.113.9"),
    ] {
        assert_eq!(refusal(server.get(LIST).header(name, value)).await, "Not allowed IP", "{name}: {value}");
        let management = server.get("/rest/v2/applications").header(name, value);
        assert_eq!(refusal(management).await, "Not authenticated user", "{name}: {value}");
    }
    // A name that a page has turned towards this machine.
    let mut rebound = server.get(LIST);
    rebound.request.headers_mut().expect("headers").remove("host");
    assert_eq!(refusal(rebound.header("host", "evil.example:5080")).await, "Not allowed IP");
}

#[tokio::test]
async fn its_own_pages_may_call() {
    let server = Server::start().await;
    let call = server.get(LIST).header("origin", "http://localhost:5080").header("sec-fetch-site", "same-origin");
    assert_eq!(status(call).await, 200);
}

#[tokio::test]
async fn another_machine_is_refused() {
    let server = Server::start().await;
    assert_eq!(refusal(server.get(LIST).from(ELSEWHERE)).await, "Not allowed IP");
    assert_eq!(refusal(server.get("/LiveApp/rest/v2/version").from(ELSEWHERE)).await, "Not allowed IP");
    for path in ["/rest/v2/applications", "/rest/v2/version", "/rest/v2/applications/settings/LiveApp"] {
        assert_eq!(refusal(server.get(path).from(ELSEWHERE)).await, "Not authenticated user", "{path}");
    }
    assert_eq!(status(server.get("/NoSuchApp/rest/v2/version").from(ELSEWHERE)).await, 404);
    for path in ["authentication-status", "first-login-status", "users/a%40b.org/blocked", "liveness"] {
        assert_eq!(status(server.get(&format!("/rest/v2/{path}")).from(ELSEWHERE)).await, 200, "{path}");
    }
}

#[tokio::test]
async fn networks_of_the_list_may_call_the_application_but_not_manage() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"remoteAllowedCIDR": "10.20.30.40/24,127.0.0.1/32"})).await;
    assert_eq!(status(server.get(LIST).from("10.20.30.77")).await, 200);
    assert_eq!(status(server.get(LIST).from("::ffff:10.20.30.77")).await, 200);
    let created = server.post("/LiveApp/rest/v2/broadcasts/create").from("10.20.30.77");
    assert_eq!(status(created).await, 200);
    assert_eq!(refusal(server.get(LIST).from("10.20.31.1")).await, "Not allowed IP");
    assert_eq!(refusal(server.get("/WebRTCAppEE/rest/v2/version").from("10.20.30.77")).await, "Not allowed IP");
    let management = server.get("/rest/v2/applications/settings/LiveApp").from("10.20.30.77");
    assert_eq!(refusal(management).await, "Not authenticated user");
    // The address is the only credential: neither a page nor a proxy may borrow it.
    let page = server.get(LIST).from("10.20.30.77").header("origin", "https://evil.example");
    assert_eq!(refusal(page).await, "Not allowed IP");
    let proxy = server.get(LIST).from("10.20.30.77").header("x-forwarded-for", ELSEWHERE);
    assert_eq!(refusal(proxy).await, "Not allowed IP");
}

#[tokio::test]
async fn a_trusted_proxy_speaks_for_its_client() {
    let server = Server::configured(|config| {
        config.trusted_proxies = vec!["10.0.0.1/32".parse().expect("a network")];
    })
    .await;
    server.set("LiveApp", json!({"remoteAllowedCIDR": "198.51.100.0/24"})).await;
    let through = |client: &'static str| server.get(LIST).from("10.0.0.1").header("x-forwarded-for", client);
    assert_eq!(status(through("198.51.100.7")).await, 200);
    assert_eq!(status(through("198.51.100.7, 10.0.0.1")).await, 200);
    assert_eq!(refusal(through(ELSEWHERE)).await, "Not allowed IP");
    assert_eq!(refusal(through("198.51.100.7, 203.0.113.9")).await, "Not allowed IP");
    assert_eq!(
        refusal(server.get("/rest/v2/applications").from("10.0.0.1").header("x-forwarded-for", "127.0.0.1")).await,
        "Not authenticated user"
    );
}

#[tokio::test]
async fn an_open_list_lets_everybody_in_and_an_empty_one_nobody() {
    let server = Server::start().await;
    for open in [json!({"remoteAllowedCIDR": "0.0.0.0/0"}), json!({"ipFilterEnabled": false, "remoteAllowedCIDR": ""})]
    {
        server.set("LiveApp", open).await;
        for address in [ELSEWHERE, "2001:db8::1"] {
            let page = server.get(LIST).from(address).header("origin", "https://page.example");
            assert_eq!(status(page).await, 200, "{address}");
        }
    }
    server.set("LiveApp", json!({"ipFilterEnabled": true, "remoteAllowedCIDR": ""})).await;
    assert_eq!(refusal(server.get(LIST).from(ELSEWHERE)).await, "Not allowed IP");
}

fn app_jwt(secret: &str) -> String {
    encode(&Header::default(), &json!({"sub": "token"}), &EncodingKey::from_secret(secret.as_bytes())).expect("a token")
}

#[tokio::test]
async fn where_the_jwt_filter_is_on_network_and_jwt_must_both_agree() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"jwtControlEnabled": true, "jwtSecretKey": "app secret"})).await;
    let (good, bad) = (app_jwt("app secret"), app_jwt("another"));
    let bearer = format!("Bearer {good}");
    for (name, authorization, expected) in [
        ("none", None, "Invalid App JWT Token"),
        ("another key", Some(&bad), "Invalid App JWT Token"),
        ("bare", Some(&good), ""),
        ("with its scheme", Some(&bearer), ""),
    ] {
        let mut call = server.get(LIST);
        if let Some(value) = authorization {
            call = call.header("authorization", value);
        }
        match expected {
            "" => assert_eq!(status(call).await, 200, "{name}"),
            text => assert_eq!(refusal(call).await, text, "{name}"),
        }
    }
    assert_eq!(refusal(server.get(LIST).from(ELSEWHERE).header("authorization", &good)).await, "Not allowed IP");

    server.set("LiveApp", json!({"ipFilterEnabled": false})).await;
    let page = server.get(LIST).from(ELSEWHERE).header("origin", "https://page.example");
    let answer = page.header("authorization", &bearer).send().await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://page.example"));
    assert_eq!(refusal(server.get(LIST).from(ELSEWHERE)).await, "Invalid App JWT Token");

    // With an address for keys the shared secret counts no more, also while nothing comes from there.
    server.set("LiveApp", json!({"jwksURL": "https://127.0.0.1:1/keys"})).await;
    assert_eq!(refusal(server.get(LIST).header("authorization", &good)).await, "Invalid App JWT Token");
    // Management stays, so that this can be undone.
    assert_eq!(status(server.get("/rest/v2/applications/settings/LiveApp")).await, 200);
}

#[tokio::test]
async fn a_login_stands_on_its_own_within_its_role_and_scope() {
    let server = Server::start().await;
    create_user(&server, "operator@x.org", "USER", "LiveApp").await;
    create_user(&server, "reader@x.org", "READ_ONLY", "system").await;
    let (operator, reader) = (log_in(&server, "operator@x.org").await, log_in(&server, "reader@x.org").await);
    async fn from(call: Call<'_>, cookie: &str) -> u16 {
        status(call.from(ELSEWHERE).header("cookie", cookie)).await
    }
    async fn refused(call: Call<'_>, cookie: &str) -> String {
        refusal(call.from(ELSEWHERE).header("cookie", cookie)).await
    }

    assert_eq!(from(server.post("/LiveApp/rest/v2/broadcasts/create"), &operator).await, 200);
    let role = "Not allowed to access this resource. Contact system admin";
    assert_eq!(refused(server.get("/WebRTCAppEE/rest/v2/version"), &operator).await, role);
    let settings = "/rest/v2/applications/settings/LiveApp";
    assert_eq!(refused(server.post(settings).json(&json!({})), &operator).await, role);
    assert_eq!(refused(server.get("/rest/v2/server-settings"), &operator).await, role);
    assert_eq!(refused(server.post("/rest/v2/applications/New"), &operator).await, role);
    assert_eq!(refused(server.get("/rest/v2/user-list"), &operator).await, role);

    assert_eq!(from(server.get(LIST), &reader).await, 200);
    assert_eq!(refused(server.post("/LiveApp/rest/v2/broadcasts/create"), &reader).await, role);
    let code = "/LiveApp/rest/v2/broadcasts/s/subscribers/someone/totp?type=play";
    assert_eq!(refused(server.get(code), &reader).await, role);
    let token = "/LiveApp/rest/v2/broadcasts/s/token?expireDate=1800000000&type=play";
    assert_eq!(refused(server.get(token), &reader).await, role);
    let jwt = "/LiveApp/rest/v2/broadcasts/s/jwt-token?expireDate=1800000000&type=play";
    assert_eq!(refused(server.get(jwt), &reader).await, role);
    assert_eq!(
        refused(server.put("/LiveApp/rest/v2/broadcasts/s/subscribers/someone/block/5/play"), &reader).await,
        role
    );
}

#[tokio::test]
async fn a_cookie_does_not_work_from_a_page_of_another_origin() {
    let server = Server::start().await;
    create_user(&server, "operator@x.org", "USER", "LiveApp").await;
    let cookie = log_in(&server, "operator@x.org").await;
    let page = |name: &'static str, value: &'static str| {
        server.get(LIST).from(ELSEWHERE).header("cookie", &cookie).header(name, value)
    };
    assert_eq!(status(page("origin", "http://localhost:5080")).await, 200);
    assert_eq!(refusal(page("origin", "http://localhost:4200")).await, "Not allowed IP");
    assert_eq!(refusal(page("origin", "null")).await, "Not allowed IP");
    // An `Authorization` header of its own does not help it to somebody else's cookie.
    let junk = page("origin", "https://evil.example").header("authorization", "Bearer junk");
    assert_eq!(refusal(junk).await, "Not allowed IP");
}

#[tokio::test]
async fn management_may_be_limited_to_networks() {
    let server = Server::start().await;
    let networks = json!({"allowedDashboardCIDR": "198.51.100.0/24"});
    server.post("/rest/v2/server-settings").json(&networks).send().await.result(true);
    // Whoever sits at the machine can still undo it.
    assert_eq!(status(server.get("/rest/v2/applications")).await, 200);
    assert_eq!(status(server.get("/rest/v2/first-login-status").from("198.51.100.7")).await, 200);
    for path in ["/rest/v2/applications", "/rest/v2/first-login-status"] {
        assert_eq!(refusal(server.get(path).from(ELSEWHERE)).await, "Not allowed IP", "{path}");
    }
}

#[tokio::test]
async fn this_machine_can_be_asked_for_a_login_too() {
    let server = Server::configured(|config| config.local_management = false).await;
    assert_eq!(refusal(server.get(LIST)).await, "Not allowed IP");
    assert_eq!(refusal(server.get("/rest/v2/applications")).await, "Not authenticated user");
}

#[tokio::test]
async fn the_servers_own_token_manages_everything_and_a_wrong_one_nothing() {
    let list = "/rest/v2/applications";
    let server = Server::start().await;
    let body = json!({"jwtServerControlEnabled": true, "jwtServerSecretKey": "server key"});
    assert_eq!(status(server.post("/rest/v2/server-settings").json(&body)).await, 200);
    let (good, bad) = (app_jwt("server key"), app_jwt("another"));
    assert_eq!(status(server.get(list).from(ELSEWHERE).header("proxyauthorization", &good)).await, 200);
    let settings = "/rest/v2/applications/settings/LiveApp";
    assert_eq!(status(server.get(settings).from(ELSEWHERE).header("proxyauthorization", &good)).await, 200);
    assert_eq!(refusal(server.get(list).from(ELSEWHERE)).await, "Not authenticated user");
    for caller in ["127.0.0.1", ELSEWHERE] {
        let call = server.get(list).from(caller).header("proxyauthorization", &bad);
        assert_eq!(refusal(call).await, "Invalid Server JWT Token", "{caller}");
    }
    let off = Server::start().await;
    assert_eq!(
        refusal(off.get(list).from(ELSEWHERE).header("proxyauthorization", &good)).await,
        "Not authenticated user"
    );
}

#[tokio::test]
async fn headers_that_only_a_trusted_peer_may_write_help_nobody_else() {
    let server = Server::start().await;
    server.set("LiveApp", json!({"remoteAllowedCIDR": "198.51.100.7"})).await;
    let forged = app_jwt("");
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "198.51.100.7"),
        ("forwarded", "for=198.51.100.7"),
        ("true-client-ip", "198.51.100.7"),
        ("clusterauthorization", &forged),
        ("proxyauthorization", &forged),
    ] {
        assert_eq!(refusal(server.get(LIST).from(ELSEWHERE).header(name, value)).await, "Not allowed IP", "{name}");
        let management = server.get("/rest/v2/applications").from(ELSEWHERE).header(name, value);
        assert_eq!(management.send().await.status, StatusCode::FORBIDDEN, "{name}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_with_somebody_elses_cookie() {
    let server = Server::start().await;
    create_user(&server, "admin@x.org", "ADMIN", "system").await;
    let cookie = log_in(&server, "admin@x.org").await;
    // What a page can send without asking first: a form, or a script with a plain type; with and without an `Origin`.
    for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        for media_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/json"]
        {
            for (path, body) in [
                ("/rest/v2/applications/Evil", ""),
                ("/rest/v2/server-settings", r#"{"serverName":"evil.example"}"#),
                ("/rest/v2/applications/settings/LiveApp", "{}"),
                ("/rest/v2/users", r#"{"email":"evil@x.org","password":"evil password","userType":"ADMIN"}"#),
                ("/LiveApp/rest/v2/broadcasts/create", "{}"),
            ] {
                for peer in [ELSEWHERE, "127.0.0.1"] {
                    let call = server.post(path).from(peer).header("cookie", &cookie).header(name, value);
                    let answer = call.body(media_type, body).send().await;
                    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {media_type} {value} {peer}");
                }
            }
        }
    }
    assert_eq!(server.get("/rest/v2/server-settings").send().await.json()["serverName"], "");
    // From a page of our own the same cookie works.
    let own = server.post("/rest/v2/applications/Mine").from(ELSEWHERE).header("cookie", &cookie);
    own.header("origin", "http://localhost:5080").send().await.result(true);
}
