//! CMAF segments of a live broadcast, in memory, and the manifests over them.
//!
//! GStreamer's cmafmux cuts video and audio into separate tracks; [`Package`] keeps a bounded window of segments and
//! writes HLS (RFC 8216) and DASH (ISO/IEC 23009-1) over the same bytes.

use bytes::Bytes;

/// What HTTP egress can serve of one broadcast. All methods are cheap and never wait.
pub struct Package {}

/// One init or media segment.
#[derive(Debug, Clone)]
pub struct Object {
    pub data: Bytes,
    /// `video/mp4` for init segments, `video/iso.segment` for media segments.
    pub content_type: &'static str,
}

impl Package {
    /// The multivariant playlist (`{id}.m3u8`, `{id}_adaptive.m3u8`), with `folder` before each URI and `query`
    /// (without `?`; may be empty) after it. `None` until every track has a segment.
    pub fn hls_multivariant(&self, _folder: &str, _query: &str) -> Option<String> {
        None
    }

    /// One media playlist (`video.m3u8`, `audio.m3u8`); URIs are relative to the playlist.
    pub fn hls_media(&self, _name: &str, _query: &str) -> Option<String> {
        None
    }

    /// The MPD (`{id}.mpd`). `location` is the absolute or root-relative address to reload it from.
    pub fn dash(&self, _location: Option<&str>, _query: &str) -> Option<String> {
        None
    }

    /// An init or media segment by its file name (`v-init-1.mp4`, `v-17.m4s`, `a-17.m4s`).
    pub fn object(&self, _name: &str) -> Option<Object> {
        None
    }
}
