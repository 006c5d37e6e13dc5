//! The media path with real media: clips go through hub and packaging, and what comes out must play.

mod support;

use std::path::Path;
use std::process::Command;

use sluice_contract::message::EndReason;
use sluice_worker::hub::Publisher;
use sluice_worker::media::TrackKind;
use sluice_worker::package::{Package, PackagingSettings};

use support::{Item, TestSession, clip, hub, key, read_flv, test_pattern, until};

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
