//! The documented file names of streams (`stream-security` §12.2): the stream id that a file name points to. Pure.

/// The stream id of a path below `/streams/`, by the documented table; `None` where the table knows none. The result
/// is a part of the path, not yet a checked name.
pub(super) fn stream_of<'a>(segments: &[&'a str]) -> Option<&'a str> {
    let (file, folders) = segments.split_last()?;
    if let ["drm", stream, ..] = folders {
        return Some(stream);
    }
    let (name, extension) = file.rsplit_once('.')?;
    let stream = match extension {
        "m4s" | "mpd" => folders.last().copied()?,
        "m3u8" => of_playlist(name),
        "ts" | "fmp4" => of_segment(name)?,
        "mp4" | "webm" | "mp3" => of_recording(name),
        _ => return None,
    };
    Some(stream).filter(|stream| !stream.is_empty())
}

fn of_playlist(name: &str) -> &str {
    let adaptive = name.strip_suffix("_adaptive");
    adaptive.or_else(|| before_double_underscore(name)).or_else(|| before_rendition(name)).unwrap_or(name)
}

fn of_segment(name: &str) -> Option<&str> {
    if let Some(stream) = before_double_underscore(name) {
        return Some(stream);
    }
    let numbered = |digits| without_digits(name, digits).filter(|rest| !rest.is_empty());
    let rendition = |digits| numbered(digits).and_then(before_rendition);
    rendition(9)
        .or_else(|| before_time(name).map(|rest| before_rendition(rest).unwrap_or(rest)))
        .or_else(|| rendition(4))
        .or_else(|| numbered(9))
        .or_else(|| numbered(4))
}

fn of_recording(name: &str) -> &str {
    before_date(name)
        .or_else(|| before_number(name).and_then(before_rendition))
        .or_else(|| before_rendition(name))
        .or_else(|| before_number(name))
        .unwrap_or(name)
}

/// `S__master` → `S`. In `x__720p2000kbps` the first underscore belongs to the stream id.
fn before_double_underscore(name: &str) -> Option<&str> {
    let at = name.rfind("__")?;
    let end = if name[at + 2..].contains("kbps") { at + 1 } else { at };
    Some(&name[..end])
}

/// `S_480p300kbps`, `S_240p`, `S_500kbps` → `S`.
fn before_rendition(name: &str) -> Option<&str> {
    let (stream, rendition) = name.rsplit_once('_')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_rendition = match (rendition.strip_suffix("kbps"), rendition.split_once('p')) {
        (Some(bitrate), _) if is_number(bitrate) => true,
        (Some(both), _) => both.split_once('p').is_some_and(|(height, rate)| is_number(height) && is_number(rate)),
        (None, Some((height, ""))) => is_number(height),
        _ => false,
    };
    (is_rendition && !stream.is_empty()).then_some(stream)
}

/// `S_12` → `S`.
fn before_number(name: &str) -> Option<&str> {
    let (stream, number) = name.rsplit_once('_')?;
    let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    (is_number && !stream.is_empty()).then_some(stream)
}

/// `S-2021-05-18_11-26-26.842…` → `S`.
fn before_date(name: &str) -> Option<&str> {
    const SHAPE: &[u8] = b"-dddd-dd-dd_dd-dd-dd.ddd";
    let fits = |window: &[u8]| {
        window.iter().zip(SHAPE).all(|(byte, shape)| if *shape == b'd' { byte.is_ascii_digit() } else { byte == shape })
    };
    let at = name.as_bytes().windows(SHAPE.len()).position(fits)?;
    name.get(..at).filter(|stream| !stream.is_empty())
}

/// Suffixes of the documented strftime kinds: `S-1741579422` (`-%s`) and `S-20250310-1741579422` (`-%Y%m%d-%s`) → `S`.
fn before_time(name: &str) -> Option<&str> {
    let rest = without_digits(name, 10)?.strip_suffix('-')?;
    let day = without_digits(rest, 8).and_then(|rest| rest.strip_suffix('-'));
    Some(day.unwrap_or(rest)).filter(|stream| !stream.is_empty())
}

/// The name without its last `digits` characters, if these are digits.
fn without_digits(name: &str, digits: usize) -> Option<&str> {
    let (rest, number) = name.split_at_checked(name.len().checked_sub(digits)?)?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn stream(path: &str) -> Option<&str> {
        stream_of(&path.split('/').collect::<Vec<_>>())
    }

    #[test]
    fn the_documented_names_point_to_their_streams() {
        for (path, id) in [
            ("drm/S/x/y.mpd", "S"),
            ("S/S_1segment00139.m4s", "S"),
            ("S/S.mpd", "S"),
            ("folder/S/S.mpd", "S"),
            ("S_adaptive.m3u8", "S"),
            ("S__master.m3u8", "S"),
            ("ll-hls/S/S__master.m3u8", "S"),
            ("ll-hls/S/S__lowlatency.m3u8", "S"),
            ("S__x.ts", "S"),
            ("S__x.fmp4", "S"),
            ("x__720p2000kbps.m3u8", "x_"),
            ("S_480p300kbps.m3u8", "S"),
            ("S_240p.m3u8", "S"),
            ("S_500kbps.m3u8", "S"),
            ("S.m3u8", "S"),
            ("sub/folder/S.m3u8", "S"),
            ("S_240p300kbps000000000.ts", "S"),
            ("S_240p300kbps000000000.fmp4", "S"),
            ("S-20250310-1741579422.ts", "S"),
            ("S_240p300kbps-20250310-1741579422.ts", "S"),
            ("f6867e64-c9a1-a7dd-1d14-6b4312c8c8ee-1741579422.ts", "f6867e64-c9a1-a7dd-1d14-6b4312c8c8ee"),
            ("S_240p300kbps0000.ts", "S"),
            ("S000000000.ts", "S"),
            ("S000000000.fmp4", "S"),
            ("monstercat060218000.ts", "monstercat"),
            ("S0000.ts", "S"),
            ("S-2021-05-18_11-26-26.842.mp4", "S"),
            ("S-2021-05-18_11-26-26.842_240p500kbps.mp4", "S"),
            ("S-2021-05-18_11-26-26.842.webm", "S"),
            ("S_480p300kbps_1.mp4", "S"),
            ("S_240p500kbps.webm", "S"),
            ("S_1.mp4", "S"),
            ("S_12.webm", "S"),
            ("S.mp4", "S"),
            ("S.webm", "S"),
            ("S.mp3", "S"),
            ("test_stream_Id_davut_diyen_kedi_adaptive.m3u8", "test_stream_Id_davut_diyen_kedi"),
            ("stream_Id_underline_test_480p300kbps.m3u8", "stream_Id_underline_test"),
            ("stream_Id_tahir_diyen_kedi_adaptive_123_480p600kbps_1.mp4", "stream_Id_tahir_diyen_kedi_adaptive_123"),
            ("stream_Id_tahir_diyen_kedi_adaptive_12.webm", "stream_Id_tahir_diyen_kedi_adaptive"),
        ] {
            assert_eq!(stream(path), Some(id), "{path}");
        }
    }

    #[test]
    fn other_names_point_nowhere() {
        for path in ["S.u8", "S_anything.ts", "S", "S.mpd", "S.m4s", ".m3u8", "0000.ts", "_adaptive.m3u8", "S.key"] {
            assert_eq!(stream(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_name_is_read_without_harm(path in "\\PC{0,60}(\\.(m3u8|ts|fmp4|mp4|m4s|mpd))?") {
            if let Some(id) = stream(&path) {
                prop_assert!(!id.contains('/'));
            }
        }
    }
}
