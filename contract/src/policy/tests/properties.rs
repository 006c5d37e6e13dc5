//! What holds for every request, however strange.

use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::scenario::*;
use crate::facts::{GuessFacts, TokenState, WebhookFact};
use crate::policy::cidr::CidrList;
use crate::policy::{self, Decision, Effect, Outcome, Verdict, explain, totp};
use crate::request::{Intent, Operation, Protocol};
use crate::secret::Secret;
use crate::settings::ApplicationSettings;
use crate::time::UnixTime;

fn operations() -> impl Strategy<Value = Operation> {
    prop_oneof![Just(Operation::Publish), Just(Operation::Play)]
}

fn texts() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        Just(None),
        Just(Some("stream1".to_owned())),
        Just(Some("alice".to_owned())),
        Just(Some(CODE.to_owned())),
        Just(Some("f980129315cb9ed4f02b615dc089eb10f9ada6a13228f28c875fcf4969eb2077".to_owned())),
        "[0-9]{0,8}".prop_map(Some),
        any::<String>().prop_map(Some),
        "[A-Za-z0-9_-]{0,20}\\.[A-Za-z0-9_-]{0,20}\\.[A-Za-z0-9_-]{0,20}".prop_map(Some),
    ]
}

prop_compose! {
    fn asks()(
        operation in operations(),
        protocol in prop::sample::select(&Protocol::ALL[..]),
        stream_id in texts(),
        token in texts(),
        subscriber in texts(),
        code in texts(),
        room in texts(),
        address in any::<IpAddr>(),
        probing in any::<bool>(),
    ) -> Ask {
        let mut ask = if operation == Operation::Publish { publish("stream1") } else { play("stream1") };
        ask = ask.over(protocol);
        if let Some(stream_id) = stream_id { ask.request.stream_id = stream_id; }
        let credentials = &mut ask.request.credentials;
        credentials.token = token.map(Secret::new);
        credentials.subscriber_id = subscriber;
        credentials.subscriber_code = code.map(Secret::new);
        credentials.room_id = room;
        ask.request.peer.address = address;
        ask.request.intent = if probing { Intent::Probe } else { Intent::Start };
        ask
    }
}

prop_compose! {
    fn settings()(
        switches in any::<[bool; 14]>(),
        numbers in any::<(u32, i64, i64, u32)>(),
        cidr in prop_oneof![Just(String::new()), Just("10.0.0.0/8".to_owned()), any::<String>()],
        secret in prop_oneof![Just(String::new()), Just("this_is_secret".to_owned()), any::<String>()],
    ) -> ApplicationSettings {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = switches;
        ApplicationSettings {
            accept_only_streams_in_data_store: a,
            publish_token_control_enabled: b,
            play_token_control_enabled: c,
            hash_control_publish_enabled: d,
            hash_control_play_enabled: e,
            publish_jwt_control_enabled: f,
            play_jwt_control_enabled: g,
            enable_time_token_for_publish: h,
            enable_time_token_for_play: i,
            time_token_replay_protection: j,
            jwt_require_scope: k,
            allow_publish_takeover: l,
            rtmp_playback_enabled: m,
            webhook_authenticate_url: if n { "https://example.org".into() } else { String::new() },
            time_token_period: numbers.0,
            ingesting_stream_limit: numbers.1,
            web_rtc_viewer_limit: numbers.2,
            ticket_max_life_seconds: numbers.3,
            allowed_publisher_cidr: cidr,
            token_hash_secret: Secret::new(secret.clone()),
            jwt_stream_secret_key: Secret::new(secret.clone()),
            time_token_secret_for_publish: Some(Secret::new(secret)),
            ..Default::default()
        }
    }
}

prop_compose! {
    fn policies()(
        settings in settings(),
        known in any::<(bool, bool, bool, bool)>(),
        webhook in prop::sample::select(vec![WebhookFact::NotAsked, WebhookFact::Allowed, WebhookFact::Refused]),
        guesses in any::<(u8, u8, bool)>(),
        token_state in prop::sample::select(vec![
            TokenState::Unused,
            TokenState::Spent,
            TokenState::Reserved { client: client("10.0.0.2"), until: NOW.plus_secs(5) },
        ]),
        blocked in any::<bool>(),
    ) -> Policy {
        let mut policy = policy().with(|s| *s = settings);
        let (subscriber, token, live, session) = known;
        if subscriber { policy = policy.with_subscriber(record(Some(Operation::Publish))); }
        if token {
            let mut token = one_time(Operation::Publish);
            token.state = token_state;
            policy = policy.with_token(token);
        }
        if live { policy = policy.live_since(NOW.plus_secs(-19), Some("alice")); }
        if session { policy = policy.with_session(5, Operation::Publish, "10.0.0.1", true); }
        if blocked { policy = policy.with_block("alice", Operation::Play, NOW.plus_secs(1)); }
        policy.facts.webhook = webhook;
        policy.facts.guessing = GuessFacts {
            own_failures: guesses.0.into(),
            own_last_failure: Some(NOW),
            all_failures: guesses.1.into(),
            all_last_failure: None,
            address_is_known: guesses.2,
        };
        policy
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_request_gets_an_answer_and_a_refusal_spends_nothing(
        policy in policies(), ask in asks(), millis in any::<i64>()
    ) {
        for now in [NOW, UnixTime::from_millis(millis)] {
            if let Decision::Deny { effects, .. } = decide(&policy, &ask, now) {
                prop_assert!(effects.iter().all(|effect| *effect == Effect::CountFailure));
            }
        }
    }

    #[test]
    fn an_explanation_agrees_with_the_decision(policy in policies(), ask in asks()) {
        let explanation = explain(&policy.facts, &ask.request, NOW);
        let refusals: Vec<_> = explanation.steps.iter().filter_map(|step| match &step.verdict {
            Verdict::Refused(reason) => Some(reason.clone()),
            Verdict::NoObjection | Verdict::NotReached => None,
        }).collect();
        match decide(&policy, &ask, NOW) {
            Decision::Allow { effects, ask_webhook, .. } => {
                prop_assert_eq!(explanation.outcome, Outcome::Allowed);
                prop_assert_eq!(explanation.reason, None);
                prop_assert_eq!(explanation.would_spend, effects);
                prop_assert_eq!(explanation.asks_webhook, ask_webhook.is_some());
                prop_assert_eq!(refusals, vec![]);
            }
            Decision::Deny { reason, .. } => {
                prop_assert_eq!(explanation.outcome, Outcome::Denied);
                prop_assert_eq!(refusals, vec![reason.clone()]);
                prop_assert_eq!(explanation.reason, Some(reason));
                prop_assert_eq!(explanation.would_spend, vec![]);
            }
        }
    }

    #[test]
    fn a_blocked_subscriber_is_never_allowed(
        policy in policies(), ask in asks(), subscriber in "[a-z@. ]{1,12}", seconds in 1_i64..1_000_000
    ) {
        prop_assume!(!subscriber.trim().is_empty());
        let operation = ask.request.operation;
        let policy = policy.with_block(subscriber.trim(), operation, NOW.plus_secs(seconds));
        let is_allowed = matches!(decide(&policy, &ask.by(&subscriber), NOW), Decision::Allow { .. });
        prop_assert!(!is_allowed);
    }

    #[test]
    fn a_code_outside_its_window_never_passes(
        period in 10_u32..100_000, seconds in 0_i64..4_000_000_000, steps in -50_i64..50, within_ms in 0_i64..10_000
    ) {
        let made_at = UnixTime::from_secs(seconds);
        let shown_at = made_at.plus_millis(steps * i64::from(period) * 1_000 + within_ms);
        let step_ms = i64::from(period) * 1_000;
        let made_in = made_at.as_millis() / step_ms;
        let now_in = shown_at.as_millis().max(0) / step_ms;
        let soon = shown_at.plus_secs(5).as_millis().max(0) / step_ms;
        let is_in_window = made_in == now_in || made_in == now_in - 1 || made_in == soon;

        let key = Secret::new(b"12345678901234567890".to_vec());
        let code = totp::code_at(&key, period, made_at);
        // One wrong code in 300 000 is right by chance.
        let by_chance = [-period.cast_signed(), 0, 5].iter().any(|offset| {
            totp::code_at(&key, period, shown_at.plus_secs(i64::from(*offset))) == code
        });
        prop_assume!(is_in_window || !by_chance);

        let mut record = record(Some(Operation::Publish));
        record.secret = Some(key);
        record.totp_period_seconds = period;
        let policy = policy().with(|s| s.enable_time_token_for_publish = true).with_subscriber(record);
        let decision = decide(&policy, &publish("stream1").by("alice").code(&code), shown_at);
        prop_assert_eq!(matches!(decision, Decision::Allow { .. }), is_in_window);
    }

    #[test]
    fn a_mapped_address_is_its_ipv4_address(network in any::<[u8; 4]>(), prefix in 0_u8..=32, address in any::<[u8; 4]>()) {
        let network = Ipv4Addr::from(network);
        let address = Ipv4Addr::from(address);
        let mapped_network = CidrList::parse(&format!("::ffff:{network}/{}", 96 + prefix));
        let plain = CidrList::parse(&format!("{network}/{prefix}"));
        let expected = plain.allows(address.into());
        prop_assert_eq!(plain.allows(address.to_ipv6_mapped().into()), expected);
        prop_assert_eq!(mapped_network.allows(address.into()), expected);
        prop_assert_eq!(mapped_network.allows(address.to_ipv6_mapped().into()), expected);
    }

    #[test]
    fn no_one_time_token_starts_two_sessions(
        asks in prop::collection::vec((0_u8..4, any::<bool>(), 0_i64..200), 1..40)
    ) {
        let mut policy = policy().with(|s| s.play_token_control_enabled = true).with_token(one_time(Operation::Play));
        let mut now = NOW;
        let mut started = 0;
        for (peer, probing, seconds) in asks {
            now = now.plus_secs(seconds);
            let mut ask = play("stream1").token("T").from(&format!("10.0.0.{peer}"));
            if probing { ask = ask.probing(); }
            let decision = policy::decide(&policy.facts, &ask.request, now);
            policy.apply(&ask.request, &decision);
            started += u32::from(!probing && matches!(decision, Decision::Allow { .. }));
        }
        prop_assert!(started <= 1);
    }

    #[test]
    fn any_text_is_read_as_a_secret_or_refused(text in any::<String>(), base32 in "[A-Za-z2-7=]{0,40}") {
        let _ = totp::decode_base32(&text);
        if let Ok(secret) = totp::decode_base32(&base32) {
            prop_assert_eq!(data_encoding::BASE32.encode(secret.expose()), base32.to_ascii_uppercase());
        }
    }
}
