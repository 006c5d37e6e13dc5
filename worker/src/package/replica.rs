//! A package's window as another worker keeps it: written down here without its payload, which travels object by
//! object, and taken over there whole. Manifests come from the same code over the same state on both, so they are the
//! same.

use std::collections::HashMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use uuid::Uuid;

use super::manifest::Manifests;
use super::settings::PackagingSettings;
use super::window::{PeriodId, Timeline, slot};
use super::{Package, Phase};
use crate::media::TrackKind;

/// Names one object of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ObjectName {
    pub kind: TrackKind,
    pub is_init: bool,
    pub number: u64,
}

/// What of a package another worker has already: the first and the last segment of video and of sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub package: Uuid,
    pub segments: [Option<(u64, u64)>; 2],
}

/// A package at one moment.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub package: Uuid,
    pub state: Vec<u8>,
    /// All that a request could ask for.
    pub objects: Vec<ObjectName>,
    pub phase: SnapshotPhase,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SnapshotPhase {
    Live,
    /// The last segment is among the objects.
    Ended,
    /// Nothing may be served any more.
    Revoked,
}

/// Everything of a package but its payload.
#[derive(Serialize, Deserialize)]
struct Written<T> {
    package: Uuid,
    settings: PackagingSettings,
    phase: Phase,
    timeline: T,
}

/// Why a window of another worker is not taken over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidWindow {
    #[error("it cannot be read")]
    Unreadable,
    #[error("it is not sound: {0}")]
    Unsound(&'static str),
    #[error("it names an object that did not come")]
    Missing,
}

impl Package {
    /// Marked after every change.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The package now, for another worker.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let state = self.state.lock();
        let written = Written {
            package: self.id,
            settings: state.settings.clone(),
            phase: state.phase,
            timeline: &state.timeline,
        };
        // Numbers, names and lists only: writing them down cannot fail.
        let text = serde_json::to_vec(&written).unwrap_or_default();
        let phase = match state.phase {
            Phase::Live => SnapshotPhase::Live,
            Phase::Ended => SnapshotPhase::Ended,
            Phase::Revoked => SnapshotPhase::Revoked,
        };
        Snapshot { package: self.id, state: text, objects: state.timeline.names(), phase }
    }

    /// The payload of one object, while it is here.
    pub(crate) fn data(&self, name: ObjectName) -> Option<Bytes> {
        self.with_state(|state| {
            if name.is_init {
                state.timeline.init(name.kind, name.number)
            } else {
                state.timeline.segment(name.kind, name.number)
            }
        })
    }

    /// Takes over the window of another worker's package in place of its own. Payload comes from `arrived`, from which
    /// it is taken, or was here before; `arrived` is empty afterwards.
    ///
    /// # Errors
    /// [`InvalidWindow`]; the package is as it was then.
    pub(crate) fn take_over(
        &self,
        text: &[u8],
        arrived: &mut HashMap<ObjectName, Bytes>,
    ) -> Result<SnapshotPhase, InvalidWindow> {
        let written: Written<Timeline> = serde_json::from_slice(text).map_err(|_| InvalidWindow::Unreadable)?;
        let mut timeline = written.timeline;
        timeline.check()?;
        let mut state = self.state.lock();
        if state.phase == Phase::Revoked {
            return Ok(SnapshotPhase::Revoked);
        }
        timeline.fill(|name| {
            arrived.get(&name).cloned().or_else(|| {
                if name.is_init {
                    state.timeline.init(name.kind, name.number)
                } else {
                    state.timeline.segment(name.kind, name.number)
                }
            })
        })?;
        arrived.clear();
        state.timeline = timeline;
        state.settings = written.settings;
        state.phase = written.phase;
        state.manifests = Manifests::default();
        drop(state);
        self.changes.send_replace(());
        Ok(match written.phase {
            Phase::Live => SnapshotPhase::Live,
            Phase::Ended => SnapshotPhase::Ended,
            Phase::Revoked => SnapshotPhase::Revoked,
        })
    }

    /// Which segments are here, for the next snapshot of package `of`.
    pub(crate) fn held(&self, of: Uuid) -> Held {
        let state = self.state.lock();
        let ends = |kind: TrackKind| {
            let segments = &state.timeline.windows[slot(kind)].segments;
            Some((segments.front()?.number, segments.back()?.number))
        };
        Held { package: of, segments: [ends(TrackKind::Video), ends(TrackKind::Audio)] }
    }

    /// How long the segments of an ended stream stay; milliseconds.
    pub(crate) fn linger_ms(&self) -> i64 {
        self.state.lock().settings.linger_ms()
    }
}

/// The package that a written window belongs to.
pub(crate) fn package_of(text: &[u8]) -> Option<Uuid> {
    #[derive(Deserialize)]
    struct Name {
        package: Uuid,
    }
    serde_json::from_slice::<Name>(text).ok().map(|name| name.package)
}

const KINDS: [TrackKind; 2] = [TrackKind::Video, TrackKind::Audio];

impl Timeline {
    fn names(&self) -> Vec<ObjectName> {
        let mut names = Vec::new();
        for kind in KINDS {
            let inits = self.periods.iter().filter_map(|period| period.init_number(kind));
            names.extend(inits.map(|number| ObjectName { kind, is_init: true, number }));
            let segments = self.windows[slot(kind)].segments.iter();
            names.extend(segments.map(|segment| ObjectName { kind, is_init: false, number: segment.number }));
        }
        names
    }

    /// Whatever the code over the window takes for granted.
    fn check(&self) -> Result<(), InvalidWindow> {
        let unsound = InvalidWindow::Unsound;
        if self.periods.len() > MAX_PERIODS {
            return Err(unsound("too many periods"));
        }
        if !self.periods.iter().map(|period| period.id).is_sorted_by(|a, b| a < b) {
            return Err(unsound("periods out of order"));
        }
        for period in &self.periods {
            let codecs = [period.video.as_ref().map(|v| &v.codec), period.audio.as_ref().map(|a| &a.codec)];
            if codecs.into_iter().flatten().any(|codec| !is_codec(codec)) {
                return Err(unsound("a codec's name"));
            }
        }
        for kind in KINDS {
            let segments = &self.windows[slot(kind)].segments;
            if segments.len() > MAX_SEGMENTS {
                return Err(unsound("too many segments"));
            }
            let mut previous: Option<(u64, PeriodId)> = None;
            for segment in segments {
                if previous.is_some_and(|(number, period)| {
                    number.checked_add(1) != Some(segment.number) || period > segment.period
                }) {
                    return Err(unsound("segments out of order"));
                }
                previous = Some((segment.number, segment.period));
                if segment.time > MAX_TICKS || segment.duration > MAX_SEGMENT_TICKS {
                    return Err(unsound("a segment's time"));
                }
                if self.period(segment.period).is_none_or(|period| !period.has(kind)) {
                    return Err(unsound("a segment of no period"));
                }
            }
        }
        Ok(())
    }

    fn fill(&mut self, find: impl Fn(ObjectName) -> Option<Bytes>) -> Result<(), InvalidWindow> {
        for kind in KINDS {
            for period in &mut self.periods {
                if let Some(init) = &mut period.inits[slot(kind)] {
                    init.data =
                        find(ObjectName { kind, is_init: true, number: init.number }).ok_or(InvalidWindow::Missing)?;
                }
            }
            let window = &mut self.windows[slot(kind)];
            for segment in &mut window.segments {
                segment.data =
                    find(ObjectName { kind, is_init: false, number: segment.number }).ok_or(InvalidWindow::Missing)?;
                window.bytes = window.bytes.saturating_add(segment.data.len());
            }
        }
        Ok(())
    }
}

/// It is written into manifests.
fn is_codec(name: &str) -> bool {
    name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// More than any window holds.
const MAX_SEGMENTS: usize = 4_096;
const MAX_PERIODS: usize = 4_096;
/// A hundred thousand years at 90 kHz.
const MAX_TICKS: u64 = 1 << 58;
/// A day.
const MAX_SEGMENT_TICKS: u64 = 1 << 33;
