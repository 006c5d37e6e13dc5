//! HLS playlists (RFC 8216), written by hand over the window.
//!
//! `EXT-X-TARGETDURATION` must not change (§6.2.2), but only the encoder knows how long its groups of pictures are. The
//! first playlist appears after the first segment, so that encoders with a constant distance of key frames are right
//! from the start; should a longer segment come, the tag rises with it, because a segment above the target is what
//! players stumble over. It never falls.

use std::fmt::Write as _;

use crate::media::TrackKind;

use super::settings::PackagingSettings;
use super::template::{Hole, Template};
use super::window::{Period, PeriodId, Timeline, letter};

/// One rendition: video with audio in a group of its own, or audio alone. `None` until every track has a segment.
pub(super) fn multivariant(timeline: &Timeline) -> Option<Template> {
    let period = timeline.periods().rev().find(|period| period.is_complete)?;
    let mut out = Template::default();
    out.push("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-INDEPENDENT-SEGMENTS\n");
    let (mut peak_bps, mut average_bps) = (0, 0);
    let mut codecs = Vec::new();
    for kind in [TrackKind::Video, TrackKind::Audio] {
        if period.has(kind) {
            let (peak, average) = timeline.bitrate_bps(period, kind);
            peak_bps += peak;
            average_bps += average;
        }
    }
    codecs.extend(period.video.as_ref().map(|video| video.codec.as_str()));
    codecs.extend(period.audio.as_ref().map(|audio| audio.codec.as_str()));
    if let (Some(_), Some(audio)) = (&period.video, &period.audio) {
        let _ = write!(
            out,
            "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"Audio\",DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"{}\",URI=\"",
            audio.channels
        );
        uri(&mut out, "audio.m3u8");
        out.push("\"\n");
    }
    let _ = write!(
        out,
        "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\"",
        peak_bps.max(1),
        average_bps.max(1),
        codecs.join(",")
    );
    if let Some(video) = &period.video {
        let _ = write!(out, ",RESOLUTION={}x{}", video.width, video.height);
        if let Some((numerator, denominator)) = video.frame_rate {
            let _ = write!(out, ",FRAME-RATE={:.3}", f64::from(numerator) / f64::from(denominator));
        }
        if period.audio.is_some() {
            out.push(",AUDIO=\"audio\"");
        }
    }
    out.push("\n");
    uri(&mut out, if period.video.is_some() { "video.m3u8" } else { "audio.m3u8" });
    out.push("\n");
    Some(out)
}

fn uri(out: &mut Template, name: &str) {
    out.hole(Hole::Folder);
    out.push(name);
    out.hole(Hole::Query);
}

/// The media playlist of one track; `None` before its first segment.
pub(super) fn media(
    timeline: &Timeline,
    kind: TrackKind,
    settings: &PackagingSettings,
    ended: bool,
) -> Option<Template> {
    let mut segments = timeline.listed(kind, settings.playlist_segments).peekable();
    let first = segments.peek()?;
    let mut out = Template::default();
    let _ = write!(
        out,
        "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{}\n#EXT-X-MEDIA-SEQUENCE:{}\n\
         #EXT-X-DISCONTINUITY-SEQUENCE:{}\n#EXT-X-INDEPENDENT-SEGMENTS\n",
        target_duration(timeline, settings),
        first.number,
        // Players keep lists as long as this number.
        first.period.ordinal() % DISCONTINUITIES
    );
    let mut current: Option<(PeriodId, &Period)> = None;
    for segment in segments {
        let period = match current {
            Some((id, period)) if id == segment.period => period,
            previous => {
                let period = timeline.period(segment.period)?;
                // One for each period that began in between: every player counts them, in every playlist alike.
                let passed = previous.map_or(0, |(id, _)| segment.period.ordinal() - id.ordinal());
                for _ in 0..passed {
                    out.push("#EXT-X-DISCONTINUITY\n");
                }
                let _ = write!(out, "#EXT-X-MAP:URI=\"{}-init-{}.mp4", letter(kind), period.init_number(kind)?);
                out.hole(Hole::Query);
                let _ = write!(out, "\"\n#EXT-X-PROGRAM-DATE-TIME:{}\n", period.wall_time(kind, segment.time));
                current = Some((segment.period, period));
                period
            }
        };
        let _ = writeln!(out, "#EXTINF:{},", seconds(segment.duration, period.timescale(kind)));
        let _ = write!(out, "{}-{}.m4s", letter(kind), segment.number);
        out.hole(Hole::Query);
        out.push("\n");
    }
    if ended {
        out.push("#EXT-X-ENDLIST\n");
    }
    Some(out)
}

/// Whole seconds. A segment's duration counts rounded to the nearest (§4.3.3.1).
fn target_duration(timeline: &Timeline, settings: &PackagingSettings) -> i64 {
    let wanted = (i64::from(settings.segment_duration_ms) + 999) / 1_000;
    let longest = (timeline.longest_ms() + 500) / 1_000;
    wanted.max(longest).max(1)
}

/// Exact to a microsecond, without trailing zeros beyond milliseconds.
fn seconds(ticks: u64, timescale: u32) -> String {
    let micros = (u128::from(ticks) * 1_000_000 + u128::from(timescale) / 2) / u128::from(timescale.max(1));
    let (whole, fraction) = (micros / 1_000_000, micros % 1_000_000);
    if fraction % 1_000 == 0 { format!("{whole}.{:03}", fraction / 1_000) } else { format!("{whole}.{fraction:06}") }
}

/// Discontinuities are numbered up to here and then anew; a window holds a few of them.
const DISCONTINUITIES: u64 = 1_024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        assert_eq!(seconds(180_000, 90_000), "2.000");
        assert_eq!(seconds(88_064, 44_100), "1.996916");
        assert_eq!(seconds(95_232, 48_000), "1.984");
    }
}
