//! Who may manage what, and how settings change.

use axum::http::HeaderMap;
use serde_json::json;
use sluice_contract::Secret;

use super::*;
use crate::StartError;
use crate::config::FirstAdministrator;
use crate::manage::{
    BroadcastFilter, BroadcastOrder, Grant, Identity, LoginRequest, ManageError, NewAdministrator, NewApiKey,
    NewBroadcast, OrderKey, Page, ProblemCode, Role, Scope,
};

fn code_of<T: std::fmt::Debug>(outcome: Result<T, ManageError>) -> ProblemCode {
    match outcome {
        Err(ManageError::Problem(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
}

fn login(password: &str, last: u8) -> LoginRequest {
    LoginRequest {
        email: "Admin@Example.org".to_owned(),
        password: Secret::from(password),
        address: IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)),
    }
}

async fn with_administrator() -> TestApi {
    let dir = Arc::new(tempfile::tempdir().expect("a folder"));
    let first = FirstAdministrator { email: "admin@example.org".to_owned(), password: Secret::from("correct horse") };
    TestApi::over(dir, |config| config.first_administrator = Some(first)).await.expect("started")
}

const REMOTE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

#[tokio::test]
async fn settings_hold_at_once_and_survive_a_restart() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    test.set(json!({"enableTimeTokenForPlay": true, "custom": {"kept": 1}})).await;
    let sent = worker.commands.recv().await.expect("sent");
    assert!(matches!(sent, Command::Settings { settings } if settings.play_protected));
    let test = test.restarted().await;
    let application = test.live_app().await;
    assert!(application.settings.enable_time_token_for_play);
    assert_eq!(test.api.settings_object(&application)["custom"], json!({"kept": 1}));
}

#[tokio::test]
async fn modes_that_exclude_one_another_are_refused_as_a_whole() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    let both = json!({"publishTokenControlEnabled": true, "publishJwtControlEnabled": true, "hlsTime": "9"});
    let refused = test.api.replace_settings(&application, both.as_object().expect("an object").clone()).await;
    assert_eq!(code_of(refused), ProblemCode::Conflict);
    assert_eq!(test.live_app().await.settings.hls_time, "2");
}

#[tokio::test]
async fn secrets_are_shown_to_admins_only() {
    let test = TestApi::new().await;
    let application = test.set(json!({"tokenHashSecret": "this_is_secret", "s3SecretKey": "other"})).await;
    assert_eq!(test.api.settings_object(&application)["tokenHashSecret"], "this_is_secret");
    let reader = Application { role: Role::Operator, ..application };
    let shown = serde_json::to_string(&test.api.settings_object(&reader)).expect("JSON");
    assert!(!shown.contains("this_is_secret") && !shown.contains("other"));
    assert_eq!(code_of(test.api.patch_settings(&reader, serde_json::Map::new()).await), ProblemCode::Forbidden);
}

#[tokio::test]
async fn three_wrong_passwords_pause_an_account() {
    let test = with_administrator().await;
    for _ in 0..3 {
        assert_eq!(code_of(test.api.login(login("wrong horse", 1)).await), ProblemCode::WrongCredentials);
    }
    assert_eq!(code_of(test.api.login(login("correct horse", 2)).await), ProblemCode::Throttled);
    assert!(test.api.login_is_blocked("admin@example.org").await.expect("told"));
    test.pass(300);
    test.api.login(login("correct horse", 2)).await.expect("logged in");
}

#[tokio::test]
async fn a_login_is_recognised_until_it_ends() {
    let test = with_administrator().await;
    let login = test.api.login(login("correct horse", 1)).await.expect("logged in");
    let bearer = headers(&[("authorization", &format!("Bearer {}", login.access_token.expose()))]);
    let viewer = test.api.viewer(Some(REMOTE), &bearer).await.expect("told");
    assert!(viewer.may_administer_system());
    let cookie = format!("a=b; sluice_login={}", login.access_token.expose());
    let own = headers(&[("cookie", &cookie), ("host", "sluice.example"), ("origin", "https://sluice.example")]);
    assert!(!test.api.viewer(Some(REMOTE), &own).await.expect("told").is_anonymous());
    let foreign = headers(&[("cookie", &cookie), ("host", "sluice.example"), ("origin", "https://evil.example")]);
    assert!(test.api.viewer(Some(REMOTE), &foreign).await.expect("told").is_anonymous());
    test.pass(12 * 3_600);
    assert!(test.api.viewer(Some(REMOTE), &bearer).await.expect("told").is_anonymous());
    test.pass(-12 * 3_600);
    assert!(test.api.logout(&viewer).await.expect("logged out"));
    assert!(test.api.viewer(Some(REMOTE), &bearer).await.expect("told").is_anonymous());
}

#[tokio::test]
async fn only_this_machine_itself_needs_no_login() {
    let test = TestApi::new().await;
    let here = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    for (peer, pairs, is_local) in [
        (here, &[][..], true),
        (here, &[("host", "localhost:5080")], true),
        (here, &[("host", "127.0.0.1:5080")], true),
        (here, &[("host", "rebound.example")], false),
        (here, &[("host", "localhost:5080"), ("origin", "http://evil.example")], false),
        (here, &[("x-forwarded-for", "127.0.0.1")], false),
        (here, &[("sec-fetch-site", "cross-site")], false),
        (Some(REMOTE), &[("x-forwarded-for", "127.0.0.1")], false),
        (Some(REMOTE), &[], false),
        (None, &[], false),
    ] {
        let viewer = test.api.viewer(peer, &headers(pairs)).await.expect("told");
        assert_eq!(*viewer.identity() == Identity::Local, is_local, "{peer:?} {pairs:?}");
    }
}

#[tokio::test]
async fn the_first_administrator_needs_this_machine_or_the_code() {
    let test = TestApi::new().await;
    let new = || NewAdministrator {
        email: "a@b.c".to_owned(),
        password: Secret::from("testtest"),
        first_name: None,
        last_name: None,
        grants: Vec::new(),
    };
    let stranger = Viewer::anonymous(REMOTE);
    for wrong in [None, Some(Secret::from("0000"))] {
        let refused = test.api.create_first_administrator(&stranger, new(), wrong).await;
        assert_eq!(code_of(refused), ProblemCode::WrongCredentials);
    }
    let code = test.api.set_up_code().await.expect("read");
    assert!(code.is_some());
    test.api.create_first_administrator(&stranger, new(), code.clone()).await.expect("created");
    assert!(!test.api.first_administrator_needed().await.expect("told"));
    let again = test.api.create_first_administrator(&Viewer::local(), new(), code).await;
    assert_eq!(code_of(again), ProblemCode::AlreadyExists);
}

#[tokio::test]
async fn what_is_not_yours_looks_like_what_is_not_there() {
    let test = TestApi::new().await;
    let grants = vec![Grant { scope: Scope::Application("LiveApp".parse().expect("a name")), role: Role::Viewer }];
    let new = NewApiKey { name: "reader".to_owned(), grants, expires_at: None };
    let made = test.api.create_api_key(&Viewer::local(), new).await.expect("created");
    let bearer = headers(&[("authorization", &format!("Bearer {}", made.secret.expose()))]);
    let viewer = test.api.viewer(Some(REMOTE), &bearer).await.expect("told");
    let own = test.api.application(&viewer, "LiveApp").await.expect("theirs");
    assert_eq!(code_of(test.api.create_broadcast(&own, NewBroadcast::default()).await), ProblemCode::Forbidden);
    let other = test.api.application(&viewer, "WebRTCAppEE").await;
    let absent = test.api.application(&viewer, "Nowhere").await;
    assert_eq!(format!("{other:?}"), format!("{absent:?}"));
    assert_eq!(test.api.applications(&viewer).await.expect("read").len(), 1);
    assert_eq!(code_of(test.api.api_keys(&viewer).await), ProblemCode::Forbidden);
    test.api.revoke_api_key(&Viewer::local(), made.key.id).await.expect("revoked");
    assert!(test.api.viewer(Some(REMOTE), &bearer).await.expect("told").is_anonymous());
}

#[tokio::test]
async fn applications_come_and_go() {
    let test = TestApi::new().await;
    let mut worker = test.worker().await;
    let local = Viewer::local();
    assert_eq!(code_of(test.api.create_application(&local, "graphql").await), ProblemCode::Invalid);
    assert_eq!(code_of(test.api.create_application(&local, "LiveApp").await), ProblemCode::AlreadyExists);
    test.api.create_application(&local, "Sandbox").await.expect("created");
    assert!(matches!(worker.commands.recv().await, Some(Command::Settings { .. })));
    test.api.delete_application(&local, "Sandbox").await.expect("deleted");
    assert!(matches!(worker.commands.recv().await, Some(Command::RemoveApplication { .. })));
    assert_eq!(code_of(test.api.application(&local, "Sandbox").await), ProblemCode::NotFound);
}

#[tokio::test]
async fn a_list_is_the_same_by_offset_and_by_cursor() {
    let test = TestApi::new().await;
    let application = test.live_app().await;
    for (id, name) in [("s1", Some("b")), ("s2", None), ("s3", Some("a")), ("s4", Some("b")), ("s5", Some("c%"))] {
        let mut new = NewBroadcast { stream_id: Some(id.to_owned()), ..NewBroadcast::default() };
        new.fields.name = name.map(str::to_owned);
        test.api.create_broadcast(&application, new).await.expect("created");
    }
    for (key, expected) in
        [(OrderKey::CreatedAt, ["s1", "s2", "s3", "s4", "s5"]), (OrderKey::Name, ["s2", "s3", "s1", "s4", "s5"])]
    {
        let order = BroadcastOrder { key, descending: false };
        let list = |page| test.api.broadcasts(&application, BroadcastFilter::default(), order, page);
        let whole = list(Page::first()).await.expect("read");
        let ids: Vec<_> = whole.into_nodes().iter().map(|broadcast| broadcast.stream_id.to_string()).collect();
        assert_eq!(ids, expected);
        let (mut walked, mut after) = (Vec::new(), None);
        loop {
            let slice = list(Page::After { after: after.clone(), first: 2 }).await.expect("read");
            after = slice.entries.last().map(|entry| entry.cursor.clone());
            let has_next = slice.has_next;
            walked.extend(slice.into_nodes().iter().map(|broadcast| broadcast.stream_id.to_string()));
            if !has_next {
                break;
            }
        }
        assert_eq!(walked, expected);
    }
    let search = BroadcastFilter { search: Some("C%".to_owned()), ..BroadcastFilter::default() };
    assert_eq!(test.api.count_broadcasts(&application, search).await.expect("counted"), 1);
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder() {
    let test = TestApi::new().await;
    let second = TestApi::over(Arc::clone(&test.dir), |_| {}).await;
    assert!(matches!(second.err(), Some(StartError::InUse(_))));
}
