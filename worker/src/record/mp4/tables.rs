//! The index of a complete file: the `moov` box with a table for everything that is known of each sample.

use super::boxed;

/// One track of the index.
#[derive(Default)]
pub(super) struct Track {
    pub id: u32,
    /// Ticks per second.
    pub timescale: u32,
    pub is_sound: bool,
    /// Width and height, in 16.16.
    pub size: [u8; 8],
    /// `hdlr`, `vmhd` or `smhd`, and `dinf`, as they came.
    pub parts: TrackParts,
    /// Sample entries as they came, each only once.
    pub entries: Vec<Vec<u8>>,
    pub durations: Runs<u32>,
    /// From decoding to presentation.
    pub offsets: Runs<i32>,
    pub sizes: Vec<u32>,
    /// Numbers of the samples on which playing can begin, from 1.
    pub key_samples: Vec<u32>,
    pub chunks: Vec<Chunk>,
    /// The place among the entries of the one in force.
    pub entry: usize,
    /// When the next sample is decoded, unless it says otherwise; ticks.
    pub decoded: u64,
    /// When the first sample is decoded, when the first is shown, and when the last ends; ticks.
    pub first_decoded: u64,
    pub first_shown: u64,
    pub end: u64,
}

#[derive(Default)]
pub(super) struct TrackParts {
    pub handler: Vec<u8>,
    pub media_header: Vec<u8>,
    pub data_information: Vec<u8>,
}

/// Samples that follow one another in the file.
pub(super) struct Chunk {
    pub at: u64,
    pub samples: u32,
    /// Which of the entries they are coded by, from 1.
    pub entry: u32,
}

/// Equal values that follow one another, counted.
pub(super) struct Runs<T>(Vec<(u32, T)>);

impl<T> Default for Runs<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq + Copy> Runs<T> {
    pub fn push(&mut self, value: T) {
        match self.0.last_mut() {
            Some((count, last)) if *last == value && *count < u32::MAX => *count += 1,
            _ => self.0.push((1, value)),
        }
    }

    /// Takes the last value back.
    pub fn pop(&mut self) -> Option<T> {
        let (count, value) = self.0.last_mut()?;
        let value = *value;
        *count -= 1;
        if *count == 0 {
            self.0.pop();
        }
        Some(value)
    }
}

/// Behind those of picture and sound.
pub(super) const NEXT_TRACK: u32 = 3;
/// Ticks per second of the whole: a whole number of those of common tracks.
const TIMESCALE: u32 = 90_000;
/// Sound that comes before the first picture by less than this is what a recording that began between two segments has too
/// much of.
const CUT_LEAD_SECS: u64 = 10;

/// The `moov` box of these tracks, and the duration of the whole in milliseconds.
pub(super) fn movie(tracks: &[Track]) -> (Vec<u8>, u64) {
    let origin = origin(tracks);
    let mut duration = 0;
    let mut parts = Vec::new();
    for track in tracks {
        let (part, ends) = track.index(origin);
        duration = duration.max(ends);
        parts.push(part);
    }
    let mut header = Vec::with_capacity(112);
    header.extend([1, 0, 0, 0]);
    header.extend([0; 16]);
    header.extend(TIMESCALE.to_be_bytes());
    header.extend(duration.to_be_bytes());
    // Rate and volume as they are.
    header.extend(0x0001_0000_u32.to_be_bytes());
    header.extend(0x0100_u16.to_be_bytes());
    header.resize(112, 0);
    unity(&mut header[48..]);
    header[108..112].copy_from_slice(&NEXT_TRACK.to_be_bytes());
    let bytes = boxed(b"moov", &[&boxed(b"mvhd", &[&header]), &parts.concat()]);
    (bytes, rescale(duration, TIMESCALE, 1_000))
}

/// When the whole begins, in [`TIMESCALE`].
fn origin(tracks: &[Track]) -> u64 {
    let shown = |track: &Track| rescale(track.first_shown, track.timescale, TIMESCALE);
    let first = tracks.iter().map(shown).min().unwrap_or(0);
    let picture = tracks.iter().find(|track| !track.is_sound).map(shown);
    picture.filter(|picture| picture - first < CUT_LEAD_SECS * u64::from(TIMESCALE)).unwrap_or(first)
}

pub(super) fn rescale(ticks: u64, from: u32, to: u32) -> u64 {
    u64::try_from(u128::from(ticks) * u128::from(to) / u128::from(from.max(1))).unwrap_or(u64::MAX)
}

/// Writes the unity matrix (§6.2.2).
pub(super) fn unity(place: &mut [u8]) {
    for (at, value) in [(0, 0x0001_0000_u32), (16, 0x0001_0000), (32, 0x4000_0000)] {
        place[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

impl Track {
    /// Its `trak` box, and when it ends in a whole that begins at `origin`.
    fn index(&self, origin: u64) -> (Vec<u8>, u64) {
        let origin_ticks = rescale(origin, TIMESCALE, self.timescale);
        let begins = self.first_shown.max(origin_ticks);
        let waits = rescale(self.first_shown, self.timescale, TIMESCALE).saturating_sub(origin);
        let plays = rescale(self.end.saturating_sub(begins), self.timescale, TIMESCALE);
        let mut edits = Vec::new();
        let mut count = 0_u32;
        let mut edit = |duration: u64, time: i64| {
            edits.extend(duration.to_be_bytes());
            edits.extend(time.to_be_bytes());
            edits.extend(0x0001_0000_u32.to_be_bytes());
            count += 1;
        };
        if waits > 0 {
            edit(waits, -1);
        }
        edit(plays, i64::try_from(begins.saturating_sub(self.first_decoded)).unwrap_or(i64::MAX));
        let edits = boxed(b"edts", &[&boxed(b"elst", &[&[1, 0, 0, 0], &count.to_be_bytes(), &edits])]);
        let ends = waits.saturating_add(plays);
        let media = boxed(b"mdia", &[&self.media_header(), &self.parts.handler, &self.information()]);
        (boxed(b"trak", &[&self.header(ends), &edits, &media]), ends)
    }

    fn header(&self, duration: u64) -> Vec<u8> {
        let mut body = vec![0; 96];
        // Enabled, and used in the presentation.
        body[..4].copy_from_slice(&[1, 0, 0, 3]);
        body[20..24].copy_from_slice(&self.id.to_be_bytes());
        body[28..36].copy_from_slice(&duration.to_be_bytes());
        if self.is_sound {
            body[48..50].copy_from_slice(&0x0100_u16.to_be_bytes());
        }
        unity(&mut body[52..]);
        body[88..96].copy_from_slice(&self.size);
        boxed(b"tkhd", &[&body])
    }

    fn media_header(&self) -> Vec<u8> {
        let duration = self.end.saturating_sub(self.first_decoded);
        // The language is undetermined.
        let tail = [0x55, 0xC4, 0, 0];
        boxed(b"mdhd", &[&[1, 0, 0, 0], &[0; 16], &self.timescale.to_be_bytes(), &duration.to_be_bytes(), &tail])
    }

    fn information(&self) -> Vec<u8> {
        let table = |kind, count: usize, rows: Vec<u8>| {
            let count = u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
            boxed(kind, &[&[0; 4], &count, &rows])
        };
        let words = |values: &[u32]| values.iter().flat_map(|value| value.to_be_bytes()).collect::<Vec<_>>();
        let entries = table(b"stsd", self.entries.len(), self.entries.concat());
        let durations = &self.durations.0;
        let durations = table(
            b"stts",
            durations.len(),
            durations.iter().flat_map(|(count, ticks)| [count.to_be_bytes(), ticks.to_be_bytes()].concat()).collect(),
        );
        let offsets = &self.offsets.0;
        let offsets = if offsets.iter().all(|(_, offset)| *offset == 0) {
            Vec::new()
        } else {
            let rows: Vec<u8> =
                offsets.iter().flat_map(|(count, ticks)| [count.to_be_bytes(), ticks.to_be_bytes()].concat()).collect();
            let count = u32::try_from(offsets.len()).unwrap_or(u32::MAX).to_be_bytes();
            // Version 1: offsets may be negative.
            boxed(b"ctts", &[&[1, 0, 0, 0], &count, &rows])
        };
        let keys =
            if self.is_sound { Vec::new() } else { table(b"stss", self.key_samples.len(), words(&self.key_samples)) };
        let sizes = boxed(
            b"stsz",
            &[&[0; 8], &u32::try_from(self.sizes.len()).unwrap_or(u32::MAX).to_be_bytes(), &words(&self.sizes)],
        );
        let (mut count, mut runs) = (0, Vec::new());
        let mut last = None;
        for (number, chunk) in (1_u32..).zip(&self.chunks) {
            if last.replace((chunk.samples, chunk.entry)) != Some((chunk.samples, chunk.entry)) {
                runs.extend([number.to_be_bytes(), chunk.samples.to_be_bytes(), chunk.entry.to_be_bytes()].concat());
                count += 1;
            }
        }
        let runs = table(b"stsc", count, runs);
        let places = self.chunks.iter().flat_map(|chunk| chunk.at.to_be_bytes()).collect();
        let places = table(b"co64", self.chunks.len(), places);
        let samples = boxed(b"stbl", &[&entries, &durations, &offsets, &keys, &runs, &sizes, &places]);
        boxed(b"minf", &[&self.parts.media_header, &self.parts.data_information, &samples])
    }
}
