//! How many decisions and tickets one core makes in a second: `cargo bench -p sluice-contract`.
//!
//! One line per case. Every figure includes reading the request's names and, for a yes, building the grant; loading the
//! facts is the caller's and is not in it, except that the blocks case looks the subscriber's blocks up among 100 000.

#![expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sluice_contract::facts::{ApplicationFacts, BroadcastFacts, SubscriberFacts, TotpMark};
use sluice_contract::policy::{Decision, decide, explain, hash, jwt, totp};
use sluice_contract::{
    ApplicationSettings, Block, ClientBinding, Credentials, Facts, Intent, Operation, Peer, Protocol, RequestId,
    Secret, SessionId, StreamId, StreamRequest, SubscriberId, Ticket, TicketKey, TicketKeys, UnixTime, WorkerId,
};
use uuid::Uuid;

const NOW: UnixTime = UnixTime::from_secs(1_700_000_000);
const STREAM: &str = "stream1";
const SUBSCRIBER: &str = "playerB";
const SECRET: &str = "zautXStXM9iW3aD3FuyPH0TdK4GHPmHq";
const BLOCKS: usize = 100_000;

fn main() {
    open_stream();
    time_based_code();
    derived_code();
    wrong_code();
    hash_token();
    json_web_token();
    blocks_elsewhere();
    explanation();
    tickets();
}

fn open_stream() {
    let (facts, request) = (facts(|_| {}), request(""));
    measure("decide, open stream", || assert_allowed(&facts, &request));
}

fn time_based_code() {
    let mut facts = facts(|s| s.enable_time_token_for_play = true);
    let key = totp::decode_base32("mysecret").expect("Base32");
    let request = request(&format!("subscriberId={SUBSCRIBER}&subscriberCode={}", totp::code_at(&key, 60, NOW)));
    facts.subscriber = Some(SubscriberFacts {
        secret: Some(key),
        operation: Some(Operation::Play),
        totp_period_seconds: 60,
        concurrent_connections_limit: 1,
    });
    let counter = u64::try_from(NOW.as_secs()).expect("after 1970") / 60;
    facts.totp_marks = vec![TotpMark { operation: Operation::Play, counter, client: request.client.clone() }];
    measure("decide, TOTP, registered secret", || assert_allowed(&facts, &request));
}

fn derived_code() {
    let facts = facts(|s| {
        s.enable_time_token_for_play = true;
        s.time_token_secret_for_play = Some("playSecret".into());
    });
    let code = code(&facts, Operation::Play);
    let request = request(&format!("subscriberId={SUBSCRIBER}&subscriberCode={code}"));
    measure("decide, TOTP, derived secret", || assert_allowed(&facts, &request));
}

/// The dearest refusal: both derived secrets and every step of the window are tried.
fn wrong_code() {
    let facts = facts(|s| {
        s.enable_time_token_for_play = true;
        s.time_token_secret_for_play = Some("playSecret".into());
        s.time_token_secret_for_publish = Some("pubSecret1".into());
    });
    let request = request(&format!("subscriberId={SUBSCRIBER}&subscriberCode=000000"));
    measure("decide, TOTP, wrong code", || assert!(matches!(decide_once(&facts, &request), Decision::Deny { .. })));
}

fn hash_token() {
    let facts = facts(|s| {
        s.hash_control_play_enabled = true;
        s.token_hash_secret = SECRET.into();
    });
    let token = hash::token(&stream(), Operation::Play, &SECRET.into());
    let request = request(&format!("token={}", token.expose()));
    measure("decide, hash", || assert_allowed(&facts, &request));
}

fn json_web_token() {
    let facts = facts(|s| {
        s.play_jwt_control_enabled = true;
        s.jwt_stream_secret_key = SECRET.into();
    });
    let token = jwt::sign(&stream(), Operation::Play, NOW.plus_secs(3_600), None, &SECRET.into()).expect("a JWT");
    let request = request(&format!("token={}", token.expose()));
    measure("decide, JWT", || assert_allowed(&facts, &request));
}

fn blocks_elsewhere() {
    let mut facts = facts(|_| {});
    let request = request(&format!("subscriberId={SUBSCRIBER}"));
    let application = facts.application.as_ref().expect("an application").name.clone();
    let mut blocks = HashMap::new();
    for number in 0..BLOCKS {
        let subscriber: SubscriberId = format!("subscriber{number}").parse().expect("a subscriber id");
        let block = Block {
            application: application.clone(),
            stream_id: stream(),
            subscriber: subscriber.clone(),
            operation: Operation::Play,
            until: NOW.plus_secs(60),
        };
        blocks.insert((application.clone(), stream(), subscriber), vec![block]);
    }
    measure("decide, open stream, 100 000 blocks elsewhere", || {
        let subscriber = request.credentials.subscriber_id.as_deref().and_then(|id| id.parse::<SubscriberId>().ok());
        let key = (application.clone(), stream(), subscriber.expect("a subscriber id"));
        facts.blocks = blocks.get(black_box(&key)).cloned().unwrap_or_default();
        assert_allowed(&facts, &request);
    });
}

fn explanation() {
    let (facts, request) = (facts(|_| {}), request(""));
    measure("explain, open stream", || {
        black_box(explain(black_box(&facts), black_box(&request), black_box(NOW)));
    });
}

fn tickets() {
    let keys = TicketKeys::new(&[TicketKey { id: 1, secret: Secret::new(vec![7; 32]) }]).expect("a key");
    let application = facts(|_| {}).application.expect("an application").name;
    let ticket = Ticket {
        session: SessionId::new(Uuid::from_u128(3)),
        until: NOW.plus_secs(86_400),
        subscriber: Some(SUBSCRIBER.parse().expect("a subscriber id")),
        main_track: None,
    };
    let stream_id = stream();
    measure("ticket, sign", || {
        black_box(keys.sign(black_box(&application), &stream_id, black_box(&ticket)));
    });
    let text = keys.sign(&application, &stream_id, &ticket);
    measure("ticket, verify", || {
        assert!(keys.verify(black_box(&application), &stream_id, black_box(&text), black_box(NOW)).is_ok());
    });
    let forged = text.replacen(|_: char| true, "A", 30);
    measure("ticket, verify a forged one", || {
        assert!(keys.verify(black_box(&application), &stream_id, black_box(&forged), black_box(NOW)).is_err());
    });
}

fn assert_allowed(facts: &Facts, request: &StreamRequest) {
    assert!(matches!(decide_once(facts, request), Decision::Allow { .. }));
}

fn decide_once(facts: &Facts, request: &StreamRequest) -> Decision {
    decide(black_box(facts), black_box(request), black_box(NOW))
}

fn facts(change: impl FnOnce(&mut ApplicationSettings)) -> Facts {
    let mut settings = ApplicationSettings::default();
    change(&mut settings);
    let application = ApplicationFacts { name: "LiveApp".parse().expect("a name"), settings: Arc::new(settings) };
    Facts { application: Some(application), broadcast: Some(BroadcastFacts::default()), ..Facts::default() }
}

fn request(query: &str) -> StreamRequest {
    let peer =
        Peer::new([192, 0, 2, 7].into(), Some("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101".into()));
    StreamRequest {
        id: RequestId::new(Uuid::from_u128(1)),
        session: SessionId::new(Uuid::from_u128(2)),
        worker: WorkerId::new(Uuid::from_u128(3)),
        application: "LiveApp".to_owned(),
        stream_id: STREAM.to_owned(),
        operation: Operation::Play,
        protocol: Protocol::Hls,
        credentials: Credentials::from_query(query),
        client: ClientBinding::of_peer(Protocol::Hls, &peer),
        peer,
        intent: Intent::Start,
        publish_mode: None,
    }
}

fn stream() -> StreamId {
    STREAM.parse().expect("a stream id")
}

fn code(facts: &Facts, operation: Operation) -> String {
    let settings = &facts.application.as_ref().expect("an application").settings;
    let subscriber = SUBSCRIBER.parse().expect("a subscriber id");
    totp::generated_code(settings, None, &subscriber, &stream(), Some(operation), NOW).expect("a code")
}

/// Runs `work` for about a second on this thread, after a short warm-up, and prints the rate of the best of five
/// rounds: what disturbs a round can only make it slower.
fn measure(name: &str, mut work: impl FnMut()) {
    const ROUND: Duration = Duration::from_millis(200);
    const BATCH: u32 = 256;
    let mut round = |length: Duration| {
        let begin = Instant::now();
        let mut runs = 0_u32;
        loop {
            for _ in 0..BATCH {
                work();
            }
            runs += BATCH;
            let elapsed = begin.elapsed();
            if elapsed >= length {
                return elapsed.as_secs_f64() / f64::from(runs);
            }
        }
    };
    round(ROUND / 4);
    let seconds = (0..5).map(|_| round(ROUND)).fold(f64::INFINITY, f64::min);
    println!("{name:<48} {:>12.0} a second {:>9.0} ns", 1.0 / seconds, seconds * 1e9);
}
