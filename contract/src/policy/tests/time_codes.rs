//! Time-based codes: secrets, window, replay, types and guessing.

use data_encoding::BASE32;

use super::scenario::*;
use crate::facts::{BroadcastFacts, SubscriberFacts};
use crate::policy::totp::{self, Base32Error, CodeError};
use crate::policy::{Decision, DenyReason, Effect};
use crate::request::{ClientBinding, Operation, Protocol, SecurityMode};
use crate::secret::Secret;
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

const COUNTER: u64 = 28_333_333;

fn derived() -> Policy {
    policy().with(|s| {
        s.time_token_subscriber_only = true;
        s.time_token_secret_for_publish = Some("pubSecret1".into());
        s.time_token_secret_for_play = Some("playSecret".into());
    })
}

#[test]
fn hotp_gives_the_values_of_rfc_4226_appendix_d() {
    let key = Secret::new(b"12345678901234567890".to_vec());
    let expected = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (counter, code) in (0..).zip(expected) {
        assert_eq!(totp::code_at(&key, 1, UnixTime::from_secs(counter)), code);
    }
}

#[test]
fn totp_gives_the_sha_1_values_of_rfc_6238_appendix_b() {
    let key = Secret::new(b"12345678901234567890".to_vec());
    for (seconds, eight_digits) in [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ] {
        assert_eq!(totp::code_at(&key, 30, UnixTime::from_secs(seconds)), eight_digits[2..]);
    }
}

#[test]
fn registered_secrets_give_the_documented_codes() {
    assert_eq!(secret("mysecret").expose(), &[0x66, 0x24, 0x41, 0x44, 0x93]);
    let at = |base32: &str, step: u32, offset: i64| totp::code_at(&secret(base32), step, NOW.plus_secs(offset));
    assert_eq!((at("mysecret", 60, -60), at("mysecret", 60, 0)), (PREVIOUS_CODE.into(), CODE.into()));
    assert_eq!((at("mysecret", 60, 60), at("mysecret", 30, 0)), (NEXT_CODE.into(), "109463".into()));
    let long = "6qsp6qhndryqs56zjmvs37i6gqtjsdvc";
    assert_eq!((at(long, 60, -60), at(long, 60, 0)), ("137869".into(), "216877".into()));
    assert_eq!(at(long, 60, 60), "250202");
}

#[test]
fn derived_secrets_and_codes_are_the_documented_ones() {
    let mut settings = ApplicationSettings {
        time_token_secret_for_publish: Some("pubSecret1".into()),
        time_token_secret_for_play: Some("playSecret".into()),
        ..Default::default()
    };
    let check = |settings: &ApplicationSettings, operation, name: &str, base32: &str, codes: [&str; 3]| {
        let key = totp::derived_secret(settings, operation, &id(name), &stream("stream1")).expect("a secret");
        assert_eq!(BASE32.encode(key.expose()), base32);
        assert_eq!([-60, 0, 60].map(|offset| totp::code_at(&key, 60, NOW.plus_secs(offset))), codes);
        assert_eq!(totp::decode_base32(base32).expect("Base32").expose(), key.expose());
    };
    check(
        &settings,
        Operation::Publish,
        "publisherA",
        "OB2WEU3FMNZGK5BROB2WE3DJONUGK4SBON2HEZLBNUYXA5LCNRUXG2CYLBMFQWCY",
        ["695954", "438910", "237447"],
    );
    let play_secret = "OBWGC6KTMVRXEZLUOBWGC6LFOJBHG5DSMVQW2MLQNRQXSWCYLBMA====";
    check(&settings, Operation::Play, "playerB", play_secret, ["236226", "319287", "591103"]);
    settings.time_token_secret_for_publish = Some("secret".into());
    let unpadded = "ONSWG4TFORZXKYRRON2HEZLBNUYXA5LCNRUXG2A=";
    check(&settings, Operation::Publish, "sub1", unpadded, ["129842", "645454", "321481"]);
}

#[test]
fn the_padding_counts_as_external_generators_do() {
    let settings = ApplicationSettings { time_token_secret_for_play: Some("s".into()), ..Default::default() };
    // One character of two UTF-16 units and four bytes: s + 2 + stream1 + play = 14 units, padded to 16.
    let key = totp::derived_secret(&settings, Operation::Play, &id("😀"), &stream("stream1")).expect("a secret");
    assert_eq!(key.expose(), "s😀stream1playXX".as_bytes());
    for blank in [None, Some("".into()), Some("  ".into())] {
        let settings = ApplicationSettings { time_token_secret_for_play: blank, ..Default::default() };
        assert_eq!(totp::derived_secret(&settings, Operation::Play, &id("sub1"), &stream("s")), None);
    }
}

#[test]
fn base32_secrets_follow_the_rules() {
    for good in ["mysecret", "MYSECRET", "MySecret", "ONSWG4TFORZXKYRRON2HEZLBNUYXA5LCNRUXG2A=", "me======", "mzxw6==="]
    {
        assert!(totp::decode_base32(good).is_ok(), "{good}");
    }
    for (bad, error) in [
        ("", Base32Error::Empty),
        ("SecretKey", Base32Error::Length),
        ("mysecre", Base32Error::Length),
        ("mysecre1", Base32Error::Character),
        ("mysecre8", Base32Error::Character),
        ("mysec et", Base32Error::Character),
        ("mysecret\n", Base32Error::Character),
        ("mysecräa", Base32Error::Character),
        ("========", Base32Error::Ending),
        ("mysecr==", Base32Error::Ending),
        ("mysed===", Base32Error::Ending),
        ("mf======", Base32Error::Ending),
        ("me======me======", Base32Error::Ending),
    ] {
        assert_eq!(totp::decode_base32(bad).err(), Some(error), "{bad}");
    }
}

#[test]
fn a_code_lives_a_whole_period_and_five_seconds_of_a_fast_clock() {
    let policy = policy().with_totp(Some(Operation::Publish));
    // The step of NOW began 20 seconds ago.
    let begin = NOW.plus_secs(-20);
    let with = |code: &str, at: UnixTime| decide(&policy, &publish("stream1").by("alice").code(code), at);
    for at in [begin.plus_millis(-5_000), begin, NOW, begin.plus_millis(119_999)] {
        allowed(with(CODE, at));
    }
    for at in [begin.plus_millis(-5_001), begin.plus_millis(120_000)] {
        assert_eq!(denied(with(CODE, at)), DenyReason::CodeInvalid);
    }
    allowed(with(PREVIOUS_CODE, NOW));
    assert_eq!(denied(with(NEXT_CODE, NOW)), DenyReason::CodeInvalid);
    allowed(with(NEXT_CODE, begin.plus_millis(55_000)));
}

#[test]
fn codes_come_with_blanks_and_as_numbers() {
    let policy = policy().with_totp(None);
    allowed(decide(&policy, &play("stream1").by("alice").code(" 806136 "), NOW));
    let key = secret("mysecret");
    let at = (0..).map(|n| NOW.plus_secs(n * 60)).find(|at| totp::code_at(&key, 60, *at).starts_with('0'));
    let at = at.expect("one code in ten begins with a zero");
    let code = totp::code_at(&key, 60, at);
    allowed(decide(&policy, &play("stream1").by("alice").code(code.trim_start_matches('0')), at));
    for wrong in ["8061360", "0806136", "+06136", "80 136", "８０６１３６", "-1", "", "806136\u{0}"] {
        let decision = decide(&policy, &play("stream1").by("alice").code(wrong), NOW);
        assert_eq!(denied(decision), DenyReason::CodeInvalid, "{wrong:?}");
    }
}

#[test]
fn a_wrong_code_is_counted_and_a_missing_one_is_not() {
    let policy = policy().with_totp(Some(Operation::Publish));
    let deny = |reason, effects| Decision::Deny { reason, effects };
    let wrong = decide(&policy, &publish("stream1").by("alice").code("000000"), NOW);
    assert_eq!(wrong, deny(DenyReason::CodeInvalid, vec![Effect::CountFailure]));
    for request in [publish("stream1"), publish("stream1").by("alice"), publish("stream1").code(CODE)] {
        assert_eq!(decide(&policy, &request, NOW), deny(DenyReason::CodeMissing, vec![]));
    }
}

#[test]
fn the_type_of_a_record_says_what_it_may_do() {
    let ask = |operation| match operation {
        Operation::Publish => publish("stream1").by("alice").code(CODE),
        Operation::Play => play("stream1").by("alice").code(CODE),
    };
    for (record_type, operation, may) in [
        (Some(Operation::Publish), Operation::Publish, true),
        (Some(Operation::Publish), Operation::Play, true),
        (Some(Operation::Play), Operation::Publish, false),
        (Some(Operation::Play), Operation::Play, true),
        (None, Operation::Publish, false),
        (None, Operation::Play, true),
    ] {
        let decision = decide(&policy().with_totp(record_type), &ask(operation), NOW);
        if may {
            assert_eq!(allowed(decision).0.admitted_by, [SecurityMode::Totp]);
        } else {
            assert_eq!(denied(decision), DenyReason::SubscriberTypeMismatch);
        }
    }
}

#[test]
fn the_record_s_own_period_counts_with_its_own_secret_only() {
    let mut own = policy().with_totp(None);
    own.facts.subscriber.as_mut().expect("a record").totp_period_seconds = 30;
    allowed(decide(&own, &play("stream1").by("alice").code("109463"), NOW));
    own.facts.subscriber.as_mut().expect("a record").totp_period_seconds = 0;
    allowed(decide(&own, &play("stream1").by("alice").code(CODE), NOW));
    let secretless =
        SubscriberFacts { secret: None, operation: None, totp_period_seconds: 30, concurrent_connections_limit: 1 };
    let policy = derived().with_subscriber(secretless);
    allowed(decide(&policy, &publish("stream1").by("publisherA").code("438910"), NOW));
}

#[test]
fn derived_codes_admit_the_unregistered_unless_everybody_must_be_registered() {
    let request = publish("stream1").by("publisherA").code("438910");
    allowed(decide(&derived(), &request, NOW));
    for other in [publish("stream2").by("publisherA"), publish("stream1").by("publisherB")] {
        assert_eq!(denied(decide(&derived(), &other.code("438910"), NOW)), DenyReason::CodeInvalid);
    }
    let strict = derived().with(|s| s.accept_only_streams_in_data_store = true);
    let registered_stream = strict.with_broadcast(BroadcastFacts::default());
    assert_eq!(denied(decide(&registered_stream, &request, NOW)), DenyReason::SubscriberUnknown);
    let secretless =
        SubscriberFacts { secret: None, operation: None, totp_period_seconds: 60, concurrent_connections_limit: 1 };
    let mut both = registered_stream.with_subscriber(secretless);
    allowed(decide(&both, &request, NOW));
    // A registered subscriber plays a stream that is not, but not with a derived code.
    both.facts.broadcast = None;
    let player = play("stream1").by("playerB").code("319287");
    assert_eq!(denied(decide(&both, &player, NOW)), DenyReason::SubscriberUnknown);
    both.facts.subscriber = Some(record(None));
    allowed(decide(&both, &play("stream1").by("playerB").code(CODE), NOW));
}

#[test]
fn a_publisher_s_derived_code_may_play_and_not_the_other_way_round() {
    let settings = ApplicationSettings {
        time_token_secret_for_publish: Some("pubSecret1".into()),
        time_token_secret_for_play: Some("playSecret".into()),
        ..Default::default()
    };
    let code = |operation| {
        totp::generated_code(&settings, None, &id("alice"), &stream("stream1"), Some(operation), NOW).expect("a code")
    };
    allowed(decide(&derived(), &play("stream1").by("alice").code(&code(Operation::Publish)), NOW));
    let play_code = code(Operation::Play);
    allowed(decide(&derived(), &play("stream1").by("alice").code(&play_code), NOW));
    let publishing = publish("stream1").by("alice").code(&play_code);
    assert_eq!(denied(decide(&derived(), &publishing, NOW)), DenyReason::CodeInvalid);
}

#[test]
fn without_a_secret_for_the_side_nothing_is_derived() {
    let policy = derived().with(|s| s.time_token_secret_for_publish = Some(" ".into()));
    let request = publish("stream1").by("publisherA").code("438910");
    let reason = DenyReason::SecretNotConfigured { mode: SecurityMode::Totp };
    assert_eq!(denied(decide(&policy, &request, NOW)), reason);
    allowed(decide(&policy, &play("stream1").by("playerB").code("319287"), NOW));
}

#[test]
fn the_code_generator_gives_what_the_gate_takes() {
    let settings = ApplicationSettings::default();
    let generate = |record: Option<&SubscriberFacts>, operation| {
        totp::generated_code(&settings, record, &id("alice"), &stream("stream1"), operation, NOW)
    };
    let with_secret = record(None);
    for operation in [None, Some(Operation::Publish), Some(Operation::Play)] {
        assert_eq!(generate(Some(&with_secret), operation).as_deref(), Ok(CODE));
    }
    assert_eq!(generate(None, None), Err(CodeError::OperationMissing));
    let missing = CodeError::SecretNotConfigured(Operation::Play);
    assert_eq!(generate(None, Some(Operation::Play)), Err(missing));
}

#[test]
fn a_used_code_admits_its_own_client_again_and_nobody_else() {
    let mut policy = policy().with_totp(Some(Operation::Publish));
    let request = publish("stream1").by("alice").code(CODE);
    let decision = decide(&policy, &request, NOW);
    let mark = Effect::MarkTotpStep { counter: COUNTER, client: client("10.0.0.1") };
    assert!(allowed(decision.clone()).1.contains(&mark));
    policy.apply(&request.request, &decision);

    assert!(!allowed(decide(&policy, &request, NOW)).1.contains(&mark), "one mark is enough");
    let copied = request.clone().from("10.0.0.2");
    assert_eq!(denied(decide(&policy, &copied, NOW)), DenyReason::CodeReplayed);
    // The other operation has marks of its own.
    allowed(decide(&policy, &play("stream1").by("alice").code(CODE).from("10.0.0.2"), NOW));
    let lenient = policy.with(|s| s.time_token_replay_protection = false);
    allowed(decide(&lenient, &copied, NOW));
}

#[test]
fn a_page_that_is_loaded_again_shows_its_code_again() {
    let mut policy = policy().with_totp(Some(Operation::Publish));
    let from_socket = |name: &str| {
        let mut ask = publish("stream1").by("alice").code(CODE);
        (ask.request.protocol, ask.request.client) = (Protocol::WebRtc, ClientBinding::new(name));
        ask
    };
    let first = from_socket("ws-1");
    let decision = decide(&policy, &first, NOW);
    policy.apply(&first.request, &decision);
    allowed(decide(&policy, &from_socket("ws-2"), NOW));
    let mut copied = from_socket("ws-3");
    copied.request.peer.address = "10.0.0.2".parse().unwrap();
    assert_eq!(denied(decide(&policy, &copied, NOW)), DenyReason::CodeReplayed);
}

#[test]
fn a_page_that_goes_on_over_another_protocol_shows_its_code_again() {
    let over = |protocol, address: &str, agent: &str| {
        let mut ask = play("stream1").by("alice").code(CODE).over(protocol).from(address);
        ask.request.peer.user_agent = Some(agent.to_owned());
        ask.request.client = match protocol {
            Protocol::WebRtc => ClientBinding::new("ws-1"),
            _ => ClientBinding::of_peer(protocol, &ask.request.peer),
        };
        ask
    };
    for (first, second) in [(Protocol::WebRtc, Protocol::Hls), (Protocol::Dash, Protocol::WebRtc)] {
        let mut policy = policy().with_totp(Some(Operation::Play)).live_since(NOW, None);
        let ask = over(first, "10.0.0.1", "Firefox");
        let decision = decide(&policy, &ask, NOW);
        policy.apply(&ask.request, &decision);
        allowed(decide(&policy, &over(second, "10.0.0.1", "Firefox"), NOW));
        for stranger in [over(second, "10.0.0.2", "Firefox"), over(second, "10.0.0.1", "curl")] {
            assert_eq!(denied(decide(&policy, &stranger, NOW)), DenyReason::CodeReplayed);
        }
    }
}

#[test]
fn an_older_code_does_not_come_back_behind_a_newer_one() {
    let policy = policy().with_totp(None).with_mark(Operation::Play, COUNTER, "10.0.0.1");
    let older = play("stream1").by("alice").code(PREVIOUS_CODE);
    assert_eq!(denied(decide(&policy, &older.clone().from("10.0.0.2"), NOW)), DenyReason::CodeReplayed);
    allowed(decide(&policy, &older.clone(), NOW));
    // Somebody else's newer code does not push out the one that a client used before.
    let both = policy.with_mark(Operation::Play, COUNTER - 1, "10.0.0.2");
    allowed(decide(&both, &older.from("10.0.0.2"), NOW));
}

#[test]
fn a_guesser_is_paused_longer_and_longer() {
    let last = NOW.plus_secs(-30);
    let after = |failures: u32| {
        let mut policy = policy().with_totp(Some(Operation::Publish));
        policy.facts.guessing.own_failures = failures;
        policy.facts.guessing.own_last_failure = Some(last);
        decide(&policy, &publish("stream1").by("alice").code(CODE), NOW)
    };
    allowed(after(4));
    for (failures, minutes) in [(5, 1), (6, 2), (7, 4), (8, 8), (9, 16), (10, 32), (11, 60), (12, 60), (u32::MAX, 60)] {
        let until = last.plus_secs(minutes * 60);
        assert_eq!(denied(after(failures)), DenyReason::TooManyGuesses { until });
    }
}

#[test]
fn a_pause_ends() {
    let mut policy = policy().with_totp(Some(Operation::Publish));
    policy.facts.guessing.own_failures = 5;
    policy.facts.guessing.own_last_failure = Some(NOW.plus_secs(-60));
    allowed(decide(&policy, &publish("stream1").by("alice").code(CODE), NOW));
    policy.facts.guessing.own_last_failure = None;
    let unknown = decide(&policy, &publish("stream1").by("alice").code(CODE), NOW);
    assert_eq!(denied(unknown), DenyReason::TooManyGuesses { until: NOW.plus_secs(60) });
}

#[test]
fn a_paused_guesser_learns_nothing_of_its_code() {
    let mut policy = policy().with_totp(Some(Operation::Publish));
    policy.facts.guessing.own_failures = 5;
    policy.facts.guessing.own_last_failure = Some(NOW);
    let right = decide(&policy, &publish("stream1").by("alice").code(CODE), NOW);
    let wrong = decide(&policy, &publish("stream1").by("alice").code("000000"), NOW);
    assert_eq!(right, wrong);
}

#[test]
fn a_stranger_cannot_lock_a_subscriber_out_of_its_own_address() {
    let mut policy = policy().with_totp(Some(Operation::Publish));
    let request = publish("stream1").by("alice").code(CODE);
    policy.facts.guessing.all_failures = 19;
    policy.facts.guessing.all_last_failure = Some(NOW);
    allowed(decide(&policy, &request, NOW));
    policy.facts.guessing.all_failures = 20;
    let until = NOW.plus_secs(60);
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::TooManyGuesses { until });
    policy.facts.guessing.address_is_known = true;
    allowed(decide(&policy, &request, NOW));
    policy.facts.guessing.own_failures = 5;
    policy.facts.guessing.own_last_failure = Some(NOW);
    assert_eq!(denied(decide(&policy, &request, NOW)), DenyReason::TooManyGuesses { until });
}
