//! One reader of a broadcast: a position in the stream's ring. It holds no queue of its own, so it can neither grow
//! nor slow the publisher down; when the ring has moved past it, it goes on at the newest key frame.

use std::pin::pin;
use std::sync::Arc;

use sluice_contract::message::EndReason;

use crate::media::{AccessUnit, TrackConfig, TrackKind};

use super::ring::Slot;
use super::stream::LiveStream;

/// One reader's place in a broadcast.
pub struct Reader {
    stream: Arc<LiveStream>,
    position: u64,
    /// Video is left out until a key frame: always at the start, and after a loss.
    awaits_key: bool,
    /// Left out since the last report.
    skipped: u64,
    /// What was announced last, video and audio.
    configs: [Option<Arc<TrackConfig>>; 2],
    ended: bool,
}

/// What a reader receives.
#[derive(Debug, Clone)]
pub enum ReaderItem {
    Config(Arc<TrackConfig>),
    Unit(Arc<AccessUnit>),
    /// This many access units were dropped; the next video unit is a key frame.
    Skipped(u64),
    End(EndReason),
}

impl Reader {
    pub(super) fn new(stream: Arc<LiveStream>, position: u64) -> Self {
        Self { stream, position, awaits_key: true, skipped: 0, configs: [None, None], ended: false }
    }

    /// The next item; `None` after the end. Safe to cancel: an item is taken only when it is returned.
    pub async fn next(&mut self) -> Option<ReaderItem> {
        loop {
            if let Some(item) = self.try_next() {
                return Some(item);
            }
            if self.ended {
                return None;
            }
            // Registered before looking again, so that a unit that arrives in between is not missed.
            let mut pushed = pin!(self.stream.pushed());
            pushed.as_mut().enable();
            if let Some(item) = self.try_next() {
                return Some(item);
            }
            pushed.await;
        }
    }

    /// The next item if there is one now.
    pub fn try_next(&mut self) -> Option<ReaderItem> {
        if self.ended {
            return None;
        }
        let on_air = self.stream.on_air();
        if let Some(reason) = on_air.ended {
            self.ended = true;
            return Some(ReaderItem::End(reason));
        }
        // Units in the ring are all coded under the configurations in force (`OnAir::configure`).
        for (known, current) in self.configs.iter_mut().zip(&on_air.configs) {
            let Some(current) = current else { continue };
            if !known.as_ref().is_some_and(|known| Arc::ptr_eq(known, current)) {
                *known = Some(current.clone());
                return Some(ReaderItem::Config(current.clone()));
            }
        }
        loop {
            match on_air.ring.slot(self.position) {
                Slot::Empty => return None,
                Slot::Lost => {
                    let target = on_air.ring.start(on_air.has_video());
                    self.skipped += target.saturating_sub(self.position);
                    self.position = target;
                    self.awaits_key = true;
                }
                Slot::Unit(unit) if self.awaits_key && unit.kind == TrackKind::Video && !unit.key => {
                    self.position += 1;
                    self.skipped += 1;
                }
                // A loss is reported before what follows it.
                Slot::Unit(_) if self.skipped > 0 => {
                    return Some(ReaderItem::Skipped(std::mem::take(&mut self.skipped)));
                }
                Slot::Unit(unit) => {
                    self.position += 1;
                    if unit.kind == TrackKind::Video {
                        self.awaits_key = false;
                    }
                    return Some(ReaderItem::Unit(unit));
                }
            }
        }
    }
}
