//! Makes a complete file of a fragmented one: reads what every fragment says of its samples, and writes that down behind
//! them. It reads the file alone, so that one whose writer was killed is completed in the same way.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;

use super::tables::{Chunk, Runs, Track, TrackParts, movie, rescale};
use super::{Head, boxed};
use crate::package::boxes::{Child, children, u32_at, u64_at};

/// What a complete file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::record) struct Complete {
    pub duration_ms: u64,
    pub bytes: u64,
}

/// Completes a file, of which what is not whole is cut off; one that is complete stays as it is. `None` when there is no
/// media in it.
///
/// # Errors
/// When the file cannot be read or written. It can be completed again then.
pub(in crate::record) fn complete(file: &File, head: &Head) -> io::Result<Option<Complete>> {
    if let Some(known) = read_complete(file, head)? {
        return Ok(Some(known));
    }
    let mut scan = Scan::default();
    let end = scan.read(file, head.media_at)?;
    let Some(end) = end else { return Ok(None) };
    let tracks: Vec<Track> = scan.tracks.into_iter().filter(|track| !track.sizes.is_empty()).collect();
    let (movie, duration_ms) = movie(&tracks);
    file.set_len(end)?;
    file.write_all_at(&movie, end)?;
    // The index is there before anything says so.
    file.sync_data()?;
    let size = end - head.media_at;
    let media = [&1_u32.to_be_bytes()[..], b"mdat", &size.to_be_bytes()].concat();
    file.write_all_at(&media, head.media_at)?;
    file.sync_data()?;
    Ok(Some(Complete { duration_ms, bytes: end + movie.len() as u64 }))
}

/// What a complete file says of itself; `None` when it is not complete.
pub(in crate::record) fn read_complete(file: &File, head: &Head) -> io::Result<Option<Complete>> {
    let bytes = file.metadata()?.len();
    let Some(media) = box_at(file, head.media_at, bytes)?.filter(|found| &found.kind == b"mdat") else {
        return Ok(None);
    };
    let movie_at = head.media_at + media.size;
    let Some(movie) = box_at(file, movie_at, bytes)?.filter(|found| &found.kind == b"moov") else { return Ok(None) };
    let mut begin = vec![0; 48];
    if movie.size < 48 || !read_exact(file, &mut begin, movie_at)? {
        return Ok(None);
    }
    // `mvhd` of version 1 comes first, behind two heads.
    let (Some(timescale), Some(duration)) = (u32_at(&begin, 36), u64_at(&begin, 40)) else { return Ok(None) };
    Ok(Some(Complete { duration_ms: rescale(duration, timescale, 1_000), bytes }))
}

struct Found {
    kind: [u8; 4],
    /// With its head.
    size: u64,
}

/// The box that begins there, if it is whole.
fn box_at(file: &File, at: u64, end: u64) -> io::Result<Option<Found>> {
    let mut head = [0; 16];
    let len = usize::try_from(end.saturating_sub(at).min(16)).unwrap_or(0);
    if len < 8 || !read_exact(file, &mut head[..len], at)? {
        return Ok(None);
    }
    let (Some(size), Some(kind)) = (u32_at(&head, 0), head[4..].first_chunk().copied()) else { return Ok(None) };
    let size = match size {
        1 if len == 16 => u64_at(&head, 8).unwrap_or(0),
        size => u64::from(size),
    };
    let is_whole = size >= 8 && at.checked_add(size).is_some_and(|behind| behind <= end);
    Ok(is_whole.then_some(Found { kind, size }))
}

/// False at the end of the file.
fn read_exact(file: &File, buffer: &mut [u8], at: u64) -> io::Result<bool> {
    match file.read_exact_at(buffer, at) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// Announcements and fragments are small; what claims to be larger is not ours.
const MAX_BOX_BYTES: u64 = 16 << 20;

#[derive(Default)]
struct Scan {
    tracks: Vec<Track>,
    defaults: Vec<Defaults>,
}

/// `trex`: what a fragment does not say.
#[derive(Clone, Copy, Default)]
struct Defaults {
    track: u32,
    duration: u32,
    size: u32,
    flags: u32,
}

impl Scan {
    /// Reads all that is whole. Returns where it ends; `None` when there is no media.
    fn read(&mut self, file: &File, from: u64) -> io::Result<Option<u64>> {
        let end = file.metadata()?.len();
        let mut at = from;
        let mut good = None;
        // A fragment counts once its media is there too.
        let mut open: Option<(u64, Vec<u8>)> = None;
        while let Some(found) = box_at(file, at, end)? {
            match &found.kind {
                b"moov" | b"moof" if found.size <= MAX_BOX_BYTES => {
                    let mut bytes = vec![0; usize::try_from(found.size).unwrap_or(0)];
                    if !read_exact(file, &mut bytes, at)? {
                        break;
                    }
                    if &found.kind == b"moof" {
                        open = Some((at, bytes));
                    } else if !self.announce(&bytes) {
                        // The index of an earlier attempt.
                        break;
                    }
                }
                b"mdat" => {
                    let Some((begins, fragment)) = open.take() else { break };
                    // First on trial: of a fragment that is damaged nothing is entered.
                    if self.blank().fragment(&fragment, begins).is_none() {
                        break;
                    }
                    if self.fragment(&fragment, begins).is_none() {
                        break;
                    }
                    good = Some(at + found.size);
                }
                b"free" if at == from => {}
                _ => break,
            }
            at += found.size;
        }
        Ok(good)
    }

    /// The same tracks without a sample.
    fn blank(&self) -> Self {
        let tracks = self.tracks.iter().map(|track| Track { id: track.id, entry: track.entry, ..Track::default() });
        Self { tracks: tracks.collect(), defaults: self.defaults.clone() }
    }

    /// Takes over how tracks are coded from here on. False when this announces no fragments.
    fn announce(&mut self, movie: &[u8]) -> bool {
        let Some(movie) = children(movie).next() else { return false };
        let Some(extends) = children(movie.body).find(|child| &child.kind == b"mvex") else { return false };
        for extend in children(extends.body).filter(|child| &child.kind == b"trex") {
            let word = |at| u32_at(extend.body, at).unwrap_or(0);
            let defaults = Defaults { track: word(4), duration: word(12), size: word(16), flags: word(20) };
            self.defaults.retain(|known| known.track != defaults.track);
            self.defaults.push(defaults);
        }
        for track in children(movie.body).filter(|child| &child.kind == b"trak") {
            let Some((track, entry)) = read_track(&track) else { continue };
            match self.tracks.iter_mut().find(|known| known.id == track.id) {
                Some(known) => known.turn_to(entry),
                None => self.tracks.push(track),
            }
        }
        self.tracks.sort_by_key(|track| track.id);
        true
    }

    /// Enters the samples of one fragment that begins at `at`.
    fn fragment(&mut self, bytes: &[u8], at: u64) -> Option<()> {
        let fragment = children(bytes).next()?;
        for part in children(fragment.body).filter(|child| &child.kind == b"traf") {
            let header = children(part.body).find(|child| &child.kind == b"tfhd")?;
            let id = u32_at(header.body, 4)?;
            let defaults = self.defaults.iter().find(|known| known.track == id).copied().unwrap_or_default();
            let defaults = fragment_defaults(header.body, defaults)?;
            let time =
                children(part.body).find(|child| &child.kind == b"tfdt").and_then(|time| base_time(time.body))?;
            let track = self.tracks.iter_mut().find(|track| track.id == id)?;
            track.meet(time);
            for run in children(part.body).filter(|child| &child.kind == b"trun") {
                track.run(run.body, defaults, at)?;
            }
        }
        Some(())
    }
}

impl Track {
    /// Its samples are coded by this entry from now on. The one that came last is the one in force.
    fn turn_to(&mut self, entry: Vec<u8>) {
        match self.entries.iter().position(|known| *known == entry) {
            Some(place) => self.entry = place,
            None => {
                self.entry = self.entries.len();
                self.entries.push(entry);
            }
        }
    }

    /// The next sample is decoded at this time: the last one lasts until then.
    fn meet(&mut self, time: u64) {
        let Some(last) = self.durations.pop() else {
            self.first_decoded = time;
            self.decoded = time;
            return;
        };
        let began = self.decoded.saturating_sub(u64::from(last));
        let lasts = u32::try_from(time.saturating_sub(began)).unwrap_or(u32::MAX);
        self.durations.push(lasts);
        self.decoded = began.saturating_add(u64::from(lasts));
    }

    fn run(&mut self, run: &[u8], defaults: Defaults, fragment_at: u64) -> Option<()> {
        let flags = u32_at(run, 0)?;
        let version = flags >> 24;
        let samples = u32_at(run, 4).filter(|samples| *samples <= MAX_RUN)?;
        let mut at = 8;
        let mut word = |is_there: bool| {
            if !is_there {
                return Some(None);
            }
            let value = u32_at(run, at)?;
            at += 4;
            Some(Some(value))
        };
        // From the beginning of the fragment (`default-base-is-moof`).
        let data_at = word(flags & 0x01 != 0)??;
        let mut first_flags = word(flags & 0x04 != 0)?;
        let place = fragment_at.checked_add(u64::from(data_at))?;
        self.chunks.push(Chunk { at: place, samples, entry: u32::try_from(self.entry + 1).ok()? });
        for _ in 0..samples {
            let duration = word(flags & 0x100 != 0)?.unwrap_or(defaults.duration);
            let size = word(flags & 0x200 != 0)?.unwrap_or(defaults.size);
            let own_flags = word(flags & 0x400 != 0)?;
            let flags_of_sample = first_flags.take().or(own_flags).unwrap_or(defaults.flags);
            let offset = word(flags & 0x800 != 0)?.unwrap_or(0);
            // Unsigned in version 0, and never that large.
            let offset = if version == 0 { i32::try_from(offset).ok()? } else { offset.cast_signed() };
            self.sample(duration, size, flags_of_sample & NON_SYNC == 0, offset);
        }
        Some(())
    }

    fn sample(&mut self, duration: u32, size: u32, is_key: bool, offset: i32) {
        let shown = self.decoded.saturating_add_signed(i64::from(offset));
        self.first_shown = if self.sizes.is_empty() { shown } else { self.first_shown.min(shown) };
        self.end = self.end.max(shown.saturating_add(u64::from(duration)));
        self.decoded = self.decoded.saturating_add(u64::from(duration));
        self.durations.push(duration);
        self.offsets.push(offset);
        self.sizes.push(size);
        if is_key {
            self.key_samples.push(u32::try_from(self.sizes.len()).unwrap_or(u32::MAX));
        }
    }
}

/// Samples of one fragment: minutes of sound, and hours of pictures.
const MAX_RUN: u32 = 65_536;
/// `sample_is_non_sync_sample` (§8.8.3.1).
const NON_SYNC: u32 = 0x0001_0000;

/// §8.8.7.
fn fragment_defaults(tfhd: &[u8], mut defaults: Defaults) -> Option<Defaults> {
    let flags = u32_at(tfhd, 0)?;
    let mut at = 8;
    if flags & 0x01 != 0 {
        // Media anywhere else than behind the fragment is not what our packager writes.
        return None;
    }
    for (flag, place) in [
        (0x02, None),
        (0x08, Some(&mut defaults.duration)),
        (0x10, Some(&mut defaults.size)),
        (0x20, Some(&mut defaults.flags)),
    ] {
        if flags & flag != 0 {
            let value = u32_at(tfhd, at)?;
            at += 4;
            if let Some(place) = place {
                *place = value;
            }
        }
    }
    Some(defaults)
}

/// §8.8.12.
fn base_time(tfdt: &[u8]) -> Option<u64> {
    if *tfdt.first()? == 1 { u64_at(tfdt, 4) } else { u32_at(tfdt, 4).map(u64::from) }
}

/// A track of an announcement, and the entry that its samples are coded by.
fn read_track(track: &Child<'_>) -> Option<(Track, Vec<u8>)> {
    let find = |body, kind: &[u8; 4]| children(body).find(|child| child.kind == *kind);
    let header = find(track.body, b"tkhd")?;
    let id = u32_at(header.body, if *header.body.first()? == 1 { 20 } else { 12 })?;
    let size = *header.body.last_chunk::<8>()?;
    let media = find(track.body, b"mdia")?;
    let media_header = find(media.body, b"mdhd")?;
    let timescale = u32_at(media_header.body, if *media_header.body.first()? == 1 { 20 } else { 12 })?;
    let handler = find(media.body, b"hdlr")?;
    let information = find(media.body, b"minf")?;
    let sound = find(information.body, b"smhd");
    let is_sound = sound.is_some();
    let kind_header = sound.or_else(|| find(information.body, b"vmhd"))?;
    let table = find(information.body, b"stbl")?;
    let descriptions = find(table.body, b"stsd")?;
    let entry = children(descriptions.body.get(8..)?).next()?.whole.to_vec();
    let data_information = match find(information.body, b"dinf") {
        Some(found) => found.whole.to_vec(),
        // The media is in this file.
        None => boxed(b"dinf", &[&boxed(b"dref", &[&[0; 4], &1_u32.to_be_bytes(), &boxed(b"url ", &[&[0, 0, 0, 1]])])]),
    };
    let track = Track {
        id,
        timescale,
        is_sound,
        size,
        parts: TrackParts {
            handler: handler.whole.to_vec(),
            media_header: kind_header.whole.to_vec(),
            data_information,
        },
        entries: vec![entry.clone()],
        entry: 0,
        durations: Runs::default(),
        offsets: Runs::default(),
        sizes: Vec::new(),
        key_samples: Vec::new(),
        chunks: Vec::new(),
        decoded: 0,
        first_decoded: 0,
        first_shown: 0,
        end: 0,
    };
    Some((track, entry))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::{About, head, read_head};
    use super::*;

    fn words(values: &[u32]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_be_bytes()).collect()
    }

    /// A file of one video track, as it is while it is written: two fragments of two pictures each.
    fn draft(samples: u32) -> Vec<u8> {
        let about = About {
            vod: "0123456789abcdef01234567".parse().unwrap(),
            application: "LiveApp".parse().unwrap(),
            stream_id: "s".parse().unwrap(),
            started_at: sluice_contract::UnixTime::EPOCH,
        };
        let entry = boxed(b"avc1", &[&[0; 78]]);
        let table = boxed(b"stbl", &[&boxed(b"stsd", &[&words(&[0, 1]), &entry])]);
        let information = boxed(b"minf", &[&boxed(b"vmhd", &[&[0; 12]]), &table]);
        let media = [boxed(b"mdhd", &[&words(&[0, 0, 0, 1_000, 0, 0])]), boxed(b"hdlr", &[&[0; 24]]), information];
        let track = [boxed(b"tkhd", &[&words(&[0, 0, 0, 1]), &[0; 68]]), boxed(b"mdia", &[&media.concat()])];
        let extends = boxed(b"mvex", &[&boxed(b"trex", &[&words(&[0, 1, 1, 500, 10, 0])])]);
        let mut bytes = head(&about).unwrap();
        bytes.extend(boxed(b"moov", &[&boxed(b"trak", &[&track.concat()]), &extends]));
        for time in [0, 1_000] {
            let run = boxed(b"trun", &[&words(&[0x301, samples, 100, 500, 10, 500, 10])]);
            let header = boxed(b"tfhd", &[&words(&[0x02_0000, 1])]);
            let begins = boxed(b"tfdt", &[&words(&[0, time])]);
            bytes.extend(boxed(b"moof", &[&boxed(b"traf", &[&header, &begins, &run])]));
            bytes.extend(boxed(b"mdat", &[&[7; 20]]));
        }
        bytes
    }

    /// Completes such a file, if there is anything to complete; what is complete then says the same again.
    fn completed(bytes: &[u8]) -> Option<Complete> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let head = read_head(&file).unwrap()?;
        let done = complete(&file, &head).unwrap()?;
        let read = read_complete(&file, &head).unwrap().expect("it is complete");
        assert_eq!((read.bytes, read.duration_ms), (done.bytes, done.duration_ms));
        Some(done)
    }

    #[test]
    fn a_file_is_completed_as_far_as_it_is_whole() {
        let bytes = draft(2);
        assert_eq!(completed(&bytes).expect("whole").duration_ms, 2_000);
        let durations: Vec<_> =
            (0..bytes.len()).map(|end| completed(&bytes[..end]).map(|done| done.duration_ms)).collect();
        assert!(durations.iter().all(|duration| matches!(duration, None | Some(1_000))), "{durations:?}");
        assert_eq!(durations.last(), Some(&Some(1_000)));
    }

    #[test]
    fn whatever_a_file_claims_costs_little_and_panics_nowhere() {
        assert!(completed(&draft(u32::MAX)).is_none(), "samples that are not there");
        let bytes = draft(2);
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut changed = bytes.clone();
                changed[at] = value;
                let _ = completed(&changed);
            }
        }
    }
}
