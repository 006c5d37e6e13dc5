//! A publisher inside the test: it loops the clip over a socket, in real time.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clip;
use super::rtmp::{Rtmp, Said, Status, hung_up};

/// A live publication. Dropping it cuts the connection.
pub struct Live {
    sending: JoinHandle<()>,
    listening: JoinHandle<Option<Status>>,
    is_whole: Arc<AtomicBool>,
}

/// What a publication begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begins {
    Whole,
    /// With sound alone until [`Live::complete`].
    Sound,
    /// With pictures alone until then.
    Pictures,
}

impl Live {
    /// Publishes `key` (stream id, then `?` and credentials) to an application.
    ///
    /// # Errors
    /// What the server said instead.
    pub async fn publish(server: SocketAddr, from: IpAddr, application: &str, key: &str) -> Result<Self, Said> {
        Self::begin(server, from, application, key, Begins::Whole).await
    }

    /// Goes on with sound and pictures, from the clip's next round on.
    pub fn complete(&self) {
        self.is_whole.store(true, Ordering::Relaxed);
    }

    /// Publishes with a part of the clip at first.
    ///
    /// # Errors
    /// What the server said instead.
    pub async fn begin(
        server: SocketAddr,
        from: IpAddr,
        application: &str,
        key: &str,
        begins: Begins,
    ) -> Result<Self, Said> {
        let mut rtmp = Rtmp::connect(server, from, application).await.ok_or(Said::HungUp)?;
        match rtmp.publish(key).await {
            Said::Yes => {}
            no => return Err(no),
        }
        let Rtmp { mut reader, mut writer } = rtmp;
        let is_whole = Arc::new(AtomicBool::new(begins == Begins::Whole));
        let whole = Arc::clone(&is_whole);
        let sending = tokio::spawn(async move {
            let mut was_whole = begins == Begins::Whole;
            let begun = Instant::now();
            let tags = tags();
            let length = tags.iter().map(|tag| tag.timestamp).max().unwrap_or(0) + 40;
            for round in 0_u32.. {
                let is_whole = whole.load(Ordering::Relaxed);
                let is_first = |tag: &Tag| match begins {
                    Begins::Whole => true,
                    Begins::Sound => !tag.is_picture(),
                    Begins::Pictures => !tag.is_sound(),
                };
                let is_new = |tag: &Tag| if is_first(tag) { round == 0 } else { !was_whole };
                let is_due = |tag: &&Tag| (is_whole || is_first(tag)) && (is_new(tag) || !tag.is_header());
                for tag in tags.iter().filter(is_due) {
                    let timestamp = round * length + tag.timestamp;
                    tokio::time::sleep_until(begun + Duration::from_millis(u64::from(timestamp))).await;
                    if writer.tag(tag.kind, timestamp, &tag.body).await.is_err() {
                        return;
                    }
                }
                was_whole |= is_whole;
            }
        });
        let listening = tokio::spawn(async move { hung_up(&mut reader).await });
        Ok(Self { sending, listening, is_whole })
    }

    /// Waits until the server ends the publication, and returns the last thing it said.
    pub async fn ended(mut self) -> Option<Status> {
        (&mut self.listening).await.expect("the reader lives")
    }

    /// True while the server keeps the connection.
    pub fn is_on(&self) -> bool {
        !self.listening.is_finished()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.sending.abort();
        self.listening.abort();
    }
}

/// One tag of the clip.
struct Tag {
    kind: u8,
    /// Milliseconds.
    timestamp: u32,
    body: Vec<u8>,
}

impl Tag {
    fn is_picture(&self) -> bool {
        self.kind == 9
    }

    fn is_sound(&self) -> bool {
        self.kind == 8
    }

    /// Metadata and codec headers, which are sent once.
    fn is_header(&self) -> bool {
        self.kind == 18 || self.body.get(1) == Some(&0)
    }
}

/// The clip's tags (FLV §E.4.1).
fn tags() -> &'static [Tag] {
    static TAGS: OnceLock<Vec<Tag>> = OnceLock::new();
    TAGS.get_or_init(|| {
        let file = std::fs::read(clip()).expect("the clip");
        let mut rest = &file[13..];
        let mut tags = Vec::new();
        while let Some((header, behind)) = rest.split_first_chunk::<11>() {
            let number = |bytes: &[u8]| bytes.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            let length = number(&header[1..4]) as usize;
            let timestamp = number(&[header[7], header[4], header[5], header[6]]);
            tags.push(Tag { kind: header[0], timestamp, body: behind[..length].to_vec() });
            rest = &behind[length + 4..];
        }
        tags
    })
}

/// The clip's pictures with start codes (ITU-T H.264 Annex B), parameter sets before each key frame.
pub fn pictures() -> &'static [Bytes] {
    static PICTURES: OnceLock<Vec<Bytes>> = OnceLock::new();
    PICTURES.get_or_init(|| {
        let mut sets = Vec::new();
        let mut pictures = Vec::new();
        for tag in tags().iter().filter(|tag| tag.kind == 9) {
            let body = &tag.body[5..];
            if tag.is_header() {
                // AVCDecoderConfigurationRecord (ISO/IEC 14496-15 §5.3.3.1): one set of each kind.
                let length = usize::from(u16::from_be_bytes([body[6], body[7]]));
                let (sps, rest) = (&body[8..8 + length], &body[8 + length..]);
                let length = usize::from(u16::from_be_bytes([rest[1], rest[2]]));
                sets = [START_CODE, sps, START_CODE, &rest[3..3 + length]].concat();
                continue;
            }
            let mut picture = if tag.body[0] >> 4 == 1 { sets.clone() } else { Vec::new() };
            let mut rest = body;
            while let Some((length, behind)) = rest.split_first_chunk::<4>() {
                let (unit, behind) = behind.split_at(u32::from_be_bytes(*length) as usize);
                picture.extend_from_slice(START_CODE);
                picture.extend_from_slice(unit);
                rest = behind;
            }
            pictures.push(picture.into());
        }
        pictures
    })
}

const START_CODE: &[u8] = &[0, 0, 0, 1];
