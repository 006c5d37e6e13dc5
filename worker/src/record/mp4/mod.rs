//! The file of a recording (ISO/IEC 14496-12).
//!
//! While it is written, it is a fragmented file of two tracks: whatever happens, all that was written can be played. When it
//! is complete, an index of all samples is put behind it, and the fragments are declared to be one `mdat`: players then seek
//! in it as in any other file, and nothing was copied for that.
//!
//! ```text
//! while it is written   ftyp uuid free  moov moof mdat moof mdat …
//! complete              ftyp uuid mdat(                          ) moov
//! ```
//!
//! The `uuid` box says whose recording it is, so that a file is never without its stream, whatever it is called.

mod fragment;
mod index;
mod tables;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};
use sluice_contract::{ApplicationName, StreamId, UnixTime, VodId};

use crate::media::TrackKind;
use crate::package::boxes::u32_at;

pub(super) use fragment::{WriteError, Writer};
pub(super) use index::{complete, read_complete};

/// Whose recording a file is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct About {
    pub vod: VodId,
    pub application: ApplicationName,
    pub stream_id: StreamId,
    pub started_at: UnixTime,
}

/// What stands before the media, and where that begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub about: About,
    /// Where the box stands that becomes the `mdat`.
    pub media_at: u64,
}

/// Tracks have fixed numbers.
pub(super) const fn track_id(kind: TrackKind) -> u32 {
    match kind {
        TrackKind::Video => 1,
        TrackKind::Audio => 2,
    }
}

/// The beginning of every file of ours.
pub(super) fn head(about: &About) -> io::Result<Vec<u8>> {
    let text = serde_json::to_vec(about)?;
    let mut bytes = boxed(b"ftyp", &[b"isom\0\0\x02\0", b"isomiso6avc1mp41"]);
    bytes.extend(boxed(b"uuid", &[&OURS, &text]));
    // Room for the head of an `mdat` with a length of 64 bits.
    bytes.extend(boxed(b"free", &[&[0; 8]]));
    Ok(bytes)
}

/// Reads the beginning of a file; `None` when it is none of ours.
pub(super) fn read_head(file: &File) -> io::Result<Option<Head>> {
    let mut begin = vec![0; MAX_HEAD_BYTES];
    let mut len = 0;
    while len < begin.len() {
        match file.read_at(&mut begin[len..], len as u64)? {
            0 => break,
            read => len += read,
        }
    }
    begin.truncate(len);
    let mut at = 0;
    for expected in [b"ftyp", b"uuid"] {
        let Some(size) = u32_at(&begin, at).and_then(|size| usize::try_from(size).ok()) else { return Ok(None) };
        let Some(whole) = at.checked_add(size).and_then(|end| begin.get(at..end)) else { return Ok(None) };
        if whole.get(4..8) != Some(expected) {
            return Ok(None);
        }
        if expected == b"uuid" {
            let text = whole.get(8..).and_then(|body| body.strip_prefix(&OURS));
            let about = text.and_then(|text| serde_json::from_slice(text).ok());
            return Ok(about.map(|about| Head { about, media_at: (at + size) as u64 }));
        }
        at += size;
    }
    Ok(None)
}

/// A box of these parts.
fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let size = 8 + parts.iter().map(|part| part.len()).sum::<usize>();
    let mut bytes = Vec::with_capacity(size);
    // No box that is made here comes near 4 GiB: what is large has a head of its own.
    bytes.extend_from_slice(&u32::try_from(size).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend_from_slice(kind);
    parts.iter().for_each(|part| bytes.extend_from_slice(part));
    bytes
}

/// The user type of the box that says whose recording it is.
const OURS: [u8; 16] = *b"sluice recording";
/// Names of an application and a stream, and some figures.
const MAX_HEAD_BYTES: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_says_whose_it_is_and_others_say_nothing() {
        let about = About {
            vod: "0123456789abcdef01234567".parse().unwrap(),
            application: "LiveApp".parse().unwrap(),
            stream_id: "s".repeat(255).parse().unwrap(),
            started_at: UnixTime::from_millis(1_700_000_000_123),
        };
        let folder = tempfile::tempdir().unwrap();
        let read = |bytes: &[u8]| {
            let path = folder.path().join("f");
            std::fs::write(&path, bytes).unwrap();
            read_head(&File::open(path).unwrap()).unwrap()
        };
        let bytes = head(&about).unwrap();
        let media_at = bytes.len() as u64 - 16;
        assert_eq!(read(&bytes), Some(Head { about, media_at }));
        for end in 0..bytes.len() - 16 {
            assert_eq!(read(&bytes[..end]), None, "{end}");
        }
        for other in
            [&b"\0\0\0\x08ftyp\0\0\0\x08moov"[..], b"\xFF\xFF\xFF\xFFftyp", b"\0\0\0\0ftyp\0\0\0\0uuid", b"text"]
        {
            assert_eq!(read(other), None);
        }
    }
}
