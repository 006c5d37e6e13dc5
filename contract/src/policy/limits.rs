//! How many may publish and watch at a time, and whether RTMP may be played and WebRTC used at all (`stream-security`
//! §2, §3).

use crate::request::Protocol;

use super::case::{Answer, Case, Draft};
use super::decision::DenyReason;

/// `ingestingStreamLimit`: publishers of the application.
pub(super) fn publishers(case: &Case<'_>, draft: &mut Draft) -> Answer {
    let Some(limit) = application_limit(case.settings.ingesting_stream_limit) else {
        return Answer::Skip("publishers are not limited");
    };
    let publishing = case.facts.counts.application_publishers.saturating_sub(draft.publishers_replaced);
    if u64::from(publishing) < limit { Answer::Pass } else { Answer::deny(DenyReason::PublisherLimit) }
}

/// Viewers of the application over WebRTC, and of the broadcast over each kind of protocol.
pub(super) fn viewers(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    let counts = &case.facts.counts;
    let broadcast = case.facts.broadcast.as_ref();
    let (application, stream) = match case.request.protocol {
        Protocol::WebRtc | Protocol::Whep => (
            application_limit(case.settings.web_rtc_viewer_limit)
                .map(|limit| (counts.application_webrtc_viewers, limit)),
            broadcast.and_then(|b| b.webrtc_viewer_limit).map(|limit| (counts.webrtc_viewers, limit)),
        ),
        Protocol::Hls => (None, broadcast.and_then(|b| b.hls_viewer_limit).map(|limit| (counts.hls_viewers, limit))),
        Protocol::Dash => (None, broadcast.and_then(|b| b.dash_viewer_limit).map(|limit| (counts.dash_viewers, limit))),
        Protocol::Rtmp | Protocol::Srt | Protocol::Whip | Protocol::Vod => (None, None),
    };
    if application.is_none() && stream.is_none() {
        return Answer::Skip("viewers are not limited");
    }
    let full = application.is_some_and(|(viewers, limit)| u64::from(viewers) >= limit)
        || stream.is_some_and(|(viewers, limit)| viewers >= limit);
    if full { Answer::deny(DenyReason::ViewerLimit) } else { Answer::Pass }
}

/// `rtmpPlaybackEnabled`.
pub(super) fn rtmp_playback(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    if case.request.protocol != Protocol::Rtmp {
        return Answer::Skip("the player does not use RTMP");
    }
    if case.settings.rtmp_playback_enabled { Answer::Pass } else { Answer::deny(DenyReason::PlaybackDisabled) }
}

/// `webRTCEnabled`.
pub(super) fn webrtc(case: &Case<'_>, _draft: &mut Draft) -> Answer {
    if !case.request.protocol.is_webrtc() {
        return Answer::Skip("the peer does not use WebRTC");
    }
    if case.settings.web_rtc_enabled { Answer::Pass } else { Answer::deny(DenyReason::WebrtcDisabled) }
}

/// A negative limit is none; 0 lets nobody in.
fn application_limit(limit: i64) -> Option<u64> {
    u64::try_from(limit).ok()
}
