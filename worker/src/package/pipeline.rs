//! One GStreamer pipeline: for each track `appsrc ► cmafmux ► appsink`.
//!
//! The muxer gets whole access units with complete caps from our own readers, so that no parser is needed in between.
//! Units are handed over in batches: a wake-up of two threads for each would cost more than the muxing. The muxer takes
//! in up to a fragment's worth without blocking its source, and nothing here waits for a clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};

use crate::media::{AccessUnit, MediaTime, TrackKind};

use super::boxes::fragment_times;
use super::caps::{audio_caps, video_caps};
use super::feed::TrackSet;
use super::supervisor::{self, OnFailure};
use super::window::{NewSegment, VIDEO_TIMESCALE, slot, ticks_to_time};

/// What GStreamer refused.
#[derive(Debug, thiserror::Error)]
pub enum PipelineError {
    #[error("packaging cannot be set up: {0}")]
    Build(#[from] gst::glib::BoolError),
    #[error("the configuration record of a track is too short")]
    Record,
    #[error("packaging cannot be started")]
    Start(#[from] gst::StateChangeError),
}

/// A running pipeline.
pub(super) struct Pipeline {
    pipeline: gst::Pipeline,
    /// Video and audio.
    tracks: [Option<Track>; 2],
    progress: Arc<Progress>,
    /// Set when nobody wants to hear of failures any more.
    stopped: Arc<AtomicBool>,
}

struct Track {
    source: AppSrc,
    batch: gst::BufferList,
    batch_start: Option<u64>,
}

/// What went in and came out, shared with the streaming threads.
#[derive(Debug, Default)]
struct Progress {
    pushed_bytes: AtomicUsize,
    cut_bytes: AtomicUsize,
    /// Media time up to which a track was cut, microseconds; video and audio.
    cut_until_us: [AtomicI64; 2],
}

/// A batch is handed over when it is this long; at the end of a segment also before (`feed`).
const BATCH_NANOS: u64 = 250_000_000;

impl Pipeline {
    /// Builds and starts a pipeline. `on_segment` is called on its threads; `on_failure` on the supervisor's, at most
    /// once, and not after [`stop`](Self::stop).
    ///
    /// # Errors
    /// [`PipelineError`] when GStreamer refuses; nothing is left running then.
    pub(super) fn start(
        tracks: &TrackSet,
        fragment: MediaTime,
        media_start: MediaTime,
        on_segment: impl Fn(TrackKind, NewSegment) + Send + Sync + 'static,
        on_failure: OnFailure,
    ) -> Result<Self, PipelineError> {
        let pipeline = gst::Pipeline::new();
        let stopped = Arc::new(AtomicBool::new(false));
        supervisor::watch(&pipeline, stopped.clone(), on_failure);
        let progress = Arc::new(Progress::default());
        let on_segment: Arc<OnSegment> = Arc::new(on_segment);
        let mut sources = [None, None];
        let chains = [
            (
                TrackKind::Video,
                tracks.video.as_ref().map(|(video, config)| (video_caps(config, Some(video)), VIDEO_TIMESCALE)),
            ),
            (
                TrackKind::Audio,
                tracks.audio.as_ref().map(|(audio, config)| (audio_caps(config, Some(audio)), audio.core_rate_hz)),
            ),
        ];
        for (kind, chain) in chains {
            // A track that is not there counts as cut for ever.
            let Some((caps, timescale)) = chain else {
                progress.cut_until_us[slot(kind)].store(i64::MAX, Ordering::Relaxed);
                continue;
            };
            let caps = caps.ok_or(PipelineError::Record)?;
            progress.cut_until_us[slot(kind)].store(media_start.as_micros(), Ordering::Relaxed);
            let cutter = Cutter { kind, timescale, progress: progress.clone(), on_segment: on_segment.clone() };
            let source = add_chain(&pipeline, &caps, fragment, timescale, cutter)?;
            sources[slot(kind)] = Some(Track { source, batch: gst::BufferList::new(), batch_start: None });
        }
        if let Err(error) = pipeline.set_state(gst::State::Playing) {
            stopped.store(true, Ordering::Release);
            // Nothing flows yet, so that this cannot block.
            let _ = pipeline.set_state(gst::State::Null);
            return Err(error.into());
        }
        Ok(Self { pipeline, tracks: sources, progress, stopped })
    }

    /// Takes one unit; times in nanoseconds. Never waits. A pipeline that has failed forgets it.
    pub(super) fn push(&mut self, kind: TrackKind, unit: &AccessUnit, pts: u64, dts: u64, duration: Option<u64>) {
        let Some(track) = &mut self.tracks[slot(kind)] else { return };
        self.progress.pushed_bytes.fetch_add(unit.data.len(), Ordering::Relaxed);
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        {
            let buffer = buffer.make_mut();
            buffer.set_pts(gst::ClockTime::from_nseconds(pts));
            buffer.set_dts(gst::ClockTime::from_nseconds(dts));
            buffer.set_duration(duration.map(gst::ClockTime::from_nseconds));
            if kind == TrackKind::Video && !unit.key {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
        }
        track.batch.make_mut().add(buffer);
        let start = *track.batch_start.get_or_insert(dts);
        if dts.saturating_sub(start) >= BATCH_NANOS {
            track.flush();
        }
    }

    /// Hands over what was collected.
    pub(super) fn flush(&mut self) {
        self.tracks.iter_mut().flatten().for_each(Track::flush);
    }

    /// Payload that is inside: pushed, and not cut yet.
    pub(super) fn open_bytes(&self) -> usize {
        let cut = self.progress.cut_bytes.load(Ordering::Relaxed);
        self.progress.pushed_bytes.load(Ordering::Relaxed).saturating_sub(cut)
    }

    /// Media time up to which a track was cut.
    pub(super) fn cut_until(&self, kind: TrackKind) -> MediaTime {
        MediaTime::from_micros(self.progress.cut_until_us[slot(kind)].load(Ordering::Relaxed))
    }

    /// Ends the stream: the last segments are cut, then `on_drained` is called by the supervisor, and everything is
    /// taken down. Does not wait.
    pub(super) fn stop(mut self, on_drained: Box<dyn FnOnce() + Send>) {
        self.stopped.store(true, Ordering::Release);
        // A pipeline that failed takes nothing any more; the supervisor takes it down all the same.
        self.flush();
        for track in self.tracks.iter().flatten() {
            let _ = track.source.end_of_stream();
        }
        supervisor::take_down(self.pipeline, on_drained);
    }
}

impl Track {
    fn flush(&mut self) {
        self.batch_start = None;
        if self.batch.is_empty() {
            return;
        }
        let batch = std::mem::replace(&mut self.batch, gst::BufferList::new());
        // A pipeline that has failed refuses; why, it says on its bus.
        let _ = self.source.push_buffer_list(batch);
    }
}

type OnSegment = dyn Fn(TrackKind, NewSegment) + Send + Sync;

/// Makes segments of one track's buffer lists.
struct Cutter {
    kind: TrackKind,
    timescale: u32,
    progress: Arc<Progress>,
    on_segment: Arc<OnSegment>,
}

impl Cutter {
    fn cut(&self, list: &gst::BufferListRef) -> Result<gst::FlowSuccess, gst::FlowError> {
        let mut init = None;
        let mut payload = 0;
        let mut data = Vec::with_capacity(list.calculate_size());
        for buffer in list.iter() {
            let flags = buffer.flags();
            let bytes = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
            if flags.contains(gst::BufferFlags::DISCONT | gst::BufferFlags::HEADER) {
                init = Some(Bytes::copy_from_slice(&bytes));
                continue;
            }
            if !flags.contains(gst::BufferFlags::HEADER) {
                payload += bytes.len();
            }
            data.extend_from_slice(&bytes);
        }
        self.progress.cut_bytes.fetch_add(payload, Ordering::Relaxed);
        let times = fragment_times(&data).ok_or(gst::FlowError::Error)?;
        let until = ticks_to_time(times.time.saturating_add(times.duration), self.timescale);
        self.progress.cut_until_us[slot(self.kind)].store(until.as_micros(), Ordering::Relaxed);
        (self.on_segment)(
            self.kind,
            NewSegment { init, data: data.into(), time: times.time, duration: times.duration },
        );
        Ok(gst::FlowSuccess::Ok)
    }
}

fn add_chain(
    pipeline: &gst::Pipeline,
    caps: &gst::Caps,
    fragment: MediaTime,
    timescale: u32,
    cutter: Cutter,
) -> Result<AppSrc, PipelineError> {
    let source = AppSrc::builder()
        .caps(caps)
        .format(gst::Format::Time)
        .is_live(false)
        // Never full: what is inside is bounded before it is pushed, over source and muxer together.
        .max_bytes(0)
        .build();
    let fragment = u64::try_from(fragment.as_micros()).unwrap_or(0).saturating_mul(1_000);
    // The same muxer under another name: the first has no word for VP9.
    let is_vp9 = caps.structure(0).is_some_and(|structure| structure.name() == "video/x-vp9");
    let mux = gst::ElementFactory::make(if is_vp9 { "dashmp4mux" } else { "cmafmux" })
        .property("fragment-duration", gst::ClockTime::from_nseconds(fragment))
        .property("send-force-keyunit", false)
        .property_from_str("write-edts-mode", "never")
        .build()?;
    if let Some(pad) = mux.static_pad("sink") {
        pad.set_property("trak-timescale", timescale);
    }
    let sink = AppSink::builder().sync(false).async_(false).enable_last_sample(false).buffer_list(true).build();
    // A panic in here is caught by the binding and becomes an error of this pipeline.
    sink.set_callbacks(
        AppSinkCallbacks::builder()
            .new_sample(move |sink| {
                let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
                cutter.cut(sample.buffer_list().ok_or(gst::FlowError::Error)?)
            })
            .build(),
    );
    pipeline.add_many([source.upcast_ref(), &mux, sink.upcast_ref()])?;
    gst::Element::link_many([source.upcast_ref(), &mux, sink.upcast_ref()])?;
    Ok(source)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;
    use crate::media::{AudioTrack, Codec, TrackConfig};
    use crate::package::initialise_packaging;

    fn sound() -> TrackSet {
        let track = AudioTrack {
            codec: "mp4a.40.2".to_owned(),
            core_rate_hz: 48_000,
            output_rate_hz: 48_000,
            channels: 2,
            frame_samples: 1024,
        };
        let config = TrackConfig { codec: Codec::Aac, record: Bytes::from_static(&[0x11, 0x90]) };
        TrackSet { video: None, audio: Some((track, config)) }
    }

    fn push_seconds(pipeline: &mut Pipeline, seconds: u64) {
        for frame in 0..seconds * 50 {
            let dts = MediaTime::from_millis(i64::try_from(frame).unwrap() * 20);
            let unit =
                AccessUnit { kind: TrackKind::Audio, pts: dts, dts, key: true, data: Bytes::from_static(&[1; 64]) };
            pipeline.push(TrackKind::Audio, &unit, frame * 20_000_000, frame * 20_000_000, Some(20_000_000));
        }
    }

    #[test]
    fn a_panic_in_a_callback_fails_its_pipeline_and_nothing_else() {
        initialise_packaging().unwrap();
        let (failed, failure) = channel();
        let on_failure: OnFailure = Arc::new(move |text| {
            let _ = failed.send(text);
        });
        let fragment = MediaTime::from_millis(1_000);
        let on_segment = |_: TrackKind, _: NewSegment| panic!("on purpose");
        let mut broken = Pipeline::start(&sound(), fragment, MediaTime::ZERO, on_segment, on_failure).unwrap();
        push_seconds(&mut broken, 3);
        let text = failure.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(text.contains("anicked"), "{text}");
        let (drained, is_drained) = channel();
        broken.stop(Box::new(move || drained.send(()).unwrap()));
        is_drained.recv_timeout(Duration::from_secs(10)).unwrap();
    }

    #[test]
    fn what_is_inside_at_the_end_still_comes_out() {
        initialise_packaging().unwrap();
        let (segments, cut) = channel();
        let on_segment = move |_: TrackKind, segment: NewSegment| {
            let _ = segments.send((segment.init.is_some(), segment.time, segment.duration));
        };
        let on_failure: OnFailure = Arc::new(|text| panic!("{text}"));
        let fragment = MediaTime::from_millis(1_000);
        let mut pipeline = Pipeline::start(&sound(), fragment, MediaTime::ZERO, on_segment, on_failure).unwrap();
        push_seconds(&mut pipeline, 3);
        assert!(pipeline.open_bytes() > 0);
        let (drained, is_drained) = channel();
        pipeline.stop(Box::new(move || drained.send(()).unwrap()));
        is_drained.recv_timeout(Duration::from_secs(10)).unwrap();
        let cut: Vec<_> = cut.try_iter().collect();
        assert_eq!(cut, [(true, 0, 48_000), (false, 48_000, 48_000), (false, 96_000, 48_000)]);
    }
}
