//! Guessing codes: what an attacker gets out of it, and what it does to others.

use std::net::IpAddr;

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Face, Live, Operation, Rtmp, Said, Server, Setup, code, decisions, eventually, within_step};

const SECRET: &str = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Most codes of one subscriber that strangers may have looked at within an hour.
const FEW: usize = 30;

async fn codes_only(server: &Server) -> (Setup, Live) {
    let setup = Setup::create(server, Face::Rest, "Guess").await;
    let live = Live::publish(server.rtmp, HERE, "Guess", "s").await.expect("an open application");
    server.live("Guess", "s").await;
    setup.settings(json!({"enableTimeTokenForPublish": true, "enableTimeTokenForPlay": true})).await;
    setup.subscriber("s", "victim", Some(SECRET), Some(Operation::Publish)).await;
    (setup, live)
}

fn path(code: &str) -> String {
    format!("/Guess/streams/s.m3u8?subscriberId=victim&subscriberCode={code}")
}

/// Codes that are wrong now and for the next minutes, each another.
fn wrong_codes(count: usize) -> Vec<String> {
    let right: Vec<_> = (-2..5).map(|step| code(SECRET, 60, step)).collect();
    (100_000..).map(|number| format!("{number}")).filter(|code| !right.contains(code)).take(count).collect()
}

fn stranger(index: usize) -> IpAddr {
    let [.., high, low] = index.to_be_bytes();
    IpAddr::from([127, 13, high, low])
}

/// How many tries from strangers were looked at, and how many were refused unseen, once `tries` are in the audit.
async fn looked_at(server: &Server, tries: usize) -> (usize, usize) {
    let rest = server.rest();
    eventually("the audit", || async {
        let found = decisions(&rest, "Guess").await;
        let codes: Vec<_> =
            found.iter().filter(|(from, _)| from.starts_with("127.13.")).flat_map(|(_, codes)| codes).collect();
        let of = |code: &str| codes.iter().filter(|found| **found == code).count();
        (codes.len() == tries).then(|| (of("code-invalid"), of("too-many-guesses")))
    })
    .await
}

#[tokio::test]
async fn an_attacker_at_one_address_has_few_codes_looked_at_and_keeps_nobody_out() {
    let server = Server::start().await;
    let (_setup, _live) = codes_only(&server).await;
    within_step(60, 20).await;
    let attacker = server.rest_from(stranger(1));
    for code in wrong_codes(120) {
        assert_eq!(attacker.status(&path(&code)).await, 403);
    }
    // On another protocol it is the same attacker.
    let mut encoder = Rtmp::connect(server.rtmp, stranger(1), "Guess").await.unwrap();
    assert!(matches!(encoder.publish("s2?subscriberId=victim&subscriberCode=123456").await, Said::No(_)));
    let (evaluated, unseen) = looked_at(&server, 121).await;
    assert!(evaluated < FEW && evaluated + unseen >= 120, "{evaluated} looked at, {unseen} not");
    assert_eq!(attacker.status(&path(&code(SECRET, 60, 0))).await, 403, "not even the right one, in its pause");
    let victim = server.rest_from([127, 14, 0, 1].into());
    assert_eq!(victim.status(&path(&code(SECRET, 60, 0))).await, 200, "the subscriber, from elsewhere");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attacker_at_many_addresses_gets_no_further() {
    let server = Server::start().await;
    let (_setup, _live) = codes_only(&server).await;
    within_step(60, 20).await;
    let victim = server.rest_from([127, 14, 0, 1].into());
    assert_eq!(victim.status(&path(&code(SECRET, 60, 0))).await, 200, "the subscriber's own address is known");
    // All at once: nobody is looked at because somebody else's failure is not counted yet.
    let guesses = wrong_codes(300);
    let statuses = join_all(guesses.iter().enumerate().map(|(index, code)| {
        let attacker = server.rest_from(stranger(index));
        async move { attacker.status(&path(code)).await }
    }))
    .await;
    assert!(statuses.iter().all(|status| *status == 403));
    let (evaluated, unseen) = looked_at(&server, 300).await;
    assert!(evaluated < FEW && evaluated + unseen == 300, "{evaluated} looked at, {unseen} not");
    assert_eq!(server.rest_from(stranger(999)).status(&path(&code(SECRET, 60, 0))).await, 403, "a new address waits");
    within_step(60, 5).await;
    assert_eq!(victim.status(&path(&code(SECRET, 60, 0))).await, 200, "the subscriber does not");
}

#[tokio::test]
async fn a_player_that_repeats_one_stale_code_locks_nobody_out() {
    let server = Server::start().await;
    let (_setup, _live) = codes_only(&server).await;
    within_step(60, 20).await;
    let player = server.rest_from([127, 14, 0, 2].into());
    let stale = path(&code(SECRET, 60, -3));
    // An hour of one try every three and a half seconds.
    for _ in 0..1_030 {
        assert_eq!(player.status(&stale).await, 403);
    }
    assert_eq!(player.status(&path(&code(SECRET, 60, 0))).await, 200, "with a fresh code it plays");
    let encoder = [127, 14, 0, 3].into();
    for _ in 0..30 {
        let mut peer = Rtmp::connect(server.rtmp, encoder, "Guess").await.unwrap();
        let stale = format!("p?subscriberId=victim&subscriberCode={}", code(SECRET, 60, -3));
        assert!(matches!(peer.publish(&stale).await, Said::No(_)));
    }
}
