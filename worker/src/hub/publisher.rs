//! The publishing end of a broadcast.

use std::sync::Arc;

use sluice_contract::message::{EndReason, EventKind};
use tracing::warn;

use crate::media::{AccessUnit, MediaTime, Sanitiser, TrackConfig, TrackInfo, TrackKind};
use crate::package::{Packager, TrackSet, is_packaged};
use crate::session::Gate;
use crate::transcode::{Need, VideoNeed};

use super::packaging::{FedBy, Packaging, VariantFeed, packaging_need};
use super::stream::{LiveStream, track_slot};
use super::{Hub, PublishRight};

/// The publishing end of a broadcast, held by its ingest. Dropping it ends the broadcast.
pub struct Publisher {
    hub: Hub,
    stream: Arc<LiveStream>,
    session: Arc<dyn PublishRight>,
    sanitiser: Sanitiser,
    /// The tracks that can be packaged as they are.
    tracks: TrackSet,
    /// When the newest segment of packaged pictures began, if there are any.
    segment: Option<MediaTime>,
    /// Units that came before it was clear which tracks there are; they are the start of the first segment.
    pending: Pending,
}

/// Whether the broadcast has started, and what waits for that.
enum Pending {
    Waiting { units: Vec<Arc<AccessUnit>>, bytes: usize },
    Started,
}

/// With one track's configuration only, wait this long (in media time) for the other's.
const SECOND_TRACK_WAIT: MediaTime = MediaTime::from_millis(1_500);
/// More than [`SECOND_TRACK_WAIT`] of any real stream; a stranger who sends more starts with what there is.
const MAX_PENDING_UNITS: usize = 512;
const MAX_PENDING_BYTES: usize = 8 << 20;

impl Publisher {
    pub(super) fn new(hub: Hub, stream: Arc<LiveStream>, session: Arc<dyn PublishRight>) -> Self {
        Self {
            hub,
            stream,
            session,
            sanitiser: Sanitiser::default(),
            tracks: TrackSet::default(),
            segment: None,
            pending: Pending::Waiting { units: Vec::new(), bytes: 0 },
        }
    }

    /// The broadcast that it feeds.
    pub const fn stream(&self) -> &Arc<LiveStream> {
        &self.stream
    }

    /// Announces a track or changes its configuration; the same bytes again are no change. A configuration that
    /// cannot be right ends the broadcast.
    pub fn configure(&mut self, track: TrackConfig) {
        let info = match TrackInfo::read(&track) {
            Ok(info) => info,
            Err(error) => {
                let kind = match track.codec.kind() {
                    TrackKind::Video => "video",
                    TrackKind::Audio => "audio",
                };
                self.fail(EndReason::ProtocolError, format!("{kind}: {error}"));
                return;
            }
        };
        if !self.stream.configure(track.clone(), info.clone()) {
            return;
        }
        self.tracks.take(&track, &info);
        match self.pending {
            Pending::Started => self.retrack(),
            Pending::Waiting { .. } if self.knows(TrackKind::Video) && self.knows(TrackKind::Audio) => self.start(),
            Pending::Waiting { .. } => {}
        }
    }

    /// Passes one access unit on, if the publisher's session may still publish. Never waits.
    pub fn push(&mut self, unit: AccessUnit) {
        if self.session.gate() != Gate::Open || !self.knows(unit.kind) {
            return;
        }
        match unit.kind {
            TrackKind::Video => self.session.count_video(unit.data.len()),
            TrackKind::Audio => self.session.count_audio(unit.data.len()),
        }
        let timed = self.sanitiser.place(unit.kind, unit.pts, unit.dts);
        let unit = Arc::new(AccessUnit { pts: timed.pts, dts: timed.dts, ..unit });
        if !self.stream.push(unit.clone()) {
            return;
        }
        match &mut self.pending {
            Pending::Started => self.package(&unit),
            Pending::Waiting { units, bytes } => {
                *bytes += unit.data.len();
                let waited = units.first().is_some_and(|first| unit.dts.minus(first.dts) >= SECOND_TRACK_WAIT);
                let full = units.len() >= MAX_PENDING_UNITS || *bytes >= MAX_PENDING_BYTES;
                units.push(unit);
                if waited || full {
                    self.start();
                }
            }
        }
    }

    /// Ends the broadcast for a reason that its event names.
    pub fn end(self, reason: EndReason, detail: Option<String>) {
        self.hub.finish(&self.stream, reason, detail);
    }

    fn knows(&self, kind: TrackKind) -> bool {
        self.stream.on_air().configs[track_slot(kind)].is_some()
    }

    /// The codecs are known: tells the API, and starts packaging with what has come so far.
    fn start(&mut self) {
        let Pending::Waiting { units, .. } = std::mem::replace(&mut self.pending, Pending::Started) else { return };
        if self.stream.package().is_recorded() {
            self.hub.record(&self.stream);
        }
        self.retrack();
        for unit in &units {
            self.package(unit);
        }
        let mut announced = self.stream.announced.lock();
        if self.stream.is_live() && !*announced {
            *announced = true;
            self.hub.emit(EventKind::StreamStarted { stream: self.stream.report(self.hub.now()) });
        }
    }

    /// Tells packaging which tracks there are now.
    fn retrack(&mut self) {
        let codecs = self.stream.codecs();
        let allowed = self.hub.transcoding_allowed(&self.stream.key().application);
        let need = packaging_need(codecs, allowed);
        let [video, _] = codecs;
        if let Some(codec) = video.filter(|&codec| !is_packaged(codec) && !allowed) {
            warn!(
                broadcast.name = %self.stream.key(),
                codec = codec.name(),
                "pictures of this codec are not packaged unless transcoding is allowed: HLS and DASH have sound only"
            );
        }
        let must_start_feed = {
            let mut packaging = self.stream.packager().lock();
            match &mut *packaging {
                Packaging::Running { packager, fed_by: FedBy::Publisher } if need == Need::default() => {
                    packager.set_tracks(self.tracks.clone());
                    false
                }
                // From here on: what was fed last ends where the variant begins.
                Packaging::Running { fed_by: fed_by @ FedBy::Publisher, .. } => {
                    *fed_by = FedBy::Variant;
                    true
                }
                Packaging::Running { fed_by: FedBy::Variant, .. } | Packaging::Closed => false,
                Packaging::Idle if !self.stream.package().is_wanted() => false,
                Packaging::Idle if need == Need::default() && self.tracks.is_empty() => false,
                Packaging::Idle => {
                    let mut packager = self.packager();
                    let fed_by = if need == Need::default() { FedBy::Publisher } else { FedBy::Variant };
                    if fed_by == FedBy::Publisher {
                        packager.set_tracks(self.tracks.clone());
                    }
                    *packaging = Packaging::Running { packager, fed_by };
                    fed_by == FedBy::Variant
                }
            }
        };
        let is_packaged = matches!(&*self.stream.packager().lock(), Packaging::Running { .. });
        let cuts_pictures = is_packaged && self.tracks.video.is_some() && need.video == VideoNeed::AsIs;
        self.segment = cuts_pictures.then(|| self.segment.unwrap_or(MediaTime::ZERO));
        if must_start_feed {
            let feed =
                VariantFeed { hub: self.hub.clone(), stream: self.stream.clone(), session: self.session.clone() };
            if let Err(error) = feed.start() {
                self.fail(EndReason::PipelineError, error);
            }
        }
    }

    fn packager(&self) -> Box<Packager> {
        let hub = self.hub.clone();
        let stream = Arc::downgrade(&self.stream);
        let session = self.session.clone();
        // Called on packaging's own thread, with no lock held.
        let on_failure = Box::new(move |detail: String| {
            if let Some(stream) = stream.upgrade() {
                session.close(EndReason::PipelineError, Some(detail.clone()));
                hub.finish(&stream, EndReason::PipelineError, Some(detail));
            }
        });
        Box::new(Packager::new(self.stream.shared_package(), self.hub.packaging().clone(), on_failure))
    }

    fn package(&mut self, unit: &Arc<AccessUnit>) {
        if self.stream.takes_wish_to_be_packaged() {
            self.retrack();
        }
        let failed = match &mut *self.stream.packager().lock() {
            Packaging::Running { packager, fed_by: FedBy::Publisher } => packager.push(unit).err(),
            Packaging::Running { fed_by: FedBy::Variant, .. } | Packaging::Idle | Packaging::Closed => None,
        };
        if let Some(error) = failed {
            self.fail(EndReason::PipelineError, error.to_string());
            return;
        }
        self.keep_cutting(unit);
    }

    /// Segments end at key frames, and some publishers make these only when they are asked.
    fn keep_cutting(&mut self, unit: &AccessUnit) {
        let (Some(began), TrackKind::Video) = (self.segment, unit.kind) else { return };
        if unit.key {
            self.segment = Some(unit.dts);
        } else if unit.dts.minus(began) >= self.stream.package().segment_duration() {
            self.stream.request_key_frame();
        }
    }

    fn fail(&self, reason: EndReason, detail: String) {
        self.session.close(reason, Some(detail.clone()));
        self.hub.finish(&self.stream, reason, Some(detail));
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        // The session knows better why, if somebody ended it.
        let reason = match self.session.gate() {
            Gate::Closed(reason) => reason,
            Gate::Open | Gate::Suspended => EndReason::Closed,
        };
        self.hub.finish(&self.stream, reason, None);
    }
}
