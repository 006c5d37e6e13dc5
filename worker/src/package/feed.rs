//! Feeds one broadcast's access units to its pipeline: starts it, restarts it when the tracks change, and bounds what
//! may be inside.

use std::sync::Arc;

use crate::media::{AccessUnit, AudioTrack, Codec, MediaTime, TrackConfig, TrackInfo, TrackKind, VideoTrack};

use super::Package;
use super::pipeline::{Pipeline, PipelineError};
use super::restarts::RestartBudget;
use super::settings::PackagingConfig;
use super::supervisor::OnFailure;
use super::window::{PeriodId, VIDEO_TIMESCALE, time_to_ticks};

/// The tracks of a pipeline: what was read of each, and its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TrackSet {
    pub(crate) video: Option<(VideoTrack, TrackConfig)>,
    pub(crate) audio: Option<(AudioTrack, TrackConfig)>,
}

/// The codecs that are packaged as they are: those that players of HLS and DASH take.
pub(crate) const fn is_packaged(codec: Codec) -> bool {
    matches!(codec, Codec::H264 | Codec::Vp9 | Codec::Av1 | Codec::Aac)
}

impl TrackSet {
    pub(crate) const fn is_empty(&self) -> bool {
        self.video.is_none() && self.audio.is_none()
    }

    /// Takes a track in place of the one of its kind; none when it cannot be packaged.
    pub(crate) fn take(&mut self, config: &TrackConfig, info: &TrackInfo) {
        let is_packaged = is_packaged(config.codec);
        match config.codec.kind() {
            TrackKind::Video => {
                self.video = match info {
                    TrackInfo::Video(video) if is_packaged => Some((video.clone(), config.clone())),
                    _ => None,
                };
            }
            TrackKind::Audio => {
                self.audio = match info {
                    TrackInfo::Audio(audio) if is_packaged => Some((audio.clone(), config.clone())),
                    _ => None,
                };
            }
        }
    }
}

/// Why packaging cannot go on; the broadcast ends with this text.
#[derive(Debug, thiserror::Error)]
pub enum PackagingError {
    #[error("no key frame within {0} s")]
    NoKeyFrame(i64),
    #[error("more than {0} bytes without a key frame")]
    OpenSegmentTooLarge(usize),
    #[error(transparent)]
    Pipeline(#[from] PipelineError),
}

/// The way from access units to segments.
pub struct Packager {
    package: Arc<Package>,
    config: PackagingConfig,
    on_failure: OnFailure,
    generation: u64,
    /// What the publisher announced.
    tracks: TrackSet,
    run: Option<Run>,
    restarts: RestartBudget,
}

/// One pipeline and what is fed to it.
struct Run {
    tracks: TrackSet,
    period: PeriodId,
    pipeline: Pipeline,
    segment_duration: MediaTime,
    video: VideoFeed,
    audio: AudioFeed,
}

impl Packager {
    pub(crate) fn new(
        package: Arc<Package>,
        config: PackagingConfig,
        on_failure: Box<dyn Fn(String) + Send + Sync>,
    ) -> Self {
        let generation = package.generation();
        let restarts = RestartBudget::full((package.clock)());
        Self {
            package,
            config,
            on_failure: on_failure.into(),
            generation,
            tracks: TrackSet::default(),
            run: None,
            restarts,
        }
    }

    /// What is to be packaged from now on. The pipeline restarts at the next unit on which a period can begin.
    pub(crate) fn set_tracks(&mut self, tracks: TrackSet) {
        self.tracks = tracks;
    }

    /// Takes one unit. Never waits.
    ///
    /// # Errors
    /// [`PackagingError`] when the broadcast cannot be packaged any further.
    pub(crate) fn push(&mut self, unit: &AccessUnit) -> Result<(), PackagingError> {
        let has_changed = self.run.as_ref().is_none_or(|run| run.tracks != self.tracks);
        if has_changed && self.can_begin_with(unit) {
            if self.restarts.take((self.package.clock)()) {
                self.begin(unit.dts)?;
            } else if let Some(run) = self.run.take() {
                // Browsers follow the network with the size of their pictures. Whoever changes without end is packaged
                // again when it has settled.
                run.stop(&self.package, || {});
            }
        }
        let Some(run) = &mut self.run else { return Ok(()) };
        // Between a change of tracks and the unit that begins the new period, only what has not changed goes on.
        match unit.kind {
            TrackKind::Video if run.tracks.video.is_some() && run.tracks.video == self.tracks.video => {
                run.push_video(unit);
            }
            TrackKind::Audio if run.tracks.audio.is_some() && run.tracks.audio == self.tracks.audio => {
                run.push_audio(unit);
            }
            TrackKind::Video | TrackKind::Audio => {}
        }
        run.check_limits(&self.config, unit)
    }

    /// Ends it: what is inside becomes the last segments, and then the package counts as ended. Does not wait.
    pub(crate) fn stop(mut self) {
        let package = self.package.clone();
        let generation = self.generation;
        match self.run.take() {
            Some(run) => run.stop(&self.package, move || package.finish_generation(generation)),
            None => package.finish_generation(generation),
        }
    }

    /// A period begins with a key frame, or with any frame of a stream of sound.
    const fn can_begin_with(&self, unit: &AccessUnit) -> bool {
        match unit.kind {
            TrackKind::Video => self.tracks.video.is_some() && unit.key,
            TrackKind::Audio => self.tracks.video.is_none() && self.tracks.audio.is_some(),
        }
    }

    fn begin(&mut self, media_start: MediaTime) -> Result<(), PackagingError> {
        if let Some(run) = self.run.take() {
            run.stop(&self.package, || {});
        }
        let period = self.package.begin_period(&self.tracks, media_start);
        let package = self.package.clone();
        let segment_duration = package.segment_duration();
        let pipeline = Pipeline::start(
            &self.tracks,
            segment_duration,
            media_start,
            move |kind, segment| package.add(period, kind, segment),
            self.on_failure.clone(),
        )
        .inspect_err(|_| self.package.drained(period))?;
        let rate = self.tracks.audio.as_ref().map_or(1, |(audio, _)| audio.core_rate_hz);
        let frame_samples = self.tracks.audio.as_ref().map_or(1, |(audio, _)| audio.frame_samples);
        self.run = Some(Run {
            tracks: self.tracks.clone(),
            period,
            pipeline,
            segment_duration,
            video: VideoFeed { last_dts: None, last_key: None, shortest_step: None, closes_at: None },
            audio: AudioFeed { rate, frame_samples, next_sample: None },
        });
        Ok(())
    }
}

impl Run {
    fn push_video(&mut self, unit: &AccessUnit) {
        let ends_segment = self.video.note(unit);
        let pts = ticks_to_nanos(time_to_ticks(unit.pts, VIDEO_TIMESCALE), VIDEO_TIMESCALE);
        let dts = ticks_to_nanos(time_to_ticks(unit.dts, VIDEO_TIMESCALE), VIDEO_TIMESCALE);
        let duration = self.video.shortest_step.map(|step| u64::try_from(step.as_micros()).unwrap_or(0) * 1_000);
        self.pipeline.push(TrackKind::Video, unit, pts, dts, duration);
        if ends_segment {
            self.pipeline.flush();
        }
    }

    fn push_audio(&mut self, unit: &AccessUnit) {
        let Some(sample) = self.audio.place(unit.dts) else { return };
        let start = ticks_to_nanos(sample, self.audio.rate);
        let end = ticks_to_nanos(sample + u64::from(self.audio.frame_samples), self.audio.rate);
        self.pipeline.push(TrackKind::Audio, unit, start, start, Some(end - start));
        if unit.dts.minus(self.pipeline.cut_until(TrackKind::Audio)) >= self.segment_duration {
            self.pipeline.flush();
        }
    }

    fn check_limits(&self, config: &PackagingConfig, unit: &AccessUnit) -> Result<(), PackagingError> {
        if self.pipeline.open_bytes() > config.open_bytes {
            return Err(PackagingError::OpenSegmentTooLarge(config.open_bytes));
        }
        // Sound is cut anywhere; only pictures can be without a place to cut.
        let open_since = self.video.last_key.filter(|_| unit.kind == TrackKind::Video);
        if open_since.is_some_and(|since| unit.dts.minus(since) > config.open_duration) {
            return Err(PackagingError::NoKeyFrame(config.open_duration.as_millis() / 1_000));
        }
        Ok(())
    }

    fn stop(self, package: &Arc<Package>, then: impl FnOnce() + Send + 'static) {
        let (package, period) = (package.clone(), self.period);
        self.pipeline.stop(Box::new(move || {
            package.drained(period);
            then();
        }));
    }
}

/// What is remembered of video from unit to unit.
struct VideoFeed {
    last_dts: Option<MediaTime>,
    last_key: Option<MediaTime>,
    /// The shortest distance in this group of pictures, less a millisecond: what the last picture of all certainly
    /// lasts. (For every other one the muxer takes the distance to the next.)
    shortest_step: Option<MediaTime>,
    /// The key frame that ends a segment does so once a picture behind it has reached its presentation time: only then
    /// does the muxer know that no picture of the new segment is shown before it.
    closes_at: Option<MediaTime>,
}

impl VideoFeed {
    /// True when the muxer may be able to cut with this unit, so that it should get it at once.
    fn note(&mut self, unit: &AccessUnit) -> bool {
        if let Some(last) = self.last_dts.replace(unit.dts) {
            let step = unit.dts.minus(last).minus(MediaTime::from_millis(1)).max(MediaTime::from_millis(1));
            self.shortest_step =
                Some(self.shortest_step.filter(|_| !unit.key).map_or(step, |shortest| shortest.min(step)));
        }
        if unit.key {
            self.closes_at = Some(unit.pts);
            self.last_key = Some(unit.dts);
            return false;
        }
        match self.closes_at {
            Some(at) if unit.dts >= at => {
                self.closes_at = None;
                true
            }
            Some(_) | None => false,
        }
    }
}

/// Puts audio frames on the grid of samples. Publishers round times to milliseconds; players hear gaps of a millisecond.
struct AudioFeed {
    rate: u32,
    frame_samples: u32,
    next_sample: Option<u64>,
}

impl AudioFeed {
    /// The number of the frame's first sample; `None` when so many frames came too early that this one has no place.
    fn place(&mut self, dts: MediaTime) -> Option<u64> {
        let given = time_to_ticks(dts, self.rate);
        let sample = match self.next_sample {
            None => given,
            // A hole.
            Some(next) if given > next.saturating_add(u64::from(self.rate / HOLE_DIVISOR)) => given,
            Some(next) if next > given.saturating_add(u64::from(self.rate / EXCESS_DIVISOR)) => return None,
            Some(next) => next,
        };
        self.next_sample = Some(sample + u64::from(self.frame_samples));
        Some(sample)
    }
}

/// 40 ms: more than the jitter of encoders' clocks, less than two frames at most rates.
const HOLE_DIVISOR: u32 = 25;
/// Half a second.
const EXCESS_DIVISOR: u32 = 2;

/// The first nanosecond of a tick, so that the muxer's rounding down finds the tick again.
fn ticks_to_nanos(ticks: u64, timescale: u32) -> u64 {
    let timescale = u128::from(timescale.max(1));
    u64::try_from((u128::from(ticks) * 1_000_000_000).div_ceil(timescale)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_placed_sample_by_sample_whatever_rounding_did() {
        let mut feed = AudioFeed { rate: 44_100, frame_samples: 1024, next_sample: None };
        for frame in 0..1_000_u64 {
            let rounded = i64::try_from(frame * 1_024 * 1_000 / 44_100).unwrap();
            assert_eq!(feed.place(MediaTime::from_millis(rounded)), Some(frame * 1_024));
        }
    }

    #[test]
    fn a_hole_in_the_sound_stays_a_hole_and_a_flood_is_cut() {
        let mut feed = AudioFeed { rate: 48_000, frame_samples: 1024, next_sample: None };
        assert_eq!(feed.place(MediaTime::ZERO), Some(0));
        assert_eq!(feed.place(MediaTime::from_millis(1_000)), Some(48_000));
        let placed = (0..100).filter_map(|_| feed.place(MediaTime::from_millis(1_000))).count();
        assert_eq!(placed, 23);
    }

    #[test]
    fn nanoseconds_find_their_tick_again() {
        for timescale in [90_000, 44_100, 48_000, 22_050, 7_350] {
            for tick in (0..10_000_000_000).step_by(999_999_937) {
                let nanos = u128::from(ticks_to_nanos(tick, timescale));
                assert_eq!(nanos * u128::from(timescale) / 1_000_000_000, u128::from(tick));
            }
        }
    }
}
