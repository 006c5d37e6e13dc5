//! One GStreamer pipeline for one track: `appsrc ► decoder ► convert ► encoder ► appsink`, all on one thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::{AppSink, AppSinkCallbacks, AppSrc};
use tracing::warn;

use crate::hub::Replica;
use crate::media::{AccessUnit, MediaTime, TrackConfig, TrackKind};
use crate::package::initialise_packaging;
use crate::package::supervisor::{self, OnFailure};

use super::Impossible;
use super::elements::Chain;
use super::need::Target;
use super::outlet::{Encoder, Outlet, force_key_frame};

/// A running pipeline. Dropping it takes it down, and nothing comes out from then on.
pub(super) struct Transcoder {
    pipeline: gst::Pipeline,
    source: AppSrc,
    outlet: Arc<Outlet>,
    /// Of pictures.
    encoder: Option<Encoder>,
    /// Set when nobody wants to hear of failures any more.
    stopped: Arc<AtomicBool>,
    /// Pictures are left out until a key frame.
    awaits_key: bool,
    /// More has waited in the pipeline since then than a moment's worth.
    congested_since: Option<Instant>,
    _share: Option<Share>,
}

/// A share of the machine, which re-encoding pictures takes. Dropping it gives it back.
struct Share;

/// What became of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pushed {
    Taken,
    /// Left out, because the pipeline does not keep up.
    Dropped,
    /// Left out, as all pictures are until a key frame.
    AwaitsKeyFrame,
    /// Nothing has come out for so long that nothing will: what goes in is not what it is said to be.
    Undecodable,
}

impl Transcoder {
    /// Builds and starts a pipeline that feeds `out`. `on_failure` is called at most once.
    ///
    /// # Errors
    /// [`Impossible`] when an element is missing, or GStreamer refuses; nothing is left running then.
    pub(super) fn start(
        config: &TrackConfig,
        target: Target,
        out: Arc<Replica>,
        encoder: &Encoder,
        on_failure: OnFailure,
    ) -> Result<Self, Impossible> {
        initialise_packaging().map_err(failed)?;
        let kind = config.codec.kind();
        let share = (target == Target::H264).then(Share::take).transpose()?;
        let chain = Chain::new(config, target)?;
        if let Some(config) = chain.config {
            out.configure(config).map_err(failed)?;
        }
        let outlet = Arc::new(Outlet::new(out, kind, chain.delay));
        let pipeline = gst::Pipeline::new();
        let stopped = Arc::new(AtomicBool::new(false));
        supervisor::watch(&pipeline, Arc::clone(&stopped), on_failure);
        // What waits in it is bounded before it is pushed.
        let source = AppSrc::builder().caps(&chain.caps).format(gst::Format::Time).is_live(false).max_bytes(0).build();
        let sink = AppSink::builder().sync(false).async_(false).enable_last_sample(false).build();
        let pad = sink.static_pad("sink").filter(|_| kind == TrackKind::Video);
        sink.set_callbacks(callbacks(Arc::clone(&outlet)));
        let mut all = vec![source.clone().upcast::<gst::Element>()];
        all.extend(chain.elements);
        all.push(sink.upcast());
        pipeline.add_many(&all).map_err(failed)?;
        gst::Element::link_many(&all).map_err(failed)?;
        let encoder = pad.map(|pad| {
            encoder.set(Some(pad));
            encoder.clone()
        });
        let transcoder = Self {
            pipeline,
            source,
            outlet,
            encoder,
            stopped,
            awaits_key: kind == TrackKind::Video,
            congested_since: None,
            _share: share,
        };
        transcoder.pipeline.set_state(gst::State::Playing).map_err(failed)?;
        Ok(transcoder)
    }

    /// Takes one unit of the source. Never waits. A pipeline that has failed forgets it.
    pub(super) fn push(&mut self, unit: &AccessUnit) -> Pushed {
        if self.is_congested() {
            self.awaits_key = unit.kind == TrackKind::Video;
            return Pushed::Dropped;
        }
        let resumes = self.awaits_key;
        if resumes && !unit.key {
            return Pushed::AwaitsKeyFrame;
        }
        self.awaits_key = false;
        let mut buffer = gst::Buffer::from_slice(unit.data.clone());
        {
            let buffer = buffer.make_mut();
            buffer.set_pts(clock_time(unit.pts));
            buffer.set_dts(clock_time(unit.dts));
            if unit.kind == TrackKind::Video && !unit.key {
                buffer.set_flags(gst::BufferFlags::DELTA_UNIT);
            }
            if resumes {
                buffer.set_flags(gst::BufferFlags::DISCONT);
            }
        }
        // A pipeline that has failed refuses; why, it says on its bus.
        let _ = self.source.push_buffer(buffer);
        let unanswered = self.outlet.expect();
        if unanswered > MOST_UNANSWERED && self.source.current_level_buffers() <= MOMENT {
            return Pushed::Undecodable;
        }
        Pushed::Taken
    }

    /// True when units have to be left out. At the start of a variant a whole group of pictures comes at once, and is
    /// worked off; what lasts longer is a machine that is too slow.
    fn is_congested(&mut self) -> bool {
        let waiting = self.source.current_level_buffers();
        if waiting <= MOMENT {
            self.congested_since = None;
            return false;
        }
        let now = Instant::now();
        let is_late = now.duration_since(*self.congested_since.get_or_insert(now)) > PATIENCE;
        is_late || waiting >= MOST_WAITING || self.source.current_level_bytes() >= MOST_WAITING_BYTES
    }
}

impl Share {
    fn take() -> Result<Self, Impossible> {
        let most = SHARES_PER_CORE * std::thread::available_parallelism().map_or(1, usize::from);
        let take = |taken| (taken < most).then_some(taken + 1);
        SHARES.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).map_err(|_| Impossible::TooMany(most))?;
        Ok(Self)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        SHARES.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Drop for Transcoder {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        self.outlet.close();
        if let Some(encoder) = &self.encoder {
            encoder.set(None);
        }
        let pipeline = self.pipeline.clone();
        // That waits for the pipeline's own thread.
        supervisor::run(Box::new(move || {
            if pipeline.set_state(gst::State::Null).is_err() {
                warn!("a transcoding pipeline did not stop cleanly");
            }
        }));
    }
}

fn callbacks(outlet: Arc<Outlet>) -> AppSinkCallbacks {
    // A panic in here is caught by the binding and becomes an error of this pipeline.
    AppSinkCallbacks::builder()
        .new_sample(move |sink| {
            let sample = sink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
            if outlet.take(&sample)?
                && let Some(pad) = sink.static_pad("sink")
            {
                force_key_frame(&pad);
            }
            Ok(gst::FlowSuccess::Ok)
        })
        .build()
}

fn clock_time(time: MediaTime) -> gst::ClockTime {
    gst::ClockTime::from_useconds(u64::try_from(time.as_micros()).unwrap_or(0))
}

fn failed(error: impl std::fmt::Display) -> Impossible {
    Impossible::Failed(error.to_string())
}

/// Those that are taken, in the whole process: the machine is one.
static SHARES: AtomicUsize = AtomicUsize::new(0);
/// Pictures of 720p take about a quarter of a core.
const SHARES_PER_CORE: usize = 4;
/// Units that may wait at any time: about a second.
const MOMENT: u64 = 50;
/// Units that may wait at all, as many as any ring holds.
const MOST_WAITING: u64 = 1_600;
const MOST_WAITING_BYTES: u64 = 32 << 20;
/// Units that a decoder may take without giving anything back: three seconds of sound, and more pictures than any reorders.
const MOST_UNANSWERED: u32 = 150;
/// How long more than a moment's worth may wait.
const PATIENCE: Duration = Duration::from_secs(2);
