//! The MPD (ISO/IEC 23009-1) over the window: dynamic while live, static for the last look afterwards.
//!
//! Times are exact: `S@t` is the `tfdt` of the segment, and `presentationTimeOffset` the media time at which the
//! pipeline began. The timeline of a presentation never moves: what an ended one says about a segment is what the live
//! one said.

use std::fmt::Write as _;

use crate::media::TrackKind;

use super::settings::PackagingSettings;
use super::template::{Hole, Template};
use super::window::{Period, Segment, Timeline, letter};

/// `None` until every track of some period has a segment.
pub(super) fn mpd(timeline: &Timeline, settings: &PackagingSettings, ended: bool) -> Option<Template> {
    let epoch = timeline.epoch()?;
    let target_ms = timeline.longest_ms().max(i64::from(settings.segment_duration_ms));
    let mut periods = Template::default();
    let mut end_ms = None;
    for period in timeline.periods().filter(|period| period.is_complete) {
        if write_period(&mut periods, timeline, period, settings) {
            end_ms = Some(period.end_ms());
        }
    }
    let end_ms = end_ms?;

    let mut out = Template::default();
    out.push("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" ");
    out.push("profiles=\"urn:mpeg:dash:profile:isoff-live:2011\" ");
    let target = duration(target_ms);
    if ended {
        let _ = write!(out, "type=\"static\" mediaPresentationDuration=\"{}\"", duration(end_ms));
    } else {
        let depth_ms = target_ms.saturating_mul(i64::try_from(settings.playlist_segments).unwrap_or(i64::MAX));
        let _ = write!(
            out,
            "type=\"dynamic\" availabilityStartTime=\"{epoch}\" publishTime=\"{}\" minimumUpdatePeriod=\"{}\" \
             timeShiftBufferDepth=\"{}\" suggestedPresentationDelay=\"{}\"",
            epoch.plus_millis(end_ms),
            duration(i64::from(settings.segment_duration_ms)),
            duration(depth_ms),
            duration(target_ms.saturating_mul(3)),
        );
    }
    let _ = writeln!(out, " minBufferTime=\"{target}\" maxSegmentDuration=\"{target}\">");
    if !ended {
        out.hole(Hole::Location);
    }
    out.append(periods);
    if !ended {
        out.push("<UTCTiming schemeIdUri=\"urn:mpeg:dash:utc:direct:2014\" value=\"");
        out.hole(Hole::Now);
        out.push("\"/>\n");
    }
    out.push("</MPD>\n");
    Some(out)
}

/// False when no segment of the period is listed any more.
fn write_period(out: &mut Template, timeline: &Timeline, period: &Period, settings: &PackagingSettings) -> bool {
    let listed = |kind| {
        let segments = timeline.listed(kind, settings.playlist_segments);
        segments.filter(|segment| segment.period == period.id).collect::<Vec<_>>()
    };
    let tracks = [(TrackKind::Video, listed(TrackKind::Video)), (TrackKind::Audio, listed(TrackKind::Audio))];
    if tracks.iter().all(|(_, segments)| segments.is_empty()) {
        return false;
    }
    let _ = writeln!(out, "<Period id=\"{}\" start=\"{}\">", period.id.ordinal(), duration(period.start_ms));
    for (kind, segments) in &tracks {
        write_track(out, timeline, period, *kind, segments);
    }
    out.push("</Period>\n");
    true
}

fn write_track(out: &mut Template, timeline: &Timeline, period: &Period, kind: TrackKind, segments: &[&Segment]) {
    let (Some(first), Some(init)) = (segments.first(), period.init_number(kind)) else { return };
    let (bandwidth, _) = timeline.bitrate_bps(period, kind);
    match kind {
        TrackKind::Video => {
            let Some(video) = &period.video else { return };
            let _ = write!(
                out,
                "<AdaptationSet id=\"0\" contentType=\"video\" mimeType=\"video/mp4\" segmentAlignment=\"true\" \
                 startWithSAP=\"1\">\n<Representation id=\"video\" codecs=\"{}\" bandwidth=\"{}\" width=\"{}\" \
                 height=\"{}\" sar=\"{}:{}\"",
                video.codec,
                bandwidth.max(1),
                video.width,
                video.height,
                video.sample_aspect.0,
                video.sample_aspect.1
            );
            match video.frame_rate {
                Some((numerator, 1)) => {
                    let _ = write!(out, " frameRate=\"{numerator}\"");
                }
                Some((numerator, denominator)) => {
                    let _ = write!(out, " frameRate=\"{numerator}/{denominator}\"");
                }
                None => {}
            }
            out.push(">\n");
        }
        TrackKind::Audio => {
            let Some(audio) = &period.audio else { return };
            let _ = writeln!(
                out,
                "<AdaptationSet id=\"1\" contentType=\"audio\" mimeType=\"audio/mp4\" segmentAlignment=\"true\" \
                 startWithSAP=\"1\">\n<Representation id=\"audio\" codecs=\"{}\" bandwidth=\"{}\" \
                 audioSamplingRate=\"{}\">\n<AudioChannelConfiguration \
                 schemeIdUri=\"urn:mpeg:dash:23003:3:audio_channel_configuration:2011\" value=\"{}\"/>",
                audio.codec,
                bandwidth.max(1),
                audio.output_rate_hz,
                audio.channels
            );
        }
    }
    let timescale = period.timescale(kind);
    let letter = letter(kind);
    let _ = write!(
        out,
        "<SegmentTemplate timescale=\"{timescale}\" presentationTimeOffset=\"{}\" startNumber=\"{}\" \
         initialization=\"{letter}-init-{init}.mp4",
        period.start_ticks(kind),
        first.number
    );
    out.hole(Hole::DashQuery);
    let _ = write!(out, "\" media=\"{letter}-$Number$.m4s");
    out.hole(Hole::DashQuery);
    out.push("\">\n<SegmentTimeline>");
    write_timeline(out, segments);
    out.push("</SegmentTimeline>\n</SegmentTemplate>\n</Representation>\n</AdaptationSet>\n");
}

/// Equal neighbours share one `S` element.
fn write_timeline(out: &mut Template, segments: &[&Segment]) {
    let follows = |a: &Segment, b: &Segment| a.time + a.duration == b.time;
    let same_run = |a: &&Segment, b: &&Segment| follows(a, b) && a.duration == b.duration;
    let mut previous: Option<&Segment> = None;
    for run in segments.chunk_by(same_run) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { continue };
        out.push("<S");
        if !previous.is_some_and(|previous| follows(previous, first)) {
            let _ = write!(out, " t=\"{}\"", first.time);
        }
        let _ = write!(out, " d=\"{}\"", first.duration);
        if run.len() > 1 {
            let _ = write!(out, " r=\"{}\"", run.len() - 1);
        }
        out.push("/>");
        previous = Some(last);
    }
}

/// ISO 8601.
fn duration(millis: i64) -> String {
    let millis = millis.max(0);
    format!("PT{}.{:03}S", millis / 1_000, millis % 1_000)
}
