//! Writes the segments of both tracks into one fragmented file.

use std::fs::File;
use std::io::{self, Write};

use super::tables::{NEXT_TRACK, unity};
use super::{About, boxed, head, track_id};
use crate::media::TrackKind;
use crate::package::boxes::{Child, children};
use crate::package::recording::Cut;

/// A file that grows by whole fragments.
pub(in crate::record) struct Writer {
    file: File,
    /// What each track was announced with last, and the ticks per second that it will always have.
    announced: [Option<Announced>; 2],
    sequence: u32,
}

struct Announced {
    period: u64,
    timescale: u32,
}

/// Why segments were not written.
#[derive(Debug, thiserror::Error)]
pub(in crate::record) enum WriteError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("a segment is not sound")]
    Segment,
}

impl Writer {
    /// Begins the file.
    pub fn begin(mut file: File, about: &About) -> io::Result<Self> {
        file.write_all(&head(about)?)?;
        Ok(Self { file, announced: [None, None], sequence: 0 })
    }

    /// False when a segment has other ticks than its track, and needs a file of its own.
    pub fn takes(&self, cut: &Cut) -> bool {
        self.announced[slot(cut.kind)].as_ref().is_none_or(|known| known.timescale == cut.timescale)
    }

    /// Writes segments that it takes.
    ///
    /// # Errors
    /// [`WriteError`]; what was written before stays, and the rest is cut off when the file is completed.
    pub fn write(&mut self, cuts: &[Cut]) -> Result<(), WriteError> {
        for (at, cut) in cuts.iter().enumerate() {
            if self.announced[slot(cut.kind)].as_ref().is_none_or(|known| known.period != cut.period) {
                self.announce(cut.period, &cuts[at..])?;
            }
            self.append(cut)?;
        }
        Ok(())
    }

    pub fn into_file(self) -> File {
        self.file
    }

    /// Says how the tracks of a period are coded, of which `cuts` has the first segments.
    fn announce(&mut self, period: u64, cuts: &[Cut]) -> Result<(), WriteError> {
        let mut parts = Vec::new();
        let mut extends = Vec::new();
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let Some(cut) = cuts.iter().find(|cut| cut.kind == kind && cut.period == period) else { continue };
            let (track, extend) = track_of(&cut.init, track_id(kind)).ok_or(WriteError::Segment)?;
            parts.push(track);
            extends.push(extend);
            self.announced[slot(kind)] = Some(Announced { period, timescale: cut.timescale });
        }
        let header = movie_header();
        let tracks: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let extends: Vec<&[u8]> = extends.iter().map(Vec::as_slice).collect();
        let extends = boxed(b"mvex", &extends);
        let movie = boxed(b"moov", &[&header, &tracks.concat(), &extends]);
        Ok(self.file.write_all(&movie)?)
    }

    fn append(&mut self, cut: &Cut) -> Result<(), WriteError> {
        for child in children(&cut.data) {
            match &child.kind {
                b"moof" => {
                    self.sequence = self.sequence.wrapping_add(1);
                    let fragment = renumbered(&child, track_id(cut.kind), self.sequence).ok_or(WriteError::Segment)?;
                    self.file.write_all(&fragment)?;
                }
                b"mdat" => self.file.write_all(child.whole)?,
                _ => {}
            }
        }
        Ok(())
    }
}

const fn slot(kind: TrackKind) -> usize {
    match kind {
        TrackKind::Video => 0,
        TrackKind::Audio => 1,
    }
}

/// `mvhd` of a file whose duration its fragments tell.
fn movie_header() -> Vec<u8> {
    let mut body = vec![0; 100];
    body[12..16].copy_from_slice(&1_000_u32.to_be_bytes());
    body[20..24].copy_from_slice(&0x0001_0000_u32.to_be_bytes());
    body[24..26].copy_from_slice(&0x0100_u16.to_be_bytes());
    unity(&mut body[36..]);
    body[96..100].copy_from_slice(&NEXT_TRACK.to_be_bytes());
    boxed(b"mvhd", &[&body])
}

/// `trak` and `trex` of an init segment with one track, under another number.
fn track_of(init: &[u8], id: u32) -> Option<(Vec<u8>, Vec<u8>)> {
    let movie = children(init).find(|child| &child.kind == b"moov")?;
    let track = children(movie.body).find(|child| &child.kind == b"trak")?;
    let extends = children(movie.body).find(|child| &child.kind == b"mvex")?;
    let extend = children(extends.body).find(|child| &child.kind == b"trex")?;
    let header = children(track.body).find(|child| &child.kind == b"tkhd")?;
    let id_at = if *header.body.first()? == 1 { 20 } else { 12 };
    let mut track_bytes = track.whole.to_vec();
    put(&mut track_bytes, offset_of(track.whole, header.body)? + id_at, id)?;
    let mut extend_bytes = extend.whole.to_vec();
    put(&mut extend_bytes, offset_of(extend.whole, extend.body)? + 4, id)?;
    Some((track_bytes, extend_bytes))
}

/// A `moof` as that of another track, and at another place in the order.
fn renumbered(fragment: &Child<'_>, id: u32, sequence: u32) -> Option<Vec<u8>> {
    let mut bytes = fragment.whole.to_vec();
    for child in children(fragment.body) {
        match &child.kind {
            b"mfhd" => put(&mut bytes, offset_of(fragment.whole, child.body)? + 4, sequence)?,
            b"traf" => {
                let header = children(child.body).find(|child| &child.kind == b"tfhd")?;
                put(&mut bytes, offset_of(fragment.whole, header.body)? + 4, id)?;
            }
            _ => {}
        }
    }
    Some(bytes)
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset_of(whole: &[u8], part: &[u8]) -> Option<usize> {
    (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize).filter(|at| at + part.len() <= whole.len())
}

fn put(bytes: &mut [u8], at: usize, value: u32) -> Option<()> {
    bytes.get_mut(at..)?.first_chunk_mut::<4>().map(|place| *place = value.to_be_bytes())
}
