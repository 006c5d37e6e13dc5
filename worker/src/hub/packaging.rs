//! How a broadcast comes to be packaged: its publisher hands its units to the packager, or, where players of HLS and DASH
//! cannot take them as they are, a variant of the stream does.

use std::sync::Arc;
use std::time::Duration;

use sluice_contract::message::EndReason;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::warn;

use crate::media::{AccessUnit, Codec, TrackConfig, TrackInfo};
use crate::package::{Packager, TrackSet, is_packaged};
use crate::transcode::{self, AudioNeed, Impossible, Need, VideoNeed, variant};

use super::reader::ReaderItem;
use super::stream::LiveStream;
use super::{Hub, PublishRight};

/// Whether access units go to a packager, and from where.
pub(super) enum Packaging {
    Idle,
    Running {
        packager: Box<Packager>,
        fed_by: FedBy,
    },
    /// The broadcast ended: nothing may start.
    Closed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FedBy {
    Publisher,
    Variant,
}

/// What packaging needs of a stream with these tracks. Pictures that would have to be re-encoded and may not be are left
/// out.
pub(super) fn packaging_need(codecs: [Option<Codec>; 2], transcoding_allowed: bool) -> Need {
    let [video, audio] = codecs;
    let must_change = |codec: Option<Codec>| codec.is_some_and(|codec| !is_packaged(codec));
    Need {
        audio: if must_change(audio) { AudioNeed::Aac } else { AudioNeed::AsIs },
        video: if must_change(video) && transcoding_allowed { VideoNeed::H264 } else { VideoNeed::AsIs },
    }
}

/// Feeds the packager of a stream from a variant of it, for as long as the stream is live.
pub(super) struct VariantFeed {
    pub hub: Hub,
    pub stream: Arc<LiveStream>,
    pub session: Arc<dyn PublishRight>,
}

impl VariantFeed {
    /// Starts it.
    ///
    /// # Errors
    /// Why no thread could be started.
    pub(super) fn start(self) -> Result<(), String> {
        transcode::spawn(self.run())
    }

    async fn run(self) {
        let mut told: Option<Impossible> = None;
        while self.stream.is_live() {
            match self.follow().await {
                Ok(()) => told = None,
                Err(Impossible::Ended) => return,
                Err(why) => {
                    if told.as_ref() != Some(&why) {
                        warn!(broadcast.name = %self.stream.key(), error = %why, "the stream is not packaged");
                        told = Some(why);
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// Packages what a variant has until that ends.
    async fn follow(&self) -> Result<(), Impossible> {
        let allowed = self.hub.transcoding_allowed(&self.stream.key().application);
        let codecs = self.stream.codecs();
        let need = packaging_need(codecs, allowed);
        let held = variant(&self.stream, need, allowed)?;
        let mut reader = held.stream().subscribe();
        let mut start = Start::new(codecs.map(|codec| codec.is_some_and(|codec| will_be_packaged(codec, allowed))));
        let mut tracks = TrackSet::default();
        loop {
            let item = match start.deadline() {
                None => reader.next().await,
                Some(deadline) => match timeout_at(deadline, reader.next()).await {
                    Ok(item) => item,
                    Err(_) => {
                        self.begin(&mut start, &tracks);
                        continue;
                    }
                },
            };
            match item {
                Some(ReaderItem::Config(config)) => {
                    self.take(&mut tracks, &config);
                    if start.is_over() {
                        self.retrack(&tracks);
                    } else if start.is_complete(&tracks) {
                        self.begin(&mut start, &tracks);
                    }
                }
                Some(ReaderItem::Unit(unit)) => {
                    if start.is_over() {
                        self.package(&unit);
                    } else if !start.hold(unit) {
                        self.begin(&mut start, &tracks);
                    }
                }
                Some(ReaderItem::Skipped(_)) => {}
                Some(ReaderItem::End(_)) | None => return Ok(()),
            }
        }
    }

    fn take(&self, tracks: &mut TrackSet, config: &TrackConfig) {
        match TrackInfo::read(config) {
            Ok(info) => tracks.take(config, &info),
            Err(error) => warn!(broadcast.name = %self.stream.key(), %error, "a track cannot be packaged"),
        }
    }

    /// All tracks are here, or will not come: what was held goes first.
    fn begin(&self, start: &mut Start, tracks: &TrackSet) {
        self.retrack(tracks);
        for unit in start.finish() {
            self.package(&unit);
        }
    }

    fn retrack(&self, tracks: &TrackSet) {
        if let Packaging::Running { packager, .. } = &mut *self.stream.packager().lock() {
            packager.set_tracks(tracks.clone());
        }
    }

    fn package(&self, unit: &AccessUnit) {
        let failed = match &mut *self.stream.packager().lock() {
            Packaging::Running { packager, .. } => packager.push(unit).err(),
            Packaging::Idle | Packaging::Closed => None,
        };
        if let Some(error) = failed {
            let detail = error.to_string();
            self.session.close(EndReason::PipelineError, Some(detail.clone()));
            self.hub.finish(&self.stream, EndReason::PipelineError, Some(detail));
        }
    }
}

const fn will_be_packaged(codec: Codec, transcoding_allowed: bool) -> bool {
    is_packaged(codec) || transcoding_allowed || matches!(codec, Codec::Opus)
}

/// What comes before it is clear which tracks the variant has: a transcoder names its own when it has begun.
enum Start {
    Holding { expected: [bool; 2], units: Vec<Arc<AccessUnit>>, bytes: usize, deadline: Instant },
    Over,
}

impl Start {
    fn new(expected: [bool; 2]) -> Self {
        Self::Holding { expected, units: Vec::new(), bytes: 0, deadline: Instant::now() + PATIENCE }
    }

    const fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    const fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Holding { deadline, .. } => Some(*deadline),
            Self::Over => None,
        }
    }

    const fn is_complete(&self, tracks: &TrackSet) -> bool {
        match self {
            Self::Holding { expected: [video, audio], .. } => {
                (!*video || tracks.video.is_some()) && (!*audio || tracks.audio.is_some())
            }
            Self::Over => true,
        }
    }

    /// False when no more can be held.
    fn hold(&mut self, unit: Arc<AccessUnit>) -> bool {
        let Self::Holding { units, bytes, .. } = self else { return true };
        *bytes += unit.data.len();
        units.push(unit);
        units.len() < MAX_HELD_UNITS && *bytes < MAX_HELD_BYTES
    }

    fn finish(&mut self) -> Vec<Arc<AccessUnit>> {
        match std::mem::replace(self, Self::Over) {
            Self::Holding { units, .. } => units,
            Self::Over => Vec::new(),
        }
    }
}

/// From the end of one variant to the next.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a transcoder may take to begin.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than comes in that time, but for streams of extremes: those begin with what there is.
const MAX_HELD_UNITS: usize = 1_024;
const MAX_HELD_BYTES: usize = 16 << 20;
