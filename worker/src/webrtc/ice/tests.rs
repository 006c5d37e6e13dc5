use std::net::SocketAddr;
use std::sync::Arc;

use sluice_contract::Secret;

use super::*;
use crate::webrtc::batch::Way;
use crate::webrtc::engine::DtlsRole;
use crate::webrtc::stun::testing::Check as Request;

fn sides(name: &str) -> (LocalTransport, RemoteTransport) {
    let local = LocalTransport {
        ufrag: name.to_owned(),
        pwd: Secret::new(format!("password of {name} with some length")),
        fingerprint: [0; 32],
        candidates: Arc::new([]),
    };
    let remote = RemoteTransport {
        ufrag: "theirs".to_owned(),
        pwd: Secret::from("theirs and secret"),
        fingerprint: [0; 32],
        role: DtlsRole::Client,
        has_channels: true,
    };
    (local, remote)
}

fn path(port: u16) -> Path {
    Path { remote: SocketAddr::from(([192, 0, 2, 1], port)), way: Way::Udp { local: None } }
}

fn check(ice: &mut Ice, now: Instant, port: u16, request: &[u8]) -> (Check, Vec<Route>) {
    let mut routes = Vec::new();
    let request = BindingRequest::read(request).unwrap();
    let check = ice.check(now, path(port), &request, &mut routes, &mut Vec::new());
    (check, routes)
}

/// What is asked of which path.
fn asked(ice: &mut Ice, now: Instant) -> Option<(Path, Vec<u8>)> {
    let mut request = Vec::new();
    let path = ice.time(now, &mut request)?;
    let read = BindingRequest::read(&request).unwrap();
    assert_eq!((read.receiver, read.sender, read.role), ("theirs", "ours", Some(IceRole::Controlled)));
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"theirs and secret");
    assert!(read.is_authentic(&key) && !read.nominates);
    Some((path, request))
}

/// Has somebody who knows `password` answer.
fn answer(ice: &mut Ice, port: u16, request: &[u8], password: &str) -> bool {
    let response = Request::answer(request, password);
    ice.answered(path(port), &BindingResponse::read(&response).unwrap())
}

#[test]
fn the_newest_nomination_is_where_media_goes_once_somebody_answers_there() {
    let (local, remote) = sides("ours");
    let (mut ice, now) = (Ice::new(&local, &remote), Instant::now());
    let (plain, nominating) =
        (Request::new(&local, &remote).write(), Request::new(&local, &remote).nominating().write());
    assert_eq!(check(&mut ice, now, 1, &plain), (Check::Answered, vec![Route::Opened(path(1))]));
    assert_eq!(ice.handshake_path(), None);
    assert!(ice.is_checked(&path(1)) && !ice.is_checked(&path(2)));
    assert_eq!(check(&mut ice, now, 1, &nominating), (Check::Nominated, vec![]));
    assert_eq!((ice.handshake_path(), ice.selected(), ice.next_time()), (Some(path(1)), None, None));
    ice.shook_hands(now, Some(path(1)));
    assert_eq!((ice.selected(), ice.next_time()), (Some(path(1)), None), "the handshake was proof");
    assert_eq!(check(&mut ice, now, 1, &nominating).0, Check::Confirmed);
    assert_eq!(check(&mut ice, now, 1, &plain).0, Check::Confirmed);

    assert_eq!(check(&mut ice, now, 2, &nominating), (Check::Nominated, vec![Route::Opened(path(2))]));
    assert_eq!(ice.selected(), Some(path(1)));
    let (to, request) = asked(&mut ice, now).unwrap();
    assert_eq!(to, path(2));
    assert_eq!(check(&mut ice, now, 2, &nominating).0, Check::Answered, "asked already");
    assert_eq!(asked(&mut ice, now), None);
    assert!(!answer(&mut ice, 2, &request, "a guess"));
    assert!(!answer(&mut ice, 1, &request, "theirs and secret"), "from elsewhere");
    let another = {
        let mut another = request.clone();
        another[10] ^= 1;
        another
    };
    assert!(!answer(&mut ice, 2, &another, "theirs and secret"), "to what was not asked");
    assert_eq!(ice.selected(), Some(path(1)));
    assert!(answer(&mut ice, 2, &request, "theirs and secret"));
    assert!(!answer(&mut ice, 2, &request, "theirs and secret"), "once");
    assert_eq!((ice.selected(), ice.next_time()), (Some(path(2)), None));
    assert_eq!(check(&mut ice, now, 1, &plain).0, Check::Answered);
}

#[test]
fn a_path_that_does_not_answer_is_asked_some_times_and_gets_nothing() {
    let (local, remote) = sides("ours");
    let (mut ice, begun) = (Ice::new(&local, &remote), Instant::now());
    let nominating = Request::new(&local, &remote).nominating().write();
    check(&mut ice, begun, 1, &nominating);
    ice.shook_hands(begun, Some(path(1)));
    check(&mut ice, begun, 2, &nominating);
    let mut requests = 0;
    while let Some(due) = ice.next_time() {
        requests += usize::from(asked(&mut ice, due).is_some());
        assert!(due < begun + Duration::from_secs(10));
    }
    assert_eq!((requests, ice.selected()), (5, Some(path(1))));
    // Many others at once are asked at the pace of one.
    let now = begun + Duration::from_secs(20);
    let requests = (3..100).filter(|port| {
        check(&mut ice, now, *port, &nominating);
        asked(&mut ice, now).is_some()
    });
    assert_eq!(requests.count(), 1);
    assert_eq!(check(&mut ice, now, 1, &nominating).0, Check::Nominated);
    assert_eq!((ice.selected(), ice.next_time()), (Some(path(1)), None), "back again, nothing is to be asked");
}

#[test]
fn a_handshake_that_went_apart_proves_nothing_and_a_connection_needs_no_proof() {
    let (local, remote) = sides("ours");
    let (mut ice, now) = (Ice::new(&local, &remote), Instant::now());
    let nominating = Request::new(&local, &remote).nominating().write();
    check(&mut ice, now, 1, &nominating);
    check(&mut ice, now, 2, &nominating);
    ice.shook_hands(now, None);
    assert_eq!(ice.selected(), None);
    let (_, request) = asked(&mut ice, now).unwrap();
    assert!(answer(&mut ice, 2, &request, "theirs and secret"));
    let connection = Path { way: Way::Tcp { connection: 1 }, ..path(3) };
    let request = BindingRequest::read(&nominating).unwrap();
    let nominated = ice.check(now, connection, &request, &mut Vec::new(), &mut Vec::new());
    assert_eq!((nominated, ice.selected(), ice.next_time()), (Check::Nominated, Some(connection), None));
}

#[test]
fn ways_are_bounded_and_the_one_in_use_stays() {
    let (local, remote) = sides("ours");
    let (mut ice, mut now) = (Ice::new(&local, &remote), Instant::now());
    let nominating = Request::new(&local, &remote).nominating().write();
    let plain = Request::new(&local, &remote).write();
    check(&mut ice, now, 1, &nominating);
    for port in 2..100 {
        now += Duration::from_millis(1);
        check(&mut ice, now, port, &plain);
    }
    assert_eq!(ice.checked.len(), MAX_PATHS);
    assert!(ice.is_checked(&path(1)) && ice.is_checked(&path(99)) && !ice.is_checked(&path(2)));
    now += PATH_LIFETIME + Duration::from_secs(1);
    let (_, routes) = check(&mut ice, now, 100, &plain);
    assert_eq!(ice.checked.len(), 2);
    assert_eq!(routes.iter().filter(|route| matches!(route, Route::Closed(_))).count(), MAX_PATHS - 1);
}

#[test]
fn an_address_that_two_ways_share_stays_open_as_long_as_one_of_them() {
    let (local, remote) = sides("ours");
    let (mut ice, now) = (Ice::new(&local, &remote), Instant::now());
    let plain = Request::new(&local, &remote).write();
    let request = BindingRequest::read(&plain).unwrap();
    let ways = [None, Some("192.0.2.200".parse().unwrap())].map(|local| Path { way: Way::Udp { local }, ..path(1) });
    let mut routes = Vec::new();
    ice.check(now, ways[0], &request, &mut routes, &mut Vec::new());
    let later = now + PATH_LIFETIME + Duration::from_secs(1);
    ice.check(later, ways[1], &request, &mut routes, &mut Vec::new());
    assert_eq!(ice.checked.len(), 1);
    assert_eq!(routes.last(), Some(&Route::Opened(ways[1])));
}

#[test]
fn unanswered_restarts_leave_nothing_behind() {
    let (local, remote) = sides("first");
    let (mut ice, now) = (Ice::new(&local, &remote), Instant::now());
    let mut routes = Vec::new();
    let first = Request::new(&local, &remote).nominating().write();
    for name in ["second", "third"] {
        let (local, remote) = sides(name);
        ice.restart(&local, &remote, &mut routes);
    }
    assert_eq!(routes, [Route::Forgotten("second".to_owned())]);
    assert_eq!(check(&mut ice, now, 1, &first).0, Check::Nominated, "the first hold until the third are used");
    let (local, remote) = sides("third");
    let third = Request::new(&local, &remote).nominating().write();
    let (_, routes) = check(&mut ice, now, 1, &third);
    assert_eq!(routes, [Route::Forgotten("first".to_owned())]);
    assert_eq!(check(&mut ice, now, 1, &first).0, Check::Refused);
    let mut routes = Vec::new();
    ice.forget(&mut routes);
    assert_eq!(routes, [Route::Closed(path(1)), Route::Forgotten("third".to_owned())]);
}
