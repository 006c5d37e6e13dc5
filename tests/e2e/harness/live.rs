//! A publisher inside the test: it loops the clip over a socket, in real time.

use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clip;
use super::rtmp::{Rtmp, Said, Status, hung_up};

/// A live publication. Dropping it cuts the connection.
pub struct Live {
    sending: JoinHandle<()>,
    listening: JoinHandle<Option<Status>>,
}

impl Live {
    /// Publishes `key` (stream id, then `?` and credentials) to an application.
    ///
    /// # Errors
    /// What the server said instead.
    pub async fn publish(server: SocketAddr, from: IpAddr, application: &str, key: &str) -> Result<Self, Said> {
        let mut rtmp = Rtmp::connect(server, from, application).await.ok_or(Said::HungUp)?;
        match rtmp.publish(key).await {
            Said::Yes => {}
            no => return Err(no),
        }
        let Rtmp { mut reader, mut writer } = rtmp;
        let sending = tokio::spawn(async move {
            let begun = Instant::now();
            let tags = tags();
            let length = tags.iter().map(|tag| tag.timestamp).max().unwrap_or(0) + 40;
            for round in 0_u32.. {
                for tag in tags.iter().filter(|tag| round == 0 || !tag.is_header()) {
                    let timestamp = round * length + tag.timestamp;
                    tokio::time::sleep_until(begun + Duration::from_millis(u64::from(timestamp))).await;
                    if writer.tag(tag.kind, timestamp, &tag.body).await.is_err() {
                        return;
                    }
                }
            }
        });
        let listening = tokio::spawn(async move { hung_up(&mut reader).await });
        Ok(Self { sending, listening })
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
