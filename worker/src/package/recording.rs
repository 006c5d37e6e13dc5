//! What is cut, for somebody who keeps it all: the window is the queue between the two, so that a recorder that is slow holds
//! up nobody, and knows it when it has missed something.

use bytes::Bytes;

use super::window::{Timeline, slot, ticks_to_time};
use super::{Package, Phase, State};
use crate::media::TrackKind;

/// How far a recorder has come: the numbers of the next segments of video and sound of one publisher.
#[derive(Debug, Clone)]
pub(crate) struct Cursor {
    generation: u64,
    next: [u64; 2],
}

/// One segment of one track.
#[derive(Debug)]
pub(crate) struct Cut {
    pub kind: TrackKind,
    /// Rises when the tracks change.
    pub period: u64,
    /// Ticks per second of the track.
    pub timescale: u32,
    /// The init segment of its period.
    pub init: Bytes,
    pub data: Bytes,
}

/// Whether more will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    More,
    /// The publisher has left, and all that it sent was given out.
    Over,
    /// Segments left the window before they were asked for.
    Lost,
}

/// So many segments of a track are held back for the first of the other; it may not have any.
const HELD_FOR_OTHER_TRACK: usize = 3;

impl Package {
    /// What is cut from now on is to be recorded.
    pub(crate) fn want_recording(&self) {
        self.state.lock().settings.recording = true;
    }

    pub(crate) fn is_recorded(&self) -> bool {
        self.state.lock().settings.recording
    }

    /// The place before the segments that are not complete yet.
    pub(crate) fn cursor(&self) -> Cursor {
        let state = self.state.lock();
        let [video, audio] = &state.timeline.windows;
        Cursor { generation: state.generation, next: [video.next_number, audio.next_number] }
    }

    /// All that has been cut since `cursor`, in the order in which it is to be played, and moves the cursor behind it.
    pub(crate) fn cut_since(&self, cursor: &mut Cursor) -> (Vec<Cut>, Supply) {
        let state = self.state.lock();
        if state.phase == Phase::Revoked {
            return (Vec::new(), Supply::Over);
        }
        let is_over = is_over(&state, cursor.generation);
        let mut cuts = Vec::new();
        for kind in [TrackKind::Video, TrackKind::Audio] {
            if !take(&state.timeline, kind, cursor, is_over, &mut cuts) {
                return (Vec::new(), Supply::Lost);
            }
        }
        cuts.sort_by_key(|(at, _)| *at);
        let supply = if is_over { Supply::Over } else { Supply::More };
        (cuts.into_iter().map(|(_, cut)| cut).collect(), supply)
    }
}

impl Cursor {
    /// True when it has come past `other` in each of these tracks, or in one of them by so much that the other has nothing
    /// to give.
    pub fn is_past(&self, other: &Self, tracks: &[TrackKind]) -> bool {
        let by = |kind: &TrackKind| self.next[slot(*kind)].saturating_sub(other.next[slot(*kind)]);
        !tracks.is_empty() && (tracks.iter().all(|kind| by(kind) > 0) || tracks.iter().any(|kind| by(kind) > 1))
    }
}

fn is_over(state: &State, generation: u64) -> bool {
    let mut mine = state.timeline.periods().filter(|period| period.generation == generation);
    state.phase == Phase::Ended || (state.generation != generation && mine.all(|period| period.is_drained))
}

/// False when segments were missed.
fn take(
    timeline: &Timeline,
    kind: TrackKind,
    cursor: &mut Cursor,
    is_over: bool,
    cuts: &mut Vec<((u64, i64), Cut)>,
) -> bool {
    let next = &mut cursor.next[slot(kind)];
    let segments = &timeline.windows[slot(kind)].segments;
    if segments.front().is_some_and(|oldest| oldest.number > *next) {
        return false;
    }
    let first = *next;
    let waiting = segments.iter().filter(|segment| segment.number >= first).count();
    for segment in segments.iter().filter(|segment| segment.number >= first) {
        let Some(period) = timeline.period(segment.period) else { continue };
        if period.generation > cursor.generation {
            break;
        }
        if !period.is_complete && !period.is_drained && !is_over && waiting < HELD_FOR_OTHER_TRACK {
            break;
        }
        *next = segment.number + 1;
        let Some(init) = period.inits[slot(kind)].as_ref().filter(|_| period.generation == cursor.generation) else {
            continue;
        };
        let timescale = period.timescale(kind);
        let at = (period.id.ordinal(), ticks_to_time(segment.time, timescale).as_micros());
        let (init, data) = (init.data.clone(), segment.data.clone());
        cuts.push((at, Cut { kind, period: period.id.ordinal(), timescale, init, data }));
    }
    true
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sluice_contract::UnixTime;

    use super::*;
    use crate::media::{AudioTrack, Codec, MediaTime, TrackConfig};
    use crate::package::window::NewSegment;
    use crate::package::{PackagingConfig, PackagingSettings, TrackSet};

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

    fn package() -> Package {
        let package = Package::new(PackagingConfig::default(), Arc::new(|| UnixTime::from_secs(1_000)));
        package.resume(&PackagingSettings { playlist_segments: 3, ..PackagingSettings::default() });
        package
    }

    /// The `number`th second of sound.
    fn second(number: u64) -> NewSegment {
        let init = (number == 0).then(|| Bytes::from_static(b"init"));
        NewSegment { init, data: number.to_string().into(), time: number * 48_000, duration: 48_000 }
    }

    fn taken(package: &Package, cursor: &mut Cursor) -> (Vec<String>, Supply) {
        let (cuts, supply) = package.cut_since(cursor);
        let text = |cut: Cut| String::from_utf8(cut.data.to_vec()).unwrap();
        (cuts.into_iter().map(text).collect(), supply)
    }

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn everything_is_given_out_once_and_in_order_until_the_end() {
        let package = package();
        let mut cursor = package.cursor();
        let period = package.begin_period(&sound(), MediaTime::ZERO);
        assert_eq!(taken(&package, &mut cursor), (Vec::new(), Supply::More));
        package.add(period, TrackKind::Audio, second(0));
        package.add(period, TrackKind::Audio, second(1));
        assert_eq!(taken(&package, &mut cursor), (words(&["0", "1"]), Supply::More));
        let mut later = package.cursor();
        package.add(period, TrackKind::Audio, second(2));
        package.drained(period);
        package.finish();
        assert_eq!(taken(&package, &mut cursor), (words(&["2"]), Supply::Over));
        assert_eq!(taken(&package, &mut later), (words(&["2"]), Supply::Over));
    }

    #[test]
    fn a_publisher_who_comes_after_is_not_of_the_recording() {
        let package = package();
        let mut cursor = package.cursor();
        let first = package.begin_period(&sound(), MediaTime::ZERO);
        package.add(first, TrackKind::Audio, second(0));
        package.resume(&PackagingSettings::default());
        let next = package.begin_period(&sound(), MediaTime::ZERO);
        package.add(next, TrackKind::Audio, second(0));
        assert_eq!(taken(&package, &mut cursor), (words(&["0"]), Supply::More), "the first may have more to say");
        package.add(first, TrackKind::Audio, second(1));
        package.drained(first);
        assert_eq!(taken(&package, &mut cursor), (words(&["1"]), Supply::Over));
    }

    #[test]
    fn whoever_falls_out_of_the_window_is_told() {
        let package = package();
        let mut cursor = package.cursor();
        let period = package.begin_period(&sound(), MediaTime::ZERO);
        (0..20).for_each(|number| package.add(period, TrackKind::Audio, second(number)));
        assert_eq!(taken(&package, &mut cursor), (Vec::new(), Supply::Lost));
    }

    #[test]
    fn a_cursor_is_past_another_when_every_track_is_or_one_has_nothing() {
        let at = |video, audio| Cursor { generation: 1, next: [video, audio] };
        let both = [TrackKind::Video, TrackKind::Audio];
        assert!(!at(5, 5).is_past(&at(5, 5), &both) && !at(6, 5).is_past(&at(5, 5), &both));
        assert!(at(6, 6).is_past(&at(5, 5), &both) && at(7, 5).is_past(&at(5, 5), &both));
        assert!(at(5, 6).is_past(&at(5, 5), &both[1..]) && !at(9, 9).is_past(&at(5, 5), &[]));
    }

    #[test]
    fn what_was_revoked_is_not_recorded() {
        let package = package();
        let mut cursor = package.cursor();
        let period = package.begin_period(&sound(), MediaTime::ZERO);
        package.add(period, TrackKind::Audio, second(0));
        package.revoke();
        assert_eq!(taken(&package, &mut cursor), (Vec::new(), Supply::Over));
    }
}
