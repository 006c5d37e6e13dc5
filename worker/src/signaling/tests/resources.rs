//! WHIP and WHEP: sessions as HTTP resources.

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request};
use sluice_contract::message::EndReason;
use sluice_contract::{DenyReason, Intent, UnixTime};
use tower::ServiceExt;

use super::super::testing::Desk;
use crate::testing::{allow, deny, grant, soon};
use crate::webrtc::calls::{CallError, CallEvent};
use crate::webrtc::sdp::plan::Available;

const OFFER: &str = include_str!("../../webrtc/sdp/tests/samples/obs.sdp");
const PLAYER: &str = include_str!("../../webrtc/sdp/tests/samples/chrome-play.sdp");
const SDP: &str = "Content-Type: application/sdp";
const FRAGMENT: &str = "Content-Type: application/trickle-ice-sdpfrag";

struct Reply {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Reply {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A request with headers, written `name: value`.
async fn ask(desk: &Desk, method: &str, path: &str, headers: &[&str], body: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(path);
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    let peer = std::net::SocketAddr::from(([192, 0, 2, 1], 4_000));
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = desk.router().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Reply { status, headers, text: String::from_utf8(body.to_vec()).unwrap() }
}

async fn post(desk: &Desk, path: &str) -> Reply {
    ask(desk, "POST", path, &[SDP], if path.contains("/whep/") { PLAYER } else { OFFER }).await
}

#[tokio::test]
async fn a_whip_session_is_made_and_ended_by_its_owner() {
    let desk = Desk::open(false).await;
    let made =
        ask(&desk, "POST", "/LiveApp/whip/cam?subscriberId=alice", &[SDP, "Authorization: Bearer T"], OFFER).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("content-type"), "application/sdp");
    assert_eq!(made.header("accept-patch"), "application/trickle-ice-sdpfrag");
    assert!(made.text.contains("a=recvonly") && made.text.contains("a=end-of-candidates"), "{}", made.text);
    let tag = made.header("etag");
    assert!(tag.len() > 10 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
    let location = made.header("location");
    let name = location.strip_prefix("/LiveApp/whip/cam/").unwrap();
    assert!(name.len() >= 26 && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name}");
    let asked = desk.house.gate.asked.lock()[0].clone();
    assert!(asked.credentials.token.is_some_and(|token| token.matches("T")));
    assert_eq!(asked.credentials.subscriber_id.as_deref(), Some("alice"));

    let stranger = format!("/LiveApp/whip/cam/{}", "a".repeat(32));
    let owner: &[&str] = &["Authorization: Bearer T"];
    for (path, headers) in [
        (stranger.as_str(), owner),
        (location, &[][..]),
        (location, &["Authorization: Bearer X"][..]),
        (location, &["Authorization: Bearer T", "Authorization: Bearer T"][..]),
        (&location.replace("/cam/", "/other/"), owner),
        (&location.replace("/whip/", "/whep/"), owner),
        (&location.replace("/LiveApp/", "/Other/"), owner),
        (&format!("{location}/x"), owner),
    ] {
        assert_eq!(ask(&desk, "DELETE", path, headers, "").await.status, 404, "{path} {headers:?}");
        assert_eq!(ask(&desk, "PATCH", path, headers, "").await.status, 404, "{path} {headers:?}");
    }
    assert!(desk.calls.call(0).is_open());
    assert_eq!(desk.sessions(), 1);
    assert_eq!(ask(&desk, "DELETE", location, &["authorization: bearer T"], "").await.status, 200);
    assert!(!desk.calls.call(0).is_open());
    assert_eq!(desk.sessions(), 0);
    assert_eq!(ask(&desk, "DELETE", location, owner, "").await.status, 404, "once");
}

#[tokio::test]
async fn what_is_no_offer_costs_nothing() {
    let desk = Desk::open(false).await;
    let long = format!("{OFFER}{}", "a=x\r\n".repeat(100_000));
    for (path, headers, body, status) in [
        ("/LiveApp/whip/cam", vec![], OFFER, 415),
        ("/LiveApp/whip/cam", vec!["Content-Type: application/json"], "{}", 415),
        ("/LiveApp/whip/cam", vec![SDP], "", 400),
        ("/LiveApp/whip/cam", vec![SDP], "nonsense", 400),
        ("/LiveApp/whip/cam", vec![SDP], &long, 413),
        ("/LiveApp/whip/cam", vec![SDP, "Authorization: Bearer a b"], OFFER, 400),
        ("/LiveApp/whip/cam?video=false&audio=0", vec![SDP], OFFER, 406),
        ("/LiveApp/whip/cam", vec![SDP], PLAYER, 406),
        ("/Nowhere/whip/cam", vec![SDP], OFFER, 404),
        ("/LiveApp/whep/s", vec![], PLAYER, 415),
        ("/LiveApp/whep/s", vec![SDP], "v=0", 400),
    ] {
        let reply = ask(&desk, "POST", path, &headers, body).await;
        assert_eq!(reply.status, status, "{path} {headers:?} {}", reply.text);
        assert_eq!(reply.header("accept-post").is_empty(), status != 415);
    }
    let incomplete = OFFER.replace("a=fingerprint", "a=x");
    let reply = ask(&desk, "POST", "/LiveApp/whip/cam", &[SDP], &incomplete).await;
    assert_eq!((reply.status, reply.text.as_str()), (400, "a=fingerprint with sha-256 is missing or not valid"));
    assert_eq!(desk.house.asked(), 0, "the gate was not asked");
    let with_parameter = ["Content-Type: Application/SDP; charset=utf-8"];
    assert_eq!(ask(&desk, "POST", "/LiveApp/whip/cam", &with_parameter, OFFER).await.status, 201);
}

#[tokio::test]
async fn a_refusal_has_the_status_that_the_table_says() {
    let desk = Desk::open(false).await;
    for (reason, query, status, text) in [
        (DenyReason::TokenMissing, "", 401, "unauthorized_access"),
        (DenyReason::TokenInvalid, "?token=x", 403, "unauthorized_access"),
        (DenyReason::CodeInvalid, "?subscriberId=a&subscriberCode=1", 403, "unauthorized_access"),
        (DenyReason::Blocked { until: UnixTime::EPOCH }, "?subscriberId=a", 403, "user_blocked"),
        (DenyReason::StreamInUse, "", 403, "streamIdInUse"),
        (DenyReason::StreamIdInvalid, "", 400, "invalidStreamName"),
        (DenyReason::UnknownApplication, "", 404, "unauthorized_access"),
        (DenyReason::ResourceLimit, "", 503, "highResourceUsage"),
        (DenyReason::AuthorityUnreachable, "", 503, "data_store_not_available"),
        (DenyReason::WebrtcDisabled, "", 404, "no_stream_exist"),
    ] {
        let answer = reason.clone();
        *desk.house.gate.script.lock() = Box::new(move |_| deny(answer.clone()));
        for path in ["whip", "whep"] {
            let reply = post(&desk, &format!("/LiveApp/{path}/cam{query}")).await;
            assert_eq!((reply.status, reply.text.as_str()), (status, text), "{path} {reason:?}");
            assert_eq!(reply.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
            assert_eq!(reply.header("retry-after").is_empty(), status != 503);
        }
    }
    assert!(desk.calls.made.lock().is_empty());
    *desk.house.gate.script.lock() = Box::new(|request| allow(grant(request)));
    for (failure, status) in [(CallError::AlreadyLive, 403), (CallError::TooManyPeers, 503)] {
        *desk.calls.failure.lock() = Some(failure);
        assert_eq!(post(&desk, "/LiveApp/whip/cam").await.status, status);
        assert_eq!(desk.sessions(), 0);
    }
}

#[tokio::test]
async fn other_methods_are_named_and_pages_may_use_all_that_there_are() {
    let desk = Desk::open(false).await;
    for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
        let reply = ask(&desk, method, "/LiveApp/whip/cam", &[], "").await;
        assert_eq!((reply.status, reply.header("allow")), (405, "POST, OPTIONS"), "{method}");
    }
    let options = ask(&desk, "OPTIONS", "/LiveApp/whip/cam", &[], "").await;
    assert_eq!((options.status, options.header("accept-post")), (200, "application/sdp"));
    let preflight = ["Origin: https://page.example", "Access-Control-Request-Method: PATCH"];
    let reply = ask(&desk, "OPTIONS", "/LiveApp/whip/cam/x", &preflight, "").await;
    assert!(reply.header("access-control-allow-methods").contains("PATCH"));
    let made = ask(&desk, "POST", "/LiveApp/whip/cam", &[SDP, "Origin: https://page.example"], OFFER).await;
    assert_eq!(made.header("access-control-allow-origin"), "*");
    assert!(made.header("access-control-expose-headers").starts_with("Location,ETag,Link"));
    let get = ask(&desk, "GET", made.header("location"), &[], "").await;
    assert_eq!((get.status, get.header("allow")), (405, "PATCH, DELETE, OPTIONS"));
    let refused = ask(&desk, "POST", "/LiveApp/whip/cam", &["Origin: https://page.example"], "").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (415, "*"), "refusals can be read");
}

#[tokio::test]
async fn a_restart_needs_the_entity_tag_and_gives_another() {
    let desk = Desk::open(false).await;
    let made = post(&desk, "/LiveApp/whip/cam").await;
    let (location, tag) = (made.header("location"), made.header("etag"));
    let candidate = "a=ice-ufrag:yrmL\r\na=ice-pwd:eGh2bVeY3rC4jDJ0MIU4oA\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
                     a=candidate:1 1 udp 1 192.0.2.1 61764 typ host\r\n";
    let restart = candidate.replace("yrmL", "N3wU").replace("eGh2bVeY3rC4jDJ0MIU4oA", "anotherPasswordAnother");
    let matching = format!("If-Match: {tag}");
    let bare = matching.replace('"', "");
    let other = "If-Match: \"other\"";
    for (headers, body, status) in [
        (vec![], candidate, 415),
        (vec![SDP], candidate, 415),
        (vec![FRAGMENT, matching.as_str()], "nonsense", 400),
        (vec![FRAGMENT, matching.as_str()], candidate, 204),
        (vec![FRAGMENT, bare.as_str()], candidate, 204),
        (vec![FRAGMENT], candidate, 204),
        (vec![FRAGMENT, other], candidate, 412),
        (vec![FRAGMENT, other], restart.as_str(), 412),
        (vec![FRAGMENT], restart.as_str(), 428),
    ] {
        let reply = ask(&desk, "PATCH", location, &headers, body).await;
        assert_eq!(reply.status, status, "{headers:?} {}", reply.text);
    }
    assert!(desk.calls.call(0).restarts.lock().is_empty());
    let reply = ask(&desk, "PATCH", location, &[FRAGMENT, "If-Match: *"], &restart).await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/trickle-ice-sdpfrag"));
    assert!(reply.text.contains("a=ice-ufrag:our1") && reply.text.contains("a=end-of-candidates"), "{}", reply.text);
    assert_ne!(reply.header("etag"), tag);
    assert_eq!(*desk.calls.call(0).restarts.lock(), ["N3wU"]);
    let late = ask(&desk, "PATCH", location, &[FRAGMENT, &matching], candidate).await;
    assert_eq!(late.status, 412, "of the session before");
    let again = ask(&desk, "PATCH", location, &[FRAGMENT, "If-Match: *"], &restart).await;
    assert_eq!(again.status, 204, "nothing new");
    let quoted = ask(&desk, "PATCH", location, &[FRAGMENT, "If-Match: \"*\""], candidate).await;
    assert_eq!(quoted.status, 200, "as in the examples of the standards");
}

#[tokio::test]
async fn a_whep_player_is_let_in_before_it_learns_what_is_live() {
    let desk = Desk::open(true).await;
    assert_eq!(post(&desk, "/LiveApp/whep/cam").await.status, 401);
    let absent = post(&desk, "/LiveApp/whep/cam?token=T").await;
    assert_eq!((absent.status, absent.text.as_str()), (404, "no_stream_exist"));
    assert!(!absent.header("retry-after").is_empty());
    let live = desk.live("cam");
    assert_eq!(post(&desk, "/LiveApp/whep/cam").await.status, 401);
    let made = post(&desk, "/LiveApp/whep/cam?token=T").await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(made.text.contains("a=sendonly") && made.text.contains("a=msid:cam cam-video"), "{}", made.text);
    assert!(made.header("location").starts_with("/LiveApp/whep/cam/"), "without the query");
    let asked = desk.house.gate.asked.lock().iter().map(|request| request.intent).collect::<Vec<_>>();
    assert_eq!(asked, [Intent::Probe, Intent::Probe, Intent::Start, Intent::Start]);
    assert_eq!(ask(&desk, "DELETE", made.header("location"), &[], "").await.status, 200);
    drop(live);
}

#[tokio::test]
async fn nothing_is_spent_on_a_stream_that_the_player_cannot_take() {
    let desk = Desk::open(true).await;
    let _live = desk.live("cam");
    *desk.calls.available.lock() = Available::default();
    desk.calls.available.lock().video.push(crate::webrtc::sdp::RtpFormat::Vp9 { profile: 3 });
    assert_eq!(post(&desk, "/LiveApp/whep/cam").await.status, 401, "a stranger does not learn that");
    let refused = post(&desk, "/LiveApp/whep/cam?token=T").await;
    assert_eq!(refused.status, 406);
    assert!(refused.text.contains("VP9") && refused.text.contains("allow transcoding"), "{}", refused.text);
    let intents = desk.house.gate.asked.lock().iter().map(|request| request.intent).collect::<Vec<_>>();
    assert_eq!(intents, [Intent::Probe, Intent::Probe]);
    assert_eq!(desk.sessions(), 0);
}

#[tokio::test]
async fn a_session_that_the_engine_ends_is_gone() {
    let desk = Desk::open(false).await;
    let made = post(&desk, "/LiveApp/whip/cam").await;
    assert_eq!(desk.signaling.state.resources.len(), 1);
    desk.calls.call(0).events.send(CallEvent::Ended { reason: EndReason::Blocked }).await.unwrap();
    soon("the end", async {
        while desk.signaling.state.resources.len() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(ask(&desk, "DELETE", made.header("location"), &[], "").await.status, 404);
}
