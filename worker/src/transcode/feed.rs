//! The task of one variant: reads its source, shares what can stay as it is, and has the rest transcoded.

use std::sync::Arc;

use sluice_contract::message::EndReason;
use tokio::sync::mpsc;
use tracing::{info, warn};

use crate::hub::{LiveStream, ReaderItem, Replica};
use crate::media::{AccessUnit, TrackConfig, TrackKind};
use crate::package::RestartBudget;
use crate::package::supervisor::OnFailure;

use super::Impossible;
use super::need::{Need, Target, VideoNeed};
use super::outlet::Encoder;
use super::transcoder::{Pushed, Transcoder};
use super::variants::{Unused, Variant, Wish};

/// What feeds a variant.
pub(super) struct Feed {
    wish: Wish,
    out: Arc<Replica>,
    /// Where a key frame is asked for, while pictures are re-encoded.
    encoder: Encoder,
    /// Video and audio.
    tracks: [Track; 2],
    configs: [Option<Arc<TrackConfig>>; 2],
    restarts: RestartBudget,
    failures: (OnFailure, mpsc::Receiver<String>),
}

/// What happens to the units of a track.
enum Track {
    Shared,
    Transcoded(Transcoder),
}

impl Feed {
    /// A variant of `source` that nothing feeds yet.
    pub(super) fn new(source: &Arc<LiveStream>, wish: Wish) -> Self {
        let encoder = Encoder::default();
        let out = Replica::of(source, {
            let (encoder, source) = (encoder.clone(), Arc::downgrade(source));
            Box::new(move || {
                if !encoder.request_key_frame()
                    && let Some(source) = source.upgrade()
                {
                    source.request_key_frame();
                }
            })
        });
        let (failed, failure) = mpsc::channel(1);
        let on_failure: OnFailure = Arc::new(move |text| {
            // The first is enough.
            let _ = failed.try_send(text);
        });
        Self {
            wish,
            out: Arc::new(out),
            encoder,
            tracks: [Track::Shared, Track::Shared],
            configs: [None, None],
            restarts: RestartBudget::full((source.package().clock())()),
            failures: (on_failure, failure),
        }
    }

    pub(super) fn stream(&self) -> &Arc<LiveStream> {
        self.out.stream()
    }

    /// Feeds the variant until its source ends, nobody wants it any more, or it fails.
    pub(super) async fn run(mut self, source: Arc<LiveStream>, variant: Arc<Variant>) {
        let need = self.wish.need;
        info!(broadcast.name = %source.key(), ?need, "a variant began");
        match self.follow(&source, &variant).await {
            Ok(reason) => {
                info!(broadcast.name = %source.key(), ?need, "a variant ended");
                self.out.end(reason);
            }
            Err(why) => {
                warn!(broadcast.name = %source.key(), ?need, error = %why, "a variant failed");
                // Entered before readers hear of the end: who comes back hears why.
                source.variants().failed(self.wish, &variant, why);
                self.out.end(EndReason::PipelineError);
            }
        }
    }

    async fn follow(&mut self, source: &Arc<LiveStream>, variant: &Arc<Variant>) -> Result<EndReason, Impossible> {
        let mut reader = source.subscribe();
        let mut unused: Unused = Box::pin(Arc::clone(variant).unused());
        loop {
            let item = tokio::select! {
                biased;
                Some(text) = self.failures.1.recv() => return Err(Impossible::Failed(text)),
                () = &mut unused => {
                    if source.variants().give_up(self.wish, variant) {
                        return Ok(EndReason::Closed);
                    }
                    unused = Box::pin(Arc::clone(variant).unused());
                    continue;
                }
                item = reader.next() => item,
            };
            match item {
                Some(ReaderItem::Config(config)) => self.configure(source, config)?,
                Some(ReaderItem::Unit(unit)) => self.push(source, unit)?,
                Some(ReaderItem::Skipped(units)) => {
                    self.out.skip(units);
                    self.ask_for_key_frame(source);
                }
                Some(ReaderItem::End(reason)) => return Ok(reason),
                None => return Ok(EndReason::Closed),
            }
        }
    }

    /// Takes a track's configuration: the track is shared from here on, or transcoded by a new pipeline.
    fn configure(&mut self, source: &LiveStream, config: Arc<TrackConfig>) -> Result<(), Impossible> {
        let kind = config.codec.kind();
        let target = self.wish.need.target(config.codec, source.reorders());
        let track = &mut self.tracks[slot(kind)];
        // The pipeline of the configuration before ends first: its last frames are of no use to anybody.
        *track = Track::Shared;
        self.configs[slot(kind)] = Some(Arc::clone(&config));
        match target {
            None => self.out.configure((*config).clone()).map_err(|error| Impossible::Failed(error.to_string())),
            Some(Target::H264) if !self.wish.transcoding_allowed => Err(Need::objection(config.codec)),
            Some(target) => {
                if !self.restarts.take((source.package().clock())()) {
                    return Err(Impossible::Failed("its tracks change too often".to_owned()));
                }
                let out = Arc::clone(&self.out);
                let failed = Arc::clone(&self.failures.0);
                let transcoder = Transcoder::start(&config, target, out, &self.encoder, failed)?;
                *track = Track::Transcoded(transcoder);
                if kind == TrackKind::Video {
                    self.ask_for_key_frame(source);
                }
                Ok(())
            }
        }
    }

    fn push(&mut self, source: &LiveStream, unit: Arc<AccessUnit>) -> Result<(), Impossible> {
        if unit.kind == TrackKind::Video && self.must_reorder(source) {
            let Some(config) = self.configs[slot(TrackKind::Video)].clone() else { return Ok(()) };
            self.configure(source, config)?;
        }
        match &mut self.tracks[slot(unit.kind)] {
            Track::Shared => self.out.push(unit),
            Track::Transcoded(transcoder) => match transcoder.push(&unit) {
                Pushed::Taken | Pushed::Dropped => {}
                Pushed::AwaitsKeyFrame => source.request_key_frame(),
                Pushed::Undecodable => return Err(Impossible::Failed("it cannot be decoded".to_owned())),
            },
        }
        Ok(())
    }

    /// True when pictures that were shared so far have turned out to be reordered.
    fn must_reorder(&self, source: &LiveStream) -> bool {
        self.wish.need.video == VideoNeed::WithoutReordering
            && matches!(self.tracks[slot(TrackKind::Video)], Track::Shared)
            && source.reorders()
    }

    /// Transcoders begin with a key frame, and sources that make them on demand only may have none at hand.
    fn ask_for_key_frame(&self, source: &LiveStream) {
        if matches!(self.tracks[slot(TrackKind::Video)], Track::Transcoded(_)) {
            source.request_key_frame();
        }
    }
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}
