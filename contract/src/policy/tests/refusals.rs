use super::scenario::*;
use crate::policy::{DenyReason, Refusal};
use crate::request::{SecurityMode, StreamRequest};

fn about(reason: &DenyReason, request: &StreamRequest) -> Refusal {
    Refusal::about(reason, request.operation, &request.stream_id, &request.credentials)
}

const BAD_NAME: &str = "NetStream.Publish.BadName";
const FAILED: &str = "NetStream.Failed";
const ROOM_FULL: &str = "main_track_has_max_subtrack_count__not_allowed_to_add_more_subtracks";

/// Reason, WebSocket definition, RTMP code, SRT, WHIP, HTTP.
type Row = (DenyReason, &'static str, &'static str, u16, u16, u16);

#[test]
#[rustfmt::skip]
fn the_table_is_the_documented_one() {
    let rows: [Row; 16] = [
        (DenyReason::AddressNotAllowed, "unauthorized_access", BAD_NAME, 1403, 403, 403),
        (DenyReason::WebhookRefused, "unauthorized_access", BAD_NAME, 1403, 403, 403),
        (DenyReason::CodeInvalid, "unauthorized_access", BAD_NAME, 1403, 403, 403),
        (DenyReason::Blocked { until: NOW }, "user_blocked", FAILED, 1403, 403, 401),
        (DenyReason::UnregisteredStream, "not_allowed_unregistered_streams", BAD_NAME, 1404, 403, 403),
        (DenyReason::StreamInUse, "streamIdInUse", BAD_NAME, 1409, 403, 403),
        (DenyReason::StreamNotActive, "stream_not_active_or_expired", BAD_NAME, 1403, 403, 403),
        (DenyReason::StreamIdMissing, "noStreamNameSpecified", FAILED, 1400, 400, 403),
        (DenyReason::StreamIdInvalid, "invalidStreamName", FAILED, 1400, 400, 404),
        (DenyReason::StreamAbsent, "no_stream_exist", "NetStream.Play.StreamNotFound", 1404, 404, 404),
        (DenyReason::RoomFull, ROOM_FULL, FAILED, 1402, 403, 403),
        (DenyReason::ViewerLimit, "viewerLimitReached", FAILED, 1402, 403, 403),
        (DenyReason::ResourceLimit, "highResourceUsage", FAILED, 1402, 503, 503),
        (DenyReason::PlaybackDisabled, "unauthorized_access", FAILED, 1403, 403, 403),
        (DenyReason::WebrtcDisabled, "no_stream_exist", FAILED, 1404, 404, 404),
        (DenyReason::AuthorityUnreachable, "data_store_not_available", FAILED, 1500, 503, 503),
    ];
    for (reason, definition, rtmp, srt, whip, http) in rows {
        let refusal = Refusal::of(&reason);
        let row = (refusal.definition, refusal.rtmp.code, refusal.srt.0, refusal.whip_status, refusal.http_status);
        assert_eq!(row, (definition, rtmp, srt, whip, http), "{reason}");
    }
}

#[test]
fn http_players_read_the_documented_texts() {
    for (reason, text) in [
        (DenyReason::CodeInvalid, "Time Based subscriber id or code is invalid"),
        (DenyReason::TokenSpent, "Invalid Token for streamId:stream1"),
        (DenyReason::HashInvalid, "Invalid Hash"),
        (DenyReason::JwtInvalid, "Invalid JWT Token"),
        (DenyReason::StreamIdMissing, "Cannot specified the stream id from the url"),
        (DenyReason::Blocked { until: NOW }, "Subscriber is blocked"),
        (DenyReason::ViewerLimit, "Viewer Limit Reached"),
    ] {
        assert_eq!(about(&reason, &play("stream1").token("x").request).http_body, text);
    }
}

#[test]
fn rtmp_names_the_stream_in_use_and_the_blocked_subscriber() {
    let request = publish("stream1").by("alice").request;
    assert_eq!(about(&DenyReason::StreamInUse, &request).rtmp.description, "stream1");
    let blocked = about(&DenyReason::Blocked { until: NOW }, &request);
    assert!(blocked.rtmp.description.contains("alice"));
    let refused = about(&DenyReason::CodeInvalid, &request);
    assert_eq!(refused.rtmp.description, "You are not allowed to publish the stream.");
    assert_eq!(about(&DenyReason::PlaybackDisabled, &request).rtmp.description, "RTMP playback is disabled.");
}

#[test]
fn who_brought_no_credential_is_asked_for_one() {
    let status = |reason: &DenyReason, ask: Ask| {
        let refusal = about(reason, &ask.request);
        (refusal.srt.0, refusal.whip_status)
    };
    assert_eq!(status(&DenyReason::TokenMissing, publish("s")), (1401, 401));
    assert_eq!(status(&DenyReason::TokenInvalid, publish("s").token("x")), (1403, 403));
    assert_eq!(status(&DenyReason::AddressNotAllowed, publish("s")), (1403, 403));
    assert_eq!(status(&DenyReason::StreamInUse, publish("s")), (1409, 403));
}

#[test]
fn strangers_cannot_tell_the_failures_of_one_mode_apart() {
    let until = NOW;
    let totp = SecurityMode::Totp;
    let groups = [
        vec![
            DenyReason::TokenInvalid,
            DenyReason::TokenExpired { at: NOW },
            DenyReason::TokenSpent,
            DenyReason::SecretNotConfigured { mode: SecurityMode::OneTimeToken },
        ],
        vec![
            DenyReason::JwtInvalid,
            DenyReason::JwtExpired { at: NOW },
            DenyReason::SecretNotConfigured { mode: SecurityMode::Jwt },
        ],
        vec![DenyReason::HashInvalid, DenyReason::SecretNotConfigured { mode: SecurityMode::Hash }],
        vec![
            DenyReason::CodeInvalid,
            DenyReason::CodeReplayed,
            DenyReason::SubscriberUnknown,
            DenyReason::SubscriberTypeMismatch,
            DenyReason::TooManyGuesses { until },
            DenyReason::ConcurrencyLimit,
            DenyReason::SecretNotConfigured { mode: totp },
        ],
        vec![DenyReason::WebhookRefused, DenyReason::WebhookUnreachable],
    ];
    let request = play("stream1").by("alice").code("000000").token("x").request;
    for group in groups {
        for reason in &group {
            assert_eq!(about(reason, &request), about(&group[0], &request), "{reason}");
        }
    }
}

#[test]
fn a_stranger_s_words_do_not_come_back() {
    let request = play("<script>").token("x").request;
    assert_eq!(about(&DenyReason::TokenInvalid, &request).http_body, "Invalid Token");
}

#[test]
fn only_refusals_that_pass_by_themselves_ask_to_try_again() {
    for reason in [DenyReason::AuthorityUnreachable, DenyReason::ResourceLimit, DenyReason::StreamAbsent] {
        assert!(Refusal::of(&reason).retry_after_secs.is_some(), "{reason}");
    }
    for reason in
        [DenyReason::CodeInvalid, DenyReason::Blocked { until: NOW }, DenyReason::TooManyGuesses { until: NOW }]
    {
        assert_eq!(Refusal::of(&reason).retry_after_secs, None, "{reason}");
    }
}
