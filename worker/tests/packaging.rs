//! The media path with real media: clips go through hub and packaging, and what comes out must play.

mod support;

use std::path::Path;
use std::process::Command;

use sluice_contract::message::{EndReason, EventKind};
use sluice_worker::hub::{PublishRight, Publisher};
use sluice_worker::media::{AccessUnit, Codec, MediaTime, TrackConfig, TrackKind};
use sluice_worker::package::{Package, PackagingConfig, PackagingSettings};

use support::{Item, TestSession, clip, hub, hub_with, key, read_flv, test_pattern, until, wall_clock};

fn push_all(publisher: &mut Publisher, items: &[Item]) {
    for item in items {
        match item.clone() {
            Item::Config(config) => publisher.configure(config),
            Item::Unit(unit) => publisher.push(unit),
        }
    }
}

/// Publishes a whole clip as fast as it goes, ends it, and writes all that HTTP would serve into `folder`.
fn package_clip(items: &[Item], folder: &Path) -> Vec<String> {
    let (hub, events) = hub(PackagingSettings::default());
    let mut publisher = hub.publish(key("clip"), TestSession::new()).expect("nobody else publishes");
    push_all(&mut publisher, items);
    publisher.end(EndReason::Closed, None);
    let stream = hub.find(&key("clip")).expect("an ended stream lingers");
    let package = stream.package();
    until("the last segment", || {
        let playlist = package.hls_media("video.m3u8", "").or_else(|| package.hls_media("audio.m3u8", ""))?;
        playlist.contains("#EXT-X-ENDLIST").then_some(())
    });
    drop(events);
    write_package(package, folder)
}

fn write_package(package: &Package, folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let mut save = |name: &str, bytes: &[u8]| {
        std::fs::create_dir_all(folder.join("clip")).expect("a folder");
        std::fs::write(folder.join(name), bytes).expect("a file");
        names.push(name.to_owned());
    };
    let multivariant = package.hls_multivariant("clip", "").expect("a multivariant playlist");
    save("clip.m3u8", multivariant.as_bytes());
    save("clip/clip.mpd", package.dash(None, "").expect("an MPD").as_bytes());
    for playlist in ["video.m3u8", "audio.m3u8"] {
        let Some(text) = package.hls_media(playlist, "") else { continue };
        save(&format!("clip/{playlist}"), text.as_bytes());
        for line in text.lines() {
            let name = line.strip_prefix("#EXT-X-MAP:URI=\"").map(|rest| rest.trim_end_matches('"')).unwrap_or(line);
            if !name.starts_with('#') {
                let object = package.object(name).expect("what is listed is served");
                save(&format!("clip/{name}"), &object.data);
            }
        }
    }
    names
}

/// Decodes everything; the numbers of frames, video and audio.
fn decode(input: &Path) -> (u64, u64) {
    let count = |stream: &str| {
        let output = Command::new("ffprobe")
            .args(["-v", "error", "-count_frames", "-select_streams", stream])
            .args(["-show_entries", "stream=nb_read_frames", "-of", "default=nk=1:nw=1"])
            .arg(input)
            .output()
            .expect("ffprobe is installed");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && errors.is_empty(), "{}: {errors}", input.display());
        String::from_utf8_lossy(&output.stdout).lines().next().and_then(|line| line.trim().parse().ok()).unwrap_or(0)
    };
    (count("v:0"), count("a:0"))
}

/// Frames of a track from where packaging begins: the first key frame, if there are pictures.
fn units(items: &[Item], wanted: TrackKind) -> u64 {
    let is_picture = |item: &&Item| matches!(item, Item::Unit(unit) if unit.kind == TrackKind::Video);
    let begin = items.iter().position(|item| is_picture(&item)).unwrap_or(0);
    items[begin..].iter().filter(|item| matches!(item, Item::Unit(unit) if unit.kind == wanted)).count() as u64
}

/// Packages a clip and expects every frame of it to decode, from HLS and from DASH.
fn plays(items: &[Item]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    package_clip(items, folder.path());
    let expected = (units(items, TrackKind::Video), units(items, TrackKind::Audio));
    for manifest in ["clip.m3u8", "clip/clip.mpd"] {
        assert_eq!(decode(&folder.path().join(manifest)), expected, "{manifest}");
    }
    folder
}

fn playlist(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join("clip").join(name)).expect("a playlist")
}

fn durations(playlist: &str) -> Vec<f64> {
    playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.trim_end_matches(',').parse().ok()).collect()
}

#[test]
fn every_frame_of_picture_and_sound_plays_in_hls_and_dash() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "plain", &test_pattern(9, 60, 0)));
    let out = plays(&items);
    let video = playlist(out.path(), "video.m3u8");
    assert_eq!(durations(&video)[..4], [2.0; 4], "{video}");
    assert!(video.contains("#EXT-X-TARGETDURATION:2\n"));
}

#[test]
fn reordered_pictures_play() {
    let folder = tempfile::tempdir().expect("a folder");
    plays(&read_flv(&clip(folder.path(), "reordered", &test_pattern(7, 60, 3))));
}

#[test]
fn a_long_group_of_pictures_makes_long_segments() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = plays(&read_flv(&clip(folder.path(), "long", &test_pattern(9, 120, 2))));
    let video = playlist(out.path(), "video.m3u8");
    assert_eq!(durations(&video)[..2], [4.0; 2], "{video}");
    assert!(video.contains("#EXT-X-TARGETDURATION:4\n"), "{video}");
}

#[test]
fn sound_alone_plays() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = "-f lavfi -i sine=frequency=440:sample_rate=48000 -t 7 -c:a aac -b:a 64k";
    let out = plays(&read_flv(&clip(folder.path(), "sound", args)));
    let multivariant = std::fs::read_to_string(out.path().join("clip.m3u8")).expect("a playlist");
    assert!(multivariant.contains("CODECS=\"mp4a.40.2\"\nclip/audio.m3u8\n"), "{multivariant}");
}

#[test]
fn pictures_alone_play() {
    let folder = tempfile::tempdir().expect("a folder");
    let args = "-f lavfi -i testsrc2=size=320x180:rate=25 -t 7 -c:v libx264 -pix_fmt yuv420p -g 50 -an";
    let out = plays(&read_flv(&clip(folder.path(), "pictures", args)));
    let multivariant = std::fs::read_to_string(out.path().join("clip.m3u8")).expect("a playlist");
    assert!(multivariant.contains("RESOLUTION=320x180,FRAME-RATE=25.000\nclip/video.m3u8\n"), "{multivariant}");
}

/// Bursts of equal times, as live encoders under load send them.
#[test]
fn repeated_timestamps_play() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut items = read_flv(&clip(folder.path(), "repeated", &test_pattern(7, 60, 2)));
    for (index, item) in items.iter_mut().enumerate() {
        let Item::Unit(unit) = item else { continue };
        if index % 3 == 0 && index > 30 {
            unit.dts = MediaTime::from_millis(unit.dts.as_millis() / 100 * 100);
            unit.pts = unit.pts.max(unit.dts);
        }
    }
    plays(&items);
}

#[test]
fn a_track_that_comes_late_begins_a_new_period() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "late", &test_pattern(9, 60, 0)));
    let sound_from = MediaTime::from_millis(4_000);
    let late: Vec<Item> = items
        .iter()
        .filter(|item| !matches!(item, Item::Config(config) if config.codec == Codec::Aac))
        .filter(|item| !matches!(item, Item::Unit(unit) if unit.kind == TrackKind::Audio && unit.dts < sound_from))
        .cloned()
        .collect();
    let first_sound = late
        .iter()
        .position(|item| matches!(item, Item::Unit(unit) if unit.kind == TrackKind::Audio))
        .expect("there is sound");
    let aac = items.iter().find(|item| matches!(item, Item::Config(config) if config.codec == Codec::Aac));
    let mut items = late;
    items.insert(first_sound, aac.expect("a configuration").clone());

    let out = tempfile::tempdir().expect("a folder");
    package_clip(&items, out.path());
    let video = playlist(out.path(), "video.m3u8");
    assert_eq!(video.matches("#EXT-X-DISCONTINUITY\n").count(), 1, "{video}");
    assert_eq!(video.matches("#EXT-X-MAP").count(), 2, "{video}");
    assert_eq!(durations(&video).iter().sum::<f64>().round(), 9.0, "{video}");
    let audio = playlist(out.path(), "audio.m3u8");
    let discontinuity = |playlist: &str| -> u64 {
        let line = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-DISCONTINUITY-SEQUENCE:"));
        line.and_then(|number| number.parse().ok()).expect("a number")
    };
    assert_eq!(discontinuity(&audio), discontinuity(&video) + 1, "{audio}");
    let mpd = playlist(out.path(), "clip.mpd");
    assert_eq!(mpd.matches("<Period ").count(), 2, "{mpd}");
    assert_eq!(mpd.matches("contentType=\"audio\"").count(), 1, "{mpd}");
    let (pictures, _) = decode(&out.path().join("clip/video.m3u8"));
    assert_eq!(pictures, 270);
}

#[test]
fn a_publisher_that_returns_goes_on_where_it_left() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "again", &test_pattern(5, 60, 0)));
    let (hub, _events) = hub(PackagingSettings::default());
    let numbers = |playlist: &str| -> Vec<u64> {
        let names = playlist.lines().filter_map(|line| line.strip_prefix("v-")?.strip_suffix(".m4s?t=1"));
        names.filter_map(|number| number.parse().ok()).collect()
    };
    let mut before = Vec::new();
    for round in 1..=2 {
        let mut publisher = hub.publish(key("again"), TestSession::new()).expect("nobody else publishes");
        let package_of = publisher.stream().clone();
        push_all(&mut publisher, &items);
        drop(publisher);
        let playlist = until("the last segment", || {
            let playlist = package_of.package().hls_media("video.m3u8", "t=1")?;
            playlist.contains("#EXT-X-ENDLIST").then_some(playlist)
        });
        let listed = numbers(&playlist);
        assert_eq!(listed.len(), 3 * round, "{playlist}");
        assert!(listed.starts_with(&before) && listed.windows(2).all(|pair| pair[1] == pair[0] + 1), "{playlist}");
        assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), round - 1, "{playlist}");
        for line in playlist.lines().filter(|line| !line.starts_with('#')) {
            assert!(package_of.package().object(line.trim_end_matches("?t=1")).is_some(), "{line}");
        }
        before = listed;
    }
}

#[test]
fn a_blocked_publisher_leaves_nothing_to_play() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "blocked", &test_pattern(5, 60, 0)));
    let (hub, _events) = hub(PackagingSettings::default());
    let session = TestSession::new();
    let mut publisher = hub.publish(key("blocked"), session.clone()).expect("nobody else publishes");
    push_all(&mut publisher, &items);
    let stream = publisher.stream().clone();
    let package = stream.package();
    let playlist = until("a segment", || package.hls_media("video.m3u8", ""));
    let name = playlist.lines().find(|line| line.starts_with("v-")).expect("a segment is listed");
    hub.end(&key("blocked"), session.id(), EndReason::Blocked);
    assert!(package.object(name).is_none());
    assert!(package.hls_multivariant("blocked", "").is_none());
    assert!(package.dash(None, "").is_none());
    drop(publisher);
    assert!(package.object(name).is_none());
}

#[test]
fn a_live_mpd_names_its_clock_and_carries_the_ticket() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "live", &test_pattern(7, 60, 0)));
    let (hub, _events) = hub(PackagingSettings::default());
    let mut publisher = hub.publish(key("live"), TestSession::new()).expect("nobody else publishes");
    push_all(&mut publisher, &items);
    let stream = publisher.stream().clone();
    let mpd = until("two segments", || {
        let mpd = stream.package().dash(Some("/live/streams/live/live.mpd?t=1&u=2"), "t=1&u=2")?;
        (mpd.matches(" r=\"1\"").count() > 0).then_some(mpd)
    });
    for part in [
        "type=\"dynamic\"",
        "<Location>/live/streams/live/live.mpd?t=1&amp;u=2</Location>",
        "media=\"v-$Number$.m4s?t=1&amp;u=2\"",
        "<S t=\"",
        "urn:mpeg:dash:utc:direct:2014",
        "minimumUpdatePeriod=\"PT2.000S\"",
    ] {
        assert!(mpd.contains(part), "{part} in {mpd}");
    }
}

#[test]
fn an_mpd_is_short_until_it_lists_two_segments_or_has_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "young", &test_pattern(5, 60, 0)));
    let (hub, _events) = hub(PackagingSettings::default());
    let mut publisher = hub.publish(key("young"), TestSession::new()).expect("nobody else publishes");
    let stream = publisher.stream().clone();
    assert!(stream.package().dash_is_short(), "nothing is there");
    let after_ms = |ms| {
        let is_later = |item: &Item| matches!(item, Item::Unit(unit) if unit.dts.as_millis() > ms);
        items.iter().position(is_later).expect("five seconds")
    };
    let one_segment = after_ms(3_000);
    push_all(&mut publisher, &items[..one_segment]);
    until("a segment", || stream.package().dash(None, ""));
    assert!(stream.package().dash_is_short(), "one segment");
    push_all(&mut publisher, &items[one_segment..]);
    until("two segments", || (!stream.package().dash_is_short()).then_some(()));

    let mut publisher = hub.publish(key("brief"), TestSession::new()).expect("nobody else publishes");
    let stream = publisher.stream().clone();
    push_all(&mut publisher, &items[..one_segment]);
    until("a segment", || stream.package().dash(None, ""));
    assert!(stream.package().dash_is_short());
    drop(publisher);
    until("its end", || (!stream.package().dash_is_short()).then_some(()));
}

#[test]
fn pictures_without_key_frames_end_their_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "endless", &test_pattern(3, 300, 0)));
    let config = PackagingConfig { open_bytes: 20_000, ..PackagingConfig::default() };
    let (hub, _events) = hub_with(PackagingSettings::default(), config, wall_clock());
    let session = TestSession::new();
    let mut publisher = hub.publish(key("endless"), session.clone()).expect("nobody else publishes");
    push_all(&mut publisher, &items);
    assert!(!publisher.stream().is_live());
    let closed = session.closed.lock().clone();
    assert!(matches!(closed, Some((EndReason::PipelineError, Some(detail))) if detail.contains("key frame")));
}

#[test]
fn a_window_is_bounded_in_segments_and_in_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let items = read_flv(&clip(folder.path(), "window", &test_pattern(15, 15, 0)));
    let settings = PackagingSettings { segment_duration_ms: 500, playlist_segments: 6, ..PackagingSettings::default() };
    for (window_bytes, listed) in [(64 << 20, 6), (1, 3)] {
        let config = PackagingConfig { window_bytes, ..PackagingConfig::default() };
        let (hub, _events) = hub_with(settings.clone(), config, wall_clock());
        let mut publisher = hub.publish(key("window"), TestSession::new()).expect("nobody else publishes");
        let stream = publisher.stream().clone();
        push_all(&mut publisher, &items);
        drop(publisher);
        let playlist = until("the last segment", || {
            let playlist = stream.package().hls_media("video.m3u8", "")?;
            playlist.contains("#EXT-X-ENDLIST").then_some(playlist)
        });
        assert_eq!(durations(&playlist).len(), listed, "{playlist}");
    }
}

/// Random times, reordering, key frames, sizes, silences and configurations: a stream may end for it, and nothing else
/// may happen.
#[test]
fn hostile_streams_end_at_worst_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let sound = read_flv(&clip(folder.path(), "sound", &test_pattern(3, 30, 2)));
    let configs: Vec<Item> = sound.iter().filter(|item| matches!(item, Item::Config(_))).cloned().collect();
    let (hub, events) = hub(PackagingSettings { segment_duration_ms: 500, ..PackagingSettings::default() });
    let mut random = Random(0x5EED);
    for round in 0..60 {
        let mut publisher = hub.publish(key(&format!("h{round}")), TestSession::new()).expect("a free name");
        push_all(&mut publisher, &configs);
        let mut time = 0;
        for _ in 0..400 {
            match random.below(100) {
                0 => {
                    let mut record = random.bytes(40);
                    record[0] = 1;
                    let codec = if random.below(2) == 0 { Codec::H264 } else { Codec::Aac };
                    if random.below(8) == 0 {
                        publisher.configure(TrackConfig { codec, record: record.into() });
                    }
                }
                1 => push_all(&mut publisher, &configs),
                2 => time += i64::try_from(random.below(30_000)).unwrap_or(0),
                3 => time -= i64::try_from(random.below(30_000)).unwrap_or(0),
                4 => time = i64::from_be_bytes([random.below(256) as u8; 8]),
                _ => time = time.wrapping_add(i64::try_from(random.below(60)).unwrap_or(0)),
            }
            let shift = if random.below(3) == 0 { random.below(400) } else { 0 };
            let kind = if random.below(2) == 0 { TrackKind::Video } else { TrackKind::Audio };
            let size = usize::try_from(random.below(300)).unwrap_or(0);
            publisher.push(AccessUnit {
                kind,
                pts: MediaTime::from_millis(time.wrapping_add(i64::try_from(shift).unwrap_or(0))),
                dts: MediaTime::from_millis(time),
                key: kind == TrackKind::Audio || random.below(10) == 0,
                data: random.bytes(size).into(),
            });
        }
        drop(publisher);
    }
    until("the end of every stream", || {
        let events = events.0.lock();
        let ended = events.iter().filter(|event| matches!(event, EventKind::StreamEnded { .. })).count();
        (ended == 60).then_some(())
    });
    let failures: Vec<_> = events
        .0
        .lock()
        .iter()
        .filter_map(|event| match event {
            EventKind::StreamEnded { reason: EndReason::PipelineError, detail, .. } => detail.clone(),
            _ => None,
        })
        .collect();
    assert!(failures.iter().all(|detail| detail.contains("key frame")), "{failures:?}");
    // The worker still works.
    plays(&sound);
}

/// A small generator (Knuth's MMIX constants), so that a failure repeats itself.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.below(256) as u8).collect()
    }
}
