//! The bounded window of segments behind the manifests.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use sluice_contract::UnixTime;

use crate::media::{AudioTrack, MediaTime, TrackKind, VideoTrack};

use super::feed::TrackSet;
use super::settings::PackagingConfig;

/// Names a period: its place in the order of discontinuities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct PeriodId(u64);

impl PeriodId {
    pub(super) const fn ordinal(self) -> u64 {
        self.0
    }
}

/// One run of a pipeline: constant tracks, one media timeline.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Period {
    pub(super) id: PeriodId,
    /// The publisher that it belongs to; within one, media time runs on from period to period.
    pub(super) generation: u64,
    pub(super) video: Option<VideoTrack>,
    pub(super) audio: Option<AudioTrack>,
    /// Media time at which it begins.
    pub(super) media_start: MediaTime,
    /// The same moment on the wall clock.
    pub(super) wall_start: UnixTime,
    /// From the start of the first period, milliseconds.
    pub(super) start_ms: i64,
    /// Video and audio, as the pipeline wrote them.
    pub(super) inits: [Option<Init>; 2],
    /// End of the newest segment on the media timeline, relative to `media_start`.
    end: MediaTime,
    /// Every track has had a segment.
    pub(super) is_complete: bool,
    /// Its pipeline has ended: no segment will come.
    pub(super) is_drained: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Init {
    pub(super) number: u64,
    #[serde(skip)]
    pub(super) data: Bytes,
}

/// One cut of one track.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Segment {
    pub(super) number: u64,
    pub(super) period: PeriodId,
    /// Media time in ticks of the track.
    pub(super) time: u64,
    pub(super) duration: u64,
    #[serde(skip)]
    pub(super) data: Bytes,
}

/// What a pipeline hands over.
#[derive(Debug)]
pub(super) struct NewSegment {
    /// With the first segment of a period.
    pub(super) init: Option<Bytes>,
    pub(super) data: Bytes,
    pub(super) time: u64,
    pub(super) duration: u64,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Window {
    pub(super) segments: VecDeque<Segment>,
    pub(super) next_number: u64,
    #[serde(skip)]
    pub(super) bytes: usize,
    /// Some segments have left: what is at the front may leave before a player asks, so it is no longer listed.
    slides: bool,
}

/// All segments that are served, and the periods that they belong to. Written down it is everything but the payload:
/// what `replica` sends.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Timeline {
    pub(super) periods: VecDeque<Period>,
    /// Video and audio.
    pub(super) windows: [Window; 2],
    next_period: u64,
    /// Segments of a period that came before the last of an earlier one: after a burst two pipelines run side by side.
    #[serde(skip)]
    held: Vec<(PeriodId, TrackKind, NewSegment)>,
    /// Wall clock at the start of the first period.
    epoch: Option<UnixTime>,
    longest_ms: i64,
}

/// Fewer make no playlist that a player can hold on to; they stay whatever their size.
const MIN_SEGMENTS: usize = 3;
/// Ticks per second of every video track: milliseconds and MPEG's clock are whole numbers in it.
pub(super) const VIDEO_TIMESCALE: u32 = 90_000;

pub(super) const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// First letter of a track's file names.
pub(super) const fn letter(kind: TrackKind) -> char {
    match kind {
        TrackKind::Video => 'v',
        TrackKind::Audio => 'a',
    }
}

/// Reads `v-init-1.mp4`, `v-17.m4s`, `a-17.m4s`: track, number, and whether it is an init segment. Only the canonical
/// spelling names an object.
pub(super) fn parse_name(name: &str) -> Option<(TrackKind, u64, bool)> {
    let (kind, rest) = match name.split_at_checked(2)? {
        ("v-", rest) => (TrackKind::Video, rest),
        ("a-", rest) => (TrackKind::Audio, rest),
        _ => return None,
    };
    let (digits, is_init) = match rest.strip_prefix("init-") {
        Some(rest) => (rest.strip_suffix(".mp4")?, true),
        None => (rest.strip_suffix(".m4s")?, false),
    };
    let canonical = !digits.is_empty() && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((kind, digits.parse().ok().filter(|_| canonical)?, is_init))
}

impl Period {
    pub(super) const fn has(&self, kind: TrackKind) -> bool {
        match kind {
            TrackKind::Video => self.video.is_some(),
            TrackKind::Audio => self.audio.is_some(),
        }
    }

    /// Ticks per second of a track.
    pub(super) fn timescale(&self, kind: TrackKind) -> u32 {
        match kind {
            TrackKind::Video => VIDEO_TIMESCALE,
            TrackKind::Audio => self.audio.as_ref().map_or(VIDEO_TIMESCALE, |audio| audio.core_rate_hz),
        }
    }

    /// `media_start` in ticks of a track.
    pub(super) fn start_ticks(&self, kind: TrackKind) -> u64 {
        time_to_ticks(self.media_start, self.timescale(kind))
    }

    pub(super) fn init_number(&self, kind: TrackKind) -> Option<u64> {
        self.inits[slot(kind)].as_ref().map(|init| init.number)
    }

    /// End of its newest segment, from the start of the first period, milliseconds.
    pub(super) const fn end_ms(&self) -> i64 {
        self.start_ms.saturating_add(self.end.as_millis())
    }

    /// Wall-clock time of a tick.
    pub(super) fn wall_time(&self, kind: TrackKind, ticks: u64) -> UnixTime {
        let media = ticks_to_time(ticks, self.timescale(kind));
        self.wall_start.plus_millis(media.minus(self.media_start).as_millis())
    }
}

/// The nearest tick; times before zero do not occur and count as zero.
pub(super) fn time_to_ticks(time: MediaTime, timescale: u32) -> u64 {
    let micros = u128::from(u64::try_from(time.as_micros()).unwrap_or(0));
    u64::try_from((micros * u128::from(timescale) + 500_000) / 1_000_000).unwrap_or(u64::MAX)
}

/// Exact to a microsecond.
pub(super) fn ticks_to_time(ticks: u64, timescale: u32) -> MediaTime {
    let micros = u128::from(ticks) * 1_000_000 / u128::from(timescale.max(1));
    MediaTime::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

impl Timeline {
    pub(super) fn new(first_number: u64) -> Self {
        let window = || Window { segments: VecDeque::new(), next_number: first_number, bytes: 0, slides: false };
        Self {
            periods: VecDeque::new(),
            windows: [window(), window()],
            // As with segments: a publisher that goes to another worker, or meets one that was restarted, begins a
            // discontinuity that no player takes for one that it knows.
            next_period: first_number,
            held: Vec::new(),
            epoch: None,
            longest_ms: 0,
        }
    }

    pub(super) fn clear(&mut self) {
        self.periods.clear();
        self.held.clear();
        for window in &mut self.windows {
            window.segments.clear();
            window.bytes = 0;
        }
    }

    pub(super) fn begin_period(
        &mut self,
        tracks: &TrackSet,
        media_start: MediaTime,
        now: UnixTime,
        generation: u64,
    ) -> PeriodId {
        let epoch = *self.epoch.get_or_insert(now);
        let id = PeriodId(self.next_period);
        self.next_period += 1;
        let wall_start = match self.periods.back() {
            // The same publisher's clock goes on.
            Some(previous) if previous.generation == generation => {
                previous.wall_start.plus_millis(media_start.minus(previous.media_start).as_millis())
            }
            _ => now,
        };
        let after_previous = self.periods.back().map_or(0, Period::end_ms);
        self.periods.push_back(Period {
            id,
            generation,
            video: tracks.video.as_ref().map(|(video, _)| video.clone()),
            audio: tracks.audio.as_ref().map(|(audio, _)| audio.clone()),
            media_start,
            wall_start,
            start_ms: wall_start.millis_since(epoch).max(after_previous),
            inits: [None, None],
            end: MediaTime::ZERO,
            is_complete: false,
            is_drained: false,
        });
        self.forget_periods();
        id
    }

    pub(super) fn add(
        &mut self,
        id: PeriodId,
        kind: TrackKind,
        new: NewSegment,
        playlist_segments: usize,
        config: &PackagingConfig,
    ) {
        if self.must_wait(id) {
            self.held.push((id, kind, new));
            // A burst beyond what the window may hold anyway does not wait.
            let held: usize = self.held.iter().map(|(_, _, segment)| segment.data.len()).sum();
            if held <= config.window_bytes {
                return;
            }
            for period in &mut self.periods {
                period.is_drained = true;
            }
            self.release(playlist_segments, config);
            return;
        }
        self.append(id, kind, new);
        self.shrink(playlist_segments.saturating_add(config.grace_segments), config.window_bytes);
    }

    /// The pipeline of a period has ended.
    pub(super) fn drained(&mut self, id: PeriodId, playlist_segments: usize, config: &PackagingConfig) {
        if let Some(period) = self.periods.iter_mut().find(|period| period.id == id) {
            period.is_drained = true;
        }
        self.release(playlist_segments, config);
    }

    /// True while an earlier period may still get segments.
    fn must_wait(&self, id: PeriodId) -> bool {
        self.periods.iter().any(|period| period.id < id && !period.is_drained)
    }

    fn release(&mut self, playlist_segments: usize, config: &PackagingConfig) {
        let mut held = std::mem::take(&mut self.held);
        // Stable: the segments of a track stay in order.
        held.sort_by_key(|&(id, _, _)| id);
        for (id, kind, segment) in held {
            if self.must_wait(id) {
                self.held.push((id, kind, segment));
            } else {
                self.append(id, kind, segment);
            }
        }
        self.shrink(playlist_segments.saturating_add(config.grace_segments), config.window_bytes);
    }

    fn append(&mut self, id: PeriodId, kind: TrackKind, new: NewSegment) {
        let window = &mut self.windows[slot(kind)];
        if window.segments.back().is_some_and(|newest| newest.period > id) {
            return;
        }
        let Some(period) = self.periods.iter_mut().find(|period| period.id == id) else { return };
        let number = window.next_number;
        window.next_number += 1;
        if let Some(data) = new.init {
            period.inits[slot(kind)] = Some(Init { number, data });
        }
        let timescale = period.timescale(kind);
        let end = ticks_to_time(new.time.saturating_add(new.duration), timescale).minus(period.media_start);
        period.end = period.end.max(end);
        let duration_ms = ticks_to_time(new.duration, timescale).as_millis();
        self.longest_ms = self.longest_ms.max(duration_ms);
        window.bytes += new.data.len();
        window.segments.push_back(Segment {
            number,
            period: id,
            time: new.time,
            duration: new.duration,
            data: new.data,
        });
        period.is_complete |= [TrackKind::Video, TrackKind::Audio]
            .into_iter()
            .all(|kind| !period.has(kind) || period.inits[slot(kind)].is_some());
    }

    fn shrink(&mut self, max_segments: usize, max_bytes: usize) {
        for window in &mut self.windows {
            while window.segments.len() > max_segments {
                window.pop();
            }
        }
        while self.windows.iter().map(|window| window.bytes).sum::<usize>() > max_bytes {
            let Some(largest) = self
                .windows
                .iter_mut()
                .filter(|window| window.segments.len() > MIN_SEGMENTS)
                .max_by_key(|window| window.bytes)
            else {
                break;
            };
            largest.pop();
        }
        self.forget_periods();
    }

    /// Drops the oldest periods while none of their segments is left and none will come.
    fn forget_periods(&mut self) {
        while let Some(oldest) = self.periods.front()
            && self.periods.len() > 1
            && oldest.is_drained
            && !self.windows.iter().any(|window| window.segments.iter().any(|segment| segment.period == oldest.id))
        {
            self.periods.pop_front();
        }
    }

    pub(super) fn periods(&self) -> impl DoubleEndedIterator<Item = &Period> {
        self.periods.iter()
    }

    pub(super) fn period(&self, id: PeriodId) -> Option<&Period> {
        self.periods.iter().find(|period| period.id == id)
    }

    /// The segments of a track that a playlist of that length names.
    pub(super) fn listed(&self, kind: TrackKind, playlist_segments: usize) -> impl ExactSizeIterator<Item = &Segment> {
        let window = &self.windows[slot(kind)];
        let length = window.segments.len();
        // A window cut short by its size still keeps its oldest segments for players that ask late, if it can.
        let spare = if window.slides { length.saturating_sub(MIN_SEGMENTS).min(1) } else { 0 };
        window.segments.range(length.saturating_sub(playlist_segments).max(spare)..)
    }

    /// True until the longer track has that much, or as much as there is room for.
    pub(super) fn is_shorter_than(&self, needed_ms: i64) -> bool {
        let duration_ms = |kind| {
            let durations = self.windows[slot(kind)].segments.iter().filter_map(|segment| {
                let timescale = self.period(segment.period)?.timescale(kind);
                Some(ticks_to_time(segment.duration, timescale).as_millis())
            });
            durations.sum::<i64>()
        };
        let is_full = self.windows.iter().any(|window| window.slides);
        !is_full && duration_ms(TrackKind::Video).max(duration_ms(TrackKind::Audio)) < needed_ms
    }

    pub(super) fn init(&self, kind: TrackKind, number: u64) -> Option<Bytes> {
        let inits = self.periods.iter().filter_map(|period| period.inits[slot(kind)].as_ref());
        inits.into_iter().find(|init| init.number == number).map(|init| init.data.clone())
    }

    pub(super) fn segment(&self, kind: TrackKind, number: u64) -> Option<Bytes> {
        let segments = &self.windows[slot(kind)].segments;
        let index = usize::try_from(number.checked_sub(segments.front()?.number)?).ok()?;
        Some(segments.get(index)?.data.clone())
    }

    /// Bits per second of a track over the segments of one period that are here: of the largest, and of all.
    pub(super) fn bitrate_bps(&self, period: &Period, kind: TrackKind) -> (u64, u64) {
        let timescale = u64::from(period.timescale(kind));
        let rate = |bytes: u64, ticks: u64| bytes.saturating_mul(8 * timescale).checked_div(ticks).unwrap_or(0);
        let (mut peak, mut bytes, mut ticks) = (0, 0_u64, 0_u64);
        for segment in self.windows[slot(kind)].segments.iter().filter(|segment| segment.period == period.id) {
            let size = segment.data.len() as u64;
            peak = peak.max(rate(size, segment.duration));
            bytes += size;
            ticks += segment.duration;
        }
        (peak, rate(bytes, ticks))
    }

    /// Wall clock at the start of the first period.
    pub(super) const fn epoch(&self) -> Option<UnixTime> {
        self.epoch
    }

    /// Duration of the longest segment so far.
    pub(super) const fn longest_ms(&self) -> i64 {
        self.longest_ms
    }
}

impl Window {
    fn pop(&mut self) {
        if let Some(segment) = self.segments.pop_front() {
            self.bytes -= segment.data.len();
            self.slides = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_canonical_names_are_objects() {
        assert_eq!(parse_name("v-17.m4s"), Some((TrackKind::Video, 17, false)));
        assert_eq!(parse_name("a-init-3.mp4"), Some((TrackKind::Audio, 3, true)));
        for name in ["", "v", "v-", "v-.m4s", "v-017.m4s", "v-+1.m4s", "v-1.mp4", "v-init-1.m4s", "x-1.m4s", "ä-1.m4s"]
        {
            assert_eq!(parse_name(name), None, "{name}");
        }
        assert_eq!(parse_name("v-99999999999999999999.m4s"), None);
    }
}
