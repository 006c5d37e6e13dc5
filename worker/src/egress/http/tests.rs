//! The gate of HTTP playback, scene by scene.

use axum::body::Body;
use http_body_util::BodyExt;
use sluice_contract::message::{Command, EndReason, EventKind};
use sluice_contract::policy::TokenUse;
use sluice_contract::{DenyReason, Intent, Operation};

use crate::testing::{Answer, House, SEGMENT_BYTES, allow, app, block, clock, deny, grant, settings, soon};

const MANIFEST: &str = "/LiveApp/streams/s.m3u8";
const WITH_CODE: &str = "/LiveApp/streams/s.m3u8?subscriberId=playerB&subscriberCode=123456";
/// Every kind of file.
const FILES: [&str; 6] = ["s.m3u8", "s_adaptive.m3u8", "s/video.m3u8", "s/s.mpd", "s/v-init-1.mp4", "s/v-1.m4s"];

fn path(file: &str) -> String {
    format!("/LiveApp/streams/{file}")
}

async fn viewer(house: &House) -> Answer {
    let answer = house.get(WITH_CODE).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

#[tokio::test]
async fn a_ticket_opens_every_file_by_query_or_by_cookie_without_another_question() {
    let house = House::open(true).await;
    let first = viewer(&house).await;
    assert!(!first.text.contains("subscriberCode"), "credentials are not repeated: {}", first.text);
    for file in FILES {
        let by_query = house.get(&format!("{}?{}", path(file), first.ticket())).from([192, 0, 2, 77]).send().await;
        assert_eq!(by_query.status, 200, "{file}");
        let by_cookie = house.get(&path(file)).header("cookie", &first.cookie()).send().await;
        assert_eq!(by_cookie.status, 200, "{file}");
        assert!(by_query.header("cache-control").contains("private"), "{file}");
        assert_eq!(house.get(&path(file)).from([192, 0, 2, 78]).send().await.status, 403, "{file} without");
        assert_eq!(house.head(&path(file)).from([192, 0, 2, 78]).send().await.status, 403, "HEAD {file} without");
    }
    let asked_by_viewer =
        house.gate.asked.lock().iter().filter(|request| request.credentials.subscriber_id.is_some()).count();
    assert_eq!(asked_by_viewer, 1);
    assert_eq!(house.sessions.all().len(), 1);
}

#[tokio::test]
async fn the_mpd_names_where_it_is_found_again() {
    let house = House::open(true).await;
    let mpd = house.get("/LiveApp/streams/s/s.mpd?subscriberId=a").send().await;
    assert!(
        mpd.text.contains(&format!("<Location>/LiveApp/streams/s/s.mpd?{}</Location>", mpd.ticket())),
        "{}",
        mpd.text
    );
    assert_eq!(mpd.header("content-type"), "application/dash+xml");
    assert_eq!(mpd.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn who_begins_with_dash_waits_until_there_is_enough_to_play_on() {
    let house = House::open(true).await;
    house.streams.start_short("s", 2);
    let probe = house.head("/LiveApp/streams/s/s.mpd?subscriberId=b").send().await;
    assert_eq!(probe.status, 200);
    let first = house.get("/LiveApp/streams/s/s.mpd?subscriberId=a").send().await;
    assert!(first.text.ends_with("<!-- 0 -->"), "{}", first.text);

    house.streams.start_short("s", 2);
    let again = house.get(&format!("/LiveApp/streams/s/s.mpd?{}", first.ticket())).send().await;
    assert!(again.text.ends_with("<!-- 2 -->"), "who watches already does not wait: {}", again.text);
}

#[tokio::test]
async fn a_ticket_opens_no_other_stream_and_no_forgery_opens_any() {
    let house = House::open(true).await;
    house.streams.start("other");
    let ticket = viewer(&house).await.ticket();
    assert_eq!(house.status(&format!("/LiveApp/streams/other.m3u8?{ticket}")).await, 403);
    assert_eq!(house.status(&format!("/LiveApp/streams/other/v-1.m4s?{ticket}")).await, 403);
    let mut forged = ticket.clone();
    let last = forged.pop().unwrap();
    forged.push(if last == 'A' { 'E' } else { 'A' });
    for bad in [forged.as_str(), "st=", "st=xx", "st=%00"] {
        assert_eq!(house.status(&format!("{MANIFEST}?{bad}")).await, 403, "{bad}");
    }
    house.wait(30_000);
    assert_eq!(house.status(&format!("{MANIFEST}?{ticket}")).await, 200);
    house.wait(86_400_000);
    assert_eq!(house.status(&format!("{MANIFEST}?{ticket}")).await, 403, "expired");
    assert_eq!(house.status(&format!("{WITH_CODE}&{ticket}")).await, 200, "expired, with credentials beside it");
}

#[tokio::test]
async fn a_blocked_viewer_gets_401_whatever_it_drops_and_plays_on_when_the_block_lifts() {
    let mut house = House::open(true).await;
    let first = viewer(&house).await;
    let ack = house.command(Command::Block { block: block("s", "playerB", Operation::Play, 120) }).await;
    assert_eq!(ack.sessions_suspended, 1);
    *house.gate.script.lock() = Box::new(|_| deny(DenyReason::Blocked { until: clock().plus_secs(60) }));
    for file in FILES {
        let (plain, ticket) = (path(file), format!("{}?{}", path(file), first.ticket()));
        for visit in [
            house.get(&plain).header("cookie", &first.cookie()),
            house.head(&plain).header("cookie", &first.cookie()),
            house.get(&ticket),
            house.head(&ticket),
            house.get(&ticket).from([192, 0, 2, 99]),
            house.get(&format!("{ticket}&subscriberId=playerB&subscriberCode=1")),
            house.get(&format!("{plain}?subscriberId=playerB&subscriberCode=123456")),
        ] {
            let answer = visit.send().await;
            assert_eq!((answer.status, answer.text.len() < 30), (401, true), "{file}: {}", answer.text);
        }
    }
    let text = house.get(&format!("{MANIFEST}?{}", first.ticket())).send().await.text;
    assert_eq!(text, "Subscriber is blocked");
    let ack = house.command(Command::Block { block: block("s", "playerB", Operation::Play, 0) }).await;
    assert_eq!(ack.sessions_resumed, 1);
    assert_eq!(house.status(&format!("{MANIFEST}?{}", first.ticket())).await, 200);
}

#[tokio::test]
async fn a_block_ends_by_itself_to_the_millisecond() {
    let mut house = House::open(true).await;
    let ticket = format!("{MANIFEST}?{}", viewer(&house).await.ticket());
    house.command(Command::Block { block: block("s", "playerB", Operation::Play, 30) }).await;
    house.wait(29_999);
    assert_eq!(house.status(&ticket).await, 401);
    house.wait(1);
    assert_eq!(house.status(&ticket).await, 200);
}

#[tokio::test]
async fn a_block_cuts_a_body_that_is_on_its_way() {
    let mut house = House::open(true).await;
    let segment = format!("{}?{}", path("s/v-1.m4s"), viewer(&house).await.ticket());
    let response = house.get(&segment).open().await;
    assert_eq!(response.headers()["content-length"], SEGMENT_BYTES.to_string().as_str());
    let mut body = response.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.len() <= 64 * 1024);
    house.command(Command::Block { block: block("s", "playerB", Operation::Play, 120) }).await;
    assert!(body.frame().await.unwrap().is_err(), "not a byte after the acknowledgement");
    assert!(body.frame().await.is_none());
    let session = &house.sessions.all()[0];
    assert_eq!(session.report(clock()).stats.bytes, first.len() as u64, "only what left is counted");
}

#[tokio::test]
async fn nobody_gets_in_while_nobody_can_decide() {
    let house = House::unconnected(true).await;
    let before_hello = house.get(WITH_CODE).send().await;
    assert_eq!(before_hello.status, 404, "no application is known yet");
    house.connect().await;
    *house.gate.script.lock() = Box::new(|_| deny(DenyReason::AuthorityUnreachable));
    let answer = house.get(WITH_CODE).send().await;
    assert_eq!(answer.status, 503);
    assert!(!answer.header("retry-after").is_empty());
    assert!(answer.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn an_open_stream_is_asked_for_once_and_can_be_cached() {
    let mut house = House::open(false).await;
    for file in FILES {
        let answer = house.get(&path(file)).send().await;
        assert_eq!(answer.status, 200, "{file}");
        assert!(answer.headers.get("set-cookie").is_none() && !answer.text.contains("st="), "{file}");
        assert!(!answer.header("cache-control").contains("private"), "{file}");
    }
    assert_eq!(house.get(&path("s/v-1.m4s")).send().await.header("cache-control"), "public, max-age=10");
    assert_eq!(house.asked(), 1);
    assert!(matches!(house.event().await, EventKind::SessionStarted { .. }));
    house.get(MANIFEST).from([192, 0, 2, 2]).send().await;
    house.get(MANIFEST).header("user-agent", "another").send().await;
    assert_eq!(house.asked(), 3, "another address and another player are other viewers");
}

#[tokio::test]
async fn a_named_viewer_of_an_open_stream_gets_a_ticket() {
    let house = House::open(false).await;
    let answer = house.get("/LiveApp/streams/s.m3u8?subscriberId=bob").send().await;
    assert!(answer.ticket().len() > 40);
    assert!(answer.header("cache-control").contains("private"));
}

#[tokio::test]
async fn requests_of_the_same_moment_share_one_answer() {
    let house = House::open(true).await;
    let silence = house.gate.silence.lock().await;
    let visits = futures_util::future::join_all((0..8).map(|_| house.get(WITH_CODE).send()));
    let answers = async {
        while house.asked() == 0 {
            tokio::task::yield_now().await;
        }
        drop(silence);
    };
    let (answers, ()) = tokio::join!(visits, answers);
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!(house.asked(), 1);
    assert_eq!(house.sessions.all().len(), 1);
}

#[tokio::test]
async fn a_probe_spends_nothing_and_the_session_it_made_is_taken_up() {
    let mut house = House::open(true).await;
    let head = house.head(WITH_CODE).send().await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let cookie = head.cookie();
    let get = house.get(MANIFEST).header("cookie", &cookie).send().await;
    assert_eq!(get.status, 200);
    assert_eq!(get.headers["content-length"], head.headers["content-length"]);
    let intents: Vec<_> = house.gate.asked.lock().iter().map(|request| request.intent).collect();
    assert_eq!(intents, [Intent::Probe]);
    let EventKind::SessionStarted { session } = house.event().await else { panic!("not started") };
    assert_eq!(house.sessions.all()[0].id(), session.session);
}

#[tokio::test]
async fn who_comes_before_the_stream_keeps_its_place() {
    let house = House::open(true).await;
    let early = house.get("/LiveApp/streams/later.m3u8?subscriberId=a&subscriberCode=1").send().await;
    assert_eq!((early.status, early.header("retry-after")), (404, "2"));
    house.streams.start("later");
    let get = house.get("/LiveApp/streams/later.m3u8").header("cookie", &early.cookie()).send().await;
    assert_eq!(get.status, 200);
    let intents: Vec<_> = house.gate.asked.lock().iter().map(|request| request.intent).collect();
    assert_eq!(intents, [Intent::Probe]);
}

#[tokio::test]
async fn a_stream_without_its_first_segment_spends_nothing() {
    let house = House::open(true).await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.rejoin = false;
        grant.token = if request.intent == Intent::Probe { TokenUse::Reserved } else { TokenUse::Spent };
        allow(grant)
    });
    for file in ["later.m3u8", "later/later.mpd"] {
        let file = format!("/LiveApp/streams/{file}?token=T");
        house.streams.begin("later");
        assert_eq!(house.status(&file).await, 404);
        house.streams.start("later");
        assert_eq!(house.status(&file).await, 200);
        let intents: Vec<_> = house.gate.asked.lock().drain(..).map(|request| request.intent).collect();
        assert_eq!(intents, [Intent::Probe, Intent::Start]);
    }
}

#[tokio::test]
async fn a_held_one_time_token_lets_nobody_in_until_it_is_spent() {
    let house = House::open(true).await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.rejoin = false;
        grant.token = if request.intent == Intent::Probe { TokenUse::Reserved } else { TokenUse::Spent };
        allow(grant)
    });
    let with_token = "/LiveApp/streams/s.m3u8?token=T";
    let head = house.head(with_token).send().await;
    assert_eq!(head.status, 200);
    assert!(head.headers.get("set-cookie").is_none(), "a ticket for a token that is not spent");
    assert!(house.sessions.all().is_empty());
    let get = house.get(with_token).send().await;
    assert_eq!(get.status, 200);
    assert_eq!(get.headers["content-length"], head.headers["content-length"]);
    *house.gate.script.lock() = Box::new(|_| deny(DenyReason::TokenSpent));
    assert_eq!(house.status(with_token).await, 403, "without its ticket the same client is asked again");
    assert_eq!(house.asked(), 3);
    assert_eq!(house.status(&format!("{MANIFEST}?{}", get.ticket())).await, 200);
    assert_eq!(house.status(&format!("{with_token}&{}", get.ticket())).await, 200);
}

#[tokio::test]
async fn a_player_that_repeats_its_code_with_every_request_costs_one_question() {
    let house = House::open(true).await;
    for file in FILES {
        let url = format!("{}?subscriberId=playerB&subscriberCode=123456", path(file));
        assert_eq!(house.get(&url).send().await.status, 200, "{file}");
    }
    assert_eq!(house.asked(), 1);
    house.get(WITH_CODE).from([192, 0, 2, 2]).send().await;
    assert_eq!(house.asked(), 2, "another client stands on its own feet");
    house.get("/LiveApp/streams/s.m3u8?subscriberId=playerB&subscriberCode=999999").send().await;
    assert_eq!(house.asked(), 3, "and so does another code");
}

#[tokio::test]
async fn a_session_whose_ticket_has_ended_is_joined_no_more() {
    let house = House::open(true).await;
    *house.gate.script.lock() = Box::new(|request| {
        let mut grant = grant(request);
        grant.ticket_until = Some(clock().plus_secs(2));
        allow(grant)
    });
    viewer(&house).await;
    *house.gate.script.lock() = Box::new(|_| deny(DenyReason::JwtExpired { at: clock() }));
    assert_eq!(house.status(WITH_CODE).await, 200, "until then the same credentials join it");
    house.wait(2_000);
    assert_eq!(house.status(WITH_CODE).await, 403);
}

#[tokio::test]
async fn the_cookie_of_one_subscriber_does_not_speak_for_another() {
    let house = House::open(true).await;
    let cookie = viewer(&house).await.cookie();
    let other = house.get("/LiveApp/streams/s.m3u8?subscriberId=playerC&subscriberCode=1");
    assert_eq!(other.header("cookie", &cookie).send().await.status, 200);
    let named: Vec<_> = house.gate.asked.lock().iter().map(|r| r.credentials.subscriber_id.clone().unwrap()).collect();
    assert_eq!(named, ["playerB", "playerC"]);
}

#[tokio::test]
async fn an_ended_session_takes_its_ticket_along() {
    let mut house = House::open(true).await;
    let first = viewer(&house).await;
    let session = house.sessions.all()[0].id();
    house.command(Command::EndSession { session, reason: EndReason::Stopped }).await;
    let by_ticket = format!("{MANIFEST}?{}", first.ticket());
    assert_eq!(house.status(&by_ticket).await, 403);
    assert_eq!(house.status(&format!("{WITH_CODE}&{}", first.ticket())).await, 403, "this player was sent away");
    assert_eq!(house.get(MANIFEST).header("cookie", &first.cookie()).send().await.status, 403);
    let fresh = house.get(WITH_CODE).header("cookie", &first.cookie()).send().await;
    assert_eq!(fresh.status, 200, "the gate may let the same person in again");
    assert_ne!(fresh.ticket(), first.ticket());
}

#[tokio::test]
async fn a_silent_player_ends_for_statistics_and_its_ticket_starts_it_again() {
    let mut house = House::open(true).await;
    let ticket = format!("{MANIFEST}?{}", viewer(&house).await.ticket());
    assert!(matches!(house.event().await, EventKind::SessionStarted { .. }));
    house.wait(60_000);
    let EventKind::SessionEnded { session: ended, reason, .. } = house.event().await else { panic!("not ended") };
    assert_eq!(reason, EndReason::Idle);
    assert_eq!(house.status(&ticket).await, 200);
    let EventKind::SessionStarted { session } = house.event().await else { panic!("not started again") };
    assert_eq!(session.session, ended.session);
    assert_eq!(session.subscriber, ended.subscriber);
    assert_eq!(house.asked(), 1);
}

#[tokio::test]
async fn a_player_on_a_slow_line_is_not_idle() {
    let house = House::open(true).await;
    let segment = format!("{}?{}", path("s/v-1.m4s"), viewer(&house).await.ticket());
    let mut body = house.get(&segment).open().await.into_body();
    for _ in 0..7 {
        house.wait(40_000);
        body.frame().await.unwrap().unwrap();
        house.wait(1);
        assert_eq!(house.sessions.all().len(), 1);
    }
}

#[tokio::test]
async fn a_blocked_viewer_who_pauses_is_still_blocked_when_it_returns() {
    let mut house = House::open(true).await;
    let ticket = format!("{MANIFEST}?{}", viewer(&house).await.ticket());
    house.command(Command::Block { block: block("s", "playerB", Operation::Play, 600) }).await;
    house.wait(120_000);
    assert!(house.sessions.all().is_empty(), "the session has fallen idle");
    assert_eq!(house.status(&ticket).await, 401);
}

#[tokio::test]
async fn a_deleted_stream_takes_its_tickets_along() {
    let mut house = House::open(true).await;
    let ticket = format!("{MANIFEST}?{}", viewer(&house).await.ticket());
    house.wait(120_000);
    assert!(house.sessions.all().is_empty(), "not known here any more");
    let stream_id = "s".parse().unwrap();
    house.command(Command::EndStream { application: app(), stream_id, reason: EndReason::Deleted }).await;
    assert_eq!(house.status(&ticket).await, 403);
    house.wait(1_000);
    assert_eq!(viewer(&house).await.status, 200, "a new session is another matter");
}

#[tokio::test]
async fn another_worker_accepts_the_ticket_with_the_blocks_it_knows() {
    let house = House::open(true).await;
    let ticket = viewer(&house).await.ticket();
    let restarted = House::beside(house.bus.clone(), house.gate.clone()).await;
    restarted.gate.welcome.lock().blocks = vec![block("s", "playerC", Operation::Play, 600)];
    restarted.run_control();
    soon("the link is in order", restarted.rules.in_order()).await;
    for file in FILES {
        assert_eq!(restarted.status(&format!("{}?{ticket}", path(file))).await, 200, "{file}");
    }
    assert_eq!(house.asked(), 1);
    let other = house.get("/LiveApp/streams/s.m3u8?subscriberId=playerC").send().await.ticket();
    assert_eq!(restarted.status(&format!("{MANIFEST}?{other}")).await, 401);
}

#[tokio::test]
async fn a_name_that_can_mean_two_streams_is_let_in_and_served_as_one() {
    let house = House::open(true).await;
    house.streams.start("s_adaptive");
    let answer = house.get("/LiveApp/streams/s_adaptive.m3u8?subscriberId=a").send().await;
    assert!(answer.text.contains("s/video.m3u8"), "the stream whose player asks by this name: {}", answer.text);
    let answer = house.get("/LiveApp/streams/s_adaptive_adaptive.m3u8?subscriberId=a").send().await;
    assert!(answer.text.contains("s_adaptive/video.m3u8"), "{}", answer.text);
    let streams: Vec<_> = house.gate.asked.lock().iter().map(|request| request.stream_id.clone()).collect();
    assert_eq!(streams, ["s", "s_adaptive"]);
    // Nothing of the kind is live: whoever may see one of the meanings hears that it is not there.
    *house.gate.script.lock() = Box::new(|request| match request.stream_id.as_str() {
        "cam" => allow(grant(request)),
        _ => deny(DenyReason::JwtInvalid),
    });
    let answer = house.get("/LiveApp/streams/cam_480p.m3u8?token=jwt").send().await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn nothing_outside_the_streams_is_reached_with_a_valid_ticket() {
    let house = House::open(true).await;
    let ticket = viewer(&house).await.ticket();
    for tail in [
        "s/../other.m3u8",
        "s/%2e%2e/other.m3u8",
        "s/..%2fother.m3u8",
        "s/%252e%252e/x",
        "..%2f..%2fsluice.db",
        "s/..%5c..%5csecret.key",
        "s/%00.m3u8",
        "s//etc/passwd",
        "/etc/passwd",
        "s/",
        "s/s/video.m3u8",
        "s/listening.json",
        "s/v-9.m4s",
        "...m3u8",
    ] {
        let status = house.status(&format!("/LiveApp/streams/{tail}?{ticket}")).await;
        assert!(matches!(status, 403 | 404), "{tail} answered {status}");
    }
    assert_eq!(house.status("/Nowhere/streams/s.m3u8").await, 404);
    assert_eq!(house.status("/graphql/streams/s.m3u8").await, 404);
    let no_id = house.get("/LiveApp/streams/s.u8").send().await;
    assert_eq!((no_id.status, no_id.text.as_str()), (403, "Cannot specified the stream id from the url"));
}

#[tokio::test]
async fn other_methods_are_refused_in_the_documented_words() {
    let house = House::open(false).await;
    for method in ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"] {
        let answer = house.get(MANIFEST).method(method).send().await;
        assert_eq!((answer.status, answer.text.as_str()), (403, "Invalid Request Type"), "{method}");
    }
    assert_eq!(house.get(MANIFEST).method("OPTIONS").send().await.status, 200);
}

#[tokio::test]
async fn pages_of_other_origins_can_read_refusals_too() {
    let house = House::open(true).await;
    let origin = "https://page.example";
    for (path, status) in
        [(MANIFEST, 403), (WITH_CODE, 200), ("/LiveApp/streams/x/../y", 404), ("/No/streams/s.m3u8", 404)]
    {
        let answer = house.get(path).header("origin", origin).send().await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), origin, "{path}");
        assert_eq!(answer.header("access-control-allow-credentials"), "true", "{path}");
        assert_eq!(answer.header("vary"), "Origin", "{path}");
    }
    let preflight = house.get(MANIFEST).method("OPTIONS").header("origin", origin);
    let preflight = preflight.header("access-control-request-method", "GET").send().await;
    assert_eq!((preflight.status, preflight.header("access-control-max-age")), (200, "1800"));
    assert_eq!(house.asked(), 2, "a preflight asks for nothing");
}

#[tokio::test]
async fn settings_hold_from_the_next_request() {
    let mut house = House::open(false).await;
    let mut changed = settings(false);
    changed.hls_enabled = false;
    changed.content_security_policy = "default-src 'self'".to_owned();
    changed.cors.allowed_origins = vec!["https://good.example".to_owned()];
    house.command(Command::Settings { settings: changed }).await;
    assert_eq!(house.status(MANIFEST).await, 404);
    let dash = house.get("/LiveApp/streams/s/s.mpd").header("origin", "https://good.example").send().await;
    assert_eq!((dash.status, dash.header("content-security-policy")), (200, "default-src 'self'"));
    assert_eq!(dash.header("access-control-allow-origin"), "https://good.example");
    let evil = house.get("/LiveApp/streams/s/s.mpd").header("origin", "https://evil.example").send().await;
    assert_eq!((evil.status, evil.text.as_str()), (403, ""));
}

#[tokio::test]
async fn the_cookie_of_an_encrypted_connection_reaches_players_on_other_sites() {
    let house = House::open(true).await;
    let proxied = house.get(WITH_CODE).from([127, 0, 0, 1]);
    let answer = proxied.header("x-forwarded-proto", "https").header("x-forwarded-for", "192.0.2.50").send().await;
    assert!(
        answer.header("set-cookie").ends_with("HttpOnly; SameSite=None; Secure"),
        "{}",
        answer.header("set-cookie")
    );
    assert_eq!(house.gate.asked.lock()[0].peer.address.to_string(), "192.0.2.50");
    let plain = house.get(WITH_CODE).header("x-forwarded-proto", "https").send().await;
    assert!(plain.header("set-cookie").ends_with("SameSite=Lax"));
}

#[tokio::test]
async fn a_request_without_a_sender_is_not_served() {
    let house = House::open(false).await;
    let request = axum::http::Request::get(MANIFEST).body(Body::empty()).unwrap();
    let response = tower::ServiceExt::oneshot(house.router(), request).await.unwrap();
    assert_eq!(response.status(), 500);
}
