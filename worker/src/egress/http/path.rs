//! Which stream a path belongs to, and what of it is meant. Pure.
//!
//! A [`Target`] names both, and is the only thing that is authorized and the only thing that is looked up: what a player
//! was let in for and what it receives cannot differ. Only the files that this server makes itself are objects; other
//! paths name at most a stream, so that a refusal comes before a "not found".

use percent_encoding::percent_decode_str;
use sluice_contract::{Protocol, StreamId};

use super::names;

/// What a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    stream: StreamId,
    kind: Kind,
}

/// One file of a live stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// HLS multivariant playlist.
    Multivariant,
    /// HLS media playlist, by its file name.
    Playlist(&'static str),
    /// DASH manifest.
    Dash,
    /// Init or media segment, by its file name: `[va]-` and then letters, digits, `-` and `.`.
    Object(String),
    /// A complete recording of the stream.
    Recording,
    /// No file of ours; the stream that its name points to.
    Unknown(Protocol),
}

/// The path leads out of the streams, or tries to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the path names nothing below the streams")]
pub struct Outside;

impl Target {
    pub fn stream(&self) -> &StreamId {
        &self.stream
    }

    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The protocol of a session that begins here.
    pub fn protocol(&self) -> Protocol {
        match self.kind {
            Kind::Dash => Protocol::Dash,
            Kind::Recording => Protocol::Vod,
            Kind::Unknown(protocol) => protocol,
            Kind::Multivariant | Kind::Playlist(_) | Kind::Object(_) => Protocol::Hls,
        }
    }

    /// A recording that was found, whatever its file is called.
    pub fn recording(stream: StreamId) -> Self {
        Self { stream, kind: Kind::Recording }
    }

    fn new(stream: &str, kind: Kind) -> Option<Self> {
        Some(Self { stream: stream.parse().ok()?, kind })
    }
}

/// Everything that the path after `/streams/` can mean, as it came (percent-encoded), the likeliest first; empty when it
/// names no stream.
///
/// More than one: `cam_adaptive.m3u8` is the adaptive playlist of `cam`, but may be the plain one of `cam_adaptive`.
/// The caller takes the first that is live. `cam` goes first there, since the other stays reachable as
/// `cam_adaptive_adaptive.m3u8`, which is what players ask for first, and nobody can take a stream's address by
/// publishing one with a longer name. Elsewhere the longest id goes first.
///
/// # Errors
/// [`Outside`] for traversal in any spelling, before anything else is looked at.
pub fn resolve(raw: &str) -> Result<Vec<Target>, Outside> {
    let path = decode(raw)?;
    let segments: Vec<&str> = path.split('/').collect();
    let own = match segments.as_slice() {
        [file] => playlists(file),
        [folder, file] => in_folder(folder, file).into_iter().collect(),
        _ => Vec::new(),
    };
    if own.is_empty() { Ok(unknown(&segments)) } else { Ok(own) }
}

/// The file name of a recording that the path may mean, if there is one of that name.
pub fn recording(raw: &str) -> Option<String> {
    decode(raw).ok().filter(|path| path.ends_with(".mp4") && !path.contains('/'))
}

fn decode(raw: &str) -> Result<String, Outside> {
    if raw.len() > MAX_BYTES || raw.to_ascii_lowercase().contains("%2f") {
        return Err(Outside);
    }
    let path = percent_decode_str(raw).decode_utf8().map_err(|_| Outside)?;
    // What is still encoded after one decoding was encoded twice.
    if path.contains(['%', '\\']) || path.chars().any(char::is_control) {
        return Err(Outside);
    }
    let segments: Vec<&str> = path.split('/').collect();
    if segments.len() > MAX_SEGMENTS || segments.iter().any(|segment| segment.bytes().all(|b| b == b'.')) {
        return Err(Outside);
    }
    Ok(path.into_owned())
}

/// Multivariant playlists stand beside their stream's folder.
fn playlists(file: &str) -> Vec<Target> {
    let Some(name) = file.strip_suffix(".m3u8") else { return Vec::new() };
    let adaptive = name.strip_suffix("_adaptive").and_then(|stream| Target::new(stream, Kind::Multivariant));
    let plain = Target::new(name, Kind::Multivariant);
    let documented = names::stream_of(&[file])
        .filter(|stream| *stream != name && adaptive.is_none())
        .and_then(|stream| Target::new(stream, Kind::Unknown(Protocol::Hls)));
    [adaptive, plain, documented].into_iter().flatten().collect()
}

fn in_folder(folder: &str, file: &str) -> Option<Target> {
    let kind = match file {
        "video.m3u8" => Kind::Playlist("video.m3u8"),
        "audio.m3u8" => Kind::Playlist("audio.m3u8"),
        _ if file.strip_suffix(".mpd") == Some(folder) => Kind::Dash,
        _ if is_object(file) => Kind::Object(file.to_owned()),
        _ => return None,
    };
    Target::new(folder, kind)
}

/// `v-init-1.mp4`, `a-17.m4s`, `v-17.2.m4s`.
fn is_object(file: &str) -> bool {
    let numbers = |text: &str, most| {
        let parts = text.split('.');
        parts.clone().count() <= most
            && parts.into_iter().all(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let Some(rest) = file.strip_prefix("v-").or_else(|| file.strip_prefix("a-")) else { return false };
    match rest.strip_prefix("init-") {
        Some(rest) => rest.strip_suffix(".mp4").is_some_and(|number| numbers(number, 1)),
        None => rest.strip_suffix(".m4s").is_some_and(|number| numbers(number, 2)),
    }
}

fn unknown(segments: &[&str]) -> Vec<Target> {
    let file = segments.last().copied().unwrap_or_default();
    let (base, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let (protocol, whole_name) = match extension {
        "mp4" | "webm" | "mp3" => (Protocol::Vod, Some(base)),
        "mpd" | "m4s" => (Protocol::Dash, None),
        _ => (Protocol::Hls, None),
    };
    let documented = names::stream_of(segments);
    let whole_name = whole_name.filter(|name| documented.is_some_and(|stream| stream != *name));
    let ids = [whole_name, documented].into_iter().flatten();
    ids.filter_map(|stream| Target::new(stream, Kind::Unknown(protocol))).collect()
}

/// Longer than any name of ours in any folder.
const MAX_BYTES: usize = 1_024;
const MAX_SEGMENTS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `stream:kind`, the likeliest first.
    fn meanings(raw: &str) -> Vec<String> {
        let word = |kind: &Kind| match kind {
            Kind::Multivariant => "multivariant".to_owned(),
            Kind::Playlist(name) => (*name).to_owned(),
            Kind::Dash => "dash".to_owned(),
            Kind::Object(name) => name.clone(),
            Kind::Recording => "recording".to_owned(),
            Kind::Unknown(_) => "?".to_owned(),
        };
        resolve(raw).unwrap().iter().map(|target| format!("{}:{}", target.stream, word(&target.kind))).collect()
    }

    #[test]
    fn our_own_files_are_found() {
        for (path, meaning) in [
            ("s.m3u8", "s:multivariant"),
            ("s/video.m3u8", "s:video.m3u8"),
            ("s/audio.m3u8", "s:audio.m3u8"),
            ("s/s.mpd", "s:dash"),
            ("s/v-init-1.mp4", "s:v-init-1.mp4"),
            ("s/a-17.m4s", "s:a-17.m4s"),
            ("s/v-17.2.m4s", "s:v-17.2.m4s"),
            ("a.b/a.b.mpd", "a.b:dash"),
            ("s%2Ex/video.m3u8", "s.x:video.m3u8"),
        ] {
            assert_eq!(meanings(path), [meaning], "{path}");
        }
    }

    #[test]
    fn a_name_that_can_mean_two_streams_means_both_in_order() {
        assert_eq!(meanings("cam_adaptive.m3u8"), ["cam:multivariant", "cam_adaptive:multivariant"]);
        assert_eq!(meanings("cam_480p.m3u8"), ["cam_480p:multivariant", "cam:?"]);
        assert_eq!(meanings("cam_1.mp4"), ["cam_1:?", "cam:?"]);
        assert_eq!(meanings("s.mp4"), ["s:?"]);
    }

    #[test]
    fn a_file_that_is_none_of_ours_still_names_its_stream() {
        for (path, meaning) in [
            ("s/s_adaptive.mpd", "s:?"),
            ("s/other.mpd", "s:?"),
            ("s/v-x.m4s", "s:?"),
            ("s/v-1.2.3.m4s", "s:?"),
            ("ll-hls/s/s__master.m3u8", "s:?"),
            ("s/s/video.m3u8", "video:?"),
            ("s000000001.ts", "s:?"),
        ] {
            assert_eq!(meanings(path), [meaning], "{path}");
        }
        for nothing in ["s.u8", "s_anything.ts", "s", "s/secret.key", "ä.m3u8", "s/listening.json", "...m3u8"] {
            assert!(meanings(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn a_recording_has_a_name_and_no_folder() {
        assert_eq!(recording("s_1.mp4").as_deref(), Some("s_1.mp4"));
        assert_eq!(recording("s%2Emp4").as_deref(), Some("s.mp4"));
        for none in ["s.mp4.tmp_extension", "a/s.mp4", "..%2fs.mp4", "../s.mp4", "s.webm", "%252e.mp4", "s%00.mp4"] {
            assert_eq!(recording(none), None, "{none}");
        }
    }

    #[test]
    fn nothing_leads_out() {
        for path in [
            "",
            "..",
            ".",
            "s/..",
            "../s.m3u8",
            "s/../o.m3u8",
            "./s.m3u8",
            "s//video.m3u8",
            "/etc/passwd",
            "s/",
            "%2e%2e/x.m3u8",
            "s/%2E%2E/o.m3u8",
            "s/.%2e/o.m3u8",
            "s%2fvideo.m3u8",
            "s%2Fvideo.m3u8",
            "..%2f..%2fx",
            "%252e%252e/x.m3u8",
            "s%252fvideo.m3u8",
            "s\\video.m3u8",
            "s%5cvideo.m3u8",
            "s%00.m3u8",
            "s/v-1.m4s%00.m3u8",
            "s%0a.m3u8",
            "%ff.m3u8",
            "s/.../x.m3u8",
        ] {
            assert_eq!(resolve(path), Err(Outside), "{path}");
        }
        assert_eq!(resolve(&"x".repeat(2_000)), Err(Outside));
        assert_eq!(resolve(&"x/".repeat(100)), Err(Outside));
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_lies_within_one_stream(raw in "([a-z0-9._/%\\\\-]|%2e|%2f|_adaptive|\\.m3u8|\\.m4s|/v-){0,40}") {
            for target in resolve(&raw).unwrap_or_default() {
                prop_assert!(target.stream.as_str().parse::<StreamId>().is_ok());
                if let Kind::Object(name) = &target.kind {
                    prop_assert!(!name.contains(['/', '\\', '%']) && !name.contains(".."), "{}", name);
                    // The object lies in the folder of the very stream that is authorized.
                    let folder = percent_decode_str(&raw).decode_utf8().unwrap();
                    prop_assert_eq!(folder, format!("{}/{}", target.stream, name));
                }
            }
        }

        #[test]
        fn any_text_is_read_without_harm(raw in ".{0,200}") {
            let _ = resolve(&raw);
        }
    }
}
