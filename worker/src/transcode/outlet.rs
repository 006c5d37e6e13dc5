//! Where what a transcoder makes enters the variant: with the source's times, in order, and never after the transcoder
//! was given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use gstreamer as gst;
use gstreamer::prelude::*;
use parking_lot::Mutex;

use crate::hub::Replica;
use crate::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};

/// The end of one transcoder.
pub(super) struct Outlet {
    out: Arc<Replica>,
    kind: TrackKind,
    delay: MediaTime,
    /// Units that went in since something came out.
    unanswered: AtomicU32,
    state: Mutex<State>,
}

struct State {
    is_open: bool,
    last: Option<MediaTime>,
    /// Of pictures.
    record: Option<Bytes>,
    group: Group,
}

/// The pictures since the last key frame.
#[derive(Default)]
struct Group {
    began: Option<MediaTime>,
    /// The key frame that ends it has been asked for.
    is_closing: bool,
}

/// The encoder of a variant's pictures, while there is one: where a key frame is asked for.
#[derive(Clone, Default)]
pub(super) struct Encoder(Arc<Mutex<Option<gst::Pad>>>);

impl Outlet {
    pub(super) fn new(out: Arc<Replica>, kind: TrackKind, delay: MediaTime) -> Self {
        let state = State { is_open: true, last: None, record: None, group: Group::default() };
        Self { out, kind, delay, unanswered: AtomicU32::new(0), state: Mutex::new(state) }
    }

    /// A unit goes in: how many have since something came out.
    pub(super) fn expect(&self) -> u32 {
        self.unanswered.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Takes what came out; on a thread of the pipeline. True when the encoder is to be asked for a key frame.
    ///
    /// # Errors
    /// [`gst::FlowError`] when it is not what was expected, which ends the pipeline.
    pub(super) fn take(&self, sample: &gst::Sample) -> Result<bool, gst::FlowError> {
        let buffer = sample.buffer().ok_or(gst::FlowError::Error)?;
        let is_header = self.kind == TrackKind::Audio && buffer.flags().contains(gst::BufferFlags::HEADER);
        if is_header || buffer.size() == 0 {
            return Ok(false);
        }
        // Encoders move their segment to have room for early decoding times.
        let segment = sample.segment().and_then(|segment| segment.downcast_ref::<gst::ClockTime>());
        let Some(time) = segment.zip(buffer.pts()).and_then(|(segment, pts)| segment.to_running_time(pts)) else {
            return Ok(false);
        };
        let time = MediaTime::from_micros(i64::try_from(time.useconds()).unwrap_or(i64::MAX)).minus(self.delay);
        self.unanswered.store(0, Ordering::Relaxed);
        let key = self.kind == TrackKind::Audio || !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let data = Bytes::copy_from_slice(&buffer.map_readable().map_err(|_| gst::FlowError::Error)?);

        // Held while the unit is handed on, so that none follows once `close` has returned.
        let mut state = self.state.lock();
        if !state.is_open {
            return Err(gst::FlowError::Eos);
        }
        if self.kind == TrackKind::Video {
            self.note_record(&mut state, sample)?;
        }
        let earliest = state.last.map_or(MediaTime::ZERO, |last| last.plus(SHORTEST_STEP));
        let time = time.max(earliest);
        state.last = Some(time);
        let wants_key = self.kind == TrackKind::Video && state.group.note(time, key);
        self.out.push(Arc::new(AccessUnit { kind: self.kind, pts: time, dts: time, key, data }));
        Ok(wants_key)
    }

    /// Lets nothing pass any more.
    pub(super) fn close(&self) {
        self.state.lock().is_open = false;
    }

    /// Announces the pictures' configuration when it is another than before.
    fn note_record(&self, state: &mut State, sample: &gst::Sample) -> Result<(), gst::FlowError> {
        let structure = sample.caps().and_then(|caps| caps.structure(0)).ok_or(gst::FlowError::NotNegotiated)?;
        let record = structure.get::<gst::Buffer>("codec_data").map_err(|_| gst::FlowError::NotNegotiated)?;
        let record = record.map_readable().map_err(|_| gst::FlowError::Error)?;
        if state.record.as_deref() != Some(&record[..]) {
            let record = Bytes::copy_from_slice(&record);
            let config = TrackConfig { codec: Codec::H264, record: record.clone() };
            self.out.configure(config).map_err(|_| gst::FlowError::NotNegotiated)?;
            state.record = Some(record);
        }
        Ok(())
    }
}

impl Group {
    /// True when the next picture should begin a new group.
    fn note(&mut self, time: MediaTime, key: bool) -> bool {
        if key {
            *self = Self { began: Some(time), is_closing: false };
            return false;
        }
        let is_due = self.began.is_some_and(|began| time.minus(began) >= GROUP_DURATION);
        is_due && !std::mem::replace(&mut self.is_closing, true)
    }
}

impl Encoder {
    /// The sink's pad, from which events reach the encoder; `None` when pictures are not encoded any more.
    pub(super) fn set(&self, pad: Option<gst::Pad>) {
        *self.0.lock() = pad;
    }

    /// Has the next picture made a key frame; false when there is no encoder.
    pub(super) fn request_key_frame(&self) -> bool {
        let pad = self.0.lock().clone();
        pad.is_some_and(|pad| force_key_frame(&pad))
    }
}

/// Sends the event that encoders understand. From the pad, not the element: that would wait for a change of its state,
/// which may wait for the calling thread.
pub(super) fn force_key_frame(pad: &gst::Pad) -> bool {
    let structure = gst::Structure::builder("GstForceKeyUnit").field("all-headers", true).build();
    pad.push_event(gst::event::CustomUpstream::new(structure))
}

/// What other times are told apart by.
const SHORTEST_STEP: MediaTime = MediaTime::from_millis(1);
/// Two seconds, less the picture that is encoded before the wish arrives.
const GROUP_DURATION: MediaTime = MediaTime::from_millis(1_960);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_of_pictures_lasts_two_seconds_at_common_rates() {
        for rate in [25, 30, 50, 60] {
            let mut group = Group::default();
            group.note(MediaTime::ZERO, true);
            let at = |picture: i64| MediaTime::from_micros(picture * 1_000_000 / rate);
            let asked = (1..rate * 3).filter(|&picture| group.note(at(picture), false)).collect::<Vec<_>>();
            assert_eq!(asked.len(), 1, "once");
            let next = at(asked[0] + 1).as_millis();
            assert!((1_960..=2_000).contains(&next), "{rate}: {next}");
        }
    }
}
