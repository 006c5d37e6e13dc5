use serde_json::{Value, json};

use super::{ApplicationSettings, MASK, SECRET_FIELDS, SettingsError};
use crate::message::{DataDistribution, WebrtcRules};
use crate::request::{Operation, SecurityMode};
use crate::secret::Secret;
use crate::time::UnixTime;

fn read(value: Value) -> ApplicationSettings {
    ApplicationSettings::from_json(value).expect("readable settings")
}

#[test]
fn an_empty_object_is_the_documented_defaults() {
    let settings = read(json!({}));
    assert_eq!(settings, ApplicationSettings::default());
    let object = settings.to_json();
    for (name, default) in [
        ("acceptOnlyStreamsInDataStore", json!(false)),
        ("timeTokenPeriod", json!(60)),
        ("timeTokenSecretForPlay", json!(null)),
        ("allowedPublisherCIDR", json!("")),
        ("remoteAllowedCIDR", json!("127.0.0.1")),
        ("ipFilterEnabled", json!(true)),
        ("jwksURL", json!("")),
        ("webhookAuthenticateURL", json!("")),
        ("webhookPlayAuthUrl", json!("")),
        ("webRTCViewerLimit", json!(-1)),
        ("writeSubscriberEventsToDatastore", json!(true)),
        ("hlsTime", json!("2")),
        ("hlsListSize", json!("15")),
        ("hlsSegmentType", json!("fmp4")),
        ("dashMuxingEnabled", json!(true)),
        ("listenerHookURL", json!("")),
        ("webhookRetryDelay", json!(1000)),
        ("previewHeight", json!(480)),
        ("recordingSubfolder", json!(null)),
        ("mp4MuxingEnabled", json!(false)),
        ("addDateTimeToMp4FileName", json!(false)),
        ("stunServerURI", json!("stun:stun1.l.google.com:19302")),
        ("dataChannelPlayerDistribution", json!("all")),
        ("webRTCEnabled", json!(true)),
        ("h264Enabled", json!(true)),
        ("vp8Enabled", json!(false)),
        ("av1Enabled", json!(false)),
        ("turnServerCredential", json!("")),
        ("webRTCClientStartTimeoutMs", json!(10000)),
        ("webRTCTcpCandidatesEnabled", json!(false)),
        ("playWebRTCStreamOnceForEachSession", json!(true)),
        ("dataChannelEnabled", json!(true)),
        ("dataChannelWebHookURL", json!("")),
        ("h265Enabled", json!(false)),
        ("srtReceiveLatencyInMs", json!(150)),
        ("encoderSettings", json!([])),
        ("s3Permission", json!("public-read")),
        ("customSettings", json!({})),
    ] {
        assert_eq!(object.get(name), Some(&default), "{name}");
    }
}

#[test]
fn what_was_read_can_be_written_back_without_loss() {
    let posted = json!({
        "timeTokenPeriod": 30,
        "myOwnKey": {"a": [1, null]},
        "generatePreview": true,
        "s3SecretKey": "s",
        "encoderSettings": [{"height": 480, "videoBitrate": 500000}],
    });
    let settings = read(posted.clone());
    for (name, value) in posted.as_object().expect("an object") {
        assert_eq!(settings.to_json().get(name), Some(value), "{name}");
    }
    assert_eq!(read(settings.to_json()), settings);
    assert_eq!(read(ApplicationSettings::default().to_json()), ApplicationSettings::default());
    let through_serde: ApplicationSettings =
        serde_json::from_value(serde_json::to_value(&settings).expect("JSON")).expect("settings");
    assert_eq!(through_serde, settings);
}

#[test]
fn a_written_object_replaces_the_old_one_and_a_patch_does_not() {
    let old = read(json!({"timeTokenPeriod": 30, "tokenHashSecret": "s", "keep": 1}));
    assert_eq!(read(json!({"tokenHashSecret": "s"})).time_token_period, 60);
    let new = old.patched(json!({"hashControlPlayEnabled": true, "settings.timeTokenPeriod": null})).expect("a patch");
    assert!(new.hash_control_play_enabled && new.token_hash_secret.matches("s"));
    assert_eq!((new.time_token_period, new.other.get("keep")), (60, Some(&json!(1))));
    let masked = old.patched(json!({"tokenHashSecret": MASK})).expect("a patch");
    assert!(masked.token_hash_secret.matches("s"));
    assert_eq!(old.patched(json!({"timeTokenPeriod": 5})), Err(SettingsError::TimeTokenPeriod));
    assert_eq!(old.patched(json!([])), Err(SettingsError::NotAnObject));
}

#[test]
fn every_name_is_taken_with_its_older_prefix() {
    let Value::Object(defaults) = ApplicationSettings::default().to_json() else { panic!("an object") };
    let prefixed = defaults.into_iter().map(|(name, value)| (format!("settings.{name}"), value)).collect();
    assert_eq!(read(Value::Object(prefixed)), ApplicationSettings::default());
    let both = read(json!({"settings.timeTokenPeriod": 30, "timeTokenPeriod": 45}));
    assert_eq!(both.time_token_period, 45);
    assert!(read(json!({"settings.timeTokenSubscriberOnly": "true"})).totp_on(Operation::Play));
}

#[test]
fn older_names_mean_their_newer_ones() {
    for name in ["tokenControlEnabled", "settings.tokenControlEnabled"] {
        let both = read(json!({ name: "true" }));
        assert!(both.publish_token_control_enabled && both.play_token_control_enabled);
        assert!(both.other.is_empty());
        // The sides came along from an object that was read before; security wins.
        let read_back = read(json!({ name: true, "publishTokenControlEnabled": false }));
        assert!(read_back.publish_token_control_enabled && read_back.play_token_control_enabled);
        let off = both.patched(json!({ name: false })).expect("a patch");
        assert!(!off.publish_token_control_enabled && !off.play_token_control_enabled);
    }
    let aliases = read(json!({"settings.webhookRetryAttemptDelay": 5, "settings.dataChannelWebHook": "u"}));
    assert_eq!(aliases.webhook_retry_delay, 5);
    assert_eq!(aliases.to_json().get("dataChannelWebHookURL"), Some(&json!("u")));
}

#[test]
fn values_come_in_several_types() {
    let settings = read(json!({
        "enableTimeTokenForPublish": "True",
        "timeTokenPeriod": "30",
        "webRTCViewerLimit": 5.0,
        "hlsTime": 4,
        "hlsListSize": 20,
        "timeTokenSecretForPlay": 12345678,
        "tokenHashSecret": null,
        "corsAllowedOrigins": ["https://a.example", "https://b.example"],
        "previewHeight": "240",
        "generatePreview": "true",
    }));
    assert!(settings.enable_time_token_for_publish);
    assert_eq!((settings.time_token_period, settings.web_rtc_viewer_limit), (30, 5));
    assert_eq!((settings.segment_duration_ms(), settings.playlist_segments()), (4_000, 20));
    assert!(settings.time_token_secret_for_play.as_ref().is_some_and(|secret| secret.matches("12345678")));
    assert!(settings.token_hash_secret.is_empty());
    assert_eq!(settings.cors().allowed_origins, ["https://a.example", "https://b.example"]);
    assert_eq!(settings.to_json().get("previewHeight"), Some(&json!(240)));
    assert_eq!(settings.to_json().get("generatePreview"), Some(&json!(true)));
}

#[test]
fn a_value_of_no_use_is_refused_by_its_name_and_without_its_content() {
    for (value, field) in [
        (json!({"ipFilterEnabled": "maybe"}), "ipFilterEnabled"),
        (json!({"timeTokenPeriod": "soon"}), "timeTokenPeriod"),
        (json!({"timeTokenPeriod": 1.5}), "timeTokenPeriod"),
        (json!({"tokenHashSecret": {"secret": "x"}}), "tokenHashSecret"),
    ] {
        match ApplicationSettings::from_json(value) {
            Err(SettingsError::WrongType { field: named, .. }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert_eq!(ApplicationSettings::from_json(json!({"timeTokenPeriod": -1})), Err(SettingsError::OutOfRange));
    assert_eq!(ApplicationSettings::from_json(json!("x")), Err(SettingsError::NotAnObject));
}

#[test]
fn short_playlists_and_segments_are_corrected_silently() {
    for (size, time, expected) in [
        (json!("4"), json!("0"), ("5", "1")),
        (json!(null), json!(null), ("5", "1")),
        (json!("x"), json!("NaN"), ("5", "1")),
        (json!(5), json!(1), ("5", "1")),
        (json!("6"), json!("0.5"), ("6", "1")),
    ] {
        let settings = read(json!({"hlsListSize": size, "hlsTime": time}));
        assert_eq!((settings.hls_list_size.as_str(), settings.hls_time.as_str()), expected);
    }
    let huge = read(json!({"hlsListSize": "99999999999", "hlsTime": "1e300"}));
    assert_eq!((huge.playlist_segments(), huge.segment_duration_ms()), (300, 60_000));
}

#[test]
fn modes_exclude_one_another_per_side_and_hash_joins_any() {
    use Operation::{Play, Publish};
    let refused = |operation| Err(SettingsError::ModesExcludeOneAnother { operation });
    for (posted, expected) in [
        (json!({"publishTokenControlEnabled": true, "publishJwtControlEnabled": true}), refused(Publish)),
        (json!({"publishJwtControlEnabled": true, "enableTimeTokenForPublish": true}), refused(Publish)),
        (json!({"playTokenControlEnabled": true, "enableTimeTokenForPlay": true}), refused(Play)),
        (json!({"timeTokenSubscriberOnly": true, "playJwtControlEnabled": true}), refused(Play)),
        (json!({"timeTokenSubscriberOnly": true, "publishTokenControlEnabled": true}), refused(Publish)),
        (json!({"timeTokenSubscriberOnly": true, "enableTimeTokenForPublish": true}), Ok(())),
        (json!({"publishTokenControlEnabled": true, "playJwtControlEnabled": true}), Ok(())),
        (json!({"hashControlPublishEnabled": true, "enableTimeTokenForPublish": true}), Ok(())),
    ] {
        assert_eq!(read(posted.clone()).validate(), expected, "{posted}");
    }
}

#[test]
fn what_cannot_work_is_not_stored() {
    for (posted, error) in [
        (json!({"encoderSettings": [{"height": 480}, {"height": 0}]}), SettingsError::EncoderHeight),
        (json!({"encoderSettings": [{"videoBitrate": 1}]}), SettingsError::EncoderHeight),
        (json!({"encoderSettings": "[{\"height\":-1}]"}), SettingsError::EncoderHeight),
        (json!({"allowedPublisherCIDR": "x, y"}), SettingsError::NoNetwork { field: "allowedPublisherCIDR" }),
        (json!({"remoteAllowedCIDR": "10.0.0.0/99"}), SettingsError::NoNetwork { field: "remoteAllowedCIDR" }),
        (json!({"timeTokenPeriod": 9}), SettingsError::TimeTokenPeriod),
        (json!({"timeTokenPeriod": 2_147_483_648_u32}), SettingsError::TimeTokenPeriod),
        (json!({"ticketMaxLifeSeconds": 0}), SettingsError::TicketLife),
        (json!({"corsAllowCredentials": true}), SettingsError::CredentialsForEveryOrigin),
        (json!({"dataChannelPlayerDistribution": "everybody"}), SettingsError::DataDistribution),
        (json!({"stunServerURI": "http://stun.example.org"}), SettingsError::StunServer),
        (json!({"stunServerURI": "turn:"}), SettingsError::StunServer),
        (json!({"stunServerURI": "stun:a>, <b"}), SettingsError::StunServer),
    ] {
        assert_eq!(read(posted.clone()).validate(), Err(error), "{posted}");
    }
    for posted in [
        json!({}),
        json!({"encoderSettings": [{"height": 480}]}),
        json!({"encoderSettings": ""}),
        json!({"encoderSettings": null}),
        json!({"allowedPublisherCIDR": "x, 10.0.0.1"}),
        json!({"remoteAllowedCIDR": ""}),
        json!({"dataChannelPlayerDistribution": "Publisher"}),
        json!({"stunServerURI": ""}),
        json!({"stunServerURI": "turn:turn.example.org:3478?transport=udp"}),
        json!({"corsAllowCredentials": true, "corsAllowedOrigins": "https://a.example"}),
    ] {
        assert_eq!(read(posted.clone()).validate(), Ok(()), "{posted}");
    }
}

#[test]
fn secrets_are_masked_and_never_printed() {
    let posted = SECRET_FIELDS.iter().map(|name| ((*name).to_owned(), json!("hunter2"))).collect();
    let mut settings = read(Value::Object(posted));
    settings.other.insert("pluginPassword".into(), json!("hunter2"));
    let masked = settings.masked();
    for name in SECRET_FIELDS {
        assert_eq!(masked.get(name), Some(&json!(MASK)), "{name}");
        assert_eq!(settings.to_json().get(name), Some(&json!("hunter2")), "{name}");
    }
    assert!(!format!("{settings:?}").contains("hunter2"));
    let unset = ApplicationSettings::default().masked();
    assert_eq!(
        (unset.get("tokenHashSecret"), unset.get("timeTokenSecretForPlay")),
        (Some(&json!("")), Some(&json!(null)))
    );
}

#[test]
fn bookkeeping_is_the_server_s() {
    let settings = read(json!({"appName": "other", "appStatus": "x", "updateTime": 7, "appInstallationTime": 7}));
    assert_eq!(settings, ApplicationSettings::default());
    assert_eq!(settings.to_json().get("appStatus"), Some(&json!("installed")));
}

#[test]
fn modes_are_counted_per_side() {
    let settings = read(json!({
        "hashControlPublishEnabled": true,
        "timeTokenSubscriberOnly": true,
        "webhookPlayAuthUrl": "https://example.org",
    }));
    assert_eq!(settings.modes(Operation::Publish), [SecurityMode::Hash, SecurityMode::Totp]);
    assert_eq!(settings.modes(Operation::Play), [SecurityMode::Totp, SecurityMode::Webhook]);
    assert!(!ApplicationSettings::default().is_protected(Operation::Play));
}

#[test]
fn a_worker_learns_what_it_acts_on() {
    let application = "LiveApp".parse().expect("a name");
    let open = ApplicationSettings::default().worker_view(&application, UnixTime::EPOCH);
    assert_eq!((open.play_protected, open.authorize_deadline_ms), (false, 2_000));
    assert!(open.hls_enabled && open.dash_enabled && !open.rtmp_playback_enabled);
    assert_eq!((open.segment_duration_ms, open.playlist_segments), (2_000, 15));
    let closed = read(json!({"webhookPlayAuthUrl": "https://example.org"})).worker_view(&application, UnixTime::EPOCH);
    assert_eq!((closed.play_protected, closed.authorize_deadline_ms), (true, 7_000));
}

#[test]
fn a_worker_learns_the_rules_of_webrtc() {
    let rules = |posted: Value| read(posted).webrtc_rules();
    let usual = rules(json!({}));
    assert_eq!(usual.stun_server_uri, "stun:stun1.l.google.com:19302");
    assert_eq!(usual, WebrtcRules { stun_server_uri: usual.stun_server_uri.clone(), ..WebrtcRules::default() });
    let other = rules(json!({
        "webRTCEnabled": "false", "h264Enabled": false, "vp8Enabled": true, "vp9Enabled": false, "av1Enabled": true,
        "stunServerURI": " turn:turn.example.org ", "turnServerUsername": "u", "turnServerCredential": "p",
        "webRTCClientStartTimeoutMs": 3, "dataChannelEnabled": false, "dataChannelPlayerDistribution": "PUBLISHER",
        "dataChannelWebHookURL": "https://chat.example/said",
        "playWebRTCStreamOnceForEachSession": false, "webRTCTcpCandidatesEnabled": true,
        "webRTCTranscodingAllowed": true,
    }));
    let expected = WebrtcRules {
        enabled: false,
        h264: false,
        vp8: true,
        vp9: false,
        av1: true,
        stun_server_uri: "turn:turn.example.org".into(),
        turn_server_username: "u".into(),
        turn_server_credential: Secret::from("p"),
        client_start_timeout_ms: 1_000,
        data_channel_enabled: false,
        data_channel_distribution: DataDistribution::Publisher,
        data_channel_reported: true,
        play_once_for_each_session: false,
        tcp_candidates: true,
        transcoding_allowed: true,
    };
    assert_eq!(other, expected);
    assert_eq!(rules(json!({"webRTCClientStartTimeoutMs": 3_600_000})).client_start_timeout_ms, 60_000);
    let stored = rules(json!({"dataChannelPlayerDistribution": "friends"}));
    assert_eq!(stored.data_channel_distribution, DataDistribution::None);
}

#[test]
fn open_doors_close_one_by_one() {
    let open = |posted: Value| read(posted).open_doors().iter().map(|door| door.code).collect::<Vec<_>>();
    assert_eq!(open(json!({})), ["publish", "undefined-streams", "play"]);
    assert_eq!(open(json!({"acceptOnlyStreamsInDataStore": true})), ["publish", "play"]);
    assert_eq!(open(json!({"enableTimeTokenForPublish": true})), ["play"]);
    assert_eq!(open(json!({"allowedPublisherCIDR": "10.0.0.0/8"})), ["play"]);
    assert_eq!(open(json!({"allowedPublisherCIDR": "0.0.0.0/0", "timeTokenSubscriberOnly": true})), [""; 0]);
    let rest_open = json!({"timeTokenSubscriberOnly": true, "ipFilterEnabled": false});
    assert_eq!(open(rest_open), ["rest"]);
    let rest_closed = json!({"timeTokenSubscriberOnly": true, "ipFilterEnabled": false, "jwtControlEnabled": true});
    assert_eq!(open(rest_closed), [""; 0]);
    // Every named setting is one that exists.
    let object = ApplicationSettings::default().to_json();
    for door in read(json!({"remoteAllowedCIDR": "0.0.0.0/0"})).open_doors() {
        assert!(door.closed_by.iter().all(|name| object.get(name).is_some()), "{door:?}");
    }
}

#[test]
fn unknown_objects_are_read_without_harm() {
    use proptest::prelude::*;
    let names = prop::sample::select(vec![
        "hlsTime",
        "timeTokenPeriod",
        "encoderSettings",
        "settings.",
        "x",
        "corsAllowedOrigins",
    ]);
    let values = prop_oneof![
        Just(json!(null)),
        Just(json!([1, "a", {"height": {}}])),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    proptest!(|(fields in prop::collection::vec((names, values), 0..8))| {
        let object = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        if let Ok(settings) = ApplicationSettings::from_json(Value::Object(object)) {
            let _ = settings.validate();
            prop_assert_eq!(ApplicationSettings::from_json(settings.to_json()).expect("its own object"), settings);
        }
    });
}
